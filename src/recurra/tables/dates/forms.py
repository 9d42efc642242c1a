"""The forms in which dates are written; each form is one pattern, and its groups name the parts of a date."""

import re

_YEAR = r"(?P<year>(?:1[5-9]|2[0-4])\d\d)"
_NEXT_YEAR = "|".join(rf"{year:02}\s?[-/–]?\s?{(year + 1) % 100:02}" for year in range(100))
_ANY_YEAR = r"(?P<year>(?:1[5-9]|2[0-4])\d\d|\d{2})"
_MONTH, _DAY = r"(?P<month>0?[1-9]|1[0-2])", r"(?P<day>\d{1,2})"
_NTH_DAY = rf"{_DAY}(?:st|nd|rd|th|er|º|ª)?"
_NAME, _BETWEEN = r"(?P<name>[^\W\d_]{3,10})\.?", r"(?:\s+del?\s+|[-/.,'’\s]*)"
_TWO = r"\d{1,2}"
_BEFORE = r"(?:(?P<weekday>[^\W\d_]{2,14})\.?,?\s+)?"
_WEEKDAY = r"(?:(?:星期|周|週|礼拜|禮拜)?[一二三四五六日天]|[月火水木金土日](?:曜日?)?|[월화수목금토일](?:요일)?)"
_HALVES = "上午|下午|午前|午後|오전|오후"
_AFTER = rf"(?:[\s,]*\(?{_WEEKDAY}\)?|[\s,]+\(?(?!{_HALVES})(?P<weekday_after>[^\W\d_]{{2,14}})\.?\)?)?"
_ZONE = r"(?:\s*(?:(?:UTC|GMT)?(?P<sign>[+-])(?P<zone_hour>\d{2})(?::?(?P<zone_minute>\d{2}))?|(?P<utc>Z|UTC|GMT)))?"
_HALF = r"(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?"
_SECONDS = r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_CLOCK = rf"(?:(?P<half_before>{_HALVES})\s*)?(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){_SECONDS}{_HALF}"
_TIME = rf"(?:[T\s,]+(?:{_CLOCK}{_ZONE}|(?P<hour_alone>\d{{1,2}})))?"
_COMPACT_TIME = rf"[T\s]?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?{_ZONE}"
_UNTIL = (  # the end of a period
    r"(?P<until>(?:\s+(?:-|–|—|to|until|bis|au|al)\s+|\s*[~至–—]\s*|[-/](?=\d{4}\D|\d{1,2}[-/.]\d{1,2}[-/.]\d))\d.*)?"
)

DATE_FORMS = tuple(
    re.compile(rf"^\s*{form}{_UNTIL}\s*$")
    for form in (
        rf"(?=\s*\d\d(?:{_NEXT_YEAR}))\s*{_YEAR}\s?[-/–]?\s?(?P<end_year>\d\d)",  # 2020-21; in all rows, before 2020-01
        rf"{_YEAR}\s?[-/–]\s?(?P<end_year>(?:1[5-9]|2[0-4])\d\d)",  # 2020-2021
        rf"{_BEFORE}{_YEAR}\s*[-/.年년]\s*{_MONTH}(?:\s*[-/.月월]\s*(?:{_DAY}[日일.]?)?)?{_AFTER}{_TIME}",  # 2020-1-31
        rf"{_BEFORE}(?P<first>{_TWO})\s*[-/.]\s*(?P<next>{_TWO})\s*[-/.]\s*(?P<year>\d{{4}}|\d{{2}}){_AFTER}{_TIME}",
        rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}}){_AFTER}{_TIME}",  # 20200131
        rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}}){_COMPACT_TIME}",  # 20200131T0930
        r"(?P<year>19\d\d|20\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])(?P<hour>[01]\d|2[0-4])",  # 2020013109
        rf"{_YEAR}(?P<month>\d{{2}})",  # 202001
        rf"{_YEAR}年?度?",  # 2020
        rf"(?P<month>\d{{1,2}})[-/.]{_YEAR}",  # 01/2020
        rf"{_YEAR}[-\s]?[Mm](?P<month>\d{{1,2}})",  # 2020M01
        rf"{_YEAR}[-\s]?[QqTt](?P<quarter>[1-4])",  # 2020Q1
        rf"[QqTt](?P<quarter>[1-4])[-/\s]?{_YEAR}",  # Q1 2020
        rf"(?P<quarter>[1-4])[QqTt][-/\s]?{_ANY_YEAR}",  # 1Q20
        rf"{_YEAR}\s*年?\s*第?(?P<quarter>[1-4一二三四])季度?",  # 2020年第1季度
        rf"{_YEAR}[-\s]?[HhSs](?P<semester>[12])",  # 2020H1
        rf"{_YEAR}年?(?P<semester>[上下])半年",
        rf"{_YEAR}[-\s]?[Ww](?P<week>\d{{1,2}})(?:-?(?P<day_of_week>[1-7]))?",  # 2020-W05, 2020-W05-1
        rf"{_YEAR}[-/\s]?KW[-\s]?(?P<week>\d{{1,2}})",  # 2020-KW05
        rf"KW[-\s]?(?P<week>\d{{1,2}})[-/.\s]+{_YEAR}",  # KW 05/2020
        rf"{_YEAR}\s*年?\s*第(?P<week>\d{{1,2}})[周週]",
        rf"{_YEAR}[年년]\s*{_MONTH}[月월]\s*{_DAY}[日일]\s*(?P<hour>{_TWO})[时時点點시]"
        rf"(?:\s*(?P<minute>{_TWO})[分분](?:\s*(?P<second>{_TWO})[秒초])?)?",
        rf"{_BEFORE}{_NTH_DAY}{_BETWEEN}{_NAME}{_BETWEEN}(?P<year>\d{{4}}|\d{{2}}){_AFTER}{_TIME}",  # 31 Jan 2020
        rf"{_BEFORE}{_NAME}{_BETWEEN}{_NTH_DAY}[-/.,\s]+(?P<year>\d{{4}}){_TIME}",  # Jan 31, 2020
        rf"{_NAME}{_BETWEEN}{_ANY_YEAR}",  # Jan-20, January 2020
        rf"{_YEAR}{_BETWEEN}{_NAME}(?:{_BETWEEN}{_NTH_DAY}{_TIME})?",  # 2020-Jan-31
    )
)

TIME_FORMS = tuple(
    re.compile(rf"^\s*{form}{_UNTIL}\s*$")
    for form in (
        rf"{_CLOCK}{_ZONE}",  # 9:30, 09:30:00.5 PM
        r"(?P<hour>\d{1,2})\.(?P<minute>\d{2})(?:\.(?P<second>\d{2}))?",  # 18.00.00
        r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?" + _ZONE,  # 1800, 1800 UTC
        r"(?P<hour>\d{1,2})(?:[Hh]|\.0|[时時点點])?",  # 18
        r"(?P<hour>\d{1,2})(?:[Hh]|[时時点點])(?P<minute>\d{1,2})分?",
        rf"(?P<hour>\d{{1,2}}){_HALF}",  # 6 PM
    )
)
