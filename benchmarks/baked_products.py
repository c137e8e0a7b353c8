"""Skill by the number of training products: the same optimiser steps on the same number of demonstrations from 1, 3, 10, 30, 100 products.

    .venv/bin/python benchmarks/baked_products.py --family crm --templates qualify-lead,assign-lead,revalue-lead,label-lead \
        [--numbers 1,3,10,30,100] [--items 240] [--steps 1200] [--exam 40] [--dev 40] [--seed 0] [--out bakes/products]

For each number: expert data of so many training products, a bake on it, other tasks of the products it learned in, and tasks of as many development
products as asked for, with likeliest actions. Prints passed of judged with Wilson 95 % intervals. What is finished is not done again; a run may be killed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.statistics import wilson
from bakeoff.core import EnvironmentFault, Scored, TaskId, make_agent
from bakeoff.experts.collect import Wanted
from bakeoff.training.bake import Bake
from bakeoff.training.recipe import Imitate, Recipe

FIRST_SEED = 700_000
"""As `baked_transfer.py`: below the seeds of expert data and of reinforcement learning."""
err = Console(stderr=True)


def examine(agent: str, environment: str, tasks: list[TaskId], steps: int) -> tuple[int, int]:
    """Passed and judged of these tasks."""
    passed = judged = 0
    with HostedEnvironment(environment) as host:
        worker = make_agent(agent, host.tools, 0)
        for task_id in tasks:
            try:
                task = host.task(task_id)
                seen = host.reset(task.with_limits(steps=min(steps, task.limits.steps)))
                while not seen.done:
                    seen = host.step(worker.act(seen))
                verdict = host.verify()
            except EnvironmentFault as fault:
                err.print(f"{task_id}: {fault.reason}")
                if not host.alive:
                    break
                continue
            if isinstance(verdict, Scored):
                judged += 1
                passed += verdict.passed
    return passed, judged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", default="browser")
    parser.add_argument("--family", required=True)
    parser.add_argument("--templates", required=True, help="divided by commas")
    parser.add_argument("--numbers", default="1,3,10,30,100")
    parser.add_argument("--items", type=int, default=240, help="demonstrations, however many products they are from")
    parser.add_argument("--steps", type=int, default=1200, help="of the optimiser")
    parser.add_argument("--exam", type=int, default=40, help="other tasks of training products")
    parser.add_argument("--dev", type=int, default=40, help="development products, one task each")
    parser.add_argument("--longest", type=int, default=16, help="actions of an episode, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bakes/products"))
    given = parser.parse_args()
    templates = tuple(given.templates.split(","))
    with HostedEnvironment(given.environment) as host:
        train = host.products(family=given.family, split="train")
        unseen = host.products(family=given.family, split="dev")[: given.dev]
    table = Table("training products", "other tasks of these", "95 %", "development products", "95 %")
    for number in map(int, given.numbers.split(",")):
        folder = given.out / f"{given.family}-{number}-{given.seed}"
        known = folder.with_suffix(".json")
        if not known.exists():
            wanted = Wanted(given.environment, given.items, given.family, number, templates=templates, sample=0.0)
            recipe = Recipe(
                "products", given.environment, given.out / f"data-{given.family}-{number}",
                (Imitate(steps=given.steps, learning_rate=2e-3, held_out=0.0),), given.seed,
                {"width": 64, "layers": 2, "heads": 4, "texts": 32}, 0, given.longest, collect=(wanted,),
            )  # fmt: skip

            def told(stage: str, done: int, total: int, figures: Mapping[str, float], name: str = folder.name) -> None:
                if done % max(1, total // 4) == 0:
                    err.print(f"{name}: {stage} {done} of {total} {dict(figures)}", soft_wrap=True)

            agent = f"baked:{Bake(recipe, folder, told).run().checkpoint}"
            learned = [(train[at % number], at + at // number) for at in range(given.exam)]
            seen, other = (
                [TaskId(given.environment, one.id, one.version, templates[turn % len(templates)], FIRST_SEED + turn) for one, turn in turns]
                for turns in (learned, [(one, at) for at, one in enumerate(unseen)])
            )
            found = [examine(agent, given.environment, tasks, given.longest) for tasks in (seen, other)]
            known.write_text(json.dumps(found))
        row = [str(number)]
        for passed, judged in json.loads(known.read_text()):
            low, high = wilson(passed, judged)
            row += [f"{passed}/{judged} = {passed / max(judged, 1):.2f}", f"{low:.2f}–{high:.2f}"]
        table.add_row(*row)
    out = Console(highlight=False, width=120)
    out.print(table)
    out.print(f"{given.family}: {given.items} demonstrations, {given.steps} optimiser steps each, seed {given.seed}")


if __name__ == "__main__":
    main()
