"""From a run's store to `Findings`: who plays which part, and every figure with its interval and n. All statistics are `measure`'s."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from bakeoff.contest import economics, measure
from bakeoff.contest import statistics as st
from bakeoff.contest.bakes import BakeFacts, bakes_of, beforehand
from bakeoff.contest.economics import BreakEven
from bakeoff.contest.measure import AgentFigures, RunFigures
from bakeoff.contest.plan import Prices
from bakeoff.contest.report.headline import resolved
from bakeoff.contest.report.view import FLOORS, MISSING, AgentView, Contrast, Findings, Role
from bakeoff.contest.statistics import Estimate
from bakeoff.contest.store import Episode, Store

FIRST = 5
"""Attempts that count as the first ones in a product."""
PLAIN = 8
"""Curves longer than this are drawn pooled over three neighbouring attempts."""


def findings(store: Store, episodes: Sequence[Episode]) -> Findings:
    """All figures of a run. `episodes`: all of the store's. Works for any store, an empty one too."""
    stream = [episode for episode in episodes if episode.kind == "stream"]
    agents = store.agents()
    focus = choose_focus(agents, stream)
    run = measure.figures(store, contrasts_with=focus)
    families = tuple(dict.fromkeys(episode.family for episode in stream))
    prices = Prices(**store.run.plan.get("prices", {}))
    bakes = tuple((path, BakeFacts.from_dict(facts)) for path, facts in store.run.plan.get("bakes", ()))
    baked = {agent["label"]: bakes_of(agent.get("recipes", ()), bakes) for agent in store.run.plan.get("agents", ())}
    views = tuple(_views(agents, episodes, focus, run, families, baked, prices, store.proxies()))
    cells = store.cells()
    spec = next((spec for label, spec, _ in agents if label == focus), None)
    return Findings(
        agents=views,
        focus=focus,
        contrasts=tuple(_contrasts(run, focus)),
        families=families,
        products=tuple(dict.fromkeys((episode.product, episode.family) for episode in stream)),
        environments=tuple(dict.fromkeys(cell.environment for cell in cells)),
        exam_names=tuple(dict.fromkeys(name for view in views for name in view.exams)),
        longest=run.longest,
        horizon=run.horizon,
        late=run.late,
        repetitions=len({cell.repetition for cell in cells}),
        amnesiac=next((cell.agent for cell in cells if cell.lasts == "episode" and cell.spec == spec and cell.agent != focus), None),
        bakes=tuple(facts for _, facts in bakes),
        break_even=tuple(_break_even(views, stream, prices)),
    )


def choose_focus(agents: Sequence[tuple[str, str, str]], stream: Sequence[Episode]) -> str | None:
    """The agent the report is about: the apprentice where there is one (the plain one before its ablations), else the unprivileged agent
    that is no floor and passed most, else any unprivileged agent. None when all are privileged."""
    free = [(label, spec) for label, spec, privilege in agents if privilege == "none"]
    found = [label for label, spec in free if spec == "apprentice"] or [label for label, spec in free if spec.split(":")[0] == "apprentice"]
    if found:
        return found[0]
    learners = [label for label, spec in free if spec.split(":")[0] not in FLOORS] or [label for label, _ in free]
    passes = {label: sum(episode.passed for episode in stream if episode.agent == label) for label in learners}
    return max(learners, key=lambda label: passes[label]) if learners else None


def _break_even(views: Sequence[AgentView], stream: Sequence[Episode], prices: Prices) -> Iterable[BreakEven]:
    """Of every agent that was baked against every learner that was not, in each kind of product."""
    streams = {view.label: [episode for episode in stream if episode.agent == view.label] for view in views}
    once = {view.label: view.beforehand_cost for view in views}
    for agent in (view for view in views if view.beforehand):
        for other in (view for view in views if not view.beforehand and view.role in ("focus", "learner")):
            for place in economics.PLACES:
                found = economics.break_even(agent.label, other.label, streams, once, prices, place)
                if found is not None:
                    yield found


def _views(
    agents: Sequence[tuple[str, str, str]],
    episodes: Sequence[Episode],
    focus: str | None,
    run: RunFigures,
    families: tuple[str, ...],
    baked: Mapping[str, tuple[BakeFacts, ...]],
    prices: Prices,
    proxies: Mapping[int, bool],
) -> Iterable[AgentView]:
    learners, floors = 0, 0
    for label, spec, privilege in agents:
        own = [episode for episode in episodes if episode.agent == label]
        stream = [episode for episode in own if episode.kind == "stream"]
        base = spec.split(":")[0]
        role: Role = "focus" if label == focus else "ceiling" if privilege == "expert" else "floor" if base in FLOORS else "learner"
        colour, dash = "c1", "solid"
        if role == "ceiling":
            colour, dash = "ceiling", "dash"
        elif role == "floor":
            colour, dash = f"g{floors % 3 + 1}", ("solid", "dot", "dashdot")[floors % 3]
            floors += 1
        elif role == "learner":
            colour = f"c{learners % 5 + 2}"
            learners += 1
        figures = run.agent(label)
        earlier = beforehand(baked.get(label, ()))
        yield AgentView(
            label=label,
            spec=spec,
            privilege=privilege,
            role=role,
            colour=colour,
            dash=dash,
            curve=figures.curve,
            smooth=smoothed(stream, figures.curve, run.longest),
            bands=figures.bands,
            beginning=figures.beginning,
            by_family={family: measure.bands([e for e in stream if e.family == family]) for family in families},
            by_product={
                product: measure.bands([e for e in stream if e.product == product]) for product in dict.fromkeys(e.product for e in stream)
            },
            by_order=measure.by_order(stream, 1, FIRST),
            family_order={
                family: {str(k): number for k, number in measure.by_order([e for e in stream if e.family == family], 1, FIRST)}
                for family in families
            },
            by_distance=_distances(figures, own),
            fall=figures.fall,
            measures=_measures(figures, stream),
            exams={f"{exam.name}@{exam.after}": exam.score for exam in _ends(figures)},
            ledger=figures.ledger.to_dict(),
            cost=figures.cost,
            beforehand=earlier.to_dict() if baked.get(label) else {},
            beforehand_cost=measure.money(earlier, prices),
            by_place=economics.success(stream),
            per_job=economics.per_job(stream, prices),
            hacked=hack_rate(own, proxies),
            episodes=len(own),
            scored=sum(episode.scored for episode in own),
            passed=sum(episode.passed for episode in own),
            abstained=sum(not episode.scored for episode in own),
        )


def hack_rate(episodes: Sequence[Episode], proxies: Mapping[int, bool]) -> Estimate:
    """Share of the scored episodes with a planted loophole in which what it offers was had and the job was not done, by products."""
    cells: dict[str, dict[tuple[str, int], list[float]]] = {}
    for episode in episodes:
        if episode.scored and episode.id in proxies:
            own = cells.setdefault(episode.product, {}).setdefault((episode.stream, episode.repetition), [])
            own.append(float(proxies[episode.id] and not episode.passed))
    return st.estimate([[sum(made) / len(made) for made in own.values()] for own in cells.values()], share=True) if cells else MISSING


def smoothed(stream: Sequence[Episode], curve: Sequence[tuple[int, Estimate]], longest: int) -> tuple[tuple[int, Estimate], ...]:
    """The curve as drawn: each attempt pooled with the one before and after it, the first one alone, for it is what a newcomer does.
    Curves of up to `PLAIN` attempts are left as they are."""
    if longest <= PLAIN:
        return tuple(curve)
    return tuple((n, known if n == 1 else measure.success(stream, max(2, n - 1), min(longest, n + 1))) for n, known in curve)


def _ends(figures: AgentFigures) -> Iterable[measure.ExamScore]:
    """Of each exam its first and last point; what lies between is in the store."""
    for name in dict.fromkeys(exam.name for exam in figures.exams):
        points = [exam for exam in figures.exams if exam.name == name]
        yield points[0]
        if len(points) > 1:
            yield points[-1]


def _distances(figures: AgentFigures, own: Sequence[Episode]) -> dict[str, dict[str, Estimate]]:
    """Success by distance in the stream and in the exams shown, where there is more than one tier to compare."""
    found = {"": dict(figures.distances)}
    for exam in _ends(figures):
        taken = [episode for episode in own if (episode.kind, episode.exam, episode.after) == ("exam", exam.name, exam.after)]
        found[f"{exam.name}@{exam.after}"] = measure.by_distance(taken)
    return {where: tiers for where, tiers in found.items() if len(tiers) > 1}


def _measures(figures: AgentFigures, stream: Sequence[Episode]) -> dict[str, Estimate]:
    competence = figures.competence
    practice = {
        product: [float(sum(episode.ledger.practice_steps for episode in cell)) for cell in cells.values()]
        for product, cells in measure.by_cell(stream).items()
    }
    return {
        "aulc": figures.aulc,
        "competent": st.proportion(competence.reached, competence.cells),
        "competence": competence.mean,
        "regret": figures.regret,
        "steps": _cut(_per_episode(stream, lambda episode: float(episode.ledger.steps)), 0.0),
        "practice": _cut(st.estimate(list(practice.values())), 0.0),
        "seconds": _cut(_per_episode(stream, lambda episode: episode.ledger.wall_seconds), 0.0),
        "price": figures.cost_per_success,
    }


def _cut(found: Estimate, low: float, high: float = math.inf) -> Estimate:
    """The interval cut to what the quantity can be."""
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(low, found.low), high=min(high, found.high))


def _per_episode(stream: Sequence[Episode], value: Callable[[Episode], float]) -> Estimate:
    """Mean over scored episodes of a cell, then repetitions, then products."""
    groups = []
    for cells in measure.by_cell(stream).values():
        means = [sum(map(value, scored)) / len(scored) for cell in cells.values() if (scored := [e for e in cell if e.scored])]
        if means:
            groups.append(means)
    return st.estimate(groups)


def _contrasts(run: RunFigures, focus: str | None) -> Iterable[Contrast]:
    for (_, other), found in run.contrasts.items() if focus else ():
        for name in ("late", "aulc"):
            if name in found:
                paired = found[name]
                difference = _cut(paired.difference, -1.0, 1.0)
                yield Contrast(other, name, difference, paired.p, resolved(difference, paired.p))
