"""The apps of a plan: files that describe software from elsewhere, told to every process of a run by one variable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bakeoff.contest.store import Store
from bakeoff.core import UsageError
from bakeoff.toml import Table

APPS = "BAKEOFF_APPS"
"""Names the files to the environment `outside`, as `PATH` does programs."""


@dataclass(frozen=True, slots=True)
class AppFile:
    """One file: where it is, and the SHA-256 of what it says, which is part of a plan's identity as its place is not."""

    path: str
    digest: str


_PLAN = """# What `bakeoff run` does with the file of an app. Save it beside the file to change it: bakeoff run plan.toml
name = "{name}"
seed = 1
apps = ["{file}"]

[[agents]]
agent = "apprentice"

[[agents]]
agent = "trace-memory"

[[agents]]
agent = "random"
{expert}
[[streams]]
name = "{name}"
environment = "outside"
products = ["{name}"]
episodes = {episodes}
practice_steps = 60
"""


def is_app(top: Table) -> bool:
    """Whether a TOML file describes an app, and is no plan."""
    return not (top.has("agents") or top.has("streams")) and top.has("tasks") and (top.has("start") or top.has("truth"))


def plan_of(top: Table) -> str:
    """The usual plan for one app: who has to learn it, who does not, and its expert where every task has one."""
    tasks = top.take("tasks", list)
    expert = all(isinstance(task, dict) and task.get("expert") for task in tasks)
    return _PLAN.format(
        name=top.take("name", str),
        file=Path(top.file).name,
        episodes=max(12, 2 * len(tasks)),
        expert='\n[[agents]]\nagent = "expert"\n' if expert else "",
    )


def find(names: Sequence[str], beside: Path) -> tuple[AppFile, ...]:
    """The files, or those of the folders, that a plan names: beside the plan, else from the current folder. Raises `UsageError`."""
    found: list[AppFile] = []
    for name in names:
        place = next((path for path in (beside / name, Path(name)) if path.exists()), None)
        if place is None:
            raise UsageError(f"there is no app at '{name}', neither in {beside} nor in the current folder")
        files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
        if not files:
            raise UsageError(f"there is no TOML file in the folder '{name}'; an app is described by one, see docs/bring-your-own.md")
        found += [AppFile(str(file.resolve()), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]
    return tuple(dict.fromkeys(found))


def announce(paths: Sequence[str]) -> None:
    """Tells this process, and all that it starts from now on, which apps there are. Without any, what was told before holds."""
    if paths:
        os.environ[APPS] = os.pathsep.join(paths)


def announce_of(store: Store) -> None:
    """The same for the apps of a stored run, when its episodes are played or judged again."""
    announce([app["path"] for app in store.run.plan.get("apps", ())])
