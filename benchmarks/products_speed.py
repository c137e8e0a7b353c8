"""Expert episodes on generated products: how many per second, reset and verdict included, and what each costs in processor time.

    .venv/bin/python benchmarks/products_speed.py [--products 2] [--rounds 3]

Plays the expert of every template of a few dev products of each family, in each round with other data. Two rates are printed, as medians over rounds: episodes
per second as the clock saw them, and episodes per second and core, from the processor time of this process and of Chromium with all its children, which suffers
less from what else the machine is doing. Then where that time goes, how long resets, steps and verdicts take, how long it takes to observe a list
of 200 elements, and what one more open context costs in memory.
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

from bakeoff.core import Scored, Task, TaskId
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.environment import BrowserEnvironment

OBSERVED_PRODUCT = ("crm-unison", 1, "qualify-lead")  # begins with a list
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


# Adds rows like those that are there until an observation has the wanted number of elements, then looks at the changed page again and again.
OBSERVED = """(async wanted => {
  const count = () => JSON.parse(bakeoff.observe())[2].length;
  const rows = [...document.querySelectorAll('tbody tr, .items li')];
  for (let i = 0; rows.length && i < 200 && count() < wanted; i++) rows[0].parentElement.append(rows[i % rows.length].cloneNode(true));
  const times = [];
  for (let i = 0; i < 60; i++) {
    document.body.style.paddingLeft = i % 2 + 'px';
    const began = performance.now();
    bakeoff.observe();
    times.push(performance.now() - began);
    await new Promise(done => setTimeout(done, 2));
  }
  times.sort((a, b) => a - b);
  return [count(), document.querySelectorAll('*').length, times[30], times[57]];
})(200)"""


def play(environment: BrowserEnvironment, task: Task, phases: dict[str, list[float]]) -> tuple[float, int, bool]:
    """Seconds, steps and whether the expert passed; notes how long each phase took."""
    policy = environment.expert(task)
    marks = [time.perf_counter()]
    observation = environment.reset(task)
    marks.append(time.perf_counter())
    phases["reset"].append(marks[-1] - marks[-2])
    steps = 0
    while not observation.done:
        action = policy(observation)
        began = time.perf_counter()
        observation = environment.step(action)
        phases["step"].append(time.perf_counter() - began)
        steps += 1
    marks.append(time.perf_counter())
    verdict = environment.verify()
    marks.append(time.perf_counter())
    phases["verify"].append(marks[-1] - marks[-2])
    return marks[-1] - marks[0], steps, isinstance(verdict, Scored) and verdict.passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=2, help="dev products per family (default 2)")
    parser.add_argument("--families", default="", help="comma-separated; default all")
    parser.add_argument("--rounds", type=int, default=3, help="how often each template is played, with other data each time (default 3)")
    options = parser.parse_args()
    walls: dict[str, list[float]] = defaultdict(list)
    steps: dict[str, int] = defaultdict(int)
    passed: dict[str, int] = defaultdict(int)
    phases: dict[str, list[float]] = defaultdict(list)
    rates: list[tuple[float, float]] = []  # of each round: seconds of processor time and by the clock an episode
    spent: Counter[str] = Counter()
    with BrowserEnvironment() as environment:
        assert isinstance(environment, BrowserEnvironment)
        chosen: dict[str, int] = defaultdict(int)
        products = []
        for product in environment.products(split="dev"):
            if product.family in (options.families or product.family).split(",") and chosen[product.family] < options.products:
                chosen[product.family] += 1
                products.append(product)
        jobs = [(product, template) for product in products for template in product.templates]
        environment.reset(
            environment.task(TaskId(environment.name, products[0].id, 1, products[0].templates[0], 0))
        )  # starts Chromium and the server
        browser = environment.tab.browser
        plays = [(seed, product, template) for seed in range(options.rounds) for product, template in jobs]
        before = processor_seconds(browser.pid)
        for number, (seed, product, template) in enumerate(track(plays, description="playing", console=Console(stderr=True)), start=1):
            task = environment.task(TaskId(environment.name, product.id, product.version, template, seed))
            wall, count, good = play(environment, task, phases)
            walls[task.family].append(wall)
            steps[task.family] += count
            passed[task.family] += good
            if number % len(jobs) == 0:
                now = processor_seconds(browser.pid)
                now.subtract(before)
                spent += now
                clock = sum(map(sum, walls.values())) - sum(round_[1] for round_ in rates) * len(jobs)
                rates.append((sum(now.values()) / len(jobs), clock / len(jobs)))
                before = processor_seconds(browser.pid)
        browser_name = browser.version
        memory = memory_per_context(browser, environment.origin)
        environment.reset(environment.task(TaskId(environment.name, *OBSERVED_PRODUCT, 0)))
        elements, nodes, usual, slow = environment.tab.evaluate(OBSERVED, "isolated")

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
    count = sum(map(len, walls.values()))
    for name, which, unit in (("processor time", 0, "a second and core"), ("by the clock", 1, "a second")):
        times = sorted(rate[which] for rate in rates)
        print(
            f"{name}, median of {len(times)} rounds (least to most): {1e3 * median(times):.0f} ms an episode ({1e3 * times[0]:.0f} to {1e3 * times[-1]:.0f}),"
            f" that is {1 / median(times):.1f} {unit}"
        )
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {browser_name}")
    parts = ", ".join(f"{name} {1e3 * seconds / count:.0f}" for name, seconds in spent.most_common() if seconds / count > 0.0005)
    print(f"of which: {parts}")
    print("median / 95th percentile: " + "   ".join(f"{name} {quantiles(times)}" for name, times in phases.items()))
    print(f"a list of {elements} elements ({nodes} nodes) is observed in {usual:.1f} ms; 95th percentile {slow:.1f}")
    print(f"memory of one more open context: {memory:.0f} MB")


if __name__ == "__main__":
    main()
