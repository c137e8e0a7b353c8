"""The verdict: what the database says at the end, against what the job asked for. Goal and frame; no page and no agent is consulted.

Expected is what the reference model (`schema.apply_all`) makes of the initial state. Everything that the job changes is a goal check; that
nothing else differs is a frame check. Allowed side effects, not looked at: the audit trail and who works on a record (locks).

The tables themselves are looked at as well as what they say: a cell that the product would not have written that way, a row that hangs on no
record, a colleague's data touched, or a past status rewritten is a change outside the frame, though no page may ever show it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bakeoff.core import Check, Scored
from bakeoff.environments.browser import answers
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import Act, Answer, Family, Record, State, apply_all
from bakeoff.environments.browser.store import Store


def final_state(blueprint: Blueprint, connection: sqlite3.Connection) -> State:
    """The canonical state that a product's database holds, and in `extras` what only the tables show."""
    store = Store(blueprint, connection)
    state = store.state()
    waiting = [
        (key, action if author == "worker" else f"{action} by {author}", content)
        for (key, action, content), (*_, author) in zip(state.waiting, store.waiting(), strict=True)
    ]
    return replace(state, waiting=waiting, extras=(*state.extras, *_beneath(blueprint, connection, store, state)))


PAST = "past statuses of "


def _beneath(blueprint: Blueprint, connection: sqlite3.Connection, store: Store, state: State) -> Iterator[str]:
    """What the tables hold besides the canonical state, one line each."""
    for row in connection.execute("SELECT * FROM users ORDER BY id"):
        yield f"colleague {row}"
    unused = {"notes": store.tables.inline, "labels": blueprint.model["tags"] != "table", "steps": blueprint.model["status"] != "history"}
    for table in (name for name, idle in unused.items() if idle):  # no page of this product would ever show what stands there
        yield f"{table}, unused here: {connection.execute(f'SELECT COUNT(*) FROM {table}').fetchone()[0]}"
    twice = f"SELECT COUNT(*) - COUNT(DISTINCT id) FROM ({store.tables.known})"
    yield f"numbers that two records share: {connection.execute(twice).fetchone()[0]}"
    for table in ("labels", "steps", "waiting"):
        loose = f"SELECT COUNT(*) FROM {table} WHERE record IS NOT NULL AND record NOT IN ({store.tables.known})"
        yield f"stray {table}: {connection.execute(loose).fetchone()[0]}"
    if blueprint.model["status"] == "history":
        past: dict[int, list[str]] = {}
        for key, value in connection.execute("SELECT record, value FROM steps ORDER BY id"):
            past.setdefault(key, []).append(repr(value))
        yield from (f"{PAST}{key}: {', '.join(values)}" for key, values in past.items())
    people = {row[1]: row for row in reversed(store.colleagues())}
    for table, held in store.tables.held.items():
        fields = [(field, columns) for field in held if (columns := store.tables.columns[field.name])]
        cells = [column for _, columns in fields for column in columns]
        for key, *row in connection.execute(f"SELECT id, {', '.join(cells)} FROM {table}"):
            at, record = 0, state.records[key]
            for field, columns in fields:
                value, found = record[field.name], row[at : at + len(columns)]
                proper = store.tables.encode(field, " ".join(value.split()) if isinstance(value, str) else value, people)
                if not all(map(_same, proper, found)):
                    yield f"#{key} {field.name} is not stored as this product stores it: {found}"
                at += len(columns)


def _beneath_changed(before: State, after: State) -> list[str]:
    """What changed beneath the canonical state. A history of statuses may grow; nothing in it may be lost or rewritten."""
    old = {line.partition(":")[0]: line for line in before.extras if line.startswith(PAST)}
    new = {line.partition(":")[0]: line for line in after.extras if line.startswith(PAST)}
    lost = [who for who, line in old.items() if not f"{new.get(who, line)}, ".startswith(f"{line}, ")]
    plain, there = (Counter(line for line in state.extras if not line.startswith(PAST)) for state in (before, after))
    return [*((plain - there) + (there - plain)), *(f"{who} rewritten" for who in lost)]


def _same(left: Any, right: Any) -> bool:
    """Equal up to white space in text."""
    if left == right:
        return True
    if isinstance(left, str) and isinstance(right, str):
        return " ".join(left.split()) == " ".join(right.split())
    return False


def _differing(family: Family, left: Record, right: Record) -> list[str]:
    return [item.name for item in family.fields if not _same(left[item.name], right[item.name])]


def judge(
    family: Family,
    before: State,
    after: State,
    acts: tuple[Act, ...],
    answer: Answer | None = None,
    said: str = "",
    also: Sequence[str] = (),
) -> Scored:
    """The verdict on a final state and, where the job wants an answer, on what was said; `also`: other ways of writing the right answer.

    Checks: `goal-answer`, `goal-<field>` for each field the job sets, `goal-created`, `goal-removed`, `goal-notes`, and `published` when the job's change waits
    instead of being in effect; `frame-records`, `frame-removed`, `frame-created`, `frame-notes`, `frame-waiting`, `frame-users`, `frame-extras`.
    """
    want = apply_all(family, before, acts)
    checks: list[Check] = []
    if answer is not None:
        right = answers.same(answer, said, also)
        checks.append(Check("goal-answer", right, "as asked" if right else f"the answer was {said[:80]!r}"))
    created = [key for key in want.records if key not in before.records]
    new = [key for key in after.records if key not in before.records]
    pairing = _pair(family, want, after, created, new)

    goal_fields: dict[str, list[str]] = {}
    stray: list[str] = []
    for key, record in want.records.items():
        if key in created or key not in after.records:
            continue
        asked = _differing(family, before.records[key], record)
        wrong = _differing(family, record, after.records[key])
        for name in asked:
            goal_fields.setdefault(name, []).extend([f"#{key} has {after.records[key][name]!r}"] if name in wrong else [])
        stray += [
            f"#{key} {name}: {before.records[key][name]!r} became {after.records[key][name]!r}" for name in wrong if name not in asked
        ]
    for key in want.records:
        if key not in created and key not in after.records:
            for name in _differing(family, before.records[key], want.records[key]):
                goal_fields.setdefault(name, []).append(f"#{key} is gone")
    for name, faults in goal_fields.items():
        checks.append(Check(f"goal-{name.replace('_', '-')}", not faults, "; ".join(faults) or "as asked"))
    if created:
        missing = len(created) - len(pairing)
        checks.append(
            Check("goal-created", missing == 0, f"{missing} of {len(created)} new records are missing or differ" if missing else "as asked")
        )
    asked_gone = set(before.records) - set(want.records)
    if asked_gone:
        left = sorted(asked_gone & set(after.records))
        checks.append(Check("goal-removed", not left, f"still there: {left}" if left else "as asked"))

    asked_notes = [key for key in want.notes if key in before.records and want.notes[key] != before.notes.get(key, [])]
    wrong_notes = [key for key in asked_notes if not _same_notes(want.notes[key], after.notes.get(key, []))]
    if asked_notes:
        checks.append(Check("goal-notes", not wrong_notes, f"notes of {wrong_notes} are not as asked" if wrong_notes else "as asked"))

    late = list((Counter(after.waiting) - Counter(want.waiting)).elements())
    lost = list((Counter(want.waiting) - Counter(after.waiting)).elements())
    checks.append(
        Check("published", not late, f"{len(late)} changes are not in effect" if late else "nothing waits that should be in effect")
    )
    checks.append(Check("frame-waiting", not lost, f"{len(lost)} changes of others are gone" if lost else "as before"))
    checks.append(Check("frame-records", not stray, "; ".join(stray[:5]) or "as before"))
    gone = sorted(set(want.records) - set(created) - set(after.records))
    checks.append(Check("frame-removed", not gone, f"gone: {gone}" if gone else "as before"))
    surplus = [key for key in new if key not in pairing.values()]
    checks.append(Check("frame-created", not surplus, f"{len(surplus)} records too many" if surplus else "as before"))
    others = [key for key in want.records if key in after.records and key not in asked_notes and key not in created]
    changed = [key for key in others if not _same_notes(want.notes.get(key, []), after.notes.get(key, []))]
    changed += [key for key in new if after.notes.get(key)]
    checks.append(Check("frame-notes", not changed, f"notes of {changed} changed" if changed else "as before"))
    checks.append(Check("frame-users", after.users == before.users, "as before" if after.users == before.users else "colleagues changed"))
    beneath = _beneath_changed(before, after)
    checks.append(Check("frame-extras", not beneath, f"changed: {'; '.join(beneath[:3])}" if beneath else "as before"))
    return Scored.all_of(tuple(checks), {"difference": difference(family, before, after)})


def _pair(family: Family, want: State, after: State, created: list[int], new: list[int]) -> dict[int, int]:
    """Which new record is which wanted one."""
    pairing: dict[int, int] = {}
    for key in created:
        match = next(
            (found for found in new if found not in pairing.values() and not _differing(family, want.records[key], after.records[found])),
            None,
        )
        if match is not None:
            pairing[key] = match
    return pairing


def _same_notes(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> bool:
    """Equal notes; their order matters as little as which record's came first in a merge."""
    return sorted((kind, " ".join(body.split())) for kind, body in left) == sorted((kind, " ".join(body.split())) for kind, body in right)


def difference(family: Family, before: State, after: State) -> list[str]:
    """What changed, one sentence each, at most forty."""
    found = [f"#{key} removed" for key in before.records if key not in after.records]
    for key, record in after.records.items():
        if key not in before.records:
            found.append(f"#{key} created: " + ", ".join(f"{name}={value!r}" for name, value in record.items() if value))
        else:
            found += [
                f"#{key} {name}: {before.records[key][name]!r} → {record[name]!r}"
                for name in _differing(family, before.records[key], record)
            ]
        added = after.notes.get(key, [])[len(before.notes.get(key, [])) :]
        found += [f"#{key} note: {kind} {body!r}" for kind, body in added]
    found += [f"waiting: {action} on #{key}" for key, action, _ in after.waiting if (key, action, _) not in before.waiting]
    return found[:40]
