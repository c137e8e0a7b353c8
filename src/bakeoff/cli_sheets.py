"""Commands for spreadsheet jobs done by hand: hand a job out as files, grade what comes back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from bakeoff.core.errors import EnvironmentFault, UsageError
from bakeoff.core.task import TaskId


def _spreadsheet(task: str) -> tuple[Any, Any]:
    """The environment and the task. Raises `UsageError` for a task of another environment."""
    from bakeoff.core import make_environment

    task_id = TaskId.parse(task)
    environment = make_environment(task_id.environment)
    if not hasattr(environment, "job"):
        environment.close()
        raise UsageError(f"'{task_id.environment}' has no workbooks; tasks with workbooks begin with spreadsheet/")
    return environment, environment.task(task_id)


def workbook(out: Console, task: str, folder: Path, pdf: bool) -> None:
    """Writes a job's workbook, its papers and what is to be done into a folder. Raises `UsageError` when the folder holds something already."""
    environment, found = _spreadsheet(task)
    with environment:
        job = environment.job(found)
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty; give another folder with --out")
        folder.mkdir(parents=True, exist_ok=True)
        book = folder / f"{found.id.product}.xlsx"
        book.write_bytes(job.workbook)
        lines = [f"# {found.id}", "", found.instruction, "", "Save the workbook under its own name.", "", "## Papers", ""]
        for number, paper in enumerate(job.pack, 1):
            name = f"{number}-{re.sub(r'[^a-z0-9]+', '-', paper.title.lower()).strip('-')}.txt"
            (folder / name).write_text(f"{paper.title}\n\n{paper.text}\n", encoding="utf-8")
            lines.append(f"- [{paper.title}]({name})")
        (folder / "TASK.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if pdf:
            from bakeoff.environments.spreadsheet import render

            (folder / f"{found.id.product}.pdf").write_bytes(render.pdf(job.workbook))
    out.print(f"{escape(found.instruction)}\n", soft_wrap=True)
    out.print(f"[b]{escape(str(book))}[/] and {len(job.pack)} papers are in {escape(str(folder))}.", soft_wrap=True)
    out.print(f"When it is done: [cyan]bakeoff grade '{found.id}' {escape(str(book))}[/]", soft_wrap=True)


def grade(out: Console, task: str, file: Path, answer: str, json_file: Path | None) -> bool:
    """Prints the verdict on a workbook; True when it passes. Raises `UsageError` when there is no such file."""
    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    environment, found = _spreadsheet(task)
    with environment:
        artefacts = {"workbook.xlsx": file.read_bytes(), "answer.json": json.dumps({"answer": answer}).encode()}
        verdict = environment.regrade(found, artefacts)
    if json_file is not None:
        json_file.write_text(json.dumps(verdict.to_dict(), indent=1) + "\n", encoding="utf-8")
    if not hasattr(verdict, "checks"):
        raise EnvironmentFault(f"no judgement was possible: {verdict.reason}", retryable=False)
    for check in verdict.checks:
        sign = "[green]✓[/]" if check.passed else "[red]✗[/]"
        out.print(f"{sign} {check.name:14} {escape(check.detail)}", soft_wrap=True)
    evidence = verdict.evidence
    if "scenarios" in evidence:
        out.print(
            f"[dim]recalculated in two engines, {len(evidence['scenarios'])} cases: {escape(', '.join(evidence['scenarios']))}[/]",
            soft_wrap=True,
        )
    if "hygiene" in evidence:
        out.print(f"[dim]good form (no part of the verdict): {evidence['hygiene']:.0%}[/]")
        for finding in evidence["hygiene findings"]:
            out.print(f"[dim]  {escape(finding)}[/]", soft_wrap=True)
    out.print("[green]passed[/]" if verdict.passed else "[red]failed[/]")
    return bool(verdict.passed)
