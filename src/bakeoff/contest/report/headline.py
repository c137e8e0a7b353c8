"""The verdict in one sentence, computed from the figures. It never claims more than an interval allows."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.contest.economics import PLACES
from bakeoff.contest.report.view import MISSING, AgentView, Contrast, Findings
from bakeoff.contest.report.wording import Words
from bakeoff.contest.statistics import Estimate

FEWEST = 6
"""With fewer products no exact test on products can reach 5 % (two-sided sign flips of n products: p is at least 2/2^n; n = 5 gives 0.0625)."""


def resolved(difference: Estimate, p: float | None) -> bool:
    """Whether the sign of a paired difference is settled: the interval leaves out 0, and the products are enough to settle anything."""
    if difference.low is None or difference.high is None or difference.n < FEWEST:
        return False
    return (difference.low > 0 or difference.high < 0) and (p is None or p < 0.05)


def sentence(findings: Findings, words: Words) -> str:
    """The verdict. Always one sentence, whatever the run holds."""
    if not any(agent.episodes for agent in findings.agents):
        return words("verdict.empty")
    if not any(agent.scored for agent in findings.agents):
        return words("verdict.all_abstained", count=sum(agent.abstained for agent in findings.agents))
    if findings.focus is None or not findings.agent(findings.focus).scored:
        return words("verdict.no_learner")
    focus = findings.agent(findings.focus)
    return words(
        "verdict.join", what=_what(focus, findings, words), rival=_rival(focus, findings, words), ceiling=_ceiling(focus, findings, words)
    )


def _what(focus: AgentView, findings: Findings, words: Words) -> str:
    late = focus.bands.get(findings.late, MISSING)
    if not late.known:
        return words("verdict.what_plain", agent=focus.label, passed=focus.passed, scored=focus.scored)
    values = {
        "agent": focus.label,
        "late": words.percent(late.value),
        "span": words.span(late.low, late.high),
        "group": words.attempts(findings.late),
        "n": late.n,
    }
    first = focus.beginning
    grew = findings.late != "1" and first.value is not None and late.value is not None
    if not grew:
        return words("verdict.what_once" if late.low is not None else "verdict.what_once_bare", **values)
    direction = _direction(first, late)
    return words(
        "verdict.what" if late.low is not None else "verdict.what_bare",
        **values,
        first=words.percent(first.value),
        from_=words(f"verdict.{direction}", first=words.percent(first.value)),
    )


def _direction(first: Estimate, late: Estimate) -> str:
    """`up` or `down` only where the two intervals lie apart, else `same`, which claims nothing."""
    if None in (first.low, first.high, late.low, late.high):
        return "same"
    assert first.low is not None and first.high is not None and late.low is not None and late.high is not None
    return "up" if first.high < late.low else "down" if late.high < first.low else "same"


def rivals(findings: Findings) -> list[AgentView]:
    """All agents the focus is measured against: everybody but itself, the ceilings and its own twins (other switches, a shorter memory);
    the twins, too, where there is nobody else."""
    others = [agent for agent in findings.agents if agent.label != findings.focus and agent.role != "ceiling" and agent.scored]
    own = next((agent.spec.split(":")[0] for agent in findings.agents if agent.label == findings.focus), "")
    return [agent for agent in others if agent.spec.split(":")[0] != own] or others


def best_rival(findings: Findings) -> AgentView | None:
    """The rival with the highest late success. Choosing the best after the fact makes the comparison harder for the focus, never easier."""
    found = rivals(findings)
    return max(found, key=lambda agent: agent.bands.get(findings.late, MISSING).value or 0.0) if found else None


def contrast_with(findings: Findings, other: str, measures: Sequence[str] = ("late",)) -> Contrast | None:
    return next((c for c in findings.contrasts if c.other == other and c.measure in measures), None)


def _rival(focus: AgentView, findings: Findings, words: Words) -> str:
    rival = best_rival(findings)
    if rival is None:
        return words("verdict.alone")
    contrast = contrast_with(findings, rival.label)
    if contrast is None or contrast.difference.value is None:
        return words("verdict.unpaired", rival=rival.label)
    difference = contrast.difference
    size = words.number(abs(difference.value or 0) * 100, 0)
    values = {"rival": rival.label, "size": size, "n": difference.n, "points": words.points(difference.value or 0)}
    if difference.low is None or difference.high is None:
        return words("verdict.few", **values)
    if difference.value == difference.low == difference.high == 0:
        return words("verdict.equal", **values)
    values |= {"low": words.points(difference.low), "high": words.points(difference.high)}
    if contrast.resolved:
        sign = (difference.value or 0) > 0
        values |= {
            "low": words.number(min(abs(difference.low), abs(difference.high)) * 100, 0),
            "high": words.number(max(abs(difference.low), abs(difference.high)) * 100, 0),
        }
        return words("verdict.ahead" if sign else "verdict.behind", **values)
    if difference.n < FEWEST:
        return words("verdict.few_products", **values)
    return words("verdict.unresolved", **values)


def _ceiling(focus: AgentView, findings: Findings, words: Words) -> str:
    found = [agent for agent in findings.agents if agent.role == "ceiling" and agent.scored]
    if not found:
        return words("verdict.no_ceiling")
    best = max(found, key=lambda agent: agent.bands.get(findings.late, MISSING).value or 0.0)
    value = best.bands.get(findings.late, MISSING)
    return words("verdict.ceiling", value=words.percent(value.value)) if value.known else words("verdict.no_ceiling")


def distance(findings: Findings, words: Words) -> str:
    """In one sentence, how the success of each agent changes from one tier of distance to the next; empty without several tiers."""
    said = []
    for agent in findings.agents:
        fall = agent.fall
        if fall.value is None or not agent.by_distance.get(""):
            continue
        values = {"agent": agent.label, "points": words.points(fall.value)}
        if fall.low is None or fall.high is None:
            said.append(words("distance.bare", **values))
        else:
            values |= {"low": words.points(fall.low), "high": words.points(fall.high)}
            said.append(words("distance.falls" if fall.high < 0 or fall.low > 0 else "distance.open", **values))
    if not said:
        return ""
    count = max(agent.fall.n for agent in findings.agents)
    return words("distance.sentence", agents=words("list.semicolon").join(said), n=count)


def baked(findings: Findings, words: Words) -> str:
    """In one sentence for each kind of product: what the baked workers and the learner pass there; empty where nobody was baked."""
    said = []
    agents = [agent for agent in findings.agents if agent.beforehand or agent.role == "focus"]
    for place in PLACES if findings.bakes else ():
        known = [(agent, agent.by_place[place]) for agent in agents if place in agent.by_place]
        if known:
            shares = [
                words(
                    "baked.share" if share.low is not None else "baked.share_bare",
                    agent=agent.label,
                    share=words.percent(share.value),
                    span=words.span(share.low, share.high),
                )
                for agent, share in known
            ]
            said.append(
                words(
                    "baked.met" if place == "met" else "baked.unmet",
                    agents=words("list.semicolon").join(shares),
                    n=max(share.n for _, share in known),
                )
            )
    return " ".join(said)


def learned(findings: Findings, words: Words) -> str:
    """In one sentence: what the focus learned is worth, against its own twin without memory; empty where there is none."""
    other = next((agent for agent in findings.agents if agent.label == findings.amnesiac), None)
    contrast = contrast_with(findings, other.label, ("aulc",)) if other is not None else None
    value = contrast.difference.value if contrast is not None else None
    if other is None or contrast is None or value is None:
        return ""
    share, difference = other.measures.get("aulc", MISSING), contrast.difference
    values = {
        "share": words.percent(share.value),
        "points": words.points(value),
        "k": findings.horizon,
        "n": difference.n,
    }
    if difference.low is None or difference.high is None:
        return words("learned.few", **values)
    values |= {"low": words.points(difference.low), "high": words.points(difference.high)}
    return words("learned.resolved" if contrast.resolved else "learned.unresolved", **values)


def level(findings: Findings) -> str:
    """`resolved`, `unresolved` or `nothing`: how the page marks its verdict."""
    rival = best_rival(findings) if findings.focus else None
    contrast = contrast_with(findings, rival.label) if rival else None
    if contrast is None:
        return "nothing"
    return "resolved" if contrast.resolved else "unresolved"
