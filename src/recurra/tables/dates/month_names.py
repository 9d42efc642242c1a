"""Names of months and weekdays in the languages in which dates are read, and their abbreviations."""

MONTH_NAMES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber mrz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
)
WEEKDAY_NAMES = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles miercoles jueves viernes sábado sabado domingo",
    "lunedì lunedi martedì martedi mercoledì mercoledi giovedì giovedi venerdì venerdi sabato domenica",
    "segunda terça terca quarta quinta sexta sábado domingo",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
)
SHORTEST_MONTH, SHORTEST_WEEKDAY = 3, 2  # letters of an abbreviation


def _months() -> dict[str, int]:
    """Return the number of each month by its name and abbreviations; those of several months are left out."""
    numbers: dict[str, set[int]] = {}
    for names in MONTH_NAMES:
        for number, name in enumerate(names.split(), start=1):
            for end in range(SHORTEST_MONTH, len(name) + 1):
                numbers.setdefault(name[:end], set()).add(number)
    return {name: found.pop() for name, found in numbers.items() if len(found) == 1}


MONTHS = _months()
WEEKDAYS = {
    name[:end] for names in WEEKDAY_NAMES for name in names.split() for end in range(SHORTEST_WEEKDAY, len(name) + 1)
}
CHINESE_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", start=1)}
