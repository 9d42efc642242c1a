"""How a text is cut into symbols: characters, words, or byte-pair codes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError, reason, shown, shown_path

if TYPE_CHECKING:
    import tokenizers

# Characters of which each is a word: Chinese ones, and the syllables of Japanese.
IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LETTERS = rf"[^\W{IDEOGRAPHS}]+"
WORD = re.compile(rf"[{IDEOGRAPHS}]| ?{LETTERS}(?:['’]{LETTERS})*| +|.", re.DOTALL)


class Tokenizer(Protocol):
    """Cuts texts into symbols, and joins symbols into texts: `join(split(text))` is the text."""

    def split(self, text: str) -> list[str]: ...
    def join(self, symbols: Sequence[str]) -> str: ...
    def to_json(self) -> dict[str, str]:
        """Return the tokenizer as JSON values, for `tokenizer_from_json`."""
        ...


class Characters:
    """Every character is a symbol.

    >>> Characters().split("ab c")
    ['a', 'b', ' ', 'c']
    """

    def split(self, text: str) -> list[str]:
        return list(text)

    def join(self, symbols: Sequence[str]) -> str:
        return "".join(symbols)

    def count(self, text: str) -> dict[str, int]:
        """Count each symbol of a text, in the order of their first occurrence."""
        counts = np.bincount(code_points(text))
        found = {chr(point): int(counts[point]) for point in np.flatnonzero(counts)}
        return {symbol: found[symbol] for symbol in sorted(found, key=text.index)}

    def to_json(self) -> dict[str, str]:
        return {"tokens": "characters"}


class Words:
    """A symbol is a word with the space before it, if there is one.

    A word is a run of letters, digits and underscores, with apostrophes inside it; every Chinese character, and every
    other character, such as a punctuation mark or a line break, is a symbol of its own. More spaces than one are one
    symbol.

    >>> Words().split("Don't go,  天地!")
    ["Don't", ' go', ',', '  ', '天', '地', '!']
    """

    def split(self, text: str) -> list[str]:
        return WORD.findall(text)

    def join(self, symbols: Sequence[str]) -> str:
        return "".join(symbols)

    def count(self, text: str) -> dict[str, int]:
        """Count each symbol of a text, in the order of their first occurrence."""
        return Counter(self.split(text))

    def to_json(self) -> dict[str, str]:
        return {"tokens": "words"}


class BytePairs:
    """Byte-pair codes: bytes, and the pairs of them that are most frequent, again and again (Sennrich et al., 2016).

    It has no unknown symbols, since every byte is one. It needs Hugging Face's tokenizers: `pip install recurra[bpe]`.

    Args:
        codes: a tokenizer of that library.
    """

    def __init__(self, codes: "tokenizers.Tokenizer") -> None:
        self.codes = codes

    @classmethod
    def learned(cls, texts: Iterable[str], size: int) -> "BytePairs":
        """Learn codes from texts.

        Args:
            texts: the texts.
            size: number of codes, at least 256.

        Raises:
            InputError: the size is less than 256, or the library is missing.
        """
        if size < 256:
            raise InputError(f"vocabulary_size is {size}; byte-pair codes need at least 256, one for each byte.")
        library = _library()
        codes = library.Tokenizer(library.models.BPE())
        codes.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        codes.decoder = library.decoders.ByteLevel()
        alphabet = library.pre_tokenizers.ByteLevel.alphabet()
        trainer = library.trainers.BpeTrainer(vocab_size=size, initial_alphabet=sorted(alphabet), show_progress=False)
        codes.train_from_iterator(texts, trainer)
        return cls(codes)

    @classmethod
    def loaded(cls, path: str | Path) -> "BytePairs":
        """Load the file of a tokenizer, tokenizer.json.

        Raises:
            InputError: there is no such file, or it holds no tokenizer.
        """
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{shown_path(path)} cannot be read ({reason(error, 100)}).") from error
        return cls.parsed(text, shown_path(path))

    @classmethod
    def parsed(cls, text: str, where: str) -> "BytePairs":
        """Make a tokenizer from the text of a tokenizer.json; an InputError begins with where it stands."""
        try:
            return cls(_library().Tokenizer.from_str(text))
        except InputError:
            raise
        except Exception as error:  # the library raises no class of its own
            raise InputError(
                f"{where} is not a tokenizer of Hugging Face ({reason(error, 100)}); expected its tokenizer.json."
            ) from error

    def to_json(self) -> dict[str, str]:
        return {"tokens": "bpe", "codes": str(self.codes.to_str())}

    @property
    def symbols(self) -> list[str]:
        """All codes, in the order of their ids."""
        ids = self.codes.get_vocab(with_added_tokens=True)
        return sorted(ids, key=ids.__getitem__)

    def split(self, text: str) -> list[str]:
        return list(self.codes.encode(text, add_special_tokens=False).tokens)

    def join(self, symbols: Sequence[str]) -> str:
        return str(self.codes.decoder.decode(list(symbols)))


def tokenizer_from_json(described: Mapping[str, str]) -> Tokenizer:
    """Return the tokenizer that `Tokenizer.to_json` described.

    Raises:
        InputError: the description is invalid, or its library is missing.
    """
    tokens = described.get("tokens")
    if tokens == "bpe":
        return BytePairs.parsed(described.get("codes", ""), "the tokenizer of the vocabulary")
    if tokens not in {"characters", "words"}:
        raise InputError(f"tokens is {shown(tokens)}; expected characters, words or bpe.")
    return Words() if tokens == "words" else Characters()


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the numbers of the characters of a text in Unicode, [T]."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def whole_words(pieces: Iterable[str]) -> Iterator[str]:
    """Cut a text where a line ends, or a word before a space, in place of anywhere.

    A piece that has neither stays as it is.
    """
    begun = ""
    for piece in pieces:
        text = begun + piece
        end = text.rfind("\n") + 1 or len(text[: max(text.rfind(" "), 0)].rstrip(" ")) or len(text)
        yield text[:end]
        begun = text[end:]
    if begun:
        yield begun


def _library() -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as error:
        raise InputError(
            "byte-pair codes need Hugging Face's tokenizers: pip install 'recurra[bpe]', or choose tokens='words'."
        ) from error
    return tokenizers
