"""`recurra evaluate`: the scores of a run, or of its model on newer rows."""

from pathlib import Path
from typing import Any

from recurra.cli.flags import takes
from recurra.cli.newer_rows import READING_FLAGS, Switch
from recurra.cli.output import print_json, print_result
from recurra.errors import InputError


@takes(*READING_FLAGS)
def evaluate(
    run: Path,
    /,
    *,
    data: Path | None = None,
    refresh: Switch = False,
    any_source: Switch = False,
    statistical: bool = False,
    json: bool = False,
    **reading: Any,
) -> None:
    """Show the scores of a run next to the baselines.

    Args:
        run: Run folder.
        data: File with newer rows of the series; rows after the last training row are predicted and scored.
        refresh: Download the newer daily bars of the run's share, from the provider of its training rows.
        any_source: Accept newer bars of another provider or adjustment than those of the training.
        statistical: With newer rows, also evaluate AutoETS, AutoARIMA and Theta; requires recurra[baselines].
        json: Print only JSON.
        **reading: How the newer rows are read; see `ReadingSettings`.
    """
    from recurra.runs.show import scores_text
    from recurra.training.run_folder import SCORES, Run

    opened = Run(run)
    if data is None and not refresh and not any_source and not reading:
        if statistical:
            raise InputError(
                "--statistical requires --data or --refresh; the scores of the run itself are computed by training."
            )
        scores = opened.read_json(SCORES)
        if json:
            print_json(scores)
        else:
            print_result(scores_text(opened))
        return
    from recurra.report.text import evaluation_text
    from recurra.runs.series import evaluate_run

    evaluation = evaluate_run(
        opened, data, refresh=refresh, any_source=any_source, statistical=statistical, reading=reading
    )
    scores = evaluation.to_json()
    if json:
        print_json(scores)
    else:
        print_result(evaluation_text("given", scores))
