"""Runs a plan: checks it, makes or reopens its folder, hands cells to worker processes, and brings it to its end or to a clean stop.

A run may be killed at any moment, all its processes with it; `resume=True` goes on where the store ends. The content of the plan decides
which run is meant: a changed plan is another run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from bakeoff.contest.apps import announce
from bakeoff.contest.draw import expand, plan_data, plan_hash
from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.plan import Plan, StreamRun, items
from bakeoff.contest.prepare import prepare_plan
from bakeoff.contest.processes import Child
from bakeoff.contest.store import DATABASE, Cell, Store
from bakeoff.contest.worker import Began, CellEnded, Finished, Job
from bakeoff.core import Agent, UsageError, load, make_agent

DEATHS = 3
"""So often a worker may die on the same cell before the cell is given up."""
PATIENCE = 20.0
"""Seconds that Ctrl-C leaves the workers to finish the episodes they are in."""
DISK_CHECK = 10.0
LOCK_WAIT = 15.0
FAREWELL = 15.0


class Watcher(Protocol):
    """Is told how a run goes; `progress.py` has one for terminals and one for logs."""

    def begin(self, store: Store, cells: Sequence[Cell], workers: int) -> None: ...

    def cell(self, worker: int, cell: Cell) -> None: ...

    def episode(self, worker: int, cell: Cell, finished: Finished) -> None: ...

    def notice(self, text: str) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RunResult:
    """`folder`: the run's; `complete`: every cell is done; `failed`: cells that could not go on, with their reasons; `interrupted`: by Ctrl-C."""

    folder: Path
    complete: bool
    failed: tuple[tuple[Cell, str], ...] = ()
    interrupted: bool = False


def run_plan(
    plan: Plan,
    watcher: Watcher,
    *,
    drawn: Sequence[StreamRun] | None = None,
    out: Path | None = None,
    root: Path = Path("runs"),
    resume: bool = False,
    workers: int | None = None,
) -> RunResult:
    """Runs a plan in a folder below `root`, or in `out`. `drawn`: what `check` returned, when the caller has asked already.

    Raises `UsageError` for a plan that cannot run (before anything is written), for an existing folder without `resume`, and for a changed
    plan with it; `EnvironmentFault` when an environment does not start here.
    """
    announce([app.path for app in plan.apps])
    drawn = check(plan) if drawn is None else drawn
    identity = plan_hash(plan, drawn)
    folder = _folder(plan, identity, out, root, resume)
    with _only_one(folder) as lock:
        if (folder / DATABASE).exists():
            store = Store.open(folder)
            _same_plan(store, identity, folder)
        else:
            store = Store.create(
                folder,
                name=plan.name,
                plan_hash=identity,
                plan=plan_data(plan, drawn),
                source=plan.source,
                seed=plan.seed,
                cells=_cells(plan, drawn),
            )
            (folder / "plan.toml").write_text(plan.source)
        with store:
            return _Run(plan, store, watcher, workers or plan.workers, lock).go()


def check(plan: Plan) -> tuple[StreamRun, ...]:
    """Draws the plan's streams and tries everything out once, so that what cannot work is said before anything is written: products and
    tasks exist, each environment opens a product, each agent can be built, privileged agents find an expert."""
    announce([app.path for app in plan.apps])
    raw = [agent.label for agent in plan.agents if agent.recipes and ":" not in agent.spec]
    if raw:
        raise UsageError(
            f"{plan.path}: agent '{raw[0]}' brings along what has to be baked first; `bakeoff run` does that (see `with_bakes`)"
        )
    prepare_plan(plan)
    with contextlib.ExitStack() as stack:
        hosts: dict[str, HostedEnvironment] = {}
        for name in plan.environments:
            hosts[name] = stack.enter_context(contextlib.closing(HostedEnvironment(name)))
        drawn = expand(plan, hosts)
        for name, host in hosts.items():
            first = host.task(next(run for run in drawn if run.environment == name).stream.tasks[0])
            host.reset(first, practice=True)
            for agent in plan.agents:
                try:
                    built = make_agent(agent.spec, host.tools, plan.seed)
                except UsageError as problem:
                    raise UsageError(f"{plan.path}: agent '{agent.label}' in environment '{name}': {problem}") from problem
                if built.privilege == "expert" and host.expert(first) is None:
                    raise UsageError(
                        f"{plan.path}: agent '{agent.label}' needs an expert, and environment '{name}' has none for {first.id.template}; "
                        "take the agent out of the plan"
                    )
    return drawn


def _cells(plan: Plan, drawn: Sequence[StreamRun]) -> list[dict[str, Any]]:
    """Agent by agent in the plan's order, so that slow agents, listed first, do not end up alone at the end."""
    out = []
    for agent in plan.agents:
        cls: type[Agent] = load("agents", agent.spec.partition(":")[0])
        for run in drawn:
            out.append(
                {
                    "agent": agent.label,
                    "spec": agent.spec,
                    "privilege": cls.privilege,
                    "stream": run.stream.name,
                    "repetition": run.repetition,
                    "environment": run.environment,
                    "feedback": run.stream.feedback,
                    "lasts": agent.memory,
                    "seed": run.seed,
                    "planned": len(items(run.stream)),
                }
            )
    return out


# --- folders -----------------------------------------------------------------------------------------------------------------------


def _folder(plan: Plan, identity: str, out: Path | None, root: Path, resume: bool) -> Path:
    """Where the run lives: `out`, or `root/<name>-<hash>`, with a number when that plan has been run there before."""
    if out is not None:
        if (out / DATABASE).exists() and not resume:
            raise UsageError(f"{out} already holds a run; continue it with --resume or choose another folder with --out")
        return out
    base = f"{plan.name}-{identity[:8]}"
    earlier = sorted((path.parent for path in root.glob(f"{base}*/{DATABASE}")), key=lambda path: (len(path.name), path.name))
    if resume:
        if earlier:
            return earlier[-1]
        others = [path.parent.name for path in root.glob(f"{plan.name}-*/{DATABASE}")]
        if others:
            raise UsageError(
                f"there is no run of this plan to resume in {root}; {', '.join(sorted(others))} ran another version of it "
                "(a changed plan is another run: leave out --resume to start it)"
            )
        raise UsageError(f"there is no run of plan '{plan.name}' in {root} to resume; leave out --resume to start one")
    for path in earlier:
        with Store.open(path) as store:
            if store.run.finished is None:
                raise UsageError(
                    f"{path} holds an unfinished run of this plan; continue it with --resume or choose another folder with --out"
                )
    return root / base if not earlier else root / f"{base}-{len(earlier) + 1}"


def _same_plan(store: Store, identity: str, folder: Path) -> None:
    if store.run.plan_hash != identity:
        raise UsageError(
            f"the plan or the products it draws from have changed since the run in {folder} began "
            f"({store.run.plan_hash[:8]}, now {identity[:8]}); undo the change to resume, or start a new run with another --out"
        )


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[int]:
    """Holds the folder's lock, which workers inherit: as long as one of them lives, nobody else runs here. Yields its descriptor."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + LOCK_WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise UsageError(f"another `bakeoff run` is at work in {folder}; wait for it or stop it") from None
                time.sleep(0.1)
        yield handle
    finally:
        os.close(handle)


# --- the run -----------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Desk:
    """A worker as the parent sees it."""

    number: int
    child: Child
    cell: Cell | None = None
    heard: float = 0.0  # when it last said something


@dataclass
class _Run:
    plan: Plan
    store: Store
    watcher: Watcher
    workers: int
    lock: int
    deaths: dict[int, int] = field(default_factory=dict)
    failed: list[tuple[Cell, str]] = field(default_factory=list)
    interrupted: bool = False
    over_budget: bool = False

    def go(self) -> RunResult:
        began = time.monotonic()
        self.store.begin_sitting()
        cells = self.store.cells()
        self.waiting = [cell for cell in cells if cell.status != "done"]
        count = min(self.workers, len(self.waiting))
        self.watcher.begin(self.store, cells, count)
        self.desks: list[_Desk] = []
        before = signal.getsignal(signal.SIGINT)
        try:
            self.desks = [self._hire(number) for number in range(count)]
            self._loop()
        finally:
            signal.signal(signal.SIGINT, before)
            self._dismiss()
            complete = all(cell.status == "done" for cell in self.store.cells())
            self.store.end_sitting(time.monotonic() - began, finished=complete)
            self.watcher.end()
        return RunResult(self.store.folder, complete, tuple(self.failed), self.interrupted)

    def _dismiss(self) -> None:
        """Idle workers close their environments and go; whoever is still in an episode is killed, which loses nothing that is stored."""
        idle = [desk for desk in self.desks if desk.cell is None]
        for desk in idle:
            self._tell(desk, ("stop", None))
        for desk in idle:
            desk.child.wait(FAREWELL)
        for desk in self.desks:
            desk.child.kill()

    def _hire(self, number: int) -> _Desk:
        child = Child("bakeoff.contest.worker", self.store.folder / "logs" / f"worker-{number}.log", inherit=(self.lock,))
        child.pipe.send_bytes(pickle.dumps(Job(self.store.folder.absolute(), self.plan.budgets, number)))
        if self.over_budget:
            child.pipe.send_bytes(pickle.dumps(("keep", False)))
        return _Desk(number, child)

    def _loop(self) -> None:
        interrupts: list[float] = []
        signal.signal(signal.SIGINT, lambda *_: interrupts.append(time.monotonic()))
        checked = 0.0
        for desk in self.desks:
            self._give(desk)
        while any(desk.cell is not None for desk in self.desks):
            busy = {desk.child.pipe: desk for desk in self.desks if desk.cell is not None}
            for pipe in wait(list(busy), timeout=0.5):
                self._hear(busy[pipe])  # type: ignore[index]
            for desk in busy.values():
                if time.monotonic() - desk.heard > self.plan.budgets.silence:
                    self._silence(desk)
            if interrupts and not self.interrupted:
                self.interrupted = True
                self.watcher.notice("stopping after the episodes at hand; Ctrl-C again stops at once (nothing finished is lost)")
                self._tell_all(("stop", None))
            if len(interrupts) > 1 or (interrupts and time.monotonic() - interrupts[0] > PATIENCE):
                return
            if time.monotonic() - checked > DISK_CHECK and not self.over_budget:
                checked = time.monotonic()
                self._check_disk()

    def _give(self, desk: _Desk) -> None:
        desk.cell = None
        if self.waiting and not self.interrupted:
            desk.cell = self.waiting.pop(0)
            desk.heard = time.monotonic()
            self.watcher.cell(desk.number, desk.cell)
            self._tell(desk, ("cell", desk.cell.id))

    def _hear(self, desk: _Desk) -> None:
        assert desk.cell is not None
        desk.heard = time.monotonic()
        try:
            message = pickle.loads(desk.child.pipe.recv_bytes())
        except (EOFError, OSError):
            self._bury(desk)
            return
        if isinstance(message, Began):
            return
        if isinstance(message, Finished):
            self.watcher.episode(desk.number, desk.cell, message)
            return
        assert isinstance(message, CellEnded)
        if message.fatal:
            raise UsageError(message.problem)
        if message.problem:
            self._give_up(desk.cell, message.problem)
        if message.stopped:
            desk.cell = None
        else:
            self._give(desk)

    def _bury(self, desk: _Desk) -> None:
        """A worker died: the store knows how far its cell got, so another one goes on from there."""
        cell = desk.cell
        assert cell is not None
        desk.child.wait(5.0)
        how = desk.child.obituary()
        desk.child.kill()
        self.deaths[cell.id] = self.deaths.get(cell.id, 0) + 1
        fresh = self._hire(desk.number)
        self.desks[self.desks.index(desk)] = fresh
        if self.deaths[cell.id] >= DEATHS:
            problem = f"its worker died {DEATHS} times; the last one {how} (see {desk.child.log})"
            self.store.mark_cell(cell.id, "failed", problem)
            self._give_up(cell, problem)
        else:
            self.watcher.notice(f"worker {desk.number} {how}; {cell.agent} on {cell.stream} goes on from its last episode")
            self.waiting.insert(0, cell)
        self._give(fresh)

    def _silence(self, desk: _Desk) -> None:
        """An agent that never answers would hold the run up for ever; killed, it is buried like any other worker."""
        desk.heard = time.monotonic()
        self.watcher.notice(
            f"worker {desk.number} has finished no episode for {self.plan.budgets.silence:g} s and is killed ([budgets] silence in the plan)"
        )
        desk.child.kill(keep_pipe=True)

    def _give_up(self, cell: Cell, problem: str) -> None:
        self.failed.append((cell, problem))
        self.watcher.notice(f"{cell.agent} on {cell.stream} (repetition {cell.repetition + 1}) cannot go on: {problem}")

    def _check_disk(self) -> None:
        used, budget = self.store.disk_bytes(), self.plan.budgets.disk_bytes
        if used > budget:
            self.over_budget = True
            self.watcher.notice(
                f"the disk budget of {budget / 1e6:,.0f} MB is spent ({used / 1e6:,.0f} MB): from now on verdicts and what regrade needs are "
                "kept, trajectories are not (raise [budgets] disk in the plan to keep them)"
            )
            self._tell_all(("keep", False))

    def _tell_all(self, message: tuple[str, Any]) -> None:
        for desk in self.desks:
            self._tell(desk, message)

    def _tell(self, desk: _Desk, message: tuple[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a dead worker is noticed where it is listened to
            desk.child.pipe.send_bytes(pickle.dumps(message))
