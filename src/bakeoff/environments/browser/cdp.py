"""Speaks the Chrome DevTools Protocol over two pipes: NUL-separated JSON, one reader thread, many sessions.

Waiting is synchronous and has a deadline everywhere, so the callers are plain functions that also work inside a running event loop.
A lost browser or a missed deadline raises `EnvironmentFault`; an error that Chromium reports for one command raises `ProtocolError`.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from bakeoff.core.errors import EnvironmentFault

Message = dict[str, Any]
Listener = Callable[[str, Message], None]
_READ = 1 << 20
# Events that come with the domains we need and that nobody reads: dropped unparsed.
_NOISE = tuple(
    f'{{"method":"{name}"'.encode()
    for name in (
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Network.requestWillBeSentExtraInfo",
        "Network.responseReceived",
        "Network.requestServedFromCache",
        "Network.dataReceived",
        "Network.policyUpdated",
    )
)


class ProtocolError(Exception):
    """Chromium refused one command, e.g. because its page has gone meanwhile. Carries the method and Chromium's words."""


class Session:
    """One conversation within a connection: the browser itself (`session_id` None) or one attached page.

    All of its waiting happens on one condition, `changed`, which the reader thread notifies after every reply and every event. `listener`
    is called by the reader thread for each event with the condition held: it may only set state.
    """

    def __init__(self, connection: Connection, session_id: str | None, listener: Listener | None = None) -> None:
        self.connection = connection
        self.session_id = session_id
        self.listener = listener
        self.changed = threading.Condition(threading.Lock())
        self.detached = False
        self._replies: dict[int, Message] = {}
        self._awaited: set[int] = set()

    def post(self, *commands: tuple[str, Mapping[str, Any]]) -> list[int]:
        """Sends commands in one write, in order, without waiting. Returns their ids for `wait`."""
        idents, chunks = [], []
        for method, params in commands:
            ident = self.connection.next_id()
            message: Message = {"id": ident, "method": method, "params": params}
            if self.session_id is not None:
                message["sessionId"] = self.session_id
            idents.append(ident)
            chunks.append(json.dumps(message, separators=(",", ":")).encode() + b"\0")
        with self.changed:
            self._awaited.update(idents)
        self.connection.write(b"".join(chunks), idents, self)
        return idents

    def call(self, method: str, timeout: float, **params: Any) -> Message:
        """Sends one command and returns its result."""
        (ident,) = self.post((method, params))
        result = self.wait(ident, timeout)
        assert result is not None
        return result

    def wait(self, ident: int, timeout: float, unless: Callable[[], bool] | None = None) -> Message | None:
        """The result of a posted command; None as soon as `unless()` holds (the reply is then still awaited and may be waited for again).

        Raises `ProtocolError` when Chromium refused the command and `EnvironmentFault` when it died, hung, or the page was closed.
        """
        self.until(lambda: ident in self._replies or (unless is not None and unless()), timeout)
        with self.changed:
            reply = self._replies.pop(ident, None)
            if reply is None:
                return None
            self._awaited.discard(ident)
        if "error" in reply:
            raise ProtocolError(str(reply["error"].get("message", reply["error"])))
        result: Message = reply["result"]
        return result

    def answered(self, ident: int) -> bool:
        """Whether the reply of a posted command is there."""
        return ident in self._replies

    def forget(self, *idents: int) -> None:
        """Drops the replies of commands that nobody waits for."""
        with self.changed:
            for ident in idents:
                self._awaited.discard(ident)
                self._replies.pop(ident, None)

    def until(self, predicate: Callable[[], bool], timeout: float) -> None:
        """Waits until the predicate holds. Raises `EnvironmentFault` after `timeout` seconds or when Chromium is gone."""
        if not self.settled(predicate, timeout):
            raise EnvironmentFault(f"Chromium did not answer within {timeout:g} s")

    def settled(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Waits until the predicate holds or `timeout` seconds have passed, and says whether it holds."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not predicate():
                if self.connection.closed:
                    raise EnvironmentFault("Chromium is gone")
                if self.detached:
                    raise EnvironmentFault("the page has crashed or was closed")
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.25))  # a predicate may look at the clock
        return True

    def _receive(self, message: Message) -> None:
        with self.changed:
            ident = message.get("id")
            if ident is None:
                if self.listener is not None:
                    self.listener(message["method"], message.get("params", {}))
            elif ident in self._awaited:
                self._replies[ident] = message
            self.changed.notify_all()

    def _wake(self, *, detached: bool = False) -> None:
        with self.changed:
            self.detached = self.detached or detached
            self.changed.notify_all()


class Connection:
    """The two ends of the pipe. Owns both file descriptors and one daemon thread that reads until the other side closes."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        fcntl.fcntl(write_fd, fcntl.F_SETFL, fcntl.fcntl(write_fd, fcntl.F_GETFL) | os.O_NONBLOCK)
        self.closed = False
        self._ids = 0
        self._id_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._owners: dict[int, Session] = {}
        self.browser = Session(self, None)
        self._sessions: dict[str, Session] = {}
        self._thread = threading.Thread(target=self._read, name="chromium-reader", daemon=True)
        self._thread.start()

    def session(self, session_id: str, listener: Listener | None = None) -> Session:
        """The session of a page attached with `Target.attachToTarget(flatten=True)`. Register it before its first command."""
        session = Session(self, session_id, listener)
        self._sessions[session_id] = session
        return session

    def drop(self, session: Session) -> None:
        """Forgets a session whose page was closed."""
        if session.session_id is not None:
            self._sessions.pop(session.session_id, None)
        session._wake(detached=True)

    def next_id(self) -> int:
        with self._id_lock:
            self._ids += 1
            return self._ids

    def write(self, data: bytes, idents: list[int], owner: Session, timeout: float = 10.0) -> None:
        """Writes all of it; raises `EnvironmentFault` when Chromium is gone or has stopped reading for `timeout` seconds."""
        deadline = time.monotonic() + timeout
        view = memoryview(data)
        with self._write_lock:
            while view:
                if self.closed:
                    raise EnvironmentFault("Chromium is gone")
                try:
                    view = view[os.write(self._write_fd, view) :]
                except BlockingIOError:
                    left = deadline - time.monotonic()
                    if left <= 0 or not select.select([], [self._write_fd], [], left)[1]:
                        raise EnvironmentFault(f"Chromium has not read its commands for {timeout:g} s") from None
                except OSError as problem:
                    raise EnvironmentFault(f"Chromium is gone ({problem.strerror})") from problem

    def close(self) -> None:
        """Closes our end, upon which Chromium exits; the reader thread then ends by itself."""
        with self._write_lock:
            if self._write_fd >= 0:
                os.close(self._write_fd)
                self._write_fd = -1
            self.closed = True

    def join(self, timeout: float) -> None:
        """Waits for the reader thread to end (it does once Chromium has exited)."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def disown(self) -> None:
        """In a forked child: closes the inherited ends, so that the parent's Chromium still sees the pipe close when the parent dies."""
        for fd in (self._read_fd, self._write_fd):
            if fd >= 0:
                os.close(fd)
        self._read_fd = self._write_fd = -1
        self.closed = True

    def _read(self) -> None:
        parts: list[bytes] = []
        try:
            while True:
                data = os.read(self._read_fd, _READ)
                if not data:
                    break
                *whole, rest = data.split(b"\0")
                for end in whole:
                    parts.append(end)
                    text = b"".join(parts) if len(parts) > 1 else end
                    parts.clear()
                    if not text.startswith(_NOISE):
                        self._dispatch(json.loads(text))
                if rest:
                    parts.append(rest)
        finally:
            self.closed = True
            os.close(self._read_fd)
            self._read_fd = -1
            for session in [self.browser, *self._sessions.values()]:
                session._wake()

    def _dispatch(self, message: Message) -> None:
        session_id = message.get("sessionId")
        if message.get("method") in ("Target.detachedFromTarget", "Inspector.targetCrashed"):
            lost = self._sessions.get(message["params"].get("sessionId") or session_id or "")
            if lost is not None:
                lost._wake(detached=True)
        session = self.browser if session_id is None else self._sessions.get(session_id)
        if session is not None:
            session._receive(message)
