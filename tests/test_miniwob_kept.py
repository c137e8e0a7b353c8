"""A page that is kept from one MiniWoB++ episode to the next cannot be told from one that was loaded for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bakeoff.core import Action, Observation, TaskId
from bakeoff.environments.browser.miniwob import MiniWobEnvironment, dev_tasks, kept_tasks
from bakeoff.environments.browser.miniwob_proof import differences


@pytest.fixture(scope="module")
def miniwob() -> Iterator[MiniWobEnvironment]:
    with MiniWobEnvironment() as environment:
        assert isinstance(environment, MiniWobEnvironment)
        yield environment


def begin(environment: MiniWobEnvironment, task: str, seed: int) -> Observation:
    return environment.reset(environment.task(TaskId("miniwob", task, 1, "episode", seed)))


def test_only_tasks_for_development_are_kept() -> None:
    assert kept_tasks() and kept_tasks() <= set(dev_tasks())


@pytest.mark.parametrize("task", ["login-user", "click-shades"])
def test_a_kept_page_equals_a_loaded_one(task: str) -> None:
    found, kept = differences(task, seeds=3, steps=4)
    assert not found
    assert kept == 2


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(kept_tasks()))
def test_every_kept_page_equals_a_loaded_one(task: str) -> None:
    found, kept = differences(task, seeds=8, steps=8)
    assert not found
    assert kept > 0


def test_a_page_with_more_than_memory_brings_back_is_loaded_anew(miniwob: MiniWobEnvironment) -> None:
    """Pages with libraries that draw by chance while they load, and pages whose clocks go on, are never kept, even if somebody asks for it."""
    for task in ("click-tab", "moving-items"):
        miniwob.keep_pages_of(task)
        for seed in (1, 2):
            begin(miniwob, task, seed)
        assert miniwob.pages_kept == 0, task


def test_what_page_script_has_touched_is_loaded_anew(miniwob: MiniWobEnvironment) -> None:
    for seed in (1, 2):
        begin(miniwob, "enter-text", seed)
    assert miniwob.pages_kept == 1
    miniwob.inject("setInterval(() => { document.body.append('alive') }, 1); 0")
    first = begin(miniwob, "enter-text", 3)
    assert miniwob.pages_kept == 1
    assert "alive" not in miniwob.step(Action("wait")).text
    begin(miniwob, "enter-text", 4)
    assert begin(miniwob, "enter-text", 3) == first and miniwob.pages_kept == 3


@pytest.mark.parametrize(
    "left",
    [
        "setTimeout(() => 0, 60000)",
        "new MutationObserver(() => 0).observe(document, {subtree: true, childList: true})",
        "history.pushState(null, '', '#elsewhere')",
        "localStorage.left = 1",
        "document.cookie = 'left=1'",
        "document.styleSheets[0].insertRule('button { color: red }')",
        "requestAnimationFrame(function again() { requestAnimationFrame(again) })",
        "Object.defineProperty(window, 'left', {value: 1})",
    ],
)
def test_what_cannot_be_taken_back_is_noticed(miniwob: MiniWobEnvironment, left: str) -> None:
    """As if the page itself had done it: nobody says that it was touched."""
    for seed in (1, 2):
        begin(miniwob, "click-button", seed)
    before = miniwob.pages_kept
    miniwob.open_tab.evaluate(f"frames[0].eval({left + '; 0'!r})")
    begin(miniwob, "click-button", 3)
    assert miniwob.pages_kept == before


def test_a_cookie_is_noticed_and_taken_away_however_late_chromium_writes_it(miniwob: MiniWobEnvironment) -> None:
    for seed in range(1, 160, 2):
        begin(miniwob, "click-test", seed)
        before = miniwob.pages_kept
        miniwob.open_tab.evaluate("frames[0].eval(\"document.cookie = 'left=1'; 0\")")
        begin(miniwob, "click-test", seed + 1)
        assert miniwob.pages_kept == before
        assert miniwob.open_tab.evaluate("frames[0].document.cookie + document.cookie") == ""


@pytest.mark.parametrize(
    "left",
    [
        "left = 1",
        "document.querySelector('#area').onclick = () => 0",
        "document.addEventListener('click', () => 0)",
        "core.shuffle.left = 1",
        "ui_utils.FIFTY_NAMES.push('left')",
        "document.body.setAttribute('class', 'left')",
        "document.querySelector('#query').remove()",
        "document.body.left = {deep: 1}",
        "core.sample = () => 'left'",
    ],
)
def test_what_can_be_taken_back_is(miniwob: MiniWobEnvironment, left: str) -> None:
    with MiniWobEnvironment(keep=False) as loaded:
        assert isinstance(loaded, MiniWobEnvironment)
        wanted = begin(loaded, "click-button", 3)
    for seed in (1, 2):
        begin(miniwob, "click-button", seed)
    before = miniwob.pages_kept
    miniwob.open_tab.evaluate(f"frames[0].eval({left + '; 0'!r})")
    assert begin(miniwob, "click-button", 3) == wanted
    assert miniwob.pages_kept == before + 1
    probes = "[typeof left, document.querySelector('#area').onclick, core.shuffle.left, ui_utils.FIFTY_NAMES.includes('left'), document.body.left]"
    assert miniwob.open_tab.evaluate(f"frames[0].eval({probes!r})") == ["undefined", None, None, False, None]
