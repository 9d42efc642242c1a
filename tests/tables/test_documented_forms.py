"""Every form of table in docs/tables.md is read as it says there."""

from pathlib import Path

import pytest

from .documented_forms import FORMS, Form, documentation

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
BEGIN, END = "<!-- forms: printed by tests/tables/documented_forms.py -->\n", "<!-- end of forms -->"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_documented_form_is_read(form: Form) -> None:
    assert form.read() == (form.first, form.last)


def test_the_page_shows_these_forms() -> None:
    page = PAGE.read_text("utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == "\n".join(documentation()).strip()
