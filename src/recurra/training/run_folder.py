"""The run folder: tensors and JSON. Files are replaced atomically, so a killed run can be resumed."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from recurra.errors import InputError, shown
from recurra.files import path_of, replace_file, sweep_temporary_files
from recurra.folder_lock import FolderLock
from recurra.json_objects import checked, parse_json, with_digest
from recurra.settings.migration import migrated
from recurra.tensor_files import read_tensors, write_tensors
from recurra.training.state import Record, TrainingState
from recurra.training.state_names import STATE, STATE_NAME, state_name

Mode = Literal["new", "resume", "overwrite", "read"]

INFO, METRICS, MODEL = "run.json", "metrics.jsonl", "model.safetensors"
PARAMETERS, SCORES = "parameters.txt", "scores.json"
FORMAT = 2  # of runs; those of format 1 state none
FILES = "files"  # key in run.json: names of the files that the run wrote, except run.json
OWN_NAMES = STATE, MODEL, METRICS, PARAMETERS, SCORES  # used if run.json is damaged: few others give these names
OLDER_NAMES = (  # used if run.json is that of an older version, which has no list
    *OWN_NAMES,
    *("training.png", "forecast.png", "residuals.png", "forecast.csv", "predictions.csv"),
)
DIGESTS = "digests"  # key in run.json: SHA-256 digests of text files of a finished run
EMPTYING, FINISHED = "emptying", "finished"  # values of "status"


class Run:
    """A run folder. While it is open for writing, no other process can open it for writing.

    Args:
        path: the folder.
        mode: "new" creates the run and fails if it exists; "resume" continues it, or creates it; "overwrite" removes
            its files first; "read" takes no lock and changes nothing.

    Attributes:
        info: content of run.json.
        missing: names of files that the run wrote and that are no longer there.

    Raises:
        InputError: if the folder does not fit the mode, or another process has it open for writing.
    """

    def __init__(self, path: str | Path, mode: Mode = "read") -> None:
        self.path = path_of(path)
        if mode not in get_args(Mode):
            raise InputError(f"{self.path}: the mode is {shown(mode)}; expected one of {', '.join(get_args(Mode))}.")
        self.info: dict[str, Any] = {}
        self.missing: list[str] = []
        self._files: list[str] = []  # names of the files that the run wrote
        self._histories: dict[int, list[Record]] = {}  # by network of an ensemble
        self._lock: FolderLock | None = None
        self._made: list[Path] = []  # folders that were made for the run, the innermost first
        self._begins = False  # whether there was no run in the folder
        if mode == "read":
            if not (self.path / INFO).is_file():
                raise InputError(
                    f"{self.path} is not a run folder (no {INFO}); `recurra train` and `recurra forecast` create one."
                )
            self.info = self._read_info()
            return
        self._take(mode)

    def _take(self, mode: Mode) -> None:
        self._check_place(mode)  # before anything is made
        self._made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self.path)
        except BlockingIOError as error:
            raise InputError(f"{self.path}: another process is writing to this run; wait until it ends.") from error
        except OSError as error:
            self._remove_folders()
            raise InputError(f"{self.path} cannot be used as a run folder ({error.strerror}).") from error
        try:
            self._check_place(mode)  # and again, now that no other process can change it
            self._begins = not (self.path / INFO).is_file()
            sweep_temporary_files(self.path)
            if (self.path / INFO).is_file():
                self.info = self._info_to_overwrite() if mode == "overwrite" else self._read_info()
                names = self.info.get(FILES, OLDER_NAMES)
                self._files = sorted(name for name in names if (self.path / name).is_file())
                self.missing = sorted(set(self.info.get(FILES, [])) - set(self._files))
                if mode == "overwrite" or self.info.get("status") == EMPTYING:
                    self._empty()
                elif lost := self._lost_state():
                    raise InputError(
                        f"{self.path} lacks {lost}, without which it cannot be resumed; "
                        "restore it, or start over with --overwrite."
                    )
            self.info[FILES] = self._files  # recorded with the first change
        except BaseException:
            self.close()
            raise

    def _lost_state(self) -> str | None:
        """Return the name of a state that is no longer there, though metrics.jsonl, written later, has its records."""
        if not (self.path / METRICS).is_file() or (self.path / STATE).is_file():
            return None
        names: set[str] = set()
        with contextlib.suppress(InputError):  # damaged records are written again from the states
            names = {state_name(record.get("member", 0)) for record in self.read_metrics()}
        lost = sorted(name for name in names if not (self.path / name).is_file())
        if lost:
            return lost[0]
        return None if names or any(self.path.glob("state-*.safetensors")) else STATE

    def _check_place(self, mode: Mode) -> None:
        is_run = (self.path / INFO).is_file()
        if is_run and mode == "new":
            raise InputError(
                f"{self.path} is already a run; continue it with --resume, or start over with --overwrite."
            )
        if is_run or not self.path.is_dir():
            return
        if any(not entry.name.startswith(".") for entry in self.path.iterdir()):
            raise InputError(f"{self.path} holds files and is not a run folder; choose another --out.")

    def _empty(self) -> None:
        """Remove the files that the run wrote, and no others.

        run.json remains and records this, so that the next process can finish it after a kill.
        """
        self.info = {}
        self.record(status=EMPTYING, files=self._files)
        for name in self._files:
            (self.path / name).unlink(missing_ok=True)
        self._files = []
        self.record(status="begun", files=self._files)

    def check_free(self, *names: str) -> None:
        """Check that the run may write files of these names.

        Raises:
            InputError: if there is such a file that the run did not write, or the run is open for reading.
        """
        self._require_lock()
        for name in names:
            if name not in self._files and (self.path / name).exists():
                raise InputError(
                    f"{self.path / name} was not written by this run, which would replace it; "
                    "move it away, or choose another --out."
                )

    def file(self, name: str) -> Path:
        """Return the path of a file that is about to be written, and record that it is the run's.

        "overwrite" removes only recorded files.

        Raises:
            InputError: see `check_free`.
        """
        self.check_free(name)
        if name not in self._files:
            self._files = sorted([*self._files, name])
            self.record(files=self._files)
        return self.path / name

    def has(self, *names: str) -> bool:
        """Return whether the run wrote files of all these names."""
        return set(names) <= set(self._files)

    def remove(self, name: str) -> None:
        """Remove a file that the run wrote, if there is one of this name."""
        if self.has(name):
            (self.path / name).unlink(missing_ok=True)
            self._files = [own for own in self._files if own != name]
            self.record(files=self._files)

    @property
    def is_of_format_1(self) -> bool:
        """Whether the run began with a version whose run.json states no format."""
        return "settings" in self.info and "format" not in self.info

    def close(self) -> None:
        """Release the lock, so that other processes can write to the run; this object can then read it only."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, InputError | OSError | MemoryError):
            self._withdraw()
        self.close()

    def _withdraw(self) -> None:
        """Remove everything that was made for a run that began here and was refused before a state was saved."""
        saved = any(STATE_NAME.fullmatch(name) and (self.path / name).is_file() for name in self._files)
        if saved or not self._begins or self._lock is None or not self._lock.covers(self.path):
            return
        for name in (*self._files, INFO):
            (self.path / name).unlink(missing_ok=True)
        self._lock.release(remove=True)
        self._lock = None
        self._remove_folders()

    def _remove_folders(self) -> None:
        """Remove the folders that were made for the run, but for those that hold anything."""
        with contextlib.suppress(OSError):
            for folder in self._made:
                folder.rmdir()

    def record(self, **fields: Any) -> None:
        """Set fields in run.json."""
        self.info |= fields
        self.write_json(INFO, self.info)

    def settle(self, settings: Mapping[str, Any], **fields: Any) -> None:
        """Record the settings of training and other fields. A run that has begun keeps its settings.

        Only the number of epochs or steps may grow, unless the learning rate depends on it.

        Raises:
            InputError: if a setting differs from that of the run; the message names it.
        """
        begun: dict[str, Any] = self.info.get("settings", {})
        for name, new in settings.items():
            old = begun.get(name, new)
            if old == new:
                continue
            if name not in {"epochs", "steps"}:
                rule = "only epochs can be changed when a run is resumed, and only increased"
            elif not (isinstance(old, int) and isinstance(new, int)):
                rule = "whether epochs, steps or the data decide the length of a run cannot change when it is resumed"
            elif new < old:
                rule = f"{name} can only be increased when a run is resumed"
            elif begun.get("schedule", "constant") != "constant":
                rule = f"with schedule {begun['schedule']!r}, which depends on them, they cannot change"
            elif isinstance(begun.get("warmup"), float) and begun["warmup"]:
                rule = f"with warmup {begun['warmup']}, a fraction of them, they cannot change"
            else:
                continue
            raise InputError(
                f"{self.path}: the run has {name} {old!r}, not {new!r}; {rule}. "
                "Start over with --overwrite, or choose another folder."
            )
        if not begun:
            self.info["format"] = FORMAT
        self.info.pop(DIGESTS, None)  # of files that training replaces
        self.record(settings=begun | dict(settings), **fields)

    def write_json(self, name: str, content: Any) -> None:
        self._require_lock()
        text = json.dumps(with_digest(content), sort_keys=True, indent=2, ensure_ascii=False)
        replace_file(self.path / INFO if name == INFO else self.file(name), (text + "\n").encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """Return the content of a JSON file of the run.

        Raises:
            InputError: if the file is missing, damaged, or does not match its digest.
        """
        text = self.read_text(name)
        with self._undamaged(name):
            return checked(self.path / name, _object(parse_json(text)))

    def _read_info(self) -> dict[str, Any]:
        info = self.read_json(INFO)
        for name in ("settings", "versions", DIGESTS):
            if not isinstance(info.get(name, {}), dict):
                raise InputError(
                    f"{self.path / INFO} is damaged ({name} is {info[name]!r}); start over with another --out."
                )
        files = info.get(FILES, [])
        if not isinstance(files, list) or not all(isinstance(name, str) and _is_bare(name) for name in files):
            raise InputError(f"{self.path / INFO} is damaged (files is {files!r}); start over with another --out.")
        if info.get("format", FORMAT) != FORMAT:
            raise InputError(
                f"{self.path / INFO} is of format {info['format']!r}; this version of recurra reads runs of formats 1 "
                f"and {FORMAT}: take a newer version."
            )
        if "settings" in info:
            info["settings"] = migrated(info["settings"])
        return info

    def _info_to_overwrite(self) -> dict[str, Any]:
        """Return run.json, or a substitute if it is damaged: --overwrite works nevertheless."""
        with contextlib.suppress(InputError):
            return self._read_info()
        with contextlib.suppress(InputError, ValueError):  # damaged elsewhere than in the list of files
            files = _object(parse_json(self.read_text(INFO))).get(FILES)
            if isinstance(files, list) and all(isinstance(name, str) and _is_bare(name) for name in files):
                return {FILES: files}
        states = [path.name for path in self.path.iterdir() if STATE_NAME.fullmatch(path.name)]
        return {FILES: sorted({*OWN_NAMES, *states})}

    def history(self) -> list[Record]:
        """Return one record per epoch of each network: of metrics.jsonl or, before the run is finished, of the states.

        Raises:
            InputError: if a file is missing or damaged.
        """
        states = [path for path in self.path.iterdir() if STATE_NAME.fullmatch(path.name)]
        if not states or self.info.get("status") == FINISHED:
            return self.read_metrics()
        states.sort(key=lambda path: int("0" + "".join(filter(str.isdecimal, path.name))))
        return [record for path in states for record in _state_in(path).history]

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return one record per epoch; raise InputError if the file is missing or damaged."""
        text = self.read_text(METRICS).rstrip("\n").replace("\n", ",")
        with self._undamaged(METRICS):
            return [_object(record) for record in parse_json(f"[{text}]")]

    def read_text(self, name: str) -> str:
        """Return the content of a text file of the run; raise InputError if it is missing, unreadable or damaged."""
        path = self.path / name
        try:
            content = path.read_bytes()
            text = content.decode()
        except FileNotFoundError:
            raise InputError(f"{path} is missing; the run may be incomplete: continue it with --resume.") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}).") from error
        with self._undamaged(name):
            digests = self.info.get(DIGESTS, {})
            if name in digests and digests[name] != hashlib.sha256(content).hexdigest():
                raise ValueError("its content does not match its digest")
        return text

    @contextlib.contextmanager
    def _undamaged(self, name: str) -> Iterator[None]:
        """Turn a ValueError into one that says which file is damaged."""
        try:
            yield
        except ValueError as error:
            how = "another --out" if name == INFO else "--overwrite"
            raise InputError(f"{self.path / name} is damaged ({error}); start over with {how}.") from error

    def finish(self) -> None:
        """Record that the run is finished, and the digests of its files that hold plain text."""
        texts = [name for name in (METRICS, PARAMETERS) if name in self._files]
        digests = {name: hashlib.sha256((self.path / name).read_bytes()).hexdigest() for name in texts}
        self.record(status=FINISHED, **{DIGESTS: digests})

    def save_state(self, state: TrainingState) -> None:
        """Write the state of a network and metrics.jsonl, which has the records of all networks of an ensemble."""
        write_tensors(self.file(state_name(state.member)), *state.to_parts())
        self._histories[state.member] = state.history
        records = [record for number in sorted(self._histories) for record in self._histories[number]]
        lines = [json.dumps(record, sort_keys=True) for record in records]
        replace_file(self.file(METRICS), "".join(line + "\n" for line in lines).encode())

    def _require_lock(self) -> None:
        if self._lock is None:
            raise InputError(
                f'{self.path} is not open for writing; open it with Run(path, "resume") to train in it, and close it '
                "afterwards."
            )
        if not self._lock.covers(self.path):
            moved = "" if self.path.is_absolute() else ", or the working directory has changed"
            mend = "" if self.path.is_absolute() else ", with an absolute path"
            raise InputError(
                f"{self.path} was removed or replaced while this run was writing to it{moved}; start it again{mend}."
            )

    def load_state(self, member: int = 0, count: int = 1) -> TrainingState | None:
        """Return the state last written, or None if there is none yet.

        Args:
            member: number of the network in its ensemble, counted from 1; 0 if it is no ensemble.
            count: number of networks of the ensemble. Earlier versions saved one state of all of them.
        """
        path, joint = self.path / state_name(member), self.path / STATE
        if not path.is_file() and member:
            path = joint
        if not path.is_file():
            return None
        state = _state_in(path, member, count if path == joint else 1)
        self._histories[member] = state.history
        return state


def _state_in(path: Path, member: int = 0, count: int = 1) -> TrainingState:
    """Return the state in a file; of one network of `count`, if earlier versions saved all of them in the file."""
    state = TrainingState.from_parts(*read_tensors(path), str(path))
    try:
        return state.of_member(member, count) if count > 1 else state
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{path} is damaged ({error}); start over with --overwrite.") from error


def _object(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ValueError(f"found {type(content).__name__}, expected an object")
    return content


def _is_bare(name: str) -> bool:
    """Return whether a name refers to a file directly in the folder."""
    return name not in {"", ".", "..", INFO} and Path(name).name == name and len(name) < 200 and name.isprintable()
