"""The small tables that the golden trainings learn from; `make.py` writes them into `data/`."""

import csv
import math
from datetime import datetime, timedelta
from pathlib import Path

Rows = list[list[object]]


def write_tables(folder: Path) -> None:
    """Write every table as a CSV file."""
    sales = _sales(72)
    tables: dict[str, Rows] = {
        "sales": sales[:61],
        "sales-newer": [sales[0], *sales[55:73]],  # it overlaps with sales
        "sales-coming": [sales[0], *sales[1:61], *([month, "", "", promo] for month, _, _, promo in sales[61:65])],
        "shops": _shops(40),
        "gaps": _gaps(60),
        "hours": _hours(72),
        "visits": _visits(45),
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _wave(t: int, period: float, seed: float = 0.0) -> float:
    """A season, and something irregular that is the same everywhere."""
    return math.sin(2 * math.pi * t / period) + 0.3 * math.sin(12.9898 * (t + 1) * (t + 7 + seed))


def _sales(months: int) -> Rows:
    rows: Rows = [["month", "sales", "price", "promo"]]
    for t in range(months):
        promo = int(t % 5 == 3)
        price = round(9.5 + 0.8 * _wave(t, 7.0, 2.0) - promo, 2)
        sales = round(200 + t + 40 * _wave(t, 12.0) + 25 * promo, 1)
        rows.append([f"{2012 + t // 12}-{t % 12 + 1:02}", sales, price, promo])
    return rows


def _days(count: int) -> list[str]:
    return [str((datetime(2024, 1, 1) + timedelta(days=t)).date()) for t in range(count)]


def _shops(days: int) -> Rows:
    rows: Rows = [["unique_id", "ds", "y"]]
    for number, shop in enumerate(["north", "south", "west"], start=1):
        for t, day in enumerate(_days(days)):
            rows.append([shop, day, round(number * (30 + 5 * _wave(t, 7.0, number)) + 0.1 * t, 2)])
    return rows


def _gaps(days: int) -> Rows:
    rows: Rows = [["date", "visitors", "rain"]]
    for t, day in enumerate(_days(days)):
        if t in {17, 18}:  # no rows at all
            continue
        visitors = "" if t in {6, 30, 31, 44} else round(80 + 12 * _wave(t, 7.0), 1)
        rows.append([day, visitors, "" if t == 22 else round(2 + _wave(t, 5.0, 1.0), 1)])
    return rows


def _hours(count: int) -> Rows:
    rows: Rows = [["time", "load"]]
    for t in range(count):
        rows.append([(datetime(2024, 3, 4) + timedelta(hours=t)).isoformat(" "), round(50 + 9 * _wave(t, 24.0), 2)])
    return rows


def _visits(days: int) -> Rows:
    rows: Rows = [["when", "branch", "guests", "heat", "open"]]
    for branch in ("A", "B"):
        for t, day in enumerate(_days(days)):
            guests = round(60 + 10 * _wave(t, 7.0, len(branch)) + (t if branch == "A" else -t) / 4, 1)
            rows.append([day, branch, guests, round(15 + 5 * _wave(t, 11.0), 1), int(t % 7 != 6)])
    return rows
