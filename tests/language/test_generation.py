"""Texts that a model writes: limits of the choice, the same seed, and the network's own probabilities."""

from itertools import islice, product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recurra import LanguageModel
from recurra.errors import InputError
from recurra.language.beam_search import beam_search
from recurra.language.generation import generated, probabilities
from recurra.nn import Embedding, OneHot, build_network
from recurra.settings.sampling import SamplingSettings

LOGITS = np.array([2.0, 0.0, 1.0, -1.0])
SOFTMAX = torch.softmax(torch.from_numpy(LOGITS), 0).numpy()


def limited(**options):
    return probabilities(LOGITS[None], SamplingSettings(**options))[0]


def test_without_limits_symbols_are_chosen_as_the_network_says():
    assert limited() == pytest.approx(SOFTMAX)
    assert limited(temperature=0.5) == pytest.approx(torch.softmax(torch.from_numpy(2 * LOGITS), 0).numpy())
    assert limited(temperature=0.0).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"top_k": 2}, [0, 2]),
        ({"top_k": 9}, [0, 1, 2, 3]),
        ({"top_p": 0.5}, [0]),
        ({"top_p": 0.8}, [0, 2]),
        ({"top_p": 1.0}, [0, 1, 2, 3]),
        ({"min_p": 0.3}, [0, 2]),
        ({"top_k": 3, "top_p": 0.99, "min_p": 0.1}, [0, 1, 2]),
    ],
)
def test_limits_leave_the_most_probable_symbols_with_their_odds(options, kept):
    found = limited(**options)
    assert found.nonzero()[0].tolist() == kept
    assert found[kept] == pytest.approx(SOFTMAX[kept] / SOFTMAX[kept].sum())


@pytest.mark.parametrize("encoder", [Embedding(5, 3), OneHot(5)])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("residual", [False, True])
def test_a_network_step_by_step_computes_what_it_computes_at_once(encoder, cell, residual):
    network = build_network(
        encoder=encoder, cell=cell, units=[4, 4], outputs=5, dropout=0.3, return_sequences=True, residual=residual
    )
    ids = torch.tensor([[3, 1, 4, 1, 0, 2]])
    with torch.no_grad():
        at_once = network.eval()(ids)[0]
    stepper = network.stepper()
    for token, expected in zip(ids[0].tolist(), at_once, strict=True):
        state = stepper.state
        assert torch.allclose(stepper(token), expected, atol=1e-6)
    stepper.state = state
    assert torch.allclose(stepper(int(ids[0, -1])), at_once[-1], atol=1e-6)
    stepper.reset()
    assert torch.allclose(stepper(int(ids[0, 0])), at_once[0], atol=1e-6)


@pytest.mark.parametrize("encoder", [Embedding, OneHot])
@pytest.mark.parametrize("tokens", [1, [1, 2, 3]])
def test_tokens_are_read_on_the_device_of_the_network(encoder, tokens):
    layer = Embedding(5, 3) if encoder is Embedding else OneHot(5)
    network = build_network(encoder=layer, cell="gru", units=[4], outputs=5, return_sequences=True).to("meta")
    stepper = network.stepper(sequences=len(tokens) if isinstance(tokens, list) else None)
    assert stepper(tokens).device.type == "meta"


def test_generated_symbols_have_the_frequencies_of_the_network():
    torch.manual_seed(1)
    network = build_network(encoder=Embedding(4, 3), cell="rnn", units=[3], outputs=4, return_sequences=True)
    with torch.no_grad():
        for layer in network.layers.values():
            for name, parameter in layer.named_parameters():
                parameter.zero_() if name != "bias" or layer is network.layers["simple_rnn"] else parameter.copy_(
                    torch.from_numpy(LOGITS)
                )
    drawn = [symbol for (symbol,) in islice(generated(network, [0], SamplingSettings()), 4000)]
    assert np.bincount(drawn) / 4000 == pytest.approx(SOFTMAX, abs=0.03)
    without = list(islice(generated(network, [0], SamplingSettings(), without=0), 500))
    assert [0] not in without


@given(
    logits=st.lists(st.lists(st.floats(-9, 9, width=32), min_size=7, max_size=7), min_size=1, max_size=5),
    options=st.fixed_dictionaries(
        {"temperature": st.sampled_from([0.0, 0.3, 1.0])},
        optional={"top_k": st.integers(1, 8), "top_p": st.floats(0.01, 1.0), "min_p": st.floats(0.0, 1.0)},
    ),
)
def test_what_is_chosen_for_a_text_does_not_depend_on_those_beside_it(logits, options):
    several, settings = np.array(logits, np.float32), SamplingSettings(**options)
    one_by_one = [probabilities(row[None], settings)[0] for row in several]
    np.testing.assert_array_equal(probabilities(several, settings), one_by_one)
    assert np.sum(one_by_one, axis=1) == pytest.approx(1.0)


def of_tokens(size, seed=0):
    torch.manual_seed(seed)
    return build_network(encoder=Embedding(size, 3), cell="lstm", units=[4, 4], outputs=size, return_sequences=True)


def nats_of(network, ids):
    with torch.no_grad():
        log_p = network(torch.tensor([ids]))[0].double().log_softmax(-1)
    return -sum(float(log_p[place, symbol]) for place, symbol in enumerate(ids[1:]))


def test_a_beam_as_wide_as_there_are_texts_finds_the_most_probable_ones_in_their_order():
    network, prompt = of_tokens(3), [1, 0]
    given = nats_of(network, prompt)
    every = sorted((nats_of(network, [*prompt, *text]) - given, list(text)) for text in product(range(3), repeat=4))
    found = beam_search(network, prompt, length=4, beams=81)
    assert [text.symbols for text in found] == [symbols for _, symbols in every]
    assert [text.nats for text in found] == pytest.approx([nats for nats, _ in every], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_narrow_beam_takes_the_most_probable_symbol_each_time_and_a_wider_one_finds_no_worse(seed):
    network = of_tokens(6, seed)
    (greedy,) = beam_search(network, [2], length=8, beams=1)
    assert greedy.symbols == [
        symbol for (symbol,) in islice(generated(network, [2], SamplingSettings(temperature=0.0)), 8)
    ]
    found = beam_search(network, [2], length=8, beams=200)
    assert len(found) == 200
    assert found[0].nats <= greedy.nats + 1e-9
    for text in (found[0], found[-1]):
        assert text.nats == pytest.approx(nats_of(network, [2, *text.symbols]), abs=1e-5)


def test_a_beam_search_never_writes_the_unknown_symbol():
    found = beam_search(of_tokens(3), [0], length=3, beams=100, without=2)
    assert sorted(text.symbols for text in found) == [list(text) for text in product(range(2), repeat=3)]


@pytest.fixture(scope="module")
def model():
    return LanguageModel(
        mode="stream", cell="gru", units=16, window=5, batch_size=4, epochs=60, learning_rate=0.03
    ).fit("天地玄黄，宇宙洪荒。\n" * 40)


def test_a_model_writes_in_the_manner_of_its_text(model):
    assert "".join(islice(model.generate("天地", temperature=0.1), 9)) == "玄黄，宇宙洪荒。\n"
    assert "".join(islice(model.generate(temperature=0.0), 4)) == "天地玄黄"


def test_the_same_seed_gives_the_same_text(model):
    texts = ["".join(islice(model.generate(seed=seed, temperature=20.0), 50)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        *product(["lstm", "gru", "rnn", "mingru"], [{}, {"units": [5, 5], "residual": True}]),
        *product(["lstm", "gru", "rnn"], [{"layer_norm": True}]),
        ("gru", {"unknown": "?"}),
        ("gru", {"tokens": "bpe", "vocabulary_size": 258}),
    ],
    ids=str,
)
def test_texts_that_are_written_at_once_are_those_that_are_written_alone(cell, options):
    model = LanguageModel(
        **{"mode": "stream", "cell": cell, "units": 9, "window": 5, "batch_size": 4, "steps": 3, **options}
    )
    model.fit("天地玄黄，宇宙洪荒。\n" * 9)
    at_once = model.generate_many("天地", count=5, seed=7, temperature=3.0)
    texts = ["".join(text) for text in zip(*islice(at_once, 60), strict=True)]
    assert texts == ["".join(islice(model.generate("天地", seed=7 + n, temperature=3.0), 60)) for n in range(5)]
    assert len(set(texts)) == 5


def test_what_surprises_the_model_is_what_it_has_not_read(model):
    surprise = dict(model.surprise("天地玄黄，宇天"))
    assert surprise.pop("天") > 3.0
    assert max(surprise.values()) < 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompt": ""}, "the prompt is empty"),
        ({"prompt": "x"}, "symbol 'x' at position 1 is unknown"),
        ({"temperature": -1.0}, "temperature is -1.0; expected"),
        ({"top_k": 0}, "top_k is 0; expected"),
        ({"top_p": 0.0}, "top_p is 0.0; expected"),
        ({"min_p": 2.0}, "min_p is 2.0; expected"),
        ({"seed": -1}, "seed is -1; expected"),
        ({"seed": 2**63}, "seed is 9223372036854775808; expected"),
    ],
)
def test_bad_arguments_are_named(model, arguments, message):
    with pytest.raises(InputError, match=message):
        model.generate(**arguments)


def test_the_most_probable_text_is_the_one_that_was_read(model):
    found = model.beam_search("天地", length=9, beams=3)
    assert found[0][0] == "玄黄，宇宙洪荒。\n"
    nats = [nats for _, nats in found]
    assert len(found) == 3
    assert nats == sorted(nats)
    assert nats[0] < 0.5 < nats[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompt": ""}, "the prompt is empty"),
        ({"length": 0}, r"LanguageModel.beam_search: length is 0; it must be at least 1"),
        ({"beams": 0}, r"LanguageModel.beam_search: beams is 0; it must be at least 1"),
        ({"beams": 2.5}, r"LanguageModel.beam_search: beams is 2.5; expected an integer"),
    ],
)
def test_bad_arguments_of_a_beam_search_are_named(model, arguments, message):
    with pytest.raises(InputError, match=message):
        model.beam_search(**{"length": 3, **arguments})


def test_a_model_of_windows_neither_writes_nor_judges_a_text():
    model = LanguageModel(epochs=1).fit("abcdea")
    for asked in (model.generate, lambda: model.surprise("abc"), lambda: model.beam_search(length=1)):
        with pytest.raises(InputError, match=r"trained on windows of 1 symbol; it needs one .* mode=\"stream\""):
            asked()
