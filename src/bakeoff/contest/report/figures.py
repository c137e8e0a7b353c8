"""Figures for plotly as plain data. Colours are written `var(--name)` or `var(--name)/0.15` and resolved by the page's script, so that one
figure serves light and dark. Texts from runs are escaped, because plotly reads a little HTML in its labels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from bakeoff.contest.economics import PLACES
from bakeoff.contest.report.headline import best_rival
from bakeoff.contest.report.view import HUMAN_CURVE, AgentView, Findings
from bakeoff.contest.report.wording import Words
from bakeoff.contest.statistics import Estimate
from bakeoff.core import DISTANCES

Figure = dict[str, Any]
FONT = '"Helvetica Neue", Helvetica, Arial, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


def _layout(words: Words, *, height: int, x: dict[str, Any], y: dict[str, Any], right: int = 192) -> dict[str, Any]:
    axis = {
        "gridcolor": "var(--hair)",
        "linecolor": "var(--faint)",
        "tickcolor": "var(--faint)",
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "fixedrange": True,
    }
    return {
        "height": height,
        "margin": {"l": 66, "r": right, "t": 14, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": "var(--ink)"},
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "var(--paper)",
            "bordercolor": "var(--faint)",
            "font": {"color": "var(--ink)", "family": FONT, "size": 13},
        },
        "xaxis": {**axis, "showgrid": False, **x, **_titled(x)},
        "yaxis": {**axis, **y, **_titled(y)},
        "annotations": [],
        "shapes": [],
    }


def _titled(axis: dict[str, Any]) -> dict[str, Any]:
    return {"title": {**axis["title"], "font": {"size": 13}}} if "title" in axis else {}


def curves(findings: Findings, words: Words) -> Figure:
    """Success by attempt, one line an agent, with bands; the human curve where it applies."""
    last = max((attempt for agent in findings.agents for attempt, _ in agent.curve), default=1)
    x = {
        "title": {"text": words("axis.attempt"), "standoff": 8},
        "range": [0.6, last + 0.4],
        "dtick": 1 if last <= 12 else 5 if last > 30 else 2,
        "tick0": 1 if last <= 12 else 0,
    }
    y = {"title": {"text": words("axis.success"), "standoff": 6}, "range": [-0.03, 1.04], "tickformat": ".0%", "dtick": 0.25}
    layout = _layout(words, height=460, x=x, y=y)
    data: list[dict[str, Any]] = []
    ends: list[tuple[str, float, str, str]] = []
    best = best_rival(findings)
    rival = best.label if best else None
    for agent in _painting_order(findings.agents):
        points = [(attempt, number) for attempt, number in agent.smooth if number.value is not None]
        if points:
            main = agent.role == "focus" or agent.label == rival
            data += _series(agent, [(float(attempt), number) for attempt, number in points], words, "hover.attempt", main=main)
            ends.append((agent.label, float(points[-1][1].value or 0.0), agent.colour, agent.label))
    if "miniwob" in findings.environments:
        attempts = [attempt for attempt in range(1, len(HUMAN_CURVE) + 1) if attempt <= last]
        values = [HUMAN_CURVE[attempt - 1] for attempt in attempts]
        data.append(
            {
                "type": "scatter",
                "x": attempts,
                "y": values,
                "mode": "lines+markers",
                "line": {"color": "var(--human)", "width": 2, "dash": "dot"},
                "marker": {"symbol": "diamond", "size": 8, "color": "var(--human)"},
                "hovertemplate": f"{words('human.label')} · %{{x}}: %{{y:.0%}}<extra></extra>",
                "meta": {"agent": "human"},
            }
        )
        layout["annotations"].append(
            _note(words("human.label"), attempts[-1], values[-1], "human", "human", xshift=10, yshift=12, xanchor="left")
        )
    for (name, value, colour, label), at in zip(ends, spread([value for _, value, _, _ in ends], 0.052), strict=True):
        layout["annotations"].append(_end_label(label, at, value, colour, name, words))
    return {"data": data, "layout": layout}


def transfer(findings: Findings, words: Words) -> Figure | None:
    """Success on the first attempts in the k-th product of a stream; None when no stream has two products."""
    ks = sorted({k for agent in findings.agents for k, number in agent.by_order if number.known})
    if len(ks) < 2:
        return None
    x = {"title": {"text": words("axis.order"), "standoff": 8}, "range": [0.7, max(ks) + 0.3], "dtick": 1 if max(ks) <= 14 else 5}
    y = {"title": {"text": words("axis.first_attempts"), "standoff": 6}, "range": [-0.03, 1.04], "tickformat": ".0%", "dtick": 0.25}
    layout = _layout(words, height=380, x=x, y=y)
    data: list[dict[str, Any]] = []
    ends: list[tuple[str, float, str]] = []
    for agent in _painting_order(findings.agents):
        points = [(float(k), number) for k, number in agent.by_order if number.value is not None]
        if points:
            data += _series(agent, points, words, "hover.order", band=agent.role == "focus", markers=True)
            ends.append((agent.label, float(points[-1][1].value or 0.0), agent.colour))
    for (label, value, colour), at in zip(ends, spread([value for _, value, _ in ends], 0.065), strict=True):
        layout["annotations"].append(_end_label(label, at, value, colour, label, words))
    return {"data": data, "layout": layout}


def distance(findings: Findings, words: Words) -> Figure | None:
    """Success by distance from the training products, in the stream, or in the last exam that has several tiers; None without tiers."""
    places = list(dict.fromkeys(place for agent in findings.agents for place in agent.by_distance))
    if not places:
        return None
    place = "" if "" in places else places[-1]
    tiers = [tier for tier in DISTANCES if any(tier in agent.by_distance.get(place, {}) for agent in findings.agents)]
    x = {"range": [-0.5, len(tiers) - 0.5], "tickvals": list(range(len(tiers))), "ticktext": [words(f"distance.{tier}") for tier in tiers]}
    y = {"title": {"text": words("axis.success"), "standoff": 6}, "range": [-0.03, 1.04], "tickformat": ".0%", "dtick": 0.25}
    layout = _layout(words, height=400, x=x, y=y)
    data: list[dict[str, Any]] = []
    ends: list[tuple[str, float, str]] = []
    shown = [agent for agent in _painting_order(findings.agents) if agent.by_distance.get(place)]
    for index, agent in enumerate(shown):
        offset = (index - (len(shown) - 1) / 2) * min(0.08, 0.6 / len(shown))
        own = agent.by_distance[place]
        points = [(number + offset, own[tier]) for number, tier in enumerate(tiers) if tier in own]
        data += _series(agent, points, words, "hover.distance", band=False, markers=True)
        data[-1]["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [(p.value if p.high is None else p.high) - p.value for _, p in points if p.value is not None],
            "arrayminus": [p.value - (p.value if p.low is None else p.low) for _, p in points if p.value is not None],
            "color": f"var(--{agent.colour})",
            "thickness": 1.4,
            "width": 0,
        }
        ends.append((agent.label, float(points[-1][1].value or 0.0), agent.colour))
    for (label, value, colour), at in zip(ends, spread([value for _, value, _ in ends], 0.065), strict=True):
        layout["annotations"].append(_end_label(label, at, value, colour, label, words))
    return {"data": data, "layout": layout}


def forest(findings: Findings, words: Words) -> Figure | None:
    """Paired differences, one row for each other agent and measure; None when there is nothing to compare with."""
    rows = [contrast for contrast in findings.contrasts if contrast.difference.value is not None]
    if not rows:
        return None
    measures = list(dict.fromkeys(contrast.measure for contrast in rows))
    others = list(dict.fromkeys(contrast.other for contrast in rows))
    ceilings = {agent.label for agent in findings.agents if agent.role == "ceiling"}
    names = [escape(words("axis.ceiling", agent=other) if other in ceilings else other) for other in others]
    values = [v for c in rows for v in (c.difference.value, c.difference.low, c.difference.high) if v is not None]
    low, high = min([-0.1, *values]), max([0.1, *values])
    pad = (high - low) * 0.06
    x = {
        "title": {"text": words("axis.difference"), "standoff": 8},
        "range": [low - pad, high + pad],
        "tickformat": "+.0%",
        "showgrid": True,
    }
    y = {
        "range": [len(others) - 0.4, -0.6],
        "tickvals": list(range(len(others))),
        "ticktext": names,
        "showgrid": False,
        "ticks": "",
        "automargin": True,
    }
    layout = _layout(words, height=84 + 30 * len(others) * max(1, len(measures)), x=x, y=y, right=24)
    layout["margin"]["l"] = 120
    layout["shapes"].append(
        {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": "var(--ink)", "width": 1}}
    )
    data: list[dict[str, Any]] = []
    for index, measure in enumerate(measures):
        offset = (index - (len(measures) - 1) / 2) * 0.28
        own = [contrast for contrast in rows if contrast.measure == measure]
        for solid in (True, False):
            some = [contrast for contrast in own if contrast.resolved == solid]
            if not some:
                continue
            points = [contrast.difference.value or 0.0 for contrast in some]
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": points,
                    "y": [others.index(contrast.other) + offset for contrast in some],
                    "error_x": {
                        "type": "data",
                        "symmetric": False,
                        "array": [
                            (c.difference.high if c.difference.high is not None else p) - p for c, p in zip(some, points, strict=True)
                        ],
                        "arrayminus": [
                            p - (c.difference.low if c.difference.low is not None else p) for c, p in zip(some, points, strict=True)
                        ],
                        "color": "var(--ink)" if index == 0 else "var(--muted)",
                        "thickness": 1.6,
                        "width": 0,
                    },
                    "marker": {
                        "size": 10,
                        "symbol": ("square" if index == 0 else "circle") + ("" if solid else "-open"),
                        "color": "var(--ink)" if index == 0 else "var(--muted)",
                        "line": {"width": 1.6, "color": "var(--ink)" if index == 0 else "var(--muted)"},
                    },
                    "customdata": [
                        [
                            escape(c.other),
                            words(f"contrast.{measure}", late=words.attempts(findings.late), k=findings.horizon),
                            words.points(c.difference.value or 0.0),
                            _interval(c.difference, words),
                            c.difference.n,
                        ]
                        for c in some
                    ],
                    "hovertemplate": words("hover.difference") + "<extra></extra>",
                }
            )
    return {"data": data, "layout": layout}


def break_even(findings: Findings, words: Words) -> Figure | None:
    """Price of a job by how many jobs there are: what was baked beforehand is spread over them. None where nobody was baked."""
    agents = [agent for agent in _painting_order(findings.agents) if agent.beforehand or agent.role == "focus"]
    if not findings.bakes or not agents:
        return None
    jobs = [10 ** (step / 10) for step in range(51)]
    x = {"title": {"text": words("axis.jobs"), "standoff": 8}, "type": "log", "range": [0, 5], "dtick": 1, "tickformat": ",d"}
    prices = {
        (agent.label, place): [agent.beforehand_cost / n + (agent.per_job[place].value or 0.0) for n in jobs]
        for agent in agents
        for place in PLACES
        if place in agent.per_job
    }
    if not prices:
        return None
    ends = [values[-1] for values in prices.values()]
    most = max(4 * max(ends), 0.01)
    y = {"title": {"text": words("axis.price"), "standoff": 6}, "range": [0, most]}
    layout = _layout(words, height=380, x=x, y=y)
    data: list[dict[str, Any]] = []
    labels: list[tuple[str, float, str, str]] = []
    for agent in agents:
        for place in PLACES:
            values = prices.get((agent.label, place))
            if values is None:
                continue
            where = words(f"place.{place}")
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": jobs,
                    "y": values,
                    "line": {
                        "color": f"var(--{agent.colour})",
                        "width": 3 if agent.role == "focus" else 1.8,
                        "dash": "solid" if place == "unmet" else "dot",
                    },
                    "hovertemplate": f"<b>{escape(agent.label)}</b> · {escape(where)} · {words('hover.price')}<extra></extra>",
                    "meta": {"agent": agent.label},
                }
            )
            labels.append((f"{agent.label}, {words(f'place.{place}.short')}", values[-1], agent.colour, agent.label))
    for (text, _, colour, name), at in zip(labels, spread([value for _, value, _, _ in labels], 0.06 * most, 0.0, most), strict=True):
        layout["annotations"].append(_note(escape(text), 1.0, at, colour, name, xref="paper", xshift=8, xanchor="left"))
    layout["margin"]["r"] = 210
    return {"data": data, "layout": layout}


def _interval(number: Estimate, words: Words) -> str:
    if number.low is None or number.high is None:
        return "–"
    return words("span.points", low=words.points(number.low), high=words.points(number.high))


def _painting_order(agents: Sequence[AgentView]) -> list[AgentView]:
    """Floors first, the focus last, so that it lies on top."""
    rank = {"floor": 0, "ceiling": 1, "learner": 2, "focus": 3}
    return sorted(agents, key=lambda agent: rank[agent.role])


def _series(
    agent: AgentView,
    points: list[tuple[float, Estimate]],
    words: Words,
    hover: str,
    *,
    band: bool = True,
    main: bool = True,
    markers: bool = False,
) -> list[dict[str, Any]]:
    colour = f"var(--{agent.colour})"
    meta = {"agent": agent.label}
    xs = [x for x, _ in points]
    traces: list[dict[str, Any]] = []
    if band and all(number.low is not None and number.high is not None for _, number in points):
        traces.append(
            {
                "type": "scatter",
                "x": xs + xs[::-1],
                "y": [number.high for _, number in points] + [number.low for _, number in points][::-1],
                "mode": "lines",
                "line": {"width": 0},
                "fill": "toself",
                "fillcolor": f"{colour}/{0.2 if agent.role == 'focus' else 0.1}",
                "hoverinfo": "skip",
                "meta": {**meta, "band": "main" if main else "other"},
            }
        )
    focus = agent.role == "focus"
    traces.append(
        {
            "type": "scatter",
            "x": xs,
            "y": [number.value for _, number in points],
            "mode": "lines+markers" if markers or len(points) < 3 or focus else "lines",
            "line": {"color": colour, "width": 3 if focus else 1.8, "dash": agent.dash},
            "marker": {"color": colour, "size": 7 if focus else 5},
            "customdata": [[words.span(number.low, number.high), number.n] for _, number in points],
            "hovertemplate": f"<b>{escape(agent.label)}</b> · {words(hover)}<extra></extra>",
            "meta": meta,
        }
    )
    return traces


def _end_label(label: str, at: float, value: float, colour: str, agent: str, words: Words) -> dict[str, Any]:
    """The agent's name at the right end of its line, with its last value."""
    short = label if len(label) <= 21 else label[:20] + "…"
    return _note(f"{escape(short)} {words.percent(value)}", 1.0, at, colour, agent, xref="paper", xshift=8, xanchor="left")


def _note(text: str, x: float, y: float, colour: str, agent: str, **more: Any) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"color": f"var(--{colour})", "size": 12.5},
        "name": agent,
        "yanchor": "middle",
        **more,
    }


def spread(values: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Moves labels apart to at least `gap`, as little as possible and in their order, within [low, high] where there is room."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    placed: list[float] = []
    for index in order:
        placed.append(max(values[index], placed[-1] + gap) if placed else max(values[index], low))
    ceiling = max(high, low + gap * (len(values) - 1))
    for position in range(len(placed) - 1, -1, -1):
        limit = ceiling if position == len(placed) - 1 else placed[position + 1] - gap
        placed[position] = min(placed[position], limit)
    result = [0.0] * len(values)
    for position, index in enumerate(order):
        result[index] = placed[position]
    return result
