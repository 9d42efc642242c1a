"""Bundled bars against the known splits and dividends of their shares."""

import numpy as np
import pandas as pd
import pytest

from recurra.sources.bundled import bundled, bundled_symbols
from recurra.sources.providers.contract import Adjust

ADJUSTED: list[Adjust] = ["qfq", "hfq"]

ADJUSTMENTS: list[Adjust] = [*ADJUSTED, "none"]

PRICES = ["open", "high", "low", "close"]


def _close(frame: pd.DataFrame, day: str) -> float:
    return float(frame.set_index("date")["close"][pd.Timestamp(day)])


def test_two_shares_are_bundled_with_every_session_from_march_2000_to_march_2013() -> None:
    assert bundled_symbols() == ("AAPL", "MSFT")
    sessions = pd.DatetimeIndex(bundled("AAPL")["date"])
    assert sessions.equals(pd.DatetimeIndex(bundled("MSFT")["date"]))
    assert (len(sessions), str(sessions[0].date()), str(sessions[-1].date())) == (3270, "2000-03-01", "2013-03-01")
    assert sessions.is_monotonic_increasing and sessions.is_unique
    # of the week after the eleventh of September the exchange had only the next Monday
    week = pd.date_range("2001-09-11", "2001-09-17")
    assert week.intersection(sessions).equals(pd.DatetimeIndex(["2001-09-17"]))


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_every_bundled_bar_is_whole(symbol: str, adjust: Adjust) -> None:
    frame = bundled(symbol, adjust)
    assert list(frame.columns) == ["date", *PRICES, "volume"]
    assert frame.notna().all(axis=None)
    assert (frame[[*PRICES, "volume"]] > 0).all(axis=None)
    slack = 1e-9 * frame["close"]
    assert (frame["low"] <= frame[PRICES].min(axis=1) + slack).all()
    assert (frame["high"] >= frame[PRICES].max(axis=1) - slack).all()


@pytest.mark.parametrize(
    ("symbol", "before", "day", "paid"),
    [
        ("AAPL", "2000-06-20", "2000-06-21", (101.25, 55.63)),
        ("AAPL", "2005-02-25", "2005-02-28", (88.99, 44.86)),
        ("MSFT", "2003-02-14", "2003-02-18", (48.30, 24.96)),
    ],
)
def test_a_split_in_two_halves_the_price_as_traded_and_no_adjusted_one(
    symbol: str, before: str, day: str, paid: tuple[float, float]
) -> None:
    traded = bundled(symbol, "none")
    assert (_close(traded, before), _close(traded, day)) == paid
    for adjust in ADJUSTED:
        adjusted = bundled(symbol, adjust)
        change = _close(adjusted, day) / _close(adjusted, before)
        assert change == pytest.approx(2 * paid[1] / paid[0], rel=1e-12)


@pytest.mark.parametrize(
    ("symbol", "before", "day", "paid", "dividend"),
    [
        ("MSFT", "2004-11-12", "2004-11-15", (29.97, 27.39), 3.08),  # three dollars once, and eight cents as usual
        ("AAPL", "2012-08-08", "2012-08-09", (619.86, 620.73), 2.65),
        ("AAPL", "2013-02-06", "2013-02-07", (457.35, 468.22), 2.65),
    ],
)
def test_who_held_a_share_over_a_dividend_has_the_dividend_in_adjusted_prices(
    symbol: str, before: str, day: str, paid: tuple[float, float], dividend: float
) -> None:
    for adjust in ADJUSTMENTS:
        frame, had = bundled(symbol, adjust), 0 if adjust == "none" else dividend
        assert _close(frame, day) / _close(frame, before) == pytest.approx((paid[1] + had) / paid[0])


def test_with_qfq_the_last_prices_are_those_that_were_paid_and_with_hfq_the_first() -> None:
    for symbol in bundled_symbols():
        traded = bundled(symbol, "none")
        pd.testing.assert_series_equal(bundled(symbol, "qfq").iloc[-1], traded.iloc[-1])
        pd.testing.assert_series_equal(bundled(symbol, "hfq").iloc[0], traded.iloc[0])
    assert bundled("AAPL").iloc[-1][PRICES].tolist() == [438.0, 438.1799, 429.98, 430.47]
    assert bundled("AAPL", "hfq").iloc[0][PRICES].tolist() == [118.56, 132.06, 118.5, 130.31]


def test_a_share_of_apple_of_2000_became_four_and_was_paid_three_dividends() -> None:
    # 130.31 dollars; halved twice; 2.65 dollars each were paid when it closed at 620.73, 558.0019 and 468.22
    kept = 620.73 / (620.73 + 2.65) * 558.0019 / (558.0019 + 2.65) * 468.22 / (468.22 + 2.65)
    assert bundled("AAPL")["close"].iloc[0] == pytest.approx(130.31 / 4 * kept, rel=1e-9)
    assert bundled("AAPL", "hfq")["close"].iloc[-1] == pytest.approx(430.47 * 4 / kept, rel=1e-9)


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_the_money_that_changed_hands_is_the_same_under_every_adjustment(symbol: str) -> None:
    traded = bundled(symbol, "none")
    money = traded[PRICES].mul(traded["volume"], axis=0)
    for adjust in ADJUSTED:
        frame = bundled(symbol, adjust)
        np.testing.assert_allclose(frame[PRICES].mul(frame["volume"], axis=0), money, rtol=1e-12)
