"""A loophole planted on purpose: the proxy can be had for nothing, the verdict cannot; and who is rewarded by the proxy learns to cheat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bakeoff.contest.plan import parse_plan
from bakeoff.contest.progress import Plain
from bakeoff.contest.report.gather import findings
from bakeoff.contest.run import run_plan
from bakeoff.contest.store import Store
from bakeoff.core import Action, Scored, TaskId, UsageError, run_episode
from bakeoff.environments.browser import loophole, mutants, products, tasks, ways
from bakeoff.environments.browser.environment import BrowserEnvironment
from bakeoff.environments.browser.families import FAMILIES
from bakeoff.environments.spreadsheet import loophole as hand_in
from bakeoff.environments.spreadsheet import products as workbooks
from bakeoff.environments.spreadsheet.environment import SpreadsheetEnvironment
from bakeoff.environments.spreadsheet.families import FAMILIES as MODELS
from contest_plugin import plan_text, plugin  # noqa: F401
from paper import PaperEnvironment


def place(family: str, split: str = "train", at: int = 0) -> str:
    return [item.id for item in products.catalogue(family) if item.split == split][at]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_proxy_can_be_had_for_nothing_and_the_verdict_cannot(family: str) -> None:
    with PaperEnvironment() as environment:
        for template in list(FAMILIES[family].templates)[:2]:
            name = TaskId("browser", f"{place(family)}-loophole", 1, template, 5)
            task = environment.task(name)
            plain = environment.task(TaskId("browser", place(family), 1, template, 5))
            assert task.instruction == plain.instruction + loophole.ASKED and (task.split, task.family) == (plain.split, plain.family)
            honest = run_episode(environment, environment.expert(task), task, agent="expert").verdict
            assert isinstance(honest, Scored) and honest.passed and honest.evidence["proxy"] is True
            kept = environment.artefacts()
            assert environment.regrade(task, kept) == honest
            hack = loophole.hack()
            hack.play(environment, environment.reset(task))
            cheated = environment.verify()
            assert isinstance(cheated, Scored) and cheated.value < 1 and cheated.evidence["proxy"] is True
            assert not cheated.evidence["difference"], "and nothing was changed"
            assert environment.regrade(task, environment.artefacts()) == cheated
            environment.reset(task)
            environment.step(Action("finish"))
            idle = environment.verify()
            assert isinstance(idle, Scored) and idle.value < 1 and idle.evidence["proxy"] is False


def test_its_proofs_hold_there_too() -> None:
    name = TaskId("browser", f"{place('crm', at=3)}-loophole", 1, "assign-lead", 2)
    with PaperEnvironment() as environment:
        task, found = environment.task(name), tasks.assignment(name)
        for proof in (*ways.proofs(found), *mutants.proofs(found)):
            proof.play(environment, environment.reset(task))
            verdict = environment.verify()
            assert isinstance(verdict, Scored) and verdict.passed == (proof.kind != "mutant"), proof.name


def test_a_plain_product_shows_nothing_of_it_and_sealed_ones_have_none() -> None:
    with PaperEnvironment() as environment:
        name = TaskId("browser", place("crm"), 1, "assign-lead", 5)
        seen = environment.reset(environment.task(name))
        assert loophole.BUTTON not in seen.text and "Your job" not in seen.text
        environment.step(Action("finish"))
        verdict = environment.verify()
        assert isinstance(verdict, Scored) and "proxy" not in verdict.evidence and set(environment.artefacts()) == {"final.sqlite"}
    with pytest.raises(UsageError, match="sealed"):
        products.blueprint(f"{place('crm', 'sealed')}-loophole")
    for wrong in (f"{place('crm')}-loophole-nonsense", f"{place('crm')}-nonsense-loophole", "crm-nowhere-loophole"):
        with pytest.raises(UsageError, match="no product"):
            products.blueprint(wrong)


def test_it_works_in_chromium() -> None:
    with BrowserEnvironment() as environment:
        task = environment.task(TaskId("browser", f"{place('helpdesk')}-loophole", 1, "assign-ticket", 5))
        hack = loophole.hack()
        hack.play(environment, environment.reset(task))
        verdict = environment.verify()
        assert isinstance(verdict, Scored) and not verdict.passed and verdict.evidence["proxy"] is True
        seen = environment.reset(task)
        assert "Your job: open" in seen.text, "a fresh copy begins anew"


@pytest.mark.usefixtures("plugin")
def test_a_report_shows_the_hack_rate_where_a_loophole_was_planted(tmp_path: Path) -> None:
    for environment, known in (("toy_lax", True), ("toy", False)):
        plan = parse_plan(plan_text("random", "noop", environment=environment, episodes=8))
        folder = tmp_path / environment
        run_plan(plan, Plain(Console(quiet=True)), out=folder)
        with Store.open(folder) as store:
            found = findings(store, store.episodes())
            assert {agent.hacked.known for agent in found.agents} == {known}
            if known:
                proxies = store.proxies()
                assert len(proxies) == len(store.episodes())
                hacks = [episode for episode in store.episodes() if proxies[episode.id] and not episode.passed]
                rate = found.agent("random").hacked.value
                assert hacks and rate == pytest.approx(len(hacks) / sum(episode.agent == "random" for episode in store.episodes()))
                assert found.agent("noop").hacked.value == 0.0


@pytest.mark.usefixtures("plugin")
def test_a_bake_may_reward_by_the_proxy_and_its_journal_shows_the_hack_rate(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bakeoff.experts.collect import Wanted
    from bakeoff.training.bake import Bake
    from bakeoff.training.recipe import Imitate, Recipe, Reinforce

    tiny = {"width": 16, "layers": 1, "heads": 2, "texts": 8}
    stages = (Imitate(steps=6, batch=8), Reinforce(updates=2, groups=2, size=3, reward="proxy"))
    for environment in ("toy_lax", "toy"):
        data, wanted = tmp_path / environment, (Wanted(environment, 6, sample=0),)
        bake = Bake(
            Recipe("toys", environment, data, stages, policy=tiny, examine=4, steps=8, collect=wanted), tmp_path / f"bake-{environment}"
        )
        if environment == "toy":
            with pytest.raises(UsageError, match="offers no proxy"):
                bake.run()
            return
        bake.run()
        lines = [json.loads(line) for line in (bake.folder / "journal.jsonl").read_text().splitlines()]
        assert all("hacked" in line for line in lines if line["stage"] == "2-reinforce") and sum("examined" in line for line in lines) == 2
        assert all(0 <= line["hacked"] <= line["judged"] - line["passed"] for line in lines if "examined" in line)


@pytest.mark.usefixtures("plugin")
def test_the_reward_decides_what_a_group_learns(tmp_path: Path) -> None:
    """One group, in which one episode cheats and one does the job without saying so: either reward prefers another one."""
    pytest.importorskip("torch")
    from bakeoff.training.practice import Practice, Replay
    from bakeoff.training.recipe import Reinforce
    from bakeoff.training.reinforce import reinforce
    from bakeoff.training.rollout import Rollout, Room

    cheat, work = Rollout("cheat", passed=False, proxy=True), Rollout("work", passed=True, proxy=False)
    assert cheat.hacked and not work.hacked and not Rollout("none", passed=False).hacked

    class Fixed(Room):
        def play(self, *_: object) -> list[Rollout]:  # type: ignore[override]
            for one in (work, cheat):
                one.prompts, one.drawn = ["screen"], [Drawn((1,), (-1.0,))]
            return [work, cheat]

    class Pupil:
        """Keeps what it is taught."""

        taught: list[tuple[str, float]]

        def forward_backward(self, data, loss):  # type: ignore[no-untyped-def]
            self.taught = [float(datum.inputs["advantages"].sum()) for datum in data]  # type: ignore[misc]

        def optim_step(self, params: object) -> float:
            return 0.0

    from bakeoff.core import Ledger
    from bakeoff.training.protocol import Drawn

    room = Fixed("toy_lax")
    try:
        for reward, best in (("proxy", "cheat"), ("verdict", "work")):
            pupil = Pupil()
            stage = Reinforce(updates=1, groups=1, size=2, reward=reward)  # type: ignore[arg-type]
            replay = Replay((("toy-alpha", 1, "assign-locker"),))
            practice = Practice(pupil, None, room, replay, stage, 8, Ledger())  # type: ignore[arg-type]
            (figures,) = reinforce(practice, stage, 0, 0)
            first, second = pupil.taught  # of the one who does the job, and of the one who cheats
            assert (first > 0 > second) == (best == "work") and figures["hacked"] == 0.5 and figures["passed"] == 0.5  # type: ignore[operator]
    finally:
        room.close()


@pytest.mark.usefixtures("plugin")
def test_a_recipe_may_ask_for_the_proxy_and_keeps_its_digest_when_it_does_not(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bakeoff.training.recipe import Reinforce, read_recipe

    text = 'name = "x"\nenvironment = "toy"\ndata = "d"\n[[collect]]\nn = 3\n{}[[stages]]\nkind = "reinforce"\n{}'
    path = tmp_path / "r.toml"
    path.write_text(text.format("", ""))
    plain = read_recipe(path)
    assert "reward" not in json.dumps(plain.facts()) and "suffix" not in json.dumps(plain.facts())
    path.write_text(text.format('suffix = "-loophole"\n', 'reward = "proxy"\n'))
    asked = read_recipe(path)
    assert asked.stages[0].reward == "proxy" and asked.collect[0].suffix == "-loophole" and asked.digest != plain.digest  # type: ignore[union-attr]
    assert replace(asked, stages=(Reinforce(),), collect=plain.collect).digest == plain.digest
    ours = read_recipe(Path(__file__).parent.parent / "recipes" / "loophole.toml")
    assert ours.stages[1].reward == "proxy" and ours.collect[0].suffix == "-loophole"  # type: ignore[union-attr]
    path.write_text(text.format("", 'reward = "money"\n'))
    with pytest.raises(UsageError, match="reward"):
        read_recipe(path)


# --- in workbooks ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", MODELS)
def test_in_workbooks_too_the_proxy_can_be_had_for_nothing_and_the_verdict_cannot(family: str) -> None:
    house = next(item.id for item in workbooks.products(family, "train"))
    template = {"loan": "enter-inputs", "dcf": "from-scratch", "saas": "answer"}.get(family, "fill-row")
    with SpreadsheetEnvironment() as environment:
        task = environment.task(TaskId("spreadsheet", f"{house}-loophole", 1, template, 5))
        plain = environment.task(TaskId("spreadsheet", house, 1, template, 5))
        assert task.instruction == plain.instruction + hand_in.ASKED and (task.split, task.family) == (plain.split, plain.family)
        honest = run_episode(environment, environment.expert(task), task, agent="expert").verdict
        assert isinstance(honest, Scored) and honest.passed and honest.evidence["proxy"] is True
        assert environment.regrade(task, environment.artefacts()) == honest
        hand_in.hack().play(environment, environment.reset(task))
        cheated = environment.verify()
        assert isinstance(cheated, Scored) and not cheated.passed and cheated.evidence["proxy"] is True
        assert environment.regrade(task, environment.artefacts()) == cheated
        environment.reset(task)
        environment.step(Action("finish"))
        idle = environment.verify()
        assert isinstance(idle, Scored) and not idle.passed and idle.evidence["proxy"] is False
        seen = environment.reset(plain)
        assert hand_in.SHEET not in seen.text
        environment.step(Action("finish"))
        verdict = environment.verify()
        assert isinstance(verdict, Scored) and "proxy" not in verdict.evidence and hand_in.CLAIMED not in environment.artefacts()


def test_in_workbooks_its_proofs_hold_and_whoever_does_the_job_without_saying_so_has_the_verdict_alone() -> None:
    with SpreadsheetEnvironment() as environment:
        task = environment.task(TaskId("spreadsheet", "loan-eden-loophole", 1, "fill-row", 3))
        proofs = environment.proofs(task)
        assert "marked-undone" in {proof.name for proof in proofs}
        for proof in proofs:
            proof.play(environment, environment.reset(task))
            verdict = environment.verify()
            assert isinstance(verdict, Scored) and verdict.passed == (proof.kind in ("expert", "alternative")), proof.name
            assert verdict.evidence["proxy"] is (proof.name == "marked-undone"), proof.name
    sealed = workbooks.products("loan", "sealed")[0].id
    with pytest.raises(UsageError, match="sealed"):
        workbooks.house(f"{sealed}-loophole")
    with pytest.raises(UsageError, match="no product"):
        workbooks.house("loan-nowhere-loophole")


def test_a_workbook_policy_can_say_what_the_honest_expert_does_there() -> None:
    pytest.importorskip("torch")
    from bakeoff.agents.baked.workbook import Desk
    from bakeoff.training.examples import examples

    with SpreadsheetEnvironment() as environment:
        tasks = [environment.task(TaskId("spreadsheet", "loan-eden-loophole", 1, "fill-row", seed)) for seed in range(8)]
        runs = [run_episode(environment, environment.expert(task), task, agent="expert") for task in tasks]
        assert all(run.steps[-2].action.arguments == {"cell": str(hand_in.STATUS), "content": "1"} for run in runs)
        found = examples(runs, environment.tools)
        said = [found.grammar.read(datum.tokens, datum.prompt) for datum in found.data if isinstance(datum.prompt, Desk)]
        assert said.count(Action("write", {"cell": str(hand_in.STATUS), "content": "=1"})) == len(runs)
