"""Keeps an app's processes together: runs a command, and ends all that came of it when its own input closes, however its parent ended.

Run as a script, with the command as its arguments; it imports nothing of bakeoff, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE = 2.0
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: what the command leaves behind becomes our child, not init's


def main(command: list[str]) -> int:
    """Returns the command's exit code, 0 when it was ended."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os.close(0))
    wake_up, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as problem:
        sys.stderr.write(f"{command[0]}: {problem.strerror}\n")
        return 127
    code: int | None = None
    while code is None:
        try:
            ready, _, _ = select.select([0, wake_up], [], [])
        except (OSError, ValueError):
            break
        if wake_up in ready:
            os.read(wake_up, 512)
        code = process.poll()
        if 0 in ready and not os.read(0, 512):
            break
    _end(process)
    return code or 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks once, waits a little, then kills until nobody is left."""
    for victim in _descendants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while _descendants() and time.monotonic() < deadline:
        _reap()
        time.sleep(0.02)
    while victims := _descendants():
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        _reap()
        time.sleep(0.01)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants() -> list[int]:
    """Living processes below this one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    parents[int(entry.name)] = int(fields[1])
    found, fresh = list[int](), [os.getpid()]
    while fresh:
        fresh = [pid for pid, parent in parents.items() if parent in fresh]
        found += fresh
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
