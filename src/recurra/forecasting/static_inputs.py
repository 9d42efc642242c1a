"""Static covariates as inputs of the network: words as one-hot vectors, numbers standardized over the series."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from recurra.errors import InputError, counted, listed, shown
from recurra.settings.base import Settings
from recurra.tables.arrays import Floats, Integers
from recurra.tables.columns import LONGEST_ID
from recurra.tables.static_covariates import Words, is_missing
from recurra.tables.table import Table

MOST_INPUTS = 256  # of all static covariates together
FARTHEST = 10.0  # standard deviations; a number farther from the mean counts as that far


@dataclass(frozen=True, kw_only=True)
class StaticPlan(Settings):
    """How a static covariate becomes inputs, as the series of training decide.

    Attributes:
        name: its name.
        categories: its words in ascending order; None if it has numbers.
        mean: mean of the numbers.
        scale: their standard deviation; 1 if they are all equal.
    """

    name: str
    categories: (
        Annotated[
            tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_ID)], ...],
            Field(max_length=MOST_INPUTS, fail_fast=True),
        ]
        | None
    )
    mean: float
    scale: Annotated[float, Field(gt=0.0)]

    @classmethod
    def of(cls, name: str, column: Floats | Words) -> Self:
        """Decide by the values of the series [S]."""
        seen = np.sort(column[~is_missing(column)])
        if column.dtype == object:
            return cls(name=name, categories=tuple(np.unique(seen).tolist()), mean=0.0, scale=1.0)
        if not len(seen) or seen[0] == seen[-1]:  # whose mean may be rounded
            return cls(name=name, categories=None, mean=float(seen[0]) if len(seen) else 0.0, scale=1.0)
        return cls(name=name, categories=None, mean=float(seen.mean()), scale=float(seen.std()) or 1.0)

    @property
    def size(self) -> int:
        """Number of inputs."""
        return 1 if self.categories is None else len(self.categories)

    def codes(self, column: Floats | Words) -> Floats:
        """Return numbers as they are, and the places of words among the categories, [S]; NaN for none of them."""
        if self.categories is None:
            return column.astype(np.float64)
        places = {word: float(place) for place, word in enumerate(self.categories)}
        return np.array([places.get(word, np.nan) for word in column.tolist()])

    def column(self, codes: Floats) -> Floats | Words:
        """Return the values of which `codes` returned the codes [S]; a word that is none of the categories is missing.

        Raises:
            ValueError: if there is a code that it does not return.
        """
        if self.categories is None:
            if np.isinf(codes).any():
                raise ValueError(f"{self.name} has infinity")
            return codes
        known = codes[~np.isnan(codes)]
        if not np.isin(known, np.arange(self.size)).all():
            raise ValueError(f"{self.name} has a code of no category")
        return np.array([*self.categories, ""], dtype=object)[np.nan_to_num(codes, nan=self.size).astype(np.int64)]

    def unseen(self, column: Floats | Words) -> Integers:
        """Return the places of the series whose word is none of the categories."""
        return np.flatnonzero(np.isnan(self.codes(column)) & ~is_missing(column))

    def scaled(self, column: Floats | Words) -> Floats:
        """Return standardized numbers, 0 for missing ones, or the places of words, -1 for none of them, [S]."""
        codes = self.codes(column)
        if self.categories is not None:
            return np.where(np.isnan(codes), -1.0, codes)
        with np.errstate(over="ignore"):  # what is infinitely far counts as the farthest
            standardized = ((codes - self.mean) / self.scale).clip(-FARTHEST, FARTHEST)
        return np.where(np.isnan(codes), 0.0, standardized)

    @model_validator(mode="after")
    def _has_categories_in_order(self) -> Self:
        if self.categories is not None and list(self.categories) != sorted(set(self.categories)):
            raise ValueError("the categories are expected in ascending order, each once")
        return self


def static_plans(table: Table) -> tuple[StaticPlan, ...]:
    """Decide how the static covariates of a table become inputs.

    Raises:
        InputError: if the table has one series, or the static covariates have too many words.
    """
    names = table.static.names
    if names and len(table.ids) < 2:
        raise InputError(
            f"{table.source}: the static covariates {listed(names)} tell series apart, and there is one series; leave "
            "out --static-covariates (static_covariates=… in Python), or name the column of ids with --id."
        )
    plans = tuple(StaticPlan.of(name, column) for name, column in table.static.columns.items())
    if (inputs := sum(plan.size for plan in plans)) > MOST_INPUTS:
        most = max(plans, key=lambda plan: plan.size)
        raise InputError(
            f"{table.source}: the static covariates make {counted(inputs, 'input')}, one for each word or column of "
            f"numbers, and {shown(most.name)} has {counted(most.size, 'word')}; expected at most {MOST_INPUTS} in all: "
            "leave a column out, or give rare words one name."
        )
    return plans


def scaled_static(plans: Sequence[StaticPlan], table: Table) -> Floats:
    """Return the values of the series of a table as `StaticPlan.scaled` does, [S, K]; a table may lack columns."""
    lacking = {True: np.full(len(table.ids), np.nan), False: np.full(len(table.ids), "", dtype=object)}
    columns = [table.static.columns.get(plan.name, lacking[plan.categories is None]) for plan in plans]
    return np.column_stack([plan.scaled(column) for plan, column in zip(plans, columns, strict=True)])


def as_inputs(plans: Sequence[StaticPlan], scaled: Tensor) -> Tensor:
    """Return the inputs of samples [B, F]: numbers as they are, and words as one-hot vectors.

    Args:
        plans: the plans.
        scaled: the values of the series of each sample, [B, K].
    """
    parts = [
        values if plan.categories is None else (values == torch.arange(plan.size, device=values.device)).to(values)
        for plan, values in zip(plans, torch.split(scaled, 1, dim=1), strict=True)
    ]
    return torch.cat(parts, dim=1)


def with_known_static(table: Table, earlier: Table) -> Table:
    """Return a table with the static covariates of an earlier one where it has none.

    Raises:
        InputError: if it has other static covariates, or words where there were numbers.
    """
    known = earlier.static.names
    if other := [name for name in table.static.names if name not in known]:
        raise InputError(
            f"{table.source}: the model was fitted without the static covariate {shown(other[0])}; leave it out"
            f"{f', or rename it to one of {listed(known)}' if known else ''}."
        )
    places = np.array([earlier.places.get(id_, -1) for id_ in table.ids], dtype=np.int64)
    return replace(table, static=table.static.after(earlier.static, places, table.source))


def warn_of_unseen_words(table: Table, plans: Sequence[StaticPlan]) -> None:
    """Warn of words of a table that no series had in training."""
    for plan in plans:
        column = table.static.columns[plan.name]
        if len(unseen := plan.unseen(column)):
            warnings.warn(
                f"{table.source}: column {shown(plan.name)} is {shown(column[unseen[0]])} in series "
                f"{shown(table.ids[unseen[0]])}, a word that no series had in training; it counts as missing in "
                f"{counted(len(unseen), 'series', 'series')}.",
                stacklevel=5,
            )
