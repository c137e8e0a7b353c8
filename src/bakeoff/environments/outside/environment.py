"""Apps behind the contract: one Chromium, a running copy of each app in use, everything reset before an episode, the truth read after it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bakeoff.core import (
    Action,
    Environment,
    EnvironmentFault,
    Limits,
    Observation,
    Policy,
    Product,
    Proof,
    Screen,
    Split,
    Task,
    TaskId,
    Tool,
    UsageError,
    Verdict,
)
from bakeoff.environments.browser import tools
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.tab import Tab, View
from bakeoff.environments.outside import steps, text, verify
from bakeoff.environments.outside.app import App, read_app
from bakeoff.environments.outside.building import Told, prepare
from bakeoff.environments.outside.evidence import packed, unpacked
from bakeoff.environments.outside.jobs import Job, draw
from bakeoff.environments.outside.running import Running
from bakeoff.environments.outside.screen import opening, steady
from bakeoff.environments.outside.truth import State
from bakeoff.environments.outside.verify import Assignment
from bakeoff.toml import nearest

if TYPE_CHECKING:
    from bakeoff.proofs import Freedom

APPS = "BAKEOFF_APPS"
"""Names the TOML files, or folders of them, of environment `outside`; several are separated as paths are in `PATH`. Without it: `apps/`."""

_AT_ONCE = 2


def app_files() -> tuple[Path, ...]:
    """The TOML files that `$BAKEOFF_APPS` names, else those in `apps/`. Raises `UsageError` for a path that is not there."""
    named = os.environ.get(APPS)
    found: list[Path] = []
    for item in named.split(os.pathsep) if named else ["apps"] if Path("apps").is_dir() else []:
        path = Path(item)
        if path.is_dir():
            found += sorted(path.glob("*.toml"))
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"there is no app at '{path}'; {APPS} names TOML files or folders of them")
    return tuple(dict.fromkeys(found))


class OutsideEnvironment(Environment):
    """Web apps from elsewhere, each wrapped by a TOML file (see docs/bring-your-own.md).

    Args:
        headless: False opens a window, where there is a screen.
        apps: the TOML files; without them, those that `$BAKEOFF_APPS` names, else those in the folder `apps`.

    Attributes:
        tab: the open tab of the episode; for proofs and tests, out of an agent's reach.
        running: the episode's copy of the app.
        answer: what the worker said when it finished the latest episode.
        spoil: for proofs: changes the final state before it is judged; None otherwise. Dropped with the next episode.
    """

    name: ClassVar[str] = "outside"
    tools: ClassVar[tuple[Tool, ...]] = tools.TOOLS

    def __init__(self, headless: bool = True, apps: Sequence[str | Path] | None = None) -> None:
        super().__init__()
        self._headless = headless
        self._files = None if apps is None else tuple(Path(item) for item in apps)
        self._browser: Browser | None = None
        self._tab: Tab | None = None
        self._up: dict[str, Running] = {}
        self._now: Running | None = None
        self._first: dict[tuple[str, int], State] = {}
        self.answer = ""
        self.spoil: verify.Spoil | None = None

    # --- what there is to do -------------------------------------------------------------------------------------------------

    def files(self) -> tuple[Path, ...]:
        """The TOML files of this environment's apps."""
        return app_files() if self._files is None else self._files

    def apps(self) -> dict[str, App]:
        """The apps by name. Raises `UsageError` when two share one, or a file is wrong."""
        found: dict[str, App] = {}
        for path in self.files():
            app = read_app(path)
            if app.name in found:
                raise UsageError(f"{found[app.name].path} and {path} both call their app '{app.name}'; name them apart")
            found[app.name] = app
        return found

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        made = [_product(app) for app in self.apps().values()]
        return [item for item in made if family in (None, item.family) and split in (None, item.split)]

    def product(self, name: str) -> Product:
        if not self.apps():
            raise UsageError(
                f"there are no apps; name their TOML files in {APPS}, or put them into the folder apps (docs/bring-your-own.md)"
            )
        return super().product(name)

    def prepare(self, products: Sequence[str] | None = None, told: Told = lambda what, done, total: None) -> None:
        """Makes the data of these products, of all without names, where it is not there yet. It is kept, so this takes time once.

        `told`: is told what is being made, how many parts are done, and of how many.
        """
        wanted = None if products is None else {name.partition("@")[0] for name in products}
        prepare([app for app in self.apps().values() if wanted is None or app.name in wanted], told)

    def app(self, task_id: TaskId) -> App:
        """The app of a task. Raises `UsageError` when there is none, or not in this version."""
        if task_id.environment != self.name:
            raise UsageError(f"task {task_id} does not belong to environment '{self.name}'")
        apps = self.apps()
        if task_id.product not in apps:
            raise UsageError(
                f"there is no app '{task_id.product}'{nearest(task_id.product, list(apps))}; there are {', '.join(apps) or 'none'}"
            )
        app = apps[task_id.product]
        if app.version != task_id.version:
            raise UsageError(f"{app.where}: the version of '{app.name}' is {app.version}, not {task_id.version}")
        return app

    def assignment(self, task_id: TaskId) -> Assignment:
        """A task with what was drawn for it. Starts the app where its data is not known yet."""
        app = self.app(task_id)
        job = _job(app, task_id.template)
        world = _world(app, task_id.seed)
        before = self._first.get((app.name, world))
        if before is None:
            before = self._run(app).fresh(world)
            self._first[app.name, world] = before
        found = Assignment(app, job, draw(job, before, app.name, task_id.seed), before)
        _check(found, app.digest, task_id.seed)
        return found

    def task(self, task_id: TaskId) -> Task:
        found = self.assignment(task_id)
        instruction = text.fill(found.job.instruction, found.values, found.job.where)
        limits = Limits(found.job.limit, found.job.seconds)
        product = _product(found.app)
        return Task(task_id, product.family, product.split, instruction, limits, product.distance)

    # --- one episode ---------------------------------------------------------------------------------------------------------

    @property
    def tab(self) -> Tab:
        if self._tab is None:
            raise UsageError("no episode is open; call reset first")
        return self._tab

    @property
    def browser(self) -> Browser:
        """The browser of the episode."""
        if self._browser is None:
            raise UsageError("no episode is open; call reset first")
        return self._browser

    @property
    def running(self) -> Running:
        if self._now is None:
            raise UsageError("no episode is open; call reset first")
        return self._now

    def _run(self, app: App) -> Running:
        """The running copy of an app, started or replaced if need be; at most two apps run at once."""
        found = self._up.pop(app.name, None)
        if found is not None and (not found.alive or found.app.digest != app.digest):
            found.close()
            found = None
            self._first = {place: state for place, state in self._first.items() if place[0] != app.name}
        if found is None:
            while len(self._up) >= _AT_ONCE:
                self._up.pop(next(iter(self._up))).close()
            found = Running(app)
        self._up[app.name] = found
        return found

    def _begin(self, task: Task, practice: bool) -> Screen:
        self._close_tab()
        self.answer, self.spoil, self._now = "", None, None
        app = self.app(task.id)
        _job(app, task.id.template)
        world = 0 if practice and app.worlds else _world(app, task.id.seed)
        try:
            running = self._run(app)
            state = running.fresh(world)
        except EnvironmentFault:
            self._drop(app.name)  # what does not come up is started anew next time
            raise
        self._first.setdefault((app.name, world), state)
        self._now = running
        browser = self._chromium(app)
        try:
            self._tab = browser.open(running.origin, app.view, opening(app.clock), ignore=app.hide)
            self._tab.set_cookies({name: (cookie.value, cookie.hidden) for name, cookie in running.cookies.items()})
            view = steady(self._tab, self._tab.goto(app.open))
            if app.login.steps:
                view = self._sign_in(app, self._tab, view)
        except EnvironmentFault:
            browser.close()
            self._tab = None
            raise
        return _screen(view)

    def _sign_in(self, app: App, tab: Tab, view: View) -> View:
        """Plays the login's steps, which no agent sees."""
        places = self.running.places()
        policy = steps.policy(app.login.steps, places)
        for number in range(100):
            action = policy(Observation("", view.elements, number, view.title, view.location))
            if action.tool == "finish":
                if action.arguments.get("answer"):
                    raise UsageError(f"{app.where}: [login] steps: {action.arguments['answer']}")
                return steady(tab, tab.goto(app.open))
            view = steady(tab, tab.perform(action))
        raise UsageError(f"{app.where}: [login] steps do not come to an end")

    def _chromium(self, app: App) -> Browser:
        if self._browser is None or not self._browser.alive:
            if self._browser is not None:
                self._browser.close()
            self._browser = Browser.launch(headless=self._headless)
        return self._browser

    def _perform(self, action: Action) -> Screen:
        if action.tool == "finish":
            self.answer = str(action.arguments.get("answer", ""))
            last = self._observation
            assert last is not None
            return Screen(last.elements, last.title, last.location, ended="finished")
        try:
            shown = self.tab.documents
            view = self.tab.perform(action)
            if self.tab.documents != shown:  # else what the mouse happens to rest on is noticed or not, by chance
                self.tab.park()
            return _screen(steady(self.tab, view))
        except EnvironmentFault:
            self.running.check_alive()  # the app's end explains more than the page's
            raise

    def final(self) -> State:
        """What is so now. Raises `EnvironmentFault` when the app has ended by itself."""
        self.running.check_alive()
        state = self.running.state()
        return state if self.spoil is None else self.spoil(state)

    def _judge(self) -> Verdict:
        assert self._task is not None
        return verify.judge(self.assignment(self._task.id), self.final(), self.answer)

    def _close_tab(self) -> None:
        tab, self._tab = self._tab, None
        if tab is not None:
            try:
                tab.close()
            except EnvironmentFault:
                if self._browser is not None:
                    self._browser.close()
                    self._browser = None

    def _drop(self, name: str) -> None:
        found = self._up.pop(name, None)
        if found is not None:
            found.close()

    def close(self) -> None:
        self._close_tab()
        self._observation = self._now = None
        browser, self._browser = self._browser, None
        if browser is not None:
            browser.close()
        for name in list(self._up):
            self._drop(name)

    # --- evidence ------------------------------------------------------------------------------------------------------------

    def screenshot(self) -> bytes:
        return self.tab.screenshot()

    def artefacts(self) -> Mapping[str, bytes]:
        assert self._task is not None
        return packed(self.assignment(self._task.id), self.final(), self.answer)

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        app = self.app(task.id)
        values, before, after, answer = unpacked(task.id, artefacts)
        return verify.judge(Assignment(app, _job(app, task.id.template), values, before), after, answer)

    # --- proofs --------------------------------------------------------------------------------------------------------------

    def source_files(self) -> Sequence[Path]:
        """What decides beside the package of this class: the package that wraps apps, and each app's own file with what its data is made by."""
        here = Path(__file__).parent
        own = [path for pattern in ("*.py", "*.js") for path in sorted(here.glob(pattern))]
        return (*own, *(file for app in self.apps().values() for file in app.files()))

    def expert(self, task: Task) -> Policy | None:
        found = self.assignment(task.id)
        return steps.policy(found.job.experts[0].steps, found.values) if found.job.experts else None

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        from bakeoff.environments.outside import proofs

        return proofs.proofs(self, task)

    def freedoms(self, task: Task) -> Sequence[Freedom]:
        """What about a final state does not matter, for audits."""
        from bakeoff.environments.outside import freedoms

        return freedoms.freedoms(self.assignment(task.id))


def _screen(view: View) -> Screen:
    return Screen(view.elements, view.title, view.location)


def _job(app: App, template: str) -> Job:
    job = app.jobs.get(template)
    if job is None:
        raise UsageError(f"{app.where}: there is no task '{template}'{nearest(template, list(app.jobs))}; there are {', '.join(app.jobs)}")
    return job


def _world(app: App, seed: int) -> int:
    return 1 + seed % app.worlds if app.worlds else 1


@lru_cache(maxsize=64)
def _product(app: App) -> Product:
    rules = {
        (step.verb, step.target.role if step.target else "", step.target.name if step.target else step.value)
        for job in app.jobs.values()
        for run in job.experts[:1]
        for step in run.steps
    }
    notes = {"about": app.about, "file": app.path.name}
    if not app.worlds:
        notes["practice"] = "on the data of the tasks, since the file names no `worlds`"
    if app.start.url:
        whose = f"on another machine, {app.start.host}" if app.start.host else "started by somebody else"
        notes["isolation"] = f"one copy, {whose}: all episodes change the same app, so run one at a time (workers = 1)"
    return Product(
        app.name,
        app.version,
        app.family,
        app.split,
        "none" if app.split == "train" else "data-model",
        tuple(app.jobs),
        (),
        len(rules),
        notes,
    )


_CHECKED: set[tuple[str, str, int]] = set()


def _check(found: Assignment, digest: str, seed: int) -> None:
    """Checks an assignment's effects once."""
    place = (digest, found.job.name, seed)
    if place not in _CHECKED:
        verify.check_effects(found)
        _CHECKED.add(place)
