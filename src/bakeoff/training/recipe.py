"""Recipes: what is baked, from what data, in which stages. One TOML file.

name = "crm"
environment = "browser"
data = "data/crm"               # a folder of expert data, beside the recipe or from the current folder

[[collect]]                     # what the folder shall hold; collected first where it does not. May be repeated, and may be left out
family = "crm"
products = 30
n = 1200

[policy]                        # sizes of the small policy; may be left out
width = 96

[[stages]]
kind = "imitate"                # mid-training on the demonstrations
steps = 2400

[[stages]]
kind = "iterate"                # practice with verified outcomes, in the same products; or kind = "reinforce"
updates = 30

[examine]
tasks = 40                      # other tasks of the same products, after each stage
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from bakeoff.agents.baked import FORMAT
from bakeoff.core import UsageError
from bakeoff.experts.collect import Wanted
from bakeoff.toml import Table, read
from bakeoff.training.advantages import VARIANTS

Reward = Literal["verdict", "proxy"]
Placebo = Literal["", "shuffled-answers", "random-reward"]
PLACEBOS: tuple[Placebo, ...] = ("shuffled-answers", "random-reward")


@dataclass(frozen=True, slots=True)
class Imitate:
    """Mid-training. `steps`: of the optimiser; `batch`: actions in each; `held_out`: share of demonstrations that are watched and never learned
    from; `rename`: of the words that instruction and screen share, the share that is renamed in each example, so that nothing is learned by heart;
    `placebo`: `shuffled-answers` gives each demonstration the question of another one of the same product and kind."""

    steps: int = 2400
    batch: int = 32
    learning_rate: float = 1e-3
    held_out: float = 0.1
    placebo: Placebo = ""
    rename: float = 0.5
    kind: Literal["imitate"] = "imitate"

    @property
    def rounds(self) -> int:
        return self.steps


@dataclass(frozen=True, slots=True)
class Reinforce:
    """Reinforcement learning on verified outcomes. In each of `updates` updates, `groups` tasks are done `size` times; `passes` over each batch;
    `variant`: see `advantages`. Groups that pass or fail as one are replaced by further tasks, up to `patience` times as many. `placebo`:
    `random-reward` rewards by the toss of a coin instead. `reward`: `proxy` rewards by what a planted loophole offers instead of by the verdict, to see
    whether the policy learns to cheat."""

    updates: int = 40
    groups: int = 8
    size: int = 4
    learning_rate: float = 1e-4
    temperature: float = 1.0
    variant: str = "rloo"
    passes: int = 1
    patience: int = 2
    placebo: Placebo = ""
    reward: Reward = "verdict"
    kind: Literal["reinforce"] = "reinforce"

    @property
    def rounds(self) -> int:
        return self.updates


@dataclass(frozen=True, slots=True)
class Iterate:
    """Expert iteration on verified outcomes (see `iterate`). In each of `updates` rounds, `groups` tasks are done until one of at most `size` episodes is
    rewarded; the first as the policy would do it, the others but for an action or two, drawn from the `top_k` likeliest at `temperature`.
    Then `steps` steps of imitation of `batch` actions, half of demonstrations, half of the episodes that were kept; without `rehearse` of these alone. `branch`:
    false draws all actions of the others. `rename`: as in mid-training.
    `placebo`, `reward`: as in `Reinforce`."""

    updates: int = 40
    groups: int = 12
    size: int = 12
    steps: int = 12
    batch: int = 32
    learning_rate: float = 7e-4
    temperature: float = 2.5
    top_k: int = 4
    rename: float = 0.5
    branch: bool = True
    rehearse: bool = True
    placebo: Placebo = ""
    reward: Reward = "verdict"
    kind: Literal["iterate"] = "iterate"

    @property
    def rounds(self) -> int:
        return self.updates


Stage = Imitate | Reinforce | Iterate


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe.

    Attributes:
        data: the folder of expert data. collect: what it shall hold, to be collected where it does not.
        products, items: only the first so many products of the folder are learned from, and of these the first so many items; 0 for all.
        policy: sizes of the network. examine: tasks of each examination; before: one before the first stage, too; between: one
            after every so many updates of practice. steps: longest episode. every: rounds between two saved states.
    """

    name: str
    environment: str
    data: Path
    stages: tuple[Stage, ...]
    seed: int = 0
    policy: dict[str, Any] = field(default_factory=dict)
    examine: int = 40
    steps: int = 40
    every: int = 100
    collect: tuple[Wanted, ...] = ()
    products: int = 0
    items: int = 0
    before: bool = False
    between: int = 0

    @property
    def digest(self) -> str:
        """Of all that decides the result, the networks' format included; eight hexadecimal digits."""
        data = {**self.facts(), "every": 0, "format": FORMAT}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]

    def facts(self) -> dict[str, Any]:
        """All that it says, ready for JSON. What a recipe does not make use of is left out, so that a recipe keeps its digest when recipes learn to say more."""
        data: dict[str, Any] = {**asdict(self), "data": self.data.name}
        for stage in data["stages"]:
            if stage.get("reward") == "verdict":
                del stage["reward"]
        for wanted in data["collect"]:
            if not wanted["suffix"]:
                del wanted["suffix"]
        return data

    def with_placebo(self, placebo: Placebo) -> Recipe:
        """The same, with this placebo in every stage that can have it. Raises `UsageError` where none can."""
        kinds = ("imitate",) if placebo == "shuffled-answers" else ("reinforce", "iterate")
        if not any(stage.kind in kinds for stage in self.stages):
            raise UsageError(f"the placebo {placebo} needs a stage of the kind {' or '.join(kinds)}")
        stages = tuple(replace(stage, placebo=placebo) if stage.kind in kinds else stage for stage in self.stages)
        return replace(self, stages=stages, name=f"{self.name}-{placebo}")


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file. Raises `UsageError` with file, line and key for whatever is wrong."""
    top, _ = read(path, "recipes are TOML files such as recipes/crm.toml")
    name = top.take("name", str)
    environment = top.take("environment", str)
    given = Path(top.take("data", str))
    seed = top.number("seed", 0, 0)
    steps = top.number("max_steps", 1, 40)
    every = top.number("save_every", 1, 100)
    products, items = top.number("products", 0, 0), top.number("items", 0, 0)
    wanted = tuple(_wanted(table, environment) for table in top.tables("collect", "collection"))
    sizes = top.table("policy")
    policy = {} if sizes is None else _policy(sizes)
    stages = tuple(_stage(table) for table in top.tables("stages", "stage", needed=True))
    examined = top.table("examine")
    examine, before, between = 40, False, 0
    if examined is not None:
        examine, before, between = examined.number("tasks", 0), examined.take("before", bool, False), examined.number("every", 0, 0)
        examined.done()
    top.done()
    beside = path.parent / given
    return Recipe(
        name,
        environment,
        beside if beside.exists() else given,
        stages,
        seed,
        policy,
        examine,
        steps,
        every,
        wanted,
        products,
        items,
        before,
        between,
    )


def _policy(table: Table) -> dict[str, Any]:
    kind = table.choice("kind", ("pointer", "smollm2"), "pointer") if table.has("kind") else "pointer"
    policy: dict[str, Any] = {} if kind == "pointer" else {"kind": kind}
    sizes = {
        "pointer": {"width": 8, "layers": 1, "heads": 1, "texts": 4},
        "smollm2": {"rank": 1, "together": 1},
    }
    for key, least in sizes[kind].items():
        if table.has(key):
            policy[key] = table.number(key, least)
    if kind == "smollm2" and table.has("dtype"):
        policy["dtype"] = table.choice("dtype", ("bfloat16", "float32"), "bfloat16")
    if policy.get("width", 96) % policy.get("heads", 4):
        raise table.fail("the width must be a multiple of the number of heads", "width")
    table.done()
    return policy


def _wanted(table: Table, environment: str) -> Wanted:
    wanted = Wanted(
        environment,
        table.number("n", 1),
        table.take("family", str, ""),
        table.number("products", 0, 0),
        templates=table.texts("templates"),
        sample=_positive(table, "sample", 0.1, 0.0, 1.0),
        suffix=table.take("suffix", str, ""),
    )
    table.done()
    return wanted


def _stage(table: Table) -> Stage:
    kind = table.choice("kind", ("imitate", "reinforce", "iterate"))
    stage: Stage
    if kind == "imitate":
        plain = Imitate()
        stage = Imitate(
            table.number("steps", 1, plain.steps),
            table.number("batch", 1, plain.batch),
            _positive(table, "learning_rate", plain.learning_rate),
            _positive(table, "held_out", plain.held_out, 0.0, 0.9),
            table.choice("placebo", ("", "shuffled-answers"), ""),
            _positive(table, "rename", plain.rename, 0.0, 1.0),
        )
    elif kind == "iterate":
        looking = Iterate()
        stage = Iterate(
            table.number("updates", 1, looking.updates),
            table.number("groups", 1, looking.groups),
            table.number("size", 1, looking.size),
            table.number("steps", 1, looking.steps),
            table.number("batch", 2, looking.batch),
            _positive(table, "learning_rate", looking.learning_rate),
            _positive(table, "temperature", looking.temperature, 0.05, 10.0),
            table.number("top_k", 0, looking.top_k),
            _positive(table, "rename", looking.rename, 0.0, 1.0),
            table.take("branch", bool, looking.branch),
            table.take("rehearse", bool, looking.rehearse),
            table.choice("placebo", ("", "random-reward"), ""),
            table.choice("reward", ("verdict", "proxy"), looking.reward),
        )
    else:
        usual = Reinforce()
        stage = Reinforce(
            table.number("updates", 1, usual.updates),
            table.number("groups", 1, usual.groups),
            table.number("size", 2, usual.size),
            _positive(table, "learning_rate", usual.learning_rate),
            _positive(table, "temperature", usual.temperature, 0.05, 5.0),
            table.choice("variant", tuple(VARIANTS), usual.variant),
            table.number("passes", 1, usual.passes),
            table.number("patience", 1, usual.patience),
            table.choice("placebo", ("", "random-reward"), ""),
            table.choice("reward", ("verdict", "proxy"), usual.reward),
        )
    table.done()
    return stage


def _positive(table: Table, key: str, default: float, least: float = 1e-9, most: float = 1.0) -> float:
    value = float(table.take(key, (int, float), default))
    if not least <= value <= most:
        raise table.fail(f"must lie between {least:g} and {most:g}, not {value:g}", key)
    return value
