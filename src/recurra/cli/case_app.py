"""The command that trains a case, with a flag for every setting of the case."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from recurra.cases.catalog import Case
from recurra.cli.flags import flag, flags_of, takes
from recurra.cli.output import print_json, print_result
from recurra.cli.range_test import RANGE_TEST, print_range_test
from recurra.errors import InputError, printable
from recurra.settings.cases import TextSettings
from recurra.stages import watched

if TYPE_CHECKING:
    from recurra.training.run_folder import Mode


def case_app(case: Case, command: str, summary: str, default_out: Path, *, without: Sequence[str] = ()) -> App:
    """Return a command that trains a case.

    Args:
        case: the case.
        command: the command as typed.
        summary: what it does, for its help.
        default_out: run folder, if no other one is given.
        without: settings that have no flag.
    """
    reads_text = issubclass(case.settings_type, TextSettings)

    @takes(
        flag("out", Path, default_out, "Run folder to write to."),
        flag("resume", bool, False, "Continue the run in the folder, if there is one."),
        flag("overwrite", bool, False, "Start over in the folder of an earlier run."),
        flag("quiet", bool, False, "Do not show progress."),
        flag("json", bool, False, "Print only JSON: the scores and, for series, the next values."),
        *([RANGE_TEST] if reads_text else []),
        *(own for own in flags_of(case.settings_type, case.settings({})) if own.name not in without),
    )
    def run_case(**given: Any) -> None:
        from recurra.runs.show import result_json, result_text
        from recurra.runs.train import train_case
        from recurra.training import Progress
        from recurra.training.process import skip_compiler_import

        skip_compiler_import()
        out = given.pop("out", default_out)
        resume, overwrite, quiet, json = (given.pop(name, False) for name in ("resume", "overwrite", "quiet", "json"))
        if resume and overwrite:
            raise InputError("--resume and --overwrite are mutually exclusive.")
        if given.get("symbol") is not None and (given.get("data") or case.values.get("data")) is not None:
            raise InputError("the rows come either from a file or from a provider; leave out --data or --symbol.")
        if given.pop(RANGE_TEST.name, False):
            if resume or overwrite:
                raise InputError("--range-test writes no run: leave out --resume and --overwrite.")
            print_range_test(case, given, out, json=json)
            return
        mode: Mode = "resume" if resume else "overwrite" if overwrite else "new"
        with watched(None) if quiet else nullcontext():
            progress = Progress(unit="symbols" if reads_text else "")
            result = train_case(case, given, out, mode=mode, callbacks=[] if quiet else [progress])
        if json:
            print_json(result_json(result))
            return
        if result.was_finished:
            print_result(f"{out} is already finished; nothing to do.")
            return
        print_result(result_text(result))
        print_result(f"\nPredict: recurra predict {out}    Inspect: recurra show {out}")

    app = App(
        printable(f"recurra {command}"),
        help=summary,
        group_commands="Parameters",
        version_flags=[],
        suppress_keyboard_interrupt=False,
    )
    app.default(run_case)
    return app
