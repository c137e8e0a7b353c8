"""Statistics against hand examples, invariants, and simulated worlds whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bakeoff.contest import statistics as st

shares = some.floats(0, 1, allow_nan=False)
groups = some.lists(some.lists(shares, min_size=1, max_size=4), min_size=1, max_size=8)
FEW = 400
"""Resamples, where the property does not hang on their number."""


# --- proportions -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "successes, n, low, high", [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)]
)
def test_wilson_against_published_values(successes: int, n: int, low: float, high: float) -> None:
    assert st.wilson(successes, n) == pytest.approx((low, high), abs=1e-4)


@given(some.integers(1, 500).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n))))
def test_wilson_contains_the_share_and_is_symmetric(pair: tuple[int, int]) -> None:
    successes, n = pair
    low, high = st.wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1 and low < high
    mirrored = st.wilson(n - successes, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("successes, n", [(1, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(ValueError):
        st.wilson(successes, n)


# --- two levels --------------------------------------------------------------------------------------------------------------------


@given(groups)
@settings(max_examples=60, deadline=None)
def test_an_interval_contains_its_estimate_and_stays_where_shares_live(data: list[list[float]]) -> None:
    found = st.estimate(data, share=True, draws=FEW)
    means = [sum(group) / len(group) for group in data]
    assert found.value == pytest.approx(sum(means) / len(means)) and found.n == len(data)
    if len(data) == 1:
        assert found.low is None and "one product" in found.why
    else:
        assert found.low is not None and found.high is not None
        assert -1e-12 <= found.low <= found.value <= found.high <= 1 + 1e-12  # type: ignore[operator]


@given(groups.filter(lambda data: len(data) > 1), some.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_products_and_repetitions_does_not_matter(data: list[list[float]], rng: object) -> None:
    mixed = [list(group) for group in data]
    rng.shuffle(mixed)  # type: ignore[attr-defined]
    for group in mixed:
        rng.shuffle(group)  # type: ignore[attr-defined]
    one, other = (st.estimate(one, share=True, draws=4000) for one in (data, mixed))
    assert one.value == pytest.approx(other.value)
    spread = max(max(group) for group in data) - min(min(group) for group in data)
    assert one.low == pytest.approx(other.low, abs=0.1 * spread + 1e-9) and one.high == pytest.approx(other.high, abs=0.1 * spread + 1e-9)


def test_perfect_agreement_is_no_proof() -> None:
    """Eight products that all passed do not show that every product would: the interval has a width."""
    found = st.estimate([[1.0]] * 8, share=True)
    assert found.value == 1.0 and found.high == 1.0 and found.low == pytest.approx(st.wilson(8, 8)[0])
    assert found.low < 0.8


def test_nothing_scored_is_no_number() -> None:
    assert st.estimate([]).value is None and st.estimate([[], []]).value is None
    assert st.proportion(0, 0).value is None


def test_products_are_the_unit_not_episodes() -> None:
    """A thousand repetitions of four products say little more about products than one repetition of four."""
    rng = np.random.default_rng(1)
    truth = [0.1, 0.4, 0.6, 0.9]
    few = st.estimate([[p] for p in truth])
    many = st.estimate([list(rng.binomial(1, p, 1000).astype(float)) for p in truth])
    assert few.low is not None and few.high is not None and many.low is not None and many.high is not None
    assert many.high - many.low > 0.9 * (few.high - few.low)


def bell(rng: np.random.Generator, products: int, repetitions: int) -> tuple[list[list[float]], float]:
    """Product effects of sd .27 and repetition noise of sd .08, the sizes measured in a prototype."""
    return [list(rng.normal(effect, 0.08, repetitions)) for effect in rng.normal(0.5, 0.27, products)], 0.5


def extremes(rng: np.random.Generator, products: int, repetitions: int) -> tuple[list[list[float]], float]:
    """Most products are either hopeless or easy; five attempts each."""
    return [list(rng.binomial(5, chance, repetitions) / 5) for chance in rng.beta(0.5, 0.5, products)], 0.5


@pytest.mark.parametrize("world, products, repetitions", [(bell, 4, 2), (bell, 8, 1), (bell, 20, 3), (extremes, 8, 1), (extremes, 20, 2)])
def test_intervals_cover_the_truth_as_often_as_they_say(world: Callable[..., Any], products: int, repetitions: int) -> None:
    """500 worlds: the standard error of a coverage of 95 % is 1 %. Few products must not make an interval too narrow."""
    rng, hits, plain = np.random.default_rng(7), 0, 0
    for number in range(500):
        data, truth = world(rng, products, repetitions)
        found = st.estimate(data, share=world is extremes, draws=500, seed=number)
        hits += found.low - 1e-9 <= truth <= found.high + 1e-9  # type: ignore[operator]
        low, high = np.quantile(st.resample(data, 500, number), [0.025, 0.975])
        plain += low <= truth <= high
    assert 0.92 <= hits / 500 <= 0.985
    assert products > 4 or plain / 500 < 0.87, "without widening, the intervals of four products would be far too narrow"


def test_interquartile_mean_drops_the_outer_quarters() -> None:
    assert st.iqm([0, 0, 1, 1, 1, 1, 5, 100]) == 1.0
    assert st.iqm([2.0]) == 2.0 and st.iqm([1, 2, 3]) == 2.0
    found = st.estimate([[value] for value in (0, 0, 1, 1, 1, 1, 5, 100)], statistic="iqm", draws=FEW)
    assert found.value == 1.0 and found.high is not None and found.high < 60
    with pytest.raises(ValueError):
        st.iqm([])


def test_quantiles_of_students_t() -> None:
    table = {1: 12.7062, 3: 3.1824, 7: 2.3646, 29: 2.0452}
    for freedom, quantile in table.items():
        assert st._student(0.975, freedom) == pytest.approx(quantile, abs=1e-4)


# --- pairs -------------------------------------------------------------------------------------------------------------------------


def test_pairing_takes_out_what_products_share() -> None:
    rng = np.random.default_rng(3)
    hard = rng.uniform(0, 0.8, 12)
    worse, better = [[h, h] for h in hard], [[h + 0.1, h + 0.12] for h in hard]
    found = st.paired(better, worse)
    assert found.difference.value == pytest.approx(0.11) and found.difference.low > 0.09  # type: ignore[operator]
    assert found.p == pytest.approx(2 / 2**12) == found.p_smallest and (found.better, found.worse, found.equal) == (12, 0, 0)


def test_few_products_cannot_prove_anything() -> None:
    found = st.paired([[1.0], [1.0], [1.0]], [[0.0], [0.1], [0.2]])
    assert found.p == pytest.approx(0.25) == found.p_smallest
    assert st.paired([[1.0]], [[0.0]]).p is None
    with pytest.raises(ValueError):
        st.paired([[1.0]], [[1.0], [0.0]])


@given(some.lists(some.floats(-1, 1, allow_nan=False), min_size=1, max_size=10))
@settings(deadline=None)
def test_a_sign_flip_does_not_care_who_is_called_first(values: list[float]) -> None:
    p = st.sign_flip(values)
    assert 0 < p <= 1
    assert st.sign_flip([-value for value in values]) == pytest.approx(p)
    assert st.sign_flip(list(reversed(values))) == pytest.approx(p)
    assert st.sign_flip([0.0, *values]) == pytest.approx(p)


def test_random_flips_agree_with_all_flips() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(0.2, 0.5, st.EXACT)
    exact = st.sign_flip(list(values))
    estimated = st.sign_flip([*values, 0.0])  # one more product that changes nothing takes the other road
    assert estimated == pytest.approx(exact, abs=0.02)


def test_without_a_difference_the_test_seldom_finds_one() -> None:
    rng = np.random.default_rng(11)
    found = [st.sign_flip(list(rng.normal(0, 1, 9))) <= 0.05 for _ in range(600)]
    assert 0.02 <= np.mean(found) <= 0.08


# --- survival ----------------------------------------------------------------------------------------------------------------------

REMISSION = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_kaplan_meier_on_the_classic_remission_data() -> None:
    """6-MP arm of Freireich et al. (1963), with the survival and standard errors of textbooks."""
    curve = st.kaplan_meier(REMISSION, [bool(event) for event in RELAPSED])
    assert curve.times == (6, 7, 10, 13, 16, 22, 23)
    assert curve.at_risk == (21, 17, 15, 12, 11, 7, 6) and curve.events == (3, 1, 1, 1, 1, 1, 1)
    assert curve.survival == pytest.approx((0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482), abs=1e-4)
    assert curve.median == 23 and curve.at(0) == 1.0 and curve.at(12) == pytest.approx(0.7529, abs=1e-4)
    assert (curve.low[-1], curve.high[-1]) == pytest.approx((0.188, 0.680), abs=1e-3)


def test_whoever_never_got_there_is_not_dropped() -> None:
    reached = st.kaplan_meier([5, 6], [True, True])
    censored = st.kaplan_meier([5, 6, 20, 20], [True, True, False, False])
    assert reached.median == 5 and reached.at(6) == 0
    assert censored.median == 6 and censored.at(20) == 0.5
    assert st.kaplan_meier([9, 9], [False, False]).median is None


def test_restricted_mean_by_hand() -> None:
    """Without censoring it is the mean of min(time, horizon)."""
    found = st.restricted_mean([[(5, True)], [(7, True)], [(30, True)]], 10)
    assert found.value == pytest.approx((5 + 7 + 10) / 3) and found.n == 3
    # One of two is lost sight of at 5; the other has its event at 8: S is 1 until 8, so the area up to 10 is 8.
    assert st.restricted_mean([[(5, False)], [(8, True)]], 10).value == pytest.approx(8)
    assert st.restricted_mean([[(5, False), (8, False)]], 8).value == pytest.approx(8)
    assert st.restricted_mean([], 10).value is None


@given(
    some.lists(some.lists(some.tuples(some.integers(1, 20), some.booleans()), min_size=1, max_size=3), min_size=2, max_size=6),
    some.integers(1, 20),
)
@settings(max_examples=50, deadline=None)
def test_a_restricted_mean_lies_within_its_horizon_and_its_interval(data: list[list[tuple[int, bool]]], horizon: int) -> None:
    found = st.restricted_mean(data, horizon, draws=FEW)
    assert found.low is not None and found.high is not None and found.value is not None
    assert 1 - 1e-9 <= found.low <= found.value <= found.high <= horizon + 1e-9
    assert not math.isnan(found.value)


@given(some.lists(some.lists(some.tuples(some.floats(0, 50), some.integers(0, 20)), min_size=1, max_size=3), min_size=2, max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_ratio_lies_within_its_interval_and_scales(cells: list[list[tuple[float, int]]]) -> None:
    above = [[cost for cost, _ in product] for product in cells]
    below = [[float(passes) for _, passes in product] for product in cells]
    found = st.ratio(above, below, draws=400)
    if not any(any(product) for product in below):
        assert found.value is None
        return
    assert found.value is not None and found.low is not None and found.low <= found.value
    assert found.high is None or found.value <= found.high
    double = st.ratio([[2 * cost for cost in product] for product in above], below, draws=400)
    assert double.value == pytest.approx(2 * found.value) and (double.high is None) == (found.high is None)


def test_a_ratio_by_hand() -> None:
    assert st.ratio([[3.0, 5.0], [4.0, 4.0]], [[1.0, 3.0], [2.0, 2.0]]).value == pytest.approx(2.0)
    assert st.ratio([[3.0]], [[2.0]]) == st.Estimate(1.5, n=1, why="one product only: no interval over products")
    assert st.ratio([[3.0], [1.0]], [[0.0], [0.0]]).value is None
    # Where every other draw has a product without a pass twice over, there is no upper end.
    assert st.ratio([[3.0], [1.0]], [[0.0], [1.0]]).high is None
    with pytest.raises(ValueError, match="same products"):
        st.ratio([[1.0]], [[1.0, 2.0]])
