"""How tables of 22 countries are read: right, refused with both readings, or wrong; see tests/tables/made_tables.py.

    python benchmarks/tables/countries.py [TABLES]

The table goes to benchmarks/tables/RESULTS.md.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "tables"))

from made_tables import COUNTRIES, Readings, made_table, outcome
from results import write_section

TABLES = 20_000
KINDS = ("read", "refused with both", "refused", "misread", "misread with its flag")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else TABLES
    found: Counter[tuple[Readings, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            made = made_table(seed)
            result, said = outcome(made, Path(folder) / "table.csv")
            found[made.readings, result] += 1
            if result.startswith("misread"):
                print(f"seed {seed}: {made.about}: {said}", file=sys.stderr)
    lines = [
        f"## Tables of {len(COUNTRIES)} countries",
        "",
        f"`python benchmarks/tables/countries.py {count}`: tables in the marks, dates and words of a country, in a "
        "random encoding, with random delimiters, titles, comments and totals. Where the writer left one reading, the "
        "table should be read; where he left two, it should be refused with both, and read with the flag that decides. "
        "Where opinions may differ, as the steps between neighbours are neither clearly plausible nor clearly not, it "
        "may be read or refused. No table that is made is discarded, and none should be misread.",
        "",
        f"| readings left | tables | share | {' | '.join(KINDS)} |",
        f"|{'---|' * (len(KINDS) + 3)}",
    ]
    for readings in get_args(Readings):
        counts = [found[readings, kind] for kind in KINDS]
        numbers = " | ".join(f"{number:,}" for number in counts)
        lines.append(f"| {readings} | {sum(counts):,} | {sum(counts) / count:.1%} | {numbers} |")
    write_section("countries", "\n".join(lines), Path(__file__).with_name("RESULTS.md"))


if __name__ == "__main__":
    main()
