"""What the command line knows of apps from elsewhere: their files as names, and how long their data takes to make."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bakeoff.core.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from bakeoff.contest.prepare import Told


def place_of(text: str) -> str:
    """`path/app.toml` and `path/app.toml/task#seed` as names of the environment `outside`, which then knows this one app; other texts as they are."""
    path, suffix, rest = text.partition(".toml")
    if not suffix or rest[:1] not in ("", "/", "#"):
        return text
    from bakeoff.contest.apps import announce
    from bakeoff.environments.outside.app import read_app

    file = Path(path + suffix)
    app = read_app(file)
    announce([str(file.resolve())])
    return f"outside/{app.name}@{app.version}{rest}"


@contextmanager
def making_ready(console: Console) -> Iterator[Told]:
    """A progress bar for what is made once, e.g. the data of an app; a line for each part where nobody watches."""
    columns = (
        TextColumn("making data, once:"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)

        def told(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total, visible=done < total)
            if not console.is_terminal and done < total:
                console.print(f"making data, once: {what} ({done + 1} of {total})", soft_wrap=True)

        yield told


# --- recording ----------------------------------------------------------------------------------------------------------------------


def lines_of_episode(folder: Path, episode: int, console: Console) -> tuple[str, list[str]]:
    """The task of a stored episode, and what was done in it as steps."""
    from bakeoff.contest.store import Store
    from bakeoff.environments.outside.evidence import ASKED, drawn
    from bakeoff.environments.outside.record import recorded

    with Store.open(folder) as store:
        found = store.episode(episode)
        trajectory, artefacts = store.trajectory(found), store.artefacts(found)
    if trajectory is None or artefacts is None:
        raise UsageError(f"nothing was kept of episode {episode} that could be written down; choose one that was scored")
    if ASKED not in artefacts:
        raise UsageError(f"episode {episode} was in environment '{found.environment}'; only apps from elsewhere take experts as steps")
    if not found.passed:
        console.print("[yellow]This episode did not pass; what it did is no expert.[/]")
    return found.task_id, [str(step) for step in recorded(trajectory, drawn(artefacts))]


def lines_of_person(text: str, console: Console) -> tuple[str, list[str]]:
    """Lets a person do a task in a window; then the task, and what was done as steps. `finish` ends it, on a line of its own, with the answer if
    one is asked for."""
    from bakeoff.contest.prepare import prepare
    from bakeoff.core import Abstained, TaskId
    from bakeoff.environments.outside.environment import OutsideEnvironment
    from bakeoff.environments.outside.record import Recorder

    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UsageError(
            "there is no screen to open a window on (DISPLAY is not set); to write down a stored run: bakeoff record RUN EPISODE"
        )
    place, _, seed = place_of(text).partition("#")
    environment, _, rest = place.partition("/")
    name, _, template = rest.partition("/")
    if environment != "outside" or not template:
        raise UsageError(f"'{text}' is no task of an app; write e.g. examples/lending.toml/take-back#3")
    with making_ready(console) as told:
        prepare(environment, [name], told)
    with closing(OutsideEnvironment(headless=False)) as found:
        product = found.product(name.partition("@")[0])
        task = found.task(TaskId(environment, product.id, product.version, template, int(seed or 1)))
        recorder = Recorder(found, task)
        console.print(
            f"[b]{escape(task.instruction)}[/]\nDo it in the window; then press Enter here, after the answer if one is asked for.",
            soft_wrap=True,
        )
        try:
            answer = input().strip()
        except EOFError:
            raise UsageError("the recording was not ended by a line; nothing is written down") from None
        steps, verdict = recorder.end(answer)
    if isinstance(verdict, Abstained):
        raise EnvironmentFault(f"the run was not judged: {verdict.reason}")
    if not verdict.passed:
        wrong = "; ".join(f"{check.name}: {check.detail}" for check in verdict.checks if not check.passed)
        console.print(f"[yellow]This run did not pass, so what it did is no expert: {escape(wrong)}[/]", soft_wrap=True)
    return str(task.id), [str(step) for step in steps]


def written(task: str, lines: Sequence[str], name: str) -> str:
    """The lines for the app's file."""
    key = f"alternatives.{name}" if name else "expert"
    return f"# {task}\n{key} = [\n" + "".join(f"  {json.dumps(line, ensure_ascii=False)},\n" for line in lines) + "]\n"
