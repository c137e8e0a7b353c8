"""The command line of expert data: collect, check, export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bakeoff.cli_common import err, friendly, out

experts = typer.Typer(no_args_is_help=True, help="Expert data: collect it from experts' runs, check it, export it for trainers.")

Folder = Annotated[Path, typer.Argument(help="Folder of the expert data.", show_default=False)]


@contextmanager
def _bar(what: str, total: int) -> Iterator[Progress]:
    columns = (
        TextColumn(f"{what}:"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        bar.add_task("", total=total)
        yield bar


@experts.command()
@friendly
def collect(
    folder: Folder,
    environment: Annotated[str, typer.Option("--environment", "-e", help="An environment; `bakeoff list` shows them.", show_default=False)],
    n: Annotated[int, typer.Option("--n", min=1, help="How many items there shall be.")] = 100,
    family: Annotated[str, typer.Option("--family", help="Only this job family.", show_default=False)] = "",
    products: Annotated[int, typer.Option("--products", min=0, help="How many training products; 0 for all.")] = 0,
    product: Annotated[
        list[str] | None, typer.Option("--product", help="This training product. May be repeated.", show_default=False)
    ] = None,
    template: Annotated[list[str] | None, typer.Option("--template", help="This kind of job. May be repeated.", show_default=False)] = None,
    sample: Annotated[float, typer.Option("--sample", min=0, max=1, help="Share of items that go through the dearer gates as well.")] = 0.1,
) -> None:
    """Collect expert data: questions, answers, demonstrations and reasons from experts' runs in training products, each through its gates.

    Stop it whenever you like and give the same command again: what is there is not done twice. Development and sealed products are refused.

    [b]Example[/]

      bakeoff experts collect data/crm --environment browser --family crm --products 30 --n 1200
    """
    from bakeoff.experts.collect import Wanted
    from bakeoff.experts.collect import collect as fill
    from bakeoff.experts.export import card
    from bakeoff.experts.shelf import Shelf

    wanted = Wanted(environment, n, family, products, tuple(product or ()), tuple(template or ()), sample)
    shelf = Shelf(folder)
    with _bar("collecting", n) as bar:
        result = fill(wanted, shelf, lambda done, what: bar.update(bar.task_ids[0], completed=done, description=what))
    if len(shelf):
        (folder / "README.md").write_text(card(shelf), encoding="utf-8")
    out.print(
        f"{result.added} items added, {result.before} were there, {result.rejected} failed a gate; {len(shelf)} in {folder}", soft_wrap=True
    )
    for item in list(shelf.rejected.values())[:5]:
        failed = "; ".join(f"{gate.name}: {gate.detail}" for gate in item.gates if gate.passed is False)
        err.print(f"[yellow]{item.id} failed {escape(failed)}[/]", soft_wrap=True)
    if result.faults:
        err.print(f"[red]{len(result.faults)} tasks could not be done; the first: {escape(result.faults[0])}[/]", soft_wrap=True)
        raise typer.Exit(1)


@experts.command()
@friendly
def check(folder: Folder) -> None:
    """Look through expert data again: nothing missing, gold states still pass, nothing from unseen products. Exits 1 on any problem."""
    from bakeoff.experts.check import check as look
    from bakeoff.experts.shelf import Shelf

    shelf = Shelf(folder, create=False)
    with _bar("checking", len(shelf)) as bar:
        problems = look(shelf, lambda done: bar.update(bar.task_ids[0], completed=done))
    for problem in problems:
        out.print(f"[red]{problem.item}: {escape(problem.what)}[/]", soft_wrap=True)
    out.print(f"{len(shelf)} items, {len(problems)} problems")
    if problems:
        raise typer.Exit(1)


@experts.command()
@friendly
def export(
    folder: Folder,
    to: Annotated[Path, typer.Option("--out", help="A file, or for sessions a folder.", show_default=False)],
    form: Annotated[str, typer.Option("--format", help="chat (JSONL for supervised fine-tuning) or sessions (for a viewer).")] = "chat",
) -> None:
    """Export expert data for other tools.

    [b]Example[/]

      bakeoff experts export data/crm --out crm.jsonl
    """
    from bakeoff.contest.host import HostedEnvironment
    from bakeoff.core import TaskId, UsageError
    from bakeoff.experts.export import FORMATS
    from bakeoff.experts.export import export as write
    from bakeoff.experts.shelf import Shelf

    shelf = Shelf(folder, create=False)
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'; there are {', '.join(FORMATS)}")
    if not len(shelf):
        raise UsageError(f"there are no items in '{folder}'")
    places = {TaskId.parse(item.id).environment for item in shelf}
    if len(places) > 1:
        raise UsageError(f"'{folder}' mixes environments with different tools: {', '.join(sorted(places))}; keep them apart")
    with HostedEnvironment(places.pop()) as host:
        tools = host.tools
    with _bar("exporting", len(shelf)) as bar:
        count = write(shelf, tools, to, form, lambda done: bar.update(bar.task_ids[0], completed=done))
    out.print(f"{count} items in {to}", soft_wrap=True)
