"""One BrowserGym worker, run in a virtual environment of its own: reads `{"task", "seed", "tuned"}` lines, answers with timings, one line each. `{}` closes its browsers.

Everything is the peer's own: its environment, its Playwright actions by `bid`, its observation, its reward. Chromium is the same binary that
we drive. `tuned` switches off the two waits that it ships with (0.1 s `slow_mo` per browser call, 0.5 s before each observation).
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")

import browsergym.miniwob  # noqa: E402, F401  registers the environments
import gymnasium  # noqa: E402
from playwright.sync_api import BrowserType  # noqa: E402

CHROMIUM = os.environ.get("BAKEOFF_CHROMIUM", "/usr/bin/chromium")
launch = BrowserType.launch


def launch_ours(self: BrowserType, **options: object) -> object:
    """The peer opens a second browser for its chat window and offers no way to say which: both use Debian's."""
    return launch(self, **{"executable_path": CHROMIUM, **options})


BrowserType.launch = launch_ours


def nodes(observation: dict) -> list[tuple[str, str, str]]:
    """(bid, role, name) of what the accessibility tree shows."""
    found = []
    for node in observation["axtree_object"]["nodes"]:
        if node.get("browsergym_id") and not node.get("ignored"):
            found.append((node["browsergym_id"], node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "")))
    return found


def script(task: str, observation: dict, step: int) -> str:
    """The same short policies as on our side, in the peer's words."""
    quoted = observation["goal"].split('"')[1::2]
    seen = nodes(observation)
    buttons = [(bid, name) for bid, role, name in seen if role == "button"]
    fields = [bid for bid, role, _ in seen if role == "textbox"]
    if task == "click-button":
        return f"click('{next(bid for bid, name in buttons if name == quoted[0])}')"
    if task == "enter-text" and step == 0:
        return f"fill('{fields[0]}', {quoted[0]!r})"
    if task == "login-user" and step < 2:
        return f"fill('{fields[step]}', {quoted[step]!r})"
    return f"click('{buttons[0][0]}')"


def main() -> None:
    environments: dict[tuple[str, bool], gymnasium.Env] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if not order:
            while environments:
                environments.popitem()[1].close()
            print("{}", flush=True)
            continue
        key = order["task"], order["tuned"]
        if key not in environments:
            options = {"slow_mo": 0, "pre_observation_delay": 0.0} if order["tuned"] else {}
            environments[key] = gymnasium.make(f"browsergym/miniwob.{order['task']}", headless=True, **options)
        environment = environments[key]
        steps, reward = [], 0.0
        began = time.perf_counter()
        observation, _ = environment.reset(seed=order["seed"])
        reset = time.perf_counter() - began
        for step in range(10):
            action = script(order["task"], observation, step)
            before = time.perf_counter()
            observation, reward, done, truncated, _ = environment.step(action)
            steps.append(time.perf_counter() - before)
            if done or truncated:
                break
        print(json.dumps({"reset": reset, "steps": steps, "passed": reward == 1.0}), flush=True)
    for environment in environments.values():
        environment.close()


if __name__ == "__main__":
    main()
