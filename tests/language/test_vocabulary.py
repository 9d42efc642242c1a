"""Vocabularies and windows: round trips, orders, errors that name the place, and views instead of copies."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.language.tokenizers import BytePairs
from recurra.language.vocabulary import Vocabulary, windows

unhurried = settings(deadline=None)  # a busy machine is no fault of ours
any_character = st.characters(exclude_categories=())  # lone surrogates and unassigned ones too
texts = st.text(any_character, min_size=1)
words = st.lists(st.text(any_character, min_size=1, max_size=5), min_size=1)
sequences = st.one_of(texts, words)
orders = st.sampled_from(["first-seen", "sorted"])


@unhurried
@given(sequences, orders)
def test_decode_gives_back_what_encode_took(sequence, order):
    vocabulary = Vocabulary.from_sequence(sequence, order=order)
    ids = vocabulary.encode(sequence)
    assert ids.dtype == np.int64
    assert ids.shape == (len(sequence),)
    assert vocabulary.decode(ids) == list(sequence)


@unhurried
@given(sequences)
def test_ids_count_the_symbols_in_the_order_in_which_they_are_first_seen(sequence):
    order = sorted(set(sequence), key=list(sequence).index)
    assert Vocabulary.from_sequence(sequence).decode(range(len(order))) == order


@unhurried
@given(sequences)
def test_sorted_ids_are_those_of_numpy_unique(sequence):
    symbols, ids = np.unique(np.array(list(sequence), dtype=object), return_inverse=True)
    vocabulary = Vocabulary.from_sequence(sequence, order="sorted")
    assert vocabulary.symbols == tuple(symbols)
    np.testing.assert_array_equal(vocabulary.encode(sequence), ids)


@unhurried
@given(sequences)
def test_its_size_is_the_number_of_different_symbols_and_it_contains_them(sequence):
    vocabulary = Vocabulary.from_sequence(sequence)
    assert len(vocabulary) == len(set(sequence))
    assert all(symbol in vocabulary for symbol in sequence)


@unhurried
@given(sequences, orders, st.none() | st.just("<unknown>"))
def test_json_gives_an_equal_vocabulary(sequence, order, unknown):
    vocabulary = Vocabulary.from_sequence(sequence, order=order, unknown=unknown)
    copy = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert copy == vocabulary
    assert hash(copy) == hash(vocabulary)
    np.testing.assert_array_equal(copy.encode(sequence), vocabulary.encode(sequence))


def test_vocabularies_are_equal_only_with_the_same_order_and_the_same_unknown():
    assert Vocabulary("ab") != Vocabulary("ba")
    assert Vocabulary("ab", unknown="?") != Vocabulary("ab?")
    assert Vocabulary("ab") != ("a", "b")


@pytest.mark.parametrize(
    ("sequence", "order", "symbols"),
    [
        ("cabca", "first-seen", ("c", "a", "b")),
        ("cabca", "sorted", ("a", "b", "c")),
        (["to", "be", "or", "not", "to", "be"], "first-seen", ("to", "be", "or", "not")),
        (["to", "be", "or", "not", "to", "be"], "sorted", ("be", "not", "or", "to")),
        (["你好", "世界", "你好"], "first-seen", ("你好", "世界")),
        ("天地玄黄天", "first-seen", ("天", "地", "玄", "黄")),
    ],
)
def test_symbols_are_the_characters_of_a_text_or_the_members_of_a_list(sequence, order, symbols):
    assert Vocabulary.from_sequence(sequence, order=order).symbols == symbols


@unhurried
@given(words, st.text(any_character, min_size=1, max_size=5), st.integers(min_value=0), st.integers(1, 1000))
def test_an_unknown_symbol_is_named_with_its_place_which_counts_from_one(symbols, stranger, place, first):
    vocabulary = Vocabulary([symbol for symbol in dict.fromkeys(symbols) if symbol != stranger] or [stranger + "!"])
    known = [symbol for symbol in symbols if symbol != stranger and symbol in vocabulary]
    place %= len(known) + 1
    asked = [*known[:place], stranger, *known[place:], stranger]
    with pytest.raises(InputError) as error:
        vocabulary.encode(asked, first=first)
    assert f"symbol {stranger!r} at position {place + first} is unknown" in str(error.value)


def test_the_error_of_an_unknown_symbol_lists_the_known_ones():
    with pytest.raises(InputError) as error:
        Vocabulary.from_sequence("abcde").encode("abxd")
    assert str(error.value) == "symbol 'x' at position 3 is unknown; the known symbols are: a b c d e."


def test_the_list_of_known_symbols_makes_spaces_visible_and_ends_after_sixty():
    vocabulary = Vocabulary([" ", "\n", "New York", *map(str, range(97))])
    with pytest.raises(InputError) as error:
        vocabulary.encode(["x"])
    message = str(error.value)
    assert "the known symbols are: ' ' '\\n' 'New York' 0 1 2 " in message
    assert message.endswith(" 55 56 … and 40 more.")
    assert "\n" not in message


@unhurried
@given(sequences, texts)
def test_with_an_unknown_symbol_every_other_one_gets_the_last_id(sequence, text):
    vocabulary = Vocabulary.from_sequence(sequence, unknown="<unknown>")
    known = list(dict.fromkeys(sequence))
    expected = [known.index(symbol) if symbol in known else len(known) for symbol in text]
    assert vocabulary.encode(text).tolist() == expected
    assert len(vocabulary) == len(known) + 1
    assert vocabulary.decode([len(known)]) == ["<unknown>"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Vocabulary([]), "needs at least one symbol; the sequence is empty"),
        (lambda: Vocabulary.from_sequence(""), "needs at least one symbol; the sequence is empty"),
        (lambda: Vocabulary([], unknown="?"), "needs at least one symbol"),
        (lambda: Vocabulary(["a", ""]), "strings of at least one character; found ''"),
        (lambda: Vocabulary(["a", 5]), "strings of at least one character; found 5"),
        (lambda: Vocabulary.from_sequence([1, "a"], order="sorted"), "strings of at least one character; found 1"),
        (lambda: Vocabulary.from_sequence([["a", "b"], ["c"]]), r"found \['a', 'b'\]"),
        (lambda: Vocabulary(["a", "b", "a"]), "'a' occurs twice"),
        (lambda: Vocabulary(["a", "?"], unknown="?"), r"'\?' occurs twice"),
        (lambda: Vocabulary(["a"], unknown=""), "found ''"),
        (lambda: Vocabulary.from_sequence("abc", order="random"), "order is 'random'; expected first-seen or sorted"),
    ],
)
def test_what_cannot_be_a_vocabulary_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(("ids", "found"), [([0, 3], "id 3 at position 2"), ([-1], "id -1 at position 1")])
def test_decode_refuses_ids_outside_the_vocabulary(ids, found):
    with pytest.raises(InputError, match=f"{found} is not between 0 and 2"):
        Vocabulary("abc").decode(ids)


@pytest.mark.parametrize(
    ("symbols", "line", "parts"),
    [
        ("abc", "abc", ["a", "b", "c"]),
        ("abc", " a b\tc ", ["a", "b", "c"]),
        ("ab ", "a b", ["a", " ", "b"]),
        ("ab\n", "a\nb", ["a", "\n", "b"]),
        ("天地", "天\u3000地", ["天", "地"]),
        ("天地\u3000", "天\u3000地", ["天", "\u3000", "地"]),
        (["to", "be"], "to  be ", ["to", "be"]),
        (["a", "be"], "a be", ["a", "be"]),
        (["a", "be"], "abe", ["abe"]),
        ("abc", "", []),
    ],
)
def test_a_typed_line_is_cut_at_spaces_where_symbols_have_several_characters_else_into_characters(symbols, line, parts):
    assert Vocabulary(symbols).split(line) == parts


def test_a_long_name_of_the_unknown_symbol_does_not_make_the_letters_words():
    vocabulary = Vocabulary("abc", unknown="<unknown>")
    assert vocabulary.split("abx") == ["a", "b", "x"]
    assert vocabulary.join(["a", "b"]) == "ab"


def test_a_byte_pair_code_is_shown_by_its_characters_or_if_it_ends_inside_one_as_it_is():
    pytest.importorskip("tokenizers")
    codes = BytePairs.learned(["the cat 天"] * 50, 258)
    vocabulary = Vocabulary(codes.symbols, tokenizer=codes)
    assert [vocabulary.text_of(code) for code in codes.split("天 t")] == ["å", "¤", "©", " ", "t"]  # E5 A4 A9
    assert Vocabulary("ab").text_of("b") == "b"


@unhurried
@given(texts)
def test_split_gives_back_the_characters_that_join_took(text):
    vocabulary = Vocabulary.from_sequence(text)
    assert vocabulary.split(vocabulary.join(list(text))) == list(text)


@unhurried
@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=2), min_size=1))
def test_split_gives_back_the_words_that_join_took(symbols):
    vocabulary = Vocabulary.from_sequence(symbols)
    assert vocabulary.split(vocabulary.join(symbols)) == symbols


@pytest.mark.parametrize(
    ("vocabulary", "shown"),
    [
        (Vocabulary("abc"), "Vocabulary(a b c)"),
        (Vocabulary(["New York", "Paris"], unknown="?"), "Vocabulary('New York' Paris ?, unknown='?')"),
    ],
)
def test_repr_shows_the_symbols(vocabulary, shown):
    assert repr(vocabulary) == shown


id_arrays = st.lists(st.integers(0, 2**40), max_size=40).map(lambda ids: np.array(ids, np.int64))


@unhurried
@given(id_arrays, st.integers(1, 12))
def test_windows_are_those_of_a_naive_double_loop(ids, window):
    naive_inputs, naive_last, naive_every = [], [], []
    for start in range(len(ids) - window):
        naive_inputs.append([ids[start + step] for step in range(window)])
        naive_last.append(ids[start + window])
        naive_every.append([ids[start + step + 1] for step in range(window)])
    if not naive_inputs:
        for targets in ("last", "every"):
            with pytest.raises(InputError, match=rf"has {len(ids)} symbols?; a window of {window} needs at least"):
                windows(ids, window, targets=targets)
        return
    inputs, last = windows(ids, window)
    same_inputs, every = windows(ids, window, targets="every")
    np.testing.assert_array_equal(inputs, naive_inputs)
    np.testing.assert_array_equal(same_inputs, naive_inputs)
    np.testing.assert_array_equal(last, naive_last)
    np.testing.assert_array_equal(every, naive_every)


def test_windows_of_three_letters_are_followed_by_the_fourth():
    ids = Vocabulary.from_sequence("abcdef").encode("abcdef")
    inputs, targets = windows(ids, 3)
    assert inputs.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert targets.tolist() == [3, 4, 5]


@pytest.mark.parametrize("targets", ["last", "every"])
def test_windows_are_views_that_copy_nothing(targets):
    ids = np.arange(100)
    for part in windows(ids, 7, targets=targets):
        assert np.shares_memory(part, ids)


@pytest.mark.parametrize(("length", "window"), [(0, 1), (1, 1), (5, 5), (3, 10)])
def test_a_sequence_that_is_not_longer_than_the_window_is_refused_with_what_it_needs(length, window):
    message = rf"the sequence has {length} symbols?; a window of {window} needs at least {window + 1}"
    with pytest.raises(InputError, match=message):
        windows(np.arange(length), window)


@pytest.mark.parametrize("window", [0, -3])
def test_a_window_has_at_least_one_step(window):
    with pytest.raises(InputError, match=f"window is {window}; it must be at least 1"):
        windows(np.arange(5), window)


def test_a_text_that_has_the_unknown_symbol_already_means_the_same_by_it():
    vocabulary = Vocabulary.from_sequence(["a", "<unk>", "b"], unknown="<unk>")
    assert vocabulary.symbols == ("a", "b", "<unk>")
    assert vocabulary.encode(["<unk>", "c", "b"]).tolist() == [2, 2, 1]
