"""MiniWoB++ through the contract: the same id shows the same screen, the page's own reward is the verdict, and nothing else is."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator

import pytest

from bakeoff.core import Action, Element, Environment, EnvironmentFault, Observation, Policy, Scored, TaskId, UsageError, run_episode
from bakeoff.environments.browser.miniwob import ATTACKS, MiniWobEnvironment, dev_tasks, judge, train_tasks
from bakeoff.environments.browser.miniwob_pages import html_directory, policy, sign
from bakeoff.testing import Case, environment_cases


@pytest.fixture(scope="module")
def miniwob() -> Iterator[MiniWobEnvironment]:
    with MiniWobEnvironment() as environment:
        assert isinstance(environment, MiniWobEnvironment)
        yield environment


def name(task: str, seed: int = 0) -> TaskId:
    return TaskId.parse(f"miniwob/{task}@1/episode#{seed}")


def pick(observation: Observation, role: str, text: str | None = None, nth: int = 0) -> Element:
    found = [element for element in observation.elements if element.role == role and text in (None, element.name)]
    assert len(found) > nth, f"no {role} {text!r} on the screen:\n{observation.text}"
    return found[nth]


def quoted(goal: str) -> list[str]:
    return goal.split('"')[1::2]


def click(element: Element) -> Action:
    return Action("click", {"ref": element.ref})


def play(task: str) -> Policy:
    """A short script for a task, from what is on the screen alone."""

    def act(observation: Observation) -> Action:
        goal, step = observation.goal, observation.step
        if task == "click-test":
            return click(pick(observation, "button"))
        if task in ("click-button", "click-test-2"):
            return click(pick(observation, "button", "ONE" if task == "click-test-2" else quoted(goal)[0]))
        if task == "click-link":
            return click(next(element for element in observation.elements if element.name == quoted(goal)[0] and element.role != "text"))
        if task == "focus-text":
            return click(pick(observation, "textbox"))
        if task == "enter-text":
            if step == 0:
                return Action("type", {"ref": pick(observation, "textbox").ref, "text": quoted(goal)[0]})
            return click(pick(observation, "button"))
        if task == "login-user":
            if step < 2:
                return Action("type", {"ref": pick(observation, "textbox", nth=step).ref, "text": quoted(goal)[step]})
            return click(pick(observation, "button"))
        if task == "choose-list":
            if step == 0:
                wanted = goal.removeprefix("Select ").removesuffix(" from the list and click Submit.")
                return Action("select", {"ref": pick(observation, "combobox").ref, "option": wanted})
            return click(pick(observation, "button"))
        if task == "click-option":
            if step == 0:
                return click(pick(observation, "radio", goal.removeprefix("Select ").removesuffix(" and click Submit.")))
            return click(pick(observation, "button"))
        raise AssertionError(f"no script for {task} at step {step}:\n{observation.text}")

    return act


SOLVED = (
    "click-test",
    "click-test-2",
    "click-button",
    "click-link",
    "focus-text",
    "enter-text",
    "login-user",
    "choose-list",
    "click-option",
)


@pytest.mark.parametrize("task", SOLVED)
def test_scripts_succeed_from_the_screen_alone(miniwob: MiniWobEnvironment, task: str) -> None:
    for seed in (1, 2, 3):
        episode = run_episode(miniwob, play(task), miniwob.task(name(task, seed)), agent="script")
        assert isinstance(episode.verdict, Scored) and episode.verdict.value == 1, (seed, episode.first.text, episode.first.goal)
        assert episode.steps[-1].observation.ended == "environment" and episode.verdict.evidence["raw_reward"] == 1


def test_the_goal_is_the_utterance_and_not_an_element(miniwob: MiniWobEnvironment) -> None:
    task = miniwob.task(name("click-button", 5))
    observation = miniwob.reset(task)
    assert observation.goal.startswith('Click on the "') and task.instruction == "click button"
    assert not any("Click on the" in element.name or "Last reward" in element.name for element in observation.elements)


def test_failure_and_not_ending_score_zero(miniwob: MiniWobEnvironment) -> None:
    observation = miniwob.reset(miniwob.task(name("click-test-2")))
    assert miniwob.verify() == judge({"actions": 0, "reward": None})
    miniwob.step(click(pick(observation, "button", "TWO")))
    verdict = miniwob.verify()
    assert (
        isinstance(verdict, Scored)
        and verdict.value == 0
        and verdict.evidence["raw_reward"] == -1
        and verdict.failed_checks == ("page-reward",)
    )
    # Steps run out.
    observation = miniwob.reset(miniwob.task(name("click-test")).with_limits(steps=1))
    observation = miniwob.step(Action("wait"))
    assert observation.ended == "step_limit"
    verdict = miniwob.verify()
    assert isinstance(verdict, Scored) and verdict.value == 0 and verdict.evidence["raw_reward"] is None


def test_an_episode_knows_nothing_of_the_one_before(miniwob: MiniWobEnvironment) -> None:
    first = miniwob.reset(miniwob.task(name("enter-text", 4)))
    miniwob.inject("localStorage.x=1;document.cookie='x=1';core.leftover=1;setInterval(()=>parent.document.title='alive',1);0")
    miniwob.step(Action("type", {"ref": pick(first, "textbox").ref, "text": "remains"}))
    again = miniwob.reset(miniwob.task(name("enter-text", 4)))
    assert again == first
    miniwob.inject("if (localStorage.length || document.cookie || core.leftover) throw new Error('something is left')")


@pytest.mark.parametrize("attack", [attack[0] for attack in ATTACKS])
def test_a_claimed_reward_is_not_a_reward(miniwob: MiniWobEnvironment, attack: str) -> None:
    task = miniwob.task(name("click-test-2", 3))
    observation = miniwob.reset(task)
    (proof,) = (proof for proof in miniwob.proofs(task) if proof.name == attack)
    proof.play(miniwob, observation)
    verdict = miniwob.verify()
    assert isinstance(verdict, Scored) and verdict.value == 0


def test_html_that_a_worker_types_does_not_run(miniwob: MiniWobEnvironment) -> None:
    """Where a page pastes typed text into its HTML, the policy keeps handlers in it from running."""
    observation = miniwob.reset(miniwob.task(name("enter-text")))
    text = "<img src=x onerror=core.endEpisode(1)>"
    miniwob.step(Action("type", {"ref": pick(observation, "textbox").ref, "text": text}))
    miniwob.inject("document.body.insertAdjacentHTML('beforeend', document.querySelector('#tt').value)")
    miniwob.step(Action("wait"))
    verdict = miniwob.verify()
    assert isinstance(verdict, Scored) and verdict.evidence["raw_reward"] is None


def test_regrade_from_artefacts_alone(miniwob: MiniWobEnvironment) -> None:
    task = miniwob.task(name("click-test", 1))
    run_episode(miniwob, play("click-test"), task, agent="script")
    artefacts = miniwob.artefacts()
    fresh = MiniWobEnvironment()
    assert fresh.regrade(task, artefacts) == miniwob.verify()
    assert not isinstance(fresh.regrade(task, {}), Scored)


def test_thinking_is_not_timed(miniwob: MiniWobEnvironment) -> None:
    import time

    observation = miniwob.reset(miniwob.task(name("click-test", 2)).with_limits(seconds=2.0))
    time.sleep(2.5)
    observation = miniwob.step(click(pick(observation, "button")))
    assert observation.ended == "environment" and miniwob.verify() == judge(
        {"actions": 1, "reward": {"raw": 1, "reason": None, "page": True}}
    )


def test_products_are_the_dev_list_and_any_page_may_be_named(miniwob: MiniWobEnvironment) -> None:
    assert [product.id for product in miniwob.products()] == list(dev_tasks()) and len(dev_tasks()) == 80
    assert {product.split for product in miniwob.products()} == {"dev", "train"} and miniwob.products(split="sealed") == []
    assert {product.id for product in miniwob.products(split="train")} == train_tasks() < set(dev_tasks())
    others = sorted({path.stem for path in (html_directory() / "miniwob").glob("*.html")} - set(dev_tasks()))
    assert len(others) > 30 and miniwob.task(name(others[0])).split == "sealed"
    for bad in ("miniwob/no-such-task@1/episode#0", "miniwob/click-test@2/episode#0", "miniwob/click-test@1/other#0"):
        with pytest.raises(UsageError):
            miniwob.task(TaskId.parse(bad))


def test_what_may_be_learned_from_has_an_expert_and_nothing_else_has(miniwob: MiniWobEnvironment) -> None:
    for product in miniwob.products():
        expert = miniwob.expert(miniwob.task(name(product.id)))
        assert (expert is not None) == (product.split == "train")
        for seed in range(2) if expert is not None else ():
            task = miniwob.task(name(product.id, seed))
            assert run_episode(miniwob, expert, task, agent="expert").verdict.passed


def test_practice_has_other_data_and_no_goal(miniwob: MiniWobEnvironment) -> None:
    task = miniwob.task(name("click-button", 1))
    real = miniwob.reset(task)
    screens = [miniwob.reset(task, practice=True) for _ in range(3)]
    assert all(screen.goal == "" and screen.elements != real.elements for screen in screens)
    assert screens[0].elements != screens[1].elements
    with MiniWobEnvironment() as again:  # a run that was resumed
        again.reset(again.task(name("click-button", 2)), practice=True)
        assert [again.reset(task, practice=True).elements for _ in range(2)] == [screen.elements for screen in screens[:2]]


def test_screenshots_show_the_page(miniwob: MiniWobEnvironment) -> None:
    miniwob.reset(miniwob.task(name("click-shape")))
    assert miniwob.screenshot().startswith(b"\x89PNG")


def test_a_killed_chromium_is_replaced() -> None:
    with MiniWobEnvironment() as environment:
        assert isinstance(environment, MiniWobEnvironment)
        task = environment.task(name("click-test", 1))
        observation = environment.reset(task)
        assert environment._browser is not None
        os.kill(environment._browser.pid, signal.SIGKILL)
        with pytest.raises(EnvironmentFault) as caught:
            environment.step(click(pick(observation, "button")))
        assert caught.value.retryable
        with pytest.raises(EnvironmentFault):
            environment.verify()
        episode = run_episode(environment, play("click-test"), task, agent="script")
        assert episode.verdict is not None and episode.verdict.to_dict()["value"] == 1


def test_the_policy_covers_what_a_page_came_with_and_nothing_else() -> None:
    page = "<script>a=1</script><script type='text/template'><b></script><script src=x.js></script><p onclick='go()'>"
    signed = sign(page, "mark")
    assert signed.count("sourceURL=mark-") == 1 and "<script src=x.js></script>" in signed
    assert policy(signed, "n").count("'sha256-") == 3 and "'nonce-n'" in policy(signed, "n") and "unsafe-inline" not in policy(signed, "n")


def screens(environment: Environment, order: list[tuple[str, int]]) -> dict[tuple[str, int], Observation]:
    return {(task, seed): environment.reset(environment.task(name(task, seed))) for task, seed in order}


def test_the_same_id_shows_the_same_screen(miniwob: MiniWobEnvironment) -> None:
    some = [
        (task, seed) for task in ("click-shape", "email-inbox", "chase-circle", "drag-cube", "click-pie", "choose-date") for seed in (0, 9)
    ]
    assert screens(miniwob, some) == screens(miniwob, some[::-1])


# Plain, with pictures, with chance and with clocks while loading: the last two cannot be loaded ahead.
@pytest.mark.parametrize("task", ["click-shades", "drag-circle", "click-checkboxes", "social-media"])
def test_a_page_loaded_ahead_shows_the_same_screen(miniwob: MiniWobEnvironment, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.environments.browser.miniwob._core_free", lambda: True)

    def screen(environment: Environment, seed: int) -> tuple[object, ...]:
        seen = environment.reset(environment.task(name(task, seed)))
        return seen.goal, seen.elements

    with MiniWobEnvironment() as other:
        alone = [screen(other, seed) for seed in (7,)]
    row = [screen(miniwob, seed) for seed in (5, 6, 7)]  # the third comes from the tab that loaded it during the second
    assert row[2:] == alone and row[0] != row[1]


@pytest.mark.slow
def test_the_same_id_shows_the_same_screen_over_the_dev_list() -> None:
    order = [(task, seed) for task in dev_tasks() for seed in (0, 7)]
    shuffled = order[:]
    random.Random(1).shuffle(shuffled)
    with MiniWobEnvironment() as one, MiniWobEnvironment() as two:
        first, second = screens(one, order), screens(two, shuffled)
    assert [key for key in order if first[key] != second[key]] == []


CONTRACT = environment_cases(MiniWobEnvironment, ["miniwob/click-test@1/episode#1", "miniwob/use-slider@1/episode#2"])


@pytest.mark.slow
@pytest.mark.parametrize("case", CONTRACT, ids=str)
def test_the_contract(case: Case) -> None:
    case()
