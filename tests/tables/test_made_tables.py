"""Tables in the forms of many countries are read right, or refused with both readings; none is misread."""

from collections import Counter
from pathlib import Path

import pytest

from .made_tables import made_table, outcome


@pytest.mark.parametrize("count", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_tables_of_many_countries_are_read_right_or_refused_with_both_readings(tmp_path: Path, count: int) -> None:
    outcomes: Counter[tuple[str, str]] = Counter()
    wrong = []
    for seed in range(count):
        made = made_table(seed)
        result, said = outcome(made, tmp_path / "table.csv")
        outcomes[made.readings, result] += 1
        if result.startswith("misread"):
            wrong.append(f"{seed}: {made.about}: {said}")
    assert not wrong
    one, two, unclear = (
        sum(n for (readings, _), n in outcomes.items() if readings == left) for left in ("one", "two", "open")
    )
    assert outcomes["one", "read"] >= 0.97 * one
    assert outcomes["two", "refused with both"] >= 0.99 * two
    assert unclear <= 0.03 * count
