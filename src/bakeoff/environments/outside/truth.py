"""The state that a verdict is made from: tables of rows, read from the app's own authority. SQL is asked of an in-memory copy of it."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import sqlite3
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bakeoff.core import EnvironmentFault, UsageError
from bakeoff.environments.outside import text
from bakeoff.toml import nearest

if TYPE_CHECKING:
    from bakeoff.environments.outside.app import App, JsonSource

Row = dict[str, Any]
"""Values by column: None, int, float or str. What is nested is JSON text; bytes are base64."""

ROW = "_row"
"""Column of the in-memory copy that holds a row's key in the state."""


@dataclass(slots=True)
class State:
    """What is so at one moment.

    Attributes:
        tables: rows by table and key. A table without a key has its rows under their own content.
        keys: the columns a table's key is made of; empty where it has none.
        columns: the columns of each table, in order.
    """

    tables: dict[str, dict[str, Row]] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {"tables": self.tables, "keys": self.keys, "columns": self.columns}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> State:
        return cls(
            {name: {key: dict(row) for key, row in rows.items()} for name, rows in data["tables"].items()},
            {name: tuple(columns) for name, columns in data["keys"].items()},
            {name: tuple(columns) for name, columns in data["columns"].items()},
        )

    def to_sqlite(self) -> bytes:
        """The tables as an SQLite database, for an artefact. What makes a table's key is its primary key there."""
        connection = as_database(self, keyed=False)
        try:
            return connection.serialize()
        finally:
            connection.close()

    def from_sqlite(self, content: bytes) -> State:
        """The state in such a database; what makes a table's key is taken from this state. Raises `sqlite3.DatabaseError`."""
        found = State()
        connection = sqlite3.connect(":memory:")
        try:
            connection.deserialize(content)
            connection.row_factory = sqlite3.Row
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                rows = connection.execute(f"select * from {_quoted(name)}")
                columns = [item[0] for item in rows.description]
                found.add(name, map(dict, rows.fetchall()), self.keys.get(name, ()), [item for item in columns if item != ROW])
                if ROW in columns:  # a table without columns
                    found.tables[name], found.columns[name] = {}, ()
        finally:
            connection.close()
        return found

    def copy(self) -> State:
        return State.from_dict(self.to_dict())

    def add(self, table: str, rows: Iterable[Mapping[str, Any]], key: tuple[str, ...], columns: Sequence[str] = ()) -> None:
        """Adds a table. Rows without a key are named by their content, equal ones by number as well."""
        found: dict[str, Row] = {}
        for raw in rows:
            row = {name: plain(value) for name, value in raw.items()}
            name = "/".join(str(row.get(column)) for column in key) if key else json.dumps(row, sort_keys=True)
            while name in found:
                name += "'"
            found[name] = row
        self.tables[table], self.keys[table] = found, key
        self.columns[table] = tuple(dict.fromkeys([*columns, *(column for row in found.values() for column in row)]))


def plain(value: Any) -> Any:
    """A value as None, int, float or str."""
    if value is None or isinstance(value, (int, float, str)):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return str(value)


# --- reading ------------------------------------------------------------------------------------------------------------------------


def read_state(app: App, places: text.Values, origin: str, cookies: str = "") -> State:
    """Reads all that the app's [truth] names, but what is noise as a whole.

    `places`: for placeholders; `cookies`: header of the worker's session, for JSON that needs one.
    Raises `EnvironmentFault` when it cannot be read.
    """
    state, truth = State(), app.truth
    if truth.database:
        address = text.fill(truth.database, places, app.where)
        if address.startswith("sqlite:///"):
            _read_sqlite(app, state, Path(address.removeprefix("sqlite:///")))
        else:
            _read_database(app, state, address)
    for source in truth.json:
        if not truth.ignored(source.table):
            _read_json(app, state, source, places, origin, cookies)
    if truth.files and not truth.ignored("files"):
        _read_files(app, state, Path(str(places["data"])))
    if not state.tables:
        raise UsageError(f"{app.where}: [truth] finds no table; is 'database' right, and is not everything noise?")
    return state


def _read_sqlite(app: App, state: State, path: Path) -> None:
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("begin")
            for name, sql in connection.execute("select name, sql from sqlite_master where type = 'table' order by name").fetchall():
                if app.truth.ignored(name) or name.startswith("sqlite_") or "virtual table" in (sql or "").lower()[:40]:
                    continue
                columns = connection.execute(f"pragma table_info({_quoted(name)})").fetchall()
                key = tuple(row["name"] for row in sorted(columns, key=lambda row: row["pk"]) if row["pk"])
                kept = [row["name"] for row in columns if key or not app.truth.noisy(name, row["name"])]
                listed = ", ".join(map(_quoted, kept))
                state.add(name, map(dict, connection.execute(f"select {listed} from {_quoted(name)}").fetchall()), key, kept)
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise EnvironmentFault(f"app '{app.name}': its database {path.name} cannot be read: {problem}") from problem


def _read_database(app: App, state: State, address: str) -> None:
    try:
        import sqlalchemy as sql
    except ModuleNotFoundError as missing:
        raise UsageError(f"{app.where}: [truth]: a 'database' other than sqlite:/// needs SQLAlchemy; pip install sqlalchemy") from missing
    if address.startswith(("postgresql://", "postgres://")):
        address = f"postgresql+psycopg://{address.partition('://')[2]}"
    try:
        engine = sql.create_engine(address)
    except (sql.exc.ArgumentError, sql.exc.NoSuchModuleError) as problem:
        raise UsageError(f"{app.where}: [truth]: 'database' is no address that SQLAlchemy can open here: {problem}") from problem
    except ModuleNotFoundError as missing:
        install = "pip install 'bakeoff[postgresql]'" if address.startswith("postgres") else f"install {missing.name}"
        raise UsageError(f"{app.where}: [truth]: 'database' needs {missing.name}, not installed here; {install}") from missing
    try:
        meta = sql.MetaData()
        with engine.connect() as connection:
            meta.reflect(connection)
            for table in meta.sorted_tables:
                if app.truth.ignored(table.name):
                    continue
                key = tuple(column.name for column in table.primary_key.columns)
                kept = [column for column in table.columns if key or not app.truth.noisy(table.name, column.name)]
                state.add(table.name, (dict(row) for row in connection.execute(sql.select(*kept)).mappings()), key, [c.name for c in kept])
    except sql.exc.SQLAlchemyError as problem:
        raise EnvironmentFault(f"app '{app.name}': its database cannot be read: {str(problem).splitlines()[0]}") from problem
    finally:
        engine.dispose()


def _read_json(app: App, state: State, source: JsonSource, places: text.Values, origin: str, cookies: str) -> None:
    what = text.fill(source.url or source.file, places, app.where)
    try:
        if source.url:
            head = {name: text.fill(value, places, app.where) for name, value in source.headers.items()}
            request = urllib.request.Request(origin + what, headers={"Accept": "application/json", "Cookie": cookies} | head)
            with direct().open(request, timeout=15) as answer:
                found: Any = json.load(answer)
        else:
            found = json.loads(Path(str(places["data"]), what).read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        there = sorted(path.name for path in Path(str(places["data"])).iterdir())
        raise UsageError(
            f"{app.where}: [[truth.json]] '{source.table}': there is no file '{what}' in {{data}}{nearest(what, there)}; there is {', '.join(there) or 'nothing'}"
        ) from problem
    except (OSError, ValueError) as problem:
        raise EnvironmentFault(f"app '{app.name}': the truth at {what} cannot be read: {problem}") from problem
    names: list[str] = []
    for part in filter(None, source.at.split(".")):
        names = list(found) if isinstance(found, dict) else []
        found = found[part] if isinstance(found, dict) and part in found else None
    if isinstance(found, dict):  # records by their name
        found = [{"key": name, **(item if isinstance(item, dict) else {"value": item})} for name, item in found.items()]
    if not isinstance(found, list):
        raise UsageError(
            f"{app.where}: [[truth.json]] '{source.table}': there is no list at '{source.at or 'the top'}' of {what}{nearest(source.at.rpartition('.')[2], names)}"
        )
    rows = [item if isinstance(item, dict) else {"value": item} for item in found]
    if source.key and any(source.key not in row for row in rows):
        raise UsageError(f"{app.where}: [[truth.json]] '{source.table}': a record of {what} has no '{source.key}'")
    key = (source.key,) if source.key else ()
    state.add(source.table, ([{n: v for n, v in row.items() if key or not app.truth.noisy(source.table, n)} for row in rows]), key)


def direct() -> urllib.request.OpenerDirector:
    """Opens addresses without any proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _read_files(app: App, state: State, folder: Path) -> None:
    rows = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_file() and any(fnmatch.fnmatch(relative, pattern) for pattern in app.truth.files):
            rows.append({"path": relative, "text": path.read_bytes().decode("utf-8", "backslashreplace")})
    state.add("files", rows, ("path",), ("path", "text"))


# --- asking -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """SQL in SQLite's dialect with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


def as_database(state: State, keyed: bool = True) -> sqlite3.Connection:
    """The state as an in-memory database; if `keyed`, each row carries its key in the column `_row`."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    for name, rows in state.tables.items():
        _write(connection, state, name, rows, keyed)
    connection.commit()
    return connection


def _write(connection: sqlite3.Connection, state: State, name: str, rows: Mapping[str, Row], keyed: bool) -> None:
    columns = state.columns[name]
    key = () if keyed else _unique(state, name)
    numbered = key if len(key) == 1 and all(type(row[key[0]]) is int for row in rows.values()) else ()
    named = [*([ROW] if keyed or not columns else []), *columns]
    listed = [_quoted(column) + (" integer primary key" if column in numbered else "") for column in named]
    table, ending = _quoted(name), ""
    if key and not numbered:
        listed.append(f"primary key ({', '.join(map(_quoted, key))})")
        ending = " without rowid"
    connection.execute(f"create table {table} ({', '.join(listed)}){ending}")
    if not columns:
        return
    first: list[tuple[Any, ...]]
    if keyed or key:
        first = [(row_key,) if keyed else () for row_key in rows]
    else:  # a number that stays with the row, whatever happens to others
        alias = next(word for word in ("rowid", "oid", "_rowid_") if word not in columns)
        named = [alias, *named]
        first = [(int.from_bytes(hashlib.sha256(row_key.encode()).digest()[:7]),) for row_key in rows]
    marks, places = ", ".join("?" * len(named)), ", ".join(map(_quoted, named))
    cells = [tuple(row.get(column) for column in columns) for row in rows.values()]
    connection.executemany(
        f"insert into {table} ({places}) values ({marks})", [(*one, *rest) for one, rest in zip(first, cells, strict=True)]
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unique(state: State, table: str) -> tuple[str, ...]:
    """The columns of a table's key where they tell all rows apart, else none."""
    key = state.keys.get(table, ())
    found = [tuple(row.get(column) for column in key) for row in state.tables[table].values()]
    return key if key and len(set(found)) == len(found) and not any(None in item for item in found) else ()


def run_query(state: State, query: Query, where: str) -> list[Row]:
    """The rows that a query finds. Raises `UsageError` when it is no query that the state can answer."""
    connection = as_database(state)
    try:
        return [dict(row) for row in connection.execute(query.sql, query.parameters).fetchall()]
    except sqlite3.Error as problem:
        raise UsageError(f"{where}: the query cannot be answered ({problem}); tables are {', '.join(sorted(state.tables))}") from problem
    finally:
        connection.close()


def changed_by(state: State, queries: Iterable[Query], where: str) -> State:
    """The state after some SQL statements, for proofs. Raises `UsageError` when one cannot be carried out or changes nothing."""
    connection = as_database(state)
    try:
        for query in queries:
            if connection.execute(query.sql, query.parameters).rowcount < 1:
                raise UsageError(f"{where}: '{query.sql}' changes nothing")
        after = State({}, dict(state.keys), dict(state.columns))
        for name in state.tables:
            found: dict[str, Row] = {}
            for number, raw in enumerate(connection.execute(f"select * from {_quoted(name)}").fetchall()):
                row = dict(raw)
                found[str(row.pop(ROW) or f"new-{number}")] = row
            after.tables[name] = found
        return after
    except sqlite3.Error as problem:
        raise UsageError(f"{where}: {problem}; tables are {', '.join(sorted(state.tables))}") from problem
    finally:
        connection.close()
