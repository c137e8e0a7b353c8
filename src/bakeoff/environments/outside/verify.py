"""The verdict: what changed in the truth, against what the job asked for (goal) and allows (frame). No page and no agent is consulted.

Whatever changed that no goal asked for, no `allow` permits and [truth.noise] does not name fails the frame. A created row must hold what the goal
says and nothing else: columns that the goal does not name are empty, or listed under `any`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from bakeoff.core import Check, Scored, UsageError
from bakeoff.environments.outside import text
from bakeoff.environments.outside.app import App
from bakeoff.environments.outside.jobs import Effect, Job, bound
from bakeoff.environments.outside.truth import Row, State, run_query
from bakeoff.toml import nearest

Spoil = Callable[[State], State]
"""Makes another final state of one, for proofs."""

EMPTY = (None, "", 0, "[]", "{}", "null", '""', "<p></p>")
"""How apps write nothing into a column of a new record."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two states, noise left out. Rows by (table, key); of changed rows the columns with old and new value."""

    created: dict[tuple[str, str], Row] = field(default_factory=dict)
    deleted: dict[tuple[str, str], Row] = field(default_factory=dict)
    changed: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """One sentence each, at most forty."""
        found = [f"{table} {_short(key)} deleted" for table, key in self.deleted]
        found += [
            f"{table} {_short(key)}: {column} {_short(old)} → {_short(new)}"
            for (table, key), columns in self.changed.items()
            for column, (old, new) in columns.items()
        ]
        found += [
            f"{table} {_short(key)} created: "
            + ", ".join(f"{name}={_short(value)}" for name, value in sorted(row.items()) if value not in EMPTY)
            for (table, key), row in self.created.items()
        ]
        return found[:40]


_KEY = re.compile(r"\b[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}\b")


def _short(value: Any, most: int = 120) -> str:
    """As evidence shows it. Keys that an app draws at random are the same word each time: equal runs have equal evidence."""
    written = _KEY.sub("(key)", value) if isinstance(value, str) else repr(value)
    return repr(written if len(written) <= most else written[: most - 1] + "…") if isinstance(value, str) else written


def difference(app: App, before: State, after: State) -> Difference:
    """Row by row and column by column."""
    found = Difference()
    for table in sorted({*before.tables, *after.tables}):
        old, new = before.tables.get(table, {}), after.tables.get(table, {})
        if old == new:
            continue
        for key in old.keys() - new.keys():
            found.deleted[table, key] = old[key]
        for key in new.keys() - old.keys():
            found.created[table, key] = {name: value for name, value in new[key].items() if not app.truth.noisy(table, name)}
        for key in old.keys() & new.keys():
            columns = {
                name: (old[key].get(name), new[key].get(name))
                for name in sorted({**old[key], **new[key]})  # a stored state has its columns in another order
                if old[key].get(name) != new[key].get(name) and not app.truth.noisy(table, name)
            }
            if columns:
                found.changed[table, key] = columns
    return Difference(dict(sorted(found.created.items())), dict(sorted(found.deleted.items())), dict(sorted(found.changed.items())))


# --- values -------------------------------------------------------------------------------------------------------------------------


def _number(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def same(left: Any, right: Any) -> bool:
    """Equal: texts up to white space, numbers by value even where one of them is written as text, true as 1."""
    left, right = (int(item) if isinstance(item, bool) else item for item in (left, right))
    if isinstance(left, str) and isinstance(right, str):
        return left.split() == right.split()
    if left is None or right is None:
        return left is right
    numbers = _number(left), _number(right)
    return None not in numbers and numbers[0] == numbers[1]


def stripped(markup: str) -> str:
    """The text of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def matches(expected: Any, found: Any) -> bool:
    """Whether a value is as expected: equal, or as a pattern says.

    Patterns: `{any = true}`; `{null = true}` for no value; `{contains = "x"}`; `{matches = "regular expression"}` for the whole text; `{one_of = […]}`; `{near = 3.2, within = 0.01}`;
    `{text = "x"}` for HTML whose text is x; `{json = {…}}` for JSON text that holds at least this, patterns inside included.
    """
    if not isinstance(expected, Mapping):
        return same(expected, found)
    if "any" in expected:
        return True
    if "null" in expected:
        return (found is None) == bool(expected["null"])
    if "one_of" in expected:
        return any(matches(item, found) for item in expected["one_of"])
    if "near" in expected:
        number, wanted = _number(found), _number(expected["near"])
        return number is not None and wanted is not None and abs(number - wanted) <= Decimal(str(expected.get("within", 0)))
    if "contains" in expected:
        return isinstance(found, str) and " ".join(str(expected["contains"]).split()) in " ".join(found.split())
    if "matches" in expected:
        return isinstance(found, str) and re.fullmatch(str(expected["matches"]), found, re.DOTALL) is not None
    if "text" in expected:
        return isinstance(found, str) and stripped(found) == " ".join(str(expected["text"]).split())
    if "json" in expected:
        try:
            return isinstance(found, str) and _within(expected["json"], json.loads(found))
        except ValueError:
            return False
    raise UsageError(f"{dict(expected)!r} is no pattern")


def _within(expected: Any, found: Any) -> bool:
    if isinstance(expected, Mapping) and not set(expected) & {"any", "contains", "one_of", "near", "text", "matches"}:
        return isinstance(found, dict) and all(name in found and _within(item, found[name]) for name, item in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(_within, expected, found))
    return matches(expected, found)


def _fits(values: Mapping[str, Any], row: Row) -> bool:
    return all(matches(value, row.get(name)) for name, value in values.items())


def answered(expected: Any, given: str) -> bool:
    """Whether an answer is as expected: a number up to thousands separators, a currency and a unit; texts up to case; lists in any order."""
    if isinstance(expected, list):
        parts = [part for part in re.split(r"\s*[,;\n]\s*|\s+and\s+", given.strip().rstrip(".")) if part]
        return sorted(" ".join(str(item).casefold().split()) for item in expected) == sorted(" ".join(p.casefold().split()) for p in parts)
    if isinstance(expected, (int, float)) or (isinstance(expected, Mapping) and "near" in expected):
        match = re.fullmatch(r"[^\d\-+]*([-+]?[\d,  ]*\.?\d+)[^\d]*", given.strip())
        return match is not None and matches(expected, re.sub(r"[,  ]", "", match[1]))
    if isinstance(expected, Mapping):
        return matches(expected, given)
    return str(expected).casefold().split() == given.casefold().strip().rstrip(".").split()


# --- judging ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task with what only its environment may know: what was drawn and the initial state."""

    app: App
    job: Job
    values: Mapping[str, Any]
    before: State


def check_effects(found: Assignment) -> None:
    """Raises `UsageError` when an effect names what the truth does not have, finds no row, or asks for what is so already."""
    for effect in (*found.job.goal, *found.job.allow):
        if effect.kind == "query":
            run_query(found.before, bound(effect.table, found.values, found.job.where), found.job.where)
            continue
        if effect.table not in found.before.tables:
            tables = sorted(found.before.tables)
            raise UsageError(
                f"{found.job.where}: there is no table '{effect.table}'{nearest(effect.table, tables)}; tables are {', '.join(tables)}"
            )
        columns = found.before.columns[effect.table]
        for name in (*effect.where, *effect.values, *effect.any, *effect.columns):
            if columns and name not in columns and name != "*":
                raise UsageError(
                    f"{found.job.where}: table '{effect.table}' has no column '{name}'{nearest(name, columns)}; it has {', '.join(columns)}"
                )
        if effect in found.job.goal and effect.kind in ("change", "delete") and not _selected(found, effect):
            raise UsageError(f"{found.job.where}: the {effect.kind} of '{effect.table}' finds no row where {dict(effect.where)}")
    if judge(found, found.before, "").passed:
        raise UsageError(f"{found.job.where}: doing nothing would do; what it asks for is so from the beginning, with {dict(found.values)}")


def filled(found: Assignment, values: Mapping[str, Any], more: Mapping[str, Row]) -> dict[str, Any]:
    """The values with placeholders replaced and queries answered."""
    return {name: _value(found, value, more) for name, value in values.items()}


def _value(found: Assignment, value: Any, more: Mapping[str, Row]) -> Any:
    if isinstance(value, Mapping) and "query" in value:
        rows = run_query(found.before, bound(value["query"], {**found.values, **more}, found.job.where), found.job.where)
        if len(rows) != 1 or len(rows[0]) != 1:
            raise UsageError(f"{found.job.where}: '{value['query']}' must find one value, and finds {len(rows)} rows")
        return next(iter(rows[0].values()))
    return text.fill_any(value, {**found.values, **more}, found.job.where)


def _selected(found: Assignment, effect: Effect) -> list[str]:
    """Keys of the initial rows that an effect means."""
    where = filled(found, effect.where, {})
    return [key for key, row in found.before.tables[effect.table].items() if _fits(where, row)]


def judge(found: Assignment, after: State, answer: str) -> Scored:
    """The verdict on a final state and an answer.

    Checks: `goal-change-<table>`, `goal-create-<table>`, `goal-delete-<table>` (numbered where there are several), the names of queries, `answer`;
    `frame-changed`, `frame-created`, `frame-deleted`.
    """
    app, job = found.app, found.job
    delta = difference(app, found.before, after)
    checks: list[Check] = []
    used: dict[str, int] = {}

    def name_of(kind: str, table: str) -> str:
        name = re.sub(r"[^a-z0-9]+", "-", f"{kind}-{table}".lower()).strip("-")
        used[name] = used.get(name, 0) + 1
        return name if used[name] == 1 else f"{name}-{used[name]}"

    changed = {place: dict(columns) for place, columns in delta.changed.items()}
    created, deleted = dict(delta.created), dict(delta.deleted)
    for effect in job.goal:
        if effect.kind == "change":
            values, wrong = filled(found, effect.values, {}), []
            for key in _selected(found, effect):
                row = after.tables.get(effect.table, {}).get(key)
                wrong += (
                    [f"{key} is gone"]
                    if row is None
                    else [
                        f"{key}: {name} is {_short(row.get(name))}" for name, value in values.items() if not matches(value, row.get(name))
                    ]
                )
                for name in values:
                    changed.get((effect.table, key), {}).pop(name, None)
            checks.append(Check(name_of("goal-change", effect.table), not wrong, "; ".join(wrong) or "as asked"))
        elif effect.kind == "delete":
            left = [key for key in _selected(found, effect) if key in after.tables.get(effect.table, {})]
            for key in _selected(found, effect):
                deleted.pop((effect.table, key), None)
            checks.append(Check(name_of("goal-delete", effect.table), not left, f"still there: {', '.join(left)}" if left else "as asked"))
        elif effect.kind == "query":
            rows = run_query(after, bound(effect.table, found.values, job.where), job.where)
            value = next(iter(rows[0].values())) if rows else None
            good = matches(filled(found, effect.values, {})["is"], value)
            checks.append(Check(name_of("", effect.name), good, "as asked" if good else f"it is {_short(value)}"))
    creates = [effect for effect in job.goal if effect.kind == "create"]
    pairing = _pair(found, creates, created)
    for effect, place in zip(creates, pairing, strict=True):
        checks.append(
            Check(name_of("goal-create", effect.table), place is not None, "as asked" if place else _missing(found, effect, created))
        )
    strange = []
    for effect, place in zip(creates, pairing, strict=True):
        if place is not None:
            row = created.pop(place)
            strange += _unasked(found, effect, place, row)
    if job.answer is not None:
        expected = _value(found, job.answer, {})
        checks.append(Check("answer", answered(expected, answer), f"the answer was {_short(answer)}"))
    stray = [
        f"{place[0]} {place[1]}: {name} {_short(old)} → {_short(new)}"
        for place, columns in changed.items()
        for name, (old, new) in columns.items()
        if not _may_change(found, place, name)
    ]
    extra = [f"{table} {_short(key)}" for (table, key), row in created.items() if not _may(found, "create", table, row)]
    gone = [f"{table} {_short(key)}" for (table, key), row in deleted.items() if not _may(found, "delete", table, row)]
    for name, faults in (("changed", stray), ("created", extra + strange), ("deleted", gone)):
        shown = "; ".join(faults[:6]) + (f" and {len(faults) - 6} more" if len(faults) > 6 else "")
        checks.append(Check(f"frame-{name}", not faults, shown or "as before"))
    return Scored.all_of(tuple(checks), {"difference": delta.lines()})


def _pair(found: Assignment, effects: Sequence[Effect], created: Mapping[tuple[str, str], Row]) -> list[tuple[str, str] | None]:
    """Which created row is which expected one; rows that hold nothing unasked are taken first. As many as possible are paired."""

    def ways(index: int, taken: tuple[tuple[str, str] | None, ...], named: dict[str, Row]) -> Iterator[tuple[tuple[str, str] | None, ...]]:
        if index == len(effects):
            yield taken
            return
        effect = effects[index]
        try:
            values = filled(found, effect.values, named)
        except UsageError:  # it refers to a row that was not found
            values = None
        fitting = [
            place
            for place, row in created.items()
            if values is not None and place[0] == effect.table and place not in taken and _fits(values, row)
        ]
        fitting.sort(key=lambda place: len(_unasked(found, effect, place, created[place])))
        for place in fitting[:8]:
            yield from ways(index + 1, (*taken, place), {**named, effect.name: created[place]} if effect.name else named)
        yield from ways(index + 1, (*taken, None), named)

    best: tuple[tuple[str, str] | None, ...] = (None,) * len(effects)
    for tried, way in enumerate(ways(0, (), {})):
        if sum(place is not None for place in way) > sum(place is not None for place in best):
            best = way
        if None not in best or tried > 5000:
            break
    return list(best)


def _unasked(found: Assignment, effect: Effect, place: tuple[str, str], row: Row) -> list[str]:
    """What a created row holds beyond what was asked."""
    key = found.before.keys.get(effect.table, ())
    free = {*effect.any, *effect.values, *(key if len(key) == 1 else ())}
    return [
        f"{effect.table} {_short(place[1])}: {name} is {_short(value)}, which was not asked for"
        for name, value in row.items()
        if name not in free and "*" not in effect.any and value not in EMPTY and not found.app.truth.noisy(effect.table, name)
    ]


def _missing(found: Assignment, effect: Effect, created: Mapping[tuple[str, str], Row]) -> str:
    rows = [row for place, row in created.items() if place[0] == effect.table]
    if not rows:
        return "nothing was created"
    wrong = [
        f"{name} is {_short(row.get(name))}"
        for row in rows[:2]
        for name, value in effect.values.items()
        if not (isinstance(value, str) and text.names(value) - set(found.values))
        and not matches(filled(found, {name: value}, {})[name], row.get(name))
    ]
    return f"of {len(rows)} created none is as asked: {'; '.join(wrong) or 'a reference is wrong'}"


def _may_change(found: Assignment, place: tuple[str, str], column: str) -> bool:
    table, key = place
    if table in found.job.allowed or f"{table}.{column}" in found.job.allowed:
        return True
    return any(
        effect.kind == "change"
        and effect.table == table
        and (not effect.columns or column in effect.columns)
        and _fits(filled(found, effect.where, {}), found.before.tables[table][key])
        for effect in found.job.allow
    )


def _may(found: Assignment, kind: str, table: str, row: Row) -> bool:
    if table in found.job.allowed:
        return True
    for effect in found.job.allow:
        if effect.kind == kind and effect.table == table:
            pattern = effect.values if kind == "create" else effect.where
            names = {name for value in pattern.values() if isinstance(value, str) for name in text.names(value)}
            if names <= set(found.values) and _fits(filled(found, pattern, {}), row):
                return True
    return False
