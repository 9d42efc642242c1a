"""Daily bars of two shares, bundled so that cases and examples work offline."""

from pathlib import Path

import pandas as pd

from recurra.sources.providers.contract import Adjust

FOLDER = Path(__file__).parent / "data"
COLUMNS = ["date", "open", "high", "low", "close", "volume"]
PRICES = ["open", "high", "low", "close"]


def bundled_symbols() -> tuple[str, ...]:
    """Return the symbols of the bundled shares."""
    return tuple(sorted(path.name.removesuffix(".csv.gz") for path in FOLDER.glob("*.csv.gz")))


def bundled(symbol: str, adjust: Adjust = "qfq") -> pd.DataFrame:
    """Return daily bars of a bundled share from 2000-03-01 to 2013-03-01.

    Splits and dividends lower the price of a share without a loss to its owner. By default, prices are adjusted for
    them, as a network would otherwise learn these falls.

    Args:
        symbol: one of `bundled_symbols()`.
        adjust: "qfq" scales earlier prices to the last price as traded, "hfq" scales later prices to the first price
            as traded, "none" does not adjust prices. Volumes are scaled inversely, so that the product stays the same.

    Returns:
        A DataFrame with columns date, open, high, low, close (in dollars) and volume (in shares).

    >>> bundled("AAPL").columns.tolist()
    ['date', 'open', 'high', 'low', 'close', 'volume']
    """
    frame = pd.read_csv(FOLDER / f"{symbol}.csv.gz", parse_dates=["date"])
    if adjust != "none":
        factor = frame["adj_close"] / frame["close"]
        factor /= factor.iloc[-1] if adjust == "qfq" else factor.iloc[0]
        frame[PRICES] = frame[PRICES].mul(factor, axis=0)
        frame["volume"] = frame["volume"] / factor
    return frame[COLUMNS]
