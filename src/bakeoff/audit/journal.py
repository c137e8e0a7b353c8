"""What an audit has found so far, in a file: durable after every task, so that a certificate of an hour survives a kill and goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bakeoff.audit.report import Finding, Result, Tier
from bakeoff.audit.workshop import Found
from bakeoff.core import TaskId, UsageError


class Journal:
    """One line for the audit, then one for each task that is done with.

    Args:
        path: the file, made with the first task; None keeps nothing.
        head: what has to be the same for two findings to belong to one certificate: environment, source, checks, seed, mutants.
    Attributes:
        kept: what is known, by tier and task. Where something stayed open it is not: such tasks are tried again.
        sittings: how often the audit was begun, this time included.
        before: seconds that earlier sittings took.
    A line that was being written when the audit was killed is dropped. Raises `UsageError` when the file belongs to another audit.
    """

    def __init__(self, path: Path | None, head: Mapping[str, Any]) -> None:
        self.path, self.head = path, dict(head)
        self.kept: dict[tuple[Tier, str], Found] = {}
        self.before = 0.0
        self._sittings: dict[str, float] = {}
        self._began, self._mark = time.monotonic(), f"{time.time_ns()}"
        if path is not None and path.exists():
            self._read(path)

    @property
    def sittings(self) -> int:
        return len(self._sittings) + 1

    def _read(self, path: Path) -> None:
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        lines = whole.decode().splitlines()
        if not lines:
            return
        try:
            head, *entries = [json.loads(line) for line in lines]
            other = [name for name in {*head, *self.head} if head.get(name) != self.head.get(name)]
        except (ValueError, TypeError) as problem:
            raise UsageError(f"'{path}' is no journal of an audit: {problem}") from problem
        if other:
            raise UsageError(
                f"'{path}' belongs to another audit: {', '.join(sorted(other))} differ, so what was found there proves nothing here. "
                "Delete it, or name another file with --journal"
            )
        for entry in entries:
            self._sittings[entry["sitting"]] = entry["at"]
            place = (entry["tier"], entry["task"])
            self.kept.pop(place, None)
            found = _found(entry)
            if all(finding.status != "inconclusive" for finding in found.findings):
                self.kept[place] = found
        self.before = sum(self._sittings.values())

    def add(self, tier: Tier, task: str, found: Found) -> None:
        """Keeps what was found on one task; on disk when it returns."""
        if self.path is None:
            return
        fresh = not self.path.exists() or self.path.stat().st_size == 0
        at = round(time.monotonic() - self._began, 2)
        entry = {"tier": tier, "task": task, "sitting": self._mark, "at": at, **_lines(found)}
        with self.path.open("a", encoding="utf-8") as file:
            if fresh:
                file.write(json.dumps(self.head) + "\n")
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def through(
        self, tier: Tier, tasks: Sequence[TaskId], run: Callable[[Sequence[TaskId], Callable[[TaskId, Found], None]], None]
    ) -> list[Found]:
        """What is known of these tasks, in order, after `run` has been given those that are not, and a place to hand in what it finds."""
        found = {str(task): self.kept[tier, str(task)] for task in tasks if (tier, str(task)) in self.kept}

        def hand_in(task: TaskId, new: Found) -> None:
            self.add(tier, str(task), new)
            found[str(task)] = new

        left = [task for task in tasks if str(task) not in found]
        if left:
            run(left, hand_in)
        return [found[str(task)] for task in tasks]


def name_of(head: Mapping[str, Any]) -> str:
    """A file name for a journal with this head: the same for the same audit of the same source."""
    mark = hashlib.sha256(json.dumps(dict(head), sort_keys=True).encode()).hexdigest()
    return f"{head['environment']}-{mark[:8]}.jsonl"


def _lines(found: Found) -> dict[str, Any]:
    return {
        "findings": [asdict(finding) for finding in found.findings],
        "results": [[result.group, result.name, result.task, result.passed] for result in found.results],
        "notes": found.notes,
        "episodes": found.episodes,
    }


def _found(entry: Mapping[str, Any]) -> Found:
    return Found(
        findings=[Finding(**finding) for finding in entry["findings"]],
        results=[Result(*result) for result in entry["results"]],
        notes=list(entry["notes"]),
        episodes=entry["episodes"],
    )
