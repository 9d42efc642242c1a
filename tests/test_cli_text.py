"""recurra generate and recurra score on a small run: what they print, and what they say of wrong values."""

import io
import json
import math
from pathlib import Path

import pytest

from recurra import LanguageModel
from recurra.cli import run
from recurra.training import Run

SAID = "天地玄黄，宇宙洪荒。\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("text") / "run"
    settings = {"units": 24, "window": 10, "batch_size": 4, "epochs": 40, "learning_rate": 0.03}
    with Run(path, "new") as folder:
        LanguageModel(mode="stream", **settings).fit(SAID * 30, run=folder)
    return str(path)


def test_a_text_goes_on_from_the_prompt(trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", trained, "--prompt", "天地", "--length", "9", "--temperature", "0"]) == 0
    assert capsys.readouterr().out == f"{SAID}\n"


def test_several_texts_have_the_seeds_from_the_first_on(trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    wild = ["generate", trained, "--length", "30", "--temperature", "30", "--json"]
    assert run([*wild, "--count", "3", "--seed", "5"]) == 0
    several = json.loads(capsys.readouterr().out)
    assert [text["seed"] for text in several] == [5, 6, 7]
    assert len({text["text"] for text in several}) == 3
    assert run([*wild, "--seed", "6"]) == 0
    assert json.loads(capsys.readouterr().out) == several[1:2]


def test_a_beam_search_writes_the_most_probable_texts(trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    search = ["generate", trained, "--prompt", "天地", "--length", "9", "--beams", "4"]
    assert run(search) == 0
    assert capsys.readouterr().out == f"{SAID}\n"
    assert run([*search, "--count", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said[0]["text"] == SAID
    assert [text["nats"] for text in said] == sorted(text["nats"] for text in said)
    assert len({text["text"] for text in said}) == 3


def test_a_symbol_that_is_out_of_place_surprises(trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", trained, "天地玄天", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    earth, dark, wrong = said["symbols"]
    assert (earth["symbol"], dark["symbol"], wrong["symbol"]) == ("地", "玄", "天")
    assert max(earth["nats"], dark["nats"]) < 0.1
    assert wrong["nats"] > 3.0
    assert said["nats"] == pytest.approx(math.fsum(symbol["nats"] for symbol in said["symbols"]) / 3)
    assert run(["score", trained, "天地玄天"]) == 0
    assert "天地玄天" in capsys.readouterr().out


def test_a_symbol_that_is_unknown_is_shown_as_it_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Run(tmp_path / "run", "new") as folder:
        LanguageModel(mode="stream", tokens="words", unknown="\ufffd", steps=2, window=10).fit(SAID * 30, run=folder)
    assert run(["score", str(tmp_path / "run"), "天地 nowhere"]) == 0
    assert capsys.readouterr().out.startswith("天地 nowhere\n")


def test_byte_pair_codes_are_predicted_as_they_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tokenizers")
    with Run(tmp_path / "run", "new") as folder:
        model = LanguageModel(mode="stream", tokens="bpe", vocabulary_size=262, steps=60, learning_rate=0.03, window=10)
        model.fit("to be or not to be, " * 60, run=folder)
    assert run(["predict", str(tmp_path / "run"), "to be or"]) == 0
    said = capsys.readouterr().out
    assert "' " in said
    assert "Ġ" not in said


def test_a_text_is_read_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--units", "8", "--window", "10", "--batch-size", "4", "--steps", "2", "--validation", "0", "--quiet"]
    for number, given in enumerate((["--data", "-"], ["--data=-"])):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((SAID * 30).encode())))
        assert run(["train", "text", *given, *settings, "--out", str(tmp_path / str(number))]) == 0
        assert "no part of the data was held out" in capsys.readouterr().out
    assert run(["train", "text", "--data", "--steps", "2", "--out", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err == "recurra: --data needs a value.\n"


def test_a_range_test_shows_rates_and_losses_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("poem.txt").write_text(SAID * 30, "utf-8")
    settings = ["--units", "8", "--window", "10", "--batch-size", "4", "--validation", "0"]
    test = ["train", "text", "--data", "poem.txt", *settings, "--range-test"]
    assert run([*test, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    lowest = said["rates"][said["losses"].index(min(said["losses"]))]
    assert said["suggestion"] == pytest.approx(lowest / 10, rel=0.05)
    assert run(test) == 0
    assert f"--learning-rate {said['suggestion']:g}" in capsys.readouterr().out
    assert run([*test, "--resume"]) == 2
    assert "--range-test writes no run: leave out --resume and --overwrite." in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["poem.txt"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--seed", "-1"], "--seed is -1; expected a whole number of at least 0"),
        (["--seed", str(2**63)], f"--seed is {2**63}; expected a whole number"),
        (["--seed", str(2**63 - 1), "--count", "2"], f"--seed is {2**63 - 1} and --count is 2; the seeds of the texts"),
        (["--temperature", "-1"], "--temperature is -1.0; expected a number of at least 0"),
        (["--top-k", "0"], "--top-k is 0; expected a whole number above 0"),
        (["--length", "0"], "--length is 0; expected at least 1"),
        (["--count", "0"], "--count is 0; expected at least 1"),
        (["--beams", "0"], "--beams is 0; expected at least 1"),
        (["--beams", "2", "--count", "3"], "--count is 3 and --beams is 2; expected at least as many beams as texts"),
        (["--beams", "2", "--top-k", "3"], "--top-k and --beams are both given; a beam search draws nothing"),
        (["--prompt", ""], "the prompt is empty"),
        (["--prompt", "x"], "symbol 'x' at position 1 is unknown"),
    ],
)
def test_a_wrong_value_is_named_before_a_text_is_written(
    trained: str, wrong: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", trained, *wrong]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("recurra: ")
    assert message in said
    assert said.count("\n") == 1
