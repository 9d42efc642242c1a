"""What all groups of settings share."""

from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Annotated

import pytest

from recurra.errors import InputError
from recurra.settings.base import Settings, Share, ShareOrCount, checked_as
from recurra.settings.check import check


@dataclass(frozen=True, kw_only=True)
class Cut(Settings):
    """Where something is cut."""

    share: Share = 0.0
    part: ShareOrCount = 0
    places: Annotated[tuple[float, ...], checked_as(list[float])] = ()


def test_settings_are_values() -> None:
    cut = Cut(share=0.5)
    assert cut == Cut(share=0.5)
    assert replace(cut, share=0.25) == Cut(share=0.25)
    with pytest.raises(FrozenInstanceError):
        cut.share = 0.1


def test_a_constructor_stores_what_it_is_given_and_check_what_is_right() -> None:
    assert Cut(share=7).share == 7
    with pytest.raises(InputError, match=r"^x: share is 7; expected a number below 1\.$"):
        check(Cut, {"share": 7}, "x")


def test_a_share_and_a_count_are_told_apart_by_their_type() -> None:
    assert [type(check(Cut, {"part": part}, "x").part) for part in (0.5, 3, 0.0, 0)] == [float, int, float, int]


def test_a_default_is_checked_too() -> None:
    assert check(Cut, {}, "x").places == []
    assert check(Cut, {"places": (1, 2)}, "x").places == [1.0, 2.0]


def test_infinity_is_no_number() -> None:
    with pytest.raises(InputError, match=r"^x: places\[0\] is inf; expected a finite number\.$"):
        check(Cut, {"places": [float("inf")]}, "x")
