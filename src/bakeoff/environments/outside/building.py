"""What an app's `build` and `seed` commands make, kept in a cache (`$BAKEOFF_CACHE`, else `$XDG_CACHE_HOME/bakeoff`, else `~/.cache/bakeoff`).

A folder there is named by a digest of all that it depends on, appears as a whole or not at all, and is made by one process while others wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.core import EnvironmentFault
from bakeoff.environments.outside import keeper, text
from bakeoff.environments.outside.app import App, Command
from bakeoff.environments.outside.copies import copy

Told = Callable[[str, int, int], None]
"""Is told what is being made, how many parts are done, and of how many."""


def prepare(apps: Sequence[App], told: Told = lambda what, done, total: None) -> None:
    """Builds whatever these apps need and is not there yet, so that no episode has to wait for it.

    Raises `UsageError` when a package is missing, `EnvironmentFault` when a command fails.
    """
    for app in apps:
        app.check_installed()
    making = [app for app in apps if app.start.build or app.start.seed]
    missing = [(app, world) for app in making for world in _worlds(app) if not place(app, world).is_dir()]
    for number, (app, world) in enumerate(missing):
        told(f"{app.name}, data set {world}" if app.start.seed else app.name, number, len(missing))
        built(app, world)
    if missing:
        told("ready", len(missing), len(missing))


def _worlds(app: App) -> range:
    return range(app.worlds + 1) if app.worlds else range(1, 2)


def place(app: App, world: int) -> Path:
    """Where the folder of a data set is, or will be."""
    home = cache_folder() / "apps" / f"{app.name}-{app.recipe()}"
    return home / f"world-{world}" if app.start.seed else home / "base"


def cache_folder() -> Path:
    """Where built data is kept."""
    own = os.environ.get("BAKEOFF_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "bakeoff")


def built(app: App, world: int) -> Path:
    """The folder that `build` and `seed` made for a data set, made now if need be. Raises `EnvironmentFault` when a command fails."""
    target = place(app, world)
    if target.is_dir():
        return target
    base = _made(app, target.with_name("base"), None, app.start.build, -1)
    return base if not app.start.seed else _made(app, target, base, app.start.seed, world)


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
            copy(base, work)
        for command in commands:
            run(app, command, app.places(port="0", data=str(work), world=str(world), origin=""), app.start.build_timeout, "build command")
        work.rename(target)
    return target


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """One process at a time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(app: App, command: Command, places: Mapping[str, Any], seconds: float, what: str) -> None:
    """Runs a command to its end, in a group of its own."""
    words = [text.fill(word, places, app.where) for word in command]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, *words],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=text.fill(app.start.folder, places, app.where),
            env=environment(app, places),
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


def environment(app: App, places: Mapping[str, Any]) -> dict[str, str]:
    own = {name: text.fill(value, places, app.where) for name, value in app.start.env.items()}
    return {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC", "BAKEOFF_CLOCK": app.clock, **own}
