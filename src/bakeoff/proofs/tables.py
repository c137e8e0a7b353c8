"""A final state as tables, whatever it is kept in: the artefacts that `regrade` reads, taken apart, changed and put together again.

SQLite databases, JSON documents and short texts (an answer) are understood; other artefacts are passed on untouched. Nothing here knows a product: tables, row keys and
columns are what the artefact itself says. In a database every ordinary table counts, its rows by `rowid` or, without one, by primary key. In
JSON every list of objects is a table, so is an object of at least two objects with the same fields, and the values in between are rows of
tables of their own.
"""

from __future__ import annotations

import copy
import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Key = int | str
Row = dict[str, Any]
Rows = dict[Key, Row]
Tables = dict[str, Rows]
"""Table name (`artefact/table`) -> row key -> column -> value."""

_MAGIC = b"SQLite format 3\x00"


class Refused(Exception):
    """The store itself does not take such a change (a constraint, a type): no final state could be that."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One row as it is to be: a row to write (inserted when its key is new), or None to delete it."""

    table: str
    key: Key
    row: Row | None


class _Document(ABC):
    """One artefact, taken apart. `tables` holds its rows by the full table names, `columns` what columns a row has where the store lays that down."""

    tables: Tables
    columns: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    @abstractmethod
    def write(self, edits: Iterable[Edit]) -> bytes:
        """The artefact with these edits carried out. Raises `Refused`."""


class FinalState:
    """The artefacts of an episode as tables.

    Attributes:
        artefacts: as given.
        tables: all tables of all artefacts that are understood.
    """

    def __init__(self, artefacts: Mapping[str, bytes]) -> None:
        self.artefacts = dict(artefacts)
        self._documents = {name: found for name, content in self.artefacts.items() if (found := _read(name, content)) is not None}
        self.tables: Tables = {table: rows for document in self._documents.values() for table, rows in document.tables.items()}

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """What columns a row has, by table, wherever the store lays that down; an empty table has columns as well."""
        return {table: names for document in self._documents.values() for table, names in document.columns.items()}

    def compared_with(self, first: FinalState) -> FinalState:
        """The same without documents other than databases that say in both states the same: those are what was asked and not what was done."""
        names = {
            name
            for name, document in self._documents.items()
            if not isinstance(document, _Sqlite) and self.artefacts[name] == first.artefacts.get(name)
        }
        reduced = FinalState.__new__(FinalState)
        reduced.artefacts = self.artefacts
        reduced._documents = {name: document for name, document in self._documents.items() if name not in names}
        reduced.tables = {table: rows for document in reduced._documents.values() for table, rows in document.tables.items()}
        return reduced

    def edited(self, edits: Iterable[Edit]) -> Tables:
        """The tables that the edits touch, as they will be; the others are left out."""
        changed: Tables = {}
        for edit in edits:
            rows = changed.setdefault(edit.table, dict(self.tables[edit.table]))
            if edit.row is None:
                rows.pop(edit.key, None)
            else:
                rows[edit.key] = edit.row
        return changed

    def write(self, edits: Iterable[Edit]) -> dict[str, bytes]:
        """The artefacts with these edits carried out. Raises `Refused` when a store does not take one."""
        by_document: dict[str, list[Edit]] = {}
        for edit in edits:
            by_document.setdefault(edit.table.partition("/")[0], []).append(edit)
        return self.artefacts | {name: self._documents[name].write(own) for name, own in by_document.items()}


def _read(name: str, content: bytes) -> _Document | None:
    if content.startswith(_MAGIC):
        return _Sqlite(name, content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if name.endswith(".json") or text[:1] in ("{", "["):
        try:
            return _Json(name, json.loads(text))
        except (ValueError, RecursionError):
            return None
    return _Text(name, text) if len(text) <= _SHORT else None


# --- SQLite ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table's rows are found: by `rowid`, or by these columns."""

    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Sqlite(_Document):
    def __init__(self, name: str, content: bytes) -> None:
        self._content = content
        self._layouts: dict[str, _Layout] = {}
        self.tables = {}
        connection = self._open()
        try:
            for _, table, kind, _, without_rowid, *_ in connection.execute("PRAGMA main.table_list").fetchall():
                if kind == "table" and not table.startswith("sqlite_"):
                    layout = _layout(connection, table, bool(without_rowid))
                    self._layouts[f"{name}/{table}"] = layout
                    self.tables[f"{name}/{table}"] = _rows(connection, layout)
            self.columns = {table: layout.columns for table, layout in self._layouts.items()}
        finally:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.deserialize(self._content)
        return connection

    def write(self, edits: Iterable[Edit]) -> bytes:
        connection = self._open()
        try:
            connection.execute("BEGIN")
            for edit in edits:
                self._carry_out(connection, edit)
            connection.execute("COMMIT")
            return connection.serialize()
        except (sqlite3.DatabaseError, OverflowError) as problem:
            raise Refused(str(problem)) from problem
        finally:
            connection.close()

    def _carry_out(self, connection: sqlite3.Connection, edit: Edit) -> None:
        layout, old = self._layouts[edit.table], self.tables[edit.table].get(edit.key)
        table = _quoted(layout.name)
        if layout.keys:
            where = " AND ".join(f"{_quoted(column)} IS ?" for column in layout.keys)
            place = [] if old is None else [old[column] for column in layout.keys]
        else:
            where, place = "rowid = ?", [edit.key]
        if edit.row is None:
            connection.execute(f"DELETE FROM {table} WHERE {where}", place)
        elif old is None:
            row = edit.row if layout.keys else {"rowid": edit.key, **edit.row}
            columns = ", ".join(_quoted(column) if column != "rowid" or layout.keys else column for column in row)
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        else:
            changed = {column: value for column, value in edit.row.items() if value != old[column] or type(value) is not type(old[column])}
            if changed:
                assignments = ", ".join(f"{_quoted(column)} = ?" for column in changed)
                connection.execute(f"UPDATE {table} SET {assignments} WHERE {where}", [*changed.values(), *place])


def _layout(connection: sqlite3.Connection, table: str, without_rowid: bool) -> _Layout:
    found = connection.execute(f"PRAGMA main.table_xinfo({_quoted(table)})").fetchall()
    keys = tuple(name for _, name, _, _, _, place, _ in sorted(found, key=lambda item: item[5]) if place)
    alias = [name for _, name, kind, _, _, place, _ in found if place and kind.upper() == "INTEGER"] if len(keys) == 1 else []
    columns = tuple(name for _, name, _, _, _, _, hidden in found if not hidden and (without_rowid or name not in alias))
    return _Layout(table, columns, keys if without_rowid else ())


def _rows(connection: sqlite3.Connection, layout: _Layout) -> Rows:
    columns = ", ".join(["NULL" if layout.keys else "rowid", *map(_quoted, layout.columns)])
    rows: Rows = {}
    for key, *cells in connection.execute(f"SELECT {columns} FROM {_quoted(layout.name)}"):
        row = dict(zip(layout.columns, cells, strict=True))
        rows[json.dumps([str(row[column]) for column in layout.keys]) if layout.keys else key] = row
    return rows


# --- text ----------------------------------------------------------------------------------------------------------------------------

_SHORT = 2000
"""Characters of a text that may be a value and no document of its own kind."""


class _Text(_Document):
    """One value in a table of one row and one column."""

    def __init__(self, name: str, text: str) -> None:
        self.tables = {f"{name}/": {"": {"text": text}}}

    def write(self, edits: Iterable[Edit]) -> bytes:
        text: Any = None
        for edit in edits:
            if edit.key != "" or edit.row is None:
                raise Refused("a text is one value, no more and no less")
            text = edit.row["text"]
        return str("" if text is None else text).encode()


# --- JSON --------------------------------------------------------------------------------------------------------------------------


class _Json(_Document):
    """`_places`: where a row stands in the document, as a path of names and numbers."""

    def __init__(self, name: str, root: Any) -> None:
        self._root = root
        self.tables = {}
        self._places: dict[tuple[str, Key], tuple[Key, ...]] = {}
        self._holders: dict[str, tuple[Key, ...]] = {}
        self._walk(f"{name}/", root, ())

    def _walk(self, table: str, node: Any, place: tuple[Key, ...]) -> None:
        if _is_table(node):
            self._holders[table] = place
            self.tables.setdefault(table, {})
            for key, item in enumerate(node) if isinstance(node, list) else node.items():
                self._place(table, key, item, (*place, key))
        else:
            self._place(table, "", node, place)

    def _place(self, table: str, key: Key, node: Any, place: tuple[Key, ...]) -> None:
        """One row: the plain values of an object; what hangs below it becomes tables of its own."""
        row: Row = {}
        for name, value in node.items() if isinstance(node, dict) else [("", node)]:
            if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
                below = f"{table}{'' if table.endswith('/') else '.'}{f'{key}.' if key != '' else ''}{name}"
                self._walk(below, value, (*place, name) if isinstance(node, dict) else place)
            else:
                row[name] = tuple(value) if isinstance(value, list) else value
        if row:
            self.tables.setdefault(table, {})[key] = row
            self._places[table, key] = place

    def write(self, edits: Iterable[Edit]) -> bytes:
        root = copy.deepcopy(self._root)
        gone: list[tuple[Key, ...]] = []
        for edit in edits:
            place = self._places.get((edit.table, edit.key))
            if edit.row is None:
                if edit.table not in self._holders or place is None:
                    raise Refused(f"{edit.table} is no list to take something from")
                gone.append(place)
            elif place is None:
                if edit.table not in self._holders:
                    raise Refused(f"{edit.table} is no list to add something to")
                holder, item = _at(root, self._holders[edit.table]), {name: _plain(value) for name, value in edit.row.items()}
                if isinstance(holder, list):
                    holder.append(item)
                else:
                    holder[str(edit.key)] = item
            elif place == () and not isinstance(root, dict):
                root = _plain(edit.row[""])
            else:
                _at(root, place).update({name: _plain(value) for name, value in edit.row.items()})
        for place in sorted(gone, key=lambda item: [str(type(part)) + f"{part:>12}" for part in item], reverse=True):
            del _at(root, place[:-1])[place[-1]]
        return json.dumps(root).encode()


def _is_table(node: Any) -> bool:
    if isinstance(node, list):
        return bool(node) and all(isinstance(item, dict) for item in node)
    if isinstance(node, dict) and len(node) > 1 and all(isinstance(item, dict) and item for item in node.values()):
        return len({tuple(sorted(item)) for item in node.values()}) == 1
    return False


def _at(node: Any, place: tuple[Key, ...]) -> Any:
    for part in place:
        node = node[part]
    return node


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
