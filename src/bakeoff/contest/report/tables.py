"""Tables of the report as plain rows for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bakeoff.contest import measure
from bakeoff.contest import statistics as st
from bakeoff.contest.economics import PLACES, BreakEven
from bakeoff.contest.measure import BANDS, CallTimes
from bakeoff.contest.report.view import MISSING, AgentView, Findings
from bakeoff.contest.report.wording import Words
from bakeoff.contest.statistics import Estimate
from bakeoff.contest.store import Cell, Episode, Fault
from bakeoff.core import DISTANCES, TaskId

Table = dict[str, Any]
LISTED = 60
"""Abstentions, faults and errors beyond this many are counted, not listed."""


def cell(text: str, note: str = "", css: str = "", sort: object = None) -> dict[str, Any]:
    return {"text": text, "note": note, "css": css, "sort": sort}


def table(caption: str, head: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> Table:
    return {"caption": caption, "head": list(head), "rows": list(rows)}


def row(*cells: dict[str, Any], agent: str = "") -> dict[str, Any]:
    return {"cells": list(cells), "group": "", "agent": agent}


def group(title: str) -> dict[str, Any]:
    return {"cells": [], "group": title, "agent": ""}


def share(number: Estimate, words: Words, css: str = "") -> dict[str, Any]:
    """A share with its interval and n beneath."""
    if not number.known:
        return cell("–", "", css or "off")
    return cell(words.percent(number.value), _beneath(words.span(number.low, number.high), number, words), css)


def plain(number: Estimate, words: Words, css: str = "", digits: int = 1) -> dict[str, Any]:
    """Any other figure with its interval and n beneath."""
    if not number.known:
        return cell("–", "", css or "off")
    span = (
        ""
        if number.low is None or number.high is None or number.low == number.high
        else f"{words.number(number.low, digits)}–{words.number(number.high, digits)}"
    )
    return cell(words.number(number.value, digits), _beneath(span, number, words), css)


def _beneath(span: str, number: Estimate, words: Words) -> str:
    parts = [span] if span and span != "–" else []
    return " · ".join([*parts, words("n.products", n=number.n)]) if number.n else " · ".join(parts)


def heads(findings: Findings, words: Words, first: str) -> list[dict[str, Any]]:
    out = [{"text": first, "note": "", "css": ""}]
    for agent in findings.agents:
        note = words.known(f"role.privileged.{agent.privilege}", "")
        out.append({"text": agent.label, "note": note, "css": "focus" if agent.role == "focus" else ""})
    return out


def _css(agent: AgentView, best: str | None = None) -> str:
    return " ".join(filter(None, ["focus" if agent.role == "focus" else "", "best" if agent.label == best else ""]))


def _best(findings: Findings, numbers: Mapping[str, Estimate], *, least: bool = False) -> str | None:
    """The leading agent among those without an expert's help; None when it stands alone, is tied, or they
    rest on different n."""
    open_ = [
        (number.value, label) for label, number in numbers.items() if number.value is not None and findings.agent(label).role != "ceiling"
    ]
    if len(open_) < 2 or len({numbers[label].n for _, label in open_}) > 1:
        return None
    ranked = sorted(open_, reverse=not least)
    return ranked[0][1] if ranked[0][0] != ranked[1][0] else None


def main(findings: Findings, words: Words, currency: str) -> Table:
    """All agents, all measures."""
    rows: list[dict[str, Any]] = [group(words("group.success"))]

    def shares(title: str, numbers: Mapping[str, Estimate], *, bold: bool = True) -> None:
        best = _best(findings, numbers) if bold else None
        rows.append(row(cell(title), *(share(numbers[a.label], words, _css(a, best)) for a in findings.agents)))

    def figures(title: str, numbers: Mapping[str, Estimate], *, digits: int = 1, least: bool | None = None) -> None:
        best = None if least is None else _best(findings, numbers, least=least)
        rows.append(row(cell(title), *(plain(numbers[a.label], words, _css(a, best), digits) for a in findings.agents)))

    for label, _, _ in BANDS:
        numbers = {agent.label: agent.bands.get(label, MISSING) for agent in findings.agents}
        if any(number.known for number in numbers.values()):
            shares(words("band.1") if label == "1" else words("band", group=words.attempts(label)), numbers)
    measured = {key: {agent.label: agent.measures.get(key, MISSING) for agent in findings.agents} for key in MEASURES}

    def shown(key: str) -> bool:
        return any(number.known for number in measured[key].values())

    if any(shown(key) for key in ("aulc", "competent", "competence", "regret")):
        rows.append(group(words("group.learning")))
    if shown("aulc"):
        shares(words("measure.aulc", k=findings.horizon), measured["aulc"])
    if shown("competent"):
        shares(words("measure.competent"), measured["competent"])
    if shown("competence"):
        figures(words("measure.competence"), measured["competence"], least=True)
    if shown("regret"):
        figures(words("measure.regret"), measured["regret"], least=True)
    if findings.exam_names:
        rows.append(group(words("group.exams")))
        for name in findings.exam_names:
            title, _, after = name.rpartition("@")
            shares(
                words("measure.exam_at", name=title, after=after),
                {agent.label: agent.exams.get(name, MISSING) for agent in findings.agents},
            )
    rows.append(group(words("group.effort")))
    counts = [cell(words.count(a.abstained), words("n.of", n=words.count(a.episodes)), _css(a)) for a in findings.agents]
    rows.append(row(cell(words("measure.abstained")), *counts))
    hacked = {agent.label: agent.hacked for agent in findings.agents}
    if any(number.known for number in hacked.values()):
        shares(words("measure.hacked"), hacked, bold=False)
    for key in ("steps", "practice", "seconds"):
        if shown(key):
            figures(words(f"measure.{key}"), measured[key], digits=2 if key == "seconds" else 1)
    rows.append(row(cell(words("measure.expert")), *(cell(words.number(a.ledger["expert_minutes"]), "", _css(a)) for a in findings.agents)))
    if shown("price"):
        cells = [_price(measured["price"][agent.label], words, _css(agent)) for agent in findings.agents]
        rows.append(row(cell(words("measure.price", currency=currency)), *cells))
    return table(words("table.main"), heads(findings, words, words("table.measure")), rows)


def _price(price: Estimate, words: Words, css: str) -> dict[str, Any]:
    """Of a thousand passed jobs."""
    if price.value is None:
        return cell("–", "", css)
    span = "" if price.low is None else f"{words.money(1000 * price.low)}–{'…' if price.high is None else words.money(1000 * price.high)}"
    return cell(words.money(1000 * price.value), _beneath(span, price, words), css)


MEASURES = ("aulc", "competent", "competence", "regret", "steps", "practice", "seconds", "price")


def curves(findings: Findings, words: Words) -> Table:
    attempts = sorted({attempt for agent in findings.agents for attempt, _ in agent.curve})
    values = {agent.label: dict(agent.curve) for agent in findings.agents}
    rows = [
        row(cell(str(attempt)), *(share(values[a.label].get(attempt, MISSING), words, _css(a)) for a in findings.agents))
        for attempt in attempts
    ]
    return table(words("table.curves"), heads(findings, words, words("table.attempt")), rows)


def transfer(findings: Findings, words: Words) -> Table:
    orders = sorted({k for agent in findings.agents for k, _ in agent.by_order})
    values = {agent.label: dict(agent.by_order) for agent in findings.agents}
    rows = [row(cell(str(k)), *(share(values[a.label].get(k, MISSING), words, _css(a)) for a in findings.agents)) for k in orders]
    return table(words("table.transfer"), heads(findings, words, words("table.order")), rows)


def distance(findings: Findings, words: Words) -> Table:
    """Success by distance tier, in the stream and in each exam that has several tiers."""
    rows: list[dict[str, Any]] = []
    places = list(dict.fromkeys(place for agent in findings.agents for place in agent.by_distance))
    for place in places:
        name, _, after = place.rpartition("@")
        rows.append(group(words("measure.exam_at", name=name, after=after) if place else words("distance.stream")))
        for tier in DISTANCES:
            values = {agent.label: agent.by_distance.get(place, {}).get(tier, MISSING) for agent in findings.agents}
            if any(value.known for value in values.values()):
                rows.append(row(cell(words(f"distance.{tier}")), *(share(values[a.label], words, _css(a)) for a in findings.agents)))
    return table(words("table.distance"), heads(findings, words, words("table.tier")), rows)


def calls(found: Sequence[CallTimes], words: Words) -> Table | None:
    """How fast the environments were."""
    if not found:
        return None
    head = [{"text": words(f"table.{key}"), "note": "", "css": ""} for key in ("environment", "call", "calls", "median", "p95")]
    rows = [
        row(cell(f.environment), cell(f.call), cell(words.count(f.n)), cell(words.number(f.median)), cell(words.number(f.p95)))
        for f in found
    ]
    return table(words("table.times"), head, rows)


def contrasts(findings: Findings, words: Words) -> Table:
    head = [
        {"text": words(f"table.{key}"), "note": "", "css": ""}
        for key in ("other", "measure", "difference", "interval", "n", "p", "resolved")
    ]
    rows = []
    for contrast in findings.contrasts:
        found = contrast.difference
        if found.value is None:
            continue
        span = (
            "–"
            if found.low is None or found.high is None
            else words("span.points", low=words.points(found.low), high=words.points(found.high))
        )
        p = "–" if contrast.p is None else "< 0.001" if contrast.p < 0.001 else f"{contrast.p:.3f}"
        yes = words("table.yes" if contrast.resolved else "table.no")
        rows.append(
            row(
                cell(contrast.other),
                cell(words(f"contrast.{contrast.measure}", late=words.attempts(findings.late), k=findings.horizon)),
                cell(words.points(found.value)),
                cell(span),
                cell(str(found.n)),
                cell(p),
                cell(yes),
            )
        )
    return table(words("table.forest"), head, rows)


def tasks(findings: Findings, stream: Sequence[Episode], words: Words) -> Table | None:
    """Task by task, one row for each agent and task: on MiniWoB++, where a product is a task, by product; else by family and template."""
    pages = "miniwob" in findings.environments
    groups = [(label, first, last) for label, first, last in BANDS if any(first <= e.attempt <= last and e.scored for e in stream)]
    head = [{"text": words("table.task"), "css": ""}, {"text": words("table.agent"), "css": "left"}]
    head += [{"text": words("band.1") if label == "1" else words("band", group=words.attempts(label)), "css": ""} for label, _, _ in groups]
    by: dict[tuple[str, str], list[Episode]] = {}
    for episode in stream:
        task = episode.product.removesuffix("@1") if pages else f"{episode.family} · {episode.template}"
        by.setdefault((task, episode.agent), []).append(episode)
    place = {agent.label: index for index, agent in enumerate(findings.agents)}
    rows = []
    for (task, agent), own in sorted(by.items(), key=lambda item: (item[0][0], place[item[0][1]])):
        cells = [cell(task, sort=task), cell(agent, css="left", sort=agent)]
        for _, first, last in groups:
            some = [episode for episode in own if first <= episode.attempt <= last and episode.scored]
            number = st.proportion(sum(e.passed for e in some), len(some)) if pages else measure.success(some)
            cells.append({**share(number, words), "sort": "" if number.value is None else f"{number.value:.4f}"})
        rows.append(row(*cells, agent=agent))
    return table(words("table.tasks"), head, rows) if rows else None


LEDGER = (
    "episodes", "passed", "failed_attempts", "steps", "practice_steps", "resets", "wall_seconds", "agent_seconds", "cpu_seconds",
    "tokens_in", "tokens_out", "verdict_bits", "demonstrations", "expert_minutes", "cost",
)  # fmt: skip


def ledger(findings: Findings, words: Words, costs: Mapping[str, float], currency: str) -> Table:
    rows = []
    for key in LEDGER:
        if key in ("tokens_in", "tokens_out") and not any(agent.ledger[key] for agent in findings.agents):
            continue
        cells = [cell(words(f"ledger.{key}", currency=currency))]
        for agent in findings.agents:
            if key == "cost":
                text = words.money(costs[agent.label])
            elif key in ("episodes", "passed"):
                text = words.count(getattr(agent, key))
            elif key.endswith("_seconds"):
                text = words.duration(agent.ledger[key])
            elif key == "expert_minutes":
                text = words.number(agent.ledger[key])
            else:
                text = words.count(agent.ledger[key])
            cells.append(cell(text, "", _css(agent)))
        rows.append(row(*cells))
    return table(words("table.ledger"), heads(findings, words, words("table.measure")), rows)


BEFOREHAND = ("expert_minutes", "demonstrations", "steps", "failed_attempts", "cpu_seconds")


def baked(findings: Findings, words: Words, currency: str) -> Table:
    """What was rehearsed and what was not: success, what it had cost beforehand, what a job costs now. Floors are left out."""
    agents = [agent for agent in findings.agents if agent.role != "floor"]
    shown = replace(findings, agents=tuple(agents))
    rows: list[dict[str, Any]] = [group(words("group.success"))]
    places = [place for place in PLACES if any(place in agent.by_place for agent in agents)]
    for place in places:
        numbers = {agent.label: agent.by_place.get(place, MISSING) for agent in agents}
        best = _best(shown, numbers)
        rows.append(row(cell(words(f"place.{place}")), *(share(numbers[a.label], words, _css(a, best)) for a in agents)))
    rows.append(group(words("group.beforehand")))
    for key in (*BEFOREHAND, "cost"):
        cells = []
        for agent in agents:
            if not agent.beforehand:
                text = "–"
            elif key == "cost":
                text = words.money(agent.beforehand_cost)
            elif key == "cpu_seconds":
                text = words.duration(agent.beforehand[key])
            else:
                text = words.number(agent.beforehand[key]) if key == "expert_minutes" else words.count(agent.beforehand[key])
            cells.append(cell(text, "", _css(agent)))
        rows.append(row(cell(words(f"ledger.{key}", currency=currency)), *cells))
    rows.append(group(words("group.per_job", currency=currency)))
    for place in places:
        rows.append(row(cell(words(f"place.{place}")), *(plain(a.per_job.get(place, MISSING), words, _css(a), 3) for a in agents)))
    return table(words("table.baked"), heads(shown, words, words("table.measure")), rows)


def break_even(findings: Findings, words: Words, currency: str) -> Table | None:
    """After how many jobs baking has paid."""
    keys = ("agent", "against", "where_worked", "beforehand_more", "saved", "pays")
    head = [{"text": words(f"table.{key}", currency=currency), "note": "", "css": "words"} for key in keys]
    rows = []
    for found in findings.break_even:
        saved = found.saved
        span = "" if saved.low is None or saved.high is None else f"{words.number(saved.low, 3)} – {words.number(saved.high, 3)}"
        rows.append(
            row(
                cell(found.agent, css="words"),
                cell(found.other, css="words"),
                cell(words(f"place.{found.place}"), css="words"),
                cell(words.money(found.beforehand) if found.beforehand >= 0 else words.number(found.beforehand, 2)),
                cell(words.number(saved.value, 3), _beneath(span, saved, words)),
                cell(*pays(found, words)),
            )
        )
    return table(words("table.break_even"), head, rows) if rows else None


def pays(found: BreakEven, words: Words) -> tuple[str, str]:
    """The number of jobs, and its interval; never more than the interval of what a job saves allows."""
    if found.low is None:  # not even by the friendlier end of the interval, or there is no interval
        known = found.saved.high is not None
        return (words("pays.never") if known or found.jobs is None else words("pays.after", jobs=words.count(found.jobs))), ""
    span = words("pays.span", low=words.count(found.low), high=words("pays.never") if found.high is None else words.count(found.high))
    return (words("pays.never_by_mean") if found.jobs is None else words("pays.after", jobs=words.count(found.jobs))), span


def _listing(caption: str, keys: Sequence[str], entries: Sequence[Sequence[str]], words: Words) -> Table | None:
    if not entries:
        return None
    head = [{"text": words(f"table.{key}"), "note": "", "css": "words"} for key in keys]
    rows = [row(*(cell(text, css="words") for text in entry)) for entry in entries[:LISTED]]
    if len(entries) > LISTED:
        rows.append(row(cell(words("abstained.more", count=len(entries) - LISTED)), *(cell("") for _ in keys[1:])))
    return table(caption, head, rows)


def abstained(episodes: Sequence[Episode], words: Words) -> Table | None:
    entries = [(f"{e.id} · {e.task_id}", e.agent, e.reason) for e in episodes if not e.scored]
    return _listing(words("table.abstained"), ("where", "agent", "reason"), entries, words)


def faults(found: Sequence[Fault], cells: Sequence[Cell], words: Words) -> Table | None:
    names = {item.id: item.agent for item in cells}
    return _listing(
        words("table.faults"), ("task", "agent", "reason"), [(f.task_id, names.get(f.cell, "–"), f.reason) for f in found], words
    )


def unfinished(cells: Sequence[Cell], words: Words) -> Table | None:
    entries = [
        (f"{c.agent} · {c.stream} · {c.repetition + 1}", c.status, f"{c.done}/{c.planned}", c.problem or "–")
        for c in cells
        if c.status != "done"
    ]
    return _listing(words("table.cells"), ("part", "status", "done", "reason"), entries, words)


def errors(episodes: Sequence[Episode], words: Words) -> Table | None:
    entries = [(f"{e.id} · {e.task_id}", e.agent, e.traceback.strip().splitlines()[-1]) for e in episodes if e.traceback.strip()]
    return _listing(words("table.errors"), ("where", "agent", "reason"), entries, words)


def drawn(streams: Sequence[Mapping[str, Any]], words: Words) -> Table | None:
    """What the plan's seed drew: streams, repetitions, seeds, products."""
    entries = []
    for stream in streams:
        tasks = [TaskId.parse(task) for task in stream.get("tasks", ())]
        products = dict.fromkeys(f"{task.product}@{task.version}".removesuffix("@1") for task in tasks)
        entries.append(
            (
                str(stream["name"]),
                str(stream.get("repetition", 0) + 1),
                str(stream.get("seed", "–")),
                str(len(tasks)),
                words("list.comma").join(products),
            )
        )
    if not entries:
        return None
    head = [
        {"text": words(f"table.{key}"), "note": "", "css": "words" if key == "products" else ""}
        for key in ("stream", "repetition", "seed", "episodes", "products")
    ]
    rows = [row(*(cell(text, css="words" if index == 4 else "") for index, text in enumerate(entry))) for entry in entries]
    return table(words("table.drawn"), head, rows)
