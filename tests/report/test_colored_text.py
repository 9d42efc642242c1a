"""A text with the best guesses under it: what stands where, in which color, and how lines are broken."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from recurra.report.colored_text import color_scale, colored_text

BLUE, GREY, ORANGE = (f"black on rgb({color})" for color in ("100,170,255", "235,235,235", "255,140,30"))


def shown(symbols: Sequence[str], values: Sequence[float], guesses: Sequence[str], *, width: int = 80) -> list[str]:
    """The lines without colors; of each place the guesses are the characters of a string."""
    places = [[(guess, 0.5) for guess in place] for place in guesses]
    return colored_text(symbols, values, places, width=width, color=False).plain.split("\n")


def styles(text: Text) -> list[str]:
    """The style of each character."""
    found = [""] * len(text.plain)
    for span in text.spans:
        found[span.start : span.end] = [str(span.style)] * (span.end - span.start)
    return found


def test_digits_and_guesses_stand_under_their_symbols() -> None:
    found = shown("ab c", [-1.0, 1.0, 0.0, 0.79], ["", "xy", " z", "c\n", "e"])
    assert found == ["ab c", "0958", " x␣ce", " yz↵"]


def test_guesses_for_chinese_characters_stand_under_them() -> None:
    found = shown("天a地", [0.0, 1.0, 0.0], ["", "地", "b天", "玄"])
    assert found == ["天a 地", "0 9 0", "  地b 玄", "    天"]
    assert cell_len("天a ") == cell_len("0 9 ") == cell_len("  地")  # so that b stands under 地


def test_lines_end_with_a_line_break_or_where_they_are_full() -> None:
    found = shown("ab\ncdefg", range(8), ["", *"bzcdefgh"], width=4)
    assert found == ["ab↵", "012", " bz", "", "cdef", "4578", "cdef", "", "g", "9", "gh"]
    wide = shown("天地玄", [1, 2, 3], [""] * 4, width=5)
    assert wide == ["天地", "0 5", "", "玄", "9"]


def test_words_have_room_for_their_guesses() -> None:
    places = [[], [(" going", 0.9)], [(".", 0.4)]]
    text = colored_text(["I", " go"], [0.0, 1.0], places, width=80, color=False)
    assert text.plain.split("\n") == ["I go   ", "09", " ␣going."]


def test_colors_are_those_of_the_numbers_and_guesses_are_right_or_improbable() -> None:
    places = [[], [("b", 0.01), ("x", 0.5)], [("x", 0.01), ("c", 0.5)], []]
    text = colored_text("abc", [-2.0, 0.0, 2.0], places, width=80, color=True)
    assert text.plain.split("\n") == ["abc", " bx", " xc"]
    top, _, right, improbable, *_ = [styles(text)[:3], *styles(text)[4:7]]
    assert top == [BLUE, GREY, ORANGE]
    assert (right, improbable) == ("bold green", "dim")


def test_zero_is_grey_and_a_number_is_as_far_from_it_as_its_opposite() -> None:
    def of(*values: float) -> list[str]:
        return styles(colored_text("abc"[: len(values)], values, [[]] * 4, width=80, color=True))[: len(values)]

    assert of(0.0, 1.0, 2.0) == [GREY, "black on rgb(245,188,132)", ORANGE]
    assert of(-2.0, -1.0) == [BLUE, "black on rgb(168,202,245)"]
    assert of(1.0, -2.0) == ["black on rgb(245,188,132)", BLUE]
    assert of(0.0) == [GREY]


def test_the_scale_shows_the_colors_of_both_ends_and_of_zero() -> None:
    scale = color_scale([0.5, -3.25])
    found = dict(zip(scale.plain, styles(scale), strict=True))
    assert scale.plain.split() == ["-3.25", "0", "3.25"]
    assert (found["-"], found["0"]) == (BLUE, GREY)
    assert styles(scale)[-1] == ORANGE
    assert len(set(styles(scale))) == 13


def test_a_unit_that_never_changes_is_shown() -> None:
    assert shown("ab", [0.3, 0.3], ["", "b", "c"]) == ["ab", "00", " bc"]


def test_control_characters_are_escaped_and_line_breaks_and_tabs_marked() -> None:
    found = shown(["\x1b", "\t", ""], [0.0, 1.0, 0.5], ["", "\x1b", "", "\u202e"])
    assert found == ["\\u001b⇥     ·", "0     9     5", "      \\u001b \\u202e"]
