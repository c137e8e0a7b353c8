"""What reinforcement learning on verified outcomes adds to mid-training, and what the placebos add: the same bakes with nothing to be learned from.

    .venv/bin/bakeoff experts collect data/gain --environment browser --family crm --template qualify-lead --template assign-lead \
        --template revalue-lead --products 10 --n 180 --sample 0.02
    .venv/bin/python benchmarks/baked_gain.py --data data/gain --seeds 5 [--items 80] [--products 10] [--steps 250] [--updates 40] [--exam 120]

For each seed: mid-training on a few demonstrations; from its end expert iteration in the same products, once rewarded by verdicts and once by the toss
of a coin (both go on imitating the demonstrations beside what they keep); and mid-training whose demonstrations answer other questions. All are examined on the same other tasks of the same products with their
likeliest actions. Prints each seed's share passed, and paired differences over seeds with 95 % intervals (the seed is the unit; it draws the network, the
batches, the practised tasks and the examined ones). What is finished is not done again: the bakes lie under `--out`, and a run may be killed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bakeoff.contest.statistics import paired
from bakeoff.training.bake import Bake, fork
from bakeoff.training.recipe import Imitate, Iterate, Recipe

ARMS = ("mid-training", "with verdicts", "with coin tosses", "shuffled answers")
err = Console(stderr=True)


def share(recipe: Recipe, folder: Path, source: Path | None = None) -> float:
    """Share of the last examination that passed; NaN when nothing was judged."""
    if source is not None:
        fork(source, recipe, folder)

    def told(stage: str, done: int, total: int, figures: object) -> None:
        if done % max(1, total // 4) == 0:
            err.print(f"{folder.name}: {stage} {done} of {total} {figures}", soft_wrap=True)

    passed, judged = list(Bake(recipe, folder, told).run().examined.values())[-1]
    return passed / judged if judged else math.nan


def difference(name: str, first: Sequence[float], second: Sequence[float]) -> str:
    """Paired over seeds."""
    both = [(a, b) for a, b in zip(first, second, strict=True) if not math.isnan(a - b)]
    found = paired([[a] for a, _ in both], [[b] for _, b in both])
    apart = found.difference
    if apart.value is None or apart.low is None or apart.high is None:
        return f"{name}: {'none' if apart.value is None else format(apart.value, '+.3f')}, no interval with {len(both)} seeds"
    return f"{name}: {apart.value:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}], {len(both)} seeds, sign-flip p = {found.p:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of expert data")
    parser.add_argument("--environment", default="browser")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--products", type=int, default=10)
    parser.add_argument("--items", type=int, default=80, help="demonstrations of mid-training")
    parser.add_argument("--steps", type=int, default=250, help="of mid-training")
    parser.add_argument("--updates", type=int, default=40, help="rounds of practice")
    parser.add_argument("--groups", type=int, default=12, help="tasks of a round")
    parser.add_argument("--size", type=int, default=12, help="episodes of a task, at most")
    parser.add_argument("--rate", type=float, default=7e-4, help="learning rate of practice")
    parser.add_argument("--exam", type=int, default=120)
    parser.add_argument("--longest", type=int, default=14, help="actions of an episode, at most")
    parser.add_argument("--out", type=Path, default=Path("bakes/gain"))
    given = parser.parse_args()
    found: dict[str, list[float]] = {arm: [] for arm in ARMS}
    imitation = Imitate(steps=given.steps, learning_rate=2e-3, held_out=0.0)
    practice = Iterate(updates=given.updates, groups=given.groups, size=given.size, learning_rate=given.rate)
    seeds = range(given.first, given.first + given.seeds)
    for seed in seeds:
        plain = Recipe(
            "gain", given.environment, given.data, (imitation,), seed, {"width": 64, "layers": 2, "heads": 4, "texts": 32},
            given.exam, given.longest, products=given.products, items=given.items,
        )  # fmt: skip
        start = given.out / f"seed-{seed}-start"
        more = replace(plain, stages=(imitation, practice))
        values = (
            share(plain, start),
            share(more, given.out / f"seed-{seed}-verdicts", start),
            share(more.with_placebo("random-reward"), given.out / f"seed-{seed}-coin", start),
            share(plain.with_placebo("shuffled-answers"), given.out / f"seed-{seed}-shuffled"),
        )
        for arm, value in zip(ARMS, values, strict=True):
            found[arm].append(value)
        err.print(f"seed {seed}: " + ", ".join(f"{arm} {value:.2f}" for arm, value in zip(ARMS, values, strict=True)))
    table = Table("seed", *ARMS)
    for at, seed in enumerate(seeds):
        table.add_row(str(seed), *(f"{found[arm][at]:.3f}" for arm in ARMS))
    table.add_row("mean", *(f"{sum(found[arm]) / given.seeds:.3f}" for arm in ARMS))
    out = Console(highlight=False, width=110)
    out.print(table)
    out.print(
        f"{given.exam} tasks an examination; {given.items} demonstrations, {given.updates} rounds of {given.groups} tasks with at most {given.size} episodes each"
    )
    out.print(difference("verdicts less mid-training", found[ARMS[1]], found[ARMS[0]]))
    out.print(difference("verdicts less coin tosses", found[ARMS[1]], found[ARMS[2]]))
    out.print(difference("coin tosses less mid-training", found[ARMS[2]], found[ARMS[0]]))
    out.print(difference("mid-training less shuffled answers", found[ARMS[0]], found[ARMS[3]]))


if __name__ == "__main__":
    main()
