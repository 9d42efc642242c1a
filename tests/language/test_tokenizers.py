"""What a symbol is: characters, words by the documented rule, byte-pair codes by Hugging Face's library."""

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.language.tokenizers import BytePairs, Characters, Words, tokenizer_from_json, whole_words

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
BOOK = "the cat sat on the mat. 猫坐在垫子上。\n" * 30


@given(ANY_TEXT)
def test_joined_symbols_are_the_text(text):
    for tokenizer in (Characters(), Words()):
        symbols = tokenizer.split(text)
        assert tokenizer.join(symbols) == text
        counts = tokenizer.count(text) if text else {}
        assert list(counts) == list(dict.fromkeys(symbols))
        assert all(counts[symbol] == symbols.count(symbol) for symbol in counts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't go", ["Don't", " go"]),
        ("x_1 = 42;\n", ["x_1", " ", "=", " 42", ";", "\n"]),
        ("红楼梦 is a book", ["红", "楼", "梦", " is", " a", " book"]),
        ("if a:\n    return b", ["if", " a", ":", "\n", "    ", "return", " b"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("l’été!", ["l’été", "!"]),
    ],
)
def test_words_follow_the_rule(text, words):
    assert Words().split(text) == words


@given(ANY_TEXT, st.lists(st.integers(1, 9)))
def test_pieces_are_cut_between_words(text, lengths):
    pieces, position = [], 0
    for length in [*lengths, len(text)]:
        pieces.append(text[position : position + length])
        position += length
    cut = list(whole_words(pieces))
    assert "".join(cut) == text


def test_pieces_are_cut_at_line_ends_or_before_spaces():
    assert list(whole_words(["one two\nth", "ree four fi", "ve"])) == ["one two\n", "three four", " five"]


def test_byte_pairs_are_those_of_the_library():
    codes = BytePairs.learned([BOOK], 300)
    assert len(codes.symbols) <= 300
    assert codes.join(codes.split(BOOK)) == BOOK
    assert codes.split("the cat") == codes.codes.encode("the cat").tokens
    assert len(codes.split(BOOK)) < len(BOOK) / 2
    again = tokenizer_from_json(codes.to_json())
    assert again.split(BOOK) == codes.split(BOOK)


def test_a_tokenizer_of_the_library_is_loaded_from_its_file(tmp_path):
    path = tmp_path / "tokenizer.json"
    library = tokenizers.ByteLevelBPETokenizer() if hasattr(tokenizers, "ByteLevelBPETokenizer") else None
    assert library is not None
    library.train_from_iterator([BOOK], vocab_size=280)
    library.save(str(path))
    loaded = BytePairs.loaded(path)
    assert loaded.split("the mat") == library.encode("the mat").tokens


@pytest.mark.parametrize("content", ["{}", "no json", '{"version": "1.0"}'])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"tokenizer\.json is not a tokenizer of Hugging Face"):
        BytePairs.loaded(path)


def test_byte_pair_codes_need_one_for_each_byte():
    with pytest.raises(InputError, match="at least 256"):
        BytePairs.learned(["abc"], 255)
