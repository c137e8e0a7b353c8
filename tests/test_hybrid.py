"""Baked and learning in one worker: outcomes say who does which job, and what the baked policy passes teaches the learner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bakeoff.agents.apprentice.agent import Apprentice
from bakeoff.agents.hybrid.agent import BAKED, LEARNER, Hybrid
from bakeoff.agents.hybrid.choice import Choice
from bakeoff.core import Action, Observation, Outcome, TaskId, Tool, run_episode
from contest_plugin import plugin  # noqa: F401
from test_apprentice_lists import Depot, _practised, _work


def _first(choice: Choice, product: str, words: frozenset[str], random: np.random.Generator) -> str:
    drawn = choice.draw(product, words, random)
    return max(drawn, key=drawn.__getitem__)


JOB, OTHER = frozenset({"seal", "crate"}), frozenset({"weigh", "boxes", "room"})


@pytest.mark.parametrize(
    ("baked", "learner"),
    [((0.9, 0.9), (0.2, 0.2)), ((0.1, 0.1), (0.3, 1.0)), ((0.5, 0.5), (0.0, 0.95)), ((0.95, 0.95), (0.0, 0.6)), ((0.0, 0.0), (0.0, 0.0))],
)
def test_in_the_long_run_it_is_as_good_as_the_better_of_both(baked: tuple[float, float], learner: tuple[float, float]) -> None:
    """Each worker's chance goes from its first to its second figure over the ten first times that it is sent."""
    late = []
    for seed in range(30):
        random, choice = np.random.default_rng(seed), Choice(("baked", "apprentice"))
        sent = {"baked": 0, "apprentice": 0}
        chances = {"baked": baked, "apprentice": learner}
        passed = []
        for _ in range(300):
            who = _first(choice, "here", JOB, random)
            first, last = chances[who]
            passed.append(bool(random.random() < first + (last - first) * min(sent[who] / 10, 1)))
            sent[who] += 1
            choice.note(who, "here", JOB, passed[-1])
        late.append(np.mean(passed[100:]))
        assert min(sent.values()) >= 1, "neither is ever given up unseen"
    assert np.mean(late) >= max(baked[1], learner[1]) - 0.06


def test_what_came_of_it_elsewhere_says_whom_to_send_first_and_is_overruled_here() -> None:
    choice = Choice(("baked", "apprentice"))
    for product in range(20):
        for time in range(4):
            choice.note("baked", f"p{product}", JOB, True)
            choice.note("apprentice", f"p{product}", JOB, time >= 2)
    random = np.random.default_rng(0)
    assert sum(_first(choice, "new", JOB, random) == "baked" for _ in range(200)) > 150
    for _ in range(4):
        choice.note("baked", "new", JOB, False)
    assert sum(_first(choice, "new", JOB, random) == "baked" for _ in range(200)) < 100
    assert sum(_first(choice, "new", OTHER, random) == "baked" for _ in range(200)) > 80, "another kind of job there is another matter"
    twin = Choice(("baked", "apprentice"))
    twin.read(choice.to_list())
    assert twin.to_list() == choice.to_list() and twin.chances("baked", "new", JOB) == choice.chances("baked", "new", JOB)


def test_the_learner_takes_in_what_it_sees_pass() -> None:
    """It has done nothing itself; after two runs of somebody else's it does the job at once."""
    agent, environment = _practised()
    runs = [_run(environment, "seal", seed) for seed in (4, 5)]
    assert [agent.witness(run.first, run.steps, True) for run in runs] == [True, True]
    assert [_work(agent, environment, "seal", seed) for seed in range(3)] == [True, True, True]


def test_a_run_that_failed_or_was_not_judged_teaches_no_plan() -> None:
    agent, environment = _practised()
    run = _run(environment, "seal", 4)
    for passed in (False, None):
        assert not agent.witness(run.first, run.steps, passed)
    assert not agent.workplace.store.past and not agent.beliefs()


def _run(environment: Depot, template: str, seed: int):
    task = environment.task(TaskId("depot", "depot-one", 1, template, seed))
    return run_episode(environment, environment.expert(task), task, agent="expert")


def test_what_the_learner_has_no_plan_for_it_does_not_understand() -> None:
    plain = Apprentice(Depot.tools, 1)
    run = _run(Depot(), "keeper", 2)
    assert plain.witness(run.first, run.steps, True) in (True, False) and plain.workplace.current


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, plugin: Path) -> Path:  # noqa: F811
    """A policy baked on lockers."""
    pytest.importorskip("torch")
    from bakeoff.experts.collect import Wanted, collect
    from bakeoff.experts.shelf import Shelf
    from bakeoff.training.bake import Bake
    from bakeoff.training.recipe import Imitate, Recipe

    folder = tmp_path_factory.mktemp("hybrid")
    collect(Wanted("toy", 45, sample=0), Shelf(folder / "data"))
    tiny = {"width": 32, "layers": 1, "heads": 2, "texts": 16}
    stages = (Imitate(steps=220, batch=16, learning_rate=5e-3),)
    return Bake(Recipe("toys", "toy", folder / "data", stages, policy=tiny, examine=0, steps=14), folder / "b").run().checkpoint


def test_the_agent_keeps_the_contract(checkpoint: Path) -> None:
    from bakeoff.core import make_agent
    from bakeoff.testing import check_agent
    from toy import ToyEnvironment

    check_agent(lambda tools, seed: make_agent(f"hybrid:{checkpoint}", tools, seed), ToyEnvironment, ["toy/toy-alpha@1/assign-locker#3"])


def test_it_does_as_well_as_the_baked_policy_where_the_learner_cannot_and_alone_elsewhere(checkpoint: Path) -> None:
    from bakeoff.core import UsageError, make_agent
    from toy import TOOLS, ToyEnvironment

    with ToyEnvironment() as environment:
        agent = make_agent(f"hybrid:{checkpoint}", environment.tools, 0)
        passed = []
        for seed in range(24):
            task = environment.task(TaskId("toy", "toy-alpha", 1, "assign-locker", seed))
            run = run_episode(environment, agent.act, task, agent="hybrid")
            passed.append(run.verdict is not None and run.verdict.passed)  # type: ignore[union-attr]
            agent.learn(run.last, Outcome("outcome", passed=passed[-1]))
        assert sum(passed[8:]) >= 8 and any("baked passed" in sentence for sentence in agent.beliefs())
        assert make_agent(f"hybrid:{checkpoint}", TOOLS[:2], 0).baked is None, "other tools: the learner alone"
    for name, complaint in (
        ("hybrid", "name a checkpoint"),
        (f"hybrid:{checkpoint}/none", "is no checkpoint"),
        (f"hybrid:{checkpoint};x", "no switch"),
    ):
        with pytest.raises(UsageError, match=complaint):
            make_agent(name, TOOLS, 0)


class Hesitant:
    """A baked policy that is certain of its first actions, as many as it is given, and then is not."""

    def __init__(self, actions: list[Action]) -> None:
        self.actions, self.certainty, self.asked = actions, 0.0, 0

    def act(self, observation: Observation) -> Action:
        self.asked += 1
        if observation.step < len(self.actions):
            self.certainty = -0.05
            return self.actions[observation.step]
        self.certainty = -0.8
        return Action("finish")


def _sends_baked_first(checkpoint: Path, tools: tuple[Tool, ...], first: list[Action]) -> tuple[Hybrid, Hesitant]:
    agent = Hybrid(tools, 0, str(checkpoint))
    hesitant = Hesitant(first)
    agent.baked = hesitant  # type: ignore[assignment]
    for _ in range(60):
        agent.choice.note(BAKED, "elsewhere", JOB, True)
        agent.choice.note(LEARNER, "elsewhere", JOB, False)
    return agent, hesitant


def test_it_hands_over_where_it_is_no_longer_sure_and_first_takes_its_own_changes_back(checkpoint: Path) -> None:
    from bakeoff.core import make_environment

    with make_environment("spreadsheet") as environment:
        task = environment.task(TaskId("spreadsheet", "loan-flint", 1, "fill-row", 3))
        agent, hesitant = _sends_baked_first(
            checkpoint,
            environment.tools,
            [Action("read", {"range": "A1:F20"}), Action("write", {"cell": "B2", "content": "nonsense"}), Action("write", {"cell": "no cell", "content": "1"})],
        )  # fmt: skip
        run = run_episode(environment, agent.act, task, agent="hybrid")
        tools = [step.action.tool for step in run.steps]
        assert tools[:4] == ["read", "write", "write", "undo"] and "undo" not in tools[4:], "the write that was refused is not taken back"
        assert hesitant.asked == 4
        assert run.verdict is not None and run.verdict.passed  # type: ignore[union-attr]
        agent.learn(run.last, Outcome("outcome", passed=True))
    assert agent.choice.here(LEARNER, agent._product, agent._words) == [True] and not agent.choice.here(BAKED, agent._product, agent._words)


def test_what_the_learner_ends_is_the_learners_record(checkpoint: Path) -> None:
    environment = Depot()
    practised, _ = _practised()
    agent, hesitant = _sends_baked_first(checkpoint, Depot.tools, [])
    agent.apprentice = practised
    passed = []
    for seed in range(6):
        run = run_episode(environment, agent.act, environment.task(TaskId("depot", "depot-one", 1, "seal", seed)), agent="hybrid")
        passed.append(bool(run.verdict is not None and run.verdict.passed))  # type: ignore[union-attr]
        agent.learn(run.last, Outcome("outcome", passed=passed[-1]))
    assert passed[-1] and agent.choice.here(LEARNER, agent._product, agent._words) == passed
    assert hesitant.asked >= 1 and not agent.choice.here(BAKED, agent._product, agent._words)
