"""How surely the encoding of a header is found: 200 made headers a language, of words other than recurra's.

    python benchmarks/tables/header_encodings.py [HEADERS]

A header has one to six words in one of five forms, and perhaps a name in ASCII; it is written in the encoding of its
language. `sure` headers are read right, `refused` ones raise an error that shows two readings, `wrong` ones are read as
other words. The second part leaves out all words that recurra knows. The table goes to benchmarks/tables/RESULTS.md.
"""

import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from results import write_section
from words import OTHERS, WORDS, Words

from recurra import InputError
from recurra.tables.files.encodings import LANGUAGES, found_encoding

HEADERS = 200
ASCII = ["ID", "PM2.5", "GDP", "No", "2023", "kWh", "Total", "CO2", "x", "T1"]
FORMS = [str, str, str.lower, str.upper, lambda word: word.replace(" ", "_").lower()]
KNOWN = frozenset().union(*(language.known for language in LANGUAGES))


def header(random_: random.Random, words: list[str]) -> str:
    """Return a header of random words."""
    cells = random_.choices(words, k=random_.choice([1, 2, 2, 3, 3, 4, 5, 6]))
    if random_.random() < 0.4:
        cells.insert(random_.randrange(len(cells) + 1), random_.choice(ASCII))
    return random_.choice(",;\t").join(map(random_.choice(FORMS), cells))


def outcomes(language: Words, count: int, *, known: bool) -> Counter[str]:
    """Return how many headers of a language are sure, refused and wrong."""
    words = [word.strip() for word in language.words.split(",")]
    if not known:
        words = [word for word in words if KNOWN.isdisjoint(word.lower().split())]
    random_, found = random.Random(14), Counter[str]()
    while found.total() < count:
        text = header(random_, words)
        content = text.encode(language.encoding, "ignore")
        if content.isascii() or content.decode(language.encoding) != text:  # such as the capital of ß
            continue
        try:
            right = content.decode(found_encoding(content, "header")) == text
        except InputError:
            found["refused"] += 1
        else:
            found["sure" if right else "wrong"] += 1
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else HEADERS
    kinds = ("sure", "refused", "wrong")
    text = [
        "## Encodings of headers",
        "",
        f"`python benchmarks/tables/header_encodings.py`: of {count} made headers a language, how many are read right, "
        "refused with two readings, and read wrong; then of as many without any word that recurra knows. The languages "
        "below the line are written in encodings that recurra does not know, and must be refused.",
        "",
        "| language | encoding | sure | refused | wrong | sure | refused | wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, language in (WORDS | OTHERS).items():
        if name == next(iter(OTHERS)):
            text.append("|" + " |" * 8)
        counts = [outcomes(language, count, known=known) for known in (True, False)]
        numbers = " | ".join(str(found[kind]) for found in counts for kind in kinds)
        text.append(f"| {name} | {language.encoding} | {numbers} |")
    write_section("encodings", "\n".join(text), Path(__file__).with_name("RESULTS.md"))


if __name__ == "__main__":
    main()
