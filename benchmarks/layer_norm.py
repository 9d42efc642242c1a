"""Layer normalization inside the cell: what it costs on the kernels, and what the same costs in torch's operators.

    python benchmarks/layer_norm.py [--threads 1]

torch.nn has no such layer; its users write the loop over the time steps with torch.nn.functional.layer_norm, as here.
Forward with backward of one layer, medians of calm samples (calm.py), in turns in one process; a ~ says that the
machine was not calm. The table goes to benchmarks/RESULTS.md.
"""

import argparse
from collections.abc import Callable, Iterator

import torch
from calm import CalmClock, ratio
from results import machine, write_section
from torch import Tensor
from torch.nn import functional as F

from recurra.nn import GRU, LSTM, RecurrentLayer, SimpleRNN
from recurra.nn.backends.native import kernels

LAYERS: dict[str, type[RecurrentLayer]] = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
SHAPES = [(32, 64, 384, 384), (64, 60, 80, 100)]  # (B, T, I, H)


def normalized(x: Tensor, weight: Tensor, gains: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.layer_norm(F.linear(x, weight), gains.shape, gains, bias)


def simple_rnn(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    h, outputs = x.new_zeros(x.shape[0], p["weight_hh"].shape[1]), []
    for a in normalized(x, p["weight_ih"], p["norm_ih"], p["bias"]).unbind(1):
        h = torch.tanh(a + normalized(h, p["weight_hh"], p["norm_hh"]))
        outputs.append(h)
    return torch.stack(outputs, 1)


def gru(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    h, outputs = x.new_zeros(x.shape[0], p["weight_hh"].shape[1]), []
    for a in normalized(x, p["weight_ih"], p["norm_ih"], p["bias_ih"]).unbind(1):
        a_r, a_z, a_n = a.chunk(3, 1)
        g_r, g_z, g_n = normalized(h, p["weight_hh"], p["norm_hh"], p["bias_hh"]).chunk(3, 1)
        z = torch.sigmoid(a_z + g_z)
        n = torch.tanh(a_n + torch.sigmoid(a_r + g_r) * g_n)
        h = n + z * (h - n)
        outputs.append(h)
    return torch.stack(outputs, 1)


def lstm(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    h = c = x.new_zeros(x.shape[0], p["weight_hh"].shape[1])
    outputs = []
    for a in normalized(x, p["weight_ih"], p["norm_ih"], p["bias"]).unbind(1):
        i, f, g, o = (a + normalized(h, p["weight_hh"], p["norm_hh"])).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(F.layer_norm(c, c.shape[1:], p["norm_c"], p["bias_c"]))
        outputs.append(h)
    return torch.stack(outputs, 1)


LOOPS = {"SimpleRNN": simple_rnn, "GRU": gru, "LSTM": lstm}


def training(
    run: Callable[[Tensor], Tensor], layer: RecurrentLayer, shape: tuple[int, int, int, int]
) -> Callable[[], None]:
    batch, steps, inputs, hidden = shape
    x = torch.randn(batch, steps, inputs, requires_grad=True)
    gradient = torch.randn(batch, steps, hidden)
    leaves = [x, *layer.parameters()]

    def work() -> None:
        torch.autograd.grad(run(x), leaves, gradient)

    return work


def table(clock: CalmClock) -> Iterator[str]:
    yield "| | B, T, I, H | without, ms | with, × without | torch's loop, × with |"
    yield "|---|---|---|---|---|"
    for name, make in LAYERS.items():
        for shape in SHAPES:
            plain, layer = (make(*shape[2:], return_sequences=True, layer_norm=norm) for norm in (False, True))
            parameters, loop = dict(layer.named_parameters()), LOOPS[name]
            x = torch.randn(shape[:3])
            torch.testing.assert_close(loop(x, parameters), layer(x), rtol=1e-4, atol=1e-4)
            work = [
                training(plain, plain, shape),
                training(layer, layer, shape),
                training(lambda x, p=parameters, loop=loop: loop(x, p), layer, shape),
            ]
            without, ours, theirs = clock.compare(work, samples=15, seconds=25)
            yield (
                f"| {name} | {', '.join(map(str, shape))} | {without.seconds * 1e3:.2f} | {ratio(ours, without)} | "
                f"{ratio(theirs, ours)} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    clock = CalmClock(chosen.threads)
    lines = list(table(clock))
    heading = [
        "## Layer normalization inside the cell, forward + backward",
        "",
        f"`python benchmarks/layer_norm.py`: {machine()}, kernels for {kernels.isa()}; {clock.kept} calm samples, "
        f"{clock.dropped} dropped.",
        "",
        "Ours without it in milliseconds; ours with it over that; a loop of torch's operators over ours with it.",
        "",
    ]
    write_section("layer norm", "\n".join([*heading, *lines]))


if __name__ == "__main__":
    main()
