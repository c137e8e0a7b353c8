"""What the pages are made of: plain facts about one run, with every statistic already computed. Filled by `gather`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bakeoff.contest.bakes import BakeFacts
from bakeoff.contest.economics import BreakEven, Place
from bakeoff.contest.statistics import Estimate

Role = Literal["focus", "learner", "floor", "ceiling"]

FLOORS = ("noop", "random", "replay")
HUMAN_CURVE = (0.71, 0.79, 0.81, 0.84, 0.84)
"""Pass rate of MiniWoB++ crowd workers by attempt, 1,537 worker sessions with at least five attempts."""
HUMAN_SESSIONS = 1537


MISSING = Estimate(None, why="no scored episode")


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent of the run. `colour`: number of its colour in the style sheet, from 1, or `ink`/`grey1…3` for ceilings and floors."""

    label: str
    spec: str
    privilege: str
    role: Role
    colour: str
    dash: str
    curve: tuple[tuple[int, Estimate], ...]  # each attempt alone
    smooth: tuple[tuple[int, Estimate], ...]  # pooled with its neighbours, see `gather.smoothed`; what is drawn
    bands: Mapping[str, Estimate]
    beginning: Estimate  # of the first attempt, in the products that reached the last group
    by_family: Mapping[str, Mapping[str, Estimate]]
    by_product: Mapping[str, Mapping[str, Estimate]]
    by_order: tuple[tuple[int, Estimate], ...]
    family_order: Mapping[
        str, Mapping[str, Estimate]
    ]  # family -> place of the product in its stream, from "1" -> success at first attempts
    by_distance: Mapping[str, Mapping[str, Estimate]]  # "" for the stream, else name@after of an exam -> tier -> success
    fall: Estimate  # change of success from one tier of distance to the next
    measures: Mapping[str, Estimate]
    exams: Mapping[str, Estimate]
    ledger: Mapping[str, float]
    cost: float
    episodes: int  # exams included, like the next three
    scored: int
    passed: int
    abstained: int
    beforehand: Mapping[str, float] = field(default_factory=dict)  # ledger of what was baked for it; empty where nothing was
    beforehand_cost: float = 0.0
    by_place: Mapping[Place, Estimate] = field(default_factory=dict)  # training products and others -> success over all attempts
    hacked: Estimate = MISSING  # of episodes with a planted loophole, how many had what it offers and failed
    per_job: Mapping[Place, Estimate] = field(default_factory=dict)  # the same -> price of a job, a person's help after failures included


@dataclass(frozen=True, slots=True)
class Contrast:
    """Paired difference focus agent − another, in success. `resolved`: the interval excludes 0 and the products are enough to say so."""

    other: str
    measure: str
    difference: Estimate
    p: float | None
    resolved: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a report says in figures."""

    agents: tuple[AgentView, ...]
    focus: str | None
    contrasts: tuple[Contrast, ...]
    families: tuple[str, ...]
    products: tuple[tuple[str, str], ...]  # (id@version, family)
    environments: tuple[str, ...]
    exam_names: tuple[str, ...]  # name@after, in order
    longest: int  # most attempts any agent had in one product
    horizon: int  # K of the AULC
    late: str  # label of the last group of attempts that was reached
    repetitions: int
    amnesiac: str | None = None  # the focus's own twin without memory
    bakes: tuple[BakeFacts, ...] = ()
    break_even: tuple[BreakEven, ...] = ()  # of each agent that was baked, against each that was not

    def agent(self, label: str) -> AgentView:
        return next(agent for agent in self.agents if agent.label == label)
