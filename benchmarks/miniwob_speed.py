"""MiniWoB++ episodes per second: bakeoff against browsergym-miniwob, on the same tasks, with the same scripts and the same Chromium.

    .venv/bin/python benchmarks/miniwob_speed.py [--rounds 5]

The peer is installed once into `benchmarks/.venv-peer`. Task by task, every contestant plays its rounds in turn, so that noise of the machine falls on all
alike; whoever does not play has no browser open that could disturb the others (ours is idle). Several of our episodes are timed per peer episode because they
are short; the first round of each turn warms up and does not count. Figures are medians; an episode
counts only if its verdict is success. The peer runs twice: as shipped, and tuned (its fixed waits of 0.1 s per call and 0.5 s per observation
switched off). The peer as shipped downloads a headless shell of its own, so it drives the headless shell here, too, unless told otherwise.
Ours is one worker; while an episode is played, a second tab of its Chromium may load the page of the next one, on another core.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bakeoff.core import Action, Observation, Scored, TaskId
from bakeoff.environments.browser.chromium import find_executable
from bakeoff.environments.browser.miniwob import MiniWobEnvironment
from bakeoff.environments.browser.miniwob_pages import html_directory

HERE = Path(__file__).parent
PEER = "browsergym-miniwob==0.14.3"
TASKS = ("click-test", "click-button", "enter-text", "login-user")
OURS_PER_ROUND = 8


@dataclass
class Times:
    """Seconds of resets, steps and whole episodes, and how many episodes ended in success."""

    resets: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    episodes: list[float] = field(default_factory=list)
    passed: int = 0

    def add(self, reset: float, steps: list[float], passed: bool) -> None:
        self.resets.append(reset)
        self.steps += steps
        self.episodes.append(reset + sum(steps))
        self.passed += passed


def script(task: str, observation: Observation) -> Action:
    """A short policy from what is on the screen, the same for both sides."""
    quoted = observation.goal.split('"')[1::2]
    buttons = [element for element in observation.elements if element.role == "button"]
    fields = [element for element in observation.elements if element.role == "textbox"]
    if task == "click-button":
        return Action("click", {"ref": next(button.ref for button in buttons if button.name == quoted[0])})
    if task == "enter-text" and observation.step == 0:
        return Action("type", {"ref": fields[0].ref, "text": quoted[0]})
    if task == "login-user" and observation.step < 2:
        return Action("type", {"ref": fields[observation.step].ref, "text": quoted[observation.step]})
    return Action("click", {"ref": buttons[0].ref})


def play(environment: MiniWobEnvironment, name: str, seed: int, times: Times) -> None:
    task = environment.task(TaskId("miniwob", name, 1, "episode", seed))
    began = time.perf_counter()
    observation = environment.reset(task)
    reset = time.perf_counter() - began
    steps = []
    while not observation.done:
        action = script(name, observation)
        before = time.perf_counter()
        observation = environment.step(action)
        steps.append(time.perf_counter() - before)
    before = time.perf_counter()
    verdict = environment.verify()
    steps[-1] += time.perf_counter() - before
    times.add(reset, steps, isinstance(verdict, Scored) and verdict.passed)


class Quiet(SimpleHTTPRequestHandler):
    """The pages as any static server gives them, for the peer."""

    def log_message(self, format: str, *args: object) -> None:
        pass


class Peer:
    """The peer's worker process and the server of its pages."""

    def __init__(self, chromium: str) -> None:
        python = HERE / ".venv-peer" / "bin" / "python"
        if subprocess.run([python, "-c", "import browsergym.miniwob"], capture_output=True).returncode if python.exists() else True:
            print(f"installing {PEER} into {HERE.name}/.venv-peer …", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", HERE / ".venv-peer"], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True, stderr=subprocess.DEVNULL)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(html_directory())))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.process = subprocess.Popen(
            [python, HERE / "peer_browsergym.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "MINIWOB_URL": f"http://127.0.0.1:{self.server.server_port}/miniwob/", "BAKEOFF_CHROMIUM": chromium},
        )

    def play(self, name: str, seed: int, tuned: bool, times: Times) -> None:
        times.add(**self._order({"task": name, "seed": seed, "tuned": tuned}))

    def rest(self) -> None:
        """Closes the peer's browsers until it plays again."""
        self._order({})

    def _order(self, what: dict[str, object]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("the peer's worker died; run benchmarks/peer_browsergym.py by hand to see why")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each task is played (default 5)")
    parser.add_argument("--out", type=Path, help="write the medians as JSON")
    parser.add_argument(
        "--peer-chromium", default=find_executable(), help="the browser that the peer drives (default: the one that we drive)"
    )
    options = parser.parse_args()
    contestants = {"bakeoff": Times(), "browsergym, as shipped": Times(), "browsergym, tuned": Times()}
    by_task = {(name, task): Times() for name in contestants for task in TASKS}
    with MiniWobEnvironment() as environment:
        assert isinstance(environment, MiniWobEnvironment)
        peer = Peer(options.peer_chromium)
        try:
            for task, name in track(
                [(task, name) for task in TASKS for name in contestants], description="playing", console=Console(stderr=True)
            ):
                for round_ in range(-1, options.rounds):
                    for repeat in range(OURS_PER_ROUND if name == "bakeoff" else 1):
                        times = Times()
                        seed = 1000 * (round_ + 1) + repeat
                        if name == "bakeoff":
                            play(environment, task, seed, times)
                        else:
                            peer.play(task, seed, name.endswith("tuned"), times)
                        if round_ >= 0:
                            for book in (contestants[name], by_task[name, task]):
                                book.add(times.resets[0], times.steps, bool(times.passed))
                if name != "bakeoff":
                    peer.rest()
        finally:
            peer.close()

    ours = contestants["bakeoff"]
    table = Table(title=f"MiniWoB++, medians over {options.rounds} interleaved rounds of {', '.join(TASKS)}")
    for column in ("", "resets/s", "steps/s", "episodes/s", "passed", "bakeoff is faster by: resets", "steps", "episodes"):
        table.add_column(column, justify="left" if not column else "right")

    def rates(times: Times, name: str) -> tuple[float, float, float]:
        # Episodes: the mean over tasks of each task's median, so that every task weighs the same.
        episode = sum(median(by_task[name, task].episodes) for task in TASKS) / len(TASKS)
        return 1 / median(times.resets), 1 / median(times.steps), 1 / episode

    results = {}
    mine = rates(ours, "bakeoff")
    for name, times in contestants.items():
        figures = rates(times, name)
        ratios = [a / b for a, b in zip(mine, figures, strict=True)]
        results[name] = {
            "resets_per_second": figures[0],
            "steps_per_second": figures[1],
            "episodes_per_second": figures[2],
            "episodes": len(times.episodes),
            "passed": times.passed,
            "ratio_episodes": ratios[2],
        }
        shown = ["", "", ""] if name == "bakeoff" else [f"{ratio:.0f}×" for ratio in ratios]
        table.add_row(name, *(f"{figure:.2f}" for figure in figures), f"{times.passed}/{len(times.episodes)}", *shown)
    Console(width=140).print(table)
    for task in TASKS:
        print(f"{task:14}", *(f"{name}: {1e3 * median(by_task[name, task].episodes):8.1f} ms" for name in contestants), sep="  ")
    print(f"bakeoff drives {find_executable()}, the peer {options.peer_chromium}")
    print(f"load average while measuring: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
