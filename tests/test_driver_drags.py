"""Drags: what is taken hold of and where it lands on pages longer than the view; and native drags that Chromium reports late, as on a crowded machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bakeoff.core import ActionError, EnvironmentFault
from bakeoff.environments.browser.chromium import Browser
from bakeoff.environments.browser.window import Window
from desk import Desk, Pages

PAGE = """<button draggable=true ondragstart="event.dataTransfer.setData('text/plain', 'x')">Item</button> <button onclick="this.textContent = 'heard'">Bell</button>
  <ul aria-label=Bin id=t style="height:100px" ondragover="event.preventDefault()" ondrop="this.dataset.got = event.dataTransfer.types[0]"><li>One</li></ul>"""


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


CARD = """<li draggable=true style="position:absolute;left:20px;top:%dpx;width:150px;height:40px" ondragstart="event.dataTransfer.setData('text/plain', '%s')">%s</li>"""


def long_page(desk: Desk, bin_top: int, bin_height: int) -> None:
    """Three cards in a row down the left, a place to drop them on the right."""
    cards = "".join(CARD % (40 + 60 * n, name, name) for n, name in enumerate(("One", "Two", "Three")))
    drop = "this.dataset.got = event.dataTransfer.getData('text/plain')"
    place = f"position:absolute;left:400px;top:{bin_top}px;width:150px;height:{bin_height}px;background:silver"
    desk.show(
        f"""<ul>{cards}</ul><ul aria-label=Bin id=t style="{place}" ondragover="event.preventDefault()" ondrop="{drop}"></ul><div style="height:4000px"></div>"""
    )


@pytest.mark.parametrize(("top", "height"), [(40, 1300), (10, 3500), (500, 900), (605, 300)])
def test_what_is_dragged_is_what_was_named_however_long_the_target_is(desk: Desk, top: int, height: int) -> None:
    for name in ("Two", "One", "Three"):
        long_page(desk, top, height)
        desk.do("drag", ref=desk.find("listitem", name).ref, to=desk.find("list", "Bin").ref)
        assert desk.js("t.dataset.got") == name


def test_what_cannot_be_in_view_together_is_not_dragged(desk: Desk) -> None:
    long_page(desk, 3000, 200)
    with pytest.raises(ActionError, match="cannot be in view together"):
        desk.do("drag", ref=desk.find("listitem", "One").ref, to=desk.find("list", "Bin").ref)
    assert desk.js("'got' in t.dataset") is False
