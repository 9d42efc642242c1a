"""Names of columns of dates, of times of day, of parts of dates and of row numbers, in several languages."""

DATE_NAMES = {
    "date", "ds", "datetime", "timestamp", "trade_date", "open_time", "日期", "交易日期", "datum", "fecha", "日付",
    "날짜", "mess_datum",
}  # fmt: skip
DATE_OR_TIME_NAMES = {"time", "时间", "period", "time_period"}  # of dates or of times in them; only the values tell
HOUR_ENDING = {"hourending", "hour ending", "hour_ending"}
PART_NAMES = {  # in their order
    "year": {"year", "yr", "yyyy", "年", "年份", "jahr", "année", "annee", "año", "ano", "anno"},
    "quarter": {"quarter", "qtr", "季", "季度", "quartal", "trimestre"},
    "month": {"month", "mon", "mm", "月", "月份", "monat", "mois", "mes", "mês", "mese"},
    "week": {"week", "周", "週", "woche", "semaine", "semana", "settimana"},
    "day": {"day", "dd", "日", "号", "tag", "jour", "día", "dia", "giorno"},
    "hour": {"hour", "hr", "hh", "时", "小时", "stunde", "heure", "hora", "ora", *HOUR_ENDING},
    "minute": {"minute", "min", "分", "分钟"},
    "second": {"second", "sec", "秒"},
}
TIME_NAMES = {*DATE_OR_TIME_NAMES, "uhrzeit", "zeit", *PART_NAMES["hour"]}
COUNTED_NAMES = {"t", "step", "index", "row", "n", "no", "nr", "period", "week", "序号", "期数"}  # of numbers of rows
ROW_NUMBER_NAMES = {"", "id", "row_id", "unnamed: 0"}


def plain_name(column: str) -> str:
    """Return the name of a column in lower case, without spaces or angle brackets around it.

    >>> plain_name("<DATE>"), plain_name(" Date ")
    ('date', 'date')
    """
    name = column.strip().lower()
    return name[1:-1].strip() if name.startswith("<") and name.endswith(">") else name


def part_of(column: str) -> str | None:
    """Return the part of a date that a column holds by its name, such as "month"; None if it is none."""
    return next((part for part, names in PART_NAMES.items() if plain_name(column) in names), None)
