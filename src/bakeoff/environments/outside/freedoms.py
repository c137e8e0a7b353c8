"""What about an app's final state does not matter, and why: what its file calls noise, allows or leaves open."""

from __future__ import annotations

from bakeoff.environments.outside.environment import FINAL, SAID
from bakeoff.environments.outside.verify import Assignment
from bakeoff.proofs import Freedom, Rows, any_case, any_space, any_value, ignored_table, new_numbers


def freedoms(found: Assignment) -> tuple[Freedom, ...]:
    """By which reasons a generated mutant may be right after all: what the app's file calls noise, allows or leaves open."""

    def full(table: str) -> str:
        return f"{FINAL}/{table}"

    made = [new_numbers(), any_space()]
    if not isinstance(found.job.answer, (int, float, dict)):
        made.append(any_case("capital letters in an answer", f"{SAID}/*"))
    for place, reason in found.app.truth.noise.items():
        table, _, column = place.partition(".")
        if column:
            made.append(any_value(reason, full(table), column))
    for item in found.job.allowed:
        table, _, column = item.partition(".")
        made.append(any_value("the job allows it", full(table), column) if column else ignored_table("the job allows it", full(table)))
    open_columns: dict[str, set[str]] = {}
    for effect in (*found.job.goal, *found.job.allow):
        if effect.kind == "create":
            fields = {name for name, value in effect.values.items() if isinstance(value, dict) and value.get("any")}
            open_columns.setdefault(full(effect.table), set()).update(effect.any, fields, found.before.keys.get(effect.table, ()))
    made.append(Freedom("left open for a new record", lambda table, rows, before: _opened(open_columns.get(table, set()), rows, before)))
    return tuple(made)


def _opened(columns: set[str], rows: Rows, before: Rows) -> Rows:
    if not columns:
        return rows
    every = "*" in columns
    return {
        key: row if key in before else {name: None if every or name in columns else value for name, value in row.items()}
        for key, row in rows.items()
    }
