"""`recurra show RUN --text`: which text the units are looked for in, and what is printed."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from recurra import LanguageModel
from recurra.cases.catalog import find_case
from recurra.cli import run
from recurra.json_objects import with_digest
from recurra.runs.inside import run_inside
from recurra.runs.load import load_language_model
from recurra.runs.text import end_of_text
from recurra.runs.train import train_case
from recurra.training import Run

BOOK = "".join(f"    “天地 {number}” (玄黄\n)" if number % 3 else f"宇宙 “{number}”\n" for number in range(2500))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "book.txt").write_text(BOOK, "utf-8")
    settings = {"units": [12, 10], "cell": "gru", "window": 8, "steps": 20, "data": str(folder / "book.txt")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", lambda self, file, **_: file.write(b"\x89PNG"))
        return train_case(find_case("text"), settings, folder / "run").path


def test_units_are_looked_for_in_the_validation_part(trained: Path) -> None:
    found = run_inside(trained, "天地")
    own = BOOK[len(BOOK) - round(0.1 * len(BOOK)) :]
    assert found.studied == f"the last {len(own):,} characters of the run's validation part"
    assert found.followers == load_language_model(trained).followers(own)
    assert {each.what for each in found.followers} == {
        "inside quotes",
        "position in the line",
        "indentation",
        "bracket depth",
    }
    assert found.best == found.followers[0].unit
    assert not found.missing


def test_of_a_large_text_the_end_is_read(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.language.text.AT_ONCE", 300)
    monkeypatch.setattr("recurra.runs.text.STUDIED", 500)
    assert end_of_text(Run(trained), load_language_model(trained)) == BOOK[-500:]


@pytest.mark.parametrize(
    ("tokens", "changed"),
    [
        ("characters", b"\xff\xfe"),
        ("characters", ""),
        ("characters", BOOK.replace("“3”", "“4”", 1)),  # in the training part
        ("characters", BOOK[:-2] + "0\n"),  # in the validation part
        ("characters", BOOK + "ж"),  # a symbol that was not there
        ("bpe", BOOK[:-2] + "0\n"),
    ],
)
def test_another_text_in_the_place_of_the_runs_own_is_not_studied(
    tokens: str, changed: str | bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if tokens == "bpe":
        pytest.importorskip("tokenizers")
    book, size = tmp_path / "book.txt", {"vocabulary_size": 300} if tokens == "bpe" else {}
    book.write_text(BOOK, "utf-8")
    settings = {
        "tokens": tokens,
        "cell": "rnn",
        "units": [8],
        "window": 8,
        "steps": 1,
        "validation": 0.1,
        "mode": "stream",
    }
    model = LanguageModel(**settings, **size)
    with Run(tmp_path / "run", "new") as new:
        new.record(settings={"data": str(book), "kind": "text", **settings, **size}, case="text")
        model.fit(BOOK, run=new)
    end = BOOK[len(BOOK) - round(0.1 * len(BOOK)) :]
    assert end_of_text(Run(tmp_path / "run"), model) == end
    book.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    assert run(["show", str(tmp_path / "run"), "--text", BOOK[:3000]]) == 0
    said = capsys.readouterr()
    assert "chosen on the first half of this text" in said.out
    assert f"book.txt is another text now than {tmp_path / 'run'} has read. Units that" in said.err


def test_a_text_that_is_gone_is_replaced_by_the_given_one(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = trained.parent / "book.txt"
    book.rename(tmp_path / "book.txt")
    try:
        assert run(["show", str(trained), "--text", BOOK[:1200]]) == 0
        said = capsys.readouterr()
        assert "chosen on the first half of this text" in said.out
        assert said.err.startswith("recurra: note: ")
        assert "book.txt: there is no such file or folder" in said.err
        assert run(["show", str(trained), "--text", "天地"]) == 0
        assert "No unit is said to follow anything in this text: that takes 1,000 symbols" in capsys.readouterr().out
        found = run_inside(trained, "天地玄黄")
        values = {f"{layer}:{i}": held[:, i].std() for layer, held in found.inside.units.items() for i in range(10)}
        assert values[found.best] == max(values.values())
    finally:
        (tmp_path / "book.txt").rename(book)


def test_a_validation_part_that_is_too_short_is_replaced_by_the_given_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "book.txt").write_text(BOOK[:5000], "utf-8")
    settings = {"units": [8], "cell": "gru", "window": 8, "steps": 2, "data": str(tmp_path / "book.txt")}
    train_case(find_case("text"), settings, tmp_path / "run")
    assert run(["show", str(tmp_path / "run"), "--text", BOOK[:1200]]) == 0
    said = capsys.readouterr()
    assert "chosen on the first half of this text" in said.out
    assert "The run's validation part is too short, 500 symbols. Units that follow something are looked" in said.err


def test_standard_input_is_not_read_again(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = trained / "run.json"
    text = info.read_text("utf-8")
    content = json.loads(text)
    content["settings"]["data"] = "-"
    info.write_text(json.dumps(with_digest({k: v for k, v in content.items() if k != "sha256"})), "utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BOOK.encode())))
    try:
        assert "has read standard input, which is not kept" in run_inside(trained, "天地").missing
    finally:
        info.write_text(text, "utf-8")


def test_a_run_begun_from_python_has_no_text_of_a_case(tmp_path: Path) -> None:
    with Run(tmp_path / "run", "new") as new:
        LanguageModel(mode="stream", cell="gru", steps=2, window=8, unknown="?").fit(BOOK, run=new)
    assert "was begun from Python" in run_inside(tmp_path / "run", "天地").missing


def test_the_command_prints_the_text_with_digits_where_there_are_no_colors(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", str(trained), "--text", "天 “1”\n", "--unit", "gru_1:3"]) == 0
    said = capsys.readouterr()
    held = load_language_model(trained).inside("天 “1”\n").unit("gru_1:3")
    digits = [min(int(10 * (value - held.min()) / (held.max() - held.min())), 9) for value in held.tolist()]
    heading, _, text, numbers, *rest = said.out.splitlines()
    assert heading.startswith("Unit gru_1:3: a digit under each symbol, ")
    assert heading.endswith(f" from 0 ({held.min():.2f}) to 9 ({held.max():.2f}).")
    assert "Under each symbol stands what was expected in its place, best first." in rest
    assert "".join(text.split()) == "天“1”↵"
    assert "".join(numbers.split()) == "".join(map(str, digits))
    assert "\x1b" not in said.out
    assert any(line.startswith("inside quotes ") and line.endswith(" %") for line in rest)
    assert said.err == ""


def test_a_terminal_has_colors_and_one_with_too_few_has_digits(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(**environment: str) -> tuple[str, str]:
        with monkeypatch.context() as patch:
            for name in ("NO_COLOR", "COLORTERM"):
                patch.delenv(name, raising=False)
            for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", **environment}.items():
                patch.setenv(name, value)
            assert run(["show", str(trained), "--text", "天", "--unit", "gru:0"]) == 0
        heading, _, text, *_ = (said := capsys.readouterr().out).splitlines()
        assert "best first, bold if it came, dim below 10 %." in said
        return heading, text

    holds_less = load_language_model(trained).inside("天").unit("gru:0")[0] < 0
    heading, text = shown()
    assert heading.startswith("Unit gru:0: \x1b[30;48;5;")
    assert text == f"\x1b[30;48;5;{75 if holds_less else 208}m天\x1b[0m"
    for environment in ({"NO_COLOR": "1"}, {"TERM": "xterm"}):
        heading, text = shown(**environment)
        assert "a digit under each symbol" in heading
        assert text == "天"


def test_no_control_character_of_a_text_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = "\x1b[31m\x9b2J\r\b\x00\u202e\u2028天\n"
    with Run(tmp_path / "run", "new") as new:
        LanguageModel(mode="stream", cell="rnn", units=4, window=8, steps=1, batch_size=1).fit(text * 9, run=new)
    assert run(["show", str(tmp_path / "run"), "--text", text]) == 0
    said = capsys.readouterr().out
    assert said.replace("\n", "").isprintable()
    assert "\\u001b[31m\\u009b2J\\u000d\\u0008\\u0000\\u202e\\u2028天" in "".join(said.split())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["show", str(tmp_path / "run"), "--text", text]) == 0
    assert re.sub(r"\x1b\[[0-9;]+m|\n", "", capsys.readouterr().out).isprintable()


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (["--unit", "3"], "--unit '3' needs a text to be shown in: --text TEXT."),
        (["--text", "天", "--unit", "3"], "there is no unit '3'; the units are gru:0 to gru:11, gru_1:0 to gru_1:9."),
        (["--text", "天", "--unit", ""], "there is no unit ''; the units are gru:0 to gru:11, gru_1:0 to gru_1:9."),
        (["--text", ""], "the text is empty; give at least one symbol."),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    trained: Path, flags: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", str(trained), *flags]) == 2
    assert capsys.readouterr().err == f"recurra: {what}\n"


def test_a_model_of_windows_has_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Run(tmp_path / "run", "new") as new:
        LanguageModel(epochs=1).fit("abcabc", run=new)
    assert run(["show", str(tmp_path / "run"), "--text", "ab"]) == 2
    assert 'it needs one that was trained with mode="stream"' in capsys.readouterr().err
