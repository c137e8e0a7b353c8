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
from bakeoff.environments.browser.schema import Entity, Field, Record, State


def short(value: str) -> str:
    """A four-letter code of a canonical value, as older software would store it."""
    return value.replace("-", "")[:4].upper()


class Store:
    """One product's database behind canonical records.

    `connection`: an open SQLite connection, whose owner closes it. Reads raise `EnvironmentFault` when the tables hold what the product
    could not have written.
    """

    def __init__(self, blueprint: Blueprint, connection: sqlite3.Connection) -> None:
        self.blueprint, self.family, self.connection = blueprint, blueprint.family, connection
        self._cache: dict[int, Record] | None = None

    # --- layout ----------------------------------------------------------------------------------------------------------------

    def _columns(self, field: Field) -> tuple[str, ...]:
        model, name = self.blueprint.model, field.name
        if field.kind == "name" and model["names"] == "split":
            return (f"{name}_first", f"{name}_last")
        if field.kind == "user" and model["user"] == "pair":
            return (f"{name}_team", f"{name}_seat")
        if field.kind == "date" and model["dates"] == "parts":
            return (f"{name}_year", f"{name}_month", f"{name}_day")
        if field.kind == "tags":
            if model["tags"] == "columns":
                return tuple(f"{name}_{value.replace('-', '_')}" for value in field.values)
            return (name,) if model["tags"] == "text" else ()
        if name in self._statuses and model["status"] == "history":
            return ()
        if field.kind == "entity" and self._split:
            return ()
        return (name,)

    @property
    def _statuses(self) -> tuple[str, ...]:
        return tuple(entity.status for entity in self.family.entities)

    @property
    def _split(self) -> bool:
        """Each sort of record has a table of its own."""
        return self.blueprint.model["entities"] == "split" and len(self.family.entities) > 1

    @property
    def _inline(self) -> bool:
        """Notes are kept in a column of their record."""
        return self.blueprint.model["notes"] == "inline"

    def _tables(self) -> dict[str, tuple[Field, ...]]:
        """The tables of records and the fields that each of them holds."""
        if not self._split:
            return {"records": self.family.fields}
        return {
            self._table(entity): tuple(item for item in self.family.fields if item.name in entity.fields) for entity in self.family.entities
        }

    @property
    def known(self) -> str:
        """A query for the ids of all records."""
        return " UNION ALL ".join(f"SELECT id FROM {table}" for table in self._tables())

    def _table(self, entity: Entity) -> str:
        return f"{entity.name}_records" if self._split else "records"

    def create(self, state: State) -> None:
        """Makes the tables and fills them with a state."""
        columns = ", ".join(column for field in self.family.fields for column in self._columns(field))
        tables = f"CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns});"
        if self._split:
            tables = ""
            for name, fields in self._tables().items():
                tables += (
                    f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {', '.join(part for field in fields for part in self._columns(field))});"
                )
        if self._inline:
            tables += "".join(f"ALTER TABLE {name} ADD COLUMN journal TEXT NOT NULL DEFAULT '[]';" for name in self._tables())
        self.connection.executescript(
            f"""
            CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, team TEXT NOT NULL, seat INTEGER NOT NULL);
            {tables}
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

    def _encode(self, field: Field, value: Any) -> dict[str, Any]:
        model, columns = self.blueprint.model, self._columns(field)
        if not columns:
            return {}
        cells: tuple[Any, ...] = (value,)
        if field.kind == "name":
            first, _, last = str(value).partition(" ")
            cells = {"split": (first, last), "reversed": (f"{last}, {first}" if last else first,)}.get(model["names"], (value,))
        elif field.kind == "user" and model["user"] != "name":
            found = self.connection.execute("SELECT id, team, seat FROM users WHERE name = ?", (value,)).fetchone()
            cells = (
                ((None,) if model["user"] == "id" else (None, None))
                if found is None
                else ((found[0],) if model["user"] == "id" else (found[1], found[2]))
            )
        elif field.kind == "date" and model["dates"] == "parts":
            cells = tuple(int(part) for part in value.split("-")) if value else (None, None, None)
        elif field.kind == "money":
            cells = {"units": (value // 100 if value % 100 == 0 else value / 100,), "decimal": (f"{value / 100:.2f}",)}.get(
                model["money"], (value,)
            )
        elif field.kind == "tags":
            cells = tuple(int(item in value) for item in field.values) if model["tags"] == "columns" else (", ".join(sorted(value)),)
        elif field.kind == "choice":
            cells = (self._code(field, value),)
        elif field.kind == "flag":
            cells = (int(value),)
        return dict(zip(columns, cells, strict=True))

    def _code(self, field: Field, value: str) -> Any:
        if self.blueprint.model["choices"] == "ordinal":
            return field.values.index(value) + 1 if value else 0
        return short(value) if self.blueprint.model["choices"] == "code" else value

    def _meaning(self, field: Field, cell: Any, blank: bool = False) -> str:
        for value in ("", *field.values):
            if self._code(field, value) == cell and (value or field.blank or blank):
                return value
        raise EnvironmentFault(
            f"the database holds {cell!r} as {field.name}, which {self.blueprint.id} cannot have written", retryable=False
        )

    def _decode(self, field: Field, cells: tuple[Any, ...], blank: bool = False) -> Any:
        model = self.blueprint.model
        if field.kind == "name":
            if model["names"] == "split":
                return " ".join(part for part in cells if part)
            return " ".join(reversed(cells[0].split(", ", 1))) if model["names"] == "reversed" else cells[0]
        if field.kind == "user":
            if model["user"] == "name":
                return cells[0]
            where = "id = ?" if model["user"] == "id" else "team = ? AND seat = ?"
            found = None if cells[0] is None else self.connection.execute(f"SELECT name FROM users WHERE {where}", cells).fetchone()
            return found[0] if found else ""
        if field.kind == "date":
            if model["dates"] == "parts":
                return "{:04d}-{:02d}-{:02d}".format(*cells) if cells[0] else ""
            return cells[0]
        if field.kind == "money":
            return cells[0] if model["money"] == "cents" else round(float(cells[0]) * 100)
        if field.kind == "tags":
            if model["tags"] == "columns":
                return tuple(sorted(value for value, cell in zip(field.values, cells, strict=True) if cell))
            return tuple(sorted(part for part in cells[0].split(", ") if part))
        if field.kind == "choice":
            return self._meaning(field, cells[0], blank)
        return bool(cells[0]) if field.kind == "flag" else cells[0]

    # --- records -------------------------------------------------------------------------------------------------------------------

    def records(self) -> Mapping[int, Record]:
        """All records, canonical, by id in ascending order. Treat as read-only."""
        if self._cache is None:
            self._cache = self._read()
        return self._cache

    def _read(self) -> dict[int, Record]:
        found: dict[int, Record] = {}
        for table, held in self._tables().items():
            fields = [(field, self._columns(field)) for field in held]
            names = [column for _, columns in fields for column in columns]
            blank = {"entity": table.removesuffix("_records")} if self._split else {}
            for row in self.connection.execute(f"SELECT id, {', '.join(names)} FROM {table} ORDER BY id"):
                record: Record = {field.name: field.empty for field in self.family.fields} | blank
                own: tuple[str, ...] | None = None
                at = 1
                # The field that says which sort of record it is comes first where there is one.
                for field, columns in fields:
                    cells = row[at : at + len(columns)]
                    if columns:
                        record[field.name] = self._decode(field, cells, blank=own is not None and field.name not in own)
                    if field.kind == "entity":
                        own = self.family.entity_of(record).fields
                    at += len(columns)
                found[row[0]] = record
        if self._split:
            found = dict(sorted(found.items()))
        if self.blueprint.model["status"] == "history":
            for key, cell in self.connection.execute("SELECT record, value FROM steps ORDER BY id"):
                if key in found:
                    status = self.family.field(self.family.entity_of(found[key]).status)
                    found[key][status.name] = self._meaning(status, cell)
        labels = next((item for item in self.family.fields if item.kind == "tags"), None)
        if self.blueprint.model["tags"] == "table" and labels is not None:
            for key, label in self.connection.execute("SELECT record, label FROM labels ORDER BY record, label"):
                if key in found:
                    found[key][labels.name] = (*found[key][labels.name], label)
        return found

    def insert(self, record: Record, key: int | None = None) -> int:
        """Adds a record and returns its id."""
        table = self._table(self.family.entity_of(record))
        if self._split:
            key = key or 1 + max(self.records(), default=0)
        cells: dict[str, Any] = {} if key is None else {"id": key}
        for field in self._tables()[table]:
            cells |= self._encode(field, record[field.name])
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
            cells |= self._encode(self.family.field(name), value)
        if cells:
            table = self._table(self.family.entity_of(self.records()[key])) if self._split else "records"
            self.connection.execute(
                f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in cells)} WHERE id = ?", (*cells.values(), key)
            )
        self._apart(key, changes)
        self._cache = None

    def _apart(self, key: int, changes: Mapping[str, Any]) -> None:
        """Fields that live in tables of their own."""
        for name in self._statuses:
            if changes.get(name) and self.blueprint.model["status"] == "history":
                code = self._code(self.family.field(name), changes[name])
                self.connection.execute("INSERT INTO steps (record, value) VALUES (?, ?)", (key, code))
        for field in self.family.fields:
            if field.kind == "tags" and field.name in changes and self.blueprint.model["tags"] == "table":
                self.connection.execute("DELETE FROM labels WHERE record = ?", (key,))
                self.connection.executemany("INSERT INTO labels VALUES (?, ?)", [(key, label) for label in changes[field.name]])

    def delete(self, key: int) -> None:
        """Removes a record and all that hangs on it."""
        for table, column in (
            *((name, "id") for name in self._tables()),
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
        if self._inline:
            return [(kind, body) for kind, body in json.loads(self._journal(key)[1])]
        return [(kind, body) for kind, body in self.connection.execute("SELECT kind, body FROM notes WHERE record = ? ORDER BY id", (key,))]

    def _journal(self, key: int) -> tuple[str, str]:
        """Where a record keeps its notes, as (table, content)."""
        for table in self._tables():
            found = self.connection.execute(f"SELECT journal FROM {table} WHERE id = ?", (key,)).fetchone()
            if found is not None:
                return table, found[0]
        raise EnvironmentFault(f"there is no record {key}", retryable=False)

    def _write_notes(self, key: int, notes: list[tuple[str, str]]) -> None:
        table, _ = self._journal(key)
        self.connection.execute(f"UPDATE {table} SET journal = ? WHERE id = ?", (json.dumps(notes, ensure_ascii=False), key))

    def add_note(self, key: int, kind: str, body: str) -> None:
        if self._inline:
            self._write_notes(key, [*self.notes(key), (kind, body)])
        else:
            self.connection.execute("INSERT INTO notes (record, kind, body) VALUES (?, ?, ?)", (key, kind, body))

    def move_notes(self, source: int, target: int) -> None:
        """Notes of the source now belong to the target, after its own."""
        for kind, body in self.notes(source):
            self.add_note(target, kind, body)
        if self._inline:
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
        strays = self.connection.execute(f"SELECT COUNT(*) FROM notes WHERE record NOT IN ({self.known})").fetchone()[0]
        return State(records, notes, waiting, self.users(), (*schema, f"stray notes: {strays}"))


def _thaw(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
