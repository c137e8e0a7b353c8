"""Learning curves on generated office products: success by attempt group, by product order and by template.

    python benchmarks/products_learning.py --split dev --products 6 --episodes 20 --templates default
    python benchmarks/products_learning.py --split dev --products 6 --episodes 28 --before 8      # eight training products first
    python benchmarks/products_learning.py --split dev --products 6 --episodes 20 --wipe          # memory wiped before each product

Each agent meets the products of each family in a row: templates mixed at random, new data in every episode, feedback `outcome`, a practice budget for
each product, at most 30 actions an episode. With `--seed` the order of products, the tasks and the agent change. Intervals are over products
(Student's t and bootstrap, the wider); timings are processor time. Results are printed as they come and written as JSON with `--out`.
Simplification: one pass for each seed; `bakeoff run` makes the proper experiment with repetitions and all the other agents in it.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from bakeoff.contest.statistics import Estimate, estimate
from bakeoff.core import Agent, Environment, Ledger, Practice, Product, Scored, TaskId, feedback, make_agent, make_environment

GROUPS = ((0, 1), (0, 5), (5, 10), (10, 20), (20, 30), (30, 60))
FAMILIES = ("crm", "helpdesk", "payables", "hr", "travel", "shop")
DEFAULT = (
    "qualify-lead", "assign-lead", "revalue-lead", "label-lead", "assign-ticket", "route-ticket", "escalate-ticket", "label-ticket",
)  # fmt: skip
Row = dict[str, Any]


def shown(value: Estimate) -> str:
    """A figure with its 95 % interval over products."""
    if value.value is None or value.low is None or value.high is None:
        return "–" if value.value is None else f"{value.value:.2f}"
    return f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"


def work(environment: Environment, agent: Agent, product: Product, options: argparse.Namespace) -> list[Row]:
    """All episodes of one agent in one product."""
    shuffled = random.Random(f"{product.id} {options.seed}")
    offered = [name for name in product.templates if not options.templates or name in options.templates]
    templates: list[str] = []
    while len(templates) < options.episodes:
        templates += shuffled.sample(offered, len(offered))
    left, rows = options.practice, []
    for attempt, template in enumerate(templates[: options.episodes], 1):
        task = environment.task(TaskId(environment.name, product.id, product.version, template, 1_000 * options.seed + attempt))
        task = task.with_limits(steps=min(options.max_steps, task.limits.steps))
        if left > 0:
            room = Practice(environment, task, left, Ledger())
            agent.practise(room)
            left = room.left
        if agent.privilege == "expert":
            policy = environment.expert(task)
            assert policy is not None
            agent.assist(policy)
        observation, thought = environment.reset(task), 0.0
        while not observation.done:
            before = time.process_time()
            action = agent.act(observation)
            thought += time.process_time() - before
            observation = environment.step(action)
        verdict = environment.verify()
        before = time.process_time()
        agent.learn(observation, feedback("outcome", verdict))
        thought += time.process_time() - before
        rows.append(
            {"product": product.id, "distance": product.distance, "attempt": attempt, "template": template, "steps": observation.step}
            | {"passed": isinstance(verdict, Scored) and verdict.passed, "abstained": not isinstance(verdict, Scored)}
            | {"thought": thought, "practice": options.practice - left}
        )
    return rows


def run(environment: Environment, spec: str, family: str, options: argparse.Namespace, rows: list[Row]) -> None:
    """One agent through the products of one family; its rows are added and written after each product."""
    agent = make_agent(spec, environment.tools, options.seed)
    before = list(environment.products(family=family, split="train"))[: options.before]
    products = list(environment.products(family=family, split=options.split))[options.first : options.first + options.products]
    random.Random(f"order {options.seed}").shuffle(products)
    for order, product in enumerate([*before, *products], 1 - len(before)):
        if options.wipe:
            agent = make_agent(spec, environment.tools, options.seed)
        began = time.perf_counter()
        mine = [{"agent": spec, "family": family, "order": order} | row for row in work(environment, agent, product, options)]
        rows += mine if order > 0 else []
        passed = [bool(row["passed"]) for row in mine]
        groups = "  ".join(f"{a + 1}-{b}: {sum(passed[a:b]) / len(passed[a:b]):.2f}" for a, b in GROUPS[1:] if passed[a:b])
        print(
            f"{spec:20} {order:3} {product.id:18} {product.distance:10} {groups}  all: {sum(passed) / len(passed):.2f}"
            f"  {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        for sentence in agent.beliefs()[: options.beliefs]:
            print(f"    {sentence}")
        if options.out:
            options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def table(rows: list[Row]) -> None:
    """Success by attempt group with intervals over products, the rise, what was repeated, and the cells by order, distance and template."""
    judged = [row for row in rows if not row["abstained"]]
    if len(judged) < len(rows):
        print(f"\n{len(rows) - len(judged)} episodes abstained and are left out")
    for agent in dict.fromkeys(row["agent"] for row in judged):
        products: dict[str, list[Row]] = defaultdict(list)
        for row in judged:
            if row["agent"] == agent:
                products[row["product"]].append(row)
        print(f"\n{agent}: {len(products)} products, {sum(map(len, products.values()))} episodes, 95 % intervals over products")
        print(f"  all attempts: {shown(estimate([[float(r['passed']) for r in p] for p in products.values()], share=True))}")
        for a, b in GROUPS:
            some = [[float(r["passed"]) for r in p if a < r["attempt"] <= b] for p in products.values()]
            if any(some):
                print(f"  attempts {a + 1}-{b}: {shown(estimate(some, share=True))}")
        rise = [_mean(p[-5:]) - _mean(p[:5]) for p in products.values() if len(p) >= 10]
        halves = [_mean(p[len(p) // 2 :]) - _mean(p[: len(p) // 2]) for p in products.values() if len(p) >= 10]
        if rise:
            print(f"  last five less first five: {shown(estimate([[value] for value in rise]))}")
            print(f"  second half less first half: {shown(estimate([[value] for value in halves]))}")
        again = [row["passed"] for p in products.values() for row in _again(p)]
        if again:
            print(f"  once a template has passed in a product, it passes again: {sum(again)}/{len(again)} = {sum(again) / len(again):.2f}")
        every = [row for p in products.values() for row in p]
        print(f"  steps an episode {_average(every, 'steps'):.1f}, processor seconds of the agent {_average(every, 'thought'):.2f}")
        for title in ("order", "distance", "template"):
            cells: dict[Any, list[bool]] = defaultdict(list)
            for row in every:
                cells[row[title]].append(row["passed"])
            print(f"  by {title}: " + "; ".join(f"{name} {sum(cell)}/{len(cell)}" for name, cell in sorted(cells.items())))


def _again(rows: list[Row]) -> list[Row]:
    """Episodes whose template had passed before in this product."""
    done: set[str] = set()
    found = []
    for row in rows:
        if row["template"] in done:
            found.append(row)
        if row["passed"]:
            done.add(row["template"])
    return found


def _mean(rows: list[Row]) -> float:
    return sum(row["passed"] for row in rows) / len(rows)


def _average(rows: list[Row], what: str) -> float:
    return float(sum(row[what] for row in rows) / len(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--agents", nargs="+", default=["apprentice"])
    parser.add_argument("--family", default=None, choices=FAMILIES, help="crm and helpdesk in turn without it, each with a fresh agent")
    parser.add_argument("--split", default="train", choices=["train", "dev"], help="sealed products are for bakeoff run alone")
    parser.add_argument("--first", type=int, default=0, help="how many products to pass over")
    parser.add_argument("--products", type=int, default=3, help="of each family")
    parser.add_argument("--before", type=int, default=0, help="training products of the same family to work in first; they do not count")
    parser.add_argument("--wipe", action="store_true", help="a fresh agent for each product: nothing carries over")
    parser.add_argument(
        "--templates", nargs="+", default=[], help="kinds of job; `default` for the four of plans/default.toml; all without it"
    )
    parser.add_argument("--episodes", type=int, default=30, help="episodes in each product")
    parser.add_argument("--practice", type=int, default=80, help="practice actions in each product")
    parser.add_argument("--max-steps", type=int, default=30, help="actions in an episode")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beliefs", type=int, default=0, help="how many sentences of belief to print for each product")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.templates = list(DEFAULT) if options.templates == ["default"] else options.templates
    rows: list[Row] = []
    with make_environment("browser") as environment:
        for spec in options.agents:
            for family in [options.family] if options.family else ["crm", "helpdesk"]:
                run(environment, spec, family, options, rows)
    table(rows)


if __name__ == "__main__":
    main()
