"""Providers of bars that answer as told, and how a test reads what was downloaded."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from recurra.sources.providers.contract import Bars

PRICES = ["open", "high", "low", "close"]


def bars_of(*closes: float) -> pd.DataFrame:
    days = pd.bdate_range("2020-01-02", periods=len(closes)).strftime("%Y-%m-%d")
    prices = {name: list(closes) for name in PRICES}
    return pd.DataFrame({"date": days, **prices, "volume": [100] * len(closes)})


OLD, NEW = bars_of(1.0, 2.0), bars_of(1.0, 2.0, 3.0)


@dataclass
class Provider:
    """Answers in the given order, the last one for ever, and keeps what was asked and how long was waited."""

    answers: list[pd.DataFrame | BaseException] = field(default_factory=lambda: [OLD])
    asked: list[Bars] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __call__(self, bars: Bars) -> pd.DataFrame:
        self.asked.append(bars)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def facts_of(path: Path) -> Any:
    return json.loads(path.with_suffix(".json").read_text("utf-8"))


def closes_of(path: Path) -> list[float]:
    return pd.read_csv(path)["close"].tolist()
