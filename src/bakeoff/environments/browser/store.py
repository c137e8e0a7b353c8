"""The database of one product: SQLite tables in the product's own data model, and the way back to canonical records.

`Store` is used by the server to read and write, and by the verifier to read. Which columns there are, how a status is kept, whether an
owner is a number, a name or a team and a place in it: all that follows from the blueprint's data model.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from bakeoff.core import EnvironmentFault
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import Field, Record, State
from bakeoff.environments.browser.tables import Colleague, Tables


class Store:
    """One product's database behind canonical records.

    `connection`: an open SQLite connection, whose owner closes it. Reads raise `EnvironmentFault` when the tables hold what the product
    could not have written.
    """

    def __init__(self, blueprint: Blueprint, connection: sqlite3.Connection) -> None:
        self.blueprint, self.family, self.connection = blueprint, blueprint.family, connection
        self.tables = Tables(blueprint)
        self._cache: dict[int, Record] | None = None
        self._colleagues: tuple[Colleague, ...] | None = None

    def create(self, state: State) -> None:
        """Makes the tables and fills them with a state."""
        self.connection.executescript(
            f"""
            CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, team TEXT NOT NULL, seat INTEGER NOT NULL);
            {self.tables.definition()}
            CREATE TABLE notes (id INTEGER PRIMARY KEY, record INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
            CREATE TABLE steps (id INTEGER PRIMARY KEY, record INTEGER NOT NULL, value NOT NULL);
            CREATE TABLE labels (record INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY (record, label));
            CREATE TABLE waiting (id INTEGER PRIMARY KEY, record INTEGER, action TEXT NOT NULL, content TEXT NOT NULL, author TEXT NOT NULL);
            CREATE TABLE locks (record INTEGER PRIMARY KEY, holder TEXT NOT NULL);
            CREATE TABLE audit (id INTEGER PRIMARY KEY, record INTEGER, action TEXT NOT NULL, detail TEXT NOT NULL);
            """
        )
        seats: dict[str, int] = {}
        for position, (name, team) in enumerate(state.users, start=1):
            seats[team] = seats.get(team, 0) + 1
            self.connection.execute("INSERT INTO users VALUES (?, ?, ?, ?)", (position, name, team, seats[team]))
        for number, record in state.records.items():
            self.insert(record, number)
            for kind, body in state.notes.get(number, []):
                self.add_note(number, kind, body)
        for key, action, values in state.waiting:
            self.wait(key, action, json.loads(values), "colleague")
        self.connection.commit()

    # --- one value ---------------------------------------------------------------------------------------------------------------

    def colleagues(self) -> tuple[Colleague, ...]:
        """The rows of `users`. Nothing in a product changes them."""
        if self._colleagues is None:
            self._colleagues = tuple(self.connection.execute("SELECT id, name, team, seat FROM users ORDER BY id"))
        return self._colleagues

    def encode(self, field: Field, value: Any) -> dict[str, Any]:
        """The cells that a value is kept in, by column."""
        people = {row[1]: row for row in reversed(self.colleagues())} if field.kind == "user" else {}
        return dict(zip(self.tables.columns[field.name], self.tables.encode(field, value, people), strict=True))

    # --- records -------------------------------------------------------------------------------------------------------------------

    def records(self) -> Mapping[int, Record]:
        """All records, canonical, by id in ascending order. Treat as read-only."""
        if self._cache is None:
            self._cache = self._read()
        return self._cache

    def _read(self) -> dict[int, Record]:
        tables, found = self.tables, dict[int, Record]()
        names: dict[tuple[Any, ...], str] = {}
        for number, name, team, seat in self.colleagues():
            names.setdefault((number,), name)
            names.setdefault((team, seat), name)
        empty: Record = {field.name: field.empty for field in self.family.fields}
        for table, held in tables.held.items():
            plan, at = [], 1
            for field in held:  # the field that says which sort of record it is comes first where there is one
                width = len(tables.columns[field.name])
                plan.append((field, at, at + width))
                at += width
            columns = ", ".join(column for field in held for column in tables.columns[field.name])
            blank = empty | ({"entity": table.removesuffix("_records")} if tables.split else {})
            for row in self.connection.execute(f"SELECT id, {columns} FROM {table} ORDER BY id"):
                record = dict(blank)
                own: tuple[str, ...] | None = None
                for field, start, end in plan:
                    if end > start:
                        record[field.name] = tables.decode(field, row[start:end], names, own is not None and field.name not in own)
                    if field.kind == "entity":
                        own = self.family.entity_of(record).fields
                found[row[0]] = record
        if tables.split:
            found = dict(sorted(found.items()))
        if self.blueprint.model["status"] == "history":
            for key, cell in self.connection.execute("SELECT record, value FROM steps ORDER BY id"):
                if key in found:
                    status = self.family.field(self.family.entity_of(found[key]).status)
                    found[key][status.name] = tables.meaning(status, cell)
        labels = next((item for item in self.family.fields if item.kind == "tags"), None)
        if self.blueprint.model["tags"] == "table" and labels is not None:
            for key, label in self.connection.execute("SELECT record, label FROM labels ORDER BY record, label"):
                if key in found:
                    found[key][labels.name] = (*found[key][labels.name], label)
        return found

    def insert(self, record: Record, key: int | None = None) -> int:
        """Adds a record and returns its id."""
        table = self.tables.of(self.family.entity_of(record))
        if self.tables.split:
            key = key or 1 + max(self.records(), default=0)
        cells: dict[str, Any] = {} if key is None else {"id": key}
        for field in self.tables.held[table]:
            cells |= self.encode(field, record[field.name])
        cursor = self.connection.execute(
            f"INSERT INTO {table} ({', '.join(cells)}) VALUES ({', '.join('?' * len(cells))})", tuple(cells.values())
        )
        new = int(cursor.lastrowid or 0)
        self._apart(new, record)
        self._cache = None
        return new

    def update(self, key: int, changes: Mapping[str, Any]) -> None:
        """Writes some fields of a record."""
        cells: dict[str, Any] = {}
        for name, value in changes.items():
            cells |= self.encode(self.family.field(name), value)
        if cells:
            table = self.tables.of(self.family.entity_of(self.records()[key])) if self.tables.split else "records"
            self.connection.execute(
                f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in cells)} WHERE id = ?", (*cells.values(), key)
            )
        self._apart(key, changes)
        self._cache = None

    def _apart(self, key: int, changes: Mapping[str, Any]) -> None:
        """Fields that live in tables of their own."""
        for name in self.tables.statuses:
            if changes.get(name) and self.blueprint.model["status"] == "history":
                code = self.tables.code(self.family.field(name), changes[name])
                self.connection.execute("INSERT INTO steps (record, value) VALUES (?, ?)", (key, code))
        for field in self.family.fields:
            if field.kind == "tags" and field.name in changes and self.blueprint.model["tags"] == "table":
                self.connection.execute("DELETE FROM labels WHERE record = ?", (key,))
                self.connection.executemany("INSERT INTO labels VALUES (?, ?)", [(key, label) for label in changes[field.name]])

    def delete(self, key: int) -> None:
        """Removes a record and all that hangs on it."""
        for table, column in (
            *((name, "id") for name in self.tables.held),
            ("notes", "record"),
            ("steps", "record"),
            ("labels", "record"),
            ("waiting", "record"),
        ):
            self.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))
        self._cache = None

    # --- what hangs on them ----------------------------------------------------------------------------------------------------

    def notes(self, key: int) -> list[tuple[str, str]]:
        """The notes of a record as (kind, text), oldest first."""
        if self.tables.inline:
            return [(kind, body) for kind, body in json.loads(self._journal(key)[1])]
        return [(kind, body) for kind, body in self.connection.execute("SELECT kind, body FROM notes WHERE record = ? ORDER BY id", (key,))]

    def _journal(self, key: int) -> tuple[str, str]:
        """Where a record keeps its notes, as (table, content)."""
        for table in self.tables.held:
            found = self.connection.execute(f"SELECT journal FROM {table} WHERE id = ?", (key,)).fetchone()
            if found is not None:
                return table, found[0]
        raise EnvironmentFault(f"there is no record {key}", retryable=False)

    def _write_notes(self, key: int, notes: list[tuple[str, str]]) -> None:
        table, _ = self._journal(key)
        self.connection.execute(f"UPDATE {table} SET journal = ? WHERE id = ?", (json.dumps(notes, ensure_ascii=False), key))

    def add_note(self, key: int, kind: str, body: str) -> None:
        if self.tables.inline:
            self._write_notes(key, [*self.notes(key), (kind, body)])
        else:
            self.connection.execute("INSERT INTO notes (record, kind, body) VALUES (?, ?, ?)", (key, kind, body))

    def move_notes(self, source: int, target: int) -> None:
        """Notes of the source now belong to the target, after its own."""
        for kind, body in self.notes(source):
            self.add_note(target, kind, body)
        if self.tables.inline:
            self._write_notes(source, [])
        self.connection.execute("DELETE FROM notes WHERE record = ?", (source,))

    def wait(self, key: int | None, action: str, values: Mapping[str, Any], author: str = "worker") -> None:
        """Keeps a change that is to take effect later."""
        self.connection.execute(
            "INSERT INTO waiting (record, action, content, author) VALUES (?, ?, ?, ?)",
            (key, action, json.dumps(dict(values), sort_keys=True), author),
        )

    def waiting(self) -> list[tuple[int, int | None, str, dict[str, Any], str]]:
        """Changes that wait, oldest first: (number, record, operation, values, author)."""
        rows = self.connection.execute("SELECT id, record, action, content, author FROM waiting ORDER BY id")
        return [(number, key, action, _thaw(json.loads(content)), author) for number, key, action, content, author in rows]

    def unwait(self, number: int) -> None:
        self.connection.execute("DELETE FROM waiting WHERE id = ?", (number,))

    def locked(self, key: int) -> bool:
        return self.connection.execute("SELECT 1 FROM locks WHERE record = ?", (key,)).fetchone() is not None

    def lock(self, key: int) -> None:
        self.connection.execute("INSERT OR IGNORE INTO locks VALUES (?, 'worker')", (key,))

    def log(self, key: int | None, action: str, detail: str) -> None:
        """Writes the audit trail, which no verdict looks at."""
        self.connection.execute("INSERT INTO audit (record, action, detail) VALUES (?, ?, ?)", (key, action, detail))

    def trail(self, key: int) -> list[tuple[str, str]]:
        """The audit trail of a record as (operation, detail)."""
        return [
            (action, detail)
            for action, detail in self.connection.execute("SELECT action, detail FROM audit WHERE record = ? ORDER BY id", (key,))
        ]

    def users(self) -> tuple[tuple[str, str], ...]:
        """Colleagues as (name, team)."""
        return tuple((name, team) for name, team in self.connection.execute("SELECT name, team FROM users ORDER BY id"))

    def state(self) -> State:
        """Everything a verdict looks at, canonical. Locks and the audit trail are side effects that every job may have."""
        records = {key: dict(record) for key, record in self.records().items()}
        notes = {key: self.notes(key) for key in records}
        waiting = [(key, action, json.dumps(values, sort_keys=True)) for _, key, action, values, _ in self.waiting()]
        schema = tuple(f"{name}: {sql}" for name, sql in self.connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name"))
        strays = self.connection.execute(f"SELECT COUNT(*) FROM notes WHERE record NOT IN ({self.tables.known})").fetchone()[0]
        return State(records, notes, waiting, self.users(), (*schema, f"stray notes: {strays}"))


def _thaw(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
