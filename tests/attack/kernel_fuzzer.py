"""Random calls of the border between Python and the kernels: valid ones, slightly wrong ones and absurd ones.

    python kernel_fuzzer.py [--calls N] [--minutes N] [--first N] [--print]
    python kernel_fuzzer.py --replay FILE

Call number N is the same in every run. It either works or raises one of `REFUSALS`; anything else ends the run with
exit status 1 and the call as a line of JSON. `--replay` performs the calls of a file of such lines, a corpus, which may
say how each has to end. If the process is killed by a signal, `--print` shows the call. Ctrl-C ends a run with its
counts.

With a module that is built with sanitizers (`RECURRA_SANITIZE=1`), they report every access beyond a tensor's memory;
without them, guards around some of the memory that a kernel writes do.
"""

import argparse
import collections
import functools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from recurra import InputError
from recurra.nn.backends.native import kernels

Call = dict[str, Any]

# TypeError: not a tuple or an integer, says the binding. RuntimeError: torch cannot copy it. MemoryError: no memory.
REFUSALS = (InputError, TypeError, RuntimeError, MemoryError)

READ = ["mask", "x", "h0", "c0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"]
NO_C = {"c", "c0", "dc", "dc0"}  # what a cell without c lacks
NORMS = ["norm_ih", "norm_hh", "norm_c", "bias_c"]
READ += NORMS
RESULTS = ["y", "h", "c", "tape"]
GIVEN = ["dy", "dh", "dc"]
FOUND = [f"d{name}" for name in READ[1:]]
NAMES = {"forward": READ + RESULTS, "backward": [*READ, "tape", *GIVEN, *FOUND], "stepper": READ[1:]}
NEEDED = {"x", "weight_ih", "weight_hh", "h", "c", "tape"}
GUARD, FLOATS_OF_GUARD = 12345.0, 16


class Loud(torch.Tensor):
    """A plain subclass of Tensor."""


class Liar(torch.Tensor):
    """Its copies are of another shape and dtype."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in {Tensor.contiguous, Tensor.clone, Tensor.resolve_neg}:
            return torch.zeros(1, dtype=torch.float64)
        return super().__torch_function__(func, types, args, kwargs)


def _storage(size: int, tensor: Tensor) -> Tensor:
    tensor.untyped_storage().resize_(size)
    return tensor


def _second_half(size: int, tensor: Tensor) -> Tensor:
    """Create a tensor in the second half of a storage, which then is resized."""
    return _storage(size, torch.stack([tensor, tensor])[1])


def _repeated(t: Tensor, size: int) -> Tensor:
    """Repeat every dimension without memory."""
    return t.new_zeros(()).expand([size] * max(t.dim(), 1))


HARMS: dict[str, Callable[[Tensor], Any]] = {
    "none": lambda t: None,
    "number": lambda t: 3,
    "text": lambda t: "x",
    "list": lambda t: t.tolist(),
    "array": lambda t: t.numpy(),
    "type": lambda t: Tensor,
    "freed": lambda t: _storage(0, t),
    "shrunk": lambda t: _storage(4, t),
    "one byte short": lambda t: _storage(max(t.numel() * t.element_size() - 1, 0), t),
    "freed view": lambda t: _second_half(0, t),
    "late view": lambda t: _second_half(t.nbytes, t),
    "zero": lambda t: torch._efficientzerotensor(t.shape, dtype=t.dtype),
    "negative": lambda t: torch._neg_view(t) if t.dtype is torch.float32 else t,
    "imaginary": lambda t: torch.complex(t.float(), t.float()).conj().imag,
    "meta": lambda t: t.to("meta"),
    "double": Tensor.double,
    "half": Tensor.half,
    "bool": Tensor.bool,
    "int": Tensor.int,
    "complex": lambda t: torch.complex(t.float(), t.float()),
    "sparse": lambda t: t.to_sparse(),
    "eighth": lambda t: t.to(torch.float8_e4m3fn),
    "parameter": lambda t: torch.nn.Parameter(t, requires_grad=False),
    "leaf": lambda t: t.requires_grad_() if t.dtype is torch.float32 else t,
    "subclass": lambda t: t.as_subclass(Loud),
    "liar": lambda t: t.as_subclass(Liar),
    "strided liar": lambda t: t.repeat_interleave(2, -1)[..., ::2].as_subclass(Liar),
    "every second": lambda t: t.repeat_interleave(2, -1)[..., ::2],
    "backwards": lambda t: t.permute(*reversed(range(t.dim()))).contiguous().permute(*reversed(range(t.dim()))),
    "transposed": lambda t: t.transpose(0, -1),
    "all the same": lambda t: t[..., :1].expand(t.shape) if t.numel() else t,
    "flat": Tensor.flatten,
    "scalar": lambda t: t.new_zeros(()),
    "wrapped": lambda t: t[None],
    "deep": lambda t: t[(None,) * 60],
    "empty": lambda t: t[:0],
    "one more": lambda t: t.new_zeros([*t.shape[:-1], t.shape[-1] + 1]),
    "one less": lambda t: t[..., :-1],
    "one row more": lambda t: t.new_zeros([t.shape[0] + 1, *t.shape[1:]]),
    "one row less": lambda t: t[:-1],
    "huge": lambda t: _repeated(t, 2**40),
    "vast": lambda t: _repeated(t, 2**31),
    "huge rows": lambda t: t[:1].expand(2**45, *t.shape[1:]),
    "many rows": lambda t: t[:1].expand(2**40, *t.shape[1:]),
    "huge empty": lambda t: t.new_empty([0, *[2**62 if i == 1 else 1 for i in range(1, t.dim())]]),
    "resized": lambda t: t.resize_(3),
    "replaced": lambda t: t.set_(t.new_zeros(2)),
}
NUMBERS = {
    "threads": [0, -1, 2, 5, 1000, 2**31 - 1, -(2**31), 2**40, None],
    "kernel": [-1, 8, 2**31 - 1, 2**40, "gru", None],
    "reverse": [None, 2, "x"],
}
UNITS = [0, 1, 7, -1, 2**40, 2**40 + 1, 2**62, 2**63 - 1, -(2**63), 2**64, 1.5, None]
STEPS = ["step", "step", "step", "write_state", "read_state"]


def draw(number: int) -> Call:
    """Return the description of a call."""
    random = Random(number)
    choose, share = random.choice, random.random()
    do = "forward" if share < 0.45 else "backward" if share < 0.75 else "stepper" if share < 0.95 else "small"
    call: Call = {"do": do, "cell": choose(list(kernels.KERNELS))}
    if share < 0.02:
        call["isa"] = choose(kernels.extension.isas)
    if do == "small":
        function = choose(["tape_stride", "are_plain", "are_plain_floats", "use"])
        return call | {"function": function, "units": choose(UNITS), "harm": choose(list(HARMS))}
    if random.random() < 0.01:
        call["sizes"] = [8, 6, 20, 40]
    else:
        call["sizes"] = [choose((0, 1, 1, 2, 3)), choose((1, 1, 2, 3)), choose((1, 2, 5)), choose((1, 3, 8, 9, 17))]
    names = NAMES[do]
    call["without"] = [name for _ in range(choose((0, 1, 2, 5))) if (name := choose(names)) not in NEEDED]
    call["guarded"] = random.random() < 0.2
    call["harms"] = {choose(names): choose(list(HARMS)) for _ in range(choose((0, 1, 1, 2)))}
    if random.random() < 0.1:
        name = choose(list(NUMBERS))
        call[name] = choose(NUMBERS[name])
    if random.random() < 0.03:
        call["length"] = choose((0, 1, 3, 7, 8, 11, 13))
    if do == "stepper":
        call["steps"] = [
            [choose(STEPS), *([choose(list(HARMS)) if random.random() < 0.3 else None for _ in range(2)])]
            for _ in range(choose((1, 2, 4)))
        ]
    else:
        call["reverse"] = call.get("reverse", random.random() < 0.5)
    return call


class Tensors:
    """Valid tensors of a cell and sizes, by name. Those that a kernel writes lie between guards in one memory.

    Args:
        cell: the name of the kernel.
        sizes: B, T, I and H.
    """

    def __init__(self, cell: str, sizes: tuple[int, int, int, int]) -> None:
        B, T, I, H = sizes
        row = kernels.extension.cells[kernels.KERNELS[cell]]
        rows, self.has_c = row.gates * H, "c" in row.states
        self.lacks = set(NORMS if not row.normalized else [] if self.has_c else ["norm_c", "bias_c"])
        self.lacks |= {f"d{name}" for name in self.lacks} | (set() if self.has_c else NO_C)
        stride = kernels.extension.tape_stride(kernels.KERNELS[cell], H)
        shapes = {"mask": (B, T), "x": (B, T, I), "weight_ih": (rows, I), "weight_hh": (rows, H), "step": (B, I)}
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,), "y": (B, T, H), "tape": (T + 1, B, stride), "units": (B, H)}
        shapes |= dict.fromkeys(("norm_ih", "norm_hh"), (rows,)) | dict.fromkeys(("norm_c", "bias_c"), (H,))
        shapes |= dict.fromkeys(("h0", "c0", "h", "c"), (B, H))
        shapes |= {f"d{name}": shapes[name] for name in (*READ[1:], "y", "h", "c")}
        self.shapes = shapes
        self.valid = {name: self.fresh(name) for name in shapes}
        counts = {name: self.valid[name].numel() for name in (*RESULTS, *FOUND)}
        memory = torch.full((sum(counts.values()) + FLOATS_OF_GUARD * (len(counts) + 1),), GUARD)
        is_guard, at = torch.ones(len(memory), dtype=torch.bool), FLOATS_OF_GUARD
        self.between_guards = {}
        for name, count in counts.items():
            self.between_guards[name] = memory[at : at + count].zero_().view(shapes[name])
            is_guard[at : at + count] = False
            at += count + FLOATS_OF_GUARD
        self._memory, self._guards = memory, is_guard.nonzero().flatten()

    def fresh(self, name: str) -> Tensor:
        """Create a valid tensor."""
        return torch.zeros(self.shapes[name], dtype=torch.bool if name == "mask" else torch.float32)

    def of(self, call: Call, names: list[str]) -> list[Any]:
        """Return the tensors of these names, harmed as the call says."""
        return [self._of(call, name) for name in names]

    def _of(self, call: Call, name: str) -> Any:
        harm = call.get("harms", {}).get(name)
        if name in call.get("without", ()) or (name in self.lacks and (harm is None or name in NO_C)):
            return None
        if harm is not None:
            return self.harmed(name, harm)
        return (self.between_guards if call.get("guarded") else self.valid).get(name, self.valid[name])

    def harmed(self, name: str, harm: str | None) -> Any:
        """Return a tensor of this name, harmed."""
        return self.valid[name] if harm is None else HARMS[harm](self.fresh(name))

    def check_guards(self) -> None:
        """Raise an AssertionError if something was written around a tensor."""
        assert bool((self._memory[self._guards] == GUARD).all()), "written beyond a tensor"


_tensors = functools.lru_cache(5_000)(Tensors)


def perform(call: Call) -> str:
    """Perform a call; return "works", "cannot be made" or the name of the refusal."""
    try:
        make_call = _prepared(call)
    except Exception:  # torch does not make such a tensor, for example an array of a sparse one
        return "cannot be made"
    try:
        make_call()
    except REFUSALS as error:
        if isinstance(error, InputError):
            assert len(str(error)) <= 500, error
            assert str(error).isprintable(), error
        return type(error).__name__
    return "works"


def _prepared(call: Call) -> Callable[[], None]:
    """Create the tensors of a call, and return the call itself."""
    module, kernel = kernels.extension, call.get("kernel", kernels.KERNELS[call["cell"]])
    if "isa" in call:
        module.use(call["isa"])
    if call["do"] == "small":
        return _small(call)
    tensors, threads, length = _tensors(call["cell"], tuple(call["sizes"])), call.get("threads", 1), call.get("length")

    def checked(function: Callable[..., Any], *arguments: Any) -> None:
        function(*arguments)
        if call.get("guarded"):
            tensors.check_guards()

    def tuple_of(names: list[str]) -> tuple[Any, ...]:
        found = tensors.of(call, names)
        return tuple(found if length is None else (found * 3)[:length])

    if call["do"] == "forward":
        arguments = (kernel, call.get("reverse", False), threads, tuple_of(READ), *tensors.of(call, RESULTS))
        return lambda: checked(module.forward, *arguments)
    if call["do"] == "backward":
        arguments = (kernel, call.get("reverse", False), threads, tuple_of(READ), *tensors.of(call, ["tape"]))
        gradients = tuple_of(GIVEN), tuple_of(FOUND)
        return lambda: checked(module.backward, *arguments, *gradients)
    read = tuple_of(READ)
    steps = [
        (name, tensors.harmed("step" if name == "step" else "units", first), tensors.harmed("units", second))
        for name, first, second in call["steps"]
    ]

    def run() -> None:
        stepper, refusal = module.Stepper(kernel, read), None
        for name, *values in steps:
            try:
                getattr(stepper, name)(*values)
            except REFUSALS as error:
                refusal = error
        if refusal is not None:
            raise refusal

    return run


def _small(call: Call) -> Callable[[], None]:
    module = kernels.extension
    if call["function"] == "tape_stride":
        return lambda: module.tape_stride(kernels.KERNELS[call["cell"]], call["units"])
    if call["function"] == "use":
        return lambda: module.use(call["harm"])
    value = HARMS[call["harm"]](torch.zeros(2, 3))
    return lambda: getattr(module, call["function"])((value, None, torch.zeros(1)))


def corpus(path: Path) -> Iterator[Call]:
    """Read the calls of a file, one JSON object a line; empty lines and those that begin with # are skipped."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first call")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--print", action="store_true", help="print each call before it is performed")
    parser.add_argument("--replay", type=Path, help="perform the calls of a file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ends: collections.Counter[str] = collections.Counter()
    deadline = time.monotonic() + 60 * options.minutes
    numbers = range(options.first, options.first + options.calls)
    for call in map(draw, numbers) if options.replay is None else corpus(options.replay):
        if options.print:
            print(json.dumps(call), flush=True)
        try:
            end = perform(call)
            assert call.get("end", end) == end, end
            ends[end] += 1
        except KeyboardInterrupt:
            break
        except BaseException:
            print(json.dumps(call), flush=True)
            raise
        if time.monotonic() > deadline:
            break
    print(f"{ends.total()} calls: " + ", ".join(f"{count} {end}" for end, count in ends.most_common()))


if __name__ == "__main__":
    main()
