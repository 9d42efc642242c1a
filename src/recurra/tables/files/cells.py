"""What a cell of a table is, by its text alone: a date, a value, a word, a unit, or the beginning of a remark."""

import re
from collections.abc import Sequence
from typing import Literal

from recurra.tables.numbers.shapes import NOTHING

Kind = Literal["date", "value", "word", ""]

DATE = re.compile(
    r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2})|\d{4}-\d{2}|\d{4}年\d{1,2}月"
    r"|(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))(?!\d)"
)
VALUE = re.compile(r"\W{0,4}\d")  # after a sign, a currency or a bracket
BRACKETED = re.compile(r"[(\[（【][^()\[\]]{1,20}[)\]）】]")
LONGEST_CELL = 200  # characters that are looked at
TOTALS = {
    "*", "**", "total", "totals", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "gesamtergebnis", "insgesamt",
    "somme", "totale", "totaal", "totalt",
    "suma", "summa", "soma", "razem", "celkem", "spolu", "összesen", "ukupno", "skupaj", "yhteensä", "ialt", "average",
    "mean", "mittelwert", "durchschnitt", "moyenne", "media", "média", "合计", "总计", "总和", "小计", "平均", "平均值",
    "均值", "合計", "總計", "小計", "総計", "平均値", "합계", "총계", "소계", "평균",
}  # fmt: skip
MOST_WORDS = 3  # of such a label, as in "grand total"
REMARKS = {  # whole words, or with a colon
    "source", "sources", "quelle", "quellen", "fuente", "fonte", "bron", "källa", "kilde", "źródło", "zdroj", "forrás",
    "izvor", "sursa", "sursă", "note:", "notes:", "anmerkung", "anmerkungen", "hinweis", "hinweise", "remark",
    "remarks", "copyright", "generated", "exported", "downloaded",
}  # fmt: skip
CHINESE_REMARKS = (  # and Japanese and Korean ones: what follows them needs no space
    "©", "数据来源", "资料来源", "来源", "数据说明", "注：", "注:", "说明", "备注", "导出", "資料來源", "來源", "註：",
    "註:", "備註", "出典", "出所", "資料：", "注）", "자료", "출처", "주:",
)  # fmt: skip
COUNT_OF_ROWS = re.compile(r"\(\d+ [^\W\d]{1,20}(?: [^\W\d]{1,20})?\)|\d+ rows? in set\b")  # of a database
STROKES, FEWEST_STROKES = set("-=+|: "), 3  # of a line
FIRST_WORD = re.compile(r"[^\W\d_]+:?")
UNITS = {
    "wh", "kwh", "mwh", "gwh", "twh", "w", "kw", "mw", "gw", "va", "kva", "mva", "var", "kvar", "mvar", "v", "kv",
    "mv", "a", "ma", "ka", "hz", "khz", "mhz", "ghz", "c", "f", "k", "°c", "°f", "℃", "°", "deg", "degc", "degf",
    "°k", "%", "‰", "ppm", "ppb", "mm", "cm", "dm", "m", "km", "nm", "ft", "mi", "kn", "kt", "s", "sec", "min", "h",
    "hr", "hrs", "d", "day", "days", "ms", "pa", "hpa", "kpa", "mpa", "bar", "mbar", "atm", "psi", "g", "kg", "mg",
    "µg", "μg", "ug", "t", "lb", "oz", "l", "ml", "hl", "j", "kj", "mj", "gj", "cal", "kcal", "lx", "lm", "db", "rpm",
    "ha", "m²", "m³", "m2", "m3", "pcs", "pc", "st", "stk", "stück", "szt", "ks", "db.", "usd", "eur", "cny", "rmb",
    "jpy", "gbp", "chf", "$", "€", "£", "¥", "元", "千元", "万元", "百万元", "亿元", "元/吨", "円", "千円", "百万円",
    "億元", "원", "股", "手", "万股", "千股", "张", "張", "吨", "噸", "トン", "万吨", "公斤", "千克", "克", "升",
    "立方米", "平方米", "米", "公里", "毫米", "厘米", "度", "摄氏度", "千瓦时", "万千瓦时", "千瓦", "兆瓦", "兆瓦时",
    "个", "個", "人", "人次", "万人", "件", "次", "次数", "天", "小时", "分钟", "秒", "台", "辆", "箱", "瓶", "-",
    "–", "—", "/", "yyyy-mm-dd", "dd.mm.yyyy", "dd/mm/yyyy", "mm/dd/yyyy", "utc",
}  # fmt: skip
BETWEEN_UNITS = re.compile(r"[/·*×⋅\s^]+")


def kind(cell: str) -> Kind:
    """Return what a cell is; nothing if it is empty, or says that a value is missing.

    >>> kind("2024-01-31"), kind("-1,5 %"), kind("Jan-24"), kind("n/a")
    ('date', 'value', 'word', '')
    """
    cell = cell[:LONGEST_CELL]
    if not cell or cell.lower() in NOTHING:
        return ""
    if DATE.match(cell):
        return "date"
    return "value" if VALUE.match(cell) else "word"


def is_unit(cell: str) -> bool:
    """Return whether a cell is a unit of measurement, or a text in brackets.

    >>> is_unit("kWh/m²"), is_unit("[°C]"), is_unit("price")
    (True, True, False)
    """
    if len(cell) > LONGEST_CELL:
        return False
    parts = [part for part in BETWEEN_UNITS.split(cell.lower()) if part]
    return BRACKETED.fullmatch(cell) is not None or all(part in UNITS for part in parts)


def is_comment(cells: Sequence[str]) -> bool:
    """Return whether a row is a comment, or a line that is drawn; a column may be named #."""
    return cells[0].startswith("//") or (cells[0].startswith("#") and len(cells[0]) > 1) or is_drawn(cells)


def is_drawn(cells: Sequence[str]) -> bool:
    """Return whether a row is a line that is drawn, such as one between a header and the data.

    >>> is_drawn(["+-----+-----+"]), is_drawn(["", ":---", "---:", ""]), is_drawn(["--", "2"])
    (True, True, False)
    """
    marks = "".join(cells)
    return STROKES.issuperset(marks) and marks.count("-") + marks.count("=") >= FEWEST_STROKES


def is_total(cell: str) -> bool:
    """Return whether a cell is the label of a row of sums or means."""
    words = re.split(r"[\s:：(（]+", cell[:LONGEST_CELL].lower().rstrip(":："))
    return words[0] in TOTALS or (len(words) <= MOST_WORDS and words[-1] in TOTALS)


def is_remark(cell: str) -> bool:
    """Return whether a cell begins a line about the table, such as its source.

    >>> is_remark("Source: World Bank"), is_remark("Bron"), is_remark("Bronx")
    (True, True, False)
    """
    cell = cell[:LONGEST_CELL].lower()
    word = FIRST_WORD.match(cell)
    if cell.startswith(CHINESE_REMARKS) or COUNT_OF_ROWS.match(cell):
        return True
    return word is not None and not REMARKS.isdisjoint({word[0], word[0].rstrip(":")})
