"""A text as ids: the vocabulary is that of the training part; many ids lie in a file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.language import corpus as corpus_module
from recurra.language.corpus import read_corpus
from recurra.language.text import FileText
from recurra.settings.language import LanguageModelSettings

BOOK = "the cat sat on the mat. 猫坐在垫子上。\n" * 30


def settings(**options):
    return LanguageModelSettings(mode="stream", **options)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(["characters", "words"]))
def test_the_ids_spell_the_text(text, tokens):
    corpus = read_corpus(text, settings(tokens=tokens))
    vocabulary = corpus.vocabulary
    assert vocabulary.join(vocabulary.decode(corpus.ids)) == text
    assert corpus.ids.dtype == np.uint8
    assert corpus.training == len(corpus.ids)


def test_the_validation_part_is_the_end_of_the_text():
    corpus = read_corpus(BOOK, settings(validation=0.1))
    training, validation = corpus.parts()
    assert (len(training), len(validation)) == (round(0.9 * len(BOOK)), round(0.1 * len(BOOK)))
    assert "".join(corpus.vocabulary.decode(validation)) == BOOK[len(training) :]


def test_symbols_are_ordered_as_asked():
    assert read_corpus("banana!", settings()).vocabulary.symbols == ("b", "a", "n", "!")
    assert read_corpus("banana!", settings(order="sorted")).vocabulary.symbols == ("!", "a", "b", "n")


def test_a_symbol_of_the_validation_part_alone_is_an_error_or_unknown():
    with pytest.raises(InputError, match=r"symbol 'z' at position 9 .* give unknown a symbol"):
        read_corpus("abababab" + "z", settings(validation=1))
    corpus = read_corpus("abababab" + "z", settings(validation=1, unknown="?"))
    assert corpus.vocabulary.decode(corpus.ids[-1:]) == ["?"]


def test_the_most_frequent_words_are_kept():
    corpus = read_corpus("a b a b a c", settings(tokens="words", vocabulary_size=3, unknown="?"))
    assert set(corpus.vocabulary.symbols) == {" a", " b", "?"}
    with pytest.raises(InputError, match=r"vocabulary_size is 2, and the training part has 4 symbols: give unknown"):
        read_corpus("a b a b a c", settings(tokens="words", vocabulary_size=2))
    with pytest.raises(InputError, match="vocabulary_size is 1; expected at least 2"):
        read_corpus("a b a b a c", settings(tokens="words", vocabulary_size=1, unknown="?"))


def test_byte_pair_codes_spell_any_text():
    corpus = read_corpus(BOOK + "\x00🙂", settings(tokens="bpe", vocabulary_size=300, validation=0.2))
    vocabulary = corpus.vocabulary
    assert vocabulary.join(vocabulary.decode(corpus.ids)) == BOOK + "\x00🙂"
    assert corpus.ids.dtype == np.uint16


@pytest.mark.parametrize("tokens", ["characters", "words", "bpe"])
def test_a_large_text_lies_in_a_file_and_is_the_same(tmp_path, monkeypatch, tokens):
    (tmp_path / "book.txt").write_text(BOOK)
    given_settings = settings(tokens=tokens, validation=0.1)
    small = read_corpus(FileText(tmp_path / "book.txt"), given_settings)
    monkeypatch.setattr(corpus_module, "LARGE", 10)
    monkeypatch.setattr("recurra.language.text.AT_ONCE", 64)
    large = read_corpus(FileText(tmp_path / "book.txt"), given_settings, folder=tmp_path)
    assert isinstance(large.ids, np.memmap)
    assert large.ids.tolist() == small.ids.tolist()
    assert large.fingerprint == small.fingerprint
    assert large.counts.tolist() == np.bincount(small.ids[: small.training], minlength=len(small.vocabulary)).tolist()
    assert [file.name for file in tmp_path.iterdir()] == ["book.txt"]


def test_another_text_or_split_has_another_fingerprint():
    prints = {
        read_corpus(text, settings(validation=held_out)).fingerprint
        for text, held_out in [("abab", 0), ("abba", 0), ("abab", 1), ("cdcd", 0)]
    }
    assert len(prints) == 4


def test_an_empty_text_and_a_part_without_training_are_refused():
    with pytest.raises(InputError, match="the text is empty"):
        read_corpus("", settings())
    with pytest.raises(InputError, match=r"validation=4 leaves nothing to train on: the text has 4 characters"):
        read_corpus("abcd", settings(validation=4))
