"""One agent on one stream in one repetition: the loop, with practice, feedback, exams, faults, and every episode durable before the next.

What happens when something breaks:
- The infrastructure fails (`EnvironmentFault`): the agent goes back to its memory before the episode, practice included, and the episode
  is run once more on a fresh host; if that fails too it is stored as `Abstained` and the agent is told so. What the lost try cost is not
  in the ledger, because the episode that counts did all of it again; the fault itself is stored.
- A service that the agent works with gives no answer (`ServiceFault`): the same, but the host stays. If that happens in `learn`, the verdict stands
  and the agent has learned nothing. `SILENT` such abstentions in a row end the cell with `CellFailed`; the run goes on there when it is resumed.
- The agent fails while it practises or acts: that is the agent's failure. The episode scores 0 with the failed check `agent-error`, the
  traceback is stored, and the agent goes back to its memory before the episode. If it fails in `learn`, the verdict stands (it was earned
  before) and the agent has learned nothing.
- The agent cannot be built, restored or written down: nothing it does can be trusted any more, and the cell ends with `CellFailed`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bakeoff.contest.draw import TASK_SEEDS
from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.plan import Budgets, Item, StreamRun, items
from bakeoff.contest.store import Cell, NewEpisode, Store
from bakeoff.core import (
    Abstained,
    Action,
    Agent,
    BakeoffError,
    Check,
    EnvironmentFault,
    Ledger,
    Observation,
    Outcome,
    Practice,
    Scored,
    ServiceFault,
    Step,
    Task,
    TaskId,
    Trajectory,
    UsageError,
    Verdict,
    content_hash,
    feedback,
    make_agent,
)

SECONDS_PER_EXPERT_STEP = 5.0
"""What an expert's demonstration is billed at. The crowd workers of MiniWoB++ took 1 to 2 s per action (median 5.0 s per episode); office
work on unknown records takes longer. An assumption, and printed with every report."""

TRIES = 2

SILENT = 3
"""Episodes in a row that may abstain because the agent's own service gave no answer."""

TIMED = ("reset", "step", "verify")
"""Calls on the environment whose times are stored with an episode."""

T = TypeVar("T")


class CellFailed(BakeoffError):
    """The cell cannot go on, and it is not the infrastructure's fault. The rest of the run goes on without it."""


class _AgentError(Exception):
    """The agent raised. `text`: the traceback; `line`: its last line."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.line = text.strip().splitlines()[-1]


@dataclass(slots=True)
class _Try:
    """What one try at an episode has come to so far; still there when it breaks off."""

    position: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    task: Task | None = None
    first: Observation | None = None
    steps: list[Step] = field(default_factory=list)
    verdict: Verdict | None = None
    artefacts: dict[str, bytes] = field(default_factory=dict)
    traceback: str = ""
    ended: str = ""
    calls: dict[str, list[float]] = field(default_factory=dict)

    @property
    def last(self) -> Observation | None:
        return self.steps[-1].observation if self.steps else self.first


def rehearsal_of(task_id: TaskId) -> TaskId:
    """The task whose expert run is given as a recording: same product and template, another seed."""
    return TaskId(task_id.environment, task_id.product, task_id.version, task_id.template, task_id.seed + 10 * TASK_SEEDS)


def recording_of(host: HostedEnvironment, task_id: TaskId) -> Trajectory | None:
    """An expert's run of another seed of the same template; None where the environment has no expert."""
    task = host.task(rehearsal_of(task_id))
    return host.record(task) if host.expert(task) is not None else None


class CellRunner:
    """Runs the rest of a cell, from wherever it stands in the store.

    `host`: gives the environment's host, and a fresh one when asked with True (the old one is closed first).
    `after`: called after each stored episode with its item, verdict, ledger and the bytes it took on disk; a False answer stops the cell.
    `keep_trajectories`: asked before each; False once the disk budget is spent.
    """

    def __init__(
        self,
        store: Store,
        cell: Cell,
        run: StreamRun,
        budgets: Budgets,
        host: Callable[[bool], HostedEnvironment],
        after: Callable[[Item, Verdict, Ledger], bool],
        keep_trajectories: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store, self._cell, self._stream, self._budgets = store, cell, run.stream, budgets
        self._host, self._after, self._keep = host, after, keep_trajectories
        self._recordings: dict[TaskId, Trajectory] = {}
        self._practised: dict[str, int] = {}
        self._beliefs: tuple[str, ...] = ()
        self._silent, self._silence = 0, ""  # episodes in a row without the agent's service, and what it said last
        self._stored = cell.memory  # digest of the memory that the store holds for this cell

    def run(self) -> bool:
        """True when the cell is done, False when it was stopped. Raises `CellFailed` and `UsageError`."""
        done = self._store.episodes(cell=self._cell.id, kind="stream")
        for episode in done:
            self._practised[episode.product] = self._practised.get(episode.product, 0) + episode.ledger.practice_steps
            self._beliefs = self._beliefs if episode.beliefs is None else episode.beliefs
        with tempfile.TemporaryDirectory(prefix="bakeoff-memory-") as scratch:
            self._scratch, self._generation = Path(scratch), 0
            self._memory = self._new_folder()
            if self._cell.memory:
                self._store.restore_snapshot(self._cell.memory, self._memory)
                self._agent = self._rebuilt()
            else:
                self._agent = self._built()
                self._write_down(self._memory)
            self._digest = content_hash(self._memory)
            if self._cell.memory and self._digest_of_agent() != self._digest:
                raise self._unfaithful()
            for item in items(self._stream)[self._cell.done :]:
                if self._cell.lasts == "episode" or (self._cell.lasts == "product" and item.kind == "stream" and item.attempt == 1):
                    self._forget()
                if not self._run_item(item):
                    return False
        return True

    # --- one episode -----------------------------------------------------------------------------------------------------------

    def _run_item(self, item: Item) -> bool:
        if self._silent >= SILENT:
            raise CellFailed(f"agent '{self._cell.agent}' had no answer from its service in {SILENT} episodes: {self._silence}")
        started = time.time()
        tries, done = self._until_judged(item)
        assert done.verdict is not None
        done.ledger.failed_attempts = int(isinstance(done.verdict, Scored) and not done.verdict.passed)
        before = self._digest
        beliefs = self._settle(item, done)
        task = done.task
        assert task is not None
        trajectory = None
        if done.first is not None:
            trajectory = Trajectory(task, self._cell.spec, done.first, tuple(done.steps), done.verdict, done.ledger)
        row: dict[str, Any] = {
            "position": item.position,
            "kind": item.kind,
            "exam": item.exam,
            "after": item.after,
            "task_id": str(item.task),
            "environment": item.task.environment,
            "product": f"{item.task.product}@{item.task.version}",
            "template": item.task.template,
            "task_seed": item.task.seed,
            "family": task.family,
            "split": task.split,
            "distance": task.distance,
            "instruction": done.first.goal if done.first is not None else task.instruction,
            "attempt": item.attempt,
            "template_attempt": item.template_attempt,
            "product_order": item.product_order,
            "tries": tries,
            "ended": done.ended,
            "memory_before": before,
            "memory_after": self._digest,
            "traceback": done.traceback,
            "calls": done.calls,
            "started": started,
            "finished": time.time(),
        }
        snapshot = None if self._digest == self._stored else self._memory
        new = NewEpisode(row, done.verdict, done.ledger, trajectory, done.artefacts, beliefs, snapshot, keep_snapshot=item.ends_product)
        self._store.add_episode(self._cell, new, keep_trajectory=self._keep())
        self._stored = self._digest
        if item.kind == "stream":
            product = row["product"]
            self._practised[product] = self._practised.get(product, 0) + done.ledger.practice_steps
        return self._after(item, done.verdict, done.ledger)

    def _until_judged(self, item: Item) -> tuple[int, _Try]:
        """Tries until there is a verdict: at most twice, then it abstains."""
        host = self._host(False)
        for number in range(1, TRIES + 1):
            attempt = _Try(item.position)
            began, cpu = time.perf_counter(), time.process_time()
            try:
                self._play(host, item, attempt)
                self._note_silence(None)
            except _AgentError as problem:
                attempt.verdict = Scored(0.0, (Check("agent-error", False, problem.line),))
                attempt.traceback, attempt.ended = problem.text, "agent_error"
            except EnvironmentFault as fault:
                self._store.add_fault(self._cell.id, item.position, str(item.task), fault.reason)
                if not isinstance(fault, ServiceFault):
                    host = self._fresh_host(fault)
                if number < TRIES and fault.retryable:
                    self._agent = self._rebuilt()
                    continue
                attempt.verdict, attempt.ended, attempt.artefacts = Abstained(fault.reason), "fault", {}
                self._note_silence(fault)
                attempt.task = attempt.task or self._limited(host.task(item.task))
                if item.kind == "stream":
                    self._teach_abstained(attempt)
            attempt.ledger.steps = len(attempt.steps)
            attempt.ledger.wall_seconds += time.perf_counter() - began
            attempt.ledger.cpu_seconds += time.process_time() - cpu
            return number, attempt
        raise AssertionError("unreachable: the last try always has a verdict")

    def _note_silence(self, fault: EnvironmentFault | None) -> None:
        self._silent, self._silence = (self._silent + 1, fault.reason) if isinstance(fault, ServiceFault) else (0, "")

    def _fresh_host(self, fault: EnvironmentFault) -> HostedEnvironment:
        try:
            return self._host(True)
        except EnvironmentFault as again:
            raise CellFailed(f"no environment could be started after a fault ({fault.reason}): {again.reason}") from again

    def _limited(self, task: Task) -> Task:
        return task.with_limits(steps=self._budgets.max_steps, seconds=self._budgets.seconds)

    def _play(self, host: HostedEnvironment, item: Item, attempt: _Try) -> None:
        """Practice, the episode, its verdict and what is learned from it."""
        task = attempt.task = self._limited(host.task(item.task))
        ledger, agent = attempt.ledger, self._agent
        left = self._stream.practice_steps - self._practised.get(f"{item.task.product}@{item.task.version}", 0)
        if item.kind == "stream" and left > 0:
            self._asked(host, ledger, lambda: agent.practise(Practice(host, task, left, ledger)))
        self._assist(host, task, ledger)
        ledger.resets += 1
        host.calls.clear()
        observation = attempt.first = host.reset(task)
        while not observation.done:
            before = ledger.agent_seconds
            action = self._asked(host, ledger, lambda seen=observation: agent.act(seen))  # type: ignore[misc]
            if not isinstance(action, Action):
                raise _AgentError(f"TypeError: act returned {type(action).__name__}, not an Action")
            observation = host.step(action)
            attempt.steps.append(Step(action, observation, ledger.agent_seconds - before))
        attempt.ended = observation.ended or ""
        verdict = host.verify()
        attempt.calls = {name: list(taken) for name, taken in host.calls.items() if name in TIMED}
        attempt.artefacts = dict(host.artefacts())
        if item.kind == "stream":
            self._teach(host, task, observation, verdict, attempt)
        if agent.privilege == "expert":
            ledger.expert_minutes += len(attempt.steps) * SECONDS_PER_EXPERT_STEP / 60
        attempt.verdict = verdict

    def _assist(self, host: HostedEnvironment, task: Task, ledger: Ledger) -> None:
        """What a privileged agent is given before an episode. The time to make it is not the agent's."""
        agent = self._agent
        if agent.privilege == "none":
            return
        began, cpu = time.perf_counter(), time.process_time()
        if agent.privilege == "expert":
            policy = host.expert(task)
            if policy is None:
                raise CellFailed(f"agent '{self._cell.agent}' needs an expert, and environment '{host.name}' has none for {task.id}")
            self._asked(host, ledger, lambda: agent.assist(policy))
        else:
            recording = self._recording(host, task.id)
            if recording is not None:
                ledger.demonstrations += 1
                ledger.expert_minutes += len(recording.steps) * SECONDS_PER_EXPERT_STEP / 60
            actions = () if recording is None else recording.actions
            self._asked(host, ledger, lambda: agent.assist(actions))
        ledger.wall_seconds -= time.perf_counter() - began
        ledger.cpu_seconds -= time.process_time() - cpu

    def _recording(self, host: HostedEnvironment, task_id: TaskId) -> Trajectory | None:
        """An expert's run of another seed of the same template; None where the environment has no expert."""
        other = rehearsal_of(task_id)
        if other not in self._recordings:
            made = recording_of(host, task_id)
            if made is None:
                return None
            self._recordings[other] = made
        return self._recordings[other]

    def _teach(self, host: HostedEnvironment, task: Task, last: Observation, verdict: Verdict, attempt: _Try) -> None:
        open_for_questions = True

        def demonstrate() -> Trajectory:
            if not open_for_questions:
                raise UsageError("a demonstration is shown while the agent learns from the episode, not later")
            shown = host.record(host.task(task.id))  # within its own limits, not within what the plan leaves the agent
            attempt.ledger.demonstrations += 1
            attempt.ledger.expert_minutes += len(shown.steps) * SECONDS_PER_EXPERT_STEP / 60
            return shown

        outcome = feedback(self._stream.feedback, verdict, demonstrate)
        self._learn(host, last, outcome, attempt)
        open_for_questions = False
        attempt.ledger.verdict_bits += int(outcome.passed is not None)
        if outcome.failed_checks is not None and isinstance(verdict, Scored):
            attempt.ledger.verdict_bits += len(verdict.checks)

    def _teach_abstained(self, attempt: _Try) -> None:
        """Tells the agent that the episode it saw does not count. Of one that never began there is nothing to tell."""
        if attempt.last is not None:
            self._learn(None, attempt.last, Outcome(self._stream.feedback, abstained=True), attempt)

    def _learn(self, host: HostedEnvironment | None, last: Observation, outcome: Outcome, attempt: _Try) -> None:
        try:
            self._asked(host, attempt.ledger, lambda: self._agent.learn(last, outcome))
        except _AgentError as problem:
            attempt.traceback = problem.text
            self._agent = self._rebuilt()
        except ServiceFault as fault:
            assert attempt.task is not None
            self._store.add_fault(self._cell.id, attempt.position, str(attempt.task.id), fault.reason)
            self._agent = self._rebuilt()

    def _asked(self, host: HostedEnvironment | None, ledger: Ledger, question: Callable[[], T]) -> T:
        """Asks the agent something. Its time is its own without what it waited for the environment; its errors are its own, too."""
        began, waited = time.perf_counter(), host.waited if host else 0.0
        try:
            return question()
        except (CellFailed, ServiceFault):
            raise
        except Exception as problem:
            if host is not None and host.fault is not None:
                raise EnvironmentFault(host.fault.reason, retryable=host.fault.retryable) from problem
            raise _AgentError(traceback.format_exc()) from problem
        finally:
            ledger.agent_seconds += time.perf_counter() - began - ((host.waited if host else 0.0) - waited)
            self._bill_tokens(ledger)

    def _bill_tokens(self, ledger: Ledger) -> None:
        try:
            tokens_in, tokens_out = self._agent.spent_tokens()
            ledger.tokens_in, ledger.tokens_out = ledger.tokens_in + int(tokens_in), ledger.tokens_out + int(tokens_out)
        except Exception as problem:
            raise _AgentError(traceback.format_exc()) from problem

    # --- memory ----------------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Begins again as on the first day."""
        self._agent, self._memory = self._built(), self._new_folder()
        self._write_down(self._memory)
        self._digest = content_hash(self._memory)
        self._beliefs = ()

    def _settle(self, item: Item, done: _Try) -> tuple[str, ...] | None:
        """Brings the agent's memory to where the next episode begins; returns its beliefs when they changed."""
        if item.kind == "exam" or done.ended == "agent_error":
            self._agent = self._rebuilt()
            if self._digest_of_agent() != self._digest:
                raise self._unfaithful()
            return None
        fresh = self._new_folder()
        self._write_down(fresh)
        digest = content_hash(fresh)
        shutil.rmtree(self._memory)
        self._memory, self._digest = fresh, digest
        return self._ask_beliefs(done)

    def _ask_beliefs(self, done: _Try) -> tuple[str, ...] | None:
        try:
            beliefs = tuple(str(sentence) for sentence in self._agent.beliefs())
        except Exception:
            done.traceback = done.traceback or traceback.format_exc()
            return None
        if beliefs == self._beliefs:
            return None
        self._beliefs = beliefs
        return beliefs

    def _built(self) -> Agent:
        try:
            return make_agent(self._cell.spec, self._host(False).tools, self._cell.seed)
        except BakeoffError:
            raise
        except Exception as problem:
            raise CellFailed(f"agent '{self._cell.agent}' cannot be built: {type(problem).__name__}: {problem}") from problem

    def _rebuilt(self) -> Agent:
        agent = self._built()
        try:
            agent.restore(self._memory)
        except Exception as problem:
            raise CellFailed(f"agent '{self._cell.agent}' cannot be restored: {type(problem).__name__}: {problem}") from problem
        return agent

    def _write_down(self, folder: Path) -> None:
        try:
            self._agent.snapshot(folder)
        except Exception as problem:
            raise CellFailed(f"agent '{self._cell.agent}' cannot write its memory: {type(problem).__name__}: {problem}") from problem

    def _digest_of_agent(self) -> str:
        folder = self._new_folder()
        self._write_down(folder)
        digest = content_hash(folder)
        shutil.rmtree(folder)
        return digest

    def _unfaithful(self) -> CellFailed:
        return CellFailed(f"agent '{self._cell.agent}' is not what its snapshot says: written again after restoring, it differs")

    def _new_folder(self) -> Path:
        self._generation += 1
        folder = self._scratch / f"{self._generation:06d}"
        folder.mkdir()
        return folder
