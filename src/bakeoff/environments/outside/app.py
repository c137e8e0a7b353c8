"""What an app's TOML file says: how it is started, reset and signed in to, where its truth is, and what there is to do in it.

A file describes one product. `docs/bring-your-own.md` explains every key. Placeholders in commands, paths and addresses: `{port}` a free port,
`{data}` the app's own folder of this episode's copy, `{here}` the folder of the TOML file, `{python}` this Python, `{world}` the number of the data
set, `{clock}` the file's `clock`, `{env.NAME}` a variable of the process environment.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bakeoff.core import SPLITS, Split, UsageError
from bakeoff.environments.outside import text
from bakeoff.environments.outside.jobs import Job, read_job
from bakeoff.environments.outside.steps import Step, read_steps
from bakeoff.toml import Table, nearest, read

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """How the app comes up.

    Attributes:
        command: the program and its arguments; empty when it runs already.
        url: where it runs already, e.g. `http://127.0.0.1:8000`; empty when `command` starts it.
        host: the host of `url` once more where that is no loopback address, as a sign that it is meant; empty otherwise.
        env: additions to the process environment.
        folder: working directory.
        ready: path that answers below 500 once the app is up.
        build: commands that make the data folder, once for each version of the app and its file.
        seed: commands that fill the folder of one data set (`{world}`), each on a copy of what `build` made.
        sources: files that `build` and `seed` depend on; with the versions of `needs` they say when to build anew.
        timeout, build_timeout: seconds the start, and each build command, may take.
    """

    command: Command
    url: str
    host: str
    env: Mapping[str, str]
    folder: str
    ready: str
    build: tuple[Command, ...]
    seed: tuple[Command, ...]
    sources: tuple[str, ...]
    timeout: float
    build_timeout: float


@dataclass(frozen=True, slots=True)
class Reset:
    """How a fresh copy is made: files copied back (with a restart if need be), a command, or an HTTP call; in this order, those that are given."""

    files: tuple[str, ...]
    restart: bool
    command: Command
    http: tuple[str, str, str] | None  # method, path, body
    timeout: float


@dataclass(frozen=True, slots=True)
class JsonSource:
    """Records in JSON: from a path of the app (`url`) or a file. `at`: dotted path to the list; `key`: the field that names a record."""

    table: str
    url: str
    file: str
    at: str
    key: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """Where the verifier reads what is so, out of the agent's reach.

    Attributes:
        database: an SQLAlchemy URL; empty for none.
        json: records by HTTP or from files.
        files: patterns of text files below the data folder; they make the table `files` with the columns `path` and `text`.
        tables: the only tables to read; empty for all.
        noise: what is not looked at, `table` or `table.column` (`*` stands for any table), each with its reason.
    """

    database: str
    json: tuple[JsonSource, ...]
    files: tuple[str, ...]
    tables: tuple[str, ...]
    noise: Mapping[str, str]

    def ignored(self, table: str) -> bool:
        return table in self.noise or (bool(self.tables) and table not in self.tables)

    def noisy(self, table: str, column: str) -> bool:
        return f"{table}.{column}" in self.noise or f"*.{column}" in self.noise


@dataclass(frozen=True, slots=True)
class Login:
    """How the worker is signed in before the episode: a form sent by us, a cookie, steps in the page; or nothing."""

    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    cookie: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """One app as its file describes it.

    Attributes:
        path: of the file; `digest`: SHA-256 of its bytes.
        name, version, family, about: of the product.
        split: `dev` unless the file says otherwise.
        needs: Python packages that must be installed; `install`: the command to say when they are not.
        clock: the moment at which the page's clock starts, or None. `{clock}` hands it to the app.
        worlds: number of data sets for tasks; 0 when the app has one, which practice then shares.
        open: path of an episode's first screen.
        hide: CSS selector of what no observation contains, e.g. a build number.
        view: width and height of the window.
        jobs: what there is to do, by template name.
    """

    path: Path
    digest: str
    name: str
    version: int
    family: str
    about: str
    split: Split
    needs: tuple[str, ...]
    install: str
    clock: str
    worlds: int
    open: str
    hide: str
    view: tuple[int, int]
    start: Start
    reset: Reset
    truth: Truth
    login: Login
    jobs: Mapping[str, Job]

    @property
    def where(self) -> str:
        return str(self.path)

    def missing(self) -> list[str]:
        """Packages that it needs and that are not installed."""
        return [name for name in self.needs if not _installed(name)]

    def check_installed(self) -> None:
        """Raises `UsageError` with the install command when a package is missing."""
        if missing := self.missing():
            install = self.install or f"pip install {' '.join(missing)}"
            raise UsageError(f"app '{self.name}' needs {', '.join(missing)}, not installed here; run: {install}")

    def places(self, **more: str) -> dict[str, Any]:
        """What placeholders of commands, paths and addresses stand for."""
        here = str(self.path.resolve().parent)
        return {"here": here, "python": sys.executable, "clock": self.clock, "env": os.environ, **more}

    def recipe(self) -> str:
        """A digest of all that the built data depends on."""
        own = (self.start.build, self.start.seed, self.start.folder, sorted(self.start.env.items()), self.clock, sys.version_info[:2])
        digest = hashlib.sha256(repr(own).encode())
        for name in sorted(self.needs):
            digest.update(f"{name}={metadata.version(name)}\n".encode())
        here = self.path.resolve().parent
        for file in self.files()[1:]:
            digest.update(file.relative_to(here).as_posix().encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:16]

    def files(self) -> tuple[Path, ...]:
        """The TOML file itself, and the files that its data is made by."""
        path = self.path.resolve()
        return (path, *(file for pattern in self.start.sources for file in sorted(path.parent.glob(pattern)) if file.is_file()))


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def read_app(path: Path) -> App:
    """Reads and checks one file. Raises `UsageError` that names the file, the key and what to do."""
    stat = path.stat() if path.is_file() else None
    return _read_app(path, None if stat is None else (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=64)
def _read_app(path: Path, _version: object) -> App:
    top, _ = read(path, "an app is described by a TOML file, see docs/bring-your-own.md")
    name = top.take("name", str)
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise top.fail(f"'name' must be lower-case letters, digits and hyphens, not '{name}'")
    version = top.take("version", int, 1)
    worlds = top.take("worlds", int, 0)
    if version < 1 or worlds < 0:
        raise top.fail("'version' must be at least 1 and 'worlds' at least 0")
    split = top.take("split", str, "dev")
    if split not in SPLITS:
        raise top.fail(f"'split' must be one of {', '.join(SPLITS)}, not '{split}'{nearest(split, SPLITS)}")
    clock = top.take("clock", str, "")
    if clock:
        try:
            datetime.fromisoformat(clock)
        except ValueError as problem:
            raise top.fail(f"'clock' must be a moment such as 2026-03-02T09:00:00+00:00, not '{clock}'") from problem
    view = top.take("view", list, [1280, 800])
    if len(view) != 2 or not all(isinstance(item, int) and item >= 200 for item in view):
        raise top.fail("'view' must be width and height in pixels, each at least 200")
    app = App(
        path=path,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        name=name,
        version=version,
        family=top.take("family", str, name),
        about=top.take("about", str, ""),
        split=split,
        needs=top.texts("needs"),
        install=top.take("install", str, ""),
        clock=clock,
        worlds=worlds,
        open=_path(top, "open", "/"),
        hide=top.take("hide", str, ""),
        view=(view[0], view[1]),
        start=_start(top),
        reset=_reset(top),
        truth=_truth(top),
        login=_login(top),
        jobs=_jobs(top),
    )
    top.done()
    _check(app)
    return app


def _path(table: Table, key: str, default: Any = ...) -> str:
    found: str = table.take(key, str, default)
    if found and not found.startswith("/"):
        raise table.fail(f"'{key}' is a path of the app and begins with '/', not '{found}'")
    return found


def _commands(table: Table, key: str) -> tuple[Command, ...]:
    """One command (a list of texts) or several (a list of such lists)."""
    value = table.take(key, list, [])
    several = [value] if value and all(isinstance(item, str) for item in value) else value
    for command in several:
        if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
            raise table.fail(f'\'{key}\' must be a command such as ["{{python}}", "seed.py"], or a list of commands')
    return tuple(tuple(command) for command in several)


def _command(table: Table, key: str) -> Command:
    found = _commands(table, key)
    if len(found) > 1:
        raise table.fail(f"'{key}' must be one command, a list of texts")
    return found[0] if found else ()


def _start(top: Table) -> Start:
    table = top.table("start") or Table({}, str(top.where), "[start]")
    start = Start(
        command=_command(table, "command"),
        url=table.take("url", str, "").rstrip("/"),
        host=table.take("host", str, ""),
        env=table.named_texts("env"),
        folder=table.take("folder", str, "{here}"),
        ready=_path(table, "ready", "/"),
        build=_commands(table, "build"),
        seed=_commands(table, "seed"),
        sources=table.texts("sources"),
        timeout=table.seconds("timeout", 40.0),
        build_timeout=table.seconds("build_timeout", 300.0),
    )
    table.done()
    if bool(start.command) == bool(start.url):
        raise table.fail("give either 'command', which starts the app, or 'url', where it runs already")
    if start.url and not re.fullmatch(r"https?://[^/\s]+", start.url):
        raise table.fail(f"'url' must be an origin such as http://127.0.0.1:8000, not '{start.url}'", "url")
    host = urlsplit(start.url).hostname or ""
    if host not in ("", "localhost", "127.0.0.1", "::1", start.host):
        raise table.fail(
            f"'url' leads to another machine, which episodes would change and nothing isolates; if you mean it, add host = \"{host}\"",
            "url",
        )
    if start.command and not any("{port}" in word for word in (*start.command, *start.env.values())):
        raise table.fail("'command' or 'env' must say {port} somewhere, so that copies can run side by side")
    return start


def _reset(top: Table) -> Reset:
    table = top.table("reset") or Table({}, str(top.where), "[reset]")
    http = table.table("http")
    call = None
    if http is not None:
        call = (http.take("method", str, "POST"), _path(http, "path"), http.take("body", str, ""))
        http.done()
    reset = Reset(
        files=table.texts("files"),
        restart=table.take("restart", bool, False),
        command=_command(table, "command"),
        http=call,
        timeout=table.seconds("timeout", 30.0),
    )
    table.done()
    if not (reset.files or reset.command or reset.http):
        raise table.fail("say how a fresh copy is made: 'files' to copy back, a 'command', or an 'http' call")
    return reset


def _truth(top: Table) -> Truth:
    table = top.table("truth")
    if table is None:
        raise top.fail("the table [truth] is missing; it says where the verifier reads what is so")
    sources = []
    for item in table.tables("json"):
        source = JsonSource(
            table=item.take("table", str),
            url=_path(item, "url", ""),
            file=item.take("file", str, ""),
            at=item.take("at", str, ""),
            key=item.take("key", str, ""),
            headers=item.named_texts("headers"),
        )
        item.done()
        if bool(source.url) == bool(source.file):
            raise item.fail("give either 'url' (a path of the app) or 'file'")
        sources.append(source)
    noise = table.take("noise", dict, {})
    for place, reason in _flat(noise).items():
        if not isinstance(reason, str) or not reason.strip():
            raise table.fail(f'say why \'{place}\' is noise: noise."{place}" = "the reason"')
    truth = Truth(table.take("database", str, ""), tuple(sources), table.texts("files"), table.texts("tables"), _flat(noise))
    table.done()
    if not (truth.database or truth.json or truth.files):
        raise table.fail("say where the truth is: 'database', [[truth.json]] or 'files'")
    return truth


def _flat(noise: Mapping[str, Any]) -> dict[str, Any]:
    """`noise.user.last_login = "…"` means the same as `noise."user.last_login" = "…"`."""
    found: dict[str, Any] = {}
    for name, reason in noise.items():
        if isinstance(reason, Mapping):
            found |= {f"{name}.{column}": why for column, why in reason.items()}
        else:
            found[name] = reason
    return found


def _login(top: Table) -> Login:
    table = top.table("login")
    if table is None:
        return Login()
    login = Login(
        form=_path(table, "form", ""),
        fields=table.named_texts("fields"),
        cookie=table.named_texts("cookie"),
        steps=read_steps(table.texts("steps"), f"{table.where} steps"),
    )
    table.done()
    if sum(map(bool, (login.form, login.cookie, login.steps))) != 1:
        raise table.fail("give one of 'form' (with 'fields'), 'cookie' and 'steps'")
    if login.cookie and not {"name", "value"} <= set(login.cookie):
        raise table.fail("a 'cookie' has a 'name' and a 'value'")
    return login


def _jobs(top: Table) -> dict[str, Job]:
    jobs: dict[str, Job] = {}
    for table in top.tables("tasks", "task"):
        job = read_job(table)
        if job.name in jobs:
            raise table.fail(f"two tasks are called '{job.name}'; name them apart")
        jobs[job.name] = job
    if not jobs:
        raise top.fail("there is no [[tasks]] table; an app needs at least one task")
    return jobs


def _check(app: App) -> None:
    """Placeholders of commands and paths exist."""
    places = app.places(port="0", data="", world="0", origin="")
    words: Sequence[str] = [
        *app.start.command,
        *(word for command in (*app.start.build, *app.start.seed) for word in command),
        *app.start.env.values(),
        app.start.folder,
        *app.reset.command,
        app.truth.database,
        *(word for source in app.truth.json for word in (source.url, source.file, *source.headers.values())),
        *app.login.fields.values(),
        *app.login.cookie.values(),
    ]
    for word in words:
        text.fill(word, places, app.where)
