"""What the units of a network hold while it reads, against its trace, and units that were made to follow something."""

import random

import numpy as np
import pytest
import torch

from recurra import LanguageModel
from recurra.errors import InputError
from recurra.nn.trace import trace

SURE = 30.0  # what a sigmoid is given to be 0 or 1, and tanh to be -1 or 1


def text_with_quotes(length: int = 3000) -> str:
    random.seed(0)
    words = ["“yes” ", "no ", "“not now” ", "(so ", "it) ", "seems\n"]
    return "".join(random.choice(words) for _ in range(length // 4))[:length]


def model_of(text: str, cell: str, **settings: object) -> LanguageModel:
    return LanguageModel(mode="stream", cell=cell, steps=1, window=8, batch_size=4, seed=1, **settings).fit(text)


def made_to_follow_quotes(model: LanguageModel, layer: str, unit: int) -> None:
    """Set the unit at “, reset it at ”, and keep it everywhere else."""
    found = model.network_.layers[layer]
    begin, end = model.vocabulary_.encode("“”")
    gates = found.weight_ih.shape[0] // found.hidden_size
    weights = found.weight_ih.detach().view(gates, found.hidden_size, -1)
    with torch.no_grad():
        biases = [found.bias] if hasattr(found, "bias") else [found.bias_ih, found.bias_hh]
        for tensor in (found.weight_ih, found.weight_hh, *biases):
            tensor.view(gates, found.hidden_size, -1)[:, unit] = 0.0
        bias = biases[0].view(gates, -1)[:, unit]
        if gates == 4:  # i, f, g, o
            bias[0], bias[1] = -SURE, SURE
            weights[0, unit, [begin, end]] = 2 * SURE
            weights[1, unit, [begin, end]] = -2 * SURE
            weights[2, unit, begin], weights[2, unit, end] = SURE, -SURE
        else:  # r, z, n
            bias[1] = SURE
            weights[1, unit, [begin, end]] = -2 * SURE
            weights[2, unit, begin], weights[2, unit, end] = SURE, -SURE


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("falls", [False, True])
def test_a_unit_that_follows_quotes_is_found_with_a_perfect_score(cell: str, falls: bool) -> None:
    text = text_with_quotes()
    model = model_of(text, cell, units=9)
    made_to_follow_quotes(model, cell, 5)
    if falls:  # it holds less inside of quotes
        layer = model.network_.layers[cell]
        with torch.no_grad():
            layer.weight_ih.view(-1, 9, layer.input_size)[2, 5] *= -1.0
    best, *others = model.followers(text)
    assert best == ("inside quotes", f"{cell}:5", 1.0)
    assert {other.what for other in others} == {"position in the line", "bracket depth"}  # nothing is indented
    assert all(other.right < 1.0 for other in others)


def test_the_score_is_that_of_the_half_in_which_the_unit_was_not_chosen() -> None:
    text = text_with_quotes()
    half = len(text) // 2
    turned = text[:half] + "” " + text[half:].translate(str.maketrans("“”", "「」"))
    model = model_of(turned, "gru", units=9)
    made_to_follow_quotes(model, "gru", 5)
    (found,) = (each for each in model.followers(turned) if each.what == "inside quotes")
    assert found == ("inside quotes", "gru:5", 0.5)  # it knows nothing of 「」


def test_the_share_of_right_pairs_is_the_area_under_the_roc_curve() -> None:
    from sklearn.metrics import roc_auc_score

    from recurra.language.followed import followed

    text = text_with_quotes(8_000)
    model = model_of(text, "gru", units=1)
    found = {each.what: each.right for each in model.followers(text)}
    half = len(text) // 2
    area = roc_auc_score(followed(text)["inside quotes"][half:], model.inside(text).unit("0")[half:])
    assert max(found["inside quotes"], 1 - found["inside quotes"]) == pytest.approx(max(area, 1 - area), abs=0.02)


@pytest.mark.parametrize(("cell", "state"), [("rnn", "h"), ("gru", "h"), ("lstm", "c")])
def test_units_and_guesses_are_those_of_the_trace(cell: str, state: str) -> None:
    text = text_with_quotes()
    model = model_of(text, cell, units=[6, 6], residual=True)
    part = text[:50]
    found = model.inside(part, guesses=2)
    seen = trace(model.network_, torch.from_numpy(model.vocabulary_.encode(part))[None])
    assert "".join(found.symbols) == part
    assert len(found.units) == 2
    for layer, values in found.units.items():
        np.testing.assert_allclose(values, seen[layer][state][0], atol=1e-6)
    chances = seen.output[0].softmax(dim=-1)
    assert [len(place) for place in found.guesses] == [0, *[2] * 50]
    for place, own in zip(found.guesses[1:], chances, strict=True):
        assert [chance for _, chance in place] == pytest.approx(own.topk(2).values.tolist(), abs=1e-6)
        assert [symbol for symbol, _ in place] == model.vocabulary_.decode(own.topk(2).indices.tolist())


def test_symbols_of_several_characters_follow_what_stands_at_their_end() -> None:
    text = ("say “not now” to it, " * 200).strip()
    model = model_of(text, "gru", tokens="words", units=9)
    made_to_follow_quotes(model, "gru", 4)
    assert model.inside(text).symbols[:3] == ["say", " ", "“"]
    assert model.followers(text)[0] == ("inside quotes", "gru:4", 1.0)


def test_a_byte_pair_code_inside_a_character_has_no_piece() -> None:
    pytest.importorskip("tokenizers")
    text = "天地玄黄，宇宙洪荒。" * 30
    model = model_of(text, "gru", tokens="bpe", vocabulary_size=256, units=4)
    assert model.inside("天地").symbols == ["", "", "天", "", "", "地"]
    assert model.followers(text) == []  # of 900 symbols


def test_an_unknown_symbol_is_shown_as_it_is_written() -> None:
    model = model_of("abc" * 50, "rnn", units=2, unknown="\ufffd")
    seen = model.inside("aZb")
    assert seen.symbols == ["a", "Z", "b"]
    assert [symbol for symbol, _ in model.surprise("aZb")] == ["Z", "b"]
    assert dict(model.surprise("aZb"))["Z"] == dict(model.surprise("a\ufffdb"))["\ufffd"]


def test_a_short_text_says_nothing_about_units() -> None:
    text = text_with_quotes()
    model = model_of(text, "gru", units=4)
    assert model.followers(text[:999]) == []
    assert model.followers(text[:1000]) != []


def test_what_is_no_unit_or_no_text_is_named() -> None:
    model = model_of("abc" * 50, "gru", units=[3, 2])
    found = model.inside("ab")
    assert found.unit("gru_1:1").shape == (2,)
    for name in ("1", "gru:3", "gru_1:-1", "lstm:0", "gru:", "", "gru:" + "1" * 5000):
        with pytest.raises(InputError, match=r"the units are gru:0 to gru:2, gru_1:0 to gru_1:1\."):
            found.unit(name)
    with pytest.raises(InputError, match="the text is empty"):
        model.inside("")
    with pytest.raises(InputError, match='mode="stream"'):
        LanguageModel(epochs=1).fit("abcabc").inside("a")
