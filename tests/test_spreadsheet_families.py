"""Workbook formulas and the reference in plain Python hold each other up: computed by an engine, both say the same in any house and any scenario."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakeoff.core import DISTANCES, Distance
from bakeoff.environments.spreadsheet import figures
from bakeoff.environments.spreadsheet.families import FAMILIES
from bakeoff.environments.spreadsheet.houses import House, draw
from bakeoff.environments.spreadsheet.layout import Layout
from bakeoff.environments.spreadsheet.spec import Driver, Spot

QUICK = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def a_house(family: str, seed: int, distance: Distance = "none") -> House:
    """A house that no catalogue lists, drawn as the catalogue's are."""
    near = draw(FAMILIES[family], f"{family}-t{seed}", 1, "testing", "none", None)
    return near if distance == "none" else draw(FAMILIES[family], f"{family}-u{seed}", 1, "testing", distance, near)


def scenario(drivers: tuple[Driver, ...], rng: random.Random, large: bool) -> dict[str, tuple[float, ...]]:
    """Other figures for every driver, within the legal ranges."""
    found = {driver.key: figures._moved(driver, driver.base, rng) for driver in drivers}
    if large:
        whole = ("switch", "count", "days", "date")
        found = {
            driver.key: found[driver.key]
            if driver.unit in whole
            else tuple(min(max(value * rng.choice((0.2, 1.0, 4.0)), driver.low), driver.high) for value in driver.base)
            for driver in drivers
        }
    return found


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=st.integers(0, 500), distance=st.sampled_from(DISTANCES), large=st.booleans())
@settings(QUICK, max_examples=5)
def test_formulas_and_reference_agree(family: str, seed: int, distance: Distance, large: bool) -> None:
    layout = Layout(a_house(family, seed, distance), FAMILIES[family].build(a_house(family, seed, distance).flags))
    base = figures.numbers(layout.model, seed, family)
    drivers, compute, draft = figures.drivers(layout, base), figures.reference(layout.model), layout.draft(base)
    moved = scenario(drivers, random.Random(seed), large)
    for values in (base, moved, *({**base, **case} for case in figures.cases(layout.model, base, ranges(drivers)).values())):
        changes = {spot: value * driver.scale for driver in drivers for spot, value in zip(driver.spots, values[driver.key], strict=True)}
        found, expected = draft.values(changed=changes), compute(values)
        for output in figures.outputs(layout, {}):
            for spot, number in zip(output.spots, expected[output.key], strict=True):
                shown = found[spot]
                assert isinstance(shown, int | float), f"{output.key} at {spot}: {shown}; {draft.content(spot)}"
                assert shown == pytest.approx(number * output.scale, rel=1e-8, abs=1e-7), f"{output.key} at {spot}: {draft.content(spot)}"
        for identity in figures.identities(layout.model, [*values, *expected]):
            size = max(1.0, max(abs(number) for series in expected.values() for number in series))
            assert all(abs(rest) < 1e-9 * size for rest in identity.residual({**values, **expected})), identity.name


def ranges(drivers: tuple[Driver, ...]) -> dict[str, tuple[float, float]]:
    return {driver.key: (driver.low, driver.high) for driver in drivers}


@pytest.mark.parametrize("family", FAMILIES)
def test_drivers_lie_within_their_ranges_and_matter(family: str) -> None:
    layout = Layout(a_house(family, 3), FAMILIES[family].build(a_house(family, 3).flags))
    base = figures.numbers(layout.model, 3, family)
    drivers, compute = figures.drivers(layout, base), figures.reference(layout.model)
    for driver in drivers:
        assert driver.low < driver.high
        assert all(driver.low <= value <= driver.high for value in driver.base), driver
        assert len(driver.spots) == len(driver.base)
    needed = figures.dependence(compute, drivers, figures.cases(layout.model, base, ranges(drivers)).values(), 1)
    used = set().union(*needed.values())
    idle = {driver.key for driver in drivers if not driver.history} - used
    assert not idle, f"nothing depends on {idle}"
    assert len(figures.computed_lines(layout.model)) >= 8


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_lines_share_a_cell_and_none_lies_on_another_words(family: str) -> None:
    for seed, distance in enumerate(DISTANCES):
        layout = Layout(a_house(family, seed, distance), FAMILIES[family].build(a_house(family, seed, distance).flags))
        taken: dict[Spot, str] = {}
        for line in layout.model.lines:
            for period in range(1 if line.scalar else layout.model.span):
                spot = layout.spot(line.key, period)
                assert spot not in taken, f"{line.key} and {taken.get(spot)} both stand at {spot}"
                taken[spot] = line.key
        frame = layout._frame()
        assert not set(frame.cells) & set(taken), "a label stands where a figure belongs"


@pytest.mark.parametrize("family", FAMILIES)
def test_one_formula_a_row(family: str) -> None:
    """Forecast cells of a line hold the same formula, carried along."""
    from bakeoff.environments.spreadsheet.slips import shifted

    layout = Layout(a_house(family, 5), FAMILIES[family].build(a_house(family, 5).flags))
    draft = layout.draft(figures.numbers(layout.model, 5, family))
    for line in figures.computed_lines(layout.model):
        spots = layout.spots(line.key)
        for spot in spots[1:]:
            assert draft.content(spot) == shifted(str(draft.content(spots[0])), spots[0], spot), line.key


def test_a_wrong_formula_is_noticed() -> None:
    """The agreement above can fail: one sign turned, and it does."""
    layout = Layout(a_house("loan", 1), FAMILIES["loan"].build(a_house("loan", 1).flags))
    base = figures.numbers(layout.model, 1, "loan")
    draft = layout.draft(base)
    spot = layout.spots("closing_1")[0]
    right = draft.values([spot])[spot]
    draft.put(spot, f"=-({str(draft.content(spot))[1:]})")
    assert draft.values([spot])[spot] != pytest.approx(right)
