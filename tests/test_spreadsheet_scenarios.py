"""Which kinds of scenario each family meets: named cases, the past, dates and switches each as one, every driver alone, all together."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bakeoff.core import TaskId
from bakeoff.environments.spreadsheet import figures, products, tasks
from bakeoff.environments.spreadsheet.families import FAMILIES
from bakeoff.environments.spreadsheet.houses import House, draw
from bakeoff.environments.spreadsheet.judge import scenarios
from bakeoff.environments.spreadsheet.judge.scenarios import CHOICES, DATES, HISTORY
from bakeoff.environments.spreadsheet.layout import Layout
from bakeoff.environments.spreadsheet.spec import Job

CASES = "named"
CENSUS = {
    "loan": {CASES, HISTORY, DATES, CHOICES},
    "lease": {CASES, DATES},
    "dcf": {CASES, HISTORY, DATES, CHOICES},
    "statements": {CASES, HISTORY, DATES, CHOICES},
    "lbo": {CASES, HISTORY, CHOICES},
    "budget": {CASES, HISTORY, CHOICES},
    "saas": {CASES, HISTORY, CHOICES},
    "merger": {CASES, HISTORY, CHOICES},
    "comps": {CASES, HISTORY},
    "sensitivity": {CASES, HISTORY},
}
"""Families without dates count their periods; nothing in them could be shifted. Leases have no past of their own; comps and tables no time."""

DATED = {
    "loan": {"interest": "act365", "frequency": 4},
    "lease": {"dated": True, "frequency": 12},
    "dcf": {"dated": True},
    "statements": {"dated": True, "working_capital": "days"},
}


@cache
def kinds(family: str) -> set[str]:
    """What houses of a family have among them, sealed ones apart."""
    found: set[str] = set()
    for place, (split, _) in products._places(family).items():
        if split != "sealed":
            model = tasks.model_of(products.house(place))
            given = figures.given_lines(model)
            base = figures.numbers(model, 1)
            found |= {CASES} if model.cases(base) else set()
            found |= {HISTORY} if any(key.endswith(figures.PAST) for key, _ in given) else set()
            found |= {DATES} if any(line.unit == "date" for _, line in given) else set()
            found |= {CHOICES} if model.switchable or any(line.unit == "switch" for _, line in given) else set()
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_census(family: str) -> None:
    assert kinds(family) == CENSUS[family]


def a_job(family: str, template: str, kind: str) -> Job:
    """A job that has drivers of a kind."""
    for place, (split, _) in products._places(family).items():
        if split == "sealed" or not tasks.fits(products.house(place), template):
            continue
        given = figures.given_lines(tasks.model_of(products.house(place)))
        if kind != DATES or any(line.unit == "date" for _, line in given):
            return products.job(products.task(TaskId("spreadsheet", place, 1, template, 2)))
    raise AssertionError(f"{family} has no job with {kind}")


@pytest.mark.parametrize(
    ("family", "kind"), [(family, kind) for family, found in CENSUS.items() for kind in sorted(found) if kind != CASES]
)
def test_every_kind_is_drawn_whatever_is_handed_in(family: str, kind: str) -> None:
    job = a_job(family, "scenario" if kind == CHOICES else "fill-row", kind)
    units = {driver.key: driver for driver in job.drivers}
    for digest in (b"one", b"two", b"three"):
        drawn = scenarios.draw(job, digest)
        assert len(drawn) >= 9
        named = {name for name, numbers in job.scenarios.items() if any(numbers[key] != units[key].base for key in numbers)}
        assert named <= {scenario.name for scenario in drawn}
        case = next(scenario for scenario in drawn if scenario.name == kind)
        assert case.moved
        for key in case.moved:
            driver = units[key]
            assert {HISTORY: driver.history, DATES: driver.unit == "date", CHOICES: driver.unit == "switch"}[kind]
        assert all(driver.low <= value <= driver.high for driver in job.drivers for value in case.values[driver.key])
        large = scenarios.draw(job, digest, large=True)
        assert len(large) >= 9 and kind in {scenario.name for scenario in large}


@pytest.mark.parametrize("family", DATED)
@pytest.mark.parametrize("seed", range(4))
def test_formulas_follow_the_dates_as_the_reference_does(family: str, seed: int) -> None:
    near: House = draw(FAMILIES[family], f"{family}-d{seed}", 1, "testing", "none", None)
    more: dict[str, Any] = DATED[family]
    house = replace(near, flags={**near.flags, **more})
    layout = Layout(house, FAMILIES[family].build(house.flags))
    base = figures.numbers(layout.model, seed, family)
    drivers, compute, draft = figures.drivers(layout, base), figures.reference(layout.model), layout.draft(base)
    rng = random.Random(seed)
    day = next(driver for driver in drivers if driver.key == "first_day")
    moved: set[str] = set()
    still = compute(base)
    for shift in (0, 31, 59, 366, 500, rng.randint(-300, 700)):
        start = min(max(day.base[0] + shift, day.low), day.high)
        expected = compute({**base, day.key: (start,)})
        found = draft.values(changed=dict.fromkeys(day.spots, start))
        for output in figures.outputs(layout, {}):
            for spot, number in zip(output.spots, expected[output.key], strict=True):
                assert found[spot] == pytest.approx(number * output.scale, rel=1e-8, abs=1e-7), (
                    f"{output.key} at {spot}: {draft.content(spot)}"
                )
        moved |= {key for key in expected if expected[key] != still[key]}
    assert len(moved) > 3, "more than the dates themselves follows"
    needed = figures.dependence(compute, drivers, (), seed)
    assert any(day.key in keys for key, keys in needed.items() if key not in ("period_end", "days"))


def test_where_a_right_figure_is_nothing_but_rounding_nobody_is_judged() -> None:
    """A debt that is paid off to the last digit leaves 1e-12 to be divided by: two right workbooks differ in the second digit of 1e15."""
    job = products.job(products.task(TaskId.parse("spreadsheet/loan-eden@1/enter-inputs#5")))
    bounds = {key: scenarios.HUGE * max(1.0, *map(abs, row)) for key, row in job.reference(job.base()).items()}
    left_out = 0
    for number in range(40):
        drawn = scenarios.draw(job, bytes([number]) * 8, 8)
        kept = scenarios.steady(job, drawn)
        assert kept[0] is drawn[0] and len(kept) >= 8
        left_out += len(drawn) - len(kept)
        for scenario in kept:
            assert all(abs(value) <= bounds[key] for key, row in job.reference(scenario.values).items() for value in row)
    assert 0 < left_out < 40
    plain = products.job(products.task(TaskId.parse("spreadsheet/saas-dune@1/fill-row#5")))
    drawn = scenarios.draw(plain, b"digest", 8)
    assert scenarios.steady(plain, drawn) == drawn
