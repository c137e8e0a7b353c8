"""What is kept of an episode, so that its verdict can be given again without the app."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from bakeoff.core import EnvironmentFault, TaskId, UsageError
from bakeoff.environments.outside.truth import State
from bakeoff.environments.outside.verify import Assignment

FINAL, ASKED, SAID = "final.sqlite", "asked.json", "said.json"
"""Artefacts: the final state; what was drawn, and the first state; what the worker said when it finished."""


def packed(found: Assignment, final: State, answer: str) -> dict[str, bytes]:
    """The artefacts of an episode."""
    asked = {"app": f"{found.app.name}@{found.app.version}", "values": dict(found.values), "before": found.before.to_dict()}
    return {FINAL: final.to_sqlite(), ASKED: _written(asked), SAID: _written({"answer": answer})}


def _written(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def drawn(artefacts: Mapping[str, bytes]) -> dict[str, Any]:
    """What was drawn for the task of these artefacts."""
    values: dict[str, Any] = json.loads(artefacts[ASKED])["values"]
    return values


def unpacked(task: TaskId, artefacts: Mapping[str, bytes]) -> tuple[dict[str, Any], State, State, str]:
    """What was drawn, the first and the final state, the answer.

    Raises `UsageError` when an artefact is missing, `EnvironmentFault` when one cannot be read.
    """
    for name in (FINAL, ASKED, SAID):
        if name not in artefacts:
            raise UsageError(f"to regrade {task}, its artefact '{name}' is needed")
    try:
        asked, answer = json.loads(artefacts[ASKED]), json.loads(artefacts[SAID])["answer"]
        before = State.from_dict(asked["before"])
        return asked["values"], before, before.from_sqlite(artefacts[FINAL]), str(answer)
    except (ValueError, KeyError, TypeError, sqlite3.DatabaseError) as problem:
        raise EnvironmentFault(f"the artefacts of {task} cannot be read: {problem}", retryable=False) from problem
