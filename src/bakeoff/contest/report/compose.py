"""Puts the page together: context for the template, and the file itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment as Jinja
from jinja2 import FunctionLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from bakeoff.contest import measure
from bakeoff.contest.bakes import BakeFacts
from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.plan import Prices
from bakeoff.contest.report import figures, film, headline, multiples, tables
from bakeoff.contest.report.gather import PLAIN
from bakeoff.contest.report.gather import findings as gather
from bakeoff.contest.report.shots import Maker, Shots, take
from bakeoff.contest.report.view import HUMAN_SESSIONS, Findings
from bakeoff.contest.report.wording import HTML_LANGUAGE, Words
from bakeoff.contest.statistics import DRAWS
from bakeoff.contest.store import Cell, Episode, RunInfo, Store
from bakeoff.core import Trajectory, UsageError

PANELS = 25
"""Products beyond this many are folded away."""
BELIEFS, LINES = 12, 12
"""Products whose beliefs are shown, and sentences of each."""


SECTIONS = ("figures", "film", "beliefs", "ledger", "reproduce")
CHARTS = {
    "curves": figures.curves,
    "forest": figures.forest,
    "transfer": figures.transfer,
    "distance": figures.distance,
    "break_even": figures.break_even,
}


def write_report(run_dir: Path, lang: str = "en", *, environments: Maker | None = HostedEnvironment) -> Path:
    """Writes the report on a run and returns its path: `report.html`, or `report.<lang>.html` for any language but English.

    `environments`: makes an environment by name, to take screenshots of two episodes; None takes none, and drawings stand in their place.
    Raises `UsageError` when the folder holds no run or there is no such language.
    """
    words = Words(lang)
    with Store.open(Path(run_dir)) as store:
        context = _context(store, words, environments)
    page = _jinja().get_template("page.html.j2").render(**context)
    path = Path(run_dir) / ("report.html" if lang == "en" else f"report.{lang}.html")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(page, encoding="utf-8")
    temporary.rename(path)
    return path


def _jinja() -> Jinja:
    room = files(__package__)
    return Jinja(
        loader=FunctionLoader(lambda name: room.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _context(store: Store, words: Words, make: Maker | None) -> dict[str, Any]:
    run, cells, episodes = store.run, store.cells(), store.episodes()
    found = gather(store, episodes)
    prices = Prices(**run.plan.get("prices", {}))
    stream = [episode for episode in episodes if episode.kind == "stream"]
    scored = any(episode.scored for episode in stream)
    charts = {name: draw(found, words) for name, draw in CHARTS.items()} if scored else {}
    panels = _product_panels(found, words) if scored and len(found.products) > 1 else []
    human = HUMAN_SESSIONS if "miniwob" in found.environments else 0
    costs = {agent.label: agent.cost for agent in found.agents}
    return {
        "t": words,
        "html_lang": HTML_LANGUAGE[words.lang],
        "css": _asset("page.css"),
        "js": _asset("page.js"),
        "plotly": Markup(get_plotlyjs().replace("</script", "<\\/script")) if charts else "",
        "run": run,
        "created": _day(run.created),
        "created_iso": datetime.fromtimestamp(run.created, UTC).isoformat(timespec="seconds"),
        "verdict": headline.sentence(found, words),
        "level": headline.level(found),
        "distance": headline.distance(found, words),
        "learned": headline.learned(found, words),
        "baked": headline.baked(found, words),
        "standfirst": _standfirst(found, cells, run, episodes, words),
        "notices": _notices(store, found, cells, episodes, words),
        "keys": _keys(run, found, cells, episodes, sum(costs.values()), prices.currency, words),
        "contents": [(anchor, words(f"nav.{anchor}")) for anchor in ("learning", *(["baked"] if found.bakes else []), *SECTIONS)],
        "agents": [{"label": agent.label, "colour": agent.colour, "dash": agent.dash} for agent in found.agents],
        "focus_label": found.focus or "",
        "scored": scored,
        "ceiling": any(agent.role == "ceiling" for agent in found.agents),
        "human": human,
        "resampled": DRAWS,
        "pooled": found.longest > PLAIN,
        "fewest": headline.FEWEST,
        "charts": {name: chart for name, chart in charts.items() if chart} | {name: None for name in CHARTS if not charts.get(name)},
        "family_panels": _family_panels(found, words) if scored and len(found.families) > 1 else [],
        "order_panels": _order_panels(found, words) if scored and charts.get("transfer") else [],
        "product_panels": panels[:PANELS],
        "more_panels": panels[PANELS:],
        "tables": {
            "main": tables.main(found, words, prices.currency),
            "curves": tables.curves(found, words),
            "forest": tables.contrasts(found, words),
            "transfer": tables.transfer(found, words),
            "distance": tables.distance(found, words),
            "calls": tables.calls(measure.call_times(episodes), words),
            "tasks": tables.tasks(found, stream, words) if scored else None,
            "ledger": tables.ledger(found, words, costs, prices.currency),
            "baked": tables.baked(found, words, prices.currency) if found.bakes else None,
            "break_even": tables.break_even(found, words, prices.currency) if found.bakes else None,
            "abstained": tables.abstained(episodes, words),
            "faults": tables.faults(store.faults(), cells, words),
            "cells": tables.unfinished(cells, words),
            "errors": tables.errors(episodes, words),
            "drawn": tables.drawn(run.plan.get("streams", []), words),
        },
        "footnotes": _footnotes(found, words),
        "bakes": [_bake(facts, words) for facts in found.bakes],
        "film": _film(store, found, episodes, words, make),
        "beliefs": _beliefs(found, cells, stream, words),
        "prices": words(
            "prices.text",
            expert=f"{prices.expert_hour:g}",
            cpu=f"{prices.cpu_hour:g}",
            tin=f"{prices.million_tokens_in:g}",
            tout=f"{prices.million_tokens_out:g}",
            failure=f"{prices.failure:g}",
            currency=prices.currency,
        ),
        "command": _command(run, store.folder),
        "facts": _facts(store, run, cells, episodes, words),
    }


def _day(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


# --- the top of the page --------------------------------------------------------------------------------------------------------------


def _standfirst(found: Findings, cells: Sequence[Cell], run: RunInfo, episodes: Sequence[Episode], words: Words) -> str:
    levels = {cell.feedback for cell in cells}
    practice = max((int(item.get("practice_steps", 0)) for item in run.plan.get("streams", [])), default=0)
    splits = dict.fromkeys(episode.split for episode in episodes if episode.kind == "stream")
    families = words("list.comma").join(found.families) or "–"
    kinds = words("list.comma").join(words(f"standfirst.split.{split}") for split in splits)
    count = len(found.products)
    agents = len(found.agents)
    return words(
        "standfirst",
        agents=words("standfirst.agent") if agents == 1 else words("standfirst.agents", count=agents),
        products=words("standfirst.product" if count == 1 else "standfirst.products", count=count, families=families, split=kinds),
        feedback=words(f"feedback.{next(iter(levels))}" if len(levels) == 1 else "feedback.mixed"),
        practice=words("practice.some", steps=practice) if practice else words("practice.none"),
    )


_LIMITS = ("step_limit", "time_limit")
"""Ways of an episode to end that say nothing of the agent when the expert ends so, too."""


def _notices(store: Store, found: Findings, cells: Sequence[Cell], episodes: Sequence[Episode], words: Words) -> list[str]:
    out = []
    done, planned = len(episodes), sum(cell.planned for cell in cells)
    if done < planned:
        out.append(words("notice.unfinished", done=words.count(done), planned=words.count(planned)))
    failed = sum(cell.status == "failed" for cell in cells)
    if failed:
        out.append(words("notice.failed", count=failed))
    if 0 < len(found.products) < headline.FEWEST:
        out.append(words("notice.few", count=len(found.products)))
    abstained = sum(not episode.scored for episode in episodes)
    if abstained:
        out.append(words("notice.abstained", count=abstained, total=words.count(done)))
    broke = sum(bool(episode.traceback) for episode in episodes)
    if broke:
        out.append(words("notice.errors", count=broke))
    experts = {label for label, _, privilege in store.agents() if privilege == "expert"}
    short = sum(episode.agent in experts and not episode.passed and episode.ended in _LIMITS for episode in episodes)
    if short:
        out.append(words("notice.short", count=short))
    if store.sealed_uses():
        out.append(words("notice.sealed", count=store.sealed_uses()))
    return out


def _keys(
    run: RunInfo, found: Findings, cells: Sequence[Cell], episodes: Sequence[Episode], cost: float, currency: str, words: Words
) -> list[dict[str, str]]:
    exams = sum(episode.kind == "exam" for episode in episodes)
    abstained = sum(not episode.scored for episode in episodes)

    def key(name: str, value: str, **note: object) -> dict[str, str]:
        return {"label": words(f"key.{name}"), "value": value, "note": words(f"key.{name}.note", **note)}

    return [
        key("episodes", words.count(len(episodes)), stream=words.count(len(episodes) - exams), exam=words.count(exams)),
        key("products", words.count(len(found.products)), families=words.listing(list(found.families)) or "–"),
        key("agents", words.count(len(found.agents)), repetitions=found.repetitions),
        key("abstained", words.count(abstained), share=words.percent(abstained / len(episodes) if episodes else None)),
        key("wall", words.duration(max(run.seconds, _busy(episodes))), sittings=run.sittings, cpus=run.machine.get("cpus", "?")),
        key("cost", f"{'< 0.01' if 0 < cost < 0.01 else words.money(cost)} {currency}"),
    ]


def _busy(episodes: Sequence[Episode]) -> float:
    """Seconds during which an episode was under way: what is known of sittings that were killed before they could say how long they took."""
    total, until = 0.0, 0.0
    for began, ended in sorted((episode.started, episode.finished) for episode in episodes):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


# --- curves ------------------------------------------------------------------------------------------------------------------------------


def _family_panels(found: Findings, words: Words) -> list[dict[str, Any]]:
    out = []
    for family in found.families:
        values = {agent.label: agent.by_family.get(family, {}) for agent in found.agents}
        count = sum(of == family for _, of in found.products)
        note = words("panel.product") if count == 1 else words("panel.products", count=count)
        out.append({"title": family, "note": note, "svg": Markup(multiples.panel(found.agents, values, family, words, bands=True))})
    return out


def _order_panels(found: Findings, words: Words) -> list[dict[str, Any]]:
    """From product to product, each family by itself; nothing where there is one family, which the large figure shows."""
    out = []
    for family in found.families if len(found.families) > 1 else ():
        values = {agent.label: agent.family_order.get(family, {}) for agent in found.agents}
        if any(len(places) > 1 for places in values.values()):
            out.append({"title": family, "note": "", "svg": Markup(multiples.by_order(found.agents, values, family, words))})
    return out


def _product_panels(found: Findings, words: Words) -> list[dict[str, Any]]:
    out = []
    for product, family in sorted(found.products, key=lambda item: (item[1], item[0])):
        values = {agent.label: agent.by_product.get(product, {}) for agent in found.agents}
        title = product.removesuffix("@1")
        out.append({"title": title, "note": family, "svg": Markup(multiples.panel(found.agents, values, title, words, bands=False))})
    return out


def _bake(facts: BakeFacts, words: Words) -> str:
    passed, judged = facts.examined
    return words(
        "baked.fact" if judged else "baked.fact_bare",
        recipe=facts.recipe,
        items=words.count(facts.items),
        products=words.count(len(facts.products)),
        environment=facts.environment,
        parameters=words.number(facts.parameters / 1e6, 2),
        passed=passed,
        judged=judged,
        hash=facts.sha256[:12],
    )


def _footnotes(found: Findings, words: Words) -> list[str]:
    out = []
    if any(agent.measures["competence"].known for agent in found.agents):
        out.append(words("foot.competence", k=found.longest))
    else:
        out.append(words("foot.competence_short"))
    out += [words("foot.regret", k=found.horizon), words("foot.abstained"), words("foot.bold")]
    if found.exam_names:
        out.append(words("foot.exams"))
    if any(agent.privilege != "none" for agent in found.agents):
        out.append(words("footnote.privileged"))
    return out


# --- the film strip ------------------------------------------------------------------------------------------------------------------------


def _film(store: Store, found: Findings, episodes: Sequence[Episode], words: Words, make: Maker | None) -> dict[str, Any]:
    order = [found.focus] if found.focus else []
    order += [agent.label for agent in found.agents if agent.label not in order and agent.role != "ceiling"]
    order += [agent.label for agent in found.agents if agent.label not in order]
    pair = film.choose(episodes, order)
    chosen = [(kind, episode) for kind, episode in (("failed", pair.failed), ("worked", pair.worked)) if episode is not None]
    if not chosen:
        return {"lead": words("film.lead.none"), "notes": [], "strips": []}
    stories: list[tuple[str, Episode, Trajectory]] = []
    for kind, episode in chosen:
        trajectory = store.trajectory(episode)
        if trajectory is None:
            raise UsageError(f"the trajectory {episode.trajectory} of {store.folder} cannot be read; was the folder changed?")
        stories.append((kind, episode, trajectory))
    for limit in (film.FRAMES, 9, 6):  # fewer frames where screenshots would make the file too big
        wanted = [(episode.id, trajectory, film.frame_numbers(len(trajectory.steps) + 1, limit)) for _, episode, trajectory in stories]
        shots = take(store.folder, wanted, make)
        if not (isinstance(shots, Shots) and shots.why == "size"):
            break
    else:
        limit = film.FRAMES
    strips = []
    size = film.common_size([trajectory for _, _, trajectory in stories])
    for kind, episode, trajectory in stories:
        images = {} if isinstance(shots, Shots) else shots[episode.id].images
        strips.append(_strip(kind, episode, film.frames(trajectory, words, images, size, limit), bool(images), words))
    if isinstance(shots, Shots):
        why = words(f"film.why.{shots.why}", **({"reason": shots.reason} if shots.why == "fault" else {}))
        notes = [words("film.note.wire", why=why)]
    else:
        notes = [words("film.note.shots")]
    first = chosen[0][1]
    values = {
        "agent": first.agent,
        "failed": pair.failed.attempt if pair.failed else 0,
        "worked": pair.worked.attempt if pair.worked else 0,
    }
    return {"lead": words(f"film.lead.{pair.fit}", **values), "notes": notes, "strips": strips}


def _strip(kind: str, episode: Episode, frames: Sequence[film.Frame], pictured: bool, words: Words) -> dict[str, Any]:
    ended = words.known(f"ended.{episode.ended}", "")
    held = [check.name for check in episode.checks if check.passed]
    small = pictured and max(frame.width for frame in frames) < 400
    return {
        "kind": kind,
        "small": small,
        "title": words(f"film.{kind}", attempt=episode.attempt),
        "instruction": episode.instruction,
        "where": words("film.where", id=episode.id, task=episode.task_id, agent=episode.agent),
        "frames": [
            {"number": f.number, "picture": Markup(f.picture), "action": f.action, "change": f.change, "skipped": f.skipped} for f in frames
        ],
        "verdict": words(f"film.verdict.{kind}", value=words.number(episode.value, 2), ended=ended).strip(),
        "failed_checks": [check for check in episode.checks if not check.passed],
        "held": words("film.held", names=words("list.comma").join(held)) if held else "",
    }


# --- beliefs, reproduction -----------------------------------------------------------------------------------------------------------------


def _beliefs(found: Findings, cells: Sequence[Cell], stream: Sequence[Episode], words: Words) -> list[dict[str, Any]]:
    out: list[tuple[tuple[int, int, str], dict[str, Any]]] = []
    first = min((cell.repetition for cell in cells), default=0)
    for cell in cells:
        if cell.agent != found.focus or cell.repetition != first:
            continue
        believed: tuple[str, ...] = ()
        latest: dict[str, tuple[str, ...]] = {}
        own: dict[str, list[Episode]] = {}
        for episode in stream:
            if episode.cell == cell.id:
                believed = believed if episode.beliefs is None else episode.beliefs
                latest[episode.product] = believed
                own.setdefault(episode.product, []).append(episode)
        for product, lines in latest.items():
            scored = [episode for episode in own[product] if episode.scored]
            if not lines or not scored:
                continue
            last = scored[-5:]
            late = sum(episode.passed for episode in last)
            note = words("beliefs.note", family=scored[0].family, episodes=len(scored), late=late, last=len(last))
            # Most worth reading first: where it does best and says most.
            out.append(((-late, -len(lines), product), {"product": product, "note": note, "lines": lines[:LINES]}))
    return [item for _, item in sorted(out, key=lambda pair: pair[0])][:BELIEFS]


def _command(run: RunInfo, folder: Path) -> str:
    plan = Path(str(run.plan.get("path", ""))).name or f"{run.name}.toml"
    return f"bakeoff run {plan}\nbakeoff replay {Path(folder.parent.name) / folder.name} 1"


def _facts(store: Store, run: RunInfo, cells: Sequence[Cell], episodes: Sequence[Episode], words: Words) -> list[dict[str, str]]:
    machine = run.machine
    regraded = sum(episode.edition > 1 for episode in episodes)
    values = {
        "plan": run.name,
        "hash": run.plan_hash,
        "seed": str(run.seed),
        "version": run.version,
        "environments": words("list.comma").join(dict.fromkeys(cell.environment for cell in cells)),
        "machine": words(
            "fact.machine.value", cpus=machine.get("cpus", "?"), system=machine.get("system", "?"), python=machine.get("python", "?")
        ),
        "created": _day(run.created),
        "finished": words("fact.unfinished") if run.finished is None else _day(run.finished),
        "sealed": str(store.sealed_uses()),
        "regraded": str(regraded),
        "disk": words("fact.disk.value", kept=words.count(sum(bool(e.trajectory) for e in episodes)), total=words.count(len(episodes))),
    }
    return [{"label": words(f"fact.{name}"), "value": value} for name, value in values.items()]
