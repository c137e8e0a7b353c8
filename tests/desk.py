"""A server for pages of tests, Chromium, and a tab with the short words that tests of the driver need."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bakeoff.core import Action, Element
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.tab import Tab, View
from bakeoff.environments.browser.tools import TOOLS

HEAD = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><style>body{margin:10px;font:14px Arial}</style>"
LOG = "<script>log=[];const note=e=>log.push(e.type+':'+(e.target.id||e.target.tagName)+':'+e.isTrusted)</script>"


class Pages(ThreadingHTTPServer):
    """Serves what a test puts into `pages`; `/slow` answers late, `/file` is a download."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, str] = {}
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Pages

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.path.partition("?")[0]
        if path.startswith("/slow"):
            time.sleep(0.3)
        page = self.server.pages.get(path)
        body = (HEAD + LOG + page).encode() if page is not None else b"pong"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8" if page is not None else "text/plain")
        if path == "/file":
            self.send_header("Content-Disposition", "attachment; filename=x.txt")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[Pages]:
    pages = Pages()
    yield pages
    pages.shutdown()
    pages.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser.launch() as browser:
        yield browser


class Desk:
    """A tab with one page in it, and the short words that tests need."""

    def __init__(self, server: Pages, browser: Browser, **options: bool) -> None:
        self.server = server
        self.tab: Tab = browser.open(server.origin, (800, 600), **options)  # type: ignore[arg-type]
        self.view = View((), "", "")

    def show(self, html: str, path: str = "/", **others: str) -> View:
        self.server.pages = {path: html} | {f"/{name}": page for name, page in others.items()}
        self.view = self.tab.goto(path)
        return self.view

    def find(self, role: str, name: str | None = None) -> Element:
        found = [element for element in self.view.elements if element.role == role and name in (None, element.name)]
        assert found, f"no {role} {name!r} among {[(element.role, element.name) for element in self.view.elements]}"
        return found[0]

    def names(self, role: str) -> list[str]:
        return [element.name for element in self.view.elements if element.role == role]

    def do(self, tool: str, **arguments: object) -> View:
        action = Action(tool, arguments)
        action.check(TOOLS)
        self.view = self.tab.perform(action)
        return self.view

    def js(self, expression: str) -> object:
        return self.tab.evaluate(expression)
