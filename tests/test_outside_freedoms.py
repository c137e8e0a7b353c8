"""What a file allows, the verdict accepts and the audit excuses, and nothing else: on states alone, without an app."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bakeoff.core import TaskId
from bakeoff.environments.outside import evidence, verify
from bakeoff.environments.outside.app import read_app
from bakeoff.environments.outside.freedoms import freedoms
from bakeoff.environments.outside.truth import State
from bakeoff.environments.outside.verify import Assignment
from bakeoff.proofs import FinalState, Refused, excuse, mutants

_TASK = TaskId("outside", "press", 1, "draft", 1)

FILE = """
name = "press"
[start]
url = "http://127.0.0.1:9"
[reset]
files = ["x"]
[truth]
database = "sqlite:///{data}/x"
noise."page.seen" = "counts readers"

[[tasks]]
name = "draft"
instruction = "Draft it."
goal = [
  { create = "revision", values = { page = 2, content = { json = { intro = "New" } } }, any = ["made"] },
  { change = "page", where = { id = 2 }, set = { draft = 1 } },
]
allow = [
  { change = "page", where = { id = 2 }, columns = ["latest", "draft"] },
  { create = "revision", values = { page = 2 } },
  { delete = "lock", where = { page = 2 } },
]

[[tasks]]
name = "log"
instruction = "Write it down."
goal = [{ create = "note", values = { text = "All well", weight = 1.5, tag = { one_of = ["red", "blue"] } } }]
allow = ["revision", "page.latest"]

[[tasks]]
name = "clear"
instruction = "Take the lock away. How many pages are there?"
goal = [{ delete = "lock", where = { page = 2 } }]
allow = [{ delete = "lock", where = { kind = "soft" } }]
answer = "three"
"""


def before() -> State:
    state = State()
    pages = [{"id": n, "title": f"Page {n}", "draft": 0, "latest": n, "seen": 5 * n} for n in (1, 2, 3)]
    state.add("page", pages, ("id",))
    state.add("revision", [{"id": n, "page": n, "content": '{"intro": "Old"}', "made": "monday", "by": ""} for n in (1, 2)], ("id",))
    state.add("lock", [{"page": 2, "kind": "hard"}, {"page": 3, "kind": "soft"}, {"page": 1, "kind": "hard"}], ("page", "kind"))
    state.add("note", [], ("id",), ("id", "text", "weight", "tag", "more"))
    return state


def after(job: str) -> State:
    state = before()
    if job == "draft":
        state.tables["revision"]["3"] = {"id": 3, "page": 2, "content": '{"intro": "New", "body": "x y"}', "made": "today", "by": ""}
        state.tables["revision"]["4"] = {"id": 4, "page": 2, "content": '{"intro": "Other"}', "made": "today", "by": "robot"}
        state.tables["page"]["2"] |= {"draft": 1, "latest": 3, "seen": 11}
        del state.tables["lock"]["2/hard"]
    elif job == "log":
        state.tables["note"]["1"] = {"id": 1, "text": "All  well", "weight": "1.50", "tag": "red", "more": None}
    else:
        del state.tables["lock"]["2/hard"]
    return state


@pytest.mark.parametrize("job", ["draft", "log", "clear"])
@pytest.mark.parametrize("seed", range(6))
def test_a_generated_state_is_accepted_just_where_the_file_excuses_it(tmp_path: Path, job: str, seed: int) -> None:
    path = tmp_path / "app.toml"
    path.write_text(FILE)
    app = read_app(path)
    found = Assignment(app, app.jobs[job], {}, before())
    answer = "Three" if job == "clear" else ""
    assert verify.judge(found, after(job), answer).passed
    first = FinalState(evidence.packed(found, before(), ""))
    last = FinalState(evidence.packed(found, after(job), answer)).compared_with(first)
    free = freedoms(found)
    verdicts = set()
    for mutant in mutants(first.tables, last.tables, random.Random(seed), most=200, freedoms=free):
        try:
            artefacts = last.write(mutant.edits)
        except Refused:  # e.g. two rows of one key, which is no state at all
            continue
        _, initial, final, said = evidence.unpacked(_TASK, artefacts)
        verdict = verify.judge(Assignment(app, app.jobs[job], {}, initial), final, said)
        reasons = excuse(first.tables, last.tables, last.edited(mutant.edits), free)
        assert verdict.passed == (reasons is not None), (mutant, reasons, verdict.checks)
        verdicts.add(verdict.passed)
    assert verdicts == {True, False}, "both kinds must have come up"
