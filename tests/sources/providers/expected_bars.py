"""The bars of Moutai on its first days of 2020, which all providers of Chinese shares agree on but for rounding."""

from collections.abc import Sequence

import pandas as pd


def moutai(volume: Sequence[int], amount: Sequence[float]) -> pd.DataFrame:
    """Return the bars of as many days as there are volumes, in shares, and amounts, in yuan."""
    bars = {
        "date": ["2020-01-02", "2020-01-03", "2020-01-06"],
        "open": [1128.0, 1117.0, 1070.86],
        "high": [1145.06, 1117.0, 1092.9],
        "low": [1116.0, 1076.9, 1067.3],
        "close": [1130.0, 1078.56, 1077.99],
    }
    return pd.DataFrame(bars).head(len(volume)).assign(volume=volume, amount=amount)
