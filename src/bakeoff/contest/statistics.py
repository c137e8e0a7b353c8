"""Numbers with their intervals. Everything is resampled as it was sampled: products first, then repetitions within a product.

Results within a product are alike (one agent learns in it), so an interval over episodes would be far too narrow. The unit is the product.
Values come as one list per product, holding one number per repetition: `[[0.5, 0.7], [0.2], …]`.

Sources: two-level cluster bootstrap: Davison & Hinkley (1997) §3.8; intervals widened for few clusters: Hesterberg (2015),
"What Teachers Should Know About the Bootstrap", §4.1.2; Wilson (1927); interquartile mean: Agarwal et al. (2021), "Deep RL at the Edge of
the Statistical Precipice"; Kaplan & Meier (1958) with Greenwood's variance; restricted mean: Royston & Parmar (2013); sign flips: Fisher (1935).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Groups = Sequence[Sequence[float]]
Statistic = Literal["mean", "iqm"]

LEVEL = 0.95
DRAWS = 10_000
SEED = 20_260_101
"""Of the resampling, so that a report says the same twice."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval and its n.

    `value`: None when it is undefined here, and `why` says why. `low`, `high`: the 95 % interval, None when there can be none (`why`).
    `n`: how many of `unit` it rests on (`products`, or `episodes` for a single proportion).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = "products"
    why: str = ""

    @property
    def known(self) -> bool:
        return self.value is not None


def undefined(why: str, n: int = 0) -> Estimate:
    """No number, and the reason."""
    return Estimate(None, n=n, why=why)


# --- single proportions ------------------------------------------------------------------------------------------------------------


def wilson(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a proportion, within [0, 1]. `n` is at least 1 and `successes` lies in 0…n, else `ValueError`."""
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n >= 1, not {successes} of {n}")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At the ends the formula gives 0 or 1 up to rounding; say so exactly.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def proportion(successes: int, n: int) -> Estimate:
    """A single proportion with Wilson's interval; undefined for n = 0. `n` counts episodes, taken as independent."""
    if n == 0:
        return undefined("no scored episode")
    return Estimate(successes / n, *wilson(successes, n), n=n, unit="episodes")


# --- the two-level bootstrap -------------------------------------------------------------------------------------------------------


def iqm(values: Sequence[float] | Array) -> float:
    """Interquartile mean: the mean of the middle half (a quarter of the values, rounded down, is cut off at either end)."""
    ordered = np.sort(np.asarray(values, dtype=float))
    if not len(ordered):
        raise ValueError("an interquartile mean needs at least one value")
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def _reduce(table: Array, statistic: Statistic) -> Array:
    """Along the last axis."""
    if statistic == "mean":
        return np.asarray(table.mean(axis=-1))
    ordered = np.sort(table, axis=-1)
    cut = table.shape[-1] // 4
    return np.asarray(ordered[..., cut : table.shape[-1] - cut].mean(axis=-1))


def resample(groups: Groups, draws: int = DRAWS, seed: int = SEED, statistic: Statistic = "mean") -> Array:
    """The bootstrap distribution (shape: draws) of the statistic over products of each product's mean over repetitions.

    Each draw takes as many products as there are, with replacement, and of each as many repetitions as it has, with replacement.
    """
    sizes = np.array([len(group) for group in groups])
    if not len(sizes) or sizes.min() < 1:
        raise ValueError("every product needs at least one repetition")
    table = np.zeros((len(groups), sizes.max()))
    for index, group in enumerate(groups):
        table[index, : len(group)] = group
    rng = np.random.default_rng(seed)
    # Means of resampled repetitions are drawn for each place in each draw: a product taken twice is resampled twice.
    out = np.empty(draws)
    chunk = max(1, 4_000_000 // table.size)
    for start in range(0, draws, chunk):
        count = min(chunk, draws - start)
        product = rng.integers(0, len(groups), (count, len(groups)))
        size = sizes[product]
        place = (rng.random((count, len(groups), table.shape[1])) * size[..., None]).astype(int)
        used = np.arange(table.shape[1]) < size[..., None]
        drawn = np.where(used, table[product[..., None], place], 0.0).sum(axis=-1) / size
        out[start : start + count] = _reduce(drawn, statistic)
    return out


@cache
def _student(probability: float, freedom: int) -> float:
    """Quantile of Student's t, by bisection on its integrated density; good to 1e-6 over what is needed here."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def below(x: float) -> float:
        # With x = sqrt(freedom) * tan(angle) the density becomes a power of a cosine on a finite range.
        angle = math.atan(x / math.sqrt(freedom))
        grid = np.linspace(0.0, angle, 4001)
        values = np.cos(grid) ** (freedom - 1)
        return 0.5 + scale * math.sqrt(freedom) * float(np.trapezoid(values, grid))

    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < probability else (low, middle)
    return (low + high) / 2


def interval(
    distribution: Array, value: float, n: int, *, within: tuple[float, float] | None = None, level: float = LEVEL
) -> tuple[float, float]:
    """Interval around `value` from its bootstrap distribution over n products; at either end the wider of two, cut to `within`:

    - the percentile, its tail moved out so that it is as wide as Student's t would have it for n products (Hesterberg);
    - Student's t times the bootstrap's standard error, corrected for n, which goes beyond the values seen.
    With 4 or 8 products plain percentiles miss the truth up to 24 % of the time, the first of these up to 15 %; both together are right
    (`tests/test_statistics.py`). From 20 products on all of them agree.
    """
    tail = (1 - level) / 2
    if n < 2:
        raise ValueError("an interval over products needs at least two")
    widen, quantile = math.sqrt(n / (n - 1)), _student(1 - tail, n - 1)
    moved = NormalDist().cdf(-widen * quantile)
    low, high = (float(end) for end in np.quantile(distribution, [moved, 1 - moved]))
    half = quantile * widen * float(distribution.std())
    low, high = min(low, value - half), max(high, value + half)
    if within is not None:
        low, high = max(low, within[0]), min(high, within[1])
    return min(low, value), max(high, value)


def estimate(groups: Groups, *, share: bool = False, statistic: Statistic = "mean", draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """The statistic over products with its two-level interval.

    `share`: the values are shares in [0, 1]; then equal values (all passed, all failed) get Wilson's interval for that many products times
    repetitions instead of one of no width. With a single product there is no interval: one product says nothing about others.
    """
    full = [list(group) for group in groups if len(group)]
    if not full:
        return undefined("no scored episode")
    means = np.array([float(np.mean(group)) for group in full])
    value = float(_reduce(means, statistic))
    n = len(full)
    if n == 1:
        return Estimate(value, n=1, why="one product only: no interval over products")
    everything = np.array([item for group in full for item in group])
    if np.ptp(everything) == 0:
        if not share:
            return Estimate(value, value, value, n)
        count = len(everything)
        low, high = wilson(round(value * count), count)
        return Estimate(value, min(low, value), max(high, value), n)
    low, high = interval(resample(full, draws, seed, statistic), value, n, within=(0.0, 1.0) if share else None)
    return Estimate(value, low, high, n)


def slope(points: Sequence[tuple[float, float]]) -> Estimate:
    """Change of y for each step of x: the least-squares line through (x, y), one point for each product, with Student's interval of its slope
    (n − 2 degrees of freedom). Undefined where all x are the same; without an interval for fewer than three points, or where all lie on the line.
    """
    n = len(points)
    xs, ys = np.array([x for x, _ in points], dtype=float), np.array([y for _, y in points], dtype=float)
    spread = float(((xs - xs.mean()) ** 2).sum()) if n else 0.0
    if not spread:
        return undefined("nothing to compare: one step only", n)
    value = float(((xs - xs.mean()) * (ys - ys.mean())).sum() / spread)
    if n < 3:
        return Estimate(value, n=n, why="fewer than three products")
    rest = ys - ys.mean() - value * (xs - xs.mean())
    error = math.sqrt(float((rest**2).sum()) / (n - 2) / spread)
    if error < 1e-12:
        return Estimate(value, n=n, why="all products lie on one line")
    half = _student(0.5 + LEVEL / 2, n - 2) * error
    return Estimate(value, value - half, value + half, n=n)


def ratio(above: Groups, below: Groups, *, draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """One mean over products divided by another, with the percentile interval of the same two-level resampling of both.

    `above[i][j]` and `below[i][j]`, at least 0, are the same product and repetition, else `ValueError`. Undefined where `below` is 0
    everywhere; no upper end where a draw within the interval divides by 0; no interval for a single product.
    """
    if [len(group) for group in above] != [len(group) for group in below]:
        raise ValueError("both sides of a ratio must come from the same products and repetitions")
    rows = [(list(one), list(two)) for one, two in zip(above, below, strict=True) if len(one)]
    n = len(rows)
    if not any(any(two) for _, two in rows):
        return undefined("nothing to divide by", n)
    value = sum(float(np.mean(one)) for one, _ in rows) / sum(float(np.mean(two)) for _, two in rows)
    if n == 1:
        return Estimate(value, n=1, why="one product only: no interval over products")
    over, under = resample([one for one, _ in rows], draws, seed), resample([two for _, two in rows], draws, seed)
    quotients = np.sort(np.divide(over, under, out=np.full(draws, np.inf), where=under > 0))
    low, high = (float(quotients[round(share * (draws - 1))]) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    if math.isinf(high):
        return Estimate(value, min(low, value), None, n, why="a draw in forty had nothing to divide by: no upper end")
    return Estimate(value, min(low, value), max(high, value), n)


# --- paired comparisons ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paired:
    """A − B on the same products and repetitions. `p`: two-sided sign-flip test on the products' mean differences (None for n < 2);
    `better`, `worse`, `equal`: in how many products A was so; `p_smallest`: the least p that so few products could give."""

    difference: Estimate
    p: float | None
    p_smallest: float | None
    better: int
    worse: int
    equal: int


EXACT = 16
"""Up to so many products all sign flips are enumerated."""


def sign_flip(differences: Sequence[float], draws: int = DRAWS, seed: int = SEED) -> float:
    """Two-sided p of the mean of paired differences under random signs: exact up to `EXACT` products, else by `draws` random flips,
    the observed one counted in. Raises `ValueError` for no difference at all."""
    values = np.asarray(differences, dtype=float)
    if not len(values):
        raise ValueError("a test needs at least one difference")
    observed = abs(values.sum())
    slack = 1e-12 * max(1.0, np.abs(values).sum())
    if len(values) <= EXACT:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(values))))
        return float(np.mean(np.abs(signs @ values) >= observed - slack))
    signs = np.random.default_rng(seed).choice((1.0, -1.0), (draws, len(values)))
    return float((1 + np.count_nonzero(np.abs(signs @ values) >= observed - slack)) / (draws + 1))


def paired(first: Groups, second: Groups, *, draws: int = DRAWS, seed: int = SEED) -> Paired:
    """Compares two agents on the same cells: `first[i][j]` and `second[i][j]` are the same product and repetition, else `ValueError`."""
    if [len(group) for group in first] != [len(group) for group in second]:
        raise ValueError("paired values must come from the same products and repetitions")
    rows = [[a - b for a, b in zip(one, two, strict=True)] for one, two in zip(first, second, strict=True) if len(one)]
    difference = estimate(rows, draws=draws, seed=seed)
    means = [float(np.mean(row)) for row in rows]
    better, worse = sum(mean > 0 for mean in means), sum(mean < 0 for mean in means)
    p = sign_flip(means, draws, seed) if len(means) >= 2 else None
    smallest = None if p is None else max(2.0 ** (1 - len(means)), 1 / (draws + 1) if len(means) > EXACT else 0.0)
    return Paired(difference, p, smallest, better, worse, len(means) - better - worse)


# --- survival ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Survival:
    """A Kaplan–Meier curve. At `times[i]` events happened, `at_risk[i]` were left to have one, and `survival[i]` is the share still without
    one afterwards, between `low[i]` and `high[i]` (Greenwood on the log-log scale, so within [0, 1])."""

    times: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    n: int

    def at(self, time: float) -> float:
        """Share without the event after `time`."""
        found = [value for moment, value in zip(self.times, self.survival, strict=True) if moment <= time]
        return found[-1] if found else 1.0

    @property
    def median(self) -> float | None:
        """First time by which half had the event; None when fewer than half did."""
        return next((moment for moment, value in zip(self.times, self.survival, strict=True) if value <= 0.5), None)


def kaplan_meier(times: Sequence[float], events: Sequence[bool], level: float = LEVEL) -> Survival:
    """`times[i]`: when the event happened, or when watching stopped (`events[i]` False: censored, at risk up to and at that time)."""
    if len(times) != len(events):
        raise ValueError("every time needs to say whether it is an event")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    moments = sorted({moment for moment, event in zip(times, events, strict=True) if event})
    share, variance = 1.0, 0.0
    rows: list[tuple[float, float, float, int, int]] = []
    for moment in moments:
        risk = sum(other >= moment for other in times)
        deaths = sum(event and other == moment for other, event in zip(times, events, strict=True))
        share *= 1 - deaths / risk
        if deaths == risk:
            rows.append((0.0, 0.0, 0.0, risk, deaths))
            continue
        variance += deaths / (risk * (risk - deaths))
        spread = math.exp(z * math.sqrt(variance) / abs(math.log(share)))
        rows.append((share, share**spread, share ** (1 / spread), risk, deaths))
    return Survival(
        times=tuple(map(float, moments)),
        survival=tuple(row[0] for row in rows),
        low=tuple(row[1] for row in rows),
        high=tuple(row[2] for row in rows),
        at_risk=tuple(row[3] for row in rows),
        events=tuple(row[4] for row in rows),
        n=len(times),
    )


Watched = Sequence[Sequence[tuple[int, bool]]]
"""One list per product, one (time, event) per repetition; times are whole and at least 1."""


def restricted_mean(products: Watched, horizon: int, *, draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """Mean time to the event within `horizon` (area under the Kaplan–Meier curve up to it), censoring allowed for, with its two-level
    interval. Whoever never has the event counts with the horizon, so it is a lower bound on the unrestricted mean."""
    full = [list(group) for group in products if len(group)]
    if not full:
        return undefined("nobody was watched")
    sizes = np.array([len(group) for group in full])
    width = int(sizes.max())
    deaths = np.zeros((len(full), width, horizon))
    risk = np.zeros((len(full), width, horizon))
    for index, group in enumerate(full):
        for place, (moment, event) in enumerate(group):
            risk[index, place, : min(moment, horizon)] = 1
            if event and moment <= horizon:
                deaths[index, place, moment - 1] = 1

    def area(lost: Array, left: Array) -> Array:
        hazard = np.divide(lost, left, out=np.zeros_like(lost), where=left > 0)
        survival = np.cumprod(1 - hazard, axis=-1)
        # Between 0 and the first time everybody is without the event; S(t) holds from t to t + 1.
        return np.asarray(1 + survival[..., :-1].sum(axis=-1))

    value = float(area(deaths.sum(axis=(0, 1)), risk.sum(axis=(0, 1))))
    if len(full) == 1:
        return Estimate(value, n=1, why="one product only: no interval over products")
    rng = np.random.default_rng(seed)
    out = np.empty(draws)
    chunk = max(1, 4_000_000 // (len(full) * width * horizon))
    for start in range(0, draws, chunk):
        count = min(chunk, draws - start)
        product = rng.integers(0, len(full), (count, len(full)))
        size = sizes[product]
        place = (rng.random((count, len(full), width)) * size[..., None]).astype(int)
        # Each product weighs as much as it has repetitions, as in the point estimate.
        used = (np.arange(width) < size[..., None])[..., None]
        lost = np.where(used, deaths[product[..., None], place], 0).sum(axis=(1, 2))
        left = np.where(used, risk[product[..., None], place], 0).sum(axis=(1, 2))
        out[start : start + count] = area(lost, left)
    low, high = interval(out, value, len(full), within=(1.0, float(horizon)))
    return Estimate(value, low, high, len(full))
