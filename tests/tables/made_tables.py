"""Tables as people of many countries write them, made from a seed, with the dates and numbers that they mean.

Marks, groups of digits, order and names in dates are those of the Unicode CLDR, as Babel has them. `Made.readings` says
whether the writer left one reading or two; it follows from what was written, not from how recurra reads. No table is
discarded: where opinions may differ, it may be read or refused, but like all others, it must not be misread.
"""

import random
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, get_decimal_symbol

from recurra import InputError
from recurra.tables.table_builder import make_table


@dataclass(frozen=True)
class Country:
    """How tables are written in a country.

    Attributes:
        locale: the locale's name in the CLDR.
        encoding: the encoding of its older programs.
        date, value: words for a column of dates and one of numbers.
        above, below: a title, and the name of a row of totals.
    """

    locale: str
    encoding: str
    date: str
    value: str
    above: str
    below: str


COUNTRIES = [
    Country("zh_CN", "gb18030", "日期", "销售数量", "门店日报", "合计"),
    Country("zh_TW", "cp950", "日期", "銷售數量", "門市日報", "合計"),
    Country("ja_JP", "cp932", "日付", "売上高", "店舗別日報", "合計"),
    Country("ko_KR", "cp949", "날짜", "판매수량", "매장 일보", "합계"),
    Country("en_US", "cp1252", "Date", "Sales", "Daily report", "Total"),
    Country("en_GB", "cp1252", "Date", "Quantity sold", "Daily report", "Total"),
    Country("en_IN", "cp1252", "Date", "Sales", "Daily report", "Total"),
    Country("de_DE", "cp1252", "Datum", "Umsätze", "Bericht der Geschäftsstelle", "Summe"),
    Country("de_CH", "cp1252", "Datum", "Stückzahl", "Bericht der Geschäftsstelle", "Summe"),
    Country("fr_FR", "cp1252", "Date", "Quantité vendue", "Relevé journalier", "Total"),
    Country("es_ES", "cp1252", "Fecha", "Producción", "Informe diario de la estación", "Total"),
    Country("es_MX", "cp1252", "Fecha", "Producción", "Informe diario de la estación", "Total"),
    Country("it_IT", "cp1252", "Data", "Quantità", "Rapporto giornaliero", "Totale"),
    Country("pt_BR", "cp1252", "Data", "Produção", "Relatório diário da estação", "Total"),
    Country("nl_NL", "cp1252", "Datum", "Omzet", "Dagrapport", "Totaal"),
    Country("sv_SE", "cp1252", "Datum", "Försäljning", "Daglig översikt", "Summa"),
    Country("da_DK", "cp1252", "Dato", "Mængde", "Daglig oversigt", "Total"),
    Country("nb_NO", "cp1252", "Dato", "Mengde på lager", "Daglig oversikt", "Sum"),
    Country("pl_PL", "cp1250", "Data", "Sprzedaż", "Raport dzienny sklepu", "Suma"),
    Country("cs_CZ", "cp1250", "Datum", "Množství", "Denní přehled", "Celkem"),
    Country("hu_HU", "cp1250", "Dátum", "Mennyiség", "Napi jelentés", "Összesen"),
    Country("ro_RO", "cp1250", "Data", "Vânzări", "Raport zilnic", "Total"),
]  # fmt: skip
NAMED_MONTHS = {"en", "de", "fr", "es"}
POINT_LANGUAGES = {"en", "zh", "ja", "ko"}  # a date column that is named in one of them goes with decimal points
FREQUENCIES = ["D", "W-MON", "MS", "h"]
SMOOTH, ROUGH = 3.0, 30.0  # ratios of neighbours: below is plausible, above is not


Readings = Literal["one", "two", "open"]  # open: opinions may differ, as steps between neighbours are neither clear


@dataclass(frozen=True)
class Made:
    """A table as bytes, and what it means.

    Attributes:
        content: the file.
        dates, values: what it means, [T] each.
        readings: how many the writer left.
        flags: arguments of `make_table` that decide between them.
        about: how it was written.
    """

    content: bytes
    dates: list[datetime]
    values: list[float]
    readings: Readings
    flags: dict[str, Any]
    about: str


def made_table(seed: int) -> Made:
    """Make a table; the same one for the same seed."""
    rng = random.Random(seed)
    country = rng.choice(COUNTRIES)
    point = get_decimal_symbol(country.locale)
    delimiter = rng.choice(",\t|" if point == "." else ";;,\t|")
    wanted = rng.choices(["plain", "numbers", "dates"], [7, 2, 1])[0]  # the latter often have two readings
    form = "numeric" if wanted == "dates" else rng.choice(["iso", "numeric", "compact", "names", "slashes"])
    if form == "names" and country.locale[:2] not in NAMED_MONTHS:
        form = "iso"
    frequency = rng.choice(["D", "MS"]) if wanted == "dates" else rng.choice(FREQUENCIES)
    count = rng.randint(6, 12) if wanted == "dates" else rng.randint(14, 200)
    start = f"{rng.randint(1995, 2030)}-01-01" if wanted == "dates" else _some_day(rng)
    dates = list(pd.date_range(start, periods=count, freq=frequency).to_pydatetime())
    values = _three_decimals(rng, count) if wanted == "numbers" else _some_values(rng, count)
    grouped = rng.random() < 0.6
    decimals = 3 if wanted == "numbers" else rng.choice([0, 1, 2, 3, None])
    numbers = [_number(value, decimals, country.locale, grouped=grouped) for value in values]
    texts = [_date(date, form, country.locale, clock=frequency == "h") for date in dates]
    means = [float(value if decimals is None else round(value, decimals)) for value in values]
    number_readings = _readings_of_numbers(numbers, delimiter, point, _goes_with_points(country, delimiter, form))
    date_readings: Readings = _readings_of_dates(texts, country.locale) if form == "numeric" else "one"
    readings = max((number_readings, date_readings), key=["one", "two", "open"].index)
    flags: dict[str, Any] = {}
    if number_readings != "one":
        flags["decimal"] = point
    if date_readings != "one":
        flags["dayfirst"] = _order(country.locale).index("d") < _order(country.locale).index("M")
    lines, junk = _lines(rng, country, delimiter, list(zip(texts, numbers, strict=True)))
    text = rng.choice(["\n", "\r\n"]).join([*lines, ""])
    encodings = ["utf-8", "utf-8-sig", "utf-16"]
    if _can_be(text, country.encoding):
        encodings += [country.encoding] * 2
    encoding = rng.choice(encodings)
    about = f"{country.locale} {encoding} {delimiter!r} {form} {frequency} {decimals} decimals {junk}"
    return Made(text.encode(encoding), dates, means, readings, flags, about)


Outcome = Literal["read", "refused", "refused with both", "misread", "misread with its flag"]


def outcome(made: Made, path: Path) -> tuple[Outcome, str]:
    """Return what becomes of a table when it is read without flags, and what was said or read."""
    path.write_bytes(made.content)
    try:
        found = _read(path, {})
    except InputError as error:
        said = str(error)
        if made.readings == "one" or not any(f"--{flag}" in said for flag in made.flags):
            return "refused", said
        try:
            right = _read(path, made.flags) == (made.dates, made.values)
        except InputError as refused:
            return "refused", str(refused)
        return "refused with both" if right else "misread with its flag", said
    right = found == (made.dates, made.values)
    return "read" if right else "misread", "" if right else f"{found[0][:3]}, {found[1][:3]}"


def _read(path: Path, flags: dict[str, Any]) -> tuple[list[datetime], list[float]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        series = make_table(path, **flags).series[0]
    return list(series.dates.to_pydatetime()), series.values[:, 0].tolist()


def _some_day(rng: random.Random) -> str:
    return f"{rng.randint(1990, 2035)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _some_values(rng: random.Random, count: int) -> list[Decimal]:
    """Return a random walk of numbers of one magnitude."""
    scale = 10 ** rng.uniform(2, 6)
    value, values = rng.uniform(0.5, 1.5), []
    for _ in range(count):
        value = max(value + rng.gauss(0, 0.03), 0.1)
        values.append(Decimal(repr(round(scale * value, 4))))
    return values


def _three_decimals(rng: random.Random, count: int) -> list[Decimal]:
    """Return numbers such as 1.125, which are 1125 where a point stands between thousands."""
    value, values = rng.uniform(2.0, 8.0), []
    for _ in range(count):
        value = min(max(value + rng.gauss(0, 0.2), 1.001), 9.999)
        values.append(Decimal(f"{value:.3f}"))
    return values


def _number(value: Decimal, decimals: int | None, locale: str, *, grouped: bool) -> str:
    zeros = "0.####" if decimals is None else "0" + ("." if decimals else "") + "0" * decimals
    thousands = "#,##," if locale == "en_IN" else "#,"
    return str(format_decimal(value, format=f"{thousands}##{zeros}", locale=locale, group_separator=grouped))


def _order(locale: str) -> str:
    """Return the order of year, month and day in numeric dates, such as "dMy"."""
    pattern = Locale.parse(locale).date_formats["short"].pattern
    return "".join(dict.fromkeys(letter for letter in pattern if letter in "dMy"))


def _date(date: datetime, form: str, locale: str, *, clock: bool) -> str:
    if form == "names":
        text = str(format_date(date, "d MMMM y", locale=locale))
    elif form == "numeric":
        separator = next(c for c in Locale.parse(locale).date_formats["short"].pattern if not c.isalpha() and c != "'")
        text = separator.join(
            f"{date:%{letter if letter != 'y' else 'Y'}}" for letter in _order(locale).replace("M", "m")
        )
    else:
        text = f"{date:{ {'iso': '%Y-%m-%d', 'compact': '%Y%m%d', 'slashes': '%Y/%m/%d'}[form] }}"
    return f"{text} {date:%H:%M}" if clock else text


def _goes_with_points(country: Country, delimiter: str, form: str) -> bool:
    """Return whether a table is written as programs write one, which know only decimal points."""
    return delimiter == "," and form == "iso" and country.locale[:2] in POINT_LANGUAGES


def _readings_of_numbers(texts: Sequence[str], delimiter: str, point: str, goes_with_points: bool) -> Readings:
    marks = {c for text in texts for c in text if c in ".,"}
    if len(marks) != 1 or any(c in text for text in texts for c in "'\u2019\u00a0\u202f "):
        return "one"  # no mark, or two different ones
    mark = marks.pop()
    thousands = re.compile(rf"-?([1-9]\d{{0,2}}({re.escape(mark)}\d{{3}})+|\d{{1,3}})")
    may_be_thousands = all(thousands.fullmatch(text) for text in texts)
    may_be_decimal = all(text.count(mark) <= 1 for text in texts)
    if not (may_be_thousands and may_be_decimal) or delimiter == ";" or (mark == "." and goes_with_points):
        return "one"
    as_decimal = _roughness([float(text.replace(mark, ".")) for text in texts])
    as_thousands = _roughness([float(text.replace(mark, "")) for text in texts])
    if max(as_decimal, as_thousands) > ROUGH and min(as_decimal, as_thousands) < SMOOTH:
        return "one"
    return "two" if abs(as_decimal - as_thousands) < 1e-6 else "open"


def _roughness(values: Sequence[float]) -> float:
    """Return the largest ratio of neighbours."""
    return max(max(a, b) / max(min(a, b), 1e-9) for a, b in pairwise(map(abs, values)))


def _readings_of_dates(texts: Sequence[str], locale: str) -> Readings:
    """Return the number of readings of numeric dates, whose day and month may be exchanged."""
    order = _order(locale)
    if order.startswith("y"):
        return "one"
    parts = [[int(number) for number in re.findall(r"\d+", text)[:3]] for text in texts]
    readings = []
    for swapped in (False, True):
        days = []
        for part in parts:
            named = dict(zip(order, part, strict=True))
            month, day = (named["d"], named["M"]) if swapped else (named["M"], named["d"])
            if month > 12:
                break
            days.append(pd.Timestamp(named["y"], month, day))
        else:
            readings.append(len({_gap(a, b) for a, b in pairwise(days)}) == 1)
    if len(readings) == 1:
        return "one"
    return "two" if all(readings) else "one" if readings[0] else "open"


def _gap(a: pd.Timestamp, b: pd.Timestamp) -> tuple[int, int]:
    """Return months and days between two dates."""
    months = (b.year - a.year) * 12 + b.month - a.month
    return (months, 0) if a.day == b.day and months else (0, (b - a).days)


def _lines(rng: random.Random, country: Country, delimiter: str, rows: list[tuple[str, str]]) -> tuple[list[str], str]:
    """Return the lines of the file, and what else than header and rows is in it."""
    quote: Callable[[str], str] = lambda cell: f'"{cell}"' if delimiter in cell else cell  # noqa: E731
    pad = " " if rng.random() < 0.1 else ""
    lines = [delimiter.join(quote(pad + cell) for cell in row) for row in [(country.date, country.value), *rows]]
    junk = []
    above = rng.choice(["", "", "", "title", "comment", "link", "sep"])
    if above == "title":
        lines = [country.above, *([""] if rng.random() < 0.5 else []), *lines]
    elif above == "comment":
        lines = [f"# {country.above}", *lines]
    elif above == "link":
        lines = ["https://example.org/data?id=7", *lines]
    elif above == "sep":
        lines = [f"sep={delimiter}", *lines]
    below = rng.choice(["", "", "", "total", "source", "blank"])
    if below == "total":
        lines.append(delimiter.join([country.below, quote(rows[0][1])]))
    elif below == "source":
        lines += ["", f"{country.above}: https://example.org"]
    elif below == "blank":
        lines += ["", delimiter]
    junk = [name for name in (above, below) if name]
    return lines, " ".join(junk)


def _can_be(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False
