"""The servers behind akshare, baostock and yfinance, as they answer on the wire."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import requests


class Request(NamedTuple):
    url: str  # without the query
    query: dict[str, str]
    timeout: Any


@dataclass
class Web:
    """The servers that akshare asks: each answers with the body, status and body, or error that its URL is told.

    A body may depend on the request.
    """

    answers: dict[str, Any] = field(default_factory=dict)  # by a part of the URL
    asked: list[Request] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, timeout: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        asked = Request(f"{parts.scheme}://{parts.netloc}{parts.path}", query, timeout)
        self.asked.append(asked)
        answer = next(answer for part, answer in self.answers.items() if part in asked.url)
        answer = answer(asked) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer if isinstance(answer, tuple) else (200, answer)
        response.url, response.request = str(request.url), request
        response._content = to_bytes(body)
        return response


class Bar(NamedTuple):
    opened: str  # the moment in UTC: Yahoo dates a bar by the opening of its exchange
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adjusted: float | None
    volume: int | None


@dataclass
class Asked:
    url: str
    params: dict[str, Any]
    timeout: float


@dataclass
class Yahoo:
    """The server that yfinance asks: a cookie, a crumb, the time zone of a symbol, then its bars."""

    bars: list[Bar] = field(
        default_factory=lambda: [
            Bar("2020-01-02T14:30", 74.06, 75.15, 73.80, 75.0875, 72.084, 135480400),
            Bar("2020-01-03T14:30", 74.2875, 75.145, 74.125, 74.3575, 71.3832, 146322800),
            Bar("2020-01-06T14:30", 73.4475, 74.99, 73.1875, 74.95, 71.952, 118387200),
        ]
    )
    zone: str = "America/New_York"
    bars_answer: Callable[[], tuple[int, Any]] | None = None
    zone_answer: Callable[[], tuple[int, Any]] | None = None
    splits: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def charts(self) -> list[Asked]:
        """The requests for bars."""
        return [asked for asked in self.asked if "period1" in asked.params]

    def answer(self, url: str, params: dict[str, Any]) -> tuple[int, Any]:
        place = urlsplit(url).path
        if place == "/v1/test/getcrumb":
            return 200, b"a.crumb"
        if place.startswith("/v8/finance/chart/"):
            special = self.bars_answer if "period1" in params else self.zone_answer
            return special() if special else (200, self.chart(params))
        if place.startswith("/v10/finance/quoteSummary/"):
            return 404, {"quoteSummary": {"result": None, "error": {"code": "Not Found", "description": "Quote not"}}}
        return 404, b"<html></html>"  # where the cookie comes from answers so, too

    def chart(self, params: dict[str, Any]) -> dict[str, Any]:
        moments = {int(datetime.fromisoformat(f"{bar.opened}+00:00").timestamp()): bar for bar in self.bars}
        if "period1" in params:
            moments = {t: bar for t, bar in moments.items() if params["period1"] <= t < params["period2"]}
        bars = list(moments.values())
        quote = {
            name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume") if bars
        }
        result = {
            "meta": {
                "currency": "USD",
                "symbol": "AAPL",
                "instrumentType": "EQUITY",
                "exchangeTimezoneName": self.zone,
                "validRanges": ["1d", "5d", "1y", "max"],
            },
            **({"timestamp": list(moments)} if bars else {}),
            "events": {
                "splits": {
                    str(seconds(moment)): {"date": seconds(moment), "numerator": new, "denominator": old}
                    for moment, (new, old) in self.splits.items()
                }
            },
            "indicators": {
                "quote": [quote],
                "adjclose": [{"adjclose": [bar.adjusted for bar in bars]} if bars else {}],
            },
        }
        return {"chart": {"result": [result], "error": None}}


def to_bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()


def seconds(moment: str) -> int:
    return int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
