"""Newer rows for a run: in a file, or the daily bars of its share, from the provider of its training rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recurra.errors import InputError
from recurra.forecasting.forecaster import Forecaster
from recurra.settings.cases import SeriesSettings
from recurra.settings.check import check
from recurra.sources.download import download
from recurra.sources.origin import BUNDLED
from recurra.training.run_folder import INFO, Run


def newer_rows(
    run: Run,
    model: Forecaster,
    data: Path | None,
    *,
    refresh: bool,
    any_source: bool,
    reading: Mapping[str, Any],
) -> Path | None:
    """Return the file with newer rows; None if there is none.

    Args:
        run: the run.
        model: its model.
        data: the given file.
        refresh: whether to download the bars of the run's share up to the provider's last day.
        any_source: whether they may come from another provider than the training rows, or be adjusted otherwise.
        reading: what is said about how they are read; see `ReadingSettings`.

    Raises:
        InputError: if the arguments exclude each other, the run was not trained on a share, or nobody answers.
    """
    if data is not None and refresh:
        raise InputError("--data and --refresh are mutually exclusive.")
    about_rows = [*(["any_source"] if any_source else []), *reading]
    if about_rows and data is None and not refresh:
        name = about_rows[0].replace("_", "-")
        raise InputError(f"--{name} requires newer rows; give --data FILE or --refresh.")
    return _downloaded(run, model, any_source) if refresh else data


def _downloaded(run: Run, model: Forecaster, any_source: bool) -> Path:
    fields = {name: run.info.get("settings", {}).get(name) for name in ("data", "symbol", "start", "adjust")}
    given = {name: value for name, value in fields.items() if value is not None}
    settings = check(SeriesSettings, given, f"{run.path / INFO} is damaged")
    if settings.data is not None or settings.symbol is None:
        raise InputError(f"{run.path} was trained on a file, of which nothing can be downloaded; give --data FILE.")
    provider = model.context_.form.provider
    if provider == BUNDLED and not any_source:
        raise InputError(
            f"{run.path} was trained on bundled bars, whose prices are adjusted to another day than those of a "
            "provider; train it on downloaded ones with --provider, or allow these with --any-source."
        )
    chosen = {"provider": "auto" if any_source else provider or "auto"}
    try:
        return download(
            settings.symbol,
            start=settings.start,
            adjust=settings.adjust,
            provider=check(SeriesSettings, chosen, f"{run.path} is damaged").provider,
            refresh=True,
        )
    except InputError as error:
        if any_source:
            raise
        raise InputError(f"{error} The prices of other providers may differ; allow them with --any-source.") from error
