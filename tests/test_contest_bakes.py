"""What is baked before a run: plans bake what their workers bring along, draw the products that were rehearsed, and say when baking pays."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bakeoff.contest.bakes import BakeFacts, beforehand, read_facts, with_bakes
from bakeoff.contest.draw import expand, plan_hash
from bakeoff.contest.economics import break_even, per_job, success
from bakeoff.contest.plan import Plan, Prices, parse_plan, read_plan
from bakeoff.contest.report.view import AgentView
from bakeoff.contest.run import check
from bakeoff.contest.store import Episode, Store
from bakeoff.core import Ledger, Product, Task, TaskId, UsageError
from contest_plugin import plan_text, plugin  # noqa: F401
from report_runs import Worker, write_run
from test_contest_run import gone
from toy import TEMPLATES, ToyEnvironment

pytestmark = pytest.mark.usefixtures("plugin")

FACTS = BakeFacts(
    "toys", "bakes/toys-1/checkpoint", "ab" * 32, "toy", ("toy-alpha@1",), 45, 9000, (11, 12), Ledger(expert_minutes=30.0).to_dict()
)


def baked_plan(folder: Path, agents: str = 'agent = "baked"\nrecipes = ["toys.toml"]') -> Plan:
    (folder / "toys.toml").write_text("")
    text = plan_text("noop").replace('[[agents]]\nagent = "noop"', f"[[agents]]\n{agents}")
    (folder / "plan.toml").write_text(text)
    return read_plan(folder / "plan.toml")


def test_a_recipe_becomes_a_checkpoint_and_nothing_runs_before_it_is_baked(tmp_path: Path) -> None:
    plan = baked_plan(tmp_path)
    (path,) = plan.recipes
    with pytest.raises(UsageError, match="has to be baked first"):
        check(plan)
    with pytest.raises(UsageError, match=r"needs '.*toys\.toml' baked first"):
        with_bakes(plan, {})
    ready = with_bakes(plan, {path: FACTS})
    assert [agent.spec for agent in ready.agents] == ["baked:bakes/toys-1/checkpoint"] and ready.bakes == ((path, FACTS),)
    assert BakeFacts.from_dict(asdict(FACTS)) == FACTS


def test_what_decides_a_run_is_the_weights_and_not_where_they_lie(tmp_path: Path) -> None:
    plan = baked_plan(tmp_path)
    (path,) = plan.recipes
    one, moved, other = (
        with_bakes(plan, {path: facts}) for facts in (FACTS, replace(FACTS, checkpoint="elsewhere"), replace(FACTS, sha256="cd" * 32))
    )
    assert plan_hash(one, ()) == plan_hash(moved, ()) != plan_hash(other, ())


@pytest.mark.parametrize(
    ("agents", "message"),
    [
        ('agent = "baked"\nrecipes = ["nothing.toml"]', "there is no recipe 'nothing.toml'"),
        ('agent = "baked:somewhere"\nrecipes = ["toys.toml"]', "leave out what stands behind the colon"),
    ],
)
def test_a_plan_says_what_is_wrong_with_its_recipes(agents: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        baked_plan(tmp_path, agents)


def test_folders_without_a_finished_bake_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no finished bake"):
        read_facts(tmp_path)
    (tmp_path / "facts.json").write_text("{}")
    with pytest.raises(UsageError, match="damaged"):
        read_facts(tmp_path)


class Catalogue(ToyEnvironment):
    """Eight training products and one to work in."""

    def products(self, *, family: str | None = None, split: str | None = None) -> tuple[Product, ...]:  # type: ignore[override]
        made = [Product(f"toy-{letter}", 1, "lockers", "train", "none", TEMPLATES) for letter in "abcdefgh"]
        made.append(Product("toy-z", 1, "lockers", "dev", "skin", TEMPLATES))
        return tuple(item for item in made if split in (None, item.split))

    def task(self, task_id: TaskId) -> Task:
        raise AssertionError("nothing asks for a task here")


def test_the_training_products_of_a_stream_are_those_that_were_rehearsed() -> None:
    text = plan_text("noop").replace('["toy-alpha", "toy-beta"]', "1\nwarmup = 2")
    plan = parse_plan(text, "p.toml")
    rehearsed = replace(FACTS, products=("toy-g@1", "toy-h@1"))

    def warm(plan: Plan) -> set[str]:
        (run,) = expand(plan, {"toy": Catalogue()})
        return {task.product for task in run.stream.tasks} - {"toy-z"}

    assert warm(replace(plan, bakes=(("r.toml", rehearsed),))) == {"toy-g", "toy-h"}
    assert warm(replace(plan, bakes=(("r.toml", replace(rehearsed, environment="elsewhere")),))) == warm(plan)


# --- when baking pays ------------------------------------------------------------------------------------------------------------------

WORKERS = (
    Worker("apprentice", "apprentice", "none", lambda n, k: 0.5),
    Worker("baked", "baked:somewhere", "none", lambda n, k: 2.0 if k <= 3 else -1.0),
    Worker("expert", "expert", "expert", lambda n, k: 1.0),
)


def run_of(folder: Path, prices: dict[str, float]) -> Path:
    plan = {
        "prices": prices,
        "path": "toy.toml",
        "streams": [{"name": "main", "practice_steps": 0}],
        "agents": [{"label": "apprentice"}, {"label": "baked", "recipes": ["r.toml"]}, {"label": "expert"}],
        "bakes": [["r.toml", asdict(FACTS)]],
    }
    return write_run(
        folder, workers=WORKERS, products=6, episodes=12, trajectories=False, plan=plan, split=lambda k: "train" if k <= 3 else "dev"
    )


def test_baking_pays_where_it_passes_more_and_never_where_it_does_not(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "run", {"failure": 2.0, "expert_hour": 60.0})
    with Store.open(folder) as store:
        stream = [episode for episode in store.episodes() if episode.kind == "stream"]
    own = {label: [episode for episode in stream if episode.agent == label] for label in ("apprentice", "baked")}
    prices = Prices(expert_hour=60.0, failure=2.0)
    assert success(own["baked"])["met"].value == 1 and success(own["baked"])["unmet"].value == 0
    price = per_job(own["apprentice"], prices)["met"].value
    failed = 1 - (success(own["apprentice"])["met"].value or 0.0)
    assert price == pytest.approx(2 * failed, abs=0.01)
    once = {"baked": 30.0}
    pays = break_even("baked", "apprentice", own, once, prices, "met")
    assert pays is not None and pays.jobs == math.ceil(30 / (pays.saved.value or 0.0)) and pays.low is not None and pays.low <= pays.jobs
    never = break_even("baked", "apprentice", own, once, prices, "unmet")
    assert never is not None and never.jobs is None and (never.saved.value or 0.0) < 0


@given(
    once=some.floats(0.1, 500),
    failures=some.lists(some.tuples(some.booleans(), some.booleans()), min_size=3, max_size=12),
    failure=some.floats(0.1, 20),
)
def test_after_the_break_even_the_baked_worker_is_cheaper_and_before_it_is_not(
    once: float, failures: list[tuple[bool, bool]], failure: float
) -> None:
    def episode(agent: str, at: int, passed: bool) -> Episode:
        return Episode(  # the fields that economics reads; the rest is empty
            **dict.fromkeys(Episode.__dataclass_fields__)
            | {"agent": agent, "kind": "stream", "product": f"p{at}@1", "stream": "s", "repetition": 0, "attempt": 1, "split": "dev"}
            | {"value": float(passed), "ledger": Ledger()}
        )

    own = {
        "baked": [episode("baked", at, passed) for at, (passed, _) in enumerate(failures)],
        "apprentice": [episode("apprentice", at, passed) for at, (_, passed) in enumerate(failures)],
    }
    prices = Prices(failure=failure)
    found = break_even("baked", "apprentice", own, {"baked": once}, prices, "unmet")
    assert found is not None
    a, b = (failure * sum(not passed for passed in side) / len(failures) for side in zip(*failures, strict=True))
    if found.jobs is None:
        assert a >= b - 1e-9
    else:
        assert once + found.jobs * a <= found.jobs * b + 1e-6
        assert found.jobs == 1 or once + (found.jobs - 1) * a >= (found.jobs - 1) * b - 1e-6


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_shows_what_was_rehearsed_what_it_cost_and_when_it_pays(lang: str, tmp_path: Path) -> None:
    from bakeoff.contest.report import write_report

    folder = run_of(tmp_path / "run", {"failure": 2.0, "expert_hour": 60.0})
    page = write_report(folder, lang, environments=None).read_text()
    assert 'id="baked"' in page and 'id="figure-break_even"' in page
    assert ("never" if lang == "en" else "永不") in page
    assert "30.0" in page  # expert minutes beforehand
    plain = write_run(tmp_path / "plain", products=2, episodes=2, trajectories=False)
    assert 'id="baked"' not in write_report(plain, lang, environments=None).read_text()


def test_costs_of_several_bakes_add_up() -> None:
    assert beforehand([FACTS, FACTS]).expert_minutes == 60 and beforehand([]).expert_minutes == 0
    assert AgentView.__dataclass_fields__["beforehand_cost"].default == 0.0


def test_a_bake_ahead_leaves_its_facts_and_is_not_done_twice(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bakeoff.training.ahead import bake_ahead

    text = RECIPE.replace('"data"', f'"{tmp_path / "data"}"')
    (tmp_path / "toys.toml").write_text(text)
    seen: list[str] = []
    recipe = str(tmp_path / "toys.toml")
    (facts,) = bake_ahead([recipe], tmp_path / "bakes", 2, lambda stage, *_: seen.append(stage)).values()
    assert facts.items == 6 and facts.environment == "toy" and facts.examined[1] == 2 and facts.ledger["expert_minutes"] > 0
    assert all(product.startswith("toy-") for product in facts.products) and any("imitate" in stage for stage in seen)
    seen.clear()
    assert bake_ahead([recipe], tmp_path / "bakes", 2, lambda stage, *_: seen.append(stage)) == {recipe: facts} and not seen
    (tmp_path / "wrong.toml").write_text(text.replace('"toys"', '"wrong"').replace('environment = "toy"', 'environment = "nowhere"'))
    with pytest.raises(UsageError, match="there is no environment 'nowhere'"):
        bake_ahead([str(tmp_path / "wrong.toml")], tmp_path / "bakes", 2, lambda *_: None)


def test_a_bake_whose_parent_is_killed_ends_without_a_word_and_leaves_no_process(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "toys.toml").write_text(RECIPE.replace('"data"', f'"{tmp_path / "data"}"').replace("steps = 4", "steps = 200000"))
    script = (
        "import json, os, sys; sys.path[:] = json.loads(os.environ['WAYS']); from pathlib import Path; from bakeoff.training.ahead import bake_ahead\n"
        "bake_ahead([sys.argv[1]], Path(sys.argv[2]), 1, lambda stage, done, *_: print(stage, done, flush=True))"
    )
    mark = f"bake-{os.getpid()}"
    known = {**os.environ, "WAYS": json.dumps(sys.path), "BAKEOFF_TEST_MARK": mark}
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "toys.toml"), str(tmp_path / "bakes")],
        env=known, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert parent.stdout is not None and parent.stderr is not None
        assert any("imitate" in line for line in parent.stdout), parent.stderr.read()
    finally:
        parent.kill()
    assert gone(mark, 30)
    assert parent.stderr.read() == ""
    parent.communicate()


RECIPE = """
name = "toys"
environment = "toy"
data = "data"

[[collect]]
n = 6
sample = 0

[policy]
width = 16
layers = 1
heads = 2
texts = 8

[[stages]]
kind = "imitate"
steps = 4
batch = 4

[examine]
tasks = 2
"""
