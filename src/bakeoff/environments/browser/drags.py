"""Dragging with the mouse. A page may follow the mouse itself, or let the browser carry the data (native drag and drop).

Once a native drag has begun, the window hears nothing of the mouse until it is dropped or called off; and Chromium reports the beginning on another
way than it answers the mouse, so on a crowded machine the report comes after everything else. Taken for "no drag", it leaves the window deaf to every
later click. So the page is asked whether one has begun, the report is waited for, and whatever is carried when nobody is dragging is called off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from bakeoff.environments.browser.cdp import ProtocolError
from bakeoff.environments.browser.window import Window

Point = tuple[float, float]
_PARTS = (0.05, 0.3, 0.6, 0.9, 1.0, 1.0)


class Drags:
    """The drags of one tab.

    Args:
        send: sends input and waits until the page has taken it in.
        script: evaluates an expression in the isolated world of the page.
        timeout: seconds after which a drag that has begun must have been reported.
    """

    def __init__(self, send: Callable[..., None], script: Callable[[str], Any], timeout: float) -> None:
        self._send, self._script, self._timeout = send, script, timeout

    def carry(self, page: Window, start: Point, end: Point) -> None:
        """Presses at one point, moves to the other and lets go there. Raises `EnvironmentFault` when Chromium never reports a drag that began."""
        self.call_off(page)
        self._script("bakeoff.armDrag()")
        self._send(_mouse("mouseMoved", start))
        self._send(_mouse("mousePressed", start, button="left", buttons=1, clickCount=1))
        for part in _PARTS:
            at = (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            self._send(_mouse("mouseMoved", at, button="left", buttons=1))
            if page.drag is not None or page.dialog is not None:
                break
        dropped = self._drop(page, end)
        if page.dialog is None:
            self._send(_mouse("mouseReleased", end, button="left", buttons=0, clickCount=1))
            if not dropped:  # it may have begun with the last move, which a page may take in together with the release
                self._drop(page, end)

    def _drop(self, page: Window, end: Point) -> bool:
        """Drops what the browser carries, if it carries anything (it, not the page, has the data). Says whether it did."""
        if page.drag is None:
            if page.busy or not self._script("bakeoff.carrying()"):
                return False
            page.session.until(lambda: page.drag is not None or page.busy, self._timeout)
        data = page.drag
        if data is None:
            return False
        for kind in ("dragEnter", "dragOver", "dragOver", "drop"):
            self._send(("Input.dispatchDragEvent", {"type": kind, "x": end[0], "y": end[1], "data": data}))
        with page.session.changed:
            page.drag = None
        return True

    def call_off(self, page: Window) -> None:
        """Lets go, without dropping it anywhere, of what the browser still carries."""
        with page.session.changed:
            data, page.drag = page.drag, None
        if data is not None and page.dialog is None:
            with contextlib.suppress(ProtocolError):  # it may have ended with its page
                self._send(("Input.dispatchDragEvent", {"type": "dragCancel", "x": 0.0, "y": 0.0, "data": data}))


def _mouse(kind: str, at: Point, **extra: Any) -> tuple[str, dict[str, Any]]:
    return "Input.dispatchMouseEvent", {"type": kind, "x": at[0], "y": at[1], **extra}
