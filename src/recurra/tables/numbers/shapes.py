"""Shapes of numbers: how a text is written apart from its digits, and which numbers it may mean."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import get_args

from recurra.settings.reading import Decimal, Thousands
from recurra.tables.form import Reading

DECIMALS: tuple[Decimal, ...] = get_args(Decimal)
NOTHING = {  # written for missing values, after `plain`
    *("", "-", "--", "---", ".", "..", "...", ":", "?", "*", "**", "***", "****", "*****", "/", "//", "///", "////"),
    *("na", "n/a", "n.a.", "n.a", "n. a.", "(na)", "nan", "nat", "null", "none", "nil", "missing", "no data", "nodata"),
    *("not available", "not applicable", "<na>", "#n/a", "#n/a n/a", "#na", "#null!", "#value!", "#div/0!", "#ref!"),
    *("#num!", "#name?", "\\n", "n.d.", "n.d", "n/d", "n. d.", "s/d", "k.a.", "k. a.", "k.a", "k/a", "keine angabe"),
    *("n.v.", "b.d.", "无", "空", "缺失", "缺测", "暂无", "暂缺", "无数据", "未公布", "無", "欠測", "欠損"),
    *("없음", "결측"),
}
ALIKE = {  # characters → the ASCII ones that are meant
    **{chr(start + digit): str(digit) for start in (0xFF10, 0x0660, 0x06F0) for digit in range(10)},
    **dict.fromkeys("−–—‐‑‒―﹣－", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "),
    **dict.fromkeys("’‘ʼ′´＇٬", "'"),  # the last is between the thousands of Arabic numbers
    **dict.fromkeys("\u200b\u200e\u200f\u061c\u2066\u2067\u2068\u2069\ufeff", ""),
    **dict(zip("．，：＋％（）＄￥٫٪…", [*".,:+%()$¥.%", "..."], strict=True)),
}
SYMBOLS = "$€£¥₹₩₽₺₫₴₪฿"
CURRENCY = (
    rf"[A-Z]{{0,3}}[{SYMBOLS}]|(?:USD|EUR|GBP|JPY|CNY|CNH|RMB|CHF|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|TRY|RUB|INR|KRW|HKD|TWD"
    r"|SGD|AUD|CAD|NZD|BRL|MXN|ZAR)|kr\.?|zł|Kč|Fr\.?|Rs\.?|人民币|元"
)
LATIN = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12, "mn": 6, "bn": 9, "tn": 12, "Mn": 6, "Bn": 9, "Tn": 12}
LATIN |= {"lakh": 5, "lakhs": 5, "crore": 7, "crores": 7, "Lakh": 5, "Lakhs": 5, "Crore": 7, "Crores": 7}
LATIN |= {"Tsd": 3, "Tsd.": 3, "Mio": 6, "Mio.": 6, "Mrd": 9, "Mrd.": 9}
CHINESE = {"千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12}
POWERS = LATIN | CHINESE  # of ten
MOST_LETTERS = 24  # of a unit
NUMBER = re.compile(
    r"(?P<before>[^01]*?)(?P<body>[.,]?[01](?:[01.,' ]*[01])?[.,]?)(?P<exponent>[eE][-+]?1{1,3})?(?P<after>[^01]*)",
    re.DOTALL,
)
BEFORE = re.compile(rf"'?(?P<open>\(?)(?P<sign>[-+]?)(?P<unit>(?:{CURRENCY})?)(?P<within>\(?)(?P<later>[-+]?)")
AFTER = re.compile(  # a Latin factor ends the text, or a currency follows it: in 5 MW, M is a part of the unit
    rf"(?P<closed>\)?)(?P<factor>(?:{'|'.join(sorted(CHINESE, key=len, reverse=True))}"
    rf"|(?:{'|'.join(sorted(map(re.escape, LATIN), key=len, reverse=True))})(?=\)?[-+]?$|{CURRENCY}))?)"
    rf"(?P<unit>(?:[^\W\d_]|[%‰°/²³·.*{SYMBOLS}]){{0,{MOST_LETTERS}}})(?P<close>\)?)(?P<sign>[-+]?)"
)
TO_ONES = bytes.maketrans(b"23456789", b"11111111")
FIRST_DIGIT = re.compile(rb"[01]")
ANY_GROUPING = frozenset({2, 3, 4})


@dataclass(frozen=True)
class Written:
    """How a number is written, if one of the two marks is the decimal mark.

    Attributes:
        thousands: mark between groups of digits; None if there is none.
        groupings: numbers of digits of a group that are possible: 3; 2 as in the Indian 12,34,567; 4 as in the Chinese
            12,3456.
        several: whether there are several such marks.
    """

    thousands: Thousands | None = None
    groupings: frozenset[int] = ANY_GROUPING
    several: bool = False


@dataclass(frozen=True)
class Shape:
    """How a text is written, apart from its digits; by default, it is no number.

    Attributes:
        missing: whether it stands for a missing value.
        written: how it is written if it is a number, by decimal mark.
        kept: bytes of the text that Python needs to read it as a number, if its marks are decimal where they may be.
        point: which of these bytes is the decimal mark; None if there is none.
        exponent: whether the last of them are an exponent such as E+05.
        decimals: number of digits after the mark that may be decimal or between thousands; 0 if there is none.
        negative: whether a sign or brackets say so.
        bracketed: whether it is in brackets.
        factor: word for a power of ten after the number, such as K or 万.
        unit: what else is before or after it, such as $, % or kWh.
    """

    missing: bool = False
    written: Mapping[Decimal, Written] = field(default_factory=dict)
    kept: tuple[int, ...] = ()
    point: int | None = None
    exponent: bool = False
    decimals: int = 0
    negative: bool = False
    bracketed: bool = False
    factor: str = ""
    unit: str = ""

    def grouped(self, decimal: Decimal) -> bool:
        """Whether the mark that may be decimal or between thousands is the latter, given the decimal mark."""
        return self.decimals > 0 and self.written[decimal].thousands is not None


MISSING, OTHER = Shape(missing=True), Shape()


def possible_decimals(shapes: Collection[Shape], reading: Reading, *, by_four: bool = False) -> list[Decimal]:
    """Return the decimal marks with which all numbers of a column can be read.

    Args:
        shapes: the shapes of the numbers.
        reading: what the user says.
        by_four: whether commas are known to stand between groups, as in 12,3456; otherwise only a number with several
            commas, such as 1,2345,6789, shows that they do.
    """
    by_four = by_four or reading.thousands == "," or reading.decimal == "."
    return [decimal for decimal in DECIMALS if _fit(shapes, decimal, reading, by_four)]


def _fit(shapes: Collection[Shape], decimal: Decimal, reading: Reading, by_four: bool) -> bool:
    """Return whether numbers can be read with a decimal mark, and the same groups of digits in all of them."""
    written = [shape.written[decimal] for shape in shapes if decimal in shape.written]
    if len(written) < len(shapes) or reading.thousands == decimal or reading.decimal not in {None, decimal}:
        return False
    thousands = {one.thousands for one in written} - {None}
    if len(thousands) > 1 or (reading.thousands is not None and not thousands <= {reading.thousands}):
        return False
    groupings = ANY_GROUPING.intersection(*(one.groupings for one in written))
    return bool(groupings if by_four or any(one.several for one in written) else groupings - {4})


def plain(text: str) -> str:
    """Return a text with ASCII digits, marks, signs and spaces in place of others."""
    if not text.isascii():
        for character, meant in ALIKE.items():
            if character in text:
                text = text.replace(character, meant)
    return text


def without_digits(text: bytes) -> bytes:
    """Return a text, whose digits are 0 and 1 only, with 1 for every digit but the first, of which it tells zero."""
    first = FIRST_DIGIT.search(text)
    return text if first is None else text[: first.end()] + text[first.end() :].replace(b"0", b"1")


def shape_of(text: bytes) -> Shape:
    """Return the shape of a text in UTF-8, as `without_digits` returns it."""
    if text.decode().strip().lower() in NOTHING:
        return MISSING
    match = NUMBER.fullmatch(text.decode("latin-1"))  # one character for each byte
    if match is None:
        return OTHER
    before, after = (match[part].encode("latin-1").decode().replace(" ", "") for part in ("before", "after"))
    start, end = BEFORE.fullmatch(before), AFTER.fullmatch(after)
    body, exponent = match["body"], match["exponent"] or ""
    if start is None or end is None or (exponent and end["factor"]):
        return OTHER
    opened, closed = start["open"] + start["within"], end["closed"] + end["close"]
    signs = start["sign"] + start["later"] + end["sign"]
    if len(opened) != len(closed) or len(opened + signs) > 1:
        return OTHER
    written = {decimal: found for decimal in DECIMALS if (found := _written(body, decimal, bool(exponent)))}
    mark = next((character for character in body if character in DECIMALS), "") if len(written) == 2 else ""
    point = body.find(mark or next(iter(written), "none"))
    kept = [place for place, character in enumerate(body) if character.isdigit() or place == point]
    if not written:
        return OTHER
    return Shape(
        written=written,
        kept=tuple(match.start("body") + place for place in (*kept, *range(len(body), len(body + exponent)))),
        point=kept.index(point) if point >= 0 else None,
        exponent=bool(exponent),
        decimals=len(body) - point - 1 if mark else 0,
        negative="-" in signs or bool(opened),
        bracketed=bool(opened),
        factor=end["factor"],
        unit=start["unit"] + end["unit"],
    )


def _written(body: str, decimal: Decimal, exponent: bool) -> Written | None:
    """Return how digits and marks make a number, given its decimal mark; None if they make none."""
    whole, _, fraction = body.partition(decimal)
    marks = {mark for mark in get_args(Thousands) if mark in whole}
    if fraction.strip("01") or len(marks) > 1 or (marks and (exponent or whole[0] == "0")):
        return None
    if not marks:
        return Written()
    (thousands,) = marks
    first, *rest = map(len, whole.split(thousands))
    by_three = 1 <= first <= 3 and set(rest) == {3}
    by_two = thousands == "," and 1 <= first <= 2 and set(rest[:-1]) <= {2} and rest[-1] == 3
    by_four = thousands == "," and 1 <= first <= 4 and set(rest) == {4}
    groupings = frozenset(size for size, fits in ((3, by_three), (2, by_two), (4, by_four)) if fits)
    return Written(thousands, groupings, len(rest) > 1) if groupings else None
