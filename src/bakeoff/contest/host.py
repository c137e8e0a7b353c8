"""An environment in a process of its own, behind the same contract. What hangs or dies there is killed and reported as `EnvironmentFault`.

Keeping it apart has two reasons: the verifier is out of the agent's process, and a fault of the infrastructure cannot take a run down.
Every call has a deadline. Errors keep their type; an error that the contract does not know is the environment's bug, hence a fault.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from bakeoff.contest.processes import Child, serve_child
from bakeoff.core import (
    Abstained,
    Action,
    BakeoffError,
    Box,
    Element,
    Environment,
    EnvironmentFault,
    Observation,
    Policy,
    Product,
    Screen,
    Split,
    Task,
    TaskId,
    Tool,
    Trajectory,
    UsageError,
    Verdict,
    make_environment,
    run_episode,
)

START, RESET, JUDGE, OTHER = 60.0, 60.0, 60.0, 60.0
"""Deadlines of calls, in seconds. A step may take as long as the task allows, plus `STEP_GRACE`."""
STEP_GRACE = 15.0
CLOSE = 10.0


class HostedEnvironment(Environment):
    """`make_environment(name, **options)` in a child process. After a fault it is dead for good: close it and make another.

    `log`: file for the child's standard error; `deadline`: seconds for every call but the first and the last, instead of the
    module's figures.
    Raises `UsageError` when there is no such environment or it cannot run here, `EnvironmentFault` when it does not start.
    """

    name: str  # type: ignore[misc]
    tools: tuple[Tool, ...]  # type: ignore[misc]

    def __init__(self, name: str, *, log: Path | None = None, deadline: float | None = None, **options: Any) -> None:
        self.name = name
        self.tools = ()
        self._deadline_override = deadline
        self._catalogue: tuple[Product, ...] | None = None
        self._seen: Observation | None = None
        self._limit = 60.0
        self.waited = 0.0  # seconds spent in calls so far
        self.calls: dict[str, list[float]] = {}  # milliseconds that each call took, by name; clear it whenever you like
        self._scratch = None if log is not None else tempfile.TemporaryDirectory()
        if log is None:
            assert self._scratch is not None
            log = Path(self._scratch.name) / "host.log"
        self._child = Child(__name__, log)
        self.fault: EnvironmentFault | None = None
        try:
            self.tools = tuple(self._call("start", START, name, options))
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """False once a call failed for good, or the process ended."""
        return self.fault is None and self._child.alive

    @property
    def pid(self) -> int:
        return self._child.pid

    # --- the contract ----------------------------------------------------------------------------------------------------------

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        if self._catalogue is None:
            self._catalogue = tuple(self._call("products", OTHER))
        return [item for item in self._catalogue if family in (None, item.family) and split in (None, item.split)]

    def product(self, name: str) -> Product:
        found: Product = self._call("product", OTHER, name)
        return found

    def task(self, task_id: TaskId) -> Task:
        found: Task = self._call("task", OTHER, task_id)
        return found

    def reset(self, task: Task, *, practice: bool = False) -> Observation:
        self._limit = task.limits.seconds
        self._seen = self._call("reset", RESET, task, practice)
        return self._seen

    def step(self, action: Action) -> Observation:
        self._seen = self._call("step", self._limit + STEP_GRACE, action)
        return self._seen

    def verify(self) -> Verdict:
        verdict: Verdict = self._call("verify", JUDGE)
        return verdict

    def screenshot(self) -> bytes:
        picture: bytes = self._call("screenshot", OTHER)
        return picture

    def artefacts(self) -> Mapping[str, bytes]:
        files: dict[str, bytes] = self._call("artefacts", OTHER)
        return files

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        verdict: Verdict = self._call("regrade", JUDGE, task, dict(artefacts))
        return verdict

    def expert(self, task: Task) -> Policy | None:
        """The expert stays in the host; only its actions come over. One at a time: asking again replaces it."""
        if not self._call("expert", OTHER, task):
            return None

        def act(observation: Observation) -> Action:
            action: Action = self._call("expert_act", OTHER, None if observation is self._seen else observation)
            return action

        return act

    def record(self, task: Task) -> Trajectory:
        """An expert's judged run of a task, made in the host; closes whatever episode is open there.

        Raises `UsageError` when the environment has no expert, `EnvironmentFault` when the expert fails its own task.
        """
        trajectory: Trajectory = self._call("record", task.limits.seconds + RESET, task)
        return trajectory

    def close(self) -> None:
        """Closes the environment, then its process; kills what does not close in time. Safe to call twice."""
        if self._child.alive:
            with contextlib.suppress(BakeoffError):  # it is killed below, whatever it says
                self._exchange("close", CLOSE)
                self._child.wait(CLOSE)
        self._child.kill()
        if self._scratch is not None:
            self._scratch.cleanup()

    # The hooks of `Environment` run in the child; here the public methods are replaced instead.
    def _begin(self, task: Task, practice: bool) -> Screen:
        raise NotImplementedError

    def _perform(self, action: Action) -> Screen:
        raise NotImplementedError

    def _judge(self) -> Verdict:
        raise NotImplementedError

    # --- the wire --------------------------------------------------------------------------------------------------------------

    def _call(self, operation: str, deadline: float, *arguments: Any) -> Any:
        if self.fault is not None:
            raise EnvironmentFault(self.fault.reason, retryable=self.fault.retryable)
        return self._exchange(operation, deadline, *arguments)

    def _exchange(self, operation: str, deadline: float, *arguments: Any) -> Any:
        seconds = deadline if self._deadline_override is None or operation in ("start", "close") else self._deadline_override
        began = time.perf_counter()
        try:
            self._child.pipe.send_bytes(encode((operation, arguments)))
            if not self._child.pipe.poll(seconds):
                self._die(f"environment '{self.name}' did not answer '{operation}' within {seconds:g} s and was killed")
            good, value = pickle.loads(self._child.pipe.recv_bytes())
        except (EOFError, OSError):
            self._child.wait(1.0)
            self._die(f"the process of environment '{self.name}' {self._child.obituary()} (during '{operation}')")
        finally:
            taken = time.perf_counter() - began
            self.waited += taken
            self.calls.setdefault(operation, []).append(round(taken * 1000, 2))
        if good:
            return value
        if isinstance(value, EnvironmentFault):
            self.fault = value
        raise value

    def _die(self, reason: str) -> NoReturn:
        self._child.kill()
        self.fault = EnvironmentFault(reason)
        raise self.fault


class _Pickler(pickle.Pickler):
    """Pickles what the contract passes, faster than its own readable form: an element as a tuple, read-only mappings as dictionaries."""

    dispatch_table = {
        MappingProxyType: lambda mapping: (_mapping, (dict(mapping),)),
        Element: lambda item: (
            _element,
            (
                *(item.ref, item.role, item.name, item.value, tuple(item.states), item.parent, item.order),
                *(item.box.x, item.box.y, item.box.width, item.box.height),
                *(item.options, dict(item.attributes) or None),
            ),
        ),
    }


def _mapping(content: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(content)


_NOTHING: Mapping[str, str] = MappingProxyType({})


def _element(
    ref: str,
    role: str,
    name: str,
    value: str,
    states: tuple[str, ...],
    parent: str | None,
    order: int,
    x: float,
    y: float,
    width: float,
    height: float,
    options: tuple[str, ...],
    attributes: dict[str, str] | None,
) -> Element:
    box = Box(x, y, width, height)
    return Element(ref, role, name, value, frozenset(states), parent, order, box, options, attributes or _NOTHING)


def encode(value: Any) -> bytes:
    """Bytes for the pipe; `pickle.loads` reads them."""
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


# --- the child's side --------------------------------------------------------------------------------------------------------------


class _Desk:
    """Carries out calls on the environment it holds."""

    def __init__(self) -> None:
        self._environment: Environment | None = None
        self._policy: Policy | None = None
        self._seen: Observation | None = None

    def handle(self, operation: str, arguments: tuple[Any, ...]) -> Any:
        if operation == "start":
            name, options = arguments
            self._environment = make_environment(name, **options)
            return self._environment.tools
        if operation == "close":
            return self.close()
        assert self._environment is not None, "start comes first"
        return getattr(self, f"_{operation}")(self._environment, *arguments)

    def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def _products(self, environment: Environment) -> tuple[Product, ...]:
        return tuple(environment.products())

    def _product(self, environment: Environment, name: str) -> Product:
        return environment.product(name)

    def _task(self, environment: Environment, task_id: TaskId) -> Task:
        return environment.task(task_id)

    def _reset(self, environment: Environment, task: Task, practice: bool) -> Observation:
        self._seen = environment.reset(task, practice=practice)
        return self._seen

    def _step(self, environment: Environment, action: Action) -> Observation:
        self._seen = environment.step(action)
        return self._seen

    def _verify(self, environment: Environment) -> Verdict:
        return environment.verify()

    def _screenshot(self, environment: Environment) -> bytes:
        return environment.screenshot()

    def _artefacts(self, environment: Environment) -> dict[str, bytes]:
        return dict(environment.artefacts())

    def _regrade(self, environment: Environment, task: Task, artefacts: dict[str, bytes]) -> Verdict:
        return environment.regrade(task, artefacts)

    def _expert(self, environment: Environment, task: Task) -> bool:
        self._policy = environment.expert(task)
        return self._policy is not None

    def _expert_act(self, environment: Environment, observation: Observation | None) -> Action:
        seen = self._seen if observation is None else observation
        if self._policy is None or seen is None:
            raise UsageError("ask for an expert and reset before asking what it would do")
        return self._policy(seen)

    def _record(self, environment: Environment, task: Task) -> Trajectory:
        policy = environment.expert(task)
        if policy is None:
            raise UsageError(f"environment '{environment.name}' has no expert for {task.id.template}")
        trajectory = run_episode(environment, policy, task, agent="expert")
        verdict = trajectory.verdict
        if isinstance(verdict, Abstained):
            raise EnvironmentFault(f"the expert's run of {task.id} was not judged: {verdict.reason}")
        if verdict is None or not verdict.passed:
            raise EnvironmentFault(f"the expert fails {task.id}; run `bakeoff audit {environment.name}`", retryable=False)
        return trajectory


def _main(pipe: Connection) -> None:
    desk = _Desk()
    try:
        while True:
            operation, arguments = pickle.loads(pipe.recv_bytes())
            try:
                answer = encode((True, desk.handle(operation, arguments)))
            except BakeoffError as problem:
                answer = encode((False, problem))
            except Exception as problem:
                traceback.print_exc()
                reason = f"environment bug in '{operation}': {type(problem).__name__}: {problem}"
                answer = encode((False, EnvironmentFault(reason, retryable=False)))
            pipe.send_bytes(answer)
            if operation == "close":
                return
    finally:
        desk.close()


def child() -> None:
    """Entry point of the host process."""
    serve_child(_main, grace=CLOSE)
