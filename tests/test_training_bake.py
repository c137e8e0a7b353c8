"""Baking from end to end, on lockers: a recipe is read, a policy learns from experts and from outcomes, and a kill at any moment loses nothing."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch

from bakeoff.agents.baked.choice import choose
from bakeoff.contest.host import HostedEnvironment
from bakeoff.core import Agent, Scored, TaskId, Tool, UsageError, make_agent, memory_hash
from bakeoff.experts.collect import Wanted, collect
from bakeoff.experts.shelf import Shelf
from bakeoff.testing import check_agent
from bakeoff.training.bake import Bake, estimate, fork
from bakeoff.training.imitate import shuffled
from bakeoff.training.iterate import Found
from bakeoff.training.protocol import Datum, Drawn
from bakeoff.training.recipe import Imitate, Iterate, Recipe, Reinforce, read_recipe
from bakeoff.training.rollout import Rollout
from contest_plugin import plugin  # noqa: F401
from toy import TEMPLATES, TOOLS, ToyEnvironment

pytestmark = pytest.mark.usefixtures("plugin")

TINY = {"width": 32, "layers": 1, "heads": 2, "texts": 16}
LEARN = Imitate(steps=220, batch=16, learning_rate=5e-3)

RECIPE = """
name = "toys"
environment = "toy"
data = "data"
save_every = 5
max_steps = 12

[policy]
width = 16
layers = 1
heads = 2
texts = 8

[[stages]]
kind = "imitate"
steps = 20
batch = 8

[[stages]]
kind = "reinforce"
updates = 4
groups = 2
size = 2

[[stages]]
kind = "iterate"
updates = 3
groups = 2
size = 3
steps = 3
batch = 8

[examine]
tasks = 3
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, plugin: Path) -> Path:  # noqa: F811
    folder = tmp_path_factory.mktemp("expert") / "data"
    collect(Wanted("toy", 45, sample=0), Shelf(folder))
    return folder


@pytest.fixture(scope="module")
def baked(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bake that has learned its lockers."""
    recipe = Recipe("toys", "toy", data, (LEARN,), policy=TINY, examine=12, steps=14)
    result = Bake(recipe, tmp_path_factory.mktemp("bake") / "b").run()
    passed, judged = result.examined["1-imitate"]
    assert judged == 12 and passed >= 8, f"{passed} of {judged}"
    assert result.ledger.demonstrations == 45 and result.ledger.expert_minutes > 0 and result.ledger.cpu_seconds > 0
    return result.checkpoint


def test_a_baked_worker_does_tasks_that_it_has_not_seen(baked: Path) -> None:
    passed = 0
    with HostedEnvironment("toy") as host:
        worker = make_agent(f"baked:{baked}", host.tools, 0)
        for seed in range(8):
            seen = host.reset(host.task(TaskId("toy", "toy-alpha", 1, "assign-locker", seed)))
            while not seen.done:
                seen = host.step(worker.act(seen))
            verdict = host.verify()
            passed += isinstance(verdict, Scored) and verdict.passed
    assert passed >= 5


def test_the_agent_keeps_the_contract(baked: Path) -> None:
    def make(tools: tuple[Tool, ...], seed: int) -> Agent:
        return make_agent(f"baked:{baked}", tools, seed)

    check_agent(make, ToyEnvironment, [f"toy/toy-alpha@1/{template}#3" for template in TEMPLATES[:2]])


def test_what_is_wrong_with_an_agents_name_is_one_line(baked: Path, tmp_path: Path) -> None:
    for name, complaint in (
        ("baked", "name a checkpoint"),
        (f"baked:{tmp_path}/nothing", "is no checkpoint"),
        (f"baked:{baked};colour=3", "no option"),
        (f"baked:{baked};temperature=99", "between 0 and 10"),
    ):
        with pytest.raises(UsageError, match=complaint):
            make_agent(name, TOOLS, 0)
    with pytest.raises(UsageError, match="which this environment does not have"):
        make_agent(f"baked:{baked}", TOOLS[:2], 0)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-rL", str(baked), str(copy)], check=True)
    about = json.loads((copy / "engine.json").read_text())
    about["description"]["shape"]["width"] *= 2
    (copy / "engine.json").write_text(json.dumps(about))
    with pytest.raises(UsageError, match="another version of the network"):
        make_agent(f"baked:{copy}", TOOLS, 0)
    weights = bytearray((copy / "weights.safetensors").read_bytes())
    weights[-1] ^= 255
    (copy / "weights.safetensors").write_bytes(bytes(weights))
    with pytest.raises(UsageError, match=r"not those that engine\.json names"):
        make_agent(f"baked:{copy}", TOOLS, 0)


def test_a_snapshot_of_another_checkpoint_is_refused(baked: Path, tmp_path: Path) -> None:
    worker = make_agent(f"baked:{baked}", TOOLS, 0)
    (tmp_path / "memory").mkdir()
    worker.snapshot(tmp_path / "memory")
    assert memory_hash(worker) == memory_hash(make_agent(f"baked:{baked}", TOOLS, 7))
    memory = next((tmp_path / "memory").iterdir())
    memory.write_text(memory.read_text().replace(json.loads((baked / "engine.json").read_text())["sha256"], "0" * 64))
    with pytest.raises(UsageError, match="another checkpoint"):
        worker.restore(tmp_path / "memory")


@pytest.mark.parametrize("kills", [(23, 28), pytest.param((7, 13, 22, 24, 27, 29), marks=pytest.mark.slow)])
def test_a_bake_that_is_killed_ends_with_the_same_weights(kills: tuple[int, ...], data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "data").symlink_to(data)
    command = [sys.executable, "-m", "bakeoff.cli", "bake", "recipe.toml", "--out"]

    def bake(folder: str, wait: int | None = None) -> int:
        child = subprocess.Popen(
            [*command, folder], cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        if wait is not None:
            journal = tmp_path / folder / "journal.jsonl"
            deadline = time.monotonic() + 400
            while time.monotonic() < deadline and child.poll() is None:
                if journal.exists() and journal.read_bytes().count(b"\n") >= wait:
                    os.killpg(child.pid, signal.SIGKILL)
                    break
                time.sleep(0.01)
        return child.wait(timeout=400)

    assert bake("whole") == 0
    for lines in kills:
        assert bake("torn", wait=lines) == -signal.SIGKILL
    assert bake("torn") == 0
    whole, torn = (json.loads((tmp_path / name / "checkpoint" / "engine.json").read_text()) for name in ("whole", "torn"))
    assert whole == torn and whole["steps"] >= 20
    rows = [[json.loads(line) for line in (tmp_path / name / "journal.jsonl").read_text().splitlines()] for name in ("whole", "torn")]
    assert [str(line) for line in rows[0]] == [str(line) for line in rows[1]]
    ledgers = [json.loads((tmp_path / name / "ledger.json").read_text()) for name in ("whole", "torn")]
    assert all(ledgers[0][key] == ledgers[1][key] for key in ("steps", "resets", "demonstrations", "trained_tokens", "failed_attempts"))
    assert not list((tmp_path / "torn").glob("*.part")) and len(list((tmp_path / "torn").glob("state-*"))) == 1


def test_the_shuffled_placebo_keeps_what_was_done_and_changes_what_was_asked(data: Path) -> None:
    demos = [Shelf(data).demo(item) for item in Shelf(data)]
    false = shuffled(demos, 1)
    assert [demo.actions for demo in false] == [demo.actions for demo in demos]
    assert sorted(demo.first.goal for demo in false) == sorted(demo.first.goal for demo in demos)
    assert sum(a.first.goal == b.first.goal for a, b in zip(demos, false, strict=True)) == 0
    assert all(step.observation.goal == demo.first.goal for demo in false for step in demo.steps)
    assert all(a.task.id.template == b.task.id.template for a, b in zip(demos, false, strict=True))


def test_reinforcement_learns_from_outcomes_and_its_placebo_differs(data: Path, tmp_path: Path) -> None:
    """From a half-learned policy, practice moves the weights by what passed; the toss of a coin moves them elsewhere. Faults teach nothing."""
    start = Imitate(steps=110, batch=16, learning_rate=5e-3)
    practise = Reinforce(updates=2, groups=2, size=4, learning_rate=1e-3)
    true = Recipe("t", "toy", data, (start, practise), policy=TINY, examine=0, steps=14)
    Bake(replace(true, stages=(start,)), tmp_path / "start").run()
    bakes = []
    for recipe in (true, true.with_placebo("random-reward")):
        fork(tmp_path / "start", recipe, tmp_path / recipe.name)
        bakes.append(Bake(recipe, tmp_path / recipe.name))
    with pytest.raises(UsageError, match="does not begin as"):
        fork(tmp_path / "start", replace(true, seed=3), tmp_path / "other")
    shas = [json.loads((bake.run().checkpoint / "engine.json").read_text())["sha256"] for bake in bakes]
    firsts = [json.loads((bake.folder / "after-1-imitate" / "engine.json").read_text())["sha256"] for bake in bakes]
    assert firsts[0] == firsts[1] and shas[0] != shas[1] and shas[0] != firsts[0]
    rows = [json.loads(line) for line in (tmp_path / "t" / "journal.jsonl").read_text().splitlines()]
    assert sum("passed" in row for row in rows) == 2 and all(row["faults"] == 0 for row in rows if "passed" in row)


def test_expert_iteration_finds_successes_of_its_own_and_learns_them(data: Path, tmp_path: Path) -> None:
    """From a policy that fails most of its tasks: it does more of them afterwards than after the same practice with the toss of a coin."""
    start = Imitate(steps=70, batch=16, learning_rate=5e-3)
    look = Iterate(updates=6, groups=8, size=6, steps=20, batch=16, learning_rate=5e-3)
    true = Recipe("t", "toy", data, (start, look), policy=TINY, examine=30, steps=14, items=12)
    Bake(replace(true, stages=(start,)), tmp_path / "start").run()
    passed = {}
    for recipe in (true, true.with_placebo("random-reward")):
        fork(tmp_path / "start", recipe, tmp_path / recipe.name)
        bake = Bake(recipe, tmp_path / recipe.name)
        examined = bake.run().examined
        passed[recipe.name], before = examined["2-iterate"][0], examined["1-imitate"][0]
        rows = [json.loads(line) for line in (bake.folder / "journal.jsonl").read_text().splitlines()]
        rounds = [row for row in rows if "at once" in row]
        assert len(rounds) == 6 and any(row["found"] > 0 for row in rounds) and all(8 <= row["episodes"] <= 48 for row in rounds)
    assert before + 4 <= passed["t"] and passed["t-random-reward"] < passed["t"], (before, passed)
    alone = replace(true, name="alone", stages=(start, replace(look, updates=1, branch=False, rehearse=False, temperature=1.0, top_k=0)))
    fork(tmp_path / "start", alone, tmp_path / "alone")
    moved = Bake(alone, tmp_path / "alone").run()
    shas = [json.loads((folder / "engine.json").read_text())["sha256"] for folder in (moved.folder / "after-1-imitate", moved.checkpoint)]
    assert shas[0] != shas[1], "what it learned came of its own successes alone"


def test_what_was_found_is_read_back_and_nothing_else_is(tmp_path: Path) -> None:
    prompt, drawn = "a screen", Drawn((1, 2), (-0.5, -0.25))
    found = Found((Datum(prompt, (3,), {"weights": np.ones(1)}),))
    found.keep(Rollout("t", [prompt], [drawn], True))
    found.known_losses[0] = 0.125
    found.save(tmp_path)
    again = Found(found.known)
    again.load(tmp_path)
    assert again.known_losses == [0.125] and again.own_losses == [0.75] and again.own[0].tokens == (1, 2) and again.own[0].prompt == prompt
    file = next(tmp_path.iterdir())
    inside = b"\x80\x04\x8c\x1fbakeoff.agents.baked.checkpoint\x8c\njson.loads\x93."
    assert pickle.loads(inside) is json.loads  # a way to anything that one of our modules imports
    for damaged in (pickle.dumps(os.system), inside, file.read_bytes()[:-20], b""):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match="bake again"):
            Found(found.known).load(tmp_path)
    file.unlink()
    with pytest.raises(UsageError, match="bake again"):
        Found(found.known).load(tmp_path)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9), st.floats(0.1, 8), st.integers(0, 10), st.integers(0, 1000))
def test_a_token_is_drawn_from_the_likeliest_few(logits: list[float], temperature: float, top_k: int, seed: int) -> None:
    row = torch.tensor(logits)
    at = choose(row, temperature, top_k, torch.Generator().manual_seed(seed))
    assert sum(other > row[at] for other in row) < (top_k or len(logits))
    assert row[choose(row, 0.0, top_k, torch.Generator())] == row.max()


def test_an_episode_that_a_fault_ended_teaches_nothing(data: Path) -> None:
    from bakeoff.training.reinforce import Group, _data
    from bakeoff.training.rollout import Rollout, Room

    with HostedEnvironment("toy") as host:
        tools = host.tools
    from bakeoff.agents.baked.voice import Pointing
    from bakeoff.training.examples import examples
    from bakeoff.training.local import LocalEngine, build
    from bakeoff.training.protocol import SamplingParams

    grammar = examples([Shelf(data).demo(next(iter(Shelf(data))))], tools).grammar
    engine = LocalEngine(build({"network": "pointer", "shape": TINY, "grammar": grammar.to_dict()}, 0))
    room = Room("toy_buggy")
    try:
        task = replace(room.task(TaskId("toy_buggy", "toy-alpha", 1, "assign-locker", 5), 6))
        (found,) = room.play(engine, Pointing(grammar), [task], [lambda step: SamplingParams(seed=step)])
    finally:
        room.close()
    assert found.passed is None and "bug" in found.fault
    good, bad = Rollout("a", found.prompts, found.drawn, True), Rollout("a", found.prompts, found.drawn, False)
    worth = [datum.inputs["advantages"][0] for datum in _data(Group(task.id, [good, bad], [1.0, 0.0]), Reinforce(), 1)]
    assert np.sign(worth[0]) == 1 and np.sign(worth[-1]) == -1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("kind = \"imitate\"", "kind = \"dream\""), "kind"),
        (("steps = 20", "stepps = 20"), "stepps"),
        (("width = 16", "width = 15"), "multiple"),
        (("size = 2", "size = 1"), "size"),
        (("data = \"data\"", ""), "data"),
        (("batch = 8", "batch = 8\nlearning_rate = 7"), "between"),
        (("updates = 4", "updates = 4\nvariant = \"ppo\""), "variant"),
        (("updates = 3", "updates = 3\nvariant = \"rloo\""), "variant"),
        (("size = 3", "size = 0"), "size"),
    ],
)  # fmt: skip
def test_a_bad_recipe_is_one_line_with_its_place(change: tuple[str, str], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.replace(*change))
    with pytest.raises(UsageError, match=complaint) as caught:
        read_recipe(tmp_path / "recipe.toml")
    assert "recipe.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_the_command_line_estimates_and_refuses(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "data").symlink_to(data)

    def bake(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bakeoff.cli", "bake", "recipe.toml", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    told = bake("--dry-run")
    assert told.returncode == 0 and "minutes of one core" in told.stdout and not (tmp_path / "bakes").exists(), told.stderr
    wrong = bake("--placebo", "sugar")
    assert wrong.returncode == 2 and "shuffled-answers" in wrong.stderr and wrong.stderr.count("\n") == 1


COLLECT = """
[[collect]]
templates = ["assign-locker"]
n = 6
sample = 0

[[collect]]
products = 1
n = 5
sample = 0
"""


def test_a_recipe_collects_its_own_data_and_learns_from_a_part_of_it(plugin: Path, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "recipe.toml"
    path.write_text(
        RECIPE.replace("updates = 4", "updates = 1")
        .replace("updates = 3", "updates = 1")
        .replace('data = "data"', f'data = "{tmp_path}/own"')
        + COLLECT
    )
    recipe = read_recipe(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        found = estimate(recipe, tmp_path / "scratch")
        assert found.items > 6 and found.stages[0][0] == "collect" and found.stages[0][2] == 11 and not recipe.data.exists()
    told: list[tuple[str, int, int]] = []
    result = Bake(recipe, tmp_path / "b", lambda stage, done, total, figures: told.append((stage, done, total))).run()
    shelf = Shelf(recipe.data)
    assert {item.template for item in list(shelf)[:6]} == {"assign-locker"} and {item.template for item in shelf} > {"assign-locker"}
    assert ("collect toy", 6, 6) in told and ("collect toy", 5, 5) in told and (recipe.data / "README.md").exists()
    assert result.ledger.demonstrations == len(shelf)
    collected = told.count(("collect toy", 6, 6))
    Bake(recipe, tmp_path / "again", lambda stage, done, total, figures: told.append((stage, done, total))).prepare()[3].close()
    assert told.count(("collect toy", 6, 6)) == collected, "what is there is not looked for again"
    part = Bake(replace(recipe, stages=(Imitate(steps=1),), products=1, items=3), tmp_path / "part").run()
    assert part.ledger.demonstrations == 3


def test_a_folder_with_something_else_in_it_is_refused(data: Path, tmp_path: Path) -> None:
    recipe = Recipe("t", "toy", data, (LEARN,))
    (tmp_path / "letter.txt").write_text("Dear all")
    with pytest.raises(UsageError, match="holds no bake"):
        Bake(recipe, tmp_path)
    Bake(recipe, tmp_path / "b")
    with pytest.raises(UsageError, match="another recipe"):
        Bake(replace(recipe, seed=5), tmp_path / "b")
    with pytest.raises(UsageError, match="needs a stage"):
        recipe.with_placebo("random-reward")
