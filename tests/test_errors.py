"""What error messages show of values, paths and lists."""

from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.errors import InputTypeError, listed, printable, shown, shown_path


@given(st.text(), st.integers(10, 100))
def test_a_value_is_shown_on_one_line_of_limited_length(text: str, limit: int) -> None:
    for found in (shown(text, limit), shown_path(text, limit)):
        assert found.isprintable()
        assert len(found) <= limit
    assert listed([text] * 1_000).isprintable()
    assert len(listed([text] * 1_000)) <= 400


def test_control_characters_are_escaped_and_other_text_stays() -> None:
    assert shown("\x1b[31m\u202e\u200b") == r"'\x1b[31m\u202e\u200b'"
    assert shown("开盘 open") == "'开盘 open'"
    assert shown_path("/a b/开盘.csv") == "/a b/开盘.csv"
    assert shown_path("a\r\n.csv") == r"a\u000d\u000a.csv"
    assert shown_path("x" * 500 + "/t.csv").endswith("/t.csv")


def test_results_keep_wide_spaces_and_joined_emoji() -> None:
    for text in ("上海\u3000一店", "Shop\u00a0A", "\U0001f469\u200d\U0001f4bb"):
        assert printable(text) == text
    assert printable("a\u2028b\u200b\x9b") == r"a\u2028b\u200b\u009b"


def test_a_list_tells_how_many_names_it_leaves_out() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed([2, 3]) == "2, 3"
    assert listed(list(range(11))) == "0, 1, 2, 3, 4, 5, 6, 7 … and 3 more"


def test_a_wrong_type_is_an_input_error_and_a_type_error() -> None:
    assert issubclass(InputTypeError, InputError)
    assert issubclass(InputTypeError, TypeError)
