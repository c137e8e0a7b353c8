"""The certificate as a web page: one self-contained file, light and dark, with everything that is needed to check it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from bakeoff.audit.checks import CHECKS
from bakeoff.audit.coverage import total
from bakeoff.audit.report import TIERS, AuditReport, ErrorRate, Finding, Rate, Status, wilson
from bakeoff.audit.terminal import PLACES, spent
from bakeoff.proofs import OPERATORS

MOST = 200
"""Failures that are listed one by one."""

WORDS: dict[Status, str] = {"passed": "certified", "failed": "failed", "inconclusive": "inconclusive", "inapplicable": "nothing to check"}
SIGNS: dict[Status, str] = {"passed": "✓ passed", "failed": "✗ failed", "inconclusive": "? open", "inapplicable": "– n/a"}
TALLY = ("impossible", "unreadable")
"""Groups that prove nothing and are only counted."""


def render(report: AuditReport) -> str:
    """The whole page."""
    style = files("bakeoff.audit").joinpath("certificate.css").read_text(encoding="utf-8")
    parts = [
        _head(report),
        _figures(report),
        _coverage(report),
        _checks(report),
        _failures(report),
        _errors(report),
        _rates(report),
        _mutants(report),
        _named(report, "attacks", "Attacks", "Each ends at a score of 0, and what the software has to refuse it did refuse."),
        _equivalents(report),
        _sample(report),
    ]
    title = f"{escape(report.environment)}: {_word(report)}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _word(report: AuditReport) -> str:
    """The verdict in a word or three; only an audit that played tasks and left no check out certifies anything."""
    if report.verdict == "passed" and not report.tasks:
        return "passed on paper"
    if report.verdict == "passed" and set(CHECKS) - set(report.rfc):
        return "passed these checks"
    return WORDS[report.verdict]


# --- head ------------------------------------------------------------------------------------------------------------------------------


def _head(report: AuditReport) -> str:
    subject = report.subject
    kinds = "; ".join(f"{count} {name}" for name, count in subject.products.items())
    facts = {
        "Date": report.date.replace("T", " ").replace("Z", " UTC"),
        "Package": subject.package,
        "Source": f"<code>sha256:{subject.source}</code> over {subject.files} files of the environment and the contract",
        "Sample": f"{escape(report.sample)}; seed {report.seed}",
        "Products": f"{sum(subject.products.values())} on offer: {escape(kinds)}",
        "Effort": f"{report.episodes:,} episodes in {spent(report)} on {escape(subject.machine)}",
    }
    said = {
        "passed": "Every check passed. The figures below say on how many trials that rests.",
        "failed": "At least one check failed; what and where is listed below.",
        "inconclusive": "Something stayed open, because the infrastructure failed or the source changed. That is no pass; run the audit again.",
        "inapplicable": "Nothing could be checked.",
    }[report.verdict]
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in report.notes)
    return (
        f'<header class="{report.verdict}"><span class="seal">{_word(report)}</span>'
        f"<h1>Audit of the environment “{escape(report.environment)}”</h1><p>{said}</p><dl>{rows}</dl>{notes}</header>"
    )


def _figures(report: AuditReport) -> str:
    cards = []
    for group, right in (("expert", True), ("alternatives", True), ("mutants", False), ("generated mutants", False), ("attacks", False)):
        rates = [rate for rate in report.rates if rate.agent == group]
        trials, passed = sum(rate.trials for rate in rates), sum(rate.passed for rate in rates)
        if not trials:
            continue
        good = passed == trials if right else passed == 0
        low, high = wilson(passed, trials)
        name = {"expert": "experts passed", "mutants": "hand-written mutants accepted"}.get(group, f"{group} {'accepted'}")
        cards.append(
            f'<div class="figure {"passed" if good else "failed"}"><b>{passed:,} / {trials:,}</b>{name}'
            f"<small>{passed / trials:.2%}, 95 % interval {low:.2%} to {high:.2%}</small></div>"
        )
    return f'<div class="figures">{"".join(cards)}</div>'


# --- tables ----------------------------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    top = "".join(f"<th{' class=num' if index in numeric else ''}>{name}</th>" for index, name in enumerate(head))
    body = "".join(
        "<tr>" + "".join(f"<td{' class=num' if index in numeric else ''}>{cell}</td>" for index, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _checks(report: AuditReport) -> str:
    rows = []
    for summary in report.summaries:
        others = [name for name in summary.rfc if name != summary.check]
        crosswalk = f'<div class="rfc">answers {escape(", ".join(others))}</div>' if others else ""
        share = f"{summary.counts['passed']:,} of {summary.trials:,}" if summary.trials else "–"
        state = f'<span class="state {summary.status}">{SIGNS[summary.status]}</span>'
        rows.append(
            (
                state,
                f"<code>{summary.check}</code>{crosswalk}",
                escape(summary.claim),
                f"<span class=where>{PLACES[summary.tier]}</span>",
                share,
            )
        )
    explain = (
        "“Played” is in the real software; “on paper” recomputes verdicts from final states without its surface. "
        "Ids are those of OpenEnv's RFC 008 where it names the measurement."
    )
    table = _table(("", "check", "proves that", "where", "passed of n"), rows, numeric=(4,))
    return f'<h2>Checks</h2><p class="soft">{explain}</p>{table}'


def _coverage(report: AuditReport) -> str:
    rows = []
    for tier in TIERS:
        every = total(report.coverage, tier)
        lines = [line for line in report.coverage if line.tier == tier]
        for line in [*lines, *([every] if every is not None and len(lines) > 1 else [])]:
            name = f"<b>{line.family}</b>" if line is every else escape(line.family)
            rows.append(
                (
                    f"<span class=where>{PLACES[tier]}</span>",
                    name,
                    f"{line.tasks:,}",
                    f"{line.products:,} of {line.of_products:,}",
                    f"{line.templates:,} of {line.of_templates:,}",
                    ", ".join(f"{distance} {count:,}" for distance, count in line.distances.items()),
                )
            )
    explain = (
        "Products and templates are counted out of those that an audit may touch. Every task has a seed of its own, which decides the data in "
        "the product and what is asked for. Distances are those from the training products; “none” is a training product."
    )
    head = ("where", "family", "tasks", "products", "templates", "tasks by distance")
    return f'<h2>What was looked at, of how much</h2><p class="soft">{explain}</p>{_table(head, rows, (2, 3, 4))}'


def _errors(report: AuditReport) -> str:
    words = {
        "false positive": "wrong results that scored 1 (mutants, generated mutants, attacks, floors)",
        "false negative": "right results that did not (experts, alternatives, equivalent states)",
    }
    rows = [
        (
            f"<b>{error.kind}s</b><div class=soft>{words[error.kind]}</div>",
            f"{error.wrong:,} of {error.trials:,}",
            _bar(error.wrong, error.trials, _scale(report.errors)),
            f"{error.tasks_wrong:,} of {error.tasks:,}",
            _bar(error.tasks_wrong, error.tasks, _scale(report.errors)),
        )
        for error in report.errors
    ]
    explain = (
        "With 95 % Wilson intervals. By trial every trial counts as independent; by task a task counts once when any of its trials went wrong, "
        "because trials of one task resemble each other."
    )
    table = _table(("error", "by trial", "interval", "by task", "interval"), rows, numeric=(1, 3))
    return f'<h2>How often the verifier was wrong</h2><p class="soft">{explain}</p>{table}'


def _scale(errors: Sequence[ErrorRate]) -> float:
    return max(
        (wilson(part, whole)[1] for error in errors for part, whole in ((error.wrong, error.trials), (error.tasks_wrong, error.tasks)))
    )


def _bar(part: int, whole: int, top: float = 1.0) -> str:
    """An interval on a scale from 0 to `top`, with its figures."""
    low, high = wilson(part, whole)
    ends = [10 + 180 * min(value / top, 1) for value in (low, high, part / whole if whole else 0)]
    return (
        f'<svg width="200" height="30" role="img" aria-label="{part / max(whole, 1):.2%}, from {low:.2%} to {high:.2%}">'
        f'<line class="axis" x1="10" x2="190" y1="9" y2="9"/><line class="range" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="9" y2="9"/>'
        f'<circle class="dot" cx="{ends[2]:.1f}" cy="9" r="4"/>'
        f'<text x="10" y="26">{low:.2%} to {high:.2%}</text><text x="190" y="26" text-anchor="end">of {top:.2%}</text></svg>'
    )


def _rates(report: AuditReport) -> str:
    rows = [_rate_row(rate, escape(rate.agent)) for rate in report.rates if rate.agent not in TALLY]
    return f"<h2>How often each kind of result scored 1</h2>{_table(('what', 'where', 'scored 1', 'rate and interval', 'tasks'), rows, (2, 4))}"


def _rate_row(rate: Rate, name: str, top: float = 1.0) -> tuple[str, ...]:
    return (
        name,
        f"<span class=where>{PLACES[rate.tier]}</span>",
        f"{rate.passed:,} of {rate.trials:,}",
        _bar(rate.passed, rate.trials, top),
        f"{rate.tasks:,}",
    )


def _mutants(report: AuditReport) -> str:
    rates = report.breakdown.get("generated mutants", ())
    if not rates:
        return ""
    tally = {name: sum(rate.trials for rate in report.rates if rate.agent == name) for name in TALLY}
    explain = (
        "Made by machine from the expert's final state, so that coverage does not rest on anybody's imagination. Not counted: "
        f"{tally['impossible']:,} that the store itself refuses and {tally['unreadable']:,} that the software could not have written "
        "(the verifier abstains or cannot read them)."
    )
    head = ("kind", "where", "accepted", "rate and interval", "tasks")
    rows = [
        _rate_row(rate, f"{escape(rate.agent)}<div class=soft>{escape(OPERATORS.get(rate.agent, 'of this environment’s own'))}</div>")
        for rate in rates
    ]
    return f'<h2>Generated mutants by kind</h2><p class="soft">{explain}</p>{_table(head, rows, (2, 4))}'


def _named(report: AuditReport, group: str, title: str, explain: str) -> str:
    rates = report.breakdown.get(group, ())
    if not rates:
        return ""
    rows = [_rate_row(rate, escape(rate.agent)) for rate in rates]
    return (
        f'<h2>{title}</h2><p class="soft">{explain}</p>{_table(("name", "where", "scored 1", "rate and interval", "tasks"), rows, (2, 4))}'
    )


def _equivalents(report: AuditReport) -> str:
    rates = report.breakdown.get("equivalents", ())
    if not rates:
        return ""
    explain = (
        "Generated states that differ from the expert's only in what the environment declares not to matter. They count as right results; "
        "the verifier had no say in calling them so."
    )
    rows = [_rate_row(rate, escape(rate.agent)) for rate in rates]
    head = ("what differs", "where", "accepted", "rate and interval", "tasks")
    return f'<h2>The same result in another form</h2><p class="soft">{explain}</p>{_table(head, rows, (2, 4))}'


def _failures(report: AuditReport) -> str:
    if not report.failures:
        return ""
    rows = [_failure(report, finding) for finding in report.failures[:MOST]]
    more = f"<p>and {len(report.failures) - MOST} more; the JSON output lists all.</p>" if len(report.failures) > MOST else ""
    return f"<h2>What failed or stayed open</h2>{_table(('', 'task', 'what happened'), rows)}{more}"


def _failure(report: AuditReport, finding: Finding) -> tuple[str, ...]:
    subject = f" <span class=soft>{escape(finding.subject)}</span>" if finding.subject else ""
    what = f"<code>{finding.check}</code>{subject}<div>{escape(finding.detail)}</div><pre>{escape(report.reproduce(finding))}</pre>"
    state = f'<span class="state {finding.status}">{SIGNS[finding.status]}</span>'
    return state, f"<code>{escape(finding.task)}</code><div class=soft>{PLACES[finding.tier]}</div>", what


def _sample(report: AuditReport) -> str:
    lists = ""
    for name, tasks in (("played", report.tasks), ("on paper", report.state_tasks)):
        if tasks:
            products = len({task.partition("#")[0].rpartition("/")[0] for task in tasks})
            items = "".join(f"<div><code>{escape(task)}</code></div>" for task in tasks)
            lists += f"<details><summary>{len(tasks):,} tasks of {products:,} products, {name}</summary><div class=columns>{items}</div></details>"
    chosen = f" --sample {len(report.tasks)}" if report.tasks else " --paper"
    every = " --all" if report.state_tasks and report.tasks else ""
    command = f"bakeoff audit {report.environment}{every}{chosen} --seed {report.seed} --json audit.json --html audit.html"
    return f"<h2>Sample, and how to reproduce</h2><pre>{escape(command)}</pre>{lists}"
