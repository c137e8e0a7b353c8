"""How far a baked skill carries: other tasks of its training products, then development products by their distance, with the policy's likeliest actions.

    .venv/bin/python benchmarks/baked_transfer.py --agent baked:bakes/crm-1a2b3c4d/checkpoint --family crm \
        --templates qualify-lead,assign-lead,revalue-lead,label-lead [--trained 30] [--dev 40] [--each 1]

Every task is done once; nothing is learned. Prints passed of judged with Wilson 95 % intervals, by split, distance and template. Tasks of one product
are not independent, so the intervals are somewhat too narrow. `--trained`: the first so many training products, as `bakeoff experts collect` takes them.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.statistics import wilson
from bakeoff.core import EnvironmentFault, Scored, TaskId, make_agent

FIRST_SEED = 700_000
"""Below the seeds of expert data and of reinforcement learning, so these tasks are new to any bake."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--environment", default="browser")
    parser.add_argument("--family", required=True)
    parser.add_argument("--templates", required=True, help="divided by commas")
    parser.add_argument("--trained", type=int, default=30)
    parser.add_argument("--dev", type=int, default=40)
    parser.add_argument("--each", type=int, default=1, help="tasks of each template in each product")
    parser.add_argument("--steps", type=int, default=40, help="longest episode")
    given = parser.parse_args()
    templates = given.templates.split(",")
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    faults = 0
    host = HostedEnvironment(given.environment)
    try:
        products = [
            *host.products(family=given.family, split="train")[: given.trained],
            *host.products(family=given.family, split="dev")[: given.dev],
        ]
        jobs = [(product, template, number) for product in products for template in templates for number in range(given.each)]
        worker = make_agent(given.agent, host.tools, 0)
        for product, template, number in track(jobs, "examining", console=Console(stderr=True), transient=True):
            try:
                task = host.task(TaskId(given.environment, product.id, product.version, template, FIRST_SEED + number))
                seen = host.reset(task.with_limits(steps=min(given.steps, task.limits.steps)))
                while not seen.done:
                    seen = host.step(worker.act(seen))
                verdict = host.verify()
            except EnvironmentFault:
                faults += 1
                host.close()
                host = HostedEnvironment(given.environment)
                continue
            if isinstance(verdict, Scored):
                for group in (("split", product.split), ("distance", product.distance), (f"template, {product.split}", template)):
                    found[group].append(verdict.passed)
            else:
                faults += 1
    finally:
        host.close()
    table = Table("by", "", "passed", "of", "share", "95 %")
    for (by, name), passed in found.items():
        low, high = wilson(sum(passed), len(passed))
        table.add_row(by, name, str(sum(passed)), str(len(passed)), f"{sum(passed) / len(passed):.2f}", f"{low:.2f}–{high:.2f}")
    out = Console(highlight=False)
    out.print(table)
    out.print(f"{given.agent} in {given.family}; {faults} episodes not judged")


if __name__ == "__main__":
    main()
