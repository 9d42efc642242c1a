"""All tests: one thread, since on a busy machine threads that wait for each other make small networks crawl."""

import signal

import torch

torch.set_num_threads(1)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a background job, whose children would ignore Ctrl-C too
    signal.signal(signal.SIGINT, signal.default_int_handler)
