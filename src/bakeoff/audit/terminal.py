"""The certificate on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bakeoff.audit.coverage import total
from bakeoff.audit.report import TIERS, AuditReport, Rate, Tier, wilson

PLACES: dict[Tier, str] = {"played": "played", "state": "on paper"}
SIGNS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "inconclusive": "[yellow]?[/]", "inapplicable": "–"}
WORDS = {"passed": "passes", "failed": "FAILS", "inconclusive": "is INCONCLUSIVE; run it again"}
STYLES = {"passed": "bold green", "failed": "bold red", "inconclusive": "bold yellow"}


def render(report: AuditReport) -> RenderableType:
    """Checks, error rates of the verifier, rates, generated mutants by kind, failures, and the verdict last."""
    parts: list[RenderableType] = [_checks(report), _errors(report), _rates("How often they passed", report.rates)]
    if "generated mutants" in report.breakdown:
        parts.append(_rates("Generated mutants by kind: how many were accepted", report.breakdown["generated mutants"]))
    parts.append(_coverage(report))
    if report.failures:
        parts.append(_failures(report))
    parts += [Text(note, style="dim") for note in report.notes]
    subject = report.subject
    parts.append(Text(f"{subject.package}, source {subject.source[:12]}, {report.date}; {report.sample}; seed {report.seed}.", style="dim"))
    tasks = f"{len(report.tasks)} tasks played" + (f", {len(report.state_tasks)} on paper" if report.state_tasks else "")
    text = f"The audit of '{report.environment}' {WORDS[report.verdict]} ({tasks}, {report.episodes:,} episodes, {spent(report)})."
    parts.append(Text(text, style=STYLES[report.verdict]))
    return Group(*parts)


def spent(report: AuditReport) -> str:
    """Wall time, and in how many goes."""
    return f"{report.seconds:,.0f} s" + (f" in {report.sittings} sittings" if report.sittings > 1 else "")


def _checks(report: AuditReport) -> Table:
    table = Table(title=f"Audit of '{report.environment}'", title_justify="left")
    table.add_column("check", no_wrap=True)
    table.add_column("where", no_wrap=True)
    table.add_column("passed", justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("proves that")
    for summary in report.summaries:
        share = f"{summary.counts['passed']} of {summary.trials}" if summary.trials else "does not apply"
        still = f" ({summary.counts['inconclusive']} inconclusive)" if summary.counts["inconclusive"] else ""
        style = "dim" if summary.status == "inapplicable" else ""
        table.add_row(summary.check, PLACES[summary.tier], share, SIGNS[summary.status], summary.claim + still, style=style)
    return table


def _errors(report: AuditReport) -> Table:
    table = Table(title="How often the verifier was wrong", title_justify="left")
    for name in ("error", "by trial", "95 % interval", "by task", "95 % interval"):
        table.add_column(name, justify="left" if name == "error" else "right")
    for error in report.errors:
        said = "wrong results that scored 1" if error.kind == "false positive" else "right results that did not"
        table.add_row(
            f"{error.kind}s: {said}",
            f"{error.wrong} of {error.trials}",
            _interval(error.wrong, error.trials),
            f"{error.tasks_wrong} of {error.tasks}",
            _interval(error.tasks_wrong, error.tasks),
        )
    return table


def _interval(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{low:.2%} to {high:.2%}"


def _rates(title: str, rates: tuple[Rate, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("what", "where", "passed", "of", "rate", "95 % interval", "tasks"):
        table.add_column(name, justify="left" if name in ("what", "where") else "right")
    for rate in rates:
        share = f"{rate.passed / rate.trials:.2%}" if rate.trials else "–"
        cells = (str(rate.passed), str(rate.trials), share, _interval(rate.passed, rate.trials), str(rate.tasks))
        table.add_row(escape(rate.agent), PLACES[rate.tier], *cells)
    return table


def _coverage(report: AuditReport) -> Table:
    table = Table(title="What was looked at, of how much", title_justify="left")
    for name in ("where", "family", "tasks", "products", "of", "templates", "of", "by distance from training products"):
        table.add_column(name, justify="right" if name in ("tasks", "products", "of", "templates") else "left")
    for tier in TIERS:
        every = total(report.coverage, tier)
        lines = [line for line in report.coverage if line.tier == tier]
        for line in [*lines, *([every] if every is not None and len(lines) > 1 else [])]:
            distances = ", ".join(f"{name} {count}" for name, count in line.distances.items())
            counts = (line.tasks, line.products, line.of_products, line.templates, line.of_templates)
            table.add_row(PLACES[tier], escape(line.family), *(f"{count:,}" for count in counts), distances)
    return table


def _failures(report: AuditReport, most: int = 20) -> Table:
    table = Table(title="What failed or stayed open", title_justify="left", show_lines=True)
    for name in ("task", "check", "what happened", "once more"):
        table.add_column(name, overflow="fold")
    for finding in report.failures[:most]:
        subject = f" [{finding.subject}]" if finding.subject else ""
        what = Text(f"{finding.status}: {finding.detail}")
        table.add_row(Text(finding.task), Text(finding.check + subject), what, Text(report.reproduce(finding), style="dim"))
    if len(report.failures) > most:
        table.add_row("…", "", f"and {len(report.failures) - most} more; --json lists all", "")
    return table
