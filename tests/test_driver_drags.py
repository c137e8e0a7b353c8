"""A native drag that Chromium reports late, as on a crowded machine: dropped all the same, and never a window deaf to the mouse."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bakeoff.core import EnvironmentFault
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.window import Window
from test_driver import Desk, Pages

PAGE = """<button draggable=true ondragstart="event.dataTransfer.setData('text/plain', 'x')">Item</button> <button onclick="this.textContent = 'heard'">Bell</button>
  <ul aria-label=Bin id=t style="height:100px" ondragover="event.preventDefault()" ondrop="this.dataset.got = event.dataTransfer.types[0]"><li>One</li></ul>"""


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


class Reports:
    """How late Chromium's reports of native drags arrive, and how many did."""

    seconds = 0.0
    arrived = 0


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    found, hear = Reports(), Window._event

    def late(window: Window, method: str, params: dict[str, Any]) -> None:
        if method != "Input.dragIntercepted":
            hear(window, method, params)
            return

        def report() -> None:
            with window.session.changed:
                hear(window, method, params)
                found.arrived += 1
                window.session.changed.notify_all()

        threading.Timer(found.seconds, report).start()

    monkeypatch.setattr(Window, "_event", late)
    return found


@pytest.fixture(params=[True, False], ids=["still", "moving"])
def desk(request: pytest.FixtureRequest, server: Pages, browser: Browser, reports: Reports) -> Iterator[Desk]:
    desk = Desk(server, browser, still=request.param)
    desk.show(PAGE)
    yield desk
    desk.tab.close()


def drag(desk: Desk) -> None:
    desk.do("drag", ref=desk.find("button", "Item").ref, to=desk.find("list", "Bin").ref)


def test_a_drag_that_is_reported_late_is_dropped_and_the_mouse_still_works(desk: Desk, reports: Reports) -> None:
    reports.seconds = 0.4
    drag(desk)
    assert reports.arrived == 1
    assert desk.js("t.dataset.got") == "text/plain"
    desk.do("click", ref=desk.find("button", "Bell").ref)
    assert desk.find("button", "heard")


def test_a_drag_that_is_never_reported_is_a_fault(desk: Desk, reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    reports.seconds = 5.0
    monkeypatch.setattr(desk.tab._drags, "_timeout", 0.3)
    with pytest.raises(EnvironmentFault, match="did not answer"):
        drag(desk)


def test_a_drag_that_a_page_hides_is_called_off_when_it_is_reported_late(desk: Desk, reports: Reports) -> None:
    hidden = "<script>addEventListener('dragstart', event => event.stopImmediatePropagation(), true)</script>"
    desk.show(hidden + PAGE)
    reports.seconds = 0.3
    drag(desk)
    while not reports.arrived:
        time.sleep(0.05)
    assert desk.js("'got' in t.dataset") is False
    desk.do("wait")
    desk.do("click", ref=desk.find("button", "Bell").ref)
    assert desk.find("button", "heard")


def test_a_page_may_refuse_a_drag(desk: Desk) -> None:
    desk.js("document.addEventListener('dragstart', event => event.preventDefault())")
    drag(desk)
    assert desk.js("'got' in t.dataset") is False
    desk.do("click", ref=desk.find("button", "Bell").ref)
    assert desk.find("button", "heard")
