"""Several processes that audit tasks side by side, each with instances of its own. What dies there leaves its task open, never judged."""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from bakeoff.audit.report import Finding
from bakeoff.audit.workshop import Found, Order, Workshop
from bakeoff.core import TaskId, UsageError

_GRACE = 20.0
_CHILD = "from bakeoff.audit.crew import child; child()"


def audit_tasks(name: str, order: Order, tasks: Sequence[TaskId], workers: int, done_with: Callable[[TaskId, Found], None]) -> None:
    """Audits tasks of a registered environment in `workers` processes.

    `done_with` is called with each task when it is done, in this thread, and what was found. Raises `UsageError` as the environment does.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(tasks)):
        waiting.put(index)
    done: queue.SimpleQueue[tuple[int, Found] | UsageError] = queue.SimpleQueue()
    hands = [_Hand(name, order, tasks, waiting, done) for _ in range(min(workers, len(tasks)))]
    try:
        for _ in tasks:
            result = done.get()
            if isinstance(result, UsageError):
                raise result
            done_with(tasks[result[0]], result[1])
    finally:
        for hand in hands:
            hand.stop()


class _Hand(threading.Thread):
    """Feeds one child process with tasks and replaces it when it has died."""

    def __init__(
        self,
        name: str,
        order: Order,
        tasks: Sequence[TaskId],
        waiting: queue.SimpleQueue[int],
        done: queue.SimpleQueue[tuple[int, Found] | UsageError],
    ) -> None:
        super().__init__(daemon=True)
        self._message = json.dumps({"name": name, "order": asdict(order), "path": sys.path})
        self._order, self._tasks, self._waiting, self._done = order, tasks, waiting, done
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.start()

    def run(self) -> None:
        while not self._stopped:
            try:
                index = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answer = self._ask(str(self._tasks[index]))
            except (OSError, EOFError) as problem:
                answer = Found(
                    [
                        Finding(
                            check, str(self._tasks[index]), "inconclusive", f"the auditing process died: {problem}", tier=self._order.tier
                        )
                        for check in self._order.checks
                    ]
                )
                self._end()
            self._done.put(answer if isinstance(answer, UsageError) else (index, answer))

    def _ask(self, task: str) -> Any:
        if self._process is None:
            # The order goes in by the environment of the process: nothing of the audit may depend on how its parent was started.
            command = [
                sys.executable,
                "-c",
                f"import sys, json, os; sys.path[:] = json.loads(os.environ['BAKEOFF_AUDIT'])['path']; {_CHILD}",
            ]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "BAKEOFF_AUDIT": self._message}
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(task.encode() + b"\n")
        self._process.stdin.flush()
        size = self._process.stdout.read(8)
        if len(size) < 8:
            raise EOFError(f"it ended with code {self._process.wait()}")
        return pickle.loads(self._process.stdout.read(int.from_bytes(size, "big")))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(timeout=20)  # it closes its instances when its input ends
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """Ends the child. A task it is at is given up."""
        self._stopped = True
        if self.is_alive() and self._process is not None:
            self._process.terminate()
        self.join(timeout=30)
        self._end()


def child() -> None:
    """The child's side: a task id a line in, a result each out, until the input ends."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    message = json.loads(os.environ["BAKEOFF_AUDIT"])
    order = Order(**message["order"] | {"checks": tuple(message["order"]["checks"])})
    answers: BinaryIO = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed here must not get between the answers

    def answer(content: Found | UsageError) -> None:
        data = pickle.dumps(content)
        answers.write(len(data).to_bytes(8, "big") + data)
        answers.flush()

    workshop: Workshop | None = None
    try:
        for line in sys.stdin:
            try:
                if workshop is None:
                    workshop = Workshop(message["name"], order)
                answer(workshop.audit(TaskId.parse(line)))
            except UsageError as problem:
                answer(problem)
    finally:
        if workshop is not None:
            workshop.close()


def _leave_with(parent: int) -> None:
    """Ends this process when its parent has gone, at once or, where that does not help, with its instances left to find their pipes closed."""
    import signal

    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(143)
