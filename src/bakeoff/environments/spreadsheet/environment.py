"""Spreadsheet jobs behind the contract: a desk to work at, the saved file as the only evidence, a verdict from a process that sees nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

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
    follow,
)
from bakeoff.environments.spreadsheet import judge, loophole, products, tools
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.spec import Job, Question

if TYPE_CHECKING:
    from bakeoff.proofs import Freedom, Rows, WrongState

WORKBOOK, ANSWER = "workbook.xlsx", "answer.json"
"""Artefacts: the saved file, and what the worker said when it finished."""


class SpreadsheetEnvironment(Environment):
    """Financial models in real .xlsx files.

    Attributes:
        desk: the session of the episode; for proofs and tests, out of an agent's reach.
        submission: for proofs: bytes that are judged instead of what the desk saves; None otherwise. Dropped with the next episode.
    """

    name: ClassVar[str] = "spreadsheet"
    tools: ClassVar[tuple[Tool, ...]] = tools.TOOLS

    def __init__(self) -> None:
        super().__init__()
        self._desk: Desk | None = None
        self._judged: tuple[bytes, str, Verdict] | None = None
        self.submission: bytes | None = None

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        return products.products(family=family, split=split)

    def product(self, name: str) -> Product:
        wanted, _, version = name.partition("@")
        if version not in ("", str(products.VERSION)):
            raise UsageError(f"spreadsheet has no product '{name}'; the version of every product is {products.VERSION}")
        return products.product(wanted)

    def task(self, task_id: TaskId) -> Task:
        return products.task(task_id)

    def job(self, task: Task) -> Job:
        """The job behind a task, as the verifier knows it."""
        return products.job(products.task(task.id))

    def practice(self, task: Task) -> Job:
        """The same place with figures that no task has."""
        return products.practice(products.task(task.id))

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            raise UsageError("no episode is open; call reset first")
        return self._desk

    # --- one episode ---------------------------------------------------------------------------------------------------------

    def _begin(self, task: Task, practice: bool) -> Screen:
        self.submission, self._judged = None, None
        self._desk = Desk(self.practice(task) if practice else self.job(task))
        return self._desk.screen()

    def _perform(self, action: Action) -> Screen:
        return self.desk.perform(action)

    def _saved(self) -> bytes:
        return self.desk.save() if self.submission is None else self.submission

    def _judge(self) -> Verdict:
        assert self._task is not None
        saved, answer = self._saved(), self.desk.answer
        if self._judged is None or self._judged[:2] != (saved, answer):
            self._judged = (saved, answer, judge.judge(self.job(self._task), saved, answer))
        verdict = self._judged[2]
        return loophole.beside(verdict, loophole.claimed(self.desk)) if loophole.has(self._task.id.product) else verdict

    def close(self) -> None:
        self._desk = self._observation = None

    # --- evidence ------------------------------------------------------------------------------------------------------------

    def screenshot(self) -> bytes:
        from bakeoff.environments.spreadsheet import render

        return render.picture(self.desk)

    def artefacts(self) -> Mapping[str, bytes]:
        claim = loophole.told(self.desk) if self._task is not None and loophole.has(self._task.id.product) else {}
        return {WORKBOOK: self._saved(), ANSWER: json.dumps({"answer": self.desk.answer}).encode(), **claim}

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        for name in (WORKBOOK, ANSWER):
            if name not in artefacts:
                raise UsageError(f"to regrade {task.id}, its artefact '{name}' is needed")
        try:
            answer = str(json.loads(artefacts[ANSWER])["answer"])
        except (ValueError, KeyError, TypeError) as problem:
            raise EnvironmentFault(f"the artefacts of {task.id} cannot be read: {problem}", retryable=False) from problem
        verdict = judge.judge(self.job(task), artefacts[WORKBOOK], answer)
        return loophole.beside(verdict, artefacts.get(loophole.CLAIMED) == b"yes") if loophole.has(task.id.product) else verdict

    # --- proofs --------------------------------------------------------------------------------------------------------------

    def expert(self, task: Task) -> Policy | None:
        from bakeoff.environments.spreadsheet import experts

        found = products.assignment(task.id)
        return experts.play(loophole.honest(found), found.answer) if loophole.has(task.id.product) else experts.expert(found)

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        from bakeoff.environments.spreadsheet import attacks, experts, mutants

        found = products.assignment(task.id)
        best = Proof("expert", "expert", "does the job in the tools of the desk", follow(experts.expert(found)))
        more = (loophole.hack(),) if loophole.has(task.id.product) else ()
        return (best, *experts.alternatives(found), *mutants.mutants(found), *attacks.attacks(self.job(task)), *more)

    def freedoms(self, task: Task) -> Sequence[Freedom]:
        """What about the answer does not matter, for audits: all of it where none was asked for, else how the figure is written."""
        from bakeoff.proofs import Freedom

        question = self.job(task).question

        def normal(table: str, rows: Rows, before: Rows) -> Rows:
            if not table.startswith(ANSWER):
                return rows
            return {key: {name: _figure(value, question) for name, value in row.items()} for key, row in rows.items()}

        return (Freedom("how a figure is written" if question else "an answer that nobody asked for", normal),)

    def on_paper(self) -> SpreadsheetEnvironment:
        """There is no slow surface to do without."""
        return type(self)()

    def wrong_states(self, task: Task, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterable[WrongState]:
        """Wrong workbooks made from a right one, for audits."""
        from bakeoff.environments.spreadsheet import disguises
        from bakeoff.proofs import WrongState

        job = self.job(task)
        for disguise in disguises.disguises(job, after[WORKBOOK], rounds=2):
            yield WrongState(disguise.name, disguise.claim, {**after, WORKBOOK: disguise.workbook})


def _figure(answer: Any, question: Question | None) -> Any:
    """An answer in normal form: nothing where none was asked for; the figure itself where it is close enough to it."""
    if question is None:
        return None
    text = " ".join(str(answer).split())
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return text
    return question.value if abs(number - question.value) <= question.tolerance else number
