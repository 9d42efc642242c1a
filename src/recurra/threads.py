"""How many threads torch's operators have, and how many the kernels have, whose results do not depend on it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_of_kernels: ContextVar[int | None] = ContextVar("threads of the kernels", default=None)


def kernel_threads() -> int:
    """Return the number of threads of the kernels: that of torch, unless `one_thread` says otherwise."""
    return _of_kernels.get() or torch.get_num_threads()


@contextmanager
def one_thread(*, kernels: bool = False, brief: bool = False) -> Iterator[None]:
    """Context manager in which torch's operators use one thread, so that the number of threads changes no result.

    With more threads torch adds in another order in sums and matrix products, and rounds them differently. The kernels
    always add in the same order, so they keep the number of threads that torch had. Running Python threads are not
    affected; one that begins while this block is entered, or during a brief one, may keep one thread.

    Args:
        kernels: whether to run the kernels on one thread too.
        brief: whether the block takes about as long as starting a Python thread, which it then does without.
    """
    threads = torch.get_num_threads()
    token = _of_kernels.set(1 if kernels else kernel_threads())
    try:
        if threads > 1 and brief:
            torch.set_num_threads(1)
        elif threads > 1:
            _set_for_this_thread_alone(1, others=threads)
        yield
    finally:
        if threads > 1:
            torch.set_num_threads(threads)
        _of_kernels.reset(token)


def _set_for_this_thread_alone(threads: int, *, others: int) -> None:
    """Set torch's number of threads in the calling Python thread, and leave it as it is in the others.

    torch keeps one number for each Python thread. A new thread gets the number that was set last, by whatever thread.
    """
    torch.set_num_threads(threads)
    last = threading.Thread(target=torch.set_num_threads, args=(others,))
    last.start()
    last.join()
