"""Tabs of still pages: never drawn until a screenshot is asked for, and otherwise like any other tab."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bakeoff.core import ActionError
from bakeoff.environments.browser.chromium import Browser
from desk import Desk, Pages


@pytest.fixture
def desk(server: Pages, browser: Browser) -> Iterator[Desk]:
    desk = Desk(server, browser, still=True, keys=False)
    yield desk
    desk.tab.close()


def test_the_page_has_the_focus_a_size_and_frames(desk: Desk) -> None:
    desk.show("<p>Hello</p>")
    assert desk.js("[innerWidth, innerHeight, document.visibilityState, document.hasFocus()]") == [800, 600, "visible", True]
    assert desk.js("navigator.webdriver") is False
    assert desk.js("new Promise(done => requestAnimationFrame(() => done('frame')))") == "frame"


def test_typed_text_is_trusted_input_and_its_last_letter_a_key(desk: Desk) -> None:
    desk.show(
        "<input id=f value=old><script>for (const kind of ['beforeinput', 'input', 'keydown', 'keyup', 'change'])"
        " document.addEventListener(kind, note, true)</script>"
    )
    desk.do("type", ref=desk.find("textbox").ref, text="Zoë & Søn")
    assert desk.find("textbox").value == "Zoë & Søn"
    log = desk.js("log")
    assert isinstance(log, list)
    assert all(line.endswith(":true") for line in log)
    assert [line.split(":")[0] for line in log] == ["beforeinput", "input", "keydown", "beforeinput", "input", "keyup"]
    desk.do("type", ref=desk.find("textbox").ref, text="")
    assert desk.find("textbox").value == ""


def test_the_mouse_is_noticed_at_once(desk: Desk) -> None:
    desk.show(
        "<p id=a onmouseenter='document.title=1'>One</p><p id=b>Two</p><div id=c draggable=true style='width:50px;height:50px;background:red'"
        " onclick='this.remove()'></div>"
    )
    desk.do("hover", ref=desk.find("text", "One").ref)
    assert desk.view.title == "1"  # a page without a frame would hear of the mouse a second later
    desk.do("click", ref=desk.find("generic").ref)
    assert not desk.names("generic")


def test_a_drag_marks_text(desk: Desk) -> None:
    desk.show("<p>A word to mark</p>")
    desk.do("select_text", ref=desk.find("text").ref)
    assert str(desk.js("String(getSelection())")).strip() == "A word to mark"


def test_screenshots_show_what_is_there_now(desk: Desk) -> None:
    desk.show("<body style='margin:0;background:#fff'><button style='width:800px;height:600px' onclick='this.remove()'>Go</button>")
    first = desk.tab.screenshot()
    assert struct.unpack(">II", first[16:24]) == (800, 600)
    desk.do("click", ref=desk.find("button").ref)
    second = desk.tab.screenshot()
    assert len(second) < len(first)  # an empty page has less to tell
    assert desk.js("document.hasFocus() && document.visibilityState") == "visible"


def test_a_renewed_tab_is_like_a_new_one(desk: Desk) -> None:
    desk.show("<h1>One</h1><a href=/two>on</a><script>window.left = 1; document.cookie = 'a=1'</script>", two="<h1>Two</h1>")
    desk.do("click", ref=desk.find("link").ref)
    for _ in range(2):
        desk.server.pages["/fresh"] = (
            "<title>Fresh</title><h1>Fresh</h1><input autocomplete=off><script>document.title += document.cookie</script><p style=height:2000px>"
        )
        desk.view = desk.tab.renew("/fresh")
        assert (desk.view.title, desk.view.location, desk.names("heading")) == ("Fresh", "/fresh", ["Fresh"])
        assert desk.js("document.querySelectorAll('h1').length") == 1
        assert desk.js("scrollY") == 0 and "offscreen" not in desk.find("heading").states
        with pytest.raises(ActionError):
            desk.do("back")
        desk.do("type", ref=desk.find("textbox").ref, text="left over")
        desk.do("scroll", ref=desk.find("heading").ref, dy=900)
        assert desk.js("scrollY") > 0
    desk.view = desk.tab.renew("/missing")
    assert "pong" in desk.view.elements[0].name  # whatever the server says is shown
