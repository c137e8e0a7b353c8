"""What a job costs one worker and another, and after how many jobs it pays to have baked a skill in beforehand.

A worker costs `beforehand` once (expert minutes, training), and each job costs what its episode cost, practice in that product included, plus, where
it failed, the price of a person who does it instead (`[prices] failure`). So N jobs cost  beforehand + N * per_job,  and baking pays from

    N = (beforehand of the baked - beforehand of the other) / (per_job of the other - per_job of the baked)

on, if it ever does. Per-job prices are paired by product, and their interval becomes that of N. What is learned once and used for ever (a longer stream
makes learning cheaper by the job) is not in it: N holds for as many jobs a product as the run had.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bakeoff.contest import measure
from bakeoff.contest import statistics as st
from bakeoff.contest.plan import Prices
from bakeoff.contest.statistics import Estimate
from bakeoff.contest.store import Episode

Place = Literal["met", "unmet"]
PLACES: tuple[Place, ...] = ("met", "unmet")
"""Training products, which a baked worker may have been baked in (jobs have new data all the same), and products of the other splits."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When `agent`, who cost `beforehand`, has become cheaper than `other`, in products of a place.

    Attributes:
        saved: what a job costs `other` more than `agent`; per job, paired by product.
        jobs: the number of jobs; None where it never pays by the mean. `low`, `high`: by the ends of the interval of `saved`; `high` is None where one
            of them says never.
    """

    agent: str
    other: str
    place: Place
    beforehand: float
    saved: Estimate
    jobs: float | None
    low: float | None
    high: float | None


def place_of(episode: Episode) -> Place:
    return "met" if episode.split == "train" else "unmet"


def success(stream: Sequence[Episode]) -> dict[Place, Estimate]:
    """Share of jobs passed in each kind of product, all attempts; only for kinds that were there."""
    found = {place: measure.success([episode for episode in stream if place_of(episode) == place]) for place in PLACES}
    return {place: share for place, share in found.items() if share.known}


def price_of(episode: Episode, prices: Prices) -> float:
    """What one scored episode cost, with a person's help where it failed."""
    return measure.money(episode.ledger, prices) + (0.0 if episode.passed else prices.failure)


def _by_product(stream: Sequence[Episode], prices: Prices) -> dict[str, list[float]]:
    """Mean price of a job in each repetition, by product."""
    out = {}
    for product, cells in measure.by_cell(stream).items():
        means = [
            sum(price_of(episode, prices) for episode in scored) / len(scored)
            for cell in cells.values()
            if (scored := [episode for episode in cell if episode.scored])
        ]
        if means:
            out[product] = means
    return out


def per_job(stream: Sequence[Episode], prices: Prices) -> dict[Place, Estimate]:
    """Price of a job in each kind of product."""
    out: dict[Place, Estimate] = {}
    for place in PLACES:
        groups = _by_product([episode for episode in stream if place_of(episode) == place], prices)
        if groups:
            found = st.estimate(list(groups.values()))
            out[place] = found if found.low is None else replace(found, low=max(0.0, found.low))
    return out


def break_even(
    agent: str, other: str, streams: Mapping[str, Sequence[Episode]], beforehand: Mapping[str, float], prices: Prices, place: Place
) -> BreakEven | None:
    """See the module. None where the two shared no product of this kind."""
    mine, theirs = (_by_product([episode for episode in streams[label] if place_of(episode) == place], prices) for label in (agent, other))
    both = [product for product in mine if product in theirs]
    if not both:
        return None
    saved = st.paired([theirs[product] for product in both], [mine[product] for product in both]).difference
    once = beforehand.get(agent, 0.0) - beforehand.get(other, 0.0)

    def after(difference: float | None) -> float | None:
        return None if difference is None or difference <= 0 else max(1.0, math.ceil(once / difference))

    return BreakEven(agent, other, place, once, saved, after(saved.value), after(saved.high), after(saved.low))
