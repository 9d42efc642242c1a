"""A wide table, whose dates are the names of its columns, is refused with how to make it long."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recurra.errors import InputError
from recurra.tables.table_builder import make_table


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        return tmp_path / "t.csv"

    return write


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("store,2024-01,2024-02,2024-03\na,1,2,3\nb,5,6,7\n", "'2024-01', '2024-02', '2024-03'"),
        ("Year,Jan,Feb,Mar\n2022,1.5,2,3\n2023,4,5,6.5\n", "'Jan', 'Feb', 'Mar'"),
        ("指标,2024年3月,2024年2月,2024年1月\nCPI,1.1,1.7,9\nPPI,97.2,97,9\n", "'2024年3月', '2024年2月', '2024年1月'"),
        ("Country,Indicator,2020,2021,2022\nDE,GDP,5,6,7\nFR,GDP,8,9,10\n", "'2020', '2021', '2022'"),  # no header
    ],
)
def test_a_wide_table_is_refused_with_how_to_make_it_long(text: str, shown: str, table: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match=f"the table is wide, as {shown} are dates above its columns; make it long"):
        make_table(table(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store,a,b,c\nx,2020,1999,2021\ny,5,6,7\n", "there is no column of dates"),  # no years one after another
        ("date,2024-01,b,c\n2024-01-01,1.5,2,3\n2024-01-02,1,2,3\n", "which column is the target"),
    ],
)
def test_values_like_years_and_a_single_date_above_a_column_make_no_table_wide(
    text: str, said: str, table: Callable[[str], Path]
) -> None:
    with pytest.raises(InputError, match=said):
        make_table(table(text))
