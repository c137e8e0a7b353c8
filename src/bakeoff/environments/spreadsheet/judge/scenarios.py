"""Scenarios that nobody knows before the file is complete: drawn from the task's name and what the submitted workbook holds.

So the same workbook always meets the same scenarios, and any change to it meets others.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import random
from collections import Counter, OrderedDict
from dataclasses import dataclass

from bakeoff.environments.spreadsheet.spec import Driver, Job, Values

ALONE, FEW = 6, 3
"""So many scenarios move a single driver, or one group of drivers where there are more; the second in a large model."""
HISTORY, DATES, CHOICES = "history moved", "dates shifted", "other choice"
"""Names of the scenarios that move everything of one kind, in every job that has any of it."""
HUGE = 1e9
"""A figure that is so many times what its row shows in the base case is looked at: it may be rounding, blown up."""
PROBES = 90
"""How many draws tell what a job's outputs can do at all."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name for messages and the numbers of all drivers, in the reference's units. `moved`: the drivers that differ from the base."""

    name: str
    values: Values
    moved: tuple[str, ...]


def draw(job: Job, digest: bytes, further: int = 0, *, large: bool = False) -> tuple[Scenario, ...]:
    """The base case first; then the job's named scenarios, the past, dates and switches each as one, each driver alone (or in groups), all together, and the
    largest moves. At least 8 besides the base;
    `further`: so many more, where time allows, among them single drivers at the ends of their ranges. `large`: no more than 8, if no more are named."""
    base = job.base()
    seed = hmac.new(str(job.task.id).encode(), digest, hashlib.sha256).digest()
    rng = random.Random(seed)
    found = [Scenario("base", base, ())]

    def add(name: str, numbers: Values) -> None:
        moved = tuple(key for key in base if numbers.get(key, base[key]) != base[key])
        if moved:
            found.append(Scenario(name, {**base, **numbers}, moved))

    for name, numbers in job.scenarios.items():
        add(name, numbers)
    drivers = list(job.drivers)
    rng.shuffle(drivers)
    for name, together in _kinds(job).items():
        add(name, {driver.key: _moved(driver, "any", rng) for driver in together})
    alone = FEW if large else ALONE
    groups = [drivers[index::alone] for index in range(min(alone, len(drivers)))]
    for group in groups:
        name, kind = ", ".join(driver.key for driver in group), rng.choice(("up", "down", "extreme"))
        add(f"{name} {kind}", {driver.key: _moved(driver, kind, rng) for driver in group})
    rounds = max(3, 7 - len(found) + 1 if large else 8 - len(found) + 1)
    for index in range(rounds):
        moved = {driver.key: _moved(driver, "any", rng) for driver in job.drivers}
        add(f"all moved ({index + 1})", moved if index else {driver.key: _rounded(driver, moved[driver.key]) for driver in job.drivers})
    add("all at an extreme", {driver.key: _moved(driver, "extreme", rng) for driver in job.drivers})
    zero = {
        driver.key: (0.0,) * len(driver.base) for driver in drivers if driver.low <= 0 <= driver.high and driver.unit in ("money", "rate")
    }
    if zero:
        key = rng.choice(sorted(zero))
        add(f"{key} zero", {key: zero[key]})
    for index in range(further):
        if index % 3 == 1:
            driver = rng.choice(drivers)
            add(f"{driver.key} at an end", {driver.key: _at_an_end(driver, rng)})
        else:
            kind = "extreme" if index % 3 == 0 else "any"
            add(f"further ({index + 1})", {driver.key: _moved(driver, kind, rng) for driver in job.drivers})
    return tuple(found)


def steady(job: Job, drawn: tuple[Scenario, ...]) -> tuple[Scenario, ...]:
    """Without the scenarios in which a right figure is nothing but rounding: one that is beyond all bounds (`HUGE` times what its row shows in the base case),
    because something was divided by a difference that ought to be nought, and that changes when the given numbers do in their thirteenth digit. Two right
    workbooks do not agree there. The base case always stays."""
    base = job.reference(job.base())
    bounds = {output.key: HUGE * max([1.0, *map(abs, base[output.key])]) for output in job.outputs}
    return tuple(scenario for scenario in drawn if not scenario.moved or not _shaky(job, scenario.values, bounds))


def _shaky(job: Job, values: Values, bounds: dict[str, float]) -> bool:
    right = job.reference(values)
    huge = [(output.key, at) for output in job.outputs for at, number in enumerate(right[output.key]) if abs(number) > bounds[output.key]]
    if not huge:
        return False
    fixed = {driver.key for driver in job.drivers if driver.unit in ("date", "switch", "count", "days")}
    for sign in (1, -1):
        nudged = {
            key: row if key in fixed else tuple(number * (1 + sign * (-1) ** at * 1e-13) for at, number in enumerate(row))
            for key, row in values.items()
        }
        other = job.reference(nudged)
        if any(abs(other[key][at] - right[key][at]) > 1e-6 * abs(right[key][at]) for key, at in huge):
            return True
    return False


def _kinds(job: Job) -> dict[str, tuple[Driver, ...]]:
    """What is moved as one, whatever else is: all figures of the past, all dates, all switches."""
    kinds = {
        HISTORY: tuple(driver for driver in job.drivers if driver.history and driver.unit not in ("date", "switch")),
        DATES: tuple(driver for driver in job.drivers if driver.unit == "date"),
        CHOICES: tuple(driver for driver in job.drivers if driver.unit == "switch"),
    }
    return {name: found for name, found in kinds.items() if found}


def _moved(driver: Driver, kind: str, rng: random.Random) -> tuple[float, ...]:
    """Other numbers for a driver, within its range."""
    if driver.unit == "date":
        room = (driver.low - min(driver.base), driver.high - max(driver.base))
        shift = rng.choice([step for step in (-400, -181, -90, -31, 31, 59, 90, 181, 366, 731) if room[0] <= step <= room[1]] or [0])
        return tuple(number + shift for number in driver.base)
    if driver.unit == "switch":
        choices = list(range(math.ceil(driver.low), math.floor(driver.high) + 1))
        return tuple(float(rng.choice([choice for choice in choices if choice != number] or choices)) for number in driver.base)
    whole = driver.unit in ("count", "days") and all(number == int(number) for number in driver.base)
    factor = {"up": rng.uniform(1.08, 1.6), "down": rng.uniform(0.4, 0.93)}.get(kind)
    return tuple(_number(driver, number, factor, kind == "extreme", whole, rng) for number in driver.base)


def _rounded(driver: Driver, numbers: tuple[float, ...]) -> tuple[float, ...]:
    """As round as the base figures are: what treats round figures otherwise than the rest is seen as well."""
    places = max(min(len(f"{number:.9f}".rstrip("0").partition(".")[2]), 9) for number in driver.base)
    return tuple(min(max(round(number, places), driver.low), driver.high) for number in numbers)


def _at_an_end(driver: Driver, rng: random.Random) -> tuple[float, ...]:
    """All periods at one end of the range."""
    if driver.unit in ("date", "switch"):
        return _moved(driver, "any", rng)
    whole = driver.unit in ("count", "days")
    end = rng.choice((math.ceil(driver.low) if whole else driver.low, math.floor(driver.high) if whole else driver.high))
    return (float(end),) * len(driver.base)


def _number(driver: Driver, base: float, factor: float | None, extreme: bool, whole: bool, rng: random.Random) -> float:
    low, high = driver.low, driver.high
    if extreme:
        value = rng.choice((base * 10, base * rng.uniform(2.0, 8.0), base * 0.05, rng.uniform(low, high)))
    elif base == 0:
        value = rng.uniform(low, high) * 0.1
    else:
        value = base * (rng.uniform(0.6, 1.7) if factor is None else factor * rng.uniform(0.97, 1.03))
    if not low <= value <= high:
        value = rng.uniform(max(low, min(base, high) - abs(base)), min(high, max(base, low) + abs(base)))
    if whole:
        return float(min(max(round(value), math.ceil(low)), math.floor(high)))
    return min(max(float(f"{value:.9g}"), low), high)


def covering(job: Job, drawn: tuple[Scenario, ...], digest: bytes, tried: int = 60, most: int = 8) -> tuple[Scenario, ...]:
    """Scenarios for what the others leave out: an output cell that moves, that is positive or negative, or that moves while a driver stays at its base, or while it
    does not (so that no formula can tell the base by that driver). Of `tried` further draws those are kept that show most of it, the rarest before all; `most` at most."""
    rng = random.Random(hmac.new(str(job.task.id).encode() + b"/covering", digest, hashlib.sha256).digest())
    base = job.base()
    first = _row(job, base)
    weights = _possible(job, first)
    left = set(weights)
    for scenario in drawn:
        left -= _goals(job, scenario.values, first)
    if not left:
        return drawn
    draws = [{driver.key: _ventured(driver, index, rng) for driver in job.drivers} for index in range(tried)]
    goals = [_goals(job, numbers, first) for numbers in draws]
    found: list[Scenario] = []
    while len(found) < most:
        gains = [sum(weights[goal] for goal in shown & left) for shown in goals]
        best = max(range(tried), key=gains.__getitem__)
        if gains[best] == 0:
            break
        left -= goals[best]
        moved = tuple(key for key in base if draws[best][key] != base[key])
        found.append(Scenario(f"branch ({len(found) + 1})", draws[best], moved))
    return (*drawn, *found)


Goal = tuple[int, str]
"""An output cell and what it does: `moved`, `+`, `-`, or the key of a driver that stays at its base while the cell moves, with a `!` of one that does not."""

_POSSIBLE: OrderedDict[tuple[str, bytes], dict[Goal, float]] = OrderedDict()


def _possible(job: Job, first: list[float]) -> dict[Goal, float]:
    """What a job's output cells can do, as far as `PROBES` draws of its own show, each with how rare it is; found once for a job."""
    key = (str(job.task.id), hashlib.sha256(job.workbook).digest())
    known = _POSSIBLE.get(key)
    if known is None:
        rng = random.Random(f"possible/{job.task.id}")
        counts: Counter[Goal] = Counter()
        for index in range(PROBES):
            counts.update(_goals(job, {driver.key: _ventured(driver, index, rng) for driver in job.drivers}, first))
        known = _POSSIBLE[key] = {goal: 1 / count for goal, count in counts.items()}
        if len(_POSSIBLE) > 256:
            _POSSIBLE.popitem(last=False)
    _POSSIBLE.move_to_end(key)
    return known


def _ventured(driver: Driver, index: int, rng: random.Random) -> tuple[float, ...]:
    """Numbers further off with every other draw."""
    kind = index % 4
    if kind == 3:
        return _at_an_end(driver, rng)
    if kind == 2:
        return driver.base if rng.random() < 0.6 else _moved(driver, "extreme", rng)
    return _moved(driver, "extreme" if kind == 0 else "any", rng)


def _row(job: Job, values: Values) -> list[float]:
    right = job.reference(values)
    return [number for output in job.outputs for number in right[output.key]]


def _goals(job: Job, values: Values, base: list[float]) -> set[Goal]:
    """What a scenario shows of each output cell: its sign, that it moves, and which of the drivers it depends on move or stay at their base meanwhile."""
    right = job.reference(values)
    states = {driver.key: "" if tuple(values[driver.key]) == tuple(driver.base) else "!" for driver in job.drivers}
    found: set[Goal] = set()
    index = 0
    for output in job.outputs:
        known = [state + key for key, state in states.items() if key in output.depends]
        for number in right[output.key]:
            was = base[index]
            if number != 0:
                found.add((index, "+" if number > 0 else "-"))
            if abs(number - was) > 1e-4 * max(abs(number), abs(was)):
                found.add((index, "moved"))
                found.update((index, state) for state in known)
            index += 1
    return found
