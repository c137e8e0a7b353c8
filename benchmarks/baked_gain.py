"""What practice with verified outcomes adds to mid-training, and what the placebos add: the same bakes with nothing to be learned from.

    .venv/bin/python benchmarks/baked_gain.py recipes/gain.toml --seeds 8
    .venv/bin/python benchmarks/baked_gain.py recipes/lm-cpu.toml --seeds 3 --updates 8

For each seed: the recipe's imitation; from its end the recipe's practice, once rewarded by verdicts and once by the toss of a coin; and imitation of
demonstrations that answer other questions. All are examined on the same other tasks of the same products with their likeliest actions. Prints each
seed's share passed, and paired differences over seeds with 95 % intervals (the seed is the unit; it draws the network or its adapters, the batches, the
practised tasks and the examined ones). What is finished is not done again: the bakes lie under `--out`, and a run may be killed.
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
from bakeoff.training.recipe import Imitate, Recipe, read_recipe

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
    parser.add_argument("recipe", type=Path, help="with stages of imitation, then of practice")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--updates", type=int, default=0, help="rounds of practice, instead of the recipe's")
    parser.add_argument("--out", type=Path, help="folder of the bakes; default: bakes/NAME-gain")
    given = parser.parse_args()
    recipe = read_recipe(given.recipe)
    out = given.out or Path("bakes") / f"{recipe.name}-gain"
    imitation = tuple(stage for stage in recipe.stages if isinstance(stage, Imitate))
    practice = tuple(replace(stage, updates=given.updates or stage.updates) for stage in recipe.stages if not isinstance(stage, Imitate))
    if recipe.stages[: len(imitation)] != imitation or not imitation or not practice:
        parser.error(f"'{given.recipe}' must have stages of imitation, then stages of practice")
    found: dict[str, list[float]] = {arm: [] for arm in ARMS}
    seeds = range(given.first, given.first + given.seeds)
    for seed in seeds:
        plain = replace(recipe, stages=imitation, seed=seed)
        more = replace(plain, stages=imitation + practice)
        start = out / f"seed-{seed}-start"
        values = (
            share(plain, start),
            share(more, out / f"seed-{seed}-verdicts", start),
            share(more.with_placebo("random-reward"), out / f"seed-{seed}-coin", start),
            share(replace(plain.with_placebo("shuffled-answers"), before=False), out / f"seed-{seed}-shuffled"),
        )
        for arm, value in zip(ARMS, values, strict=True):
            found[arm].append(value)
        err.print(f"seed {seed}: " + ", ".join(f"{arm} {value:.2f}" for arm, value in zip(ARMS, values, strict=True)))
    table = Table("seed", *ARMS)
    for at, seed in enumerate(seeds):
        table.add_row(str(seed), *(f"{found[arm][at]:.3f}" for arm in ARMS))
    table.add_row("mean", *(f"{sum(found[arm]) / given.seeds:.3f}" for arm in ARMS))
    said = Console(highlight=False, width=110)
    said.print(table)
    said.print(f"{recipe.examine} tasks an examination")
    said.print(difference("verdicts less mid-training", found[ARMS[1]], found[ARMS[0]]))
    said.print(difference("verdicts less coin tosses", found[ARMS[1]], found[ARMS[2]]))
    said.print(difference("coin tosses less mid-training", found[ARMS[2]], found[ARMS[0]]))
    said.print(difference("mid-training less shuffled answers", found[ARMS[0]], found[ARMS[3]]))


if __name__ == "__main__":
    main()
