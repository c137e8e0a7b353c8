"""One running copy of an app: built once, started on a port of its own, signed in, reset before every episode, ended with all it started.

What an app's `build` and `seed` commands make is kept in a cache (`$BAKEOFF_CACHE`, else `$XDG_CACHE_HOME/bakeoff`, else `~/.cache/bakeoff`) under a
digest of all that it depends on.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bakeoff.core import EnvironmentFault, UsageError
from bakeoff.environments.outside import keeper, text
from bakeoff.environments.outside.app import App, Command
from bakeoff.environments.outside.forms import Cookies, sign_in
from bakeoff.environments.outside.truth import State, direct, read_state

_TRIES = 3


class Running:
    """An app that is up. Made by `Running(app)`; close it.

    Attributes:
        origin: e.g. `http://127.0.0.1:40123`.
        cookies: the worker's session, by name; empty without one, or where steps in the page sign in.
        world: number of the data set that is in.
    Raises `UsageError` when the app's file is wrong or a package is missing, `EnvironmentFault` when the app does not come up.
    """

    def __init__(self, app: App) -> None:
        app.check_installed()
        self.app = app
        self.origin = app.start.url
        self.cookies: Cookies = {}
        self.world = -1
        self._folder = Path(tempfile.mkdtemp(prefix=f"bakeoff-app-{app.name}-"))
        self.data = self._folder / "data"
        self._log = self._folder / "app.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._snapshots: dict[int, tuple[Path, Cookies, State]] = {}

    # --- up and down -----------------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the app's process runs; an app that runs elsewhere counts as alive."""
        return bool(self.app.start.url) or (self._process is not None and self._process.poll() is None)

    def places(self) -> dict[str, Any]:
        """What placeholders stand for."""
        return self.app.places(port=str(self._port), data=str(self.data), world=str(self.world), origin=self.origin)

    def fresh(self, world: int) -> State:
        """Makes a fresh copy of a data set and returns its state, which is the same each time.

        Raises `EnvironmentFault` when the reset does not bring back the first state.
        """
        if world not in self._snapshots:
            return self._first(world)
        snapshot, self.cookies, first = self._snapshots[world]
        restart = self.app.reset.restart or not self.alive
        if restart:
            self._stop()
        self.world = world
        self._restore(snapshot)
        if restart:
            self._start()
        self._call_reset()
        state = self.state()
        if state.tables != first.tables:
            from bakeoff.environments.outside.verify import difference  # it knows what is noise

            lines = difference(self.app, first, state).lines()
            if lines:
                raise EnvironmentFault(f"app '{self.app.name}': [reset] does not bring back the first state: {'; '.join(lines[:3])}")
        return first

    def _first(self, world: int) -> State:
        """Brings a data set in for the first time, signs in and remembers what there is."""
        self.world = world
        if self.app.start.url:
            self.data.mkdir(exist_ok=True)
            self._wait_until_ready()
        else:
            self._stop()
            shutil.rmtree(self.data, ignore_errors=True)
            _copy(built(self.app, world), self.data)
            self._start()
        self._call_reset()
        self.cookies = sign_in(self.app, self.origin, self.places())
        snapshot = self._folder / f"snapshot-{world}"
        if self.app.reset.restart:
            self._stop()
        for name in self.app.reset.files:
            source = self.data / name
            if not source.exists():
                raise UsageError(f"{self.app.where}: [reset]: there is no '{name}' in the app's data folder once it is up")
            _copy(source, snapshot / name)
        if self.app.reset.restart:
            self._start()
        state = self.state()
        self._snapshots[world] = (snapshot, self.cookies, state)
        return state

    def _restore(self, snapshot: Path) -> None:
        """Copies files back: SQLite databases page by page within a transaction, so that a running app sees all or nothing; others as they are."""
        for name in self.app.reset.files:
            _put_back(snapshot / name, self.data / name)

    def _call_reset(self) -> None:
        reset = self.app.reset
        if reset.command:
            _run(self.app, reset.command, self.places(), reset.timeout, "reset command")
        if reset.http is not None:
            method, path, body = reset.http
            request = urllib.request.Request(self.origin + path, method=method, data=body.encode() if body else None)
            try:
                direct().open(request, timeout=reset.timeout).close()
            except (OSError, http.client.HTTPException) as problem:
                raise EnvironmentFault(f"app '{self.app.name}': the reset by {method} {path} failed: {problem}") from problem

    def _start(self) -> None:
        start = self.app.start
        for last in range(1, _TRIES + 1):
            if not self._port or last > 1:
                self._port = _free_port()
            self.origin = f"http://127.0.0.1:{self._port}"
            places = self.places()
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", keeper.__file__, *(text.fill(word, places, self.app.where) for word in start.command)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=text.fill(start.folder, places, self.app.where),
                    env=_environment(self.app, places),
                    start_new_session=True,
                )
            try:
                self._wait_until_ready()
                return
            except EnvironmentFault:
                self._stop()
                if last == _TRIES:
                    raise

    def _wait_until_ready(self) -> None:
        start = self.app.start
        deadline, pause = time.monotonic() + start.timeout, 0.02
        while True:
            if not self.alive:
                raise EnvironmentFault(f"app '{self.app.name}' ended at its start: {self._last_words()}")
            problem = _answers(self.origin + start.ready)
            if not problem:
                return
            if time.monotonic() > deadline:
                raise EnvironmentFault(
                    f"app '{self.app.name}' was not ready within {start.timeout:g} s at {self.origin}{start.ready} ({problem}); {self._last_words()}"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)

    def _last_words(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()] if self._log.is_file() else []
        return f"its last line was: {lines[-1].strip()[:300]}" if lines else "it said nothing"

    def check_alive(self) -> None:
        """Raises `EnvironmentFault` when the app has ended by itself: what happened in it cannot be judged."""
        if not self.alive:
            raise EnvironmentFault(f"app '{self.app.name}' ended by itself: {self._last_words()}")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(keeper.GRACE + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Ends the app and deletes its folder. Safe to call twice."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- the truth -------------------------------------------------------------------------------------------------------------

    def state(self) -> State:
        """What is so now."""
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self.cookies.items())
        return read_state(self.app, self.places(), self.origin, cookies)


# --- building -----------------------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where built data is kept."""
    own = os.environ.get("BAKEOFF_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "bakeoff")


def built(app: App, world: int) -> Path:
    """The folder that `build` and `seed` made for a data set, made now if need be. Raises `EnvironmentFault` when a command fails."""
    home = cache_folder() / "apps" / f"{app.name}-{app.recipe()}"
    base = _made(app, home / "base", None, app.start.build, -1)
    return base if not app.start.seed else _made(app, home / f"world-{world}", base, app.start.seed, world)


def _made(app: App, target: Path, base: Path | None, commands: tuple[Command, ...], world: int) -> Path:
    if target.is_dir():
        return target
    with _locked(target):
        if target.is_dir():  # another process has made it meanwhile
            return target
        work = target.with_name(f"{target.name}.new")
        shutil.rmtree(work, ignore_errors=True)
        if base is None:
            work.mkdir()
        else:
            _copy(base, work)
        for command in commands:
            _run(app, command, app.places(port="0", data=str(work), world=str(world), origin=""), app.start.build_timeout, "build command")
        work.rename(target)
    return target


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """One process at a time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(app: App, command: Command, places: Mapping[str, Any], seconds: float, what: str) -> None:
    """Runs a command to its end, in a group of its own."""
    words = [text.fill(word, places, app.where) for word in command]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, *words],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=text.fill(app.start.folder, places, app.where),
            env=_environment(app, places),
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired as problem:
            raise EnvironmentFault(f"app '{app.name}': the {what} '{' '.join(words[:4])}' took longer than {seconds:g} s") from problem
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
        if code:
            said.seek(0)
            lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
            last = lines[-1].strip()[:300] if lines else "without a word"
            raise EnvironmentFault(f"app '{app.name}': the {what} '{' '.join(words[:4])}' failed ({code}): {last}", retryable=False)


def _environment(app: App, places: Mapping[str, Any]) -> dict[str, str]:
    own = {name: text.fill(value, places, app.where) for name, value in app.start.env.items()}
    return {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC", "BAKEOFF_CLOCK": app.clock, **own}


# --- pieces -------------------------------------------------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _answers(address: str) -> str:
    """Empty when the address answers below 500, else what happened."""
    parts = urlsplit(address)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
        return "" if status < 500 else f"status {status}"
    except (OSError, http.client.HTTPException) as problem:
        return str(problem) or type(problem).__name__
    finally:
        connection.close()


def _is_sqlite(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _copy(source: Path, target: Path) -> None:
    """A file or a folder; databases as one whole, whatever their log files still hold."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for item in source.iterdir():
            _copy(item, target / item.name)
    elif _is_sqlite(source):
        with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as two:
            one.backup(two)
    elif not source.name.endswith(("-wal", "-shm", "-journal")):
        shutil.copy2(source, target)


def _put_back(source: Path, target: Path) -> None:
    """Makes a file or folder what it was."""
    if source.is_dir():
        target.mkdir(exist_ok=True)
        known = {item.name for item in source.iterdir()}
        for item in target.iterdir():
            if item.name not in known and not item.name.endswith(("-wal", "-shm", "-journal")):
                shutil.rmtree(item) if item.is_dir() else item.unlink()
        for name in sorted(known):
            _put_back(source / name, target / name)
    elif _is_sqlite(source) and target.is_file():
        try:
            with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target, timeout=10)) as two:
                one.backup(two)
        except sqlite3.Error as problem:
            raise EnvironmentFault(f"the database {target.name} could not be put back: {problem}") from problem
    else:
        old, new = (path.stat() if path.is_file() else None for path in (target, source))
        if old is None or new is None or (old.st_mtime_ns, old.st_size) != (new.st_mtime_ns, new.st_size):
            shutil.copy2(source, target)
