"""`bakeoff audit`: runs an audit where people see how far it is, and writes what came of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bakeoff.audit.audit import audit_environment
from bakeoff.audit.certificate import render
from bakeoff.audit.pace import Progress as Told
from bakeoff.audit.report import AuditReport
from bakeoff.audit.workshop import Source
from bakeoff.core import UsageError

JOURNALS = Path("audits")
"""Where an audit of all products keeps what it has found so far, until it is through."""

SELDOM = 60.0
"""Seconds between two lines about how far it is, where there is no terminal."""


def audit(
    source: Source, out: Console, err: Console, *, json_file: Path | None, html_file: Path | None, journal: Path | None, **wishes: Any
) -> AuditReport:
    """Audits, shows and writes. `json_file` may be `-`: the standard output. An audit of all products has a journal in any case; one that nobody
    asked for is gone when all is written. Raises `UsageError` before the audit when something could not be written after it."""
    for file in (json_file, html_file, journal):
        if file is not None and str(file) != "-" and not file.absolute().parent.is_dir():
            raise UsageError(f"'{file}' cannot be written: there is no folder '{file.parent}'")
    passing = journal is None and bool(wishes.get("all"))
    if passing:
        JOURNALS.mkdir(exist_ok=True)
    try:
        report = _shown(err, lambda told: audit_environment(source, journal=JOURNALS if passing else journal, progress=told, **wishes))
    except KeyboardInterrupt:
        if passing or journal is not None:
            err.print("what was found so far is kept; the same command goes on from there", soft_wrap=True)
        raise
    data = json.dumps(report.to_dict(), indent=1) + "\n"
    if json_file is not None and str(json_file) == "-":
        sys.stdout.write(data)
    else:
        wide = out if out.is_terminal else Console(highlight=False, width=max(out.width, 160))
        wide.print(report)
        if json_file is not None:
            json_file.write_text(data, encoding="utf-8")
    if html_file is not None:
        html_file.write_text(render(report), encoding="utf-8")
        err.print(str(html_file), soft_wrap=True)
    if passing and report.journal is not None:
        report.journal.unlink(missing_ok=True)
    return report


def _shown(err: Console, run: Callable[[Told], AuditReport]) -> AuditReport:
    """Runs with a bar on a terminal, and with a line a minute elsewhere."""
    if not err.is_terminal:
        last = time.monotonic()

        def say(done: int, total: int, task: str, left: float | None) -> None:
            nonlocal last
            if task and done < total and time.monotonic() - last >= SELDOM:
                last = time.monotonic()
                err.print(f"{done:,} of {total:,} tasks audited{in_words(left)}", soft_wrap=True)

        return run(say)
    columns = (TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), TextColumn("[dim]{task.description}"))
    with Progress(*columns, console=err, transient=True) as bar:
        line = bar.add_task("", total=None)
        return run(lambda done, total, task, left: bar.update(line, completed=done, total=total, description=f"{task}{in_words(left)}"))


def in_words(left: float | None) -> str:
    """How long it may still take, e.g. `, about 14 min left`; empty while nothing is known."""
    if left is None or left < 1:
        return ""
    if left < 90:
        return f", about {left:.0f} s left"
    return f", about {left / 60:.0f} min left" if left < 5400 else f", about {left / 3600:.1f} h left"
