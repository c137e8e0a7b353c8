"""Expert episodes on generated products: how many per second, reset and verdict included, and what each costs in processor time.

    .venv/bin/python benchmarks/products_speed.py [--products 6] [--seeds 1]

Plays the expert of every template of a few dev products of each family. Two rates are printed: episodes per second as the clock saw them, and
episodes per second and core, from the processor time of this process and of Chromium with all its children, which suffers less from what else
the machine is doing. Then where that time goes, how long resets, steps and verdicts take, and what one more open context costs in memory.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bakeoff.core import Scored, TaskId
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.environment import BrowserEnvironment

TICKS = os.sysconf("SC_CLK_TCK")


def kind(process: Path) -> str:
    """What a process of Chromium does: browser, renderer, gpu-process, network, …"""
    command = (process / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ")
    found = re.search(r"--utility-sub-type=(\w+)", command) or re.search(r"--type=([\w-]+)", command)
    return found[1] if found else "browser"


def processes(group: int) -> Iterator[tuple[Path, list[str]]]:
    """The living processes of a process group, each with the fields of its `stat` from the third on."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                yield entry, fields


def processor_seconds(group: int) -> Counter[str]:
    """User and system time so far of the processes of a group, by what they do, and of this process with its threads."""
    total: Counter[str] = Counter({"python": time.process_time()})
    for entry, fields in processes(group):
        with contextlib.suppress(OSError):
            total[kind(entry)] += sum(int(field) for field in fields[11:15]) / TICKS
    return total


def megabytes(group: int) -> float:
    """Memory of a process group; what several processes share is divided among them."""
    total = 0.0
    for entry, _ in processes(group):
        with contextlib.suppress(OSError):
            total += int((entry / "smaps_rollup").read_text().partition("Pss:")[2].split()[0]) / 1024
    return total


def quantiles(times: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    ordered = sorted(times)
    return f"{1e3 * median(ordered):6.1f} / {1e3 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]:6.1f} ms"


def memory_per_context(browser: Browser, origin: str, count: int = 8) -> float:
    """What a further open tab in a context of its own takes, in megabytes."""
    before = megabytes(browser.pid)
    tabs = [browser.open(origin, still=True, keys=False) for _ in range(count)]
    for tab in tabs:
        tab.goto("/")
    after = megabytes(browser.pid)
    for tab in tabs:
        tab.close()
    return (after - before) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=6, help="dev products per family (default 6)")
    parser.add_argument("--families", default="", help="comma-separated; default all")
    parser.add_argument("--seeds", type=int, default=1, help="episodes per template (default 1)")
    options = parser.parse_args()
    walls: dict[str, list[float]] = defaultdict(list)
    steps: dict[str, int] = defaultdict(int)
    passed: dict[str, int] = defaultdict(int)
    with BrowserEnvironment() as environment:
        assert isinstance(environment, BrowserEnvironment)
        chosen: dict[str, int] = defaultdict(int)
        products = []
        for product in environment.products(split="dev"):
            if product.family in (options.families or product.family).split(",") and chosen[product.family] < options.products:
                chosen[product.family] += 1
                products.append(product)
        tasks = [
            environment.task(TaskId(environment.name, product.id, product.version, template, seed))
            for product in products
            for template in product.templates
            for seed in range(options.seeds)
        ]
        environment.reset(tasks[0])  # starts Chromium and the server
        browser = environment.tab.browser
        phases: dict[str, list[float]] = defaultdict(list)
        before = processor_seconds(browser.pid)
        for task in track(tasks, description="playing", console=Console(stderr=True)):
            policy = environment.expert(task)
            assert policy is not None
            marks = [time.perf_counter()]
            observation = environment.reset(task)
            marks.append(time.perf_counter())
            phases["reset"].append(marks[-1] - marks[-2])
            while not observation.done:
                action = policy(observation)
                began = time.perf_counter()
                observation = environment.step(action)
                phases["step"].append(time.perf_counter() - began)
                steps[task.family] += 1
            marks.append(time.perf_counter())
            verdict = environment.verify()
            marks.append(time.perf_counter())
            phases["verify"].append(marks[-1] - marks[-2])
            walls[task.family].append(marks[-1] - marks[0])
            passed[task.family] += isinstance(verdict, Scored) and verdict.passed
        spent = processor_seconds(browser.pid)
        spent.subtract(before)
        memory = memory_per_context(browser, environment.origin)
    busy = sum(spent.values())

    table = Table(title="Expert episodes on dev products, reset and verdict included")
    for column in ("family", "episodes", "passed", "steps each", "median", "episodes/s", "steps/s"):
        table.add_column(column, justify="left" if column == "family" else "right")
    for family, times in walls.items():
        table.add_row(
            family,
            str(len(times)),
            str(passed[family]),
            f"{steps[family] / len(times):.1f}",
            f"{1e3 * median(times):.0f} ms",
            f"{len(times) / sum(times):.1f}",
            f"{steps[family] / sum(times):.0f}",
        )
    Console(width=120).print(table)
    count, wall = sum(map(len, walls.values())), sum(map(sum, walls.values()))
    print(f"by the clock: {count / wall:.1f} episodes/s (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    print(f"processor time: {1e3 * busy / count:.0f} ms an episode, that is {count / busy:.1f} episodes per second and core")
    parts = ", ".join(f"{name} {1e3 * seconds / count:.0f}" for name, seconds in spent.most_common() if seconds / count > 0.0005)
    print(f"of which: {parts}")
    print("median / 95th percentile: " + "   ".join(f"{name} {quantiles(times)}" for name, times in phases.items()))
    print(f"memory of one more open context: {memory:.0f} MB")


if __name__ == "__main__":
    main()
