"""What about an app's final state does not matter, and why: what its file calls noise, allows, leaves open, or accepts in several forms.

Each freedom is a normal form in which it can no longer be seen. A row that a goal asks for is never dropped with those that are merely allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bakeoff.core import UsageError
from bakeoff.environments.outside import text
from bakeoff.environments.outside.evidence import FINAL, SAID
from bakeoff.environments.outside.jobs import Effect
from bakeoff.environments.outside.verify import EMPTY, Assignment, filled, matches
from bakeoff.proofs import Freedom, Key, Row, Rows, any_case, any_space, any_value, new_numbers

_AS_ASKED = ("as asked",)
_SPACE = "white space in an answer"


def freedoms(found: Assignment) -> tuple[Freedom, ...]:
    """By which reasons a generated mutant may be right after all. The order counts: what is allowed is taken away before values are compared."""
    made = [_noise(place, reason) for place, reason in found.app.truth.noise.items() if "." in place]
    tables = {name: _Table(found, name) for name in found.before.tables}

    def by_table(reason: str, normal: Callable[[_Table, Rows, Rows], Rows]) -> Freedom:
        def apply(name: str, rows: Rows, before: Rows) -> Rows:
            table = tables.get(name.removeprefix(f"{FINAL}/"))
            return rows if table is None else normal(table, table.keyed(rows), table.keyed(before))

        return Freedom(reason, apply)

    made += [
        by_table("the job allows it: further records", _Table.without_allowed_new),
        by_table("the job allows it: records may go", _Table.with_allowed_gone),
        by_table("the job allows it: values may change", _Table.with_allowed_changes),
        by_table("left open for a new record", _Table.opened),
        by_table("a form of the value that the job accepts", _Table.as_asked),
        new_numbers(table=f"{FINAL}/*"),
    ]
    if found.job.answer is None:
        made.append(any_value("nothing is asked that has an answer", f"{SAID}*", "*"))
    elif not isinstance(found.job.answer, dict):
        made += [any_space(_SPACE, f"{SAID}*"), any_case("capital letters in an answer", f"{SAID}*")]
    return tuple(made)


def _noise(place: str, reason: str) -> Freedom:
    table, _, column = place.partition(".")
    return any_value(reason, f"{FINAL}/{table}", column)


class _Table:
    """What a job says about one table. Rows are those of the artefact, whose key may be no column of theirs."""

    def __init__(self, found: Assignment, name: str) -> None:
        self.found, self.name = found, name
        self.key = found.before.keys.get(name, ())
        goal = [effect for effect in found.job.goal if effect.table == name]
        allow = [effect for effect in found.job.allow if effect.table == name]
        self.created, self.changed, self.deleted = ([item for item in goal if item.kind == kind] for kind in ("create", "change", "delete"))
        self.may_come, self.may_change, self.may_go = (
            [item for item in allow if item.kind == kind] for kind in ("create", "change", "delete")
        )
        if name in found.job.allowed:
            free = Effect("change", name, {}, {})
            self.may_come, self.may_change, self.may_go = ([replace(free, kind=kind)] for kind in ("create", "change", "delete"))
        columns = tuple(item.partition(".")[2] for item in found.job.allowed if item.startswith(f"{name}."))
        if columns:
            self.may_change = [*self.may_change, Effect("change", name, {}, {}, columns=columns)]

    def keyed(self, rows: Rows) -> Rows:
        """The rows under what tells them apart in the app: their key, or all that they hold."""
        found: Rows = {}
        for key, row in rows.items():
            columns = self.key or tuple(sorted(row))
            name: Key = repr([row[column] for column in columns]) if all(column in row for column in columns) else key
            while name in found:
                name = f"{name}'"
            found[name] = row
        return found

    def row(self, key: Key, row: Row) -> Row:
        """The row with the column that its key may be."""
        return row if len(self.key) != 1 or self.key[0] in row else {self.key[0]: key, **row}

    def values(self, effect: Effect) -> dict[str, Any]:
        """What an effect says of each column, but for references to rows that come to be."""
        known: dict[str, Any] = {}
        for name, value in effect.values.items():
            try:
                known[name] = filled(self.found, {name: value}, {})[name]
            except UsageError:  # a reference to a row that only the verdict can look up
                if not (isinstance(value, str) and text.names(value) - set(self.found.values)):
                    raise
        return known

    def fits(self, wanted: Mapping[str, Any], key: Key, row: Row) -> bool:
        whole = self.row(key, row)
        return all(matches(value, whole.get(name)) for name, value in wanted.items())

    def selected(self, effects: Sequence[Effect], key: Key, row: Row) -> list[Effect]:
        """Which of these effects mean an initial row."""
        return [item for item in effects if self.fits(filled(self.found, item.where, {}), key, row)]

    def goal_of(self, key: Key, row: Row) -> Effect | None:
        """The goal that a new row fulfils, or None."""
        return next((item for item in self.created if self.fits(self.values(item), key, row)), None)

    # --- normal forms ------------------------------------------------------------------------------------------------------------

    def without_allowed_new(self, rows: Rows, before: Rows) -> Rows:
        """Of new rows that may come, only those that goals ask for."""
        kept: Rows = {}
        spare: Rows = {}
        for key, row in rows.items():
            allowed = key not in before and any(self.fits(self.values(item), key, row) for item in self.may_come)
            (spare if allowed else kept)[key] = row
        for goal in self.created if spare else ():
            wanted = self.values(goal)
            if any(key not in before and self.fits(wanted, key, row) for key, row in kept.items()):
                continue
            fitting = [key for key, row in spare.items() if self.fits(wanted, key, row)]
            if fitting:
                best = min(fitting, key=lambda key: (self.surplus(goal, key, spare[key]), repr(key)))
                kept[best] = spare.pop(best)
        return kept

    def surplus(self, goal: Effect, key: Key, row: Row) -> int:
        """How much a row holds that a goal does not ask for."""
        return sum(not self.free(goal, name) and name not in goal.values and value not in EMPTY for name, value in row.items())

    def free(self, goal: Effect, name: str) -> bool:
        asked = goal.values.get(name)
        return (name not in goal.values and (name in goal.any or "*" in goal.any)) or (
            isinstance(asked, Mapping) and bool(asked.get("any"))
        )

    def with_allowed_gone(self, rows: Rows, before: Rows) -> Rows:
        """Rows that may go are gone."""
        return {
            key: row
            for key, row in rows.items()
            if key not in before
            or not self.selected(self.may_go, key, before[key])
            or self.selected([*self.deleted, *self.changed], key, before[key])
        }

    def with_allowed_changes(self, rows: Rows, before: Rows) -> Rows:
        """Columns that may change are as they were, unless a goal sets them."""
        if not self.may_change:
            return rows
        normal = dict(rows)
        for key, row in rows.items():
            if key in before:
                allowed = self.selected(self.may_change, key, before[key])
                asked = {name for item in self.selected(self.changed, key, before[key]) for name in item.values}
                normal[key] = {
                    name: before[key][name]
                    if name not in asked and name in before[key] and any(not item.columns or name in item.columns for item in allowed)
                    else value
                    for name, value in row.items()
                }
        return normal

    def opened(self, rows: Rows, before: Rows) -> Rows:
        """New rows that goals ask for, without what is left open; nothing is nothing, however it is written."""
        normal = dict(rows)
        for key, row in rows.items():
            goal = None if key in before else self.goal_of(key, row)
            if goal is not None:
                normal[key] = {
                    name: None if self.free(goal, name) or (name not in goal.values and value in EMPTY) else value
                    for name, value in row.items()
                }
        return normal

    def as_asked(self, rows: Rows, before: Rows) -> Rows:
        """Values that are as a goal wants them, whatever their form."""
        normal = dict(rows)
        for key, row in rows.items():
            if key in before:
                asked = {name: value for item in self.selected(self.changed, key, before[key]) for name, value in self.values(item).items()}
            else:
                goal = self.goal_of(key, row)
                asked = {} if goal is None else self.values(goal)
            if asked:
                normal[key] = {name: _AS_ASKED if name in asked and _accepted(asked[name], value) else value for name, value in row.items()}
        return normal


def _accepted(asked: Any, value: Any) -> bool:
    """Whether a value is what was asked, in another form perhaps. Patterns are the author's word; plain values are compared here anew."""
    if isinstance(asked, Mapping):
        return matches(asked, value)
    one, two = (" ".join(str(int(item) if isinstance(item, bool) else item).split()) for item in (asked, value))
    try:
        return one == two or (None not in (asked, value) and float(one) == float(two))
    except ValueError:
        return False
