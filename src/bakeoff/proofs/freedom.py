"""What about a final state does not matter, and why: the reasons by which a mutant may turn out to be a right result in another form.

A mutant is equivalent when its tables and the expert's become the same in a normal form that forgets what does not matter. The verifier has no say
in that, so a verifier that is too lenient cannot excuse its own mistakes, and one that is too strict is found out by the equivalents it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bakeoff.proofs.tables import Row, Rows, Tables

Normal = Callable[[str, Rows, Rows], Rows]
"""Table name, its rows, and its rows in the initial state -> the rows in normal form."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """One thing that does not matter.

    Attributes:
        reason: a short phrase for people, e.g. `white space in text`.
        normal: brings the rows of a table into a form in which it can no longer be seen.
    """

    reason: str
    normal: Normal


def excuse(before: Tables, after: Tables, mutant: Tables, freedoms: Sequence[Freedom]) -> tuple[str, ...] | None:
    """Why a mutant is as right as the expert's result, or None when it is not.

    Args:
        before: the initial state.
        after: the expert's final state.
        mutant: the tables in which the mutant differs; tables it leaves alone may be left out.
    The reasons are a smallest set that is enough: leaving one out would tell the two apart.
    """

    def same(chosen: Sequence[Freedom]) -> bool:
        return all(
            _normal(table, rows, before.get(table, {}), chosen) == _normal(table, after.get(table, {}), before.get(table, {}), chosen)
            for table, rows in mutant.items()
        )

    if not same(freedoms):
        return None
    needed = list(freedoms)
    for freedom in freedoms:
        fewer = [item for item in needed if item is not freedom]
        if same(fewer):
            needed = fewer
    return tuple(freedom.reason for freedom in needed)


def is_ignored(table: str, rows: Rows, freedoms: Sequence[Freedom]) -> bool:
    """Whether nothing in this table matters."""
    return bool(rows) and _normal(table, rows, rows, freedoms) == _normal(table, {}, rows, freedoms)


def _normal(table: str, rows: Rows, before: Rows, freedoms: Sequence[Freedom]) -> Rows:
    for freedom in freedoms:
        rows = freedom.normal(table, rows, before)
    return rows


# --- the usual ones; `table` and `column` are shell patterns on the full names --------------------------------------------------------


def ignored_table(reason: str, table: str) -> Freedom:
    """Nothing in these tables matters, e.g. an audit trail."""
    return Freedom(reason, lambda name, rows, before: {} if fnmatchcase(name, table) else rows)


def any_value(reason: str, table: str, column: str) -> Freedom:
    """What stands in these columns does not matter, e.g. the time of the last change."""
    return _cells(reason, table, column, lambda value: None)


def any_space(reason: str = "white space in text", table: str = "*", column: str = "*") -> Freedom:
    """Text is the same up to white space."""
    return _cells(reason, table, column, lambda value: " ".join(value.split()) if isinstance(value, str) else value)


def any_case(reason: str = "capital letters", table: str = "*", column: str = "*") -> Freedom:
    """Text is the same up to case."""
    return _cells(reason, table, column, lambda value: value.casefold() if isinstance(value, str) else value)


def _cells(reason: str, table: str, column: str, change: Callable[[Any], Any]) -> Freedom:
    def normal(name: str, rows: Rows, before: Rows) -> Rows:
        if not fnmatchcase(name, table):
            return rows
        return {
            key: {other: change(value) if fnmatchcase(other, column) else value for other, value in row.items()}
            for key, row in rows.items()
        }

    return Freedom(reason, normal)


def new_numbers(reason: str = "the number that a new row gets", table: str = "*") -> Freedom:
    """New rows are the same whatever their keys; rows that were there before keep theirs."""

    def normal(name: str, rows: Rows, before: Rows) -> Rows:
        if not fnmatchcase(name, table):
            return rows
        kept = {key: row for key, row in rows.items() if key in before}
        new = sorted((row for key, row in rows.items() if key not in before), key=_sortable)
        return {**kept, **{f"new {index}": row for index, row in enumerate(new)}}

    return Freedom(reason, normal)


def any_order(reason: str, table: str) -> Freedom:
    """Rows are the same whatever their keys: a bag and no list."""

    def normal(name: str, rows: Rows, before: Rows) -> Rows:
        return dict(enumerate(sorted(rows.values(), key=_sortable))) if fnmatchcase(name, table) else rows

    return Freedom(reason, normal)


def latest_only(reason: str, table: str, by: str) -> Freedom:
    """Of all rows with the same value in column `by` only the last one counts, e.g. in a history of statuses."""

    def normal(name: str, rows: Rows, before: Rows) -> Rows:
        if not fnmatchcase(name, table):
            return rows
        return {str(row[by]): row for _, row in sorted(rows.items(), key=lambda item: (isinstance(item[0], str), item[0]))}

    return Freedom(reason, normal)


def _sortable(row: Row) -> str:
    return repr(sorted(row.items()))
