"""The encoding of a text that is not in Unicode: the one of a closed list in which it reads like some language.

Most texts in one of these encodings are also texts in another, so that no single sign decides. What they would mean is
compared: how likely their characters are in a language, by what stands beside them in its words. A text that is hardly
likelier in any language than random bytes is in none of these encodings.
"""

import codecs
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from recurra.errors import InputError, shown
from recurra.tables.files import header_words as words_of

CELL = re.compile(rb'[^,;\t\r\n"]+')  # none of these bytes is the second one of a character
WORD = re.compile(r"[^\W\d_]+")
IN_LATIN = re.compile(r"[A-Za-z]([^\W\d_\x00-\u024f]{1,3})([A-Za-z])")  # characters of East Asia in a Latin word
MIXED = re.compile(r"[a-zß-öø-ÿ][À-ÖØ-Þ]|[^\W\d_][^\w\s’'·./|-][^\W\d_]")  # capitals or symbols inside a Latin word
SYMBOLS = set("°µ²³€§½¼¾·–—’‘“”„…±™®©×ªº«»£¥¢‰\xa0　、。，：；（）【】［］％℃￥＿／－・～〜")
UNIT = re.compile(r"(?<![^\s\d(\[/._-])(°[CF]|[kcdm]?m[²³]|µ[gmsl]|[Nn]º|[€£℃])(?![^\s\d)\]/._-])")
MOST_CELLS, LONGEST_CELL = 200, 60  # number of distinct cells that are looked at, and bytes of each

# how much likelier a character is than random bytes: natural logarithms, roughly
KNOWN_LETTER, KNOWN_CHARACTER, KNOWN_UNIT = 5.0, 7.5, 7.5  # in a known word, and of a known unit
LETTER = (-3.0, 1.0, 4.0)  # of a Latin alphabet, by how many of its neighbours it has in known words
NO_LETTER = -3.5  # not of the alphabet of the language
FREQUENT = (2.5, 4.0, 5.5)  # character of East Asia, by how many of its neighbours it has in known words
USUAL, RARE, SYMBOL = -0.5, -6.0, 0.0
IMPOSSIBLE = -20.0
SURE = 3.0  # by which the likeliest encoding must be ahead
ENOUGH, ENOUGH_OF_EAST_ASIA = 1.0, 3.0  # for a text


@dataclass(frozen=True, eq=False)
class Language:
    """What texts of a language are made of, in an encoding.

    Attributes:
        encoding: the encoding.
        words: known words, separated by spaces.
        frequent: frequent characters, besides those of the words.
        usual: codes of the usual characters of two bytes, as (first, last); None: characters have one byte.
    """

    encoding: str
    words: str
    frequent: str = ""
    usual: tuple[int, int] | None = None
    known: frozenset[str] = field(init=False)
    letters: frozenset[str] = field(init=False)
    pairs: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        known = frozenset(self.words.split())
        object.__setattr__(self, "known", known)
        letters = "".join((*known, *self.frequent.split()))
        object.__setattr__(self, "letters", frozenset(c for c in letters if not c.isascii()))
        object.__setattr__(self, "pairs", frozenset(pair for word in known for pair in self._pairs(word)))

    def _pairs(self, word: str) -> list[str]:
        """Return the pairs of neighbours in a word; the ends of Latin words count as neighbours too."""
        return [a + b for a, b in pairwise(f" {word} " if self.usual is None else word)]

    def likelihood(self, cell: str) -> float:
        """Return how much likelier than random bytes the characters beyond ASCII of a cell are."""
        total = KNOWN_UNIT * len(UNIT.findall(cell))
        cell = UNIT.sub(" ", cell)
        total += sum(self._of_word(word) for word in WORD.findall(cell) if not word.isascii())
        if self.usual is None:
            total += 2 * NO_LETTER * len(MIXED.findall(cell))
        else:  # but in Chinese headers such as A股PE, frequent characters may stand between capitals
            inside = IN_LATIN.findall(cell)
            total += IMPOSSIBLE * sum(after.islower() or not self.letters.issuperset(word) for word, after in inside)
        symbols = (c for c in cell if not c.isascii() and not WORD.match(c))
        return total + sum(SYMBOL if c in SYMBOLS else RARE for c in symbols)

    def _of_word(self, word: str) -> float:
        beyond = sum(not c.isascii() for c in word)
        if self.usual is None:
            word = word.lower()
            if word in self.known:
                return KNOWN_LETTER * beyond
            if len(word) == beyond > 1:
                return NO_LETTER * beyond
        elif word in self.known:
            return KNOWN_CHARACTER * beyond
        total, before = 0.0, False
        for left, right in pairwise(f" {word} "):
            beside = left + right in self.pairs
            if not left.isascii():
                total += self._of_character(left, before + beside)
            before = beside
        return total

    def _of_character(self, character: str, neighbours: int) -> float:
        if self.usual is None:
            return LETTER[neighbours] if character in self.letters else NO_LETTER
        if character in self.letters:
            return FREQUENT[neighbours]
        first, last = self.usual
        return USUAL if first <= int.from_bytes(character.encode(self.encoding), "big") <= last else RARE


LANGUAGES = [
    Language("gb18030", words_of.SIMPLIFIED_CHINESE, words_of.FREQUENT_SIMPLIFIED_CHINESE, (0xB0A1, 0xD7F9)),
    Language("cp950", words_of.TRADITIONAL_CHINESE, words_of.FREQUENT_TRADITIONAL_CHINESE, (0xA440, 0xC67E)),
    Language("cp932", words_of.JAPANESE, words_of.FREQUENT_JAPANESE, (0x829F, 0x9872)),
    Language("cp949", words_of.KOREAN, words_of.FREQUENT_KOREAN, (0xB0A1, 0xC8FE)),
    *(
        Language("cp1252", words)
        for words in (
            words_of.GERMAN, words_of.FRENCH, words_of.SPANISH, words_of.PORTUGUESE, words_of.ITALIAN,
            words_of.SWEDISH, words_of.DANISH_NORWEGIAN,
        )
    ),
    *(
        Language("cp1250", words)
        for words in (
            words_of.POLISH, words_of.CZECH_SLOVAK, words_of.HUNGARIAN, words_of.CROATIAN_SLOVENE, words_of.ROMANIAN,
        )
    ),
]  # fmt: skip
EAST_ASIA = {language.encoding for language in LANGUAGES if language.usual is not None}
ENCODINGS = tuple(dict.fromkeys(language.encoding for language in LANGUAGES))


def found_encoding(content: bytes, source: str, among: Collection[str] = ENCODINGS) -> str:
    """Return the encoding in which a text that is not all ASCII reads like some language.

    Encodings in which it reads the same count as one.

    Args:
        content: the text, or some of its lines.
        source: the file, for messages.
        among: encodings that it may have.

    Raises:
        InputError: several encodings are likely, or none is.

    >>> found_encoding("日期,销量".encode("gbk"), "sales.csv"), found_encoding("Köln".encode("latin-1"), "sales.csv")
    ('gb18030', 'cp1252')
    """
    cells = list(dict.fromkeys(cell for cell in CELL.findall(content) if not cell.isascii()))[:MOST_CELLS]
    readings: dict[str, list[str]] = {}
    likelihoods: dict[str, float] = {}
    for language in LANGUAGES:
        encoding = language.encoding
        texts = readings.get(encoding) or (_decoded(cells, encoding) if encoding in among else None)
        if texts is None:
            continue
        encoding = next((other for other, same in readings.items() if same == texts), encoding)
        readings[encoding] = texts
        likelihood = sum(map(language.likelihood, texts))
        likelihoods[encoding] = max(likelihoods.get(encoding, likelihood), likelihood)
    likely = sorted(likelihoods, key=likelihoods.__getitem__, reverse=True)
    if likely:
        first, *others = (likelihoods[encoding] for encoding in likely)
        enough = ENOUGH_OF_EAST_ASIA if likely[0] in EAST_ASIA else ENOUGH
        if first >= max([enough, *(other + SURE for other in others)]):
            return likely[0]
    raise InputError(
        f"{source} is not in UTF-8, and which encoding it is in is not sure{_shown(readings, likely[:2])}; name it "
        "with --encoding (encoding=… in Python), or save the file in UTF-8."
    )


def _decoded(cells: Sequence[bytes], encoding: str) -> list[str] | None:
    """Return the beginnings of cells as text; None if they are no text in this encoding."""
    new_decoder = codecs.getincrementaldecoder(encoding)
    try:
        return [new_decoder().decode(cell[:LONGEST_CELL], final=len(cell) <= LONGEST_CELL) for cell in cells]
    except UnicodeDecodeError:
        return None


def _shown(readings: Mapping[str, Sequence[str]], likely: Sequence[str]) -> str:
    """Return what a text reads in two encodings, for a message."""
    if not likely:
        return ""
    columns = zip(*(readings[encoding] for encoding in likely), strict=True)
    texts = next(texts for texts in columns if len(set(texts)) == len(texts))
    shown_texts = (f"{shown(text, 40)} in {encoding}" for text, encoding in zip(texts, likely, strict=True))
    return f": {', '.join(shown_texts)}"
