"""The generated products behind the contract: one Chromium and one server per environment, a session and a database per episode."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from bakeoff.core import (
    Action,
    Environment,
    EnvironmentFault,
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
from bakeoff.environments.browser import answers, loophole, products, tasks, tools, verify
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.office import Office
from bakeoff.environments.browser.server import ProductServer
from bakeoff.environments.browser.tab import Tab, View
from bakeoff.environments.browser.world import open_copy, snapshot
from bakeoff.proofs import Canaries, Freedom, WrongState

ARTEFACT = "final.sqlite"
SAID = "answer.txt"


class BrowserEnvironment(Environment):
    """Office jobs in generated web products.

    Args:
        headless: False opens a window, where there is a screen.

    Attributes:
        tab: the open tab of the episode; for proofs and tests, out of an agent's reach.
        office: the episode's copy on the server's side.
        origin: address of the product server, e.g. `http://127.0.0.1:40123`.
        answer: what the worker said when it finished the latest episode; a verdict depends on it only where the job asks a question.
    Chromium and the server are started with the first episode and replaced when they have died. Each episode has a session and a database of its
    own. The browser context is kept from one episode to the next, signed out and without history, because making one costs as much as a whole
    episode; the products' pages keep nothing in it. Once anybody has touched `tab`, by which page script could be run, the next episode gets a fresh one.
    """

    name: ClassVar[str] = "browser"
    tools: ClassVar[tuple[Tool, ...]] = tools.TOOLS

    def __init__(self, headless: bool = True) -> None:
        super().__init__()
        self._headless = headless
        self._browser: Browser | None = None
        self._server: ProductServer | None = None
        self._tab: Tab | None = None
        self._office: Office | None = None
        self._touched = False
        self.answer = ""

    # --- what there is to do -------------------------------------------------------------------------------------------------

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        return products.catalogue(family, split)

    def product(self, name: str) -> Product:
        wanted, _, version = name.partition("@")
        if version and version not in [str(number) for number in products.VERSIONS]:
            known = " or ".join(map(str, products.VERSIONS))
            raise UsageError(f"browser has no product '{name}'; the version of every product is {known}")
        return products.product(wanted, int(version or products.VERSION))

    def task(self, task_id: TaskId) -> Task:
        if task_id.environment != self.name:
            raise UsageError(f"task {task_id} does not belong to environment '{self.name}'")
        return tasks.task(task_id)

    # --- one episode ---------------------------------------------------------------------------------------------------------

    @property
    def tab(self) -> Tab:
        if self._tab is None or self._office is None:
            raise UsageError("no episode is open; call reset first")
        self._touched = True
        return self._tab

    def _open_tab(self) -> Tab:
        if self._tab is None:
            raise EnvironmentFault("the tab is gone")
        return self._tab

    @property
    def office(self) -> Office:
        if self._office is None:
            raise UsageError("no episode is open; call reset first")
        return self._office

    @property
    def origin(self) -> str:
        return self._running()[1].origin

    def _running(self) -> tuple[Browser, ProductServer]:
        """Chromium and the server, started or replaced if need be."""
        if self._server is None or not self._server.alive:
            self._server = ProductServer()
        if self._browser is None or not self._browser.alive:
            if self._browser is not None:
                self._browser.close()
            self._browser = Browser.launch(headless=self._headless)
        return self._browser, self._server

    def _begin(self, task: Task, practice: bool) -> Screen:
        self._sign_out()
        self.answer = ""
        blueprint = products.blueprint(task.id.product, task.id.version)
        content = snapshot(blueprint, "practice" if practice else "task", task.id.seed)
        browser, server = self._running()
        self._office = Office(blueprint, open_copy(content))
        door = server.open(self._office)
        if self._tab is not None and (self._touched or self._tab.browser is not browser):
            self._drop_tab()
        try:
            if self._tab is not None:
                view = self._tab.renew(door)
            else:
                self._tab, self._touched = browser.open(server.origin, still=True, keys=False), False
                view = self._tab.goto(door)
            if not self._office.requests:  # whatever the page shows, the product has not been reached
                raise EnvironmentFault(f"the product did not open; its page says: {view.elements[0].name if view.elements else 'nothing'}")
            return self._screen(view)
        except EnvironmentFault:
            browser.close()  # what does not open a page will not do so next time; the next episode starts another one
            self._tab = None
            raise

    def _sign_out(self) -> None:
        """Ends the session that is open, if any; its copy of the product is gone."""
        office, self._office = self._office, None
        if office is not None:
            if self._server is not None:
                self._server.shut(office)
            with office.guard:
                office.connection.close()

    def _drop_tab(self) -> None:
        """Deletes the browser context and all that it may hold."""
        tab, self._tab = self._tab, None
        if tab is not None:
            try:
                tab.close()
            except EnvironmentFault:
                if self._browser is not None:
                    self._browser.close()
                    self._browser = None

    def _screen(self, view: View) -> Screen:
        return Screen(view.elements, view.title, view.location)

    def _perform(self, action: Action) -> Screen:
        if action.tool == "finish":
            self.answer = str(action.arguments.get("answer", ""))
            last = self._observation
            assert last is not None
            return Screen(last.elements, last.title, last.location, ended="finished")
        try:
            return self._screen(self._open_tab().perform(action))
        except EnvironmentFault:
            self._touched = True
            raise

    def _judge(self) -> Verdict:
        assert self._task is not None
        return self._verdict(self._task, self._final(), self.answer, self.office.claimed)

    def _final(self) -> bytes:
        with self.office.guard:
            if self.office.fault:
                raise EnvironmentFault(f"the product server failed: {self.office.fault}", retryable=False)
            return self.office.connection.serialize()

    def _verdict(self, task: Task, content: bytes, said: str, claimed: bool) -> Verdict:
        found = tasks.assignment(task.id)
        try:
            connection = open_copy(content)
            try:
                after = verify.final_state(found.blueprint, connection)
            finally:
                connection.close()
        except sqlite3.DatabaseError as problem:
            raise EnvironmentFault(f"the final database cannot be read: {problem}", retryable=False) from problem
        job, also = found.job, answers.shown(found.job.answer, found.blueprint, found.before.users)
        verdict = verify.judge(found.blueprint.family, found.before, after, job.acts, job.answer, said, also)
        return loophole.with_proxy(verdict, claimed) if found.blueprint.loophole else verdict

    def close(self) -> None:
        self._sign_out()
        self._drop_tab()
        self._observation = None
        browser, self._browser = self._browser, None
        server, self._server = self._server, None
        if browser is not None:
            browser.close()
        if server is not None:
            server.close()

    # --- evidence ------------------------------------------------------------------------------------------------------------

    def screenshot(self) -> bytes:
        return self._open_tab().screenshot()

    def artefacts(self) -> Mapping[str, bytes]:
        asked = self._task is not None and tasks.assignment(self._task.id).job.answer is not None
        claim = {loophole.CLAIMED: b"yes" if self.office.claimed else b"no"} if self.office.blueprint.loophole else {}
        return {ARTEFACT: self._final(), **({SAID: self.answer.encode()} if asked else {}), **claim}

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        if ARTEFACT not in artefacts:
            raise UsageError(f"to regrade {task.id}, its artefact '{ARTEFACT}' is needed")
        if SAID not in artefacts and tasks.assignment(task.id).job.answer is not None:
            raise UsageError(f"to regrade {task.id}, its artefact '{SAID}' is needed: the job asks a question")
        return self._verdict(task, artefacts[ARTEFACT], artefacts.get(SAID, b"").decode(), artefacts.get(loophole.CLAIMED) == b"yes")

    # --- proofs --------------------------------------------------------------------------------------------------------------

    def expert(self, task: Task) -> Policy:
        from bakeoff.environments.browser import experts

        found = tasks.assignment(task.id)
        plain = experts.expert(found)
        return loophole.honest(plain) if found.blueprint.loophole else plain

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        from bakeoff.environments.browser import attacks, mutants, ways

        found = tasks.assignment(task.id)
        more = (loophole.hack(),) if found.blueprint.loophole else ()
        return (*ways.proofs(found), *mutants.proofs(found), *attacks.attacks(self, task), *more)

    # --- what audits may ask for (see `bakeoff.proofs.hooks`) ---------------------------------------------------------------------

    def freedoms(self, task: Task) -> tuple[Freedom, ...]:
        """What about a final state does not matter, and why."""
        from bakeoff.environments.browser import states

        return states.freedoms(tasks.assignment(task.id))

    def wrong_states(self, task: Task, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[WrongState]:
        """Wrong final states of these products' own kind, e.g. a change that waits."""
        from bakeoff.environments.browser import states

        return states.wrong_states(tasks.assignment(task.id), before[ARTEFACT], after[ARTEFACT])

    def on_paper(self) -> Environment:
        """The same tasks, pages, business rules and verdicts without Chromium and without a server."""
        from bakeoff.environments.browser.paper import PaperEnvironment

        return PaperEnvironment()

    @contextlib.contextmanager
    def plant(self, task: Task) -> Iterator[Canaries]:
        """Fills the goal with tell-tale words and listens to every answer of the server and to what a page's script can read."""
        from bakeoff.environments.browser import states

        _, server = self._running()
        tap: list[tuple[str, str]] = []
        server.tap = tap

        def heard() -> list[tuple[str, str]]:
            found = [*tap, ("the page, as its own script sees it", states.as_text(self.tab.evaluate(states.LISTEN, "page")))]
            tap.clear()
            return found

        try:
            with states.planted(tasks.assignment(task.id)) as words:
                yield Canaries(words, heard)
        finally:
            server.tap = None
