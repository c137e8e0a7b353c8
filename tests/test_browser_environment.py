"""The products in real Chromium: proofs, determinism, what is left between episodes, what happens when Chromium dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bakeoff.core import Action, EnvironmentFault, Observation, Scored, Task, TaskId, UsageError, run_episode
from bakeoff.environments.browser import mutants, products, tasks, ways
from bakeoff.environments.browser.environment import BrowserEnvironment
from bakeoff.environments.browser.families import FAMILIES
from open_products import OPEN


@pytest.fixture(scope="module")
def environment() -> Iterator[BrowserEnvironment]:
    with BrowserEnvironment() as found:
        yield found


def _task(environment: BrowserEnvironment, name: str, template: str, seed: int = 5) -> Task:
    return environment.task(TaskId("browser", name, 1, template, seed))


def _named(family: str, distance: str) -> str:
    return next(item.id for item in products.catalogue(family) if item.distance == distance)


CASES = [
    ("crm", "none", "qualify-and-plan"),
    ("crm", "widgets", "create-lead"),
    ("crm", "data-model", "schedule-follow-up"),
    ("helpdesk", "skin", "answer-and-close"),
    ("helpdesk", "workflow", "merge-tickets"),
    ("helpdesk", "data-model", "route-ticket"),
]


@pytest.mark.parametrize(("family", "distance", "template"), CASES)
def test_proofs_hold_in_chromium(environment: BrowserEnvironment, family: str, distance: str, template: str) -> None:
    task = _task(environment, _named(family, distance), template)
    found = tasks.assignment(task.id)
    chosen = [*ways.proofs(found)[:3], mutants.proofs(found)[0], mutants.proofs(found)[-1]]
    for proof in chosen:
        proof.play(environment, environment.reset(task))
        verdict = environment.verify()
        assert isinstance(verdict, Scored)
        assert verdict.passed == (proof.kind != "mutant"), (proof.name, verdict, environment.answer)
        assert not environment.answer


def test_the_same_id_gives_the_same_first_observation_and_verdict(environment: BrowserEnvironment) -> None:
    task = _task(environment, _named("crm", "workflow"), "disqualify-lead")
    other = _task(environment, _named("helpdesk", "none"), "close-ticket")
    first = run_episode(environment, environment.expert(task), task, agent="expert")
    run_episode(environment, environment.expert(other), other, agent="expert")
    second = run_episode(environment, environment.expert(task), task, agent="expert")
    assert first.first == second.first
    assert [step.observation for step in first.steps] == [step.observation for step in second.steps]
    assert first.verdict == second.verdict and isinstance(first.verdict, Scored) and first.verdict.passed
    with BrowserEnvironment() as elsewhere:
        assert elsewhere.reset(task) == first.first


def test_an_episode_leaves_nothing_behind(environment: BrowserEnvironment) -> None:
    task = _task(environment, _named("crm", "none"), "qualify-lead")
    run_episode(environment, environment.expert(task), task, agent="expert")
    before = environment.office.token
    environment.reset(task)
    observation = environment.step(Action("back"))
    assert "no page to go back to" in observation.error
    assert environment.office.token != before
    assert environment.tab.evaluate("[document.cookie, localStorage.length, sessionStorage.length, history.length]") == ["", 0, 0, 1]
    environment.tab.evaluate("localStorage.setItem('left', 'behind')")
    environment.reset(task)
    assert environment.tab.evaluate("localStorage.getItem('left')") is None


def test_without_a_session_every_door_is_closed(environment: BrowserEnvironment) -> None:
    task = _task(environment, _named("crm", "none"), "qualify-lead")
    environment.reset(task)
    old = environment.office
    environment.reset(task)
    tab = environment.tab
    view = tab.goto(f"/enter/{old.ticket}")
    assert [element.name for element in view.elements] == ["This door is closed."]
    tab.evaluate("document.cookie = 'session=; Max-Age=0'")
    with BrowserEnvironment() as other:
        other.reset(task)
        assert other.office.token != environment.office.token and other.origin != environment.origin


def test_two_environments_at_once_do_not_see_each_other(environment: BrowserEnvironment) -> None:
    task = _task(environment, _named("helpdesk", "vocabulary"), "delete-spam")
    with BrowserEnvironment() as other:
        mine, theirs = environment.reset(task), other.reset(task)
        assert mine == theirs
        policy = environment.expert(task)
        observation: Observation = mine
        while not observation.done:
            observation = environment.step(policy(observation))
        passed, untouched = environment.verify(), other.verify()
        assert isinstance(passed, Scored) and passed.passed
        assert isinstance(untouched, Scored) and not untouched.passed and not untouched.evidence["difference"]


@pytest.mark.slow
def test_sixteen_episodes_at_once_are_judged_rightly() -> None:
    """Each in a Chromium of its own, on however few cores: experts pass, and whoever does nothing does not."""

    def play(number: int) -> list[tuple[bool, bool]]:
        family = sorted(FAMILIES)[number % len(FAMILIES)]
        product = products.catalogue(family)[number]
        found = []
        with BrowserEnvironment() as own:
            for template in product.templates[:2]:
                task = own.task(TaskId("browser", product.id, 1, template, number))
                expert = own.expert(task)
                for right, policy in ((True, expert), (False, lambda _: Action("finish"))):
                    assert policy is not None
                    verdict = run_episode(own, policy, task, agent="any").verdict
                    assert isinstance(verdict, Scored), verdict
                    found.append((verdict.passed, right))
        return found

    with ThreadPoolExecutor(16) as pool:
        verdicts = [pair for pairs in pool.map(play, range(16)) for pair in pairs]
    assert len(verdicts) == 64
    assert all(passed == right for passed, right in verdicts), verdicts


def test_a_killed_chromium_is_a_fault_and_the_next_episode_works() -> None:
    with BrowserEnvironment() as environment:
        task = _task(environment, _named("crm", "none"), "assign-lead")
        observation = environment.reset(task)
        assert environment._browser is not None
        os.kill(environment._browser.pid, signal.SIGKILL)
        with pytest.raises(EnvironmentFault):
            for _ in range(3):
                observation = environment.step(Action("click", {"ref": observation.elements[3].ref}))
        verdict = run_episode(environment, environment.expert(task), task, agent="expert").verdict
        assert isinstance(verdict, Scored) and verdict.passed


def test_a_bug_of_the_server_abstains_instead_of_scoring(environment: BrowserEnvironment) -> None:
    task = _task(environment, _named("crm", "none"), "assign-lead")
    observation = environment.reset(task)
    environment.office.store.connection.execute("DROP TABLE records")
    environment.office.store._cache = None
    link = next(element for element in observation.elements if element.role == "link")
    environment.step(Action("click", {"ref": link.ref}))
    with pytest.raises(EnvironmentFault, match="product server failed"):
        environment.verify()


def test_pictures_and_pages_are_light(environment: BrowserEnvironment) -> None:
    task = _task(environment, _named("helpdesk", "data-model"), "assign-ticket")
    environment.reset(task)
    assert environment.screenshot().startswith(b"\x89PNG")
    assert environment.tab.evaluate("document.documentElement.outerHTML.length") < 30_000


def test_the_step_limit_leaves_room(environment: BrowserEnvironment) -> None:
    for family in FAMILIES.values():
        for template in family.templates:
            # Three or four times what an expert needs.
            assert 20 <= _task(environment, OPEN[family.name][7], template).limits.steps <= 300


def test_wrong_names_are_told_in_one_line(environment: BrowserEnvironment) -> None:
    with pytest.raises(UsageError, match="no product 'crm-nowhere@1'"):
        environment.product("crm-nowhere")
    with pytest.raises(UsageError, match="version of every product is 1"):
        environment.product("crm-harbor@9")
    with pytest.raises(UsageError, match="does not belong"):
        environment.task(TaskId("miniwob", "click-test", 1, "solve", 1))
