"""Verified episodes for an hour of processor time: baking a language model with bakeoff and with TRL's GRPOTrainer, in turn, on the same model and the same task.

    python benchmarks/trl_speed.py --steps 3 --json trl.json

Both begin with SmolLM2-135M as it is, with adapters of rank 16 on every linear layer; in each step both play a group of episodes of `click-button`
(MiniWoB++) with one action of at most `--tokens` tokens, have them verified by the page, and learn from the group, one thread each. Rewards are tossed, so that no group is
without something to learn and each side does all of its work at every step. What differs is what each brings along: prompt, sampler, batching. Processor time is the
trainer's process; the browsers' is left out on both sides. TRL has an environment of its own (`benchmarks/.venv-trl`), made on the first run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
VENV = HERE / ".venv-trl"
PACKAGES = ("trl==1.16.0", "peft==0.21.2", "jmespath")
PRODUCT = "click-button"


def peer_python() -> Path:
    python = VENV / "bin" / "python"
    if not (VENV / ".ready").exists():
        print("making benchmarks/.venv-trl", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "torch==2.13.0"], check=True)  # by itself, with pip: the build for a processor
        subprocess.run([*pip, *PACKAGES, "--editable", f"{HERE.parent}[miniwob,contest]"], check=True)
        (VENV / ".ready").touch()
    return python


class Ours:
    """Our loop, one group a step."""

    def __init__(self, told: dict[str, Any]) -> None:
        import torch

        from bakeoff.agents.baked import smollm
        from bakeoff.agents.baked.language import Speaking
        from bakeoff.training.local import LocalEngine, build
        from bakeoff.training.rollout import Room

        torch.set_num_threads(1)
        self.told, self.room = told, Room("miniwob")
        self.voice = Speaking(self.room.host.tools, smollm.tokenizer(), told["group"])
        self.voice.longest = told["tokens"]
        self.engine = LocalEngine(build(smollm.describe(rank=16, dtype=told["dtype"]), 0))
        self.done = 0

    def step(self) -> dict[str, float]:
        import random

        from bakeoff.core import TaskId
        from bakeoff.training.protocol import AdamParams, SamplingParams
        from bakeoff.training.recipe import Reinforce
        from bakeoff.training.reinforce import Group, _data

        wall, cpu = time.perf_counter(), time.process_time()
        self.done += 1
        size = self.told["group"]
        task = self.room.task(TaskId("miniwob", PRODUCT, 1, "episode", 200_000_000 + self.done), self.told["steps"])
        samplings = [partial(lambda base, step: SamplingParams(seed=base + step), 1000 * self.done + 10 * at) for at in range(size)]
        rollouts = self.room.play(self.engine, self.voice, [task] * size, samplings)
        assert all(one.passed is not None for one in rollouts), "an episode was not judged"
        coin = random.Random(self.done)
        rewards = [float(at % 2) for at in range(size)]
        coin.shuffle(rewards)
        self.engine.forward_backward(_data(Group(task.id, rollouts, rewards), Reinforce(), 1), "importance_sampling")
        self.engine.optim_step(AdamParams(learning_rate=1e-4))
        return {"episodes": size, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def close(self) -> None:
        self.room.close()


class Theirs:
    """The peer's process; see `peer_trl.py`."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.child = subprocess.Popen(
            [str(peer_python()), str(HERE / "peer_trl.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True
        )
        self._say(json.dumps(told))
        self.version = self._hear()["version"]

    def _say(self, line: str) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit("the peer ended; what it said is above")
        found: dict[str, Any] = json.loads(line)
        return found

    def step(self) -> dict[str, Any]:
        self._say("go")
        return self._hear()

    def close(self) -> None:
        self.child.stdin.close()
        self.child.terminate()
        self.child.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3, help="measured steps of each side, after one to warm up")
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    from bakeoff.agents.baked import smollm

    with tempfile.TemporaryDirectory() as scratch:
        told = {"model": str(smollm.folder()), "scratch": scratch, "product": PRODUCT, "steps": 1}
        told |= {"group": given.group, "tokens": given.tokens, "dtype": given.dtype}
        sides: dict[str, Any] = {"bakeoff": Ours(told), "trl": Theirs(told)}
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
        try:
            for round_ in range(given.steps + 1):
                for name, side in sides.items():
                    one = side.step()
                    print(
                        f"{name:8} step {round_}{' (warming up)' if not round_ else ''}: {one['cpu']:.1f} s of processor, {one['wall']:.1f} s",
                        flush=True,
                    )
                    if round_:
                        found[name].append(one)
        finally:
            for side in sides.values():
                side.close()
    rates = {name: [3600 * one["episodes"] / one["cpu"] for one in steps] for name, steps in found.items()}
    for name, values in rates.items():
        print(
            f"{name:8} {statistics.median(values):7.0f} verified episodes an hour of processor time (from {min(values):.0f} to {max(values):.0f})"
        )
    ratios = [ours / theirs for ours, theirs in zip(rates["bakeoff"], rates["trl"], strict=True)]
    print(
        f"ratio {statistics.median(ratios):.1f} (from {min(ratios):.1f} to {max(ratios):.1f}, {len(ratios)} pairs); trl {sides['trl'].version}"
    )
    if given.json:
        given.json.write_text(json.dumps({"rates": rates, "ratios": ratios, "trl": sides["trl"].version, **told}, indent=1))


if __name__ == "__main__":
    main()
