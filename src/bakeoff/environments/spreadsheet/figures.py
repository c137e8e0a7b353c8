"""From a model in a house to what a job needs: its drivers with their cells and legal ranges, its outputs, what depends on what, identities."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.spreadsheet.layout import Layout
from bakeoff.environments.spreadsheet.model import DATA, Line, Model, Numbers
from bakeoff.environments.spreadsheet.notation import references
from bakeoff.environments.spreadsheet.spec import Driver, Identity, Output, Values

PAST = ".past"


def freeze(numbers: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """Given figures as drivers hold them."""
    return {key: tuple(float(value) for value in series) for key, series in numbers.items()}


def given_lines(model: Model) -> list[tuple[str, Line]]:
    """Drivers by key: lines with figures ahead, and `<key>.past` for lines with figures in the past."""
    found = []
    for line in model.lines:
        if not line.scalar and line.past == DATA:
            found.append((line.key + PAST, line))
        if line.ahead == DATA:
            found.append((line.key, line))
    return found


def computed_lines(model: Model) -> list[Line]:
    """Lines with a rule ahead, checks included."""
    return [line for line in model.lines if line.ahead not in (DATA, "")]


def bounds(line: Line, base: Sequence[float]) -> tuple[float, float]:
    """The legal range of given figures: the family's own, else a wide one around the base that keeps clear of zero and of the other sign."""
    smallest, largest = min(base), max(base)
    around = smallest * 0.2 if smallest > 0 else smallest * 10 - 1
    low = around if line.low is None else line.low
    wide = {"rate": 1.0, "switch": largest}.get(line.unit, max(20 * max(abs(smallest), abs(largest)), 20.0))
    high = wide if line.high is None else line.high
    return min(low, smallest), max(high, largest)


def drivers(layout: Layout, base: Values, *, missing: Iterable[str] = (), named: Mapping[str, str] | None = None) -> tuple[Driver, ...]:
    """All drivers. `missing`: keys that the worker has to enter. `named`: key -> defined name, where the layout is the worker's own."""
    absent = set(missing)
    return tuple(
        Driver(
            key=key,
            spots=() if named is not None else layout.spots(line.key, past=key.endswith(PAST)),
            unit=line.unit,
            base=base[key],
            low=bounds(line, base[key])[0],
            high=bounds(line, base[key])[1],
            scale=layout.shown.scale(line),
            given=key not in absent and named is None,
            history=key.endswith(PAST),
            name=named[key] if named is not None else "",
        )
        for key, line in given_lines(layout.model)
    )


def outputs(layout: Layout, needed: Mapping[str, frozenset[str]], *, named: Mapping[str, str] | None = None) -> tuple[Output, ...]:
    """All computed lines, or those that have a name where the layout is the worker's own. `needed`: key -> drivers that it depends on."""
    keys = {line.key for line in computed_lines(layout.model) if not line.check and (named is None or line.key in named)}
    return tuple(
        Output(
            key=line.key,
            label=layout.house.label(line),
            spots=() if named is not None else layout.spots(line.key),
            unit=line.unit,
            scale=layout.shown.scale(line),
            depends=needed.get(line.key, frozenset()),
            name=named[line.key] if named is not None else "",
            check=tuple(sorted({key for key, _ in references(line.ahead)} & keys)) if line.check else (),
        )
        for line in computed_lines(layout.model)
        if named is None or line.key in named
    )


def reference(model: Model, wanted: Iterable[str] | None = None) -> Callable[[Values], Values]:
    """The family's reference cut to what lies ahead; a check that it does not compute is zero."""
    lines = [line for line in computed_lines(model) if wanted is None or line.key in set(wanted)]

    def compute(values: Values) -> Values:
        found = model.reference(values)
        zero = tuple(0.0 for _ in range(model.future))
        return {
            line.key: tuple(found.get(line.key, ())[0 if line.scalar else model.past :]) or zero[: 1 if line.scalar else None]
            for line in lines
        }

    return compute


def cases(model: Model, base: Values, limits: Mapping[str, tuple[float, float]]) -> dict[str, Values]:
    """The family's named scenarios, within the legal ranges."""
    return {
        name: {key: tuple(min(max(value, limits[key][0]), limits[key][1]) for value in series) for key, series in case.items()}
        for name, case in model.cases(base).items()
    }


def dependence(
    compute: Callable[[Values], Values], found: Sequence[Driver], scenarios: Iterable[Values], seed: int
) -> dict[str, frozenset[str]]:
    """Output -> drivers that change it, seen by moving each driver at the base, in each named scenario and at two random points.

    Whatever shows here is a true dependence; one that shows nowhere is not demanded of the worker.
    """
    rng = random.Random(seed)
    base = {driver.key: driver.base for driver in found}
    points: list[Values] = [base, *({**base, **case} for case in scenarios)]
    for _ in range(2):
        points.append({driver.key: _moved(driver, driver.base, rng) for driver in found})
    needed: dict[str, set[str]] = {}
    for point in points:
        before = compute(point)
        for driver in found:
            after = compute({**point, driver.key: _moved(driver, point[driver.key], rng)})
            for key, series in before.items():
                if any(abs(a - b) > 1e-9 * max(1.0, abs(a)) for a, b in zip(series, after[key], strict=True)):
                    needed.setdefault(key, set()).add(driver.key)
    return {key: frozenset(keys) for key, keys in needed.items()}


def watched(model: Model, needed: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """`needed` with checks: they are zero whatever moves, and come from whatever the lines that they hold together come from."""
    found = dict(needed)
    given = {key for key, _ in given_lines(model)}
    for line in computed_lines(model):
        if line.check:
            keys = {key for key, _ in references(line.ahead)}
            found[line.key] = frozenset(keys & given).union(*(needed.get(key, frozenset()) for key in keys))
    return found


def _moved(driver: Driver, values: Sequence[float], rng: random.Random) -> tuple[float, ...]:
    """Somewhat other figures, within the legal range."""
    whole = driver.unit in ("switch", "count", "days", "date")
    moved = []
    for value in values:
        step = (abs(value) or 0.02 * min(driver.high, 50.0)) * rng.uniform(0.05, 0.3) * rng.choice((-1, 1))
        target = value + (max(1, round(abs(step))) * (1 if step > 0 else -1) if whole else step)
        if driver.unit == "date":
            target = value + rng.randint(*rng.choice(((20, 90), (200, 500))))
        if not driver.low <= target <= driver.high:
            target = 2 * value - target
        moved.append(min(max(target, driver.low), driver.high))
    return tuple(moved)


def identities(model: Model, available: Iterable[str]) -> tuple[Identity, ...]:
    """The identities whose figures are all among what a job knows."""
    known = set(available)
    found = []
    for claim in model.claims:
        probe = _Probe()
        claim.residual(probe)
        if probe.asked <= known:
            found.append(Identity(claim.name, claim.claim, claim.residual, claim.apart))
    return tuple(found)


class _Probe(Mapping[str, tuple[float, ...]]):
    """Notes which figures an identity asks for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> tuple[float, ...]:
        self.asked.add(key)
        return (0.0,) * 12

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def numbers(model: Model, seed: int, *parts: object) -> dict[str, tuple[float, ...]]:
    """The figures of one job in a house."""
    drawn: Numbers = model.data(generator("figures", seed, *parts))
    return freeze(drawn)
