"""The command line on tables of series: one command from an unknown file to a scored forecast, and each fault of it."""

import json
import math
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.cli import run
from recurra.training.run_folder import MODEL

from .sales import QUICK, printed, sales

pytestmark = pytest.mark.usefixtures("empty_pictures")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "sales.csv"
    sales().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def finished(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "sales"
    assert run(["forecast", str(file), "--target", "sales", "--horizon", "3", "--out", str(out), *QUICK]) == 0
    return out


def test_one_command_gives_scores_next_values_with_dates_and_a_plot(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run(["forecast", str(file), "--target", "sales", "--horizon", "3", "--out", str(out), *QUICK]) == 0
    text = "\n".join(printed(capsys)[0])
    assert "monthly rows, a window of 12, a season of 12; predicts corrections to the level of sales" in text
    for part in ("RMSE", "MASE", "seasonal naive", "persistence", "drift", "The network ", "2020-01-01", "2020-03-01"):
        assert part in text
    assert str(out / "forecast.png") in text
    assert (out / "forecast.png").is_file()


def test_a_second_run_that_resumes_does_nothing_twice(
    finished: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in finished.iterdir()}
    arguments = ["forecast", str(file), "--target", "sales", "--horizon", "3", "--out", str(finished), *QUICK]
    assert run([*arguments, "--resume"]) == 0
    assert printed(capsys) == ([f"{finished} is already finished; nothing to do."], "")
    assert {p.name: p.stat().st_mtime_ns for p in finished.iterdir()} == before
    assert run(arguments) == 2
    assert "is already a run; continue it with --resume, or start over with --overwrite" in printed(capsys)[1]


def test_overwriting_a_run_keeps_the_table_that_lies_in_its_folder(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run(["forecast", str(file), "--out", str(out), *QUICK]) == 0
    mine = out / "mydata.csv"
    mine.write_bytes(file.read_bytes())
    assert run(["forecast", str(mine), "--out", str(out), "--overwrite", *QUICK]) == 0
    assert mine.read_bytes() == file.read_bytes()


@pytest.mark.parametrize("name", ["predictions.csv", "forecast.csv"])
def test_a_run_refuses_to_replace_the_table_that_it_learns_from(
    name: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / name
    table.write_bytes(file.read_bytes())
    (tmp_path / "run.json").write_text("{}")
    assert run(["forecast", str(table), "--out", str(tmp_path), "--overwrite", *QUICK]) == 2
    assert f"{name} is the name of a file that the run in" in printed(capsys)[1]
    assert table.read_bytes() == file.read_bytes()


def test_json_is_alone_on_stdout(
    finished: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "run"), "--json"]
    assert run(["forecast", str(file), "--horizon", "3", *QUICK, *out]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["scores"]["test"]["verdict"].startswith("the network ")
    assert [row["ds"] for row in said["next"]] == ["2020-01-01T00:00:00", "2020-02-01T00:00:00", "2020-03-01T00:00:00"]
    assert run(["predict", str(finished), "--json"]) == 0
    following = json.loads(capsys.readouterr().out)
    assert [set(row) for row in following] == [{"ds", "forecast", "lo-80", "hi-80"}] * 3
    assert run(["evaluate", str(finished), "--json"]) == 0
    printed_scores = json.loads(capsys.readouterr().out)
    assert printed_scores.items() <= json.loads((finished / "scores.json").read_text()).items()
    assert "test" in printed_scores


def test_predict_takes_another_horizon_than_that_of_the_run(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, level in (("2", "80"), ("7", "80"), ("7", "50")):
        asked = ["predict", str(finished), "--horizon", given, *(["--level", level] if level != "80" else [])]
        assert run([*asked, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert [set(row) for row in rows] == [{"ds", "forecast", f"lo-{level}", f"hi-{level}"}] * int(given)
        assert [row[f"lo-{level}"] is None for row in rows] == [place >= 3 for place in range(int(given))]
    assert run([*asked, "--csv", str(tmp_path / "next.csv")]) == 0
    assert [len(line.split()) for line in printed(capsys)[0]] == [4] * 4 + [2] * 4
    written = (tmp_path / "next.csv").read_text().splitlines()
    assert [line.endswith(",,") for line in written] == [False] * 4 + [True] * 4
    for horizon in ("0", "-3", "3001", "1000000000", str(10**30)):
        assert run(["predict", str(finished), "--horizon", horizon]) == 2
        said = (
            f"--horizon is {horizon}; expected 1 to 3,000, which is 1,000 times the horizon that the model was trained"
        )
        assert said in printed(capsys)[1]
    assert run(["predict", str(finished), "--horizon", "2.5"]) == 2
    assert printed(capsys)[1] == "recurra: --horizon is '2.5'; expected a whole number.\n"


def test_predict_prints_and_writes_what_comes_next(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", str(finished), "--csv", str(tmp_path / "next.csv"), "--level", "50", "--level", "75"]) == 0
    lines, err = printed(capsys)
    assert lines[0].split() == ["date", "forecast", "lo-50", "hi-50", "lo-75", "hi-75"]
    assert [line.split()[0] for line in lines[1:]] == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert err == ""
    written = pd.read_csv(tmp_path / "next.csv")
    assert written["forecast"].tolist() == pytest.approx([float(line.split()[1]) for line in lines[1:]], rel=1e-4)


def test_newer_rows_move_the_forecast_and_can_be_scored(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path / "newer.csv"
    sales(110).tail(20).to_csv(newer, index=False)
    assert run(["predict", str(finished), "--data", str(newer)]) == 0
    assert [line.split()[0] for line in printed(capsys)[0][1:]] == ["2021-03-01", "2021-04-01", "2021-05-01"]
    assert run(["evaluate", str(finished), "--data", str(newer)]) == 0
    text = "\n".join(printed(capsys)[0])
    assert (
        "36 predictions of the given part (from 12 origins, 3 steps each), 2020-01-01 to 2021-02-01" in text
    )  # the run remembers 24 rows before 2020
    assert "seasonal naive" in text


def test_evaluate_and_show_print_the_scores_of_the_run(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("evaluate", "show"):
        assert run([command, str(finished)]) == 0
        text = "\n".join(printed(capsys)[0])
        assert "36 predictions of the test part (from 12 origins, 3 steps each), 2018-11-01 to 2019-12-01" in text
        assert "seasonal naive" in text
        assert "The network " in text


def test_help_names_every_flag_in_both_ways_of_asking(capsys: pytest.CaptureFixture[str]) -> None:
    for tokens in (["forecast", "--help"], ["train", "stock", "--help"]):
        assert run(tokens) == 0
        text = capsys.readouterr().out
        for flag in (
            "--target",
            "--horizon",
            "--past-covariates",
            "--calendar",
            "--missing",
            "--no-test-windows-inside",
        ):
            assert flag in text
    assert run(["forecast", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Usage: recurra forecast FILE [OPTIONS]" in text
    assert "--data" not in text  # which is FILE


def test_forecast_is_the_case_of_this_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=60), "y": np.sin(np.arange(60.0))})
    frame.to_csv(tmp_path / "y.csv", index=False)
    flags = ["--epochs", "2", "--validation", "0", "--levels", "90", "--quiet", "--out"]
    assert run(["forecast", str(tmp_path / "y.csv"), *flags, str(tmp_path / "one")]) == 0
    assert run(["train", "forecast", "--data", str(tmp_path / "y.csv"), *flags, str(tmp_path / "other")]) == 0
    assert (tmp_path / "one" / MODEL).read_bytes() == (tmp_path / "other" / MODEL).read_bytes()
    assert json.loads((tmp_path / "other" / "run.json").read_text())["case"] == "forecast"


def test_no_covariates_and_no_scaling_can_be_asked_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=120), "open": rng.random(120) + 9})
    frame.to_csv(tmp_path / "open.csv", index=False)
    flags = ["--past-covariates", "none", "--scaling", "none", "--test", "20", "--window", "5"]
    assert (
        run(["train", "stock", "--data", str(tmp_path / "open.csv"), *flags, "--out", str(tmp_path / "r"), *QUICK]) == 0
    )
    settings = json.loads((tmp_path / "r" / "run.json").read_text())["settings"]
    assert (settings["past_covariates"], settings["scaling"]) == ([], [])


def test_a_flag_that_takes_several_values_takes_them_one_after_the_other_or_each_with_its_flag(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for flags in (["--level", "50", "75"], ["--level", "50", "--level", "75"]):
        assert run(["predict", str(finished), *flags]) == 0
        assert printed(capsys)[0][0].split() == ["date", "forecast", "lo-50", "hi-50", "lo-75", "hi-75"]


@pytest.mark.filterwarnings("ignore:the .* interval is not calibrated")
def test_a_series_without_rows_before_the_test_part_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    t, shops = np.arange(60), {"001": 60, "002": 60, "005": 6}
    days = pd.date_range("2020-01-01", periods=60)
    parts = [pd.DataFrame({"shop": n, "ds": days[:r], "y": 9 + np.sin(t[:r])}) for n, r in shops.items()]
    pd.concat(parts).to_csv(tmp_path / "shops.csv", index=False)
    assert run(["forecast", str(tmp_path / "shops.csv"), "--target", "y"]) == 2
    assert "if the 3 values of the column 'shop' tell series apart, name it with --id" in printed(capsys)[1]
    flags = ["--target", "y", "--id", "shop", "--out", str(tmp_path / "r"), *QUICK]
    with pytest.warns(
        UserWarning, match=r"1 of 3 series is left out of the scores, as no rows remain before the 9 test rows: '005'"
    ):
        assert run(["forecast", str(tmp_path / "shops.csv"), *flags]) == 0
    assert pd.read_csv(tmp_path / "r" / "forecast.csv", dtype=str)["unique_id"].tolist() == ["001", "002", "005"]


def test_a_run_says_which_interval_is_not_calibrated(file: Path, tmp_path: Path) -> None:
    said = (
        "the 95 % interval is not calibrated, and may be too narrow: that needs 39 validation forecasts per step, and"
    )
    with pytest.warns(UserWarning, match=said) as caught:
        assert (
            run(["forecast", str(file), "--out", str(tmp_path / "r"), *QUICK, "--levels", "50", "--levels", "95"]) == 0
        )
    assert len(caught) == 1


def test_steps_that_were_left_open_cannot_be_changed_when_a_run_is_resumed(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["forecast", str(file), "--target", "sales", "--out", str(tmp_path / "r"), "--units", "2", "--quiet"]
    assert run(arguments) == 0
    assert run([*arguments, "--resume", "--steps", "900"]) == 2
    rule = "whether epochs, steps or the data decide the length of a run cannot change when it is resumed"
    assert f"the run has steps 'auto', not 900; {rule}" in printed(capsys)[1]
    assert run([*arguments, "--resume", "--epochs", "9"]) == 2
    assert f"the run has epochs None, not 9; {rule}" in printed(capsys)[1]


def test_one_short_series_does_not_refuse_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    t, rows = np.arange(60), {"a": 60, "b": 60, "new": 11}
    days = pd.date_range("2023-01-02", periods=60)
    parts = [pd.DataFrame({"unique_id": n, "ds": days[-r:], "y": 9 + np.sin(t[:r])}) for n, r in rows.items()]
    pd.concat(parts).to_csv(tmp_path / "shops.csv", index=False)  # of 11 rows, 9 are for the test and 2 for the rest
    assert run(["forecast", str(tmp_path / "shops.csv"), "--horizon", "2", "--out", str(tmp_path / "r"), *QUICK]) == 0
    assert pd.read_csv(tmp_path / "r" / "forecast.csv")["unique_id"].tolist() == ["a", "a", "b", "b", "new", "new"]


@pytest.mark.filterwarnings("ignore:the .* interval is not calibrated")
def test_the_test_part_is_that_of_a_usual_series_that_is_long_enough(tmp_path: Path) -> None:
    parts = [
        pd.DataFrame({"unique_id": n, "ds": pd.date_range("2023-01-02", periods=r), "y": np.sin(np.arange(r))})
        for n, r in {"a": 60, "x": 2, "b": 60, "y": 2, "z": 2}.items()
    ]
    pd.concat(parts).to_csv(tmp_path / "shops.csv", index=False)
    with pytest.warns(
        UserWarning, match=r"3 of 5 series are left out of the scores, as no rows remain before the 9 test rows; the f"
    ):
        assert (
            run(["forecast", str(tmp_path / "shops.csv"), "--horizon", "2", "--out", str(tmp_path / "r"), *QUICK]) == 0
        )
    forecasts = pd.read_csv(tmp_path / "r" / "forecast.csv").groupby("unique_id")["method"].first()
    assert forecasts.to_dict() == dict.fromkeys("ab", "network") | dict.fromkeys("xyz", "last value")


def test_newer_rows_are_read_with_the_day_first_if_the_run_knows_that_they_are_months(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = sales(120)
    table["month"] = pd.to_datetime(table["month"]).dt.strftime("%d/%m/%Y")
    table[:108].to_csv(tmp_path / "sales.csv", index=False)
    table[108:].to_csv(tmp_path / "newer.csv", index=False)  # 01/01/2021 to 01/12/2021: twelve days, or months
    with pytest.warns(UserWarning, match=r"dates such as '01/01/2012' \(row 2\) have the day first"):
        assert run(["forecast", str(tmp_path / "sales.csv"), "--out", str(tmp_path / "r"), *QUICK]) == 0
    capsys.readouterr()
    assert run(["predict", str(tmp_path / "r"), "--data", str(tmp_path / "newer.csv")]) == 0
    assert printed(capsys)[0][1].split()[0] == "2022-01-01"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forecast", "nowhere.csv"], "nowhere.csv: there is no such file"),
        (["forecast", "--target", "x"], "the file comes first"),
        (["forecast", "FILE", "--horizon", "0"], "recurra: --horizon is 0; expected a whole number above 0."),
        (["forecast", "FILE", "--horizon", "x"], "--horizon is 'x'; expected a whole number."),
        (["forecast", "FILE", "--horizont", "3"], "there is no option --horizont; did you mean --horizon?"),
        (
            ["forecast", "FILE", "--test", "1.0"],
            "--test is 1.0; expected a fraction less than 1, or a whole number without",
        ),
        (["forecast", "FILE", "--validation", "half"], "--validation is 'half'; expected a number."),
        (["forecast", "FILE", "--levels", "120"], "--levels is 120.0; expected a number below 100."),
        (["forecast", "FILE", "--levels", "80,95"], "expected numbers separated by spaces: --levels 80 95."),
        (["forecast", "FILE", "--levels"], "--levels needs a value."),
        (["forecast", "FILE", "--scaling", "log", "--scaling", "log"], "expected each of these at most once"),
        (
            ["forecast", "FILE", "--test", "200"],
            "96 rows are too few for a horizon of 1 with validation=0.15 and test=200, which",
        ),
        (["forecast", "FILE", "--residual", "prize"], "residual is 'prize'; expected auto, last, seasonal, none"),
        (["predict", "RUN", "abc"], "is a forecasting run, which takes no symbols such as 'abc'; give --data FILE"),
        (["predict", "RUN", "--level", "99"], "an interval of 99 % needs 199 validation forecasts"),
        (
            ["predict", "RUN", "--level", "0.8"],
            "--level is 0.8; expected percent from 1 to below 100; did you mean 80?",
        ),
        (["predict", "RUN", "--level", "nan"], "--level is nan; expected percent from 1 to below 100."),
        (["predict", "RUN", "--level", "0"], "--level is 0; expected percent from 1 to below 100"),
        (["predict", "RUN", "--data", "nowhere.csv"], "nowhere.csv: there is no such file"),
        (["predict", "RUN", "--csv", "/nowhere/x.csv"], "an existing file is unchanged. Choose another folder.\n"),
        (["evaluate", "RUN", "--data", "OLD"], "has no rows after 2019-12-01, the last training row; scores on"),
        (["evaluate", "RUN", "--statistical"], "--statistical requires --data"),
        (["evaluate", "nowhere"], "nowhere is not a run folder"),
        (["forecast", "FILE", "--symbol", "AAPL"], "', or --symbol; leave out one."),
        (["forecast", "FILE", "--data=other.csv"], "', or --data; leave out one."),
        (["forecast", "--symbol", "../x", "--target", "close"], "'../x' is not a share symbol"),
        (["train", "stock", "--data", "FILE", "--symbol", "AAPL"], "either from a file or from a provider; leave out"),
        (["train", "stock", "--symbol", "AAPL", "--provider", "sina"], "sina has no bars of AAPL; expected provider"),
        (["train", "stock", "--symbol", "../x"], "'../x' is not a share symbol"),
        (["train", "stock", "--symbol", "AAPL", "--end", "1970-01-01"], "AAPL has no rows up to 1970-01-01."),
        (["forecast", "FILE", "--start", "2030-01-01"], "sales.csv has no rows from 2030-01-01 on."),
        (["train", "stock", "--symbol", "600519", "--start", "2010"], "--start is '2010'; expected a day"),
    ],
)
def test_a_fault_in_the_arguments_is_one_clear_line_and_status_2(
    arguments: list[str],
    message: str,
    finished: Path,
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    sales(60).to_csv(tmp_path / "old.csv", index=False)
    places = {"FILE": str(file), "RUN": str(finished), "OLD": str(tmp_path / "old.csv")}
    assert run([places.get(argument, argument) for argument in arguments]) == 2
    lines, err = printed(capsys)
    assert lines == []
    assert err.startswith("recurra: ")
    assert err.count("\n") == 1
    assert message in err
    assert [p.name for p in tmp_path.iterdir()] == ["old.csv"]


def test_what_is_for_series_is_refused_for_symbols_and_the_other_way_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letters = str(tmp_path / "letters")
    assert run(["train", "letters", "--epochs", "1", "--quiet", "--out", letters]) == 0
    capsys.readouterr()
    for flags in (["--data", "x.csv"], ["--level", "90"], ["--csv", "x.csv"], ["--refresh"], ["--horizon", "2"]):
        assert run(["predict", letters, *flags]) == 2
        assert f"is a run of a language model; {flags[0]} needs a forecasting run" in printed(capsys)[1]
    assert run(["evaluate", letters, "--data", "x.csv"]) == 2
    assert "is a run of a language model" in printed(capsys)[1]
    assert run(["evaluate", letters]) == 0
    assert "accuracy" in printed(capsys)[0][1]


@pytest.mark.slow
def test_a_full_disk_is_one_clear_line_and_the_run_goes_on_afterwards(file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recurra", "forecast", str(file), "--target", "sales", *QUICK, "--resume", "--out"]

    def little_space() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    command.append(str(tmp_path / "run"))
    ended = subprocess.run(command, check=False, capture_output=True, text=True, preexec_fn=little_space)
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]  # the one before may be matplotlib's, which cannot keep its list of fonts
    assert last.startswith("recurra: ")
    assert "cannot be written" in last
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.iterdir())
    subprocess.run(command, check=True, capture_output=True)
    assert math.isfinite(float(pd.read_csv(tmp_path / "run" / "forecast.csv")["forecast"][0]))


def shops() -> pd.DataFrame:
    rows = [(f"{n:03}", 40 + n, ["north", "south"][n % 2], n / 2) for n in range(6)]
    parts = [
        pd.DataFrame({
            "unique_id": id_, "ds": pd.date_range("2023-01-02", periods=60), "y": level + np.sin(np.arange(60)),
            "region": region, "size": size,
        })
        for id_, level, region, size in rows
    ]  # fmt: skip
    return pd.concat(parts)


def test_static_covariates_are_named_by_flags_or_a_case_and_are_in_all_that_a_run_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shops().to_csv(tmp_path / "shops.csv", index=False)
    flags = ["--horizon", "2", "--window", "8", "--steps", "20", *QUICK]
    static = ["--static-covariates", "region", "--static-covariates", "size"]
    assert run(["forecast", str(tmp_path / "shops.csv"), *static, "--out", str(tmp_path / "r"), *flags]) == 0
    case = f'kind = "series"\ndata = "{tmp_path}/shops.csv"\nstatic_covariates = ["region", "size"]\n'
    (tmp_path / "case.toml").write_text(case)
    assert run(["train", str(tmp_path / "case.toml"), "--out", str(tmp_path / "c"), *flags]) == 0
    printed(capsys)
    for name in ("r", "c"):
        assert json.loads((tmp_path / name / "run.json").read_text())["settings"]["static_covariates"] == [
            "region",
            "size",
        ]
        assert run(["show", str(tmp_path / name)]) == 0
        text = "\n".join(printed(capsys)[0])
        assert "y from region, size; daily rows" in text
        assert "static_covariates    ['region', 'size']" in text
    assert json.loads((tmp_path / "r" / "scores.json").read_text())["permutation_importance"]["covariates"].keys() == {
        "region",
        "size",
    }
    newer = shops().assign(ds=lambda frame: frame["ds"] + pd.Timedelta(days=60))
    newer.drop(columns=["region", "size"]).to_csv(tmp_path / "newer.csv", index=False)
    newer.to_csv(tmp_path / "same.csv", index=False)
    texts = []
    for name in ("newer", "same"):
        assert run(["predict", str(tmp_path / "r"), "--data", str(tmp_path / f"{name}.csv"), "--json"]) == 0
        texts.append(printed(capsys)[0])
    assert texts[0] == texts[1]


def test_a_static_covariate_that_changes_within_a_series_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shops.csv"
    frame = shops().reset_index(drop=True)
    frame.loc[70, "region"] = "west"
    frame.to_csv(path, index=False)
    assert run(["forecast", str(path), "--static-covariates", "region", "--out", str(tmp_path / "r"), *QUICK]) == 2
    assert printed(capsys)[1] == (
        f"recurra: {path}: column 'region' of series '001' is 'south' in row 62 and 'west' in row 72; expected one "
        "value in all rows of a series, as in each static covariate: correct the cell, or leave the column out of "
        "--static-covariates (static_covariates=… in Python).\n"
    )
    assert not (tmp_path / "r").exists()
