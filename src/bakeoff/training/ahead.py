"""Bakes recipes ahead of a run, side by side, each in a process of its own. What was finished before is not done again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from bakeoff.contest.bakes import FACTS, BakeFacts, read_facts
from bakeoff.core import BakeoffError, EnvironmentFault, UsageError
from bakeoff.training.recipe import Recipe, read_recipe

Told = Callable[[str, int, int, Mapping[str, float]], None]
"""`(recipe and stage, round, rounds, figures)`."""


def folder_of(recipe: Recipe, root: Path) -> Path:
    """Where a recipe is baked: named by what decides the result."""
    return root / f"{recipe.name}-{recipe.digest}"


def bake_ahead(recipes: Sequence[str], root: Path, workers: int, told: Told) -> dict[str, BakeFacts]:
    """What came of each recipe, by its path as given. At most `workers` are baked at once.

    Raises `UsageError` for a recipe that cannot be baked and `EnvironmentFault` when an environment does not start here; the others' work is kept, and
    the same call goes on with it.
    """
    read = {path: read_recipe(Path(path)) for path in recipes}
    folders = {path: folder_of(recipe, root) for path, recipe in read.items()}
    waiting = [path for path in read if not (folders[path] / FACTS).exists()]
    running: dict[Connection, tuple[str, Any]] = {}
    context = multiprocessing.get_context("spawn")
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                path = waiting.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                child = context.Process(target=_bake, args=(path, str(folders[path]), theirs), daemon=False)
                child.start()
                theirs.close()
                running[ours] = (path, child)
            for pipe in wait(list(running)):
                assert isinstance(pipe, Connection)
                path, child = running[pipe]
                try:
                    kind, content = pipe.recv()
                except EOFError:
                    del running[pipe]
                    child.join()
                    if not (folders[path] / FACTS).exists():
                        raise UsageError(
                            f"the bake of '{path}' died (exit code {child.exitcode}); the same command goes on with it"
                        ) from None
                    continue
                if kind == "told":
                    stage, *rest = content
                    told(f"{read[path].name} {stage}", *rest)
                elif kind == "usage":
                    raise UsageError(content)
                else:
                    raise EnvironmentFault(content, retryable=False)
    finally:
        for _, child in running.values():
            child.terminate()
            child.join()
    return {path: read_facts(folder) for path, folder in folders.items()}


def _bake(path: str, folder: str, pipe: Connection) -> None:
    """In the child: says how it goes, then what stopped it, if anything did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))

    def send(told: tuple[str, Any]) -> None:
        try:
            pipe.send(told)
        except OSError:  # the parent is gone, killed perhaps; what was saved goes on another time
            os._exit(1)

    try:
        from bakeoff.training.bake import Bake

        Bake(read_recipe(Path(path)), Path(folder), lambda *what: send(("told", what))).run()
    except ModuleNotFoundError as missing:
        send(("usage", f"baking needs the Python package '{missing.name}'; install it with pip install 'bakeoff[train]'"))
    except EnvironmentFault as fault:
        send(("fault", fault.reason))
    except BakeoffError as problem:
        send(("usage", str(problem)))
    except Exception:
        send(("fault", f"the bake of '{path}' broke: {traceback.format_exc().strip()}"))
