"""Small multiples: one little chart a family or product, as static SVG that follows the page's colours and prints as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from bakeoff.contest.measure import BANDS
from bakeoff.contest.report.view import AgentView
from bakeoff.contest.report.wording import Words
from bakeoff.contest.statistics import Estimate

WIDTH, HEIGHT = 220, 132
LEFT, RIGHT, TOP, BOTTOM = 30, 10, 8, 22


def panel(agents: Sequence[AgentView], values: Mapping[str, Mapping[str, Estimate]], label: str, words: Words, *, bands: bool) -> str:
    """One chart over the groups of attempts. `values`: agent -> group -> number. `label`: text alternative. `bands`: draw intervals too."""
    return _chart(agents, values, {name: words.attempts(name) for name, _, _ in BANDS}, label, words, bands)


def by_order(agents: Sequence[AgentView], values: Mapping[str, Mapping[str, Estimate]], label: str, words: Words) -> str:
    """One chart over the first, second, … product. `values`: agent -> place from "1" -> number. `label`: text alternative."""
    places = sorted({place for found in values.values() for place in found}, key=int)
    return _chart(agents, values, {place: place for place in places}, label, words, True)


def _chart(
    agents: Sequence[AgentView],
    values: Mapping[str, Mapping[str, Estimate]],
    names: Mapping[str, str],
    label: str,
    words: Words,
    bands: bool,
) -> str:
    """`names`: what stands below each point that somebody has a number for."""
    groups = [name for name in names if any(values.get(agent.label, {}).get(name, Estimate(None)).known for agent in agents)]
    parts = [_frame([names[name] for name in groups])]
    rank = {"floor": 0, "ceiling": 1, "learner": 2, "focus": 3}
    told = []
    for agent in sorted(agents, key=lambda item: rank[item.role]):
        own = values.get(agent.label, {})
        points = [(_x(index, len(groups)), own[name]) for index, name in enumerate(groups) if name in own and own[name].known]
        if points:
            parts.append(_line(agent, points, band=bands and agent.role == "focus"))
            told.append(f"{agent.label} {words.percent(points[0][1].value)}–{words.percent(points[-1][1].value)}")
    description = escape(f"{label}: {'; '.join(reversed(told))}", quote=True)
    return f'<svg class="multiple" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{description}">{"".join(parts)}</svg>'


def _x(index: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(1, count)


def _y(value: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value)


def _frame(groups: Sequence[str]) -> str:
    lines = "".join(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(v):.1f}" y2="{_y(v):.1f}"/>' for v in (0, 0.5, 1))
    ticks = "".join(
        f'<text class="tick" x="{LEFT - 5}" y="{_y(v) + 3.5:.1f}" text-anchor="end">{round(v * 100)}</text>' for v in (0, 0.5, 1)
    )
    names = "".join(
        f'<text class="tick" x="{_x(index, len(groups)):.1f}" y="{HEIGHT - 7}" text-anchor="middle">{escape(name)}</text>'
        for index, name in enumerate(groups)
    )
    return lines + ticks + names


def _line(agent: AgentView, points: Sequence[tuple[float, Estimate]], *, band: bool) -> str:
    style = f"--c:var(--{agent.colour})"
    dash = {"dash": "5 3", "dot": "1.5 3", "dashdot": "6 3 1.5 3"}.get(agent.dash, "none")
    path = " ".join(f"{x:.1f},{_y(number.value or 0):.1f}" for x, number in points)
    parts = []
    if band and all(number.low is not None and number.high is not None for _, number in points):
        edge = [f"{x:.1f},{_y(number.high or 0):.1f}" for x, number in points] + [
            f"{x:.1f},{_y(number.low or 0):.1f}" for x, number in reversed(points)
        ]
        parts.append(f'<polygon class="band" points="{" ".join(edge)}"/>')
    parts.append(f'<polyline class="{agent.role}" points="{path}" stroke-dasharray="{dash}"/>')
    if agent.role == "focus" or len(points) == 1:
        parts += [f'<circle cx="{x:.1f}" cy="{_y(number.value or 0):.1f}" r="2.6"/>' for x, number in points]
    return f'<g data-agent="{escape(agent.label, quote=True)}" style="{style}">{"".join(parts)}</g>'
