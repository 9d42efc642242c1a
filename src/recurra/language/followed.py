"""What a unit of a network may follow in a text: quotes, the position in the line, indentation and brackets."""

import re

import numpy as np
from numpy.typing import NDArray

from recurra.language.tokenizers import code_points

QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "„": "“”", "«": "»", "「": "」", "『": "』"}  # → what ends them
TRIPLE = ('"""', "'''")
BEFORE = re.compile(r"(?<!\w)[rbfu]{0,2}\Z", re.IGNORECASE)  # a single straight quote: no letter, but Python's prefixes
OPENING, CLOSING = "([{（【〔", ")]}）】〕"
QUOTED, POSITION, INDENTATION, DEPTH = "inside quotes", "position in the line", "indentation", "bracket depth"


def followed(text: str) -> dict[str, NDArray[np.int64]]:
    r"""Return by name what can be followed in a text, as it is after each character, [N].

    - inside quotes: 1 from the mark that begins a quote to the character before the one that ends it, else 0. Straight
      and typographic quotes, Chinese ones, and Python's triple ones count, an apostrophe does not, nor does a mark
      after a backslash.
    - position in the line: number of characters since the line began.
    - indentation: number of spaces and tabs with which the line begins, as far as it has been read.
    - bracket depth: number of brackets ( [ { （ 【 〔 outside of quotes that are open.

    A blank line ends quotes, but for triple ones, and closes all brackets, and the end of a line ends a quote in single
    straight marks: what someone forgot to close does not go on for ever.

    >>> found = followed('  f("a",\n')
    >>> found["inside quotes"].tolist()
    [0, 0, 0, 0, 1, 1, 0, 0, 0]
    >>> found["position in the line"].tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 0]
    >>> found["indentation"].tolist()
    [1, 2, 2, 2, 2, 2, 2, 2, 0]
    >>> found["bracket depth"].tolist()
    [0, 0, 0, 1, 1, 1, 1, 1, 1]
    """
    quoted, depth = _quotes_and_depth(text)
    points, places = code_points(text), np.arange(len(text))
    breaks = points == ord("\n")
    white = np.isin(points, [ord(" "), ord("\t")])
    begin = np.maximum.accumulate(np.where(breaks, places, -1))  # of the line: the break before it
    solid = np.maximum.accumulate(np.where(white | breaks, -1, places))  # last character that is no space
    indents = np.concatenate([[0], np.cumsum(white & (solid < begin + 1))])
    return {
        QUOTED: np.array(quoted, np.int64),
        POSITION: places - begin,
        INDENTATION: indents[1:] - indents[begin + 1],
        DEPTH: np.array(depth, np.int64),
    }


def _quotes_and_depth(text: str) -> tuple[list[int], list[int]]:
    quoted: list[int] = []
    depth: list[int] = []
    ends = ""  # marks that end the quote that is read
    level = place = 0
    while place < len(text):
        read = text[place]  # and what it takes along
        inside = bool(ends)  # until what is read has been read
        if ends and read == "\\":
            read = text[place : place + 2]
        elif ends in TRIPLE and text.startswith(ends, place):
            read, ends = ends, ""
        elif ends and ends not in TRIPLE and read in ends and _may_end(text, place):
            ends = ""
        elif not ends and read in QUOTES and _may_begin(text, place):
            triple = text[place : place + 3]
            read, ends = (triple, triple) if triple in TRIPLE else (read, QUOTES[read])
            inside = True
        elif not ends and read in OPENING:
            level += 1
        elif not ends and read in CLOSING:
            level = max(level - 1, 0)
        elif read == "\n" and ends not in TRIPLE:
            is_blank = not text[text.rfind("\n", 0, place) + 1 : place].strip()
            ends = "" if is_blank or ends == "'" else ends
            level = 0 if is_blank else level
        quoted += [int(inside)] * (len(read) - 1) + [int(bool(ends))]
        depth += [level] * len(read)
        place += len(read)
    return quoted, depth


def _may_begin(text: str, place: int) -> bool:
    """Return whether the mark at a place may begin a quote: it is no apostrophe."""
    return text[place] != "'" or BEFORE.search(text[max(place - 3, 0) : place]) is not None


def _may_end(text: str, place: int) -> bool:
    """Return whether the mark at a place may end a quote: it is no apostrophe."""
    return text[place] not in "'’" or not text[place + 1 : place + 2].isalnum()
