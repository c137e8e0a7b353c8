"""The verifier's process seen from outside: started when first needed, kept warm, ended when it misbehaves."""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from bakeoff.core import EnvironmentFault
from bakeoff.environments.spreadsheet.judge import clerk

PATIENCE = 120.0
"""Seconds of wall time without any work, after which an answer no longer comes."""


class Crashed(Exception):
    """The process ended over a file; the text says how, as the end of a sentence on the file."""


class Office:
    """One verifier process. Requests from several threads take turns. `seconds`: of processor time that one request may take."""

    def __init__(self, seconds: float = clerk.SECONDS) -> None:
        self.seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self.lock = threading.RLock()

    def ask(self, message: dict[str, Any], *blobs: bytes) -> dict[str, Any]:
        """The answer to a request. Raises `Crashed` when the file brought the process down and `EnvironmentFault` when something else did."""
        with self.lock:
            child = self._running()
            assert child.stdin is not None and child.stdout is not None
            try:
                clerk.send(_raw(child.stdin), message, *blobs)
                self._wait(child)
                answer = clerk.receive(_raw(child.stdout))
            except (BrokenPipeError, ConnectionResetError, ValueError) as problem:
                if child.poll() is None and isinstance(problem, ValueError):
                    self.close()
                    raise EnvironmentFault(f"the verifier's process answered what cannot be read: {problem}") from problem
                answer = None
            except BaseException:
                self.close()  # half an answer would be taken for the next one
                raise
            if answer is None:
                self._explain(child)
            assert answer is not None
            return answer[0]

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._owner != os.getpid():
            self._child = None  # a copy of this process after a fork has none of its own yet
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "bakeoff.environments.spreadsheet.judge", str(self.seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "RAYON_NUM_THREADS": "1"},
            )
            self._owner = os.getpid()
        return self._child

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        end, spent = time.monotonic() + PATIENCE, _processor(child.pid)
        assert child.stdout is not None
        while not select.select([child.stdout], [], [], 0.5)[0]:
            if child.poll() is not None:
                return
            if time.monotonic() > end:
                now = _processor(child.pid)
                if now > spent:  # it works, on a busy machine; what it may use of the processor ends by itself
                    end, spent = time.monotonic() + PATIENCE, now
                    continue
                self.close()
                raise EnvironmentFault("the verifier's process did not answer in time")

    def _explain(self, child: subprocess.Popen[bytes]) -> None:
        try:
            code = child.wait(10)
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        if code == -signal.SIGPROF:
            raise Crashed(f"it takes more than {self.seconds:g} seconds to recalculate")
        if code is not None and (code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL) or code == 1):
            raise Crashed("it brings a calculation engine down")
        raise EnvironmentFault(f"the verifier's process ended with code {code}")

    def close(self) -> None:
        """Ends the process."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
        child.wait()


def _processor(pid: int) -> float:
    """Processor seconds that a process has used, where the system tells; else 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _raw(stream: Any) -> BinaryIO:
    found: BinaryIO = stream
    return found


OFFICE = Office()
atexit.register(OFFICE.close)
