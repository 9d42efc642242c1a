"""A classifier of sequences in plain PyTorch, before and after `recurra.accelerate`: same results, less time a step.

Run it with `python examples/accelerate.py` where recurra is installed.
"""

import copy
import time

import torch
from torch import Tensor, nn

from recurra import accelerate

CLASSES, BATCH, STEPS, FEATURES, UNITS = 5, 32, 60, 8, 64


class Classifier(nn.Module):
    """What somebody may have had for years: it knows nothing of recurra."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.GRU(FEATURES, UNITS, num_layers=2, batch_first=True)
        self.summary = nn.LSTM(UNITS, UNITS, batch_first=True)
        self.head = nn.Linear(UNITS, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        outputs, _ = self.reader(x)
        _, (h, _) = self.summary(outputs)
        logits: Tensor = self.head(h[-1])
        return logits


def seconds_per_step(model: nn.Module, x: Tensor, labels: Tensor, steps: int = 5) -> float:
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    started = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
    return (time.perf_counter() - started) / steps


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    before, x, labels = Classifier(), torch.randn(BATCH, STEPS, FEATURES), torch.randint(CLASSES, (BATCH,))
    after = copy.deepcopy(before)
    report = accelerate(after)
    print(report)

    outputs = [model(x) for model in (before, after)]
    gradients = [
        torch.autograd.grad(nn.functional.cross_entropy(y, labels), list(model.parameters()))
        for y, model in zip(outputs, (before, after), strict=True)
    ]
    print(f"\nlargest difference of outputs    {(outputs[0] - outputs[1]).abs().max():.1e}")
    print(f"largest difference of gradients  {max((a - b).abs().max() for a, b in zip(*gradients, strict=True)):.1e}")

    times: dict[str, list[float]] = {"before": [], "after": []}
    for _ in range(10):  # in turns, so that what else the machine does befalls both
        times["before"].append(seconds_per_step(before, x, labels))
        times["after"].append(seconds_per_step(after, x, labels))
    print("\nmilliseconds per training step, best of ten")
    for name, found in times.items():
        print(f"  {name:<7} {1000 * min(found):6.2f}")

    report.undo()
    print(f"\nundone: {type(after.reader)}, {type(after.summary)}")
    print(f"difference to before, exactly: {(before(x) - after(x)).abs().max():.0f}")


if __name__ == "__main__":
    main()
