"""Files are replaced whole or not at all, whatever happens in the middle."""

import os
import signal
import stat
import subprocess
import sys
import textwrap

import pytest

from recurra.errors import InputError
from recurra.files import replace_file, sweep_temporary_files

OLD, NEW = b"old content", b"new content, " * 100_000

needs_posix = pytest.mark.skipif(os.name == "nt", reason="resource limits and SIGKILL are POSIX's")


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(OLD)
    return path


def run_python(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"x", NEW, bytes(range(256))])
def test_the_file_holds_the_new_content_and_nothing_else_is_left(tmp_path, content):
    path = tmp_path / "a.bin"
    replace_file(path, content)
    assert path.read_bytes() == content
    replace_file(path, content[::-1])
    assert path.read_bytes() == content[::-1]
    assert names(tmp_path) == ["a.bin"]


def test_a_reader_that_has_the_old_file_open_reads_all_of_it(old):
    with old.open("rb") as file:
        replace_file(old, NEW)
        assert file.read() == OLD
    assert old.read_bytes() == NEW


def test_a_new_file_has_the_rights_that_any_new_file_gets(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    replace_file(tmp_path / "ours", b"")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_the_bytes_are_synced_before_the_file_takes_its_name(old, monkeypatch):
    seen = []
    sync = os.fsync

    def watched(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            seen.append((os.fstat(descriptor).st_size, old.read_bytes()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    replace_file(old, NEW)
    assert seen == [(len(NEW), OLD)]


@needs_posix
def test_a_write_that_the_disk_cuts_off_leaves_the_old_file_and_nothing_else(old):
    done = run_python(
        """
        import resource, signal, sys
        from pathlib import Path
        from recurra.errors import InputError
        from recurra.files import replace_file

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            replace_file(Path(sys.argv[1]), b"n" * 1_000_000)
        except InputError as error:
            print(error)
        """,
        old,
    )
    assert done.stdout == (
        f"{old} cannot be written (File too large); an existing file is unchanged. "
        "Free disk space, or choose another folder.\n"
    ), done.stderr
    assert old.read_bytes() == OLD
    assert names(old.parent) == [old.name]


@needs_posix
@pytest.mark.parametrize("moment", ["before the sync", "before the rename"])
def test_a_process_killed_in_the_middle_leaves_the_old_file_and_a_leftover_that_is_swept(old, moment):
    done = run_python(
        """
        import os, signal, sys
        from pathlib import Path
        from recurra.files import replace_file

        def die(*_):
            os.kill(os.getpid(), signal.SIGKILL)

        if sys.argv[2] == "before the sync":
            os.fsync = die
        else:
            Path.replace = die
        replace_file(Path(sys.argv[1]), b"n" * 1_000_000)
        """,
        old,
        moment,
    )
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == OLD
    leftovers = [name for name in names(old.parent) if name != old.name]
    assert len(leftovers) == 1
    sweep_temporary_files(old.parent)
    assert names(old.parent) == [old.name]
    assert old.read_bytes() == OLD


@needs_posix
def test_a_process_killed_after_the_rename_leaves_the_new_file(old):
    done = run_python(
        """
        import os, signal, sys
        from pathlib import Path
        from recurra import files

        files._sync_folder = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
        files.replace_file(Path(sys.argv[1]), b"n" * 1_000_000)
        """,
        old,
    )
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == b"n" * 1_000_000
    assert names(old.parent) == [old.name]


def test_ctrl_c_in_the_middle_leaves_the_old_file_and_nothing_else(old, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(old, NEW)
    assert old.read_bytes() == OLD
    assert names(old.parent) == [old.name]


def test_a_folder_that_cannot_be_synced_does_not_deny_that_the_file_was_replaced(old, monkeypatch):
    sync = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    replace_file(old, NEW)
    assert old.read_bytes() == NEW


@pytest.mark.parametrize("place", ["missing/a.bin", "file/a.bin", "folder", "."])
def test_a_place_that_cannot_be_written_is_an_error_that_names_it_and_nothing_is_left(tmp_path, place, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "folder").mkdir()
    path = (tmp_path / place) if place != "." else type(tmp_path)(".")
    with pytest.raises(InputError) as error:
        replace_file(path, NEW)
    message = str(error.value)
    assert message.startswith(f"{path} cannot be written (")
    assert "unchanged" in message
    assert "\n" not in message
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == []
    assert (tmp_path / "file").read_bytes() == OLD


@needs_posix
@pytest.mark.parametrize(
    ("rights", "outcome"),
    [
        (0o555, "old.bin cannot be written (Permission denied); an existing file is unchanged."),
        (0o333, "written"),  # such a folder cannot be opened to be synced, and the file is replaced all the same
    ],
)
def test_the_rights_of_the_folder_decide(tmp_path, rights, outcome):
    (tmp_path / "old.bin").write_bytes(OLD)
    tmp_path.chmod(rights)
    done = run_python(
        """
        import os, sys
        from pathlib import Path
        from recurra.errors import InputError
        from recurra.files import replace_file

        os.chdir(sys.argv[1])
        if os.geteuid() == 0:
            os.seteuid(65534)  # root may write everywhere, nobody may not
        try:
            replace_file(Path("old.bin"), b"new")
            print("written")
        except InputError as error:
            print(error)
        """,
        tmp_path,
    )
    tmp_path.chmod(0o755)
    assert done.stdout.startswith(outcome), done.stderr
    assert (tmp_path / "old.bin").read_bytes() == (b"new" if outcome == "written" else OLD)
    assert names(tmp_path) == ["old.bin"]


def test_sweeping_removes_leftovers_only(tmp_path):
    kept = [".hidden", ".lock", ".notes.tmp", "model.safetensors", "visible.tmp"]
    for name in [*kept, ".model.safetensors.01234567.tmp", ".run.json.89abcdef.tmp"]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / ".deep.76543210.tmp").write_bytes(b"")
    sweep_temporary_files(tmp_path)
    assert names(tmp_path) == sorted([*kept, "folder"])
    assert names(tmp_path / "folder") == [".deep.76543210.tmp"]
    sweep_temporary_files(tmp_path / "folder")
    assert names(tmp_path / "folder") == []
