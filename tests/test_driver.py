"""The driver on real pages in real Chromium: what is seen, what can be done, and what happens when things break."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.core import Action, ActionError, EnvironmentFault, UsageError
from bakeoff.environments.browser.chromium import Browser, find_executable
from bakeoff.environments.browser.tab import ScriptError
from desk import Desk, Pages


@pytest.fixture
def desk(server: Pages, browser: Browser) -> Iterator[Desk]:
    desk = Desk(server, browser)
    yield desk
    desk.tab.close()


# --- looking -------------------------------------------------------------------------------------------------------------------------


def test_controls_have_roles_names_values_and_states(desk: Desk) -> None:
    desk.show("""
      <title>Leads</title><h1>All leads</h1><nav><a href=/x>Home</a></nav>
      <label>Company <input id=a value=Acme required></label> <label for=b>Notes</label><textarea id=b placeholder=Anything></textarea>
      <input aria-label=Search type=search> <input title=Age type=number value=3 min=1 max=9>
      <label><input type=checkbox checked> Agree</label> <input type=radio name=r id=r1><label for=r1>Red</label>
      <label>Stage <select><option>New<option selected>Won<option>Lost</select></label>
      <button disabled>Save <b>all</b></button> <input type=submit value=Send> <button aria-label=Close>×</button>
      <details><summary>More</summary>hidden text</details> <input type=password value=abc aria-label=Secret>
      <span id=l1>First</span> <input aria-labelledby=l1> <img src="data:," alt=Logo width=10 height=10>""")
    assert desk.view.title == "Leads" and desk.view.location == "/"
    company = desk.find("textbox", "Company")
    assert company.value == "Acme" and "required" in company.states
    assert desk.find("textbox", "Notes").attributes["placeholder"] == "Anything"
    assert desk.find("searchbox", "Search") and desk.find("textbox", "First")
    assert desk.find("spinbutton", "Age").value == "3" and desk.find("spinbutton").attributes["max"] == "9"
    assert "checked" in desk.find("checkbox", "Agree").states and "checked" not in desk.find("radio", "Red").states
    stage = desk.find("combobox", "Stage")
    assert stage.options == ("New", "Won", "Lost") and stage.value == "Won"
    assert "disabled" in desk.find("button", "Save all").states
    assert desk.find("button", "Send") and desk.find("button", "Close") and desk.find("img", "Logo")
    assert "collapsed" in desk.find("button", "More").states and "hidden text" not in desk.names("text")
    assert desk.find("textbox", "Secret").value == "•••", "a person sees dots"
    home = desk.find("link", "Home")
    assert home.parent == desk.find("navigation").ref
    assert [element.order for element in desk.view.elements] == list(range(len(desk.view.elements)))
    assert company.box.width > 50 and company.box.height > 10


def test_tables_and_text_are_read_as_a_person_reads_them(desk: Desk) -> None:
    desk.show("""<table><tr><th>Name<th>Age</tr><tr><td>Bob <a href=#>edit</a><td>31</tr></table>
      <p>One <span>whole</span> sentence.</p><p>In <b>bold</b> and <span style="color:red">red</span>.</p><p style="display:none">no</p>
      <p style="visibility:hidden">nor this</p><div style="height:0;overflow:hidden">nor that</div>""")
    assert desk.names("columnheader") == ["Name", "Age"] and desk.names("cell") == ["Bob edit", "31"]
    cell = desk.find("cell", "Bob edit")
    assert desk.find("link", "edit").parent == cell.ref and cell.parent == desk.find("row", "Bob edit 31").ref
    texts = desk.names("text")
    assert "One whole sentence." in texts and not {"no", "nor this", "nor that"} & set(texts)
    assert desk.find("text", "bold").attributes["style"] == "bold"
    assert desk.find("text", "red").attributes["color"] == "red"


def test_shapes_boxes_and_clickable_things_without_a_role_are_seen(desk: Desk) -> None:
    desk.show("""<svg width=200 height=100><circle cx=20 cy=20 r=10 fill=red /><rect x=50 y=5 width=30 height=20 fill=blue />
      <polygon points="100,5 120,40 90,40" fill=green /><text x=150 y=20 fill=purple>K</text><line x1=0 y1=90 x2=50 y2=60 stroke=black /></svg>
      <div style="width:20px;height:20px;background:#ff0"></div><span style="cursor:pointer">press me</span>
      <div onclick="1" style="width:9px;height:9px"></div>""")
    shapes = [element for element in desk.view.elements if element.role == "shape"]
    assert [shape.attributes["shape"] for shape in shapes] == ["circle", "rectangle", "triangle", "text", "line"]
    assert [shape.attributes["color"] for shape in shapes] == ["red", "blue", "green", "purple", "black"]
    assert shapes[3].name == "K" and shapes[0].box.centre == pytest.approx((30, 30))
    generic = [element for element in desk.view.elements if element.role == "generic"]
    assert any(element.attributes.get("background") == "yellow" for element in generic)
    assert any(element.name == "press me" for element in generic) and any(element.box.width == 9 for element in generic)


def test_observation_is_quick(desk: Desk) -> None:
    rows = "".join(f"<tr><td>{i}<td><a href=#>name {i}</a><td><input value={i}></tr>" for i in range(40))
    desk.show(f"<table>{rows}</table>")
    assert len(desk.view.elements) >= 200
    timed = "(()=>{const all=[];for(let i=0;i<60;i++){const t=performance.now();bakeoff.observe();all.push(performance.now()-t)}return Math.min(...all)})()"
    took = desk.tab.evaluate(timed, "isolated")
    assert isinstance(took, int | float) and took < 15, (
        f"{took} ms at best for {len(desk.view.elements)} elements; about 3 on an idle machine"
    )


def test_the_page_cannot_see_or_change_the_script(desk: Desk) -> None:
    desk.show("<button>One</button>")
    assert desk.js("typeof bakeoff") == "undefined"
    desk.js("document.querySelector = () => null; JSON.stringify = () => 'x'; Element.prototype.getBoundingClientRect = () => 0")
    desk.view = desk.tab.observe()
    assert desk.names("button") == ["One"]


# --- acting --------------------------------------------------------------------------------------------------------------------------


def test_a_click_is_trusted_and_its_effect_is_seen(desk: Desk) -> None:
    desk.show("<button id=b onclick='note(event);this.textContent=\"Done\"' onmousedown=note(event) onmouseover=note(event)>Go</button>")
    desk.do("click", ref=desk.find("button", "Go").ref)
    assert desk.names("button") == ["Done"]
    assert desk.js("log") == ["mouseover:b:true", "mousedown:b:true", "click:b:true"]


def test_double_click_and_hover(desk: Desk) -> None:
    desk.show("<button id=b ondblclick=note(event)>Go</button><p id=p onmouseenter='this.textContent=\"hovered\"'>text</p>")
    desk.do("double_click", ref=desk.find("button").ref)
    desk.do("hover", ref=desk.find("text", "text").ref)
    assert desk.js("log") == ["dblclick:b:true"] and desk.find("text", "hovered")


def test_typing_replaces_the_content_and_fires_what_a_person_fires(desk: Desk) -> None:
    desk.show("<label>Name <input id=i value=old onkeydown=note(event) oninput=note(event) onchange=note(event)></label><button>x</button>")
    desk.do("type", ref=desk.find("textbox").ref, text="Zoë & Co")
    assert desk.find("textbox").value == "Zoë & Co" and "focused" in desk.find("textbox").states
    log = desk.js("log")
    assert isinstance(log, list) and log.count("keydown:i:true") == 8 and log.count("input:i:true") == 8
    desk.do("click", ref=desk.find("button").ref)
    assert desk.js("log.at(-1)") == "change:i:true"
    desk.do("type", ref=desk.find("textbox").ref, text="")
    assert desk.find("textbox").value == ""


def test_typing_into_other_fields(desk: Desk) -> None:
    desk.show("""<textarea aria-label=T></textarea><input type=number aria-label=N value=1><input type=email aria-label=E>
      <input type=date aria-label=D onchange=note(event) id=d><input type=time aria-label=H><input type=range aria-label=R min=0 max=10 value=2>
      <input type=color aria-label=C><div contenteditable aria-label=Rich>old</div><input type=month aria-label=M>""")
    for role, name, text in (
        ("textbox", "T", "two\nlines"),
        ("spinbutton", "N", "42"),
        ("textbox", "E", "a@b.example"),
        ("textbox", "D", "2026-03-04"),
        ("textbox", "H", "13:05"),
        ("slider", "R", "7"),
        ("textbox", "C", "#ff8800"),
        ("textbox", "Rich", "new text"),
        ("textbox", "M", "2026-05"),
    ):
        desk.do("type", ref=desk.find(role, name).ref, text=text)
        assert desk.find(role, name).value == text, name
    assert "change:d:true" in desk.js("log"), "dates are typed, not set"  # type: ignore[operator]
    long = "word " * 200
    desk.do("type", ref=desk.find("textbox", "T").ref, text=long)
    assert desk.find("textbox", "T").value == long
    with pytest.raises(ActionError, match="2026-03-04"):
        desk.do("type", ref=desk.find("textbox", "D").ref, text="tomorrow")


def test_what_cannot_be_typed_into_says_so(desk: Desk) -> None:
    desk.show("<input aria-label=a disabled><input aria-label=b readonly><button>c</button><select aria-label=d><option>1</select>")
    for role, name, words in (
        ("textbox", "a", "disabled"),
        ("textbox", "b", "read-only"),
        ("button", "c", "cannot be typed"),
        ("combobox", "d", "select"),
    ):
        with pytest.raises(ActionError, match=words):
            desk.do("type", ref=desk.find(role, name).ref, text="x")


def test_choosing_options(desk: Desk) -> None:
    desk.show("""<select id=s aria-label=S onchange=note(event)><option>A<option disabled>B<option>C<option>D</select>
      <select id=m size=3 aria-label=L onchange=note(event)><option>x<option>y<option>z</select>""")
    desk.do("select", ref=desk.find("combobox").ref, option="D")
    assert desk.find("combobox").value == "D" and desk.js("log") == ["change:s:true"], "one trusted change, as by a person"
    desk.do("select", ref=desk.find("combobox").ref, option="A")
    assert desk.find("combobox").value == "A"
    desk.do("select", ref=desk.find("listbox").ref, option="y")
    assert desk.find("listbox").value == "y" and desk.names("option") == ["x", "y", "z"]
    with pytest.raises(ActionError, match="there is no option 'Q'; there are 'A'"):
        desk.do("select", ref=desk.find("combobox").ref, option="Q")
    with pytest.raises(ActionError, match="disabled"):
        desk.do("select", ref=desk.find("combobox").ref, option="B")


def test_keys_and_chords(desk: Desk) -> None:
    desk.show(
        "<form onsubmit='note(event);event.preventDefault()' id=f><input aria-label=a value=abc><input aria-label=b><button>Send</button></form>"
    )
    desk.do("click", ref=desk.find("textbox", "a").ref)
    desk.do("press", key="Control+a")
    desk.do("press", key="Z")
    assert desk.find("textbox", "a").value == "Z"
    desk.do("press", key="Tab")
    assert "focused" in desk.find("textbox", "b").states
    desk.do("press", key="Shift+Tab")
    desk.do("press", key="+")
    assert desk.find("textbox", "a").value == "+"
    desk.do("press", key="Enter")
    assert desk.js("log") == ["submit:f:true"]
    with pytest.raises(ActionError, match="no key 'Entre'"):
        desk.do("press", key="Entre")


def test_checkbox_by_its_label_and_a_hidden_checkbox(desk: Desk) -> None:
    desk.show(
        "<input type=checkbox id=a style='opacity:0;position:absolute'><label for=a>Fancy</label><label><input type=checkbox> Plain</label>"
    )
    desk.do("click", ref=desk.find("checkbox", "Fancy").ref)
    desk.do("click", ref=desk.find("text", "Plain").ref)
    assert "checked" in desk.find("checkbox", "Fancy").states and "checked" in desk.find("checkbox", "Plain").states


def test_a_covered_element_is_not_clicked_through(desk: Desk) -> None:
    desk.show("<button onclick=note(event)>Under</button><div style='position:fixed;inset:0;background:#0008'>Curtain</div>")
    with pytest.raises(ActionError, match="covered by div 'Curtain'"):
        desk.do("click", ref=desk.find("button").ref)
    assert desk.js("log") == []


def test_elements_out_of_sight_are_scrolled_to(desk: Desk) -> None:
    desk.show(
        "<div style='height:3000px'></div><div style='height:80px;overflow:auto'><div style='height:500px'></div><button onclick=note(event) id=b>Deep</button></div>"
    )
    assert "offscreen" in desk.find("button", "Deep").states
    desk.do("click", ref=desk.find("button", "Deep").ref)
    assert desk.js("log") == ["click:b:true"] and "offscreen" not in desk.find("button", "Deep").states


def test_scroll_by_the_wheel(desk: Desk) -> None:
    desk.show("<div id=d style='height:80px;width:200px;overflow:auto'><p>Top</p><div style='height:500px'></div></div>")
    box = next(element for element in desk.view.elements if element.attributes.get("scroll") == "top")
    desk.do("scroll", ref=box.ref, dy=100)
    assert desk.js("d.scrollTop") == 100


def test_dragging_with_the_mouse_and_native_drag_and_drop(desk: Desk) -> None:
    desk.show("""<div id=k style="position:absolute;left:50px;top:50px;width:30px;height:30px;background:red"></div>
      <div draggable=true id=n style="position:absolute;left:50px;top:200px;width:60px;height:30px;background:lime"
        ondragstart="event.dataTransfer.setData('text/plain','cargo')">Item</div>
      <div id=t style="position:absolute;left:300px;top:200px;width:100px;height:100px;border:1px solid" ondragover="event.preventDefault()"
        ondrop="this.textContent=event.dataTransfer.getData('text/plain')+event.isTrusted"></div>
      <script>let grip=null;k.onmousedown=e=>grip=[e.clientX-k.offsetLeft,e.clientY-k.offsetTop];onmouseup=()=>grip=null;
        onmousemove=e=>{if(grip){k.style.left=e.clientX-grip[0]+'px';k.style.top=e.clientY-grip[1]+'px'}}</script>""")
    desk.do("drag_at", x1=65, y1=65, x2=165, y2=95)
    assert desk.js("[k.offsetLeft,k.offsetTop]") == [150, 80]
    item = next(element for element in desk.view.elements if element.name == "Item")
    target = next(element for element in desk.view.elements if element.box.width == 102)
    desk.do("drag", ref=item.ref, to=target.ref)
    assert desk.js("t.textContent") == "cargotrue"


def test_a_target_that_has_to_come_into_view_moves_what_is_dragged(desk: Desk) -> None:
    place, height = "position:absolute;left:%dpx;top:%dpx;width:80px;height:%dpx", desk.js("innerHeight")
    desk.show(f"""<div style="height:3000px"></div><button draggable=true style="{place % (50, height - 60, 30)}" ondragstart="event.dataTransfer.setData('text/plain','x')">Item</button>
      <ul aria-label=Bin id=t style="{place % (300, height - 80, 200)}" ondragover="event.preventDefault()" ondrop="this.dataset.got=event.dataTransfer.types[0]"><li>One</li></ul>""")
    item = desk.find("button", "Item").ref
    desk.do("drag", ref=item, to=desk.find("list", "Bin").ref)
    assert desk.js("t.dataset.got") == "text/plain"


def test_marking_text(desk: Desk) -> None:
    desk.show("<p>First paragraph.</p><p>Second paragraph, which is so long that it breaks into lines" + " and lines" * 30 + ".</p>")
    desk.do("select_text", ref=desk.find("text", "First paragraph.").ref)
    assert desk.js("String(getSelection())") == "First paragraph."
    assert desk.find("text", "First paragraph.").attributes["marked"] == "First paragraph."
    second = desk.names("text")[1]
    desk.do("select_text", ref=desk.find("text", second).ref)
    assert desk.js("String(getSelection())") == second


def test_errors_name_the_problem_and_change_nothing(desk: Desk) -> None:
    desk.show("<button id=b onclick='note(event)'>Go</button>")
    with pytest.raises(ActionError, match="no element 'e99'"):
        desk.do("click", ref="e99")
    with pytest.raises(ActionError, match="outside"):
        desk.do("click_at", x=5000, y=1)
    with pytest.raises(ActionError, match="no page to go back to"):
        desk.do("back")
    old = desk.find("button").ref
    desk.js("b.remove()")
    with pytest.raises(ActionError, match="no longer on the page"):
        desk.do("click", ref=old)
    with pytest.raises(ScriptError, match="boom"):
        desk.js("(() => { throw new Error('boom') })()")


# --- pages that come and go --------------------------------------------------------------------------------------------------------------


def test_navigation_is_waited_for_even_when_slow(desk: Desk) -> None:
    desk.show(
        "<a href=/slow>Go</a><form action=/slow><button>Send</button></form><button onclick=\"location='/slow'\">Script</button>",
        slow="<h1>Arrived</h1>",
    )
    for role, name in (("link", "Go"), ("button", "Send"), ("button", "Script")):
        desk.do("click", ref=desk.find(role, name).ref)
        assert desk.names("heading") == ["Arrived"] and desk.view.location.startswith("/slow")
        desk.do("back")
        assert desk.view.location == "/" and desk.find("link", "Go")


def test_a_fetch_is_waited_for(desk: Desk) -> None:
    desk.show("<button onclick=\"fetch('/slow?x').then(r=>r.text()).then(t=>this.textContent=t)\">Ask</button>")
    desk.do("click", ref=desk.find("button").ref)
    assert desk.names("button") == ["pong"]


def test_dialogs_are_elements_that_must_be_answered(desk: Desk) -> None:
    desk.show(
        '<button onclick=\'this.textContent=confirm("Sure?")\'>Ask</button><button onclick=\'this.textContent=prompt("Who?","me")\'>Name</button><button onclick=\'alert("Hello");this.textContent="greeted"\'>Hi</button>'
    )
    desk.do("click", ref=desk.find("button", "Ask").ref)
    assert desk.find("dialog", "Sure?") and desk.names("button") == ["OK", "Cancel"]
    with pytest.raises(ActionError, match="answer it first"):
        desk.do("press", key="Tab")
    desk.do("click", ref=desk.find("button", "Cancel").ref)
    assert desk.names("button")[0] == "false"
    desk.do("click", ref=desk.find("button", "Name").ref)
    assert desk.find("textbox").value == "me"
    desk.do("type", ref=desk.find("textbox").ref, text="Ada")
    desk.do("press", key="Enter")
    assert desk.names("button")[1] == "Ada"
    desk.do("click", ref=desk.find("button", "Hi").ref)
    assert desk.names("button") == ["OK"]
    desk.do("click", ref=desk.find("button", "OK").ref)
    assert desk.names("button")[2] == "greeted"


def test_a_page_that_asks_before_it_is_left(desk: Desk) -> None:
    desk.show("<input aria-label=a><a href=/two>Two</a><script>onbeforeunload=e=>{e.preventDefault()}</script>", two="<h1>Two</h1>")
    desk.do("type", ref=desk.find("textbox").ref, text="x")
    desk.do("click", ref=desk.find("link").ref)
    assert desk.names("button") == ["Leave", "Cancel"]
    desk.do("click", ref=desk.find("button", "Cancel").ref)
    assert desk.find("textbox").value == "x"
    desk.do("click", ref=desk.find("link").ref)
    desk.do("click", ref=desk.find("button", "Leave").ref)
    assert desk.names("heading") == ["Two"]


def test_new_windows_are_followed_and_closed(desk: Desk) -> None:
    desk.show(
        "<h1>One</h1><a href=/two target=_blank>Link</a><button onclick=\"window.open('/two')\">Open</button>",
        two="<h1>Two</h1><button onclick='window.close()'>Close me</button>",
    )
    desk.do("click", ref=desk.find("link", "Link").ref)
    assert desk.names("heading") == ["Two"]
    desk.do("back")
    assert desk.names("heading") == ["One"]
    desk.do("click", ref=desk.find("button", "Open").ref)
    assert desk.names("heading") == ["Two"]
    desk.do("click", ref=desk.find("button", "Close me").ref)
    assert desk.names("heading") == ["One"]


def test_a_window_that_closes_itself_on_the_way_elsewhere_is_left(desk: Desk) -> None:
    # As a window for choosing does once it has handed over what was chosen.
    desk.show(
        "<h1>One</h1><a href=/two target=_blank rel=opener>Link</a>",
        two="<h1>Two</h1><form action=/slow><button type=button onclick='this.form.submit(); window.close()'>Apply</button></form>",
    )
    for _ in range(6):  # which of both comes first is a race
        desk.do("click", ref=desk.find("link", "Link").ref)
        desk.do("click", ref=desk.find("button", "Apply").ref)
        assert desk.names("heading") == ["One"]


def test_a_script_that_opens_a_window_is_answered_and_the_window_followed(desk: Desk) -> None:
    desk.show("<h1>One</h1>", two="<h1>Two</h1>")
    began = time.monotonic()
    assert desk.js("window.open('/two') !== null") is True
    assert time.monotonic() - began < 5.0
    desk.view = desk.tab.observe()
    assert desk.names("heading") == ["Two"]


def test_what_a_dialog_can_be_scrolled_to_is_there(desk: Desk) -> None:
    buttons = "".join(f"<p><button>B{number}</button></p>" for number in range(40))
    desk.show(f"<dialog style='max-height:50vh'>{buttons}</dialog><script>document.querySelector('dialog').showModal()</script>")
    assert desk.names("button") == [f"B{number}" for number in range(40)]
    assert "offscreen" in desk.find("button", "B39").states
    desk.do("click", ref=desk.find("button", "B39").ref)
    assert "offscreen" not in desk.find("button", "B39").states


def test_icons_of_style_sheets_are_pictures_with_a_name(desk: Desk) -> None:
    picture = "data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg%22 width=%2220%22 height=%2220%22/>"
    desk.show(f"""
      <style>.i {{display: inline-block; width: 20px; height: 20px; background: url(/img/like.png)}} .r {{background-position: -20px 0}}
      .d {{content: url("{picture}")}}</style>
      <span class=i></span><span class="i r" onclick="1"></span><button><span class=d></span></button><span class=d></span>
      <i class=i style="background: linear-gradient(red, blue)"></i>""")
    like, other, inline, same = desk.names("img")
    assert (like, other) == ("like", "like at -20px 0px")
    assert inline == same != ""
    assert desk.find("img").attributes["icon"] == "like"


def test_downloads_are_refused(desk: Desk, tmp_path: Path) -> None:
    desk.show("<a href=/file download>File</a><p>Still here</p>")
    desk.do("click", ref=desk.find("link").ref)
    assert desk.find("text", "Still here")


# --- isolation -----------------------------------------------------------------------------------------------------------------------


def test_only_the_origin_can_be_reached(desk: Desk) -> None:
    other = Pages()
    try:
        desk.show("<h1>Here</h1>")
        reach = "fetch({url!r},{{mode:'no-cors'}}).then(()=>'reached',()=>'blocked')"
        assert desk.js(reach.format(url="/anything")) == "reached"
        for url in (
            other.origin,
            f"http://localhost:{desk.server.server_port}/",
            "http://example.com/",
            "https://1.1.1.1/",
            "file:///etc/passwd",
        ):
            assert desk.js(reach.format(url=url)) == "blocked", url
        image = f"new Promise(done=>{{const i=new Image();i.onload=()=>done('reached');i.onerror=()=>done('blocked');i.src='{other.origin}/x.png'}})"
        assert desk.js(image) == "blocked"
        socketed = f"new Promise(done=>{{const s=new WebSocket('ws://127.0.0.1:{other.server_port}/');s.onopen=()=>done('reached');s.onerror=()=>done('blocked')}})"
        assert desk.js(socketed) == "blocked"
        assert other.asked == [], "nothing of it arrived"
        for target in ("view-source:" + desk.server.origin, "chrome://version", "file:///etc/passwd"):
            desk.js(f"setTimeout(()=>location.href={target!r},0)")
            time.sleep(0.1)
            assert desk.js("document.querySelector('h1').textContent") == "Here", target
    finally:
        other.shutdown()
        other.server_close()


def test_tabs_share_nothing(server: Pages, browser: Browser) -> None:
    one, two = Desk(server, browser), Desk(server, browser)
    try:
        for desk in (one, two):
            desk.show("<p>x</p>")
        one.js("document.cookie='a=1;path=/';localStorage.setItem('a',1)")
        assert two.js("document.cookie+localStorage.length") == "0"
    finally:
        one.tab.close()
        two.tab.close()


def test_many_tabs_from_many_threads(server: Pages, browser: Browser) -> None:
    server.pages = {"/": "<button onclick='this.textContent=Number(this.textContent)+1'>0</button>"}
    seen: dict[int, str] = {}

    def work(number: int) -> None:
        tab = browser.open(server.origin)
        view = tab.goto("/")
        for _ in range(number):
            view = tab.perform(Action("click", {"ref": view.elements[0].ref}))
        seen[number] = view.elements[0].name
        tab.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == {number: str(number) for number in range(1, 5)}


def test_it_works_inside_a_running_event_loop(desk: Desk) -> None:
    async def inside() -> list[str]:
        desk.show("<button>Loop</button>")
        return desk.names("button")

    assert asyncio.run(inside()) == ["Loop"]


def test_screenshot_is_a_png_of_the_view(desk: Desk) -> None:
    desk.show("<h1>Hello</h1>")
    image = desk.tab.screenshot()
    assert image.startswith(b"\x89PNG") and int.from_bytes(image[16:20], "big") == 800 and int.from_bytes(image[20:24], "big") == 600


# --- faults --------------------------------------------------------------------------------------------------------------------------


def test_a_killed_chromium_is_a_fault_and_another_can_be_launched(server: Pages) -> None:
    browser = Browser.launch()
    desk = Desk(server, browser)
    desk.show("<button>Go</button>")
    os.kill(browser.pid, signal.SIGKILL)
    with pytest.raises(EnvironmentFault) as caught:
        desk.do("click", ref=desk.find("button").ref)
    assert caught.value.retryable and not browser.alive
    browser.close()
    with Browser.launch() as second:
        assert second.alive and Desk(server, second).show("<h1>Again</h1>").elements[0].name == "Again"


def test_a_hung_page_is_a_fault(server: Pages, browser: Browser) -> None:
    server.pages = {"/": "<button onclick='for(;;);'>Spin</button>"}
    tab = browser.open(server.origin, timeout=2)
    view = tab.goto("/")
    began = time.monotonic()
    with pytest.raises(EnvironmentFault, match="within"):
        tab.perform(Action("click", {"ref": view.elements[0].ref}))
    assert time.monotonic() - began < 10
    tab.close()


def test_a_stopped_server_is_a_fault(browser: Browser) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        tab = browser.open(f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(EnvironmentFault, match="could not be loaded"):
        tab.goto("/")
    tab.close()


def test_a_missing_chromium_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="apt-get install chromium"):
        find_executable("/nowhere/chromium")
    monkeypatch.setenv("BAKEOFF_CHROMIUM", "/nowhere/else")
    with pytest.raises(UsageError, match="apt-get install chromium"):
        Browser.launch()


def test_where_nobody_looks_on_the_headless_shell_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BAKEOFF_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="not installed"):
        find_executable()
    for command in ("chromium", "chrome-headless-shell"):
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)
    assert find_executable() == str(tmp_path / "chrome-headless-shell")
    assert find_executable(headless=False) == str(tmp_path / "chromium")
    with pytest.raises(UsageError, match="no window to show"):
        find_executable("chrome-headless-shell", headless=False)


STILL = """
<button id=go onclick="this.textContent = 'gone'">go</button> <button id=over onmouseenter="this.textContent = 'hovered'">over</button>
<button id=from draggable=true>from</button> <button id=to ondragover="event.preventDefault()" ondrop="this.textContent = 'dropped'">to</button>
<p>some text to mark</p><div style="height:3000px;background:linear-gradient(red,blue)"></div>
"""


@pytest.mark.parametrize("executable", [found for found in ("chromium", "chromium-headless-shell") if shutil.which(found)])
def test_a_still_page_hears_of_everything_and_is_drawn_when_asked(server: Pages, executable: str) -> None:
    with Browser.launch(executable) as browser:
        assert browser.shell == (executable != "chromium")
        desk = Desk(server, browser, still=True, keys=False)
        desk.show(STILL)
        before = desk.tab.screenshot()
        desk.do("click", ref=desk.find("button", "go").ref)
        desk.do("hover", ref=desk.find("button", "over").ref)
        desk.do("drag", ref=desk.find("button", "from").ref, to=desk.find("button", "to").ref)
        assert desk.names("button") == ["gone", "hovered", "from", "dropped"]
        desk.do("select_text", ref=desk.find("text", "some text to mark").ref)
        assert desk.find("text", "some text to mark").attributes["marked"] == "some text to mark"
        marked = desk.tab.screenshot()
        desk.do("scroll", ref=desk.find("button", "hovered").ref, dy=200)
        assert desk.js("scrollY") == 200
        down = desk.tab.screenshot()
        assert len({before, marked, down}) == 3 and desk.tab.screenshot() == down
        assert all(int.from_bytes(picture[16:20], "big") == 800 for picture in (before, marked, down))
        if browser.shell:  # nothing is drawn that nobody asked for
            race = "new Promise(done => { requestAnimationFrame(() => done('drawn')); setTimeout(done, 300, 'not drawn') })"
            assert desk.js(race) == "not drawn"


def _group(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("ending", ["close", "exit", "kill", "kill-with-fork"])
def test_no_process_and_no_profile_is_left_behind(ending: str) -> None:
    """However the process that launched Chromium ends: by `close`, by leaving without it, by SIGKILL, or while a forked child lives on."""
    script = textwrap.dedent(f"""
        import os, signal, sys, time
        from bakeoff.environments.browser.chromium import Browser
        browser = Browser.launch()
        if {ending!r} == "kill-with-fork" and os.fork() == 0:
            time.sleep(20); os._exit(0)
        print(browser.pid, browser._profile, flush=True)
        if {ending!r} == "close": browser.close()
        if {ending!r}.startswith("kill"): os.kill(os.getpid(), signal.SIGKILL)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pid, profile = child.stdout.readline().split()
        child.wait(30)
    deadline = time.monotonic() + 20
    while _group(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _group(int(pid)), "Chromium outlived its owner"
    if ending.startswith("kill"):
        # Nobody was left to delete the profile: the next launch does.
        Browser.launch().close()
    assert not Path(profile).exists()
