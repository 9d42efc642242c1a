"""What a unit may follow in a text, by hand: under each character its value once that has been read."""

import numpy as np
import pytest

from recurra.language.followed import followed


def values(name: str, text: str) -> str:
    """One digit a character."""
    found = followed(text)[name]
    assert found.shape == (len(text),)
    return "".join(map(str, found))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("say “go” now", "000011100000"),
        ("他说「走『啊』」。", "001111100"),
        ('a "b" c', "0011000"),
        ("don't 'I can't' go", "000000" + "11111111" + "0000"),
        ("the boys' f'x' rb'y'", "0000000000" + "0110" + "0" + "00110"),
        (r"'a\'b' c", "11111000"),
        ("'tis\nso", "1111000"),
        ('"a\nb\n\nc', "1111100"),
        ('"""a\n\n"b"""\'', "11111111" + "110" + "1"),
        ("\"\" '' x", "1001000"),
    ],
)
def test_quotes(text: str, quoted: str) -> None:
    assert values("inside quotes", text) == quoted


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("f(a[1], {b})", "011221112210"),
        ("（天【地】）", "112210"),
        (") (", "001"),
        ('("(" ', "11111"),
        ("(a\n\nb", "11100"),
    ],
)
def test_bracket_depth(text: str, depth: str) -> None:
    assert values("bracket depth", text) == depth


def test_position_and_indentation() -> None:
    text = "ab\n\n\t c d\n  e"
    assert values("position in the line", text) == "1200123450123"
    assert values("indentation", text) == "0000122220122"


def test_a_text_without_line_breaks_is_one_line() -> None:
    assert followed("  abc")["position in the line"].tolist() == [1, 2, 3, 4, 5]
    assert followed("  abc")["indentation"].tolist() == [1, 2, 2, 2, 2]
    assert all(np.array_equal(found, []) for found in followed("").values())
