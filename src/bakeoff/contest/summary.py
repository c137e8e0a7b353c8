"""The table at the end of a run."""

from __future__ import annotations

from rich.table import Table

from bakeoff.contest.measure import BANDS, AgentFigures, RunFigures
from bakeoff.contest.statistics import Estimate


def table(figures: RunFigures, title: str = "") -> Table:
    """One row an agent; under each share its 95 % interval over products."""
    groups = [label for label, first, _ in BANDS if first <= figures.longest]
    exams = list(dict.fromkeys((exam.name, exam.after) for agent in figures.agents for exam in agent.exams))
    # Of each exam the first and the last point say how much was learned; the report has those between.
    shown = [(name, after) for name, after in exams if after in _ends([point for other, point in exams if other == name])]
    out = Table(title=title, title_justify="left", caption_justify="left", caption=_caption(figures))
    out.add_column("agent", no_wrap=True)
    for label in groups:
        out.add_column(f"attempt{'' if label == '1' else 's'}\n{label}", justify="right", no_wrap=True)
    out.add_column(f"AULC\nof {figures.horizon}", justify="right", no_wrap=True)
    out.add_column("attempts to\ncompetence", justify="right", no_wrap=True)
    for name, after in shown:
        out.add_column(f"exam {name}\nafter {after}", justify="right", no_wrap=True)
    for name in ("abstained", "steps", "practice", "minutes", f"{figures.prices.currency} per\nsuccess"):
        out.add_column(name, justify="right", no_wrap=True)
    for agent in figures.agents:
        out.add_row(*_row(agent, groups, shown, figures))
    return out


def _row(agent: AgentFigures, groups: list[str], shown: list[tuple[str, int]], figures: RunFigures) -> list[str]:
    scores = {(exam.name, exam.after): exam.score for exam in agent.exams}
    mark = {"none": "", "expert": " *", "recordings": " †"}[agent.privilege]
    errors = f"\n[red]{agent.agent_errors} own errors[/]" if agent.agent_errors else ""
    return [
        f"{agent.agent}{mark}{errors}",
        *(share(agent.bands.get(label)) for label in groups),
        share(agent.aulc),
        _competence(agent),
        *(share(scores.get(key)) for key in shown),
        f"{agent.abstained}",
        f"{agent.ledger.steps:,}",
        f"{agent.ledger.practice_steps:,}",
        f"{agent.ledger.wall_seconds / 60:.1f}",
        _price(agent.cost_per_success),
    ]


def share(figure: Estimate | None) -> str:
    """62 %, and its interval below; a dash where there is none."""
    if figure is None or figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.0%}\n[dim](n={figure.n})[/]"
    return f"{figure.value:.0%}\n[dim]{100 * figure.low:.0f}–{100 * figure.high:.0f}[/]"


def _competence(agent: AgentFigures) -> str:
    found = agent.competence
    if found.mean.value is None:
        return "–\n[dim]too few[/]"
    sign = "" if found.reached == found.cells else "≥ "
    return f"{sign}{found.mean.value:.1f}\n[dim]{found.reached} of {found.cells}[/]"


def _price(figure: Estimate) -> str:
    """What a success cost, and its interval below."""
    if figure.value is None:
        return "–"
    if figure.low is None:
        return _money(figure.value)
    return f"{_money(figure.value)}\n[dim]{_money(figure.low)}–{'…' if figure.high is None else _money(figure.high)}[/]"


def _money(amount: float) -> str:
    """Two digits that mean something, however small."""
    return f"{amount:,.2f}" if amount >= 0.1 else f"{amount:.1g}" if amount else "0"


def _ends(points: list[int]) -> set[int]:
    return {min(points), max(points)}


def _caption(figures: RunFigures) -> str:
    products = max((len(agent.products) for agent in figures.agents), default=0)
    notes = [f"Success with 95 % intervals over {products} products and their repetitions; attempts count within a product."]
    privileges = {agent.privilege for agent in figures.agents}
    if "expert" in privileges:
        notes.append("* is told the solution.")
    if "recordings" in privileges:
        notes.append("† is given a recording of an expert.")
    return " ".join(notes)
