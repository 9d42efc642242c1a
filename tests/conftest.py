"""All tests: one thread, since on a busy machine threads that wait for each other make small networks crawl."""

import torch

torch.set_num_threads(1)
