"""A text in the colors of a number of each symbol, with the best guesses under it, for a terminal."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from recurra.errors import printable

# black can be read on all of them; the ends are equally light, and color-blind people tell blue from orange
BELOW, ZERO, ABOVE = (100, 170, 255), (235, 235, 235), (255, 140, 30)
SHADES = 6  # that the scale shows on each side of 0
RIGHT, UNLIKELY = "bold green", 0.1  # style of a guess that is right, and probability under which one is dim
MARKS = str.maketrans({"\n": "↵", "\t": "⇥"})

Cell = tuple[str, str]  # what is shown of a symbol in one row, and its style
Column = list[Cell]


def colored_text(
    symbols: Sequence[str],
    values: Sequence[float],
    guesses: Sequence[Sequence[tuple[str, float]]],
    *,
    width: int,
    color: bool,
) -> Text:
    """Return a text in lines of the terminal, with the guesses for each symbol under it.

    Line breaks, tabs, and spaces that are guessed are shown as ↵, ⇥ and ␣.

    Args:
        symbols: the text in pieces, one a symbol.
        values: a number of each symbol: its color, as in `color_scale`.
        guesses: symbols with their probabilities, best first, for each place and the one after the last symbol.
        width: number of columns of the terminal; Chinese characters take two.
        color: whether the terminal has colors; otherwise a digit under the symbol says where the number lies between
            the smallest, 0, and the largest, 9.

    >>> guesses = [[], [("b", 0.7)], [("d", 0.4)], [(" ", 0.9)]]
    >>> print(colored_text("abc", [0.1, 0.9, 0.5], guesses, width=80, color=False))
    abc
    095
     bd␣
    """
    held = _colors(values) if color else _digits(values)
    columns = [
        _column(symbol, mark, own, color=color) for symbol, mark, own in zip(symbols, held, guesses, strict=False)
    ]
    after = [("", "")] * (1 if color else 2)
    columns.append([*after, *_cells(guesses[-1], None)])
    lines = (_rows(line) for line in _lines(columns, symbols, width))
    return Text("\n\n" if max(map(len, columns)) > 1 else "\n").join(lines)


def color_scale(values: Sequence[float]) -> Text:
    """Return the colors of numbers: from blue over grey, which is 0, to orange, equally far on both sides.

    >>> print(color_scale([0.5, -2.0]).plain.split())
    ['-2.00', '0', '2.00']
    """
    largest = max(map(abs, values))
    shades = [number / SHADES for number in range(-SHADES, SHADES + 1)]
    names = {-1.0: f" {-largest:.2f} ", 0.0: " 0 ", 1.0: f" {largest:.2f} "}
    colors = _colors(shades)
    return Text.assemble(*((names.get(shade, " "), color) for shade, color in zip(shades, colors, strict=True)))


def _colors(values: Sequence[float]) -> list[str]:
    """Return the style of each number."""
    largest = max(map(abs, values)) or 1.0
    styles = []
    for value in values:
        end, part = BELOW if value < 0 else ABOVE, abs(value) / largest
        shade = (round(zero + part * (full - zero)) for zero, full in zip(ZERO, end, strict=True))
        styles.append(f"black on rgb({','.join(map(str, shade))})")
    return styles


def _digits(values: Sequence[float]) -> list[str]:
    smallest, largest = min(values), max(values)
    span = (largest - smallest) or 1.0
    return [str(min(int(10 * (value - smallest) / span), 9)) for value in values]


def _column(symbol: str, mark: str, guesses: Sequence[tuple[str, float]], *, color: bool) -> Column:
    """Return what stands at the place of a symbol: the symbol with its color or digit, and the guesses for it."""
    shown = printable(symbol.translate(MARKS)) or "·"
    own = [(shown, mark)] if color else [(shown, ""), (mark, "")]
    return [*own, *_cells(guesses, symbol)]


def _cells(guesses: Sequence[tuple[str, float]], symbol: str | None) -> list[Cell]:
    return [
        (
            printable(guess.translate(MARKS).replace(" ", "␣")),
            RIGHT if guess == symbol else "dim" if probability < UNLIKELY else "",
        )
        for guess, probability in guesses
    ]


def _lines(columns: Sequence[Column], symbols: Sequence[str], width: int) -> Iterator[Sequence[Column]]:
    """Yield the columns of one line after the other: a line ends with a line break, or where it is full."""
    line: list[Column] = []
    free = width
    for column, symbol in zip(columns, [*symbols, ""], strict=True):
        if line and _width(column) > free:
            yield line
            line, free = [], width
        line.append(column)
        free -= _width(column)
        if symbol.endswith("\n"):
            yield line
            line, free = [], width
    if line:
        yield line


def _rows(line: Sequence[Column]) -> Text:
    """Return the rows of a line, without those at its end that are empty."""
    rows = []
    for number in range(max(map(len, line))):
        row = Text()
        for column in line:
            shown, style = column[number] if number < len(column) else ("", "")
            padding = "" if column is line[-1] else " " * (_width(column) - cell_len(shown))
            row.append(shown, style).append(padding)
        if number > 0:
            row.rstrip()
        rows.append(row)
    return Text("\n").join(rows)


def _width(column: Column) -> int:
    return max(1, *(cell_len(shown) for shown, _ in column))
