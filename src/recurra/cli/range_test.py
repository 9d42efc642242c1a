"""`recurra train text --range-test` shows which learning rates suit a training, and trains nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recurra.cases.catalog import Case
from recurra.cli.flags import flag
from recurra.cli.output import print_json

RANGE_TEST = flag(
    "range_test",
    bool,
    False,
    "Write no run: train for 200 steps at a growing learning rate, and show at which rates the loss falls.",
)
SHOWN = 20  # steps between two rows of the table


def print_range_test(case: Case, overrides: Mapping[str, Any], out: Path, *, json: bool) -> None:
    """Print the losses of a learning-rate range test, and the rate that it suggests; `out` is where a run would be."""
    from recurra.runs.text import TextCase
    from recurra.settings.cases import TextSettings

    settings = case.settings(overrides)
    assert isinstance(settings, TextSettings)
    found = TextCase(settings, out).range_test()
    if json:
        print_json({"rates": found.rates, "losses": found.losses, "suggestion": found.suggestion})
        return
    print("learning rate    loss")
    for rate, loss in list(zip(found.rates, found.losses, strict=True))[::SHOWN]:
        print(f"{rate:13.2g}  {loss:6.3f}")
    if found.lowest == found.rates[0]:
        print("\nThe loss did not fall at any of these rates.")
        return
    print(
        f"\nThe loss is lowest at {found.lowest:.2g}. A tenth of that is a rate to begin with: "
        f"--learning-rate {found.suggestion:g}"
    )
