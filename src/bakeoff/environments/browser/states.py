"""What an audit may know about the final states of generated products: what does not matter in them, wrong ones of their own kind, and how
to plant tell-tale words in the goal."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bakeoff.environments.browser import answers, tasks
from bakeoff.environments.browser.schema import Act, Answer
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.browser.store import Store
from bakeoff.environments.browser.tasks import Assignment
from bakeoff.environments.browser.world import open_copy
from bakeoff.proofs import Freedom, Rows, WrongState, any_space, ignored_table, new_numbers


def _statuses_on_the_way(table: str, rows: Rows, before: Rows) -> Rows:
    """A history of statuses without new entries that were overtaken or that say again what was so already. What stood there before stays."""
    if not table.endswith("/steps"):
        return rows
    ordered = sorted(rows.items(), key=lambda item: (isinstance(item[0], str), item[0]))
    first = {row["record"]: row["value"] for key, row in ordered if key in before}
    last = {row["record"]: row for key, row in ordered if key not in before}
    new: Rows = {f"of record {record}": row for record, row in last.items() if first.get(record) != row["value"]}
    return {key: row for key, row in rows.items() if key in before} | new


def _as_answers_are_read(table: str, rows: Rows, before: Rows) -> Rows:
    """An answer up to capitals, white space, and marks around it."""
    if table != "answer.txt/":
        return rows
    return {
        key: {name: " ".join(str(value).split()).strip(" .!\"'“”").casefold() for name, value in row.items()} for key, row in rows.items()
    }


def _as_lists_are_read(table: str, rows: Rows, before: Rows) -> Rows:
    """An answer that names several things, whatever their order and the marks between them."""
    if table != "answer.txt/":
        return rows
    return {key: {name: next(answers.items(str(value).strip(" .!\"'“”\n"))) for name, value in row.items()} for key, row in rows.items()}


def freedoms(found: Assignment) -> tuple[Freedom, ...]:
    """What about a final state of this task does not matter."""
    answer = found.job.answer
    lists = Freedom("order, and marks between the items of a list", _as_lists_are_read)
    return (lists, *FREEDOMS) if answer is not None and answer.kind == "list" else FREEDOMS


FREEDOMS: tuple[Freedom, ...] = (
    ignored_table("the audit trail", "*/audit"),
    ignored_table("who has taken a record on", "*/locks"),
    any_space("white space in a record's text", "*records"),
    any_space("white space in a note", "*/notes", "body"),
    Freedom("statuses that a record went through on the way", _statuses_on_the_way),
    Freedom("capitals, white space and marks around an answer", _as_answers_are_read),
    new_numbers(),
)


def wrong_states(found: Assignment, before: bytes, after: bytes) -> Iterator[WrongState]:
    """The job entered but waiting to take effect; done, and a change of somebody's waiting besides; done, and a waiting one dropped."""
    waits = [act for act in found.job.acts if found.blueprint.deferred(act.operation)]
    if waits:
        yield WrongState("not-in-effect", "everything is entered and waits", {"final.sqlite": _with_waiting(found, before, waits)})
        if len(waits) > 1 and not any(act.operation in ("create", "merge", "delete") for act in waits):
            last = _with_waiting(found, before, waits[1:])
            yield WrongState("part-waiting", "a part of it waits and the rest is missing", {"final.sqlite": last})
        target = next((key for act in waits for key in act.records), None)
        entity = found.blueprint.family.entity_of(found.before.records.get(target or 0, {}))
        edit = Act(found.blueprint.family.editing(entity).name, () if target is None else (target,), {entity.contact: "x@y.example"})
        yield WrongState("one-more-waiting", "done, and one more change waits", {"final.sqlite": _with_waiting(found, after, [edit])})


def _with_waiting(found: Assignment, content: bytes, acts: list[Act]) -> bytes:
    connection = open_copy(content)
    try:
        store = Store(found.blueprint, connection)
        for act in acts:
            for key in act.records or (None,):
                store.wait(key, act.operation, act.values)
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def _word(*parts: object) -> str:
    rng = generator("canary", *parts)
    return "zq" + "".join(rng.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))


def _planted(found: Assignment) -> tuple[Assignment, dict[str, str]]:
    """The assignment with a word of its own in place of every text that the job wants, and one more edit that only the goal knows of."""
    words: dict[str, str] = {}
    acts: list[Act] = []
    for number, act in enumerate(found.job.acts):
        values: dict[str, Any] = {}
        for name, value in act.values.items():
            if isinstance(value, str) and value:
                values[name] = words[f"the goal ({act.operation}: {name})"] = _word(found.id, number, name)
        acts.append(act.but(**values))
    key = min(found.before.records)
    entity = found.blueprint.family.entity_of(found.before.records[key])
    words["the frame (an edit nobody asked for)"] = _word(found.id, "frame")
    frame = f"{words['the frame (an edit nobody asked for)']}@z.example"
    acts.append(Act(found.blueprint.family.editing(entity).name, (key,), {entity.contact: frame}))
    words["what the family calls the job"] = _word(found.id, "instruction")
    answer = found.job.answer
    if answer is not None:
        words["the answer"] = _word(found.id, "answer")
        answer = Answer("text", words["the answer"])
    job = replace(found.job, acts=tuple(acts), instruction=words["what the family calls the job"], answer=answer)
    return replace(found, job=job), words


@contextlib.contextmanager
def planted(found: Assignment) -> Iterator[Mapping[str, str]]:
    """While it is open, everybody who asks for this task's assignment gets one full of tell-tale words; yields them by place."""
    changed, words = _planted(found)
    tasks.PLANTED[found.id] = changed
    try:
        yield words
    finally:
        del tasks.PLANTED[found.id]


LISTEN = (
    "JSON.stringify([document.documentElement.outerHTML, document.cookie, {...localStorage}, {...sessionStorage}, Object.keys(window), "
    "history.state, document.referrer, window.name])"
)
"""Everything that script in a page could read of it."""


def as_text(answer: object) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)
