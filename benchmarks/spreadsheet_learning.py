"""Learning curves at the spreadsheet: success by attempt group, by house in the order met, and by kind of job.

    python benchmarks/spreadsheet_learning.py --split dev --families loan statements --houses 3 --episodes 20
    python benchmarks/spreadsheet_learning.py --split dev --houses 3 --episodes 20 --wipe      # memory wiped before each house
    python benchmarks/spreadsheet_learning.py --split dev --families loan --houses 4 --compare --fresh   # what memory is worth: carried, wiped before each house, wiped before each workbook
    python benchmarks/spreadsheet_learning.py --agents noop random trace-memory --houses 2

Each agent works in the houses of each family in a row: kinds of job in a random order, other figures in every workbook, feedback `outcome` and no practice
unless they are asked for, no demonstration. Without `--wipe` its memory carries over from house to house and from family to family (`--fresh`: only within a family). Intervals are over
houses (Student's t, 95 %); differences are paired by house (`bakeoff.contest.statistics`). Building a whole model in an empty workbook (`from-scratch`) is left
out unless it is named. Results are printed as they come, and kept as JSON with `--out`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

from bakeoff.contest.statistics import paired
from bakeoff.core import (
    FEEDBACK_LEVELS,
    Agent,
    Environment,
    Feedback,
    Ledger,
    Practice,
    Task,
    TaskId,
    feedback,
    make_agent,
    make_environment,
)

GROUPS = ((1, 1), (2, 5), (6, 10), (11, 20))
STUDENT = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228}
Row = dict[str, Any]
Wipe = Literal["never", "house", "workbook"]


def episode(environment: Environment, agent: Agent, task: Task, level: Feedback, left: int) -> Row:
    """Offers practice, works one task, lets the agent learn from what it is told, and says how it went. `left`: practice actions."""
    began, thought, ledger = time.process_time(), 0.0, Ledger()
    if left > 0:
        agent.practise(Practice(environment, task, left, ledger))
    observation = environment.reset(task)
    while not observation.done:
        before = time.process_time()
        action = agent.act(observation)
        thought += time.process_time() - before
        observation = environment.step(action)
    verdict = environment.verify()
    before = time.process_time()
    outcome = feedback(level, verdict)
    agent.learn(observation, outcome)
    learned = time.process_time() - before
    row = {
        "passed": bool(outcome.passed),
        "abstained": outcome.abstained,
        "steps": observation.step,
        "practice": ledger.practice_steps,
        "thought": thought,
        "learned": learned,
    }
    return {**row, "seconds": time.process_time() - began}


def run(environment: Environment, spec: str, options: argparse.Namespace, out: Path | None, wipe: Wipe) -> list[Row]:
    rows: list[Row] = []
    agent = make_agent(spec, environment.tools, options.seed)
    families = options.families or list(dict.fromkeys(product.family for product in environment.products(split=options.split)))
    order = 0
    for family in families:
        if options.fresh:
            agent = make_agent(spec, environment.tools, options.seed)
        products = environment.products(family=family, split=options.split)
        chosen = random.Random(f"{options.seed}/{family}").sample(list(products), options.houses)
        for place, product in enumerate(chosen, 1):
            if wipe == "house":
                agent = make_agent(spec, environment.tools, options.seed)
            kinds = [kind for kind in options.templates or product.templates if kind in product.templates]
            kinds = kinds if options.templates else [kind for kind in kinds if kind != "from-scratch"]
            draw = random.Random(f"{options.seed}/{product.name}")
            deck: list[str] = []
            left = options.practice
            order += 1
            for attempt in range(1, options.episodes + 1):
                if not deck:
                    deck = draw.sample(kinds, len(kinds))
                if wipe == "workbook":
                    agent = make_agent(spec, environment.tools, options.seed)
                task_id = TaskId("spreadsheet", product.id, product.version, deck.pop(), draw.randrange(10**6))
                row = episode(environment, agent, environment.task(task_id), options.feedback, left)
                left -= row["practice"]
                about = {
                    "agent": spec,
                    "family": family,
                    "house": product.id,
                    "order": order,
                    "distance": product.distance,
                    "place": place,
                    "wiped": wipe,
                }
                rows.append({**about, "template": task_id.template, "task": str(task_id), "attempt": attempt, **row})
                if out is not None:
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
            last = [row for row in rows if row["house"] == product.id]
            print(f"{spec:14} {product.id:22} {product.distance:10} {sum(r['passed'] for r in last):3}/{len(last)}", flush=True)
            for belief in agent.beliefs()[: options.beliefs]:
                print("    ", belief)
    return rows


def differences(title: str, first: list[Row], second: list[Row], key: str) -> None:
    """First minus second, paired by house and by how often it was met (`key`: what else must agree), with its interval."""
    cells: list[dict[tuple[str, Any], list[float]]] = [defaultdict(list), defaultdict(list)]
    for side, rows in zip(cells, (first, second), strict=True):
        for row in rows:
            side[row["house"], row[key] if key else 0].append(float(row["passed"]))
    houses = sorted({house for house, _ in cells[0]} & {house for house, _ in cells[1]})
    groups: list[list[list[float]]] = [[], []]
    for house in houses:
        shared = sorted(what for where, what in cells[0] if where == house and (house, what) in cells[1])
        for group, side in zip(groups, cells, strict=True):
            group.append([statistics.fmean(side[house, what]) for what in shared])
    found = paired(*groups)
    mean, low, high = found.difference.value, found.difference.low, found.difference.high
    said = "undefined" if mean is None else f"{mean:+.2f}" + (f" [{low:+.2f}, {high:+.2f}]" if low is not None and high is not None else "")
    print(f"  {title}: {said}, {len(houses)} houses: {found.better} better, {found.worse} worse, {found.equal} the same")


def within(rows: list[Row]) -> None:
    """How much better the last jobs of a house are than its first."""
    last = max(row["attempt"] for row in rows)
    early = [row for row in rows if row["attempt"] <= 2]
    late = [row for row in rows if row["attempt"] > max(2, last // 2)]
    differences(f"attempts {max(2, last // 2) + 1}–{last} less attempts 1–2", late, early, "")


def interval(rows: list[Row]) -> str:
    """Mean over houses with its 95 % interval."""
    houses: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        houses[row["house"]].append(row["passed"])
    means = [sum(passed) / len(passed) for passed in houses.values()]
    centre = statistics.fmean(means)
    if len(means) < 2:
        return f"{centre:.2f} (one house)"
    half = STUDENT.get(len(means) - 1, 2.0) * statistics.stdev(means) / len(means) ** 0.5
    return f"{centre:.2f} [{max(0.0, centre - half):.2f}, {min(1.0, centre + half):.2f}]"


def table(rows: list[Row]) -> None:
    judged = [row for row in rows if not row["abstained"]]
    print(f"\n{rows[0]['agent']}: {len(judged)} episodes, {len(rows) - len(judged)} abstained")
    print(f"  all {interval(judged)}")
    for first, last in GROUPS:
        group = [row for row in judged if first <= row["attempt"] <= last]
        if group:
            print(f"  attempts {first}–{last}: {sum(row['passed'] for row in group)}/{len(group)}, {interval(group)}")
    within(judged)
    for title in ("order", "place", "family", "distance", "template"):
        cells: dict[Any, list[bool]] = defaultdict(list)
        for row in judged:
            cells[row[title]].append(row["passed"])
        print(f"  by {title}: " + "; ".join(f"{name} {sum(cell)}/{len(cell)}" for name, cell in cells.items()))
    mean = {what: statistics.fmean(row[what] for row in rows) for what in ("steps", "practice", "thought", "learned", "seconds")}
    print(
        f"  an episode: {mean['steps']:.1f} steps, {mean['practice']:.1f} of practice, {mean['seconds']:.2f} s of processor time, {mean['thought'] + mean['learned']:.2f} of it the agent's"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--agents", nargs="+", default=["apprentice"])
    parser.add_argument("--families", nargs="*", default=[], help="all without it")
    parser.add_argument("--split", default="train", choices=["train", "dev"], help="sealed houses are for bakeoff run alone")
    parser.add_argument("--houses", type=int, default=2, help="of each family")
    parser.add_argument("--episodes", type=int, default=20, help="workbooks of each house")
    parser.add_argument("--templates", nargs="*", default=[], help="kinds of job; all but from-scratch without it")
    parser.add_argument("--wipe", action="store_true", help="a fresh agent for each house: nothing carries over")
    parser.add_argument(
        "--fresh", action="store_true", help="a fresh agent for each family: what carries over comes from houses of the same family"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="every job three times: with memory carried, wiped before each house, wiped before each workbook; and the differences",
    )
    parser.add_argument("--practice", type=int, default=0, help="practice actions in each house")
    parser.add_argument("--feedback", default="outcome", choices=FEEDBACK_LEVELS[:3])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beliefs", type=int, default=0, help="how many sentences of belief to print for each house")
    parser.add_argument("--out", type=Path, help="a file for one JSON line an episode")
    options = parser.parse_args()
    with make_environment("spreadsheet") as environment:
        for spec in options.agents:
            first_arm = run(environment, spec, options, options.out, "house" if options.wipe else "never")
            table(first_arm)
            if options.compare:
                compare(first_arm, *(_told(run(environment, spec, options, options.out, wipe)) for wipe in ("house", "workbook")))


def _told(rows: list[Row]) -> list[Row]:
    table(rows)
    return rows


def compare(carried: list[Row], wiped: list[Row], none: list[Row]) -> None:
    """What memory is worth: of earlier houses, and of earlier workbooks of the same house. All did the same jobs."""
    pairs = (
        ("carried less wiped before each house, houses after the first of their family", carried, wiped, "place"),
        ("wiped before each house less wiped before each workbook, workbooks after the first", wiped, none, "attempt"),
        ("carried less wiped before each workbook, workbooks after the first of all", carried, none, ""),
    )
    for title, one, two, after in pairs:
        print(f"\n{title}")
        one, two = (
            [row for row in rows if not row["abstained"] and (row[after] > 1 if after else row["place"] > 1 or row["attempt"] > 1)]
            for rows in (one, two)
        )
        for first, last in ((1, 10**6), *GROUPS):
            left, right = ([row for row in rows if first <= row["attempt"] <= last] for rows in (one, two))
            if left and right:
                differences("all attempts" if last > 1000 else f"attempts {first}–{last}", left, right, "attempt")


if __name__ == "__main__":
    main()
