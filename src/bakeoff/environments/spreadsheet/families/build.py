"""Small helpers that families are written with: lines by kind, and series of given figures for the references."""

from __future__ import annotations

import calendar
import datetime
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bakeoff.environments.spreadsheet.model import DATA, Line
from bakeoff.environments.spreadsheet.spec import Unit, Values


def scalar(
    key: str, term: str, section: str, unit: Unit = "money", low: float | None = None, high: float | None = None, **more: Any
) -> Line:
    """One given number."""
    return Line(key, term, section, unit, DATA, scalar=True, low=low, high=high, **more)


def figure(key: str, term: str, section: str, formula: str, unit: Unit = "money", **more: Any) -> Line:
    """One computed number."""
    return Line(key, term, section, unit, formula, scalar=True, **more)


def given(
    key: str,
    term: str,
    section: str,
    unit: Unit = "money",
    low: float | None = None,
    high: float | None = None,
    back: str | None = "",
    **more: Any,
) -> Line:
    """A row of given figures ahead; `back` says what stands in the past: nothing, `DATA`, or a formula that shows how it was."""
    return Line(key, term, section, unit, DATA, back, low=low, high=high, **more)


def calc(key: str, term: str, section: str, formula: str, unit: Unit = "money", **more: Any) -> Line:
    """A computed row."""
    return Line(key, term, section, unit, formula, **more)


def whole(values: Values, key: str) -> list[float]:
    """A line that is given over the whole timeline: its past, then what lies ahead."""
    return [*values.get(f"{key}.past", ()), *values[key]]


def one(values: Values, key: str) -> float:
    return values[key][0]


def split(series: Sequence[float], past: int, key: str) -> dict[str, list[float]]:
    """Given figures over the whole timeline, as drivers: past and ahead."""
    return {f"{key}.past": list(series[:past]), key: list(series[past:])}


def nice(value: float, step: float = 0.1) -> float:
    """Rounded to a multiple of `step`, without the dust of binary fractions."""
    return round(round(value / step) * step, 10)


def walk(rng: random.Random, start: float, count: int, low: float, high: float, step: float = 0.1) -> list[float]:
    """A path that starts at a level and grows by a random rate between `low` and `high` each period."""
    series, level = [], start
    for _ in range(count):
        series.append(nice(level, step))
        level *= 1 + rng.uniform(low, high)
    return series


def draws(rng: random.Random, count: int, low: float, high: float, step: float) -> list[float]:
    """Independent draws, no two neighbours equal where the range allows, so that a rule cannot hide behind equal figures."""
    series: list[float] = []
    for _ in range(count):
        value = nice(rng.uniform(low, high), step)
        for _ in range(5):
            if not series or value != series[-1]:
                break
            value = nice(rng.uniform(low, high), step)
        series.append(value)
    return series


def plus(keys: Iterable[str]) -> str:
    """`SUM(a, b, c)`, or the one key alone."""
    names = list(keys)
    return names[0] if len(names) == 1 else f"SUM({', '.join(names)})"


def total(lists: Iterable[Sequence[float]]) -> list[float]:
    """Sums period by period."""
    return [sum(items) for items in zip(*lists, strict=True)]


def cumulated(series: Sequence[float]) -> list[float]:
    level, found = 0.0, []
    for value in series:
        level += value
        found.append(level)
    return found


def residual(*terms: tuple[int, str]) -> Callable[[Any], tuple[float, ...]]:
    """Of an identity: the signed sum of lines, period by period."""

    def compute(values: Any) -> tuple[float, ...]:
        return tuple(sum(sign * values[key][i] for sign, key in terms) for i in range(min(len(values[key]) for _, key in terms)))

    return compute


EPOCH = datetime.date(1899, 12, 30)


def serial(day: datetime.date) -> int:
    """A date as the number that a cell holds."""
    return (day - EPOCH).days


def month_later(number: float, months: int) -> int:
    """The same day so many months later, or the last day of a shorter month, as EDATE has it."""
    day = EPOCH + datetime.timedelta(days=int(number))
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return serial(datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1])))


def dates(section: str, months: int) -> tuple[Line, Line]:
    """The last day of each period and how many days it has, from the given `first_day` on."""
    return (
        calc(
            "period_end",
            "period_end",
            section,
            f"EDATE(period_end[-1], {months})",
            "date",
            first=f"EDATE(first_day, {months})",
            rule=f"{{period_end}} lies {months} months after the one before (the first one: after {{first_day}}).",
        ),
        calc(
            "days",
            "days",
            section,
            "period_end - period_end[-1]",
            "days",
            first="period_end - first_day",
            rule="{days} run from one {period_end} to the next.",
        ),
    )


def calendar_of(values: Values, months: int, span: int) -> tuple[list[float], list[float]]:
    """What `dates` come to."""
    ends, gaps, previous = [], [], one(values, "first_day")
    for _ in range(span):
        end = float(month_later(previous, months))
        ends.append(end)
        gaps.append(end - previous)
        previous = end
    return ends, gaps


def first_day(rng: Any, earliest: int = 2021) -> list[float]:
    """A first day of a month."""
    return [float(serial(datetime.date(rng.randint(earliest, earliest + 3), rng.randint(1, 12), 1)))]
