"""One running copy of an app: built once, started on a port of its own, signed in, reset before every episode, ended with all it started."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bakeoff.core import EnvironmentFault, UsageError
from bakeoff.environments.outside import keeper, text
from bakeoff.environments.outside.app import App
from bakeoff.environments.outside.building import built, environment, run
from bakeoff.environments.outside.copies import copy, put_back
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
            copy(built(self.app, world), self.data)
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
            copy(source, snapshot / name)
        if self.app.reset.restart:
            self._start()
        state = self.state()
        self._snapshots[world] = (snapshot, self.cookies, state)
        return state

    def _restore(self, snapshot: Path) -> None:
        """Copies files back: SQLite databases page by page within a transaction, so that a running app sees all or nothing; others as they are."""
        for name in self.app.reset.files:
            put_back(snapshot / name, self.data / name)

    def _call_reset(self) -> None:
        reset = self.app.reset
        if reset.command:
            run(self.app, reset.command, self.places(), reset.timeout, "reset command")
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
                    env=environment(self.app, places),
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
                where = f"{self.origin}{start.ready}"
                if start.url:
                    raise EnvironmentFault(f"app '{self.app.name}' does not answer at {where} ({problem}); is it running?")
                raise EnvironmentFault(
                    f"app '{self.app.name}' was not ready within {start.timeout:g} s at {where} ({problem}); {self._last_words()}"
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
