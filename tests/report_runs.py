"""Synthetic runs for tests of the report, written through the store's own API: outcomes by chance, trajectories from the toy environment."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff.contest.store import NewEpisode, Store
from bakeoff.core import Abstained, Check, Ledger, Scored, TaskId, Trajectory, run_episode
from toy import WORDS, ToyEnvironment, goal_of, solve

TEMPLATES = ("relabel-locker", "assign-locker", "release-locker")
TOYS = ("toy-alpha", "toy-beta", "toy-gamma")


@dataclass(frozen=True)
class Worker:
    """`chance(attempt, place of the product)`: probability of a pass."""

    label: str
    spec: str
    privilege: str
    chance: Callable[[int, int], float]
    practice: int = 0
    beliefs: bool = False
    lasts: str = "stream"


WORKERS = (
    Worker("apprentice", "apprentice", "none", lambda n, k: min(0.9, 0.22 + 0.05 * n + 0.03 * k), 40, True),
    Worker("trace-memory", "trace-memory", "none", lambda n, k: min(0.5, 0.05 + 0.025 * n)),
    Worker("graph", "graph", "none", lambda n, k: min(0.42, 0.08 + 0.02 * n), 40),
    Worker("noop", "noop", "none", lambda n, k: 0.0),
    Worker("random", "random", "none", lambda n, k: 0.02),
    Worker("replay", "replay", "recordings", lambda n, k: 0.04),
    Worker("expert", "expert", "expert", lambda n, k: 1.0),
)


def played(task: TaskId, passed: bool, agent: str) -> Trajectory:
    """A real episode in the toy: the expert's, or the expert's with a wrong label and no patience."""
    with ToyEnvironment() as environment:
        goal = goal_of(task)
        wanted = goal.wanted if passed else replace(goal.wanted, label=goal.wanted.label + "x")
        policy = solve(goal.target, wanted, WORDS[task.product])
        return run_episode(environment, policy, environment.task(task), agent=agent)


def write_run(
    folder: Path,
    *,
    workers: Sequence[Worker] = WORKERS,
    products: int = 6,
    episodes: int = 8,
    repetitions: int = 1,
    environment: str = "toy",
    families: Sequence[str] = ("crm", "helpdesk"),
    names: Sequence[str] = (),
    abstain: Callable[[int], bool] = lambda position: False,
    trajectories: bool = True,
    exams: bool = False,
    carry: bool = True,
    instruction: str = "",
    seed: int = 1,
    done: int | None = None,
    plan: Mapping[str, Any] | None = None,
    split: Callable[[int], str] = lambda place: "dev",
) -> Path:
    """Writes a whole run. `done`: stop each cell after so many episodes; `names`: what the products are called; `split`: of the k-th."""
    titles = [
        names[i] if i < len(names) else f"{families[i % len(families)]}-{'abcdefghijklmnopqrstuvwxyz'[i % 26]}{'x' * (i // 26)}"
        for i in range(products)
    ]
    streams = [("main", titles)] if carry else [(title, [title]) for title in titles]
    extra = 2 * len(titles) if exams else 0
    cells = [
        {
            "agent": worker.label,
            "spec": worker.spec,
            "privilege": worker.privilege,
            "stream": name,
            "repetition": repetition,
            "environment": environment,
            "feedback": "outcome",
            "lasts": worker.lasts,
            "seed": 7,
            "planned": len(own) * episodes + extra,
        }
        for worker in workers
        for name, own in streams
        for repetition in range(1, repetitions + 1)
    ]
    data = plan or {"prices": {}, "path": "toy.toml", "streams": [{"name": "main", "practice_steps": 40}]}
    source = 'name = "toy"\nseed = 1\n\n[[agents]]\nagent = "apprentice"\n'
    with Store.create(folder, name="toy", plan_hash="c0ffee" * 10, plan=data, source=source, seed=1, cells=cells) as store:
        store.begin_sitting()
        for cell in store.cells():
            worker = next(item for item in workers if item.label == cell.agent)
            own = dict(streams)[cell.stream]
            jobs = [(k, title, n, "stream", "") for k, title in enumerate(own, 1) for n in range(1, episodes + 1)]
            if exams:
                before = [(0, title, 0, "exam", "unseen") for title in own]
                jobs = [*before, *jobs, *before]
            after = 0
            for position, (k, title, n, kind, exam) in enumerate(jobs[:done] if done is not None else jobs):
                dice = random.Random(f"{seed}/{cell.agent}/{cell.repetition}/{title}/{position}")
                skill = random.Random(f"{seed}/{title}").uniform(-0.15, 0.15) if worker.privilege != "expert" else 0
                passed = dice.random() < worker.chance(n or episodes, k) + (skill if worker.chance(1, 1) > 0 else 0)
                template = TEMPLATES[(n + k) % 3]
                task = TaskId("toy", TOYS[k % 3], 1, template, 100 * k + n)
                away = abstain(position)
                trajectory = played(task, passed, worker.spec) if trajectories and not away else None
                verdict = (
                    Abstained("the browser died twice")
                    if away
                    else Scored(1.0)
                    if passed
                    else Scored(0.0, (Check("goal", False, "wrong label"),))
                )
                if trajectory is not None:
                    assert trajectory.verdict is not None
                    verdict = trajectory.verdict
                ledger = Ledger(
                    steps=len(trajectory.steps) if trajectory else dice.randrange(3, 14),
                    practice_steps=worker.practice if n == 1 else 0,
                    resets=1,
                    wall_seconds=dice.uniform(0.1, 0.6),
                    cpu_seconds=dice.uniform(0.02, 0.1),
                    agent_seconds=dice.uniform(0.01, 0.1),
                    verdict_bits=1,
                    failed_attempts=int(not passed and not away),
                    expert_minutes=0.6 if worker.privilege != "none" else 0.0,
                )
                row = {
                    "position": position,
                    "kind": kind,
                    "exam": exam,
                    "after": after,
                    "task_id": f"{environment}/{title}@1/{template}#{task.seed}",
                    "environment": environment,
                    "product": f"{title}@1",
                    "template": template,
                    "task_seed": task.seed,
                    "family": title.split("-")[0] if carry else "miniwob",
                    "split": split(k),
                    "distance": "none" if split(k) == "train" else "vocabulary",
                    "instruction": instruction or goal_of(task).instruction,
                    "attempt": n,
                    "template_attempt": max(0, (n + 2) // 3),
                    "product_order": k,
                    "tries": 1,
                    "ended": trajectory.last.ended or "" if trajectory else "step_limit",
                    "memory_before": "",
                    "memory_after": "",
                    "traceback": "",
                    "started": 1_790_000_000.0 + position,
                    "finished": 1_790_000_001.0 + position,
                }
                beliefs = BELIEFS[: 1 + position % len(BELIEFS)] if worker.beliefs and kind == "stream" else None
                after += kind == "stream"
                store.add_episode(cell, NewEpisode(row, verdict, ledger, trajectory, beliefs=beliefs))
            if done is None:
                store.mark_cell(cell.id, "done")
        store.end_sitting(312.4, finished=done is None)
    return folder


BELIEFS = (
    "To change the owner: open the record, choose the person in “Keeper”, press “Keep”, then “Yes, keep it” (worked 5 of 6 times).",
    "“Keep” opens a dialog; nothing is stored until “Yes, keep it” is pressed (seen 9 times).",
    "A record that is not on the first page is found behind “Next page” (seen 4 times).",
    "“Status” offers free, taken and broken.",
)
