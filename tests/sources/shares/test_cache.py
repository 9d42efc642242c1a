"""Downloads in the cache: refreshed, interrupted, aged, and where they are."""

import errno
import json
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from recurra import InputError
from recurra.json_objects import MissingDigestWarning, with_digest
from recurra.sources.download import download
from recurra.sources.origin import origin_of
from recurra.sources.providers.contract import Bars, NoBarsError
from recurra.sources.providers.row import PROVIDERS

from .provider import NEW, OLD, Provider, closes_of, contents_of, facts_of, names_in

needs_posix = pytest.mark.skipif(os.name == "nt", reason="resource limits are POSIX's")


def test_the_facts_of_a_download_stand_beside_it(baostock: Provider, tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    path = download("600519", start="2020-01-02", adjust="none", cache=tmp_path)
    facts = facts_of(path)
    downloaded = datetime.fromisoformat(facts.pop("downloaded"))
    assert downloaded.utcoffset() is not None and before <= downloaded <= datetime.now(UTC)
    expected = {"provider": "baostock", "symbol": "600519", "adjust": "none", "start": "2020-01-02", "end": None}
    assert facts | expected == facts
    assert len(names_in(tmp_path)) == 2


def test_one_day_written_in_two_ways_is_one_file(baostock: Provider, tmp_path: Path) -> None:
    paths = {download("600519", start=start, cache=tmp_path) for start in ("2020-01-02", "20200102")}
    assert len(paths) == len(baostock.asked) == 1


def test_refresh_asks_anew_and_puts_the_new_bars_in_the_same_file(baostock: Provider, tmp_path: Path) -> None:
    baostock.answers = [OLD, NEW]
    first = download("600519", cache=tmp_path)
    assert closes_of(first) == [1.0, 2.0]
    facts = first.with_suffix(".json")
    facts.write_text("{}")
    assert download("600519", cache=tmp_path, refresh=True) == first
    assert closes_of(first) == [1.0, 2.0, 3.0]
    assert facts_of(first)["symbol"] == "600519"
    assert len(names_in(tmp_path)) == 2


@pytest.mark.parametrize("failure", [OSError("no route"), NoBarsError("an empty answer"), InputError("not there")])
def test_a_refresh_that_fails_leaves_the_old_files_as_they_are(
    failure: Exception, baostock: Provider, tmp_path: Path
) -> None:
    path = download("600519", cache=tmp_path)
    kept = contents_of(tmp_path)
    baostock.answers = [failure]
    with pytest.raises(InputError):
        download("600519", cache=tmp_path, refresh=True, pause=baostock.pauses.append)
    assert contents_of(tmp_path) == kept
    assert download("600519", cache=tmp_path) == path


def test_the_message_offers_the_newest_copy_of_the_same_share_and_adjustment(
    baostock: Provider, yfinance: Provider, tmp_path: Path
) -> None:
    day = datetime(2024, 5, 17, 12, tzinfo=UTC).timestamp()
    for age, start in enumerate(["2020-01-04", "2020-01-02", "2020-01-03"]):
        path = download("600519", start=start, cache=tmp_path)
        os.utime(path, (day - 86400 * age, day - 86400 * age))
    newest = download("600519", start="2020-01-04", cache=tmp_path)
    download("600518", cache=tmp_path)
    download("600519", adjust="hfq", cache=tmp_path)
    for provider in (baostock, yfinance):
        provider.answers = [OSError("no route")]
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path)
    message = str(error.value)
    assert message.endswith(f"or give a file with --data FILE; a copy of 2024-05-17 is there: --data {newest}.")


def test_where_there_are_no_bars_one_try_is_enough_and_a_copy_is_offered(baostock: Provider, tmp_path: Path) -> None:
    baostock.answers = [NoBarsError("an empty answer")]
    with pytest.raises(InputError) as error:
        download("699999", provider="baostock", cache=tmp_path, pause=baostock.pauses.append)
    assert str(error.value) == (
        "no daily bars of '699999' could be downloaded (baostock: an empty answer); check the symbol and the days, "
        "try later or another --provider, or give a file with --data FILE."
    )
    assert (len(baostock.asked), baostock.pauses) == (1, [])
    baostock.answers = [OLD]
    copy = download("699999", cache=tmp_path)
    baostock.answers = [NoBarsError("an empty answer")]
    with pytest.raises(InputError) as error:
        download("699999", start="2030-01-01", cache=tmp_path)
    assert f"--data {copy}" in str(error.value)


def test_the_cache_is_asked_first_and_keeps_provider_and_adjustment(row: dict[str, Provider], tmp_path: Path) -> None:
    row["tencent"].answers = [OLD]
    path = download("600519", adjust="hfq", cache=tmp_path)
    row["baostock"].answers = [NEW]
    assert download("sh600519", adjust="hfq", cache=tmp_path) == path
    origin = origin_of(path)
    assert origin is not None
    assert (origin.provider, origin.adjust) == ("tencent", "hfq")
    assert closes_of(download("600519", adjust="none", cache=tmp_path)) == [1.0, 2.0, 3.0]
    assert closes_of(download("600519", adjust="hfq", provider="baostock", cache=tmp_path)) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("newest", ["baostock", "yfinance"])
def test_of_the_answers_of_several_providers_the_newest_is_taken(
    newest: str, row: dict[str, Provider], tmp_path: Path
) -> None:
    paths: dict[str, Path] = {}
    for name in ("baostock", "yfinance"):
        row[name].answers = [OLD]
        paths[name] = download("600519", provider=name, cache=tmp_path)  # type: ignore[arg-type]
        facts = facts_of(paths[name]) | {"downloaded": f"2999-01-0{1 + (name == newest)}T00:00:00+00:00"}
        paths[name].with_suffix(".json").write_text(json.dumps(with_digest(facts, [paths[name].read_bytes()])))
    assert download("600519", cache=tmp_path) == paths[newest]


@pytest.mark.parametrize("changed", ["table", "facts", "no digest", "no facts", "other JSON", "much JSON"])
def test_a_changed_file_has_no_origin(changed: str, baostock: Provider, tmp_path: Path) -> None:
    path = download("600519", cache=tmp_path)
    facts = path.with_suffix(".json")
    contents = {
        "facts": facts.read_text().replace("baostock", "sina"),
        "no digest": json.dumps({"provider": "sina", "adjust": "qfq", "downloaded": "2024-05-17"}),
        "other JSON": "[1, 2]",
        "much JSON": json.dumps({**facts_of(path), "more": "x" * 20_000}),
    }
    if changed == "table":
        path.write_bytes(path.read_bytes().replace(b"2.0", b"3.0", 1))
    elif changed == "no facts":
        facts.unlink()
    else:
        facts.write_text(contents[changed])
    assert origin_of(path) is None


@pytest.mark.parametrize("file", [1, 2])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_first_download_that_cannot_be_written_to_its_end_is_not_there(
    file: int, failure: BaseException, baostock: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _fails_at(file, failure))
        with pytest.raises((InputError, KeyboardInterrupt)):
            download("600519", cache=tmp_path)
    assert [path for path in tmp_path.iterdir() if path.suffix not in {".csv", ".json"}] == []
    for path in tmp_path.glob("*.json"):
        assert json.loads(path.read_text("utf-8"))["symbol"] == "600519"
    path = download("600519", cache=tmp_path)
    assert closes_of(path) == [1.0, 2.0]
    assert facts_of(path)["symbol"] == "600519"


def test_facts_never_tell_of_a_later_download_than_the_table_is_of(
    baostock: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = download("600519", cache=tmp_path)
    facts = {"downloaded": "2024-05-17T12:00:00+00:00"}
    path.with_suffix(".json").write_text(json.dumps(facts))
    baostock.answers = [NEW]
    for file, closes in ((1, [1.0, 2.0]), (2, [1.0, 2.0, 3.0])):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", _fails_at(file, OSError(errno.ENOSPC, "No space left on device")))
            with pytest.raises(InputError):
                download("600519", cache=tmp_path, refresh=True)
        assert (closes_of(path), facts_of(path)) == (closes, facts)


@pytest.mark.parametrize(("end", "said"), [(None, True), ("2024-05-17", True), ("2024-05-16", False)])
def test_an_old_copy_says_how_old_it_is_where_days_may_have_come_since(
    end: str | None, said: bool, baostock: Provider, tmp_path: Path
) -> None:
    path = download("600519", end=end, cache=tmp_path)
    facts = with_digest({"downloaded": "2024-05-17T12:00:00+00:00"}, [path.read_bytes()])
    path.with_suffix(".json").write_text(json.dumps(facts))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert download("600519", end=end, cache=tmp_path) == path
    notes = [str(warning.message) for warning in caught]
    assert notes == ["600519: the bars are as of 2024-05-17; --refresh downloads newer ones."] * said


@pytest.mark.parametrize("file", [1, 2])
def test_a_refresh_that_cannot_be_written_leaves_each_file_whole(
    file: int, baostock: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = download("600519", cache=tmp_path)
    kept = contents_of(tmp_path)
    baostock.answers = [NEW]
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _fails_at(file, OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
            download("600519", cache=tmp_path, refresh=True)
    assert contents_of(tmp_path).keys() == kept.keys()
    assert closes_of(path) in ([1.0, 2.0], [1.0, 2.0, 3.0])
    assert facts_of(path)["symbol"] == "600519"


def _fails_at(file: int, failure: BaseException) -> Callable[[Path, Path], Path]:
    """A rename that works but for the given one."""
    renamed: list[Path] = []
    rename = Path.replace

    def replace(path: Path, target: Path) -> Path:
        renamed.append(target)
        if len(renamed) == file:
            raise failure
        return rename(path, target)

    return replace


@needs_posix
def test_a_disk_that_cuts_the_table_off_leaves_the_old_one(baostock: Provider, tmp_path: Path) -> None:
    path = download("600519", cache=tmp_path)
    old, names = path.read_bytes(), names_in(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource, signal, sys; from pathlib import Path; import pandas as pd\n"
            "from dataclasses import replace; from recurra import InputError\n"
            "from recurra.sources.download import download; from recurra.sources.providers.row import PROVIDERS\n"
            "frame = pd.read_csv(sys.argv[1])\n"
            "PROVIDERS['baostock'] = replace(PROVIDERS['baostock'], ask=lambda bars: pd.concat([frame] * 500))\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
            "try: download('600519', cache=Path(sys.argv[1]).parent, refresh=True)\n"
            "except InputError as error: print(error)",
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"{path} cannot be written (File too large); an existing file is unchanged." in done.stdout, done.stderr
    assert (path.read_bytes(), names_in(tmp_path)) == (old, names)


def test_a_cache_that_cannot_be_made_says_how_to_choose_another(baostock: Provider, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for cache in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(InputError) as error:
            download("600519", cache=cache)
        assert str(error.value).startswith(f"{cache} cannot be created (")
        assert str(error.value).endswith("); set RECURRA_CACHE to another folder.")
    assert contents_of(tmp_path) == {"file": b""}


def test_the_cache_is_where_the_environment_says(
    baostock: Provider, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert download("600519").parent == home / ".cache" / "recurra"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert download("600519").parent == tmp_path / "xdg" / "recurra"
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "own"))
    assert download("600519").parent == tmp_path / "own"
    assert download("600519", cache=tmp_path / "given").parent == tmp_path / "given"
    monkeypatch.setenv("RECURRA_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert download("600519").parent == home / ".cache" / "recurra"
    assert len(baostock.asked) == 4


def test_a_given_cache_leaves_the_home_alone(baostock: Provider, home: Path, tmp_path: Path) -> None:
    download("600519", cache=tmp_path)
    assert names_in(home) == []


def test_two_downloads_at_once_end_with_one_of_their_answers_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = threading.Barrier(2)
    answers = iter([OLD, NEW])

    def ask(_: Bars) -> pd.DataFrame:
        both.wait(timeout=30)
        return next(answers)

    monkeypatch.setitem(PROVIDERS, "baostock", replace(PROVIDERS["baostock"], ask=ask))
    threads = [threading.Thread(target=download, args=("600519",), kwargs={"cache": tmp_path}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = download("600519", cache=tmp_path)
    assert closes_of(path) in ([1.0, 2.0], [1.0, 2.0, 3.0])
    assert names_in(tmp_path) == sorted([path.name, path.with_suffix(".json").name])


def test_a_damaged_copy_is_downloaded_again(baostock: Provider, tmp_path: Path) -> None:
    path = download("600519", cache=tmp_path)
    whole, facts = path.read_bytes(), path.with_suffix(".json").read_bytes()
    for file in (path, path.with_suffix(".json")):
        content = file.read_bytes()
        file.write_bytes(content.replace(b"2", b"3", 1))
        assert download("600519", cache=tmp_path) == path
        assert path.read_bytes() == whole
        assert path.with_suffix(".json").read_bytes()[:20] == facts[:20]


def test_a_copy_of_an_earlier_version_is_used_with_a_note(baostock: Provider, tmp_path: Path) -> None:
    path = download("600519", cache=tmp_path)
    path.with_suffix(".json").write_text(json.dumps({"downloaded": "2999-01-01T00:00:00+00:00"}))
    with pytest.warns(MissingDigestWarning):
        assert download("600519", cache=tmp_path) == path
    assert facts_of(path) == {"downloaded": "2999-01-01T00:00:00+00:00"}
