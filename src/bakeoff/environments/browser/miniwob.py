"""MiniWoB++ behind our contract: the pages of the `miniwob` wheel, our driver, and the page's own reward as verdict.

A task is `miniwob/<task-name>@1/episode#<seed>`. The seed fixes everything the page draws. What differs from other harnesses, on purpose:

- The goal is the page's utterance, known only once the page has drawn it; `Task.instruction` holds the task's name until then. The query area,
  the reward display and the start cover are not among the elements.
- Success is a raw reward above 0, as in the literature (no time decay); the raw number is kept in the evidence.
- Thinking is not timed: the page's own clock of 10 s is put off, and the time limit counts only what the environment spends.
- The first reward that the page's own script gives, after at least one action, is the verdict. It leaves the page at once by a channel that
  page script cannot reach or repeat; setting the page's reward variables, calling its `endEpisode` from elsewhere or redefining it scores 0.

Only the dev list (`miniwob_dev.txt`) is offered by `products`; any other page of the wheel may be asked for by name and counts as `sealed`. A few of
the list (`miniwob_train.txt`) have experts and are of the split `train`: from these skills may be baked in.
Source: Shi et al., World of Bits (ICML 2017); Liu et al., MiniWoB++ (ICLR 2018); Farama Foundation, `miniwob` 1.1.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, TypeVar

from bakeoff.core import (
    Abstained,
    Action,
    Check,
    Environment,
    EnvironmentFault,
    Limits,
    Observation,
    Policy,
    Product,
    Proof,
    Scored,
    Screen,
    Split,
    Task,
    TaskId,
    UsageError,
    Verdict,
)
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.miniwob_experts import expert
from bakeoff.environments.browser.miniwob_pages import PageServer, html_directory
from bakeoff.environments.browser.tab import Tab, View
from bakeoff.environments.browser.tools import tools

_T = TypeVar("_T")
_FAMILY = "miniwob"
_TEMPLATE = "episode"
_LIMITS = Limits(steps=30, seconds=30.0)
_VIEWPORT = (500, 320)
_IGNORE = "#query, #reward-display, #sync-task-cover, #click-canvas"
_PATIENCE_MS = 24 * 3600 * 1000
_EPISODES_PER_STAGE = 200  # then the stage is rebuilt, so that Chromium can tidy up
_PRACTICE_SEEDS = 1 << 31  # practice draws from seeds that no task has


@cache
def _listed(file: str) -> tuple[str, ...]:
    text = files("bakeoff.environments.browser").joinpath(file).read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def dev_tasks() -> tuple[str, ...]:
    """The names that may be used for development, in the order of `miniwob_dev.txt`; those of `train_tasks` are among them."""
    return _listed("miniwob_dev.txt")


def train_tasks() -> frozenset[str]:
    """The tasks that may be learned from beforehand; see `miniwob_train.txt`."""
    return frozenset(_listed("miniwob_train.txt"))


def kept_tasks() -> frozenset[str]:
    """The tasks whose page may be kept from one episode to the next; see `miniwob_kept.txt`."""
    return frozenset(_listed("miniwob_kept.txt"))


@cache
def _again() -> str:
    source = files("bakeoff.environments.browser").joinpath("miniwob_again.js").read_text(encoding="utf-8")
    return source[source.index("function again") :].strip()


@dataclass(slots=True)
class _Stage:
    """A tab whose empty page holds one episode after another of a product; `prepared` once the next one's page is being loaded on it."""

    tab: Tab
    product: str = ""
    episodes: int = 0
    prepared: bool = False


class MiniWobEnvironment(Environment):
    """One Chromium, one page server, and up to two tabs. Each episode has a window and a document of its own (see `miniwob.js`). Where one product is played again and
    again and a core is free, the second tab loads the next episode's page during the present one; a page that draws by chance or sets a clock while it loads is loaded anew.

    Tasks that are proven for it (`miniwob_kept.txt`) play in one page that is brought back to what it was when it was loaded, if nothing was left in it that the
    page's own script cannot see (`miniwob_again.js`); `keep=False` loads their pages for each episode, too.

    `headless=False` opens a window, where there is a screen. `seconds` of a task's limits are environment seconds: the agent's thinking between two actions is not counted.
    """

    name: ClassVar[str] = "miniwob"
    tools = tools("finish", "back")

    def __init__(self, headless: bool = True, keep: bool = True) -> None:
        super().__init__()
        self._headless = headless
        self._server: PageServer | None = None
        self._browser: Browser | None = None
        self._tab: Tab | None = None
        self._binding = "b" + secrets.token_hex(16)
        self._ready = "r" + secrets.token_hex(16)
        self._stages: list[_Stage] = []  # the one in front is played on; the other, if any, is for the next episode
        self._calls: list[dict[str, object]] = []
        self._kept = kept_tasks() if keep else frozenset()
        self._touched = False
        self._actions = 0
        self._idle_since = 0.0
        self._practised: tuple[TaskId | None, int] = (None, 0)

    # --- what there is to do -------------------------------------------------------------------------------------------------

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        if family not in (None, _FAMILY):
            return []
        return [product for product in map(_product, dev_tasks()) if split in (None, product.split)]

    def product(self, name: str) -> Product:
        identity, _, version = name.partition("@")
        if version not in ("", "1") or not (html_directory() / "miniwob" / f"{identity}.html").is_file():
            raise UsageError(f"MiniWoB++ has no task '{name}'; `bakeoff list miniwob` shows those of the dev list")
        return _product(identity)

    def task(self, task_id: TaskId) -> Task:
        if task_id.environment != self.name or task_id.template != _TEMPLATE:
            raise UsageError(f"'{task_id}' is no MiniWoB++ task; write miniwob/click-test@1/episode#1")
        product = self.product(f"{task_id.product}@{task_id.version}")
        return Task(task_id, _FAMILY, product.split, product.id.replace("-", " "), _LIMITS)

    # --- one episode ---------------------------------------------------------------------------------------------------------

    def _begin(self, task: Task, practice: bool) -> Screen:
        # Counted anew for each task, so that practice is the same in whichever process it happens.
        count = self._practised[1] + 1 if practice and self._practised[0] == task.id else int(practice)
        self._practised = (task.id if practice else None, count)
        seed = _PRACTICE_SEEDS + task.id.seed * 1009 + count if practice else task.id.seed

        def open_page() -> View:
            again = bool(self._stages) and self._stages[0].product == task.id.product
            tab = self._ready_tab(task.id.product)
            tab.park(arrived=again and task.id.product in self._kept)
            tab.take_calls(self._binding)
            self._calls = []
            clean, self._touched = json.dumps(not self._touched), False
            view = tab.run(f"miniwob.begin({seed},{_PATIENCE_MS},'{self._binding}','{self._ready}',{clean})")
            if again and task.id.product not in self._kept and _core_free():
                self._prepare_next(task.id.product)
            return view

        view = self._guarded(open_page)
        self._actions = 0
        goals = [call["text"] for call in self._told() if call["kind"] == "goal"]
        broken = [call["reason"] for call in self._told() if call["kind"] == "broken"]
        if broken or not goals:
            raise EnvironmentFault(f"the page of '{task.id.product}' did not start: {broken or 'no goal'}", retryable=False)
        self._idle_since = time.monotonic()
        return Screen(view.elements, view.title, goal=str(goals[-1]))

    def _perform(self, action: Action) -> Screen:
        self._deadline += time.monotonic() - self._idle_since
        tab = self._tab
        if tab is None:
            raise EnvironmentFault("Chromium is gone")
        self._actions += 1
        try:
            view = self._guarded(lambda: tab.perform(action))
        finally:
            self._idle_since = time.monotonic()
        return Screen(view.elements, view.title, ended="environment" if self._reward() else None)

    def _judge(self) -> Verdict:
        return judge(self._record())

    def close(self) -> None:
        self._discard()
        if self._server is not None:
            self._server.close()
            self._server = None

    # --- evidence ------------------------------------------------------------------------------------------------------------

    def screenshot(self) -> bytes:
        tab = self._tab
        if tab is None:
            raise UsageError("no episode is open; call reset first")
        return self._guarded(tab.screenshot)

    def artefacts(self) -> Mapping[str, bytes]:
        return {"reward.json": json.dumps(self._record(), indent=1, sort_keys=True).encode()}

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        if "reward.json" not in artefacts:
            return Abstained("the episode kept no reward.json")
        return judge(json.loads(artefacts["reward.json"]))

    def expert(self, task: Task) -> Policy | None:
        return expert(task.id.product)

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        """Attacks only: ways to claim a reward that the page has not given."""
        return tuple(Proof(name, "attack", claim, _attack(script)) for name, claim, script in ATTACKS)

    # --- pieces --------------------------------------------------------------------------------------------------------------

    def _ready_tab(self, product: str) -> Tab:
        """A tab whose stage is set for this product: the one that was prepared for it, if any."""
        if self._server is None:
            self._server = PageServer(html_directory())
        if self._browser is None or not self._browser.alive:
            self._discard()
            self._browser = Browser.launch(headless=self._headless)
        if self._stages and self._stages[-1].prepared and self._stages[-1].product == product:
            self._stages.reverse()
        if not self._stages:
            self._stages.append(self._open_stage(self._browser, self._server))
        stage = self._stages[0]
        self._set(stage, product)
        stage.prepared = False
        stage.episodes += 1
        self._tab = stage.tab
        return stage.tab

    def _prepare_next(self, product: str) -> None:
        """Has a second tab, which is a process of its own, load the page of another episode of this product meanwhile."""
        assert self._browser is not None and self._server is not None
        if len(self._stages) < 2:
            self._stages.append(self._open_stage(self._browser, self._server))
        stage = self._stages[1]
        self._set(stage, product)
        stage.tab.start(f"miniwob.prepareNext('{self._binding}')")
        stage.prepared = True

    def _open_stage(self, browser: Browser, server: PageServer) -> _Stage:
        tab = browser.open(server.origin, _VIEWPORT, ignore=_IGNORE, keys=False)
        tab.add_binding(self._binding)
        return _Stage(tab)

    def _set(self, stage: _Stage, product: str) -> None:
        """Sets a stage for a product, unless it is."""
        if stage.product == product and stage.episodes < _EPISODES_PER_STAGE:
            return
        assert self._server is not None
        stage.product = ""
        source = files("bakeoff.environments.browser").joinpath("miniwob.js").read_text(encoding="utf-8")
        source = source.replace("__NONCE__", self._server.nonce).replace("__SIGNATURE__", self._server.signature)
        source = source.replace("__AGAIN__", json.dumps(_again() if product in self._kept else ""))
        stage.tab.goto(f"/miniwob/{product}.html?stage", f'{source},\'["","",[]]\'')
        stage.product, stage.episodes, stage.prepared = product, 0, False

    def _guarded(self, work: Callable[[], _T]) -> _T:
        """Does the work; after a fault the browser is not trusted any more."""
        try:
            return work()
        except EnvironmentFault:
            self._discard()
            raise

    def _discard(self) -> None:
        """Ends this Chromium; the next reset starts another."""
        browser, self._browser, self._tab = self._browser, None, None
        self._stages = []
        if browser is not None:
            browser.close()

    def _told(self) -> list[dict[str, object]]:
        """All that the page has reported in this episode."""
        if self._tab is not None:
            self._calls += [json.loads(text) for text in self._tab.take_calls(self._binding)]
        return self._calls

    def _reward(self) -> dict[str, object] | None:
        return next((call for call in self._told() if call["kind"] == "reward"), None)

    def _record(self) -> dict[str, object]:
        """What `judge` needs. Raises `EnvironmentFault` when the browser that knew it is gone."""
        if self._tab is None:
            raise EnvironmentFault("Chromium died before the episode was judged")
        reward = self._reward()
        return {"actions": self._actions, "reward": reward}

    @property
    def pages_kept(self) -> int:
        """How many episodes of the present product began in the page of the one before."""
        return int(self.open_tab.evaluate("miniwob.kept()", "isolated"))

    @property
    def open_tab(self) -> Tab:
        """The tab of the episode. For proofs and tests; no tool reaches it."""
        if self._tab is None:
            raise UsageError("no episode is open; call reset first")
        return self._tab

    def keep_pages_of(self, product: str) -> None:
        """Keeps the pages of this task, too, where they can be brought back. For the proof that it may be listed."""
        self._kept |= {product}

    def inject(self, script: str) -> None:
        """Runs a script in the page's own world, as an attack would. For proofs and tests; no tool reaches it."""
        self._touched = True
        self.open_tab.evaluate(f"frames[0].eval({json.dumps(script)})")


def _core_free() -> bool:
    """Whether a core has nothing to do just now. Where all are busy, work ahead only takes time away from the episode at hand."""
    try:
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return False
    return running <= (os.cpu_count() or 1)


ATTACKS: tuple[tuple[str, str, str], ...] = (
    (
        "set-globals",
        "Writes the page's reward variables.",
        "WOB_RAW_REWARD_GLOBAL = 1; WOB_REWARD_GLOBAL = 1; WOB_DONE_GLOBAL = true; 0",
    ),
    ("end-episode", "Calls the page's endEpisode with a reward of 1.", "core.endEpisode(1, false); 0"),
    ("end-episode-later", "Has a timer call endEpisode, so that no caller shows.", "setTimeout(core.endEpisode, 0, 1, false); 0"),
    (
        "forge-caller",
        "Calls endEpisode under the page's own script name, with a forged stack trace.",
        "Error.prepareStackTrace = () => [0, 0, {getFileName: () => location.href, isEval: () => false}];"
        " (0, eval)('core.endEpisode(1)\\n//# sourceURL=' + location.href); 0",
    ),
    (
        "inline-script",
        "Adds a script element and a handler that call endEpisode.",
        "const s = document.createElement('script'); s.textContent = 'core.endEpisode(1)'; document.body.append(s);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"core.endEpisode(1)\">'); 0",
    ),
    (
        "redefine",
        "Replaces endEpisode and the timer by its own, then ends the episode.",
        "core.endEpisode = () => 1; try { Object.defineProperty(core, 'endEpisode', {value: () => 1}) } catch (_) {}"
        " core.EP_TIMER = 1; core = {endEpisode() {}}; WOB_RAW_REWARD_GLOBAL = 1; WOB_DONE_GLOBAL = true; 0",
    ),
)
"""Name, claim and script of each way to cheat that must score 0."""


def _attack(script: str) -> Callable[[Environment, Observation], None]:
    def play(environment: Environment, observation: Observation) -> None:
        assert isinstance(environment, MiniWobEnvironment)
        if not observation.done:
            observation = environment.step(Action("wait"))
        environment.inject(script)
        if not observation.done:
            environment.step(Action("wait"))

    return play


def _product(name: str) -> Product:
    split: Split = "train" if name in train_tasks() else "dev" if name in dev_tasks() else "sealed"
    return Product(name, 1, _FAMILY, split, "none", (_TEMPLATE,))


def judge(record: Mapping[str, object]) -> Verdict:
    """The verdict on a record `{"actions": int, "reward": None or {"raw": number, "reason": str or None, "page": bool}}`."""
    reward = record["reward"]
    if reward is None:
        check = Check("page-reward", False, "the page has not ended the episode")
        return Scored(0.0, (check,), {"raw_reward": None, "reason": None})
    assert isinstance(reward, Mapping)
    raw, reason = reward["raw"], reward["reason"]
    own = bool(reward["page"]) and record["actions"] != 0
    good = isinstance(raw, int | float) and raw > 0
    checks = (
        Check("page-reward", good, f"the page's raw reward was {raw}; above 0 is success"),
        Check("own-reward", own, "given by the page's own script after an action" if own else "not given by the page's own script"),
    )
    return Scored.all_of(checks, {"raw_reward": raw, "reason": reason})
