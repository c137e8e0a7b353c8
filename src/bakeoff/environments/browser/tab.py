"""A tab: what a person at this browser sees, and what they can do. Trusted input events in, a list of elements out.

After each action the tab waits until it has settled: if a navigation or a fetch began, until that is done, else two turns of the page's
event loop, or while the page keeps changing, at most `_MOVING_MS`. Then one script in an isolated world describes the screen.

What happens to things that would need another window: a JavaScript dialog (alert, confirm, prompt, leaving a page) shows up as a `dialog` with
its buttons and hides the page until it is answered, as for a person; a new window is followed, and `back()` on its first page closes it;
downloads are refused; the pop-up of a colour field cannot be driven, so `type` sets the value and fires `input` and `change`.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from bakeoff.core.action import Action
from bakeoff.core.errors import ActionError, BakeoffError, EnvironmentFault, UsageError
from bakeoff.core.observation import Box, Element
from bakeoff.environments.browser import keys
from bakeoff.environments.browser.cdp import ProtocolError
from bakeoff.environments.browser.drags import Drags
from bakeoff.environments.browser.frames import Frames
from bakeoff.environments.browser.window import WORLD, Dialog, Window

if TYPE_CHECKING:
    from bakeoff.environments.browser.chromium import Browser

_MOVING_MS = 400
_SCROLL_MS = 300
_SETTLE = f"bakeoff.settle({_MOVING_MS})"
_FETCH_SECONDS = 3.0
_NO_STATES: frozenset[str] = frozenset()
_PER_KEY_LIMIT = 400
_RENEWALS = 50  # then the window is left for a new one, so that Chromium can tidy up
_FRAMED = frozenset({"hover", "scroll", "drag", "drag_at", "select_text"})  # a page hears of these with its next frame
Command = tuple[str, Mapping[str, Any]]


class ScriptError(BakeoffError):
    """A script given to `Tab.evaluate` threw."""


@dataclass(frozen=True, slots=True)
class View:
    """What is on the screen: the elements in reading order, the title, and the path and query within the origin."""

    elements: tuple[Element, ...]
    title: str
    location: str


@cache
def _script(ignore: str) -> str:
    source = files("bakeoff.environments.browser").joinpath("observe.js").read_text(encoding="utf-8")
    return source.replace("'__IGNORE__'", json.dumps(ignore))


class Tab:
    """Made by `Browser.open`. Not safe for use from two threads at once."""

    def __init__(
        self,
        browser: Browser,
        context: str,
        origin: str,
        viewport: tuple[int, int],
        init_script: str = "",
        ignore: str = "",
        timeout: float = 15.0,
        still: bool = False,
        keys: bool = True,
    ) -> None:
        self.browser = browser
        self.origin = origin
        self.viewport = viewport
        self._context = context
        self._init_script = init_script
        self._ignore = ignore
        self._timeout = timeout
        self._still = still
        self._keys = keys
        self._renewals = 0
        self._mouse = (0.0, 0.0)
        self._rows: list[Any] = []
        self._closed = False
        self._pages: list[Window] = []
        root = browser.connection.browser
        root.call("Browser.setDownloadBehavior", timeout, behavior="deny", browserContextId=context)
        # Headless, a full screen has no tab strip or toolbar that would be drawn anew with every page.
        window: dict[str, Any] = {"newWindow": True, "windowState": "fullscreen"} if browser.headless else {}
        window |= {"width": viewport[0], "height": viewport[1]} if not window else {}
        front, on_demand = "", still and browser.shell
        if on_demand:
            window = {"enableBeginFrameControl": True, "width": viewport[0], "height": viewport[1]}
        elif still and browser.headless:  # behind an empty tab, so that neither the page nor the browser around it is drawn
            front = self._create(window)
            browser.connection.session(browser.attached(front, timeout)).call("Runtime.runIfWaitingForDebugger", timeout)
            window = {"background": True}
        self._frames = Frames(root, timeout, front, on_demand)
        self._drags = Drags(self._send, self._script, timeout)
        target = self._create(window)
        self._adopt(browser.attached(target, timeout), target)

    def _create(self, window: Mapping[str, Any]) -> str:
        root = self.browser.connection.browser
        return str(root.call("Target.createTarget", self._timeout, url="about:blank", browserContextId=self._context, **window)["targetId"])

    # --- looking -------------------------------------------------------------------------------------------------------------

    def goto(self, path: str, then: str = "") -> View:
        """Loads a path of the origin and waits until it has settled. Raises `EnvironmentFault` when the server does not answer.

        `then`: an expression to evaluate in the isolated world instead of settling, as in `run`.
        """
        if not path.startswith("/"):
            raise UsageError(f"a path begins with '/', not '{path}'")
        self._drop_popups()
        page = self._page
        with page.session.changed:
            page.loading, page.fetches, page.requested = False, set(), 0.0
            before = page.documents
        (ident,) = page.session.post(("Page.navigate", {"url": self.origin + path}))
        # A page may ask before it is left; the one who navigates here is not the worker, so leave.
        while True:
            reply = page.session.wait(ident, self._timeout, lambda: page.dialog is not None)
            if reply is not None:
                break
            self._answer(True)
        if reply.get("errorText"):
            raise EnvironmentFault(f"{self.origin}{path} could not be loaded ({reply['errorText']})")
        if reply.get("loaderId"):
            page.session.until(lambda: page.documents > before or page.dialog is not None, self._timeout)
        return self._settle(then or _SETTLE)

    def observe(self) -> View:
        """What is on the screen now; waits for a page that is loading."""
        return self._settle("bakeoff.observe()")

    def screenshot(self) -> bytes:
        """The view as PNG."""
        return self._frames.picture(self._page)

    def evaluate(self, js: str, world: Literal["page", "isolated"] = "page") -> Any:
        """The JSON value of an expression (awaited if a promise). For tests and proofs; no agent can reach it.

        Raises `ScriptError` when it throws.
        """
        parameters: dict[str, Any] = {"expression": js, "returnByValue": True, "awaitPromise": True, "userGesture": True}
        if world == "isolated":
            parameters["contextId"] = self._page.context
        page = self._page
        (ident,) = page.session.post(("Runtime.evaluate", parameters))
        deadline = time.monotonic() + self._timeout
        self._frames.lend(page, ident)
        try:
            while True:
                left = max(0.0, deadline - time.monotonic())
                reply = page.session.wait(ident, left, lambda: page.dialog is not None or bool(page.popups))
                if reply is not None or not page.popups:
                    break
                self._follow_popups()  # the script waits for its window, and the window for us
        except ProtocolError as problem:
            raise ScriptError(str(problem)) from problem
        if reply is None:  # a dialog opened: the script goes on after its answer
            page.session.forget(ident)
            return None
        if "exceptionDetails" in reply:
            details = reply["exceptionDetails"]
            raise ScriptError(str(details.get("exception", {}).get("description") or details.get("text")))
        return reply["result"].get("value")

    def listeners(self, js: str) -> list[str]:
        """All listeners on what a page expression names, and on everything below it if it is a node, each in words. For proofs."""
        call = self._page.session.call
        thing = call("Runtime.evaluate", self._timeout, expression=js)["result"]["objectId"]
        found = call("DOMDebugger.getEventListeners", self._timeout, objectId=thing, depth=-1, pierce=True)["listeners"]
        return sorted(
            f"{one['type']} {one['useCapture']} {one['passive']} {one['once']} {one['lineNumber']}:{one['columnNumber']}" for one in found
        )

    def close(self) -> None:
        """Closes the tab and deletes everything its context knew. Safe to call twice, and after Chromium died."""
        if self._closed:
            return
        self._closed = True
        self.browser.watch(self._context, None)
        for page in self._pages:
            self.browser.connection.drop(page.session)
        if self.browser.alive:
            try:
                self.browser.connection.browser.call("Target.disposeBrowserContext", self._timeout, browserContextId=self._context)
            except ProtocolError as problem:
                raise EnvironmentFault(f"Chromium could not close a tab: {problem}") from problem

    # --- for environments ----------------------------------------------------------------------------------------------------

    def set_cookies(self, cookies: Mapping[str, tuple[str, bool]]) -> None:
        """Gives the tab's context cookies of its origin, as (value, whether page script cannot read it) by name."""
        made = [
            {"name": name, "value": value, "url": self.origin, "path": "/", "httpOnly": hidden} for name, (value, hidden) in cookies.items()
        ]
        self.browser.connection.browser.call("Storage.setCookies", self._timeout, cookies=made, browserContextId=self._context)

    def add_binding(self, name: str, world: Literal["page", "isolated"] = "page") -> None:
        """Gives a world a function `name(text)`, in this document and all later ones, whose calls `take_calls` returns."""
        where = {"executionContextName": WORLD} if world == "isolated" else {}
        self._page.session.call("Runtime.addBinding", self._timeout, name=name, **where)

    def inject(self, source: str) -> None:
        """Runs a script in the isolated world of this document and of all later ones of this window."""
        page, more = self._page, {"worldName": WORLD, "runImmediately": True}
        page.session.call("Page.addScriptToEvaluateOnNewDocument", self._timeout, source=source, **more)

    def take_calls(self, name: str) -> list[str]:
        """The texts that the page has passed to a binding since this was last asked, oldest first."""
        page = self._page
        with page.session.changed:
            mine = [text for called, text in page.bindings if called == name]
            page.bindings = [call for call in page.bindings if call[0] != name]
        return mine

    @property
    def documents(self) -> int:
        """Documents that the window in front has shown so far."""
        return self._page.documents

    def park(self, arrived: bool = False) -> None:
        """Moves the mouse to the far corner, where nothing is. `arrived`: waits for it; a key that comes up spares waiting for a frame."""
        page = self._page
        move = self._move(self.viewport[0] - 1, self.viewport[1] - 1)
        if arrived and not page.busy:
            self._send(*move, ("Input.dispatchKeyEvent", {"type": "keyUp", "key": "Unidentified"}))
        else:
            page.session.forget(*page.session.post(*move))

    def renew(self, path: str) -> View:
        """Loads a path as in a tab just opened: no cookies, no history, no other windows, the mouse at rest in the corner.

        Ten times cheaper than a fresh context. Storage of other kinds is kept, so this suits only pages that use none. In a tab of still pages
        the document is written anew in its window, which costs half of a navigation, and all but a few times does.
        """
        self.browser.connection.browser.call("Storage.clearCookies", self._timeout, browserContextId=self._context)
        self._drop_popups()
        page = self._page
        if self._mouse != (0.0, 0.0):
            page.session.forget(*page.session.post(*self._move(0.0, 0.0)))
        self._renewals += 1
        written = self._still and not page.busy and self._renewals % _RENEWALS and self._script(f"bakeoff.rewrite({json.dumps(path)})")
        view = self.observe() if written else self.goto(path)
        self._page.session.call("Page.resetNavigationHistory", self._timeout)
        return view

    def run(self, expression: str) -> View:
        """Evaluates an expression in the isolated world that returns `bakeoff.observe()` or a promise of it."""
        return self._settle(expression)

    def start(self, expression: str) -> None:
        """Evaluates an expression in the isolated world without waiting for it."""
        page = self._page
        page.session.forget(*page.session.post(("Runtime.evaluate", {"expression": expression, "contextId": page.context or 0})))

    # --- acting --------------------------------------------------------------------------------------------------------------

    def perform(self, action: Action) -> View:
        """Carries out one of `tools.TOOLS` (but `finish`) and returns what is seen then.

        Raises `ActionError` when it cannot be done: no such element, covered, disabled, no such option.
        """
        page = self._page
        if page.dialog is not None:
            return self._perform_in_dialog(action)
        act = getattr(self, f"_do_{action.tool}", None)
        if act is None:
            raise ActionError(f"a browser tab has no tool '{action.tool}'")
        try:
            with self._frames.flowing(page) if action.tool in _FRAMED else contextlib.nullcontext():
                act(**action.arguments)
        except ProtocolError as problem:
            # The page changed under the action, e.g. it navigated by itself. What is seen now is the answer.
            if not page.busy and "context" not in str(problem).lower():
                raise EnvironmentFault(f"Chromium refused {action.tool}: {problem}") from problem
        except EnvironmentFault:
            if not (page.session.detached and len(self._pages) > 1):  # else it was a window that closed itself
                raise
        return self._settle()

    def _do_click(self, ref: str) -> None:
        self._click(*self._point(ref))

    def _do_double_click(self, ref: str) -> None:
        x, y = self._point(ref)
        self._send(*self._move(x, y), *self._button(x, y, 1), *self._button(x, y, 2))

    def _do_hover(self, ref: str) -> None:
        self._send(*self._move(*self._point(ref)))

    def _do_click_at(self, x: float, y: float) -> None:
        self._inside(x, y)
        self._click(x, y)

    def _do_press(self, key: str) -> None:
        self._send(*keys.chord(key))

    def _do_scroll(self, ref: str, dy: float) -> None:
        x, y = self._point(ref)
        wheel = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": dy}
        self._script("bakeoff.armScroll()")
        self._send(*self._move(x, y), ("Input.dispatchMouseEvent", wheel))
        if not self._page.busy:
            self._script(f"bakeoff.scrolled({_SCROLL_MS})")

    def _do_drag(self, ref: str, to: str) -> None:
        target = self._row(to)
        start, end = self._point(ref), self._script(f"bakeoff.inSight({target})")
        for come in ("approach", "point"):  # it has to come into view, which moves what is to be dragged
            if end is None:
                self._script(f"bakeoff.{come}({target})")
                start, end = self._point(ref), self._script(f"bakeoff.inSight({target})")
        if end is None:
            raise ActionError(f"{ref} and {to} cannot be in view together; nothing was dragged")
        self._drag(start, (end["x"], end["y"]))

    def _do_drag_at(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self._inside(x1, y1)
        self._inside(x2, y2)
        self._drag((x1, y1), (x2, y2))

    def _do_select_text(self, ref: str) -> None:
        ends = self._script(f"bakeoff.textEnds({self._row(ref)})")
        if "error" in ends:
            raise ActionError(f"{ref}: {ends['error']}")
        if "field" in ends:
            self._click(*self._point(ref))
        else:
            self._drag((ends["x1"] + 0.5, ends["y1"]), (ends["x2"] - 0.5, ends["y2"]))
        if not self._page.busy:
            # A drag may miss the last half of a letter; the marking is made exact.
            self._script(f"bakeoff.markText({self._row(ref)})")

    def _do_back(self) -> None:
        page = self._page
        history = page.session.call("Page.getNavigationHistory", self._timeout)
        index = history["currentIndex"]
        if index > 0 and history["entries"][index - 1]["url"] != "about:blank":
            entry = history["entries"][index - 1]["id"]
            (ident,) = page.session.post(("Page.navigateToHistoryEntry", {"entryId": entry}))
            page.session.wait(ident, self._timeout, lambda: page.dialog is not None)
            page.session.settled(lambda: page.busy, 0.2)
        elif len(self._pages) > 1:
            self._close_popup()
        else:
            raise ActionError("there is no page to go back to")

    def _do_wait(self) -> None:
        self._page.session.settled(lambda: self._page.busy, 0.1)

    def _do_select(self, ref: str, option: str) -> None:
        row = self._row(ref)
        choice = self._script(f"bakeoff.choice({row},{json.dumps(option)})")
        if "error" in choice:
            raise ActionError(f"{ref}: {choice['error']}")
        if choice.get("done"):
            return
        if choice.get("list"):
            if not choice["chosen"]:
                held = {"modifiers": 2} if self._rows[row][10] and "multiple" in self._rows[row][10] else {}
                self._click(choice["x"], choice["y"], **held)
            return
        # Open the drop-down with the mouse, walk to the option with the arrow keys, take it with Enter.
        self._click(*self._point(ref))
        arrow = "ArrowDown" if choice["moves"] > 0 else "ArrowUp"
        commands = [command for _ in range(abs(choice["moves"])) for command in keys.stroke(arrow)]
        self._send(*commands, *keys.stroke("Enter"))
        if self._page.busy:
            return
        if self._script(f"bakeoff.chosen({row})") != " ".join(option.split()):
            self._send(*keys.stroke("Escape"))
            self._script(f"bakeoff.setChoice({row},{json.dumps(option)})")

    def _do_type(self, ref: str, text: str) -> None:
        row = self._row(ref)
        field = self._script(f"bakeoff.field({row})")
        if "error" in field:
            raise ActionError(f"{ref}: {field['error']}")
        kind = field["kind"]
        if kind in ("color", "month", "week", "datetime-local", "range"):
            return self._set(ref, row, text)
        if kind in ("date", "time"):
            return self._type_segments(ref, row, kind, text)
        if "\n" in text and kind not in ("textarea", "editable"):
            raise ActionError(f"{ref}: a single-line field takes no line break; press Enter instead")
        if not field["focused"]:
            if "error" in field["spot"]:
                raise ActionError(f"{ref}: {field['spot']['error']}")
            self._click(field["spot"]["x"], field["spot"]["y"])
            if self._page.busy:
                return None
        if not self._script(f"bakeoff.selectAll({row})"):
            raise ActionError(f"{ref}: the field does not take the focus")
        commands: list[Command] = []
        per_key = _PER_KEY_LIMIT if self._keys else 1
        if not text:
            commands += keys.stroke("Backspace")
        elif len(text) > per_key:
            commands.append(("Input.insertText", {"text": text[:-1]}))
        for char in text[-1:] if len(text) > per_key else text:
            commands += keys.stroke("Enter" if char == "\n" else char)
        self._send(*commands)
        return None

    # --- pieces of actions ---------------------------------------------------------------------------------------------------

    def _type_segments(self, ref: str, row: int, kind: str, text: str) -> None:
        """Date and time fields are typed segment by segment; what the keys could not reach is set."""
        typed = ""
        if kind == "date" and len(text) == 10 and text[4] == text[7] == "-":
            typed = text[5:7] + text[8:10] + text[:4]
        elif kind == "time" and len(text) == 5 and text[2] == ":" and text[:2].isdigit() and text[3:].isdigit():
            hour = int(text[:2])
            typed = f"{hour % 12 or 12:02d}{text[3:]}{'AM' if hour < 12 else 'PM'}"
        elif text:
            raise ActionError(f"{ref}: write a {kind} as {'2026-03-04' if kind == 'date' else '13:05'}")
        if typed:
            self._click(*self._point(ref))
            if self._page.busy or not self._script(f"bakeoff.selectAll({row})"):
                return
            # The click may have landed in any segment: go to the first.
            self._send(*[command for char in ("ArrowLeft",) * 3 + tuple(typed) for command in keys.stroke(char)])
            if self._page.busy or self._script(f"bakeoff.field({row}).value") == text:
                return
        self._set(ref, row, text)

    def _set(self, ref: str, row: int, text: str) -> None:
        done = self._script(f"bakeoff.setValue({row},{json.dumps(text)})")
        if done and "error" in done:
            raise ActionError(f"{ref}: {done['error']}")

    def _inside(self, x: float, y: float) -> None:
        if not (0 <= x < self.viewport[0] and 0 <= y < self.viewport[1]):
            raise ActionError(f"the point ({x:g}, {y:g}) is outside of the view of {self.viewport[0]}×{self.viewport[1]}")

    def _row(self, ref: str) -> int:
        number = ref[1:]
        if ref[:1] != "e" or not number.isdecimal() or int(number) >= len(self._rows):
            raise ActionError(f"there is no element '{ref}' in the latest observation")
        return int(number)

    def _point(self, ref: str) -> tuple[float, float]:
        spot = self._script(f"bakeoff.point({self._row(ref)})")
        if "error" in spot:
            raise ActionError(f"{ref}: {spot['error']}")
        return spot["x"], spot["y"]

    def _move(self, x: float, y: float) -> list[Command]:
        self._mouse = (x, y)
        return [("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})]

    def _button(self, x: float, y: float, count: int, **extra: Any) -> list[Command]:
        common = {"x": x, "y": y, "button": "left", "clickCount": count, **extra}
        return [
            ("Input.dispatchMouseEvent", {"type": "mousePressed", "buttons": 1, **common}),
            ("Input.dispatchMouseEvent", {"type": "mouseReleased", "buttons": 0, **common}),
        ]

    def _click(self, x: float, y: float, **extra: Any) -> None:
        self._send(*self._move(x, y), *self._button(x, y, 1, **extra))

    def _drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self._drags.carry(self._page, start, end)
        self._mouse = end

    def _send(self, *commands: Command) -> None:
        """Sends input in one write and waits until the page has taken it in, or something else has begun."""
        page = self._page
        idents = page.session.post(*commands)
        try:
            for ident in idents:
                if not self._frames.draw_until(page, ident):
                    break
                if page.session.wait(ident, self._timeout, lambda: page.busy) is None:
                    break
        finally:
            page.session.forget(*idents)

    def _script(self, expression: str) -> Any:
        page = self._page
        parameters = {"expression": expression, "contextId": page.context or 0, "returnByValue": True, "awaitPromise": True}
        (ident,) = page.session.post(("Runtime.evaluate", parameters))
        self._frames.draw_until(page, ident)
        reply = page.session.wait(ident, self._timeout)
        assert reply is not None
        if "exceptionDetails" in reply:
            raise EnvironmentFault(f"a script of ours failed: {reply['exceptionDetails']}", retryable=False)
        return reply["result"].get("value")

    # --- dialogs -------------------------------------------------------------------------------------------------------------

    def _dialog_view(self, dialog: Dialog) -> View:
        accept, refuse = ("Leave", "Cancel") if dialog.kind == "beforeunload" else ("OK", "Cancel")
        message = dialog.message or ("Leave site? Changes you made may not be saved." if dialog.kind == "beforeunload" else "")
        width = self.viewport[0]
        box = (width / 4, 0.0, width / 2, 120.0)
        rows: list[list[Any]] = [["dialog", message, "", [], -1, *box, 0, 0]]
        if message:
            rows.append(["text", message, "", [], 0, box[0], 8.0, box[2], 20.0, 0, 0])
        if dialog.kind == "prompt":
            rows.append(["textbox", message, dialog.text, ["focused"], 0, box[0], 40.0, box[2], 20.0, 0, 0])
        rows.append(["button", accept, "", [] if dialog.kind == "prompt" else ["focused"], 0, box[0], 80.0, 80.0, 30.0, 0, 0])
        if dialog.kind != "alert":
            rows.append(["button", refuse, "", [], 0, box[0] + 100, 80.0, 80.0, 30.0, 0, 0])
        self._rows = rows
        return View(_elements(rows), "", "")

    def _perform_in_dialog(self, action: Action) -> View:
        page = self._page
        dialog = page.dialog
        assert dialog is not None
        arguments = action.arguments
        row = self._rows[self._row(arguments["ref"])] if "ref" in arguments else None
        if action.tool == "click" and row is not None and row[0] == "button":
            self._answer(row[1] in ("OK", "Leave"))
        elif action.tool == "press" and arguments["key"] in ("Enter", "Escape"):
            self._answer(arguments["key"] == "Enter" or dialog.kind == "alert")
        elif action.tool == "type" and row is not None and row[0] == "textbox":
            page.dialog = Dialog(dialog.kind, dialog.message, arguments["text"])
            return self._dialog_view(page.dialog)
        elif action.tool == "wait":
            return self._dialog_view(dialog)
        else:
            raise ActionError("a dialog is open; answer it first")
        return self._settle()

    def _answer(self, accept: bool) -> None:
        page = self._page
        dialog = page.dialog
        assert dialog is not None
        with page.session.changed:
            page.dialog = None
        page.session.call("Page.handleJavaScriptDialog", self._timeout, accept=accept, promptText=dialog.text)

    # --- windows -------------------------------------------------------------------------------------------------------------

    @property
    def _page(self) -> Window:
        if self._closed:
            raise UsageError("the tab is closed")
        return self._pages[-1]

    def _adopt(self, session_id: str, target: str) -> None:
        page = Window(self.browser.connection, session_id, target)
        width, height = self.viewport
        commands: list[Command] = [
            ("Page.enable", {}),
            *([] if self._still else [("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})]),
            ("Runtime.enable", {}),
            (
                "Page.addScriptToEvaluateOnNewDocument",
                {"source": _script(self._ignore), "worldName": WORLD, "runImmediately": True},
            ),
            ("Emulation.setFocusEmulationEnabled", {"enabled": True}),
            ("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}),
            ("Input.setInterceptDrags", {"enabled": True}),
        ]
        if self._init_script:
            commands.append(("Page.addScriptToEvaluateOnNewDocument", {"source": self._init_script}))
        commands.append(("Runtime.runIfWaitingForDebugger", {}))
        for ident in page.session.post(*commands):
            page.session.wait(ident, self._timeout)
        self._pages.append(page)
        self.browser.watch(self._context, page.opened)

    def _follow_popups(self) -> None:
        page = self._page
        with page.session.changed:
            news, page.popups = page.popups, []
        for params in news:
            self._adopt(params["sessionId"], params["targetInfo"]["targetId"])
            opened = self._page
            opened.session.settled(lambda opened=opened: opened.arrived, 3.0)  # type: ignore[misc]

    def _close_popup(self) -> None:
        page = self._pages.pop()
        self.browser.connection.drop(page.session)
        self.browser.watch(self._context, self._page.opened)
        self.browser.connection.browser.call("Target.closeTarget", self._timeout, targetId=page.target)

    def _drop_popups(self) -> None:
        while len(self._pages) > 1:
            self._close_popup()

    # --- settling ------------------------------------------------------------------------------------------------------------

    def _settle(self, expression: str = _SETTLE) -> View:
        if expression == _SETTLE and self._still:
            expression = "bakeoff.still()"
        deadline = time.monotonic() + self._timeout
        while True:
            if time.monotonic() > deadline:
                raise EnvironmentFault(f"the page did not settle within {self._timeout:g} s")
            while len(self._pages) > 1 and self._page.session.detached:  # a window that closed itself
                self.browser.connection.drop(self._pages.pop().session)
                self.browser.watch(self._context, self._page.opened)
            page = self._page
            try:
                found = self._look(page, expression)
            except EnvironmentFault:
                if page.session.detached and len(self._pages) > 1:
                    continue
                raise
            if isinstance(found, View):
                return found
            expression = found

    def _look(self, page: Window, expression: str) -> View | str:
        """What is to be seen, by an expression; while something is under way, waits for that and returns what to evaluate then."""
        if page.popups:
            self._follow_popups()
            return expression
        if page.dialog is not None:
            return self._dialog_view(page.dialog)
        if page.drag is not None:  # reported when nobody waited for it any more
            self._drags.call_off(page)
            return expression
        if page.navigating:
            page.session.settled(lambda: not page.navigating or page.dialog is not None, self._timeout)
            return expression
        if page.context is None:
            page.session.until(lambda: page.context is not None or page.busy, self._timeout)
            return expression
        parameters = {"expression": expression, "contextId": page.context, "returnByValue": True, "awaitPromise": True}
        (ident,) = page.session.post(("Runtime.evaluate", parameters))
        try:
            reply = page.session.wait(ident, self._timeout, lambda: page.busy)
        except ProtocolError:
            # The document was replaced while we looked; its successor announces itself.
            seen = page.documents
            page.session.settled(lambda: page.documents > seen or page.busy, 0.25)
            return expression
        if reply is None:
            page.session.forget(ident)
            return expression
        if page.busy:
            return expression
        if page.fetches:
            page.session.settled(lambda: not page.fetches or page.busy, _FETCH_SECONDS)
            with page.session.changed:
                page.fetches.clear()
            return _SETTLE  # what was asked for has run; what it set off is there now
        if "exceptionDetails" in reply:
            raise EnvironmentFault(f"a script of ours failed: {reply['exceptionDetails']}", retryable=False)
        if len(self._pages) > 1 and self._closing():
            return expression
        return self._view(reply["result"]["value"])

    def _closing(self) -> bool:
        """Whether the window in front has closed itself; waits until it has gone."""
        session = self._page.session
        try:
            if not self._script("window.closed"):
                return False
        except (ProtocolError, EnvironmentFault):
            if not session.detached:
                raise
        return session.settled(lambda: session.detached, 2.0)

    def _view(self, text: str) -> View:
        view, self._rows = read_view(text)
        return view


def read_view(text: str) -> tuple[View, list[Any]]:
    """What our script wrote about a screen; and its rows."""
    title, location, rows = json.loads(text)
    return View(_elements(rows), title, location), rows


def _elements(rows: Iterable[list[Any]]) -> tuple[Element, ...]:
    return tuple(
        Element(
            f"e{order}",
            role,
            name,
            value,
            frozenset(states) if states else _NO_STATES,
            f"e{parent}" if parent >= 0 else None,
            order,
            Box(x, y, width, height),
            tuple(options) if options else (),
            attributes or {},
        )
        for order, (role, name, value, states, parent, x, y, width, height, options, attributes) in enumerate(rows)
    )
