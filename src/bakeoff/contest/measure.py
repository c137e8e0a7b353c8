"""From stored episodes to the figures of a bake-off. Pre-stated, so that nobody picks the flattering one afterwards.

- **success by attempt**: attempt = n-th episode of the stream in that product; success = the verdict is 1.
- **AULC** over the first K attempts: mean success over attempts 1…K of a product (the area under the learning curve, in [0, 1]).
- **attempts to competence**: first attempt t with at least 4 passes among the last 5. A product that was left before is censored there,
  never dropped: Kaplan–Meier and restricted mean. Undefined where a product had fewer than 5 scored attempts.
- **regret**: sum over attempts of (s* − s), s* the expert's mean success in that product if an expert took part, else 1.
- **exam** scores at their points; **transfer**: success by the place a product had in the stream (1st, 2nd…), where memory carries over.
- **distance**: success in products of each distance from the training products, in the stream and in exams; **fall**: its change from tier to tier.
- **abstentions** never enter a mean; they are counted.
- **cost per success**: the ledger of the stream episodes at the plan's prices, divided by passes.
- **calls**: median and 95th percentile of the time that an environment took for `reset`, `step` and `verify`.

Every mean is taken over attempts within a cell, then over repetitions, then over products; intervals resample the last two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff.contest import statistics as st
from bakeoff.contest.plan import Prices
from bakeoff.contest.statistics import Estimate, Paired, Survival
from bakeoff.contest.store import Episode, Store
from bakeoff.core import DISTANCES, Ledger, UsageError

BANDS: tuple[tuple[str, int, int], ...] = (("1", 1, 1), ("2–5", 2, 5), ("6–10", 6, 10), ("11–20", 11, 20), ("21–", 21, 10**9))
"""Groups of attempts: label, first, last."""
WINDOW, NEEDED = 5, 4
HORIZON = 30
"""K of the AULC, or fewer when the run had fewer attempts per product."""

Cells = dict[str, dict[tuple[str, int], list[Episode]]]
"""Scored or not, in order: product -> (stream, repetition) -> episodes."""


def by_cell(episodes: Iterable[Episode]) -> Cells:
    """Stream episodes by product, then by stream and repetition."""
    out: Cells = {}
    for episode in episodes:
        if episode.kind == "stream":
            out.setdefault(episode.product, {}).setdefault((episode.stream, episode.repetition), []).append(episode)
    return out


def _means(cells: Cells, wanted: Callable[[Episode], bool]) -> list[list[float]]:
    """Mean success over the wanted scored episodes of each cell, by product; cells without one are left out."""
    out = []
    for repetitions in cells.values():
        values = []
        for episodes in repetitions.values():
            found = [float(episode.passed) for episode in episodes if episode.scored and wanted(episode)]
            if found:
                values.append(sum(found) / len(found))
        if values:
            out.append(values)
    return out


def success(episodes: Iterable[Episode], first: int = 1, last: int = 10**9) -> Estimate:
    """Success over attempts `first`…`last` in a product."""
    return st.estimate(_means(by_cell(episodes), lambda episode: first <= episode.attempt <= last), share=True)


def curve(episodes: Sequence[Episode]) -> tuple[tuple[int, Estimate], ...]:
    """(attempt, success) for every attempt that was scored somewhere."""
    cells = by_cell(episodes)
    attempts = sorted({episode.attempt for episode in episodes if episode.kind == "stream" and episode.scored})
    return tuple((n, st.estimate(_means(cells, lambda episode, n=n: episode.attempt == n), share=True)) for n in attempts)  # type: ignore[misc]


def bands(episodes: Sequence[Episode]) -> dict[str, Estimate]:
    """Success by group of attempts, for the groups that were reached."""
    longest = max((episode.attempt for episode in episodes if episode.kind == "stream"), default=0)
    return {label: success(episodes, first, last) for label, first, last in BANDS if first <= longest}


def beginning(episodes: Sequence[Episode]) -> Estimate:
    """Success at the first attempt in those products that were met often enough for the last group of attempts: what that group is to be held against."""
    longest = max((episode.attempt for episode in episodes if episode.kind == "stream"), default=0)
    late = max((first for _, first, _ in BANDS if first <= longest), default=1)
    lasting = {episode.product for episode in episodes if episode.kind == "stream" and episode.attempt >= late}
    return success([episode for episode in episodes if episode.product in lasting], 1, 1)


def aulc(episodes: Sequence[Episode], horizon: int) -> Estimate:
    """Area under the learning curve over the first `horizon` attempts: every attempt weighs the same, scored in however many cells."""
    return success(episodes, 1, horizon)


# --- competence --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Competence:
    """Attempts to competence. `mean`: restricted mean within `horizon`; `reached` of `cells` cells got there; `survival`: the share not
    yet competent; None, with `mean.why`, where no product had enough attempts."""

    mean: Estimate
    median: float | None
    reached: int
    cells: int
    horizon: int
    survival: Survival | None


def competent_at(episodes: Sequence[Episode]) -> tuple[int, bool] | None:
    """(scored attempts until competence, True), (scored attempts watched, False) when it never came, None with fewer than 5."""
    passes = [episode.passed for episode in episodes if episode.scored]
    if len(passes) < WINDOW:
        return None
    for end in range(WINDOW, len(passes) + 1):
        if sum(passes[end - WINDOW : end]) >= NEEDED:
            return end, True
    return len(passes), False


def competence(episodes: Sequence[Episode]) -> Competence:
    """Over all cells of the episodes given."""
    watched: list[list[tuple[int, bool]]] = []
    for repetitions in by_cell(episodes).values():
        found = [result for cell in repetitions.values() if (result := competent_at(cell)) is not None]
        if found:
            watched.append(found)
    flat = [item for group in watched for item in group]
    if not flat:
        return Competence(st.undefined(f"no product had {WINDOW} scored attempts"), None, 0, 0, 0, None)
    horizon = max(time for time, _ in flat)
    survival = st.kaplan_meier([time for time, _ in flat], [event for _, event in flat])
    return Competence(st.restricted_mean(watched, horizon), survival.median, sum(event for _, event in flat), len(flat), horizon, survival)


# --- regret, exams, transfer -------------------------------------------------------------------------------------------------------


def regret(episodes: Sequence[Episode], best: Mapping[str, float], horizon: int) -> Estimate:
    """Successes missed over the first `horizon` attempts in a product, against `best` (product -> s*, 1.0 where absent)."""
    groups = []
    for product, repetitions in by_cell(episodes).items():
        values = []
        for cell in repetitions.values():
            scored = [episode for episode in cell if episode.scored and episode.attempt <= horizon]
            if scored:
                values.append(sum(best.get(product, 1.0) - float(episode.passed) for episode in scored))
        if values:
            groups.append(values)
    return st.estimate(groups)


@dataclass(frozen=True, slots=True)
class ExamScore:
    """`after`: finished stream episodes at that point."""

    name: str
    after: int
    score: Estimate


def exams(episodes: Sequence[Episode]) -> tuple[ExamScore, ...]:
    """Success in each exam at each of its points; resampled over the examined products, then over repetitions."""
    out = []
    taken = [episode for episode in episodes if episode.kind == "exam"]
    for name, after in dict.fromkeys((episode.exam, episode.after) for episode in sorted(taken, key=lambda item: (item.exam, item.after))):
        cells: dict[str, dict[tuple[str, int], list[float]]] = {}
        for episode in taken:
            if (episode.exam, episode.after) == (name, after) and episode.scored:
                cells.setdefault(episode.product, {}).setdefault((episode.stream, episode.repetition), []).append(float(episode.passed))
        groups = [[sum(values) / len(values) for values in repetitions.values()] for repetitions in cells.values()]
        out.append(ExamScore(name, after, st.estimate(groups, share=True)))
    return tuple(out)


def by_order(episodes: Sequence[Episode], first: int = 1, last: int = 10**9) -> tuple[tuple[int, Estimate], ...]:
    """(k, success over attempts `first`…`last` in the k-th product of the stream). Rising with k: what was learned carries over.

    Orders are shuffled from repetition to repetition, so with few repetitions k is mixed up with which product came k-th.
    """
    cells = by_cell(episodes)
    places = sorted({episode.product_order for episode in episodes if episode.kind == "stream"})

    def wanted(place: int) -> Callable[[Episode], bool]:
        return lambda episode: episode.product_order == place and first <= episode.attempt <= last

    return tuple((place, st.estimate(_means(cells, wanted(place)), share=True)) for place in places)


def by_distance(episodes: Iterable[Episode], first: int = 1, last: int = 10**9) -> dict[str, Estimate]:
    """Distance tier -> success in products of that tier, nearest first: attempts `first`…`last` of stream episodes, and all exam episodes
    where exam episodes are given."""
    tiers: dict[str, list[Episode]] = {}
    for episode in episodes:
        tiers.setdefault(episode.distance, []).append(episode)
    out: dict[str, Estimate] = {}
    for distance in DISTANCES:
        cells: dict[str, dict[tuple[str, int], list[float]]] = {}
        for episode in tiers.get(distance, ()):
            if episode.scored and (episode.kind == "exam" or first <= episode.attempt <= last):
                cells.setdefault(episode.product, {}).setdefault((episode.stream, episode.repetition), []).append(float(episode.passed))
        if cells:
            groups = [[sum(values) / len(values) for values in repetitions.values()] for repetitions in cells.values()]
            out[distance] = st.estimate(groups, share=True)
    return out


def fall(episodes: Iterable[Episode]) -> Estimate:
    """Change of success from one tier of distance to the next, over the products of the stream that are no training products: the slope of a line
    through the products' means. Products of several families are taken together."""
    points = []
    for repetitions in by_cell(episode for episode in episodes if episode.distance != "none").values():
        means = [sum(e.passed for e in scored) / len(scored) for cell in repetitions.values() if (scored := [e for e in cell if e.scored])]
        tier = next(DISTANCES.index(episode.distance) for cell in repetitions.values() for episode in cell)
        if means:
            points.append((float(tier), sum(means) / len(means)))
    return st.slope(points)


# --- comparisons -------------------------------------------------------------------------------------------------------------------


def compare(first: Sequence[Episode], second: Sequence[Episode], start: int = 1, end: int = 10**9) -> Paired | None:
    """Success of one agent minus another's over attempts `start`…`end`, on the tasks that were scored for both; None without any."""
    one, two = by_cell(first), by_cell(second)
    left: list[list[float]] = []
    right: list[list[float]] = []
    for product in one:
        a, b = list[float](), list[float]()
        for key in one[product]:
            other = {episode.attempt: episode for episode in two.get(product, {}).get(key, ()) if episode.scored}
            both = [
                (episode, other[episode.attempt])
                for episode in one[product][key]
                if episode.scored and start <= episode.attempt <= end and episode.attempt in other
            ]
            if any(x.task_id != y.task_id for x, y in both):
                raise UsageError("these agents did not get the same tasks, so they cannot be compared pair by pair")
            if both:
                a.append(sum(float(x.passed) for x, _ in both) / len(both))
                b.append(sum(float(y.passed) for _, y in both) / len(both))
        if a:
            left.append(a)
            right.append(b)
    return st.paired(left, right) if left else None


# --- cost --------------------------------------------------------------------------------------------------------------------------


def total(episodes: Iterable[Episode]) -> Ledger:
    """Everything the episodes cost, exams included if given."""
    ledger = Ledger()
    for episode in episodes:
        ledger.add(episode.ledger)
    return ledger


def money(ledger: Ledger, prices: Prices) -> float:
    """What a ledger costs in the plan's currency."""
    tokens = ledger.tokens_in * prices.million_tokens_in + ledger.tokens_out * prices.million_tokens_out
    return ledger.expert_minutes / 60 * prices.expert_hour + ledger.cpu_seconds / 3600 * prices.cpu_hour + tokens / 1e6


def cost_per_success(stream: Sequence[Episode], prices: Prices) -> Estimate:
    """Price of everything in a cell over its passes, over repetitions and products."""
    cells = by_cell(stream)
    spent = [[money(total(cell), prices) for cell in repetitions.values()] for repetitions in cells.values()]
    passed = [[float(sum(episode.passed for episode in cell)) for cell in repetitions.values()] for repetitions in cells.values()]
    return st.ratio(spent, passed)


@dataclass(frozen=True, slots=True)
class CallTimes:
    """How long an environment took for a call: `median`, `p95` in milliseconds over `n` calls."""

    environment: str
    call: str
    n: int
    median: float
    p95: float


def call_times(episodes: Iterable[Episode]) -> tuple[CallTimes, ...]:
    """For each environment and call, in the order they were first seen; of all agents together, for they share the environment."""
    taken: dict[tuple[str, str], list[float]] = {}
    for episode in episodes:
        for call, milliseconds in episode.calls.items():
            taken.setdefault((episode.environment, call), []).extend(milliseconds)
    out = []
    for (environment, call), values in taken.items():
        ordered = sorted(values)
        if ordered:
            median, p95 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95))
            out.append(CallTimes(environment, call, len(ordered), median, p95))
    return tuple(out)


# --- a run -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """All figures of one agent. `ledger`: of all its episodes, exams included; `cost`: at the plan's prices; `cost_per_success`: of the
    stream episodes, per pass; `beginning`: see there; `families`, `products`: success over all attempts in each."""

    agent: str
    spec: str
    privilege: str
    episodes: int
    scored: int
    passed: int
    abstained: int
    agent_errors: int
    success: Estimate
    curve: tuple[tuple[int, Estimate], ...]
    bands: Mapping[str, Estimate]
    beginning: Estimate
    aulc: Estimate
    competence: Competence
    regret: Estimate
    exams: tuple[ExamScore, ...]
    by_order: tuple[tuple[int, Estimate], ...]
    families: Mapping[str, Estimate]
    products: Mapping[str, Estimate]
    ledger: Ledger
    cost: float
    cost_per_success: Estimate
    distances: Mapping[str, Estimate]
    fall: Estimate


@dataclass(frozen=True, slots=True)
class RunFigures:
    """All figures of a run. `horizon`: K of AULC and regret; `longest`: most attempts in one product; `late`: label of the last group of
    attempts; `contrasts[(a, b)]`: agent a minus agent b in the AULC and in the late group."""

    agents: tuple[AgentFigures, ...]
    horizon: int
    longest: int
    late: str
    prices: Prices
    contrasts: Mapping[tuple[str, str], Mapping[str, Paired]] = field(default_factory=dict)

    def agent(self, label: str) -> AgentFigures:
        return next(item for item in self.agents if item.agent == label)


def figures(store: Store, *, contrasts_with: str | None = None) -> RunFigures:
    """Computes everything. `contrasts_with`: the agent that is compared with each other one (default: the first of the plan)."""
    everything = store.episodes()
    known = store.agents()
    prices = Prices(**store.run.plan.get("prices", {}))
    stream = [episode for episode in everything if episode.kind == "stream"]
    longest = max((episode.attempt for episode in stream), default=0)
    horizon = min(HORIZON, longest)
    late = next((label for label, first, _ in reversed(BANDS) if first <= longest), BANDS[0][0])
    experts = {label for label, _, privilege in known if privilege == "expert"}
    best = _best(stream, experts)
    agents = tuple(
        _agent(label, spec, privilege, [episode for episode in everything if episode.agent == label], best, horizon, prices)
        for label, spec, privilege in known
    )
    focus = contrasts_with or (known[0][0] if known else "")
    first, last = next((first, last) for label, first, last in BANDS if label == late)
    contrasts: dict[tuple[str, str], dict[str, Paired]] = {}
    own = [episode for episode in stream if episode.agent == focus]
    for label, _, _ in known:
        if label == focus:
            continue
        theirs = [episode for episode in stream if episode.agent == label]
        found = {"aulc": compare(own, theirs, 1, horizon), "late": compare(own, theirs, first, last)}
        contrasts[focus, label] = {name: result for name, result in found.items() if result is not None}
    return RunFigures(agents, horizon, longest, late, prices, contrasts)


def _best(stream: Sequence[Episode], experts: set[str]) -> dict[str, float]:
    """s* of each product an expert worked in."""
    out = {}
    for product, repetitions in by_cell(episode for episode in stream if episode.agent in experts).items():
        scored = [float(episode.passed) for cell in repetitions.values() for episode in cell if episode.scored]
        if scored:
            out[product] = sum(scored) / len(scored)
    return out


def _agent(
    label: str, spec: str, privilege: str, episodes: Sequence[Episode], best: Mapping[str, float], horizon: int, prices: Prices
) -> AgentFigures:
    stream = [episode for episode in episodes if episode.kind == "stream"]
    scored = [episode for episode in stream if episode.scored]
    passed = sum(episode.passed for episode in scored)
    ledger = total(episodes)
    return AgentFigures(
        agent=label,
        spec=spec,
        privilege=privilege,
        episodes=len(stream),
        scored=len(scored),
        passed=passed,
        abstained=sum(not episode.scored for episode in episodes),
        agent_errors=sum(bool(episode.traceback) for episode in episodes),
        success=success(stream),
        curve=curve(stream),
        bands=bands(stream),
        beginning=beginning(stream),
        aulc=aulc(stream, horizon),
        competence=competence(stream),
        regret=regret(stream, best, horizon),
        exams=exams(episodes),
        by_order=by_order(stream),
        families={name: success([item for item in stream if item.family == name]) for name in dict.fromkeys(e.family for e in stream)},
        products={name: _product(stream, name) for name in dict.fromkeys(episode.product for episode in stream)},
        ledger=ledger,
        cost=money(ledger, prices),
        cost_per_success=cost_per_success(stream, prices),
        distances=by_distance(stream),
        fall=fall(stream),
    )


def _product(stream: Sequence[Episode], name: str) -> Estimate:
    """One product: a single proportion over its episodes (which takes attempts as independent, so it is a description of this product)."""
    scored = [episode for episode in stream if episode.product == name and episode.scored]
    return st.proportion(sum(episode.passed for episode in scored), len(scored))
