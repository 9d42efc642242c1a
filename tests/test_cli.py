"""The command line as people meet it: what is printed where, and the exit status."""

import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recurra.cli import run
from recurra.json_objects import with_digest
from recurra.tensor_files import read_tensors, write_tensors
from recurra.training import Run

pytestmark = pytest.mark.usefixtures("empty_pictures")

RECURRA = [sys.executable, "-m", "recurra"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished runs of the three cases."""
    folder = tmp_path_factory.mktemp("runs")
    for case in ("letters-onehot", "letters-embedding", "letters-window"):
        assert run(["train", case, "--out", str(folder / case), "--quiet"]) == 0
    return folder


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err


@pytest.mark.parametrize("case", ["letters-onehot", "letters-embedding"])
def test_the_ring_is_predicted(runs: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(runs / case), *"abcde"]) == 0
    lines, err = printed(capsys)
    assert [line.split("  ")[0] for line in lines] == ["a----> b", "b----> c", "c----> d", "d----> e", "e----> a"]
    assert all(line.endswith(" %") for line in lines)
    assert err == ""


def test_windows_are_predicted(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    windows = ["abc", "bcd", "cde", "def", "efg", "fgh", "ghi", "hij"]
    assert run(["predict", str(runs / "letters-window"), *windows]) == 0
    assert [line.split("  ")[0][-1] for line in printed(capsys)[0]] == list("defghijk")


def test_json_is_alone_on_stdout(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(runs / "letters-onehot"), "a", "b", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [(a["input"], a["prediction"]) for a in answers] == [("a", "b"), ("b", "c")]
    assert answers[0]["probability"] == answers[0]["probabilities"]["b"]
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["predict", "RUNS/letters-onehot", "a", "z"],
            "symbol 'z' at position 1 is unknown; the known symbols are: a b c d e",
        ),
        (["predict", "RUNS/letters-window", "ab"], "'ab' is 2 long; this model reads 3 symbols at a time"),
        (["predict", "RUNS/none", "a"], "is not a run folder"),
        (["show", "RUNS/none"], "is not a run folder"),
        (["train", "letters", "--out", "RUNS/letters-onehot"], "is already a run; continue it with --resume"),
        (["train", "letters", "--resume", "--overwrite"], "--resume and --overwrite are mutually exclusive"),
        (["train", "leters"], "there is no case 'leters'; did you mean 'letters'?"),
        (["train", "letters", "--cel", "lstm"], "there is no option --cel; did you mean --cell?"),
        (["train", "letters", "--units", "0", "--out", "RUNS/new"], "--units is [0]; expected at least one layer"),
        (["train", "letters", "--epochs", "many"], "--epochs is 'many'; expected a whole number."),
        (["train", "letters", "--epochs", "2.5"], "--epochs is '2.5'; expected a whole number."),
        (["train", "letters", "--clip-norm", "-1"], "--clip-norm is -1.0; expected a number above 0."),
        (["train", "letters", "--cell", "rn"], "--cell is 'rn'; expected rnn, gru, lstm or mingru; did you mean rnn?"),
        (["predict"], "predict needs a run folder: recurra predict RUN."),
        (["evaluate"], "evaluate needs a run folder: recurra evaluate RUN."),
        (["show"], "show needs a run folder: recurra show RUN."),
        (["train"], "train needs a case: recurra train CASE; `recurra cases` lists them."),
        (["forecast"], "forecast needs a file: recurra forecast FILE --target COLUMN; `recurra forecast --help` lists"),
        (["show", "RUNS/letters-onehot", "extra"], "unexpected argument 'extra'."),
        (["cases", "one", "two"], "unexpected arguments 'one', 'two'."),
        (["predict", "RUNS/letters-onehot", "a", "--levle", "80"], "there is no option --levle; did you mean --level?"),
        (["train", "letters", "--epochs"], "--epochs needs a value."),
        (["train", "letters", "--epochs", "3", "--epochs", "4"], "--epochs is given more than once; give it once."),
        (["train", "letters", "--learning-rate", "fast"], "--learning-rate is 'fast'; expected a number."),
        (["train", "letters", "--units", "3", "--units", "four"], "--units is 'four'; expected a whole number."),
        (["train", "letters", "--units", "3,4"], "expected whole numbers separated by spaces: --units 3 4."),
        (["train", "letters", "--ring=maybe"], "--ring is 'maybe'; expected true or false, or no value."),
        (["train", "letters", "--epochs", "0"], "--epochs is 0; expected a whole number above 0."),
        (["predict", "RUNS/letters-onehot", "ab"], "'ab' is 2 long; this model reads 1 symbol at a time"),
        (["train", "letters", "--dropout", "1.5", "--out", "RUNS/new"], "--dropout is 1.5; expected a number below 1."),
        (["train", "letters", "--device", "abacus", "--out", "RUNS/new"], "device 'abacus' cannot be used here"),
        (["train", "--epochs", "3", "letters"], "the case comes first"),
        (["tain", "letters"], "there is no command 'tain'; did you mean train?"),
        (["train", "letters", "--units", "99999999", "--out", "RUNS/new"], "99999999 units would take 40 PB"),
        (
            ["train", "letters", "--window", "9999999999999", "--out", "RUNS/new"],
            "--window is 9999999999999; expected a whole number below 2,147,483,648",
        ),
    ],
)
def test_a_fault_in_the_input_is_one_clear_line_and_status_2(
    runs: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([argument.replace("RUNS", str(runs)) for argument in arguments]) == 2
    lines, err = printed(capsys)
    assert lines == []
    assert err.startswith("recurra: ")
    assert err.count("\n") == 1
    assert message in err


def test_the_help_quotes_choices_that_are_marks(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["forecast", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", "").split())
    assert """[choices: none, ".", ",", "'", " "]""" in text
    assert '[choices: ".", ","]' in text


def test_every_setting_is_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    flags = ["--cell", "lstm", "--units", "8", "--units", "6", "--alphabet", alphabet, "--no-ring", "--epochs", "2"]
    assert run(["train", "letters", "--out", str(tmp_path / "r"), *flags]) == 0
    settings = json.loads((tmp_path / "r" / "run.json").read_text())["settings"]
    assert settings["units"] == [8, 6]
    assert (settings["cell"], settings["alphabet"], settings["ring"]) == ("lstm", alphabet, False)
    lines, err = printed(capsys)
    assert any(line.startswith("lstm_1") for line in lines)
    assert err.splitlines()[0].startswith("epoch 1/2  loss ")


def test_results_go_to_stdout_and_progress_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "letters", "--out", str(tmp_path / "r"), "--epochs", "2"]) == 0
    lines, err = printed(capsys)
    assert "epoch 1/2" not in "".join(lines)
    assert [line.split("  ")[0] for line in err.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_quiet_shows_no_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "letters", "--out", str(tmp_path / "r"), "--epochs", "2", "--quiet"]) == 0
    assert printed(capsys)[1] == ""


def test_resuming_goes_on_and_then_has_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "r")
    assert run(["train", "letters", "--out", out, "--epochs", "2", "--resume"]) == 0  # begins where nothing is
    assert run(["train", "letters", "--out", out, "--epochs", "4", "--resume"]) == 0
    assert "epoch 4/4" in printed(capsys)[1]
    assert run(["train", "letters", "--out", out, "--resume"]) == 0
    assert printed(capsys)[0] == [f"{out} is already finished; nothing to do."]
    assert run(["train", "letters", "--out", out, "--epochs", "3", "--overwrite", "--quiet"]) == 0
    assert len((tmp_path / "r" / "metrics.jsonl").read_text().splitlines()) == 3


def test_show_has_configuration_layers_history_parameters_and_plots(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", str(runs / "letters-window")]) == 0
    text = capsys.readouterr().out
    for part in (
        "alphabet            abcdefghijk",
        "(None, 3, 3)",
        "294 parameters",
        "W_hh",
        "training.png",
        "100.0 %",
    ):
        assert part in text
    assert "\n100 " in text  # the last epoch


def test_show_of_a_run_without_weights_says_so_and_resuming_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "letters", "--out", str(tmp_path), "--epochs", "1", "--quiet"]
    assert run(command) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")}
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "scores.json").unlink()
    capsys.readouterr()
    assert run(["show", str(tmp_path)]) == 0
    assert "model.safetensors is missing; --resume writes it again." in capsys.readouterr().out
    assert run([*command, "--resume"]) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")} == before
    with Run(tmp_path, "resume") as opened:
        opened.record(status="training")
    (tmp_path / "model.safetensors").unlink()
    assert run(["show", str(tmp_path)]) == 0
    assert "There are no weights yet." in capsys.readouterr().out


def test_cases_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases"]) == 0
    assert [line.split()[0] for line in printed(capsys)[0]] == [
        "book",
        "forecast",
        "letters-embedding",
        "letters-onehot",
        "letters-window",
        "stock-tutorial",
        "stock",
        "text",
    ]


@pytest.mark.parametrize("locks_folders", [True, False])
@pytest.mark.parametrize("out", ["r", "a/b/r", "made/r"])
def test_a_diverging_training_is_the_inputs_fault_and_leaves_nothing_behind(
    tmp_path: Path, out: str, locks_folders: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not locks_folders:
        monkeypatch.setattr("recurra.folder_lock.fcntl", None)  # as on Windows
    (tmp_path / "made").mkdir()
    flags = ["--optimizer", "adamw", "--learning-rate", "1e36", "--targets", "every", "--window", "4", "--quiet"]
    for mode in ([], ["--resume"], ["--overwrite"]):
        assert run(["train", "letters", "--out", str(tmp_path / out), *flags, *mode]) == 2
        assert "learning rate" in printed(capsys)[1]
        assert [path.name for path in tmp_path.rglob("*")] == ["made"]


def test_a_training_that_is_refused_leaves_what_was_there_before(tmp_path: Path) -> None:
    flags = ["--optimizer", "adamw", "--learning-rate", "1e36", "--targets", "every", "--window", "4", "--quiet"]
    (tmp_path / ".mine").write_text("")
    assert run(["train", "letters", "--out", str(tmp_path), *flags]) == 2
    assert [path.name for path in tmp_path.iterdir()] == [".mine"]
    assert run(["train", "letters", "--out", str(tmp_path), "--epochs", "1", "--quiet"]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(["train", "letters", "--out", str(tmp_path), "--resume", "--units", "5"]) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_help_of_train_lists_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--help"]) == 0
    text = capsys.readouterr().out
    assert "recurra train CASE|FILE.toml" in text
    assert "letters-onehot" in text


def test_a_help_text_names_what_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("predict", "evaluate", "show", "cases", "forecast"):
        assert run([command, "--help"]) == 0
        assert "ARGS" not in capsys.readouterr().out
    assert run(["predict", "--help"]) == 0
    assert "Usage: recurra predict [OPTIONS] RUN [INPUTS...]" in capsys.readouterr().out


def test_a_cases_help_lists_its_settings_with_their_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "letters-window", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("--units", "--no-ring", "[default: abcdefghijk]", "[choices: rnn, gru, lstm, mingru]"):
        assert part in text
    assert "Train the case letters-window: three letters" in text
    assert "Commands" not in text
    assert text.index("--alphabet") < text.index("--cell") < text.index("--epochs")
    assert "--description" not in text  # is no setting


def test_a_faulty_flag_beside_overwrite_leaves_the_run_as_it_was(runs: Path) -> None:
    folder = runs / "letters-onehot"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for flag in (["--units", "0"], ["--device", "abacus"], ["--alphabet", "ab", "--no-ring", "--window", "5"]):
        assert run(["train", "letters", "--out", str(folder), "--overwrite", *flag]) == 2
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize("mode", [[], ["--resume"], ["--overwrite"]])
def test_a_faulty_flag_of_a_first_training_leaves_no_folder(tmp_path: Path, mode: list[str]) -> None:
    assert run(["train", "letters", "--out", str(tmp_path / "r"), "--device", "abacus", *mode]) == 2
    assert not (tmp_path / "r").exists()


def test_a_run_that_was_trained_on_a_gpu_is_asked_and_shown_anywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "letters", "--out", str(tmp_path), "--quiet"]) == 0
    weights, data = read_tensors(tmp_path / "model.safetensors")
    data["parameters"]["device"] = "cuda:7"
    write_tensors(tmp_path / "model.safetensors", weights, data)
    assert run(["predict", str(tmp_path), "a"]) == 0
    assert run(["show", str(tmp_path)]) == 0
    assert "a----> b" in capsys.readouterr().out


def test_a_network_that_is_no_better_than_the_most_frequent_letter_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--alphabet", "aaaaaaab", "--epochs", "1", "--out", str(tmp_path)]
    assert run(["train", "letters", *flags]) == 0
    assert "the network is no better" in capsys.readouterr().out


@pytest.fixture
def piped(runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask a model what stands in standard input; return status, lines of stdout, and stderr."""

    def ask(content: bytes) -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
        capsys.readouterr()
        return run(["predict", str(runs / "letters-onehot")]), *printed(capsys)

    return ask


def test_a_pipe_is_asked_nothing(piped: Any) -> None:
    status, lines, _ = piped(b"a\n\ne\n")
    assert status == 0
    assert [line.split("  ")[0] for line in lines] == ["a----> b", "e----> a"]


def test_an_empty_pipe_is_an_error(piped: Any) -> None:
    status, _, err = piped(b"")
    assert status == 2
    assert "there is no input" in err


def test_a_faulty_line_of_a_pipe_is_named_by_its_number(piped: Any) -> None:
    status, lines, err = piped(b"a\n\nz\n")
    assert (status, lines) == (2, [])
    assert "standard input, line 3: symbol 'z'" in err


def test_a_pipe_of_other_bytes_than_text_is_told_so(piped: Any) -> None:
    status, lines, err = piped(b"a\n\xff\n")
    assert (status, lines) == (2, [])
    assert err.startswith("recurra: standard input is not text in utf-8: ")


@pytest.fixture
def small_files_only() -> Iterator[None]:
    """As on a full disk: no file of more than 4,000 bytes can be written."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, most))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@pytest.mark.usefixtures("small_files_only")
def test_a_full_disk_is_one_clear_line_and_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "letters", "--quiet", "--out", str(tmp_path / "r")]) == 2
    _, err = printed(capsys)
    assert err.count("\n") == 1
    assert "state.safetensors cannot be written (File too large)" in err
    assert not list(tmp_path.iterdir())


# From here on: whole processes.


def test_a_terminal_is_asked_how_many_first_and_again_after_a_letter_that_is_not_known(runs: Path) -> None:
    leader, follower = pty.openpty()
    command = [*RECURRA, "predict", str(runs / "letters-onehot")]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = ""
        for prompt, reply in (
            ("How many predictions? ", "two"),
            ("How many predictions? ", "2"),
            ("1 of 2, a symbol: ", "a"),
            ("2 of 2, a symbol: ", "z"),
            ("2 of 2, a symbol: ", "e"),
        ):
            seen = ""
            while not seen.endswith(prompt):
                seen += os.read(leader, 1024).decode()
            os.write(leader, f"{reply}\n".encode())
            shown += seen
        try:
            while chunk := os.read(leader, 1024):
                shown += chunk.decode()
        except OSError:
            pass  # Linux's way to say that the other end has closed
    os.close(leader)
    assert process.returncode == 0
    assert "'two' is not a whole number from 0 on" in shown
    assert "a----> b" in shown
    assert "symbol 'z' at position 1 is unknown; the known symbols are: a b c d e" in shown
    assert "e----> a" in shown


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from recurra.cli import app; app(['--help'], result_action='return_none');"
        "heavy = {'torch', 'pandas', 'pydantic', 'numpy', 'matplotlib'} & sys.modules.keys();"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "predict" in done.stdout


def test_training_and_asking_import_neither_the_compiler_nor_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys; from recurra.cli import run;"
        "status = run(['train', 'letters', '--out', sys.argv[1], '--quiet']) or run(['predict', sys.argv[1], 'a']);"
        "slow = {'torch._dynamo', 'sympy', 'matplotlib.pyplot', 'pandas'} & sys.modules.keys();"
        "sys.exit(str(slow) if slow else status)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "r")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    flags = ["--epochs", "1000000", "--quiet", "--save-every-seconds", "0"]
    command = [*RECURRA, "train", "letters", "--out", str(tmp_path), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            while process.poll() is None and not (tmp_path / "model.safetensors").exists():
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()  # or leaving the block would wait for a million epochs
    assert process.returncode == 130
    assert "continue training from its last save with --resume" in err
    assert "Traceback" not in err


def test_a_reader_that_has_had_enough_is_no_error(runs: Path) -> None:
    command = f"{sys.executable} -m recurra show {runs / 'letters-window'} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def signed(content: dict[str, Any]) -> bytes:
    return json.dumps(with_digest(content)).encode()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.jsonl", b'{"epoch": 1, "lo', "metrics.jsonl is damaged"),
        ("metrics.jsonl", None, "metrics.jsonl is missing"),
        ("metrics.jsonl", b"", "metrics.jsonl is damaged (its content does not match its digest)"),
        ("metrics.jsonl", b"{}", "metrics.jsonl is damaged (its content does not match its digest)"),
        ("scores.json", signed({}), "scores.json lacks what it should hold (KeyError('best_epoch'))"),
        ("parameters.txt", b"\xff", "parameters.txt cannot be read"),
        ("run.json", signed({"settings": 3}), "run.json is damaged (settings is 3)"),
        ("run.json", b"[]", "run.json is damaged (found list, expected an object); start over with another --out"),
        ("model.safetensors", b"\x00" * 99, "model.safetensors is damaged"),
        ("scores.json", b"\xff", "scores.json cannot be read"),
    ],
)
def test_a_damaged_run_is_shown_as_one_clear_line(
    tmp_path: Path, name: str, content: bytes | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "letters", "--epochs", "2", "--out", str(tmp_path), "--quiet"]) == 0
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    capsys.readouterr()
    assert run(["show", str(tmp_path)]) == 2
    _, err = printed(capsys)
    assert message in err
    assert err.count("\n") == 1


def test_a_run_that_lost_its_state_is_not_begun_anew_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "letters", "--epochs", "2", "--out", str(tmp_path), "--quiet"]) == 0
    (tmp_path / "state.safetensors").unlink()
    assert run(["train", "letters", "--epochs", "4", "--out", str(tmp_path), "--resume"]) == 2
    assert "lacks state.safetensors" in printed(capsys)[1]


def test_a_percent_sign_is_a_symbol_like_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "letters", "--alphabet", "a%", "--out", str(tmp_path), "--quiet"]) == 0
    capsys.readouterr()
    assert run(["predict", str(tmp_path), "%", "a"]) == 0
    lines, _ = printed(capsys)
    assert [line.split("  ")[0] for line in lines] == ["%----> a", "a----> %"]
