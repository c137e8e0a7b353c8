"""Spreadsheet jobs in a web grid behind the contract: the worker has a browser, the workbook is on the server, the verdict is the desk's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from bakeoff.core import (
    Action,
    Environment,
    EnvironmentFault,
    Limits,
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
    follow,
)
from bakeoff.environments.browser import tools
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.tab import Tab
from bakeoff.environments.spreadsheet import loophole, products
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.environment import ANSWER, WORKBOOK, SpreadsheetEnvironment
from bakeoff.environments.spreadsheet.grid import experts
from bakeoff.environments.spreadsheet.grid.server import GridServer, Session

_MINE = SpreadsheetEnvironment.name


class GridEnvironment(Environment):
    """The houses and jobs of the environment `spreadsheet`, worked on in a web spreadsheet (Jspreadsheet) in real Chromium.

    Args:
        headless: False opens a window, where there is a screen.

    Attributes:
        tab: the open tab, for proofs and tests, out of an agent's reach.
        session: the episode's workbook on the server's side.
        answer: what the worker said when it finished.
    Needs the grid's files (`make grid`); without them the first reset raises `UsageError`.
    """

    name: ClassVar[str] = "grid"
    tools: ClassVar[tuple[Tool, ...]] = tools.TOOLS

    def __init__(self, headless: bool = True) -> None:
        super().__init__()
        self._headless = headless
        self._books = SpreadsheetEnvironment()
        self._browser: Browser | None = None
        self._server: GridServer | None = None
        self._tab: Tab | None = None
        self._session: Session | None = None
        self.answer = ""

    # --- what there is to do -------------------------------------------------------------------------------------------------

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        return self._books.products(family=family, split=split)

    def task(self, task_id: TaskId) -> Task:
        if task_id.environment != self.name:
            raise UsageError(f"task {task_id} does not belong to environment '{self.name}'")
        if loophole.has(task_id.product):
            raise UsageError(f"'{task_id.product}': in workbooks, loopholes are planted in environment '{_MINE}' alone")
        inner = self._books.task(replace(task_id, environment=_MINE))
        return replace(inner, id=task_id, limits=Limits(experts.limit(inner), inner.limits.seconds))

    def _inner(self, task: Task) -> Task:
        return self._books.task(replace(task.id, environment=_MINE))

    # --- one episode ---------------------------------------------------------------------------------------------------------

    @property
    def tab(self) -> Tab:
        if self._tab is None:
            raise UsageError("no episode is open; call reset first")
        return self._tab

    @property
    def session(self) -> Session:
        if self._session is None:
            raise UsageError("no episode is open; call reset first")
        return self._session

    def _begin(self, task: Task, practice: bool) -> Screen:
        self._end()
        self.answer = ""
        inner = self._inner(task)
        job = products.practice(inner) if practice else products.job(inner)
        if self._server is None or not self._server.alive:
            self._server = GridServer()
        if self._browser is None or not self._browser.alive:
            if self._browser is not None:
                self._browser.close()
            self._browser = Browser.launch(headless=self._headless)
        title = f"{task.id.product}.xlsx"
        self._session = Session(Desk(job, title), title, job.pack)
        try:
            self._tab = self._browser.open(self._server.origin, viewport=(1500, 900), keys=False)
            view = self._tab.goto(self._server.open(self._session))
        except EnvironmentFault:
            self._browser.close()
            raise
        if not self._session.requests:
            raise EnvironmentFault("the web spreadsheet did not open")
        return Screen(view.elements, view.title, view.location)

    def _end(self) -> None:
        """Closes tab and session of the last episode."""
        tab, self._tab = self._tab, None
        session, self._session = self._session, None
        if session is not None and self._server is not None:
            self._server.shut(session)
        if tab is not None and self._browser is not None and self._browser.alive:
            try:
                tab.close()
            except EnvironmentFault:
                self._browser.close()

    def _perform(self, action: Action) -> Screen:
        if action.tool == "finish":
            self.answer = str(action.arguments.get("answer", ""))
            last = self._observation
            assert last is not None
            return Screen(last.elements, last.title, last.location, ended="finished")
        view = self.tab.perform(action)
        return Screen(view.elements, view.title, view.location)

    def _judge(self) -> Verdict:
        assert self._task is not None
        return self._books.regrade(self._inner(self._task), self.artefacts())

    def close(self) -> None:
        self._end()
        self._observation = None
        browser, self._browser = self._browser, None
        server, self._server = self._server, None
        if browser is not None:
            browser.close()
        if server is not None:
            server.close()
        self._books.close()

    # --- evidence ------------------------------------------------------------------------------------------------------------

    def screenshot(self) -> bytes:
        return self.tab.screenshot()

    def artefacts(self) -> Mapping[str, bytes]:
        session = self.session
        with session.guard:
            if session.fault:
                raise EnvironmentFault(f"the grid's server failed: {session.fault}", retryable=False)
            return {WORKBOOK: session.desk.save(), ANSWER: json.dumps({"answer": self.answer}).encode()}

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        return self._books.regrade(self._inner(task), artefacts)

    # --- proofs --------------------------------------------------------------------------------------------------------------

    def expert(self, task: Task) -> Policy:
        return experts.expert(self._inner(task))

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        from bakeoff.environments.spreadsheet.grid import attacks

        inner = self._inner(task)
        best = Proof("expert", "expert", "does the job with the keyboard in the grid", follow(experts.expert(inner)))
        return (best, *experts.alternatives(inner), *experts.mutants(inner), *attacks.attacks())
