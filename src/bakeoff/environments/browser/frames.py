"""When a tab's page is drawn. A page that shows nothing that moves needs a frame only for pictures and for the mouse's way across it.

Three ways, by what Chromium offers: `always`, as for anybody; `on demand`, in the headless shell, which makes a frame when it is asked for one and at no other
time; and `behind`, in the full browser, where the tab lies behind an empty one and comes to the front for a moment.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bakeoff.core.errors import EnvironmentFault
from bakeoff.environments.browser.cdp import ProtocolError
from bakeoff.environments.browser.window import Window

if TYPE_CHECKING:
    from bakeoff.environments.browser.cdp import Session

_TRIES = 10
_BEGIN = "HeadlessExperimental.beginFrame"


class Frames:
    """How the windows of one tab get their frames.

    Args:
        root: the conversation with the browser itself.
        timeout: seconds after which a page that is not drawn counts as hung.
        front: the target of the empty tab before this one; empty where there is none.
        on_demand: the tab was opened with frame control, so that nothing is drawn unless we ask.
    """

    def __init__(self, root: Session, timeout: float, front: str = "", on_demand: bool = False) -> None:
        self._root, self._timeout, self._front, self._on_demand = root, timeout, front, on_demand
        self._flowing = False

    @contextlib.contextmanager
    def flowing(self, page: Window) -> Iterator[None]:
        """The page gets frames meanwhile: it hears of the mouse's way with them, and scrolls with them."""
        if self._front:
            self._root.call("Target.activateTarget", self._timeout, targetId=page.target)
        self._flowing = self._on_demand
        try:
            yield
        finally:
            self._flowing = False
            if self._front:
                self._root.call("Target.activateTarget", self._timeout, targetId=self._front)

    def draw_until(self, page: Window, ident: int) -> bool:
        """While frames are flowing on demand, makes them until a command has been answered; False when something else has begun."""
        deadline = time.monotonic() + self._timeout
        session = page.session
        while self._flowing and not session.answered(ident) and not page.busy:
            if time.monotonic() > deadline:
                raise EnvironmentFault(f"Chromium did not answer within {self._timeout:g} s")
            (frame,) = session.post((_BEGIN, {}))
            try:
                taken = session.wait(frame, self._timeout, lambda: page.busy) is not None
            except ProtocolError as problem:
                if "frame is pending" not in str(problem):
                    raise
                taken = True  # the one before is not done yet, e.g. because the page was left while it was made
            if not taken:
                session.forget(frame)
            elif not session.answered(ident):
                session.settled(lambda: session.answered(ident) or page.busy, 0.002)
        return session.answered(ident) or not page.busy

    def lend(self, page: Window, ident: int) -> None:
        """Draws a page on demand whose script has not answered at once: it may be waiting for a frame."""
        if self._on_demand and not page.session.settled(lambda: page.session.answered(ident) or page.busy, 1.0):
            with self.flowing(page):
                self.draw_until(page, ident)

    def picture(self, page: Window) -> bytes:
        """The view as PNG."""
        if not self._on_demand:
            with self.flowing(page):
                shot = page.session.call("Page.captureScreenshot", self._timeout, format="png", optimizeForSpeed=True)
            return base64.b64decode(shot["data"])
        for _ in range(_TRIES):  # the first frames of a page may come before there is anything to copy
            shot = page.session.call(_BEGIN, self._timeout, screenshot={"format": "png", "optimizeForSpeed": True})
            if "screenshotData" in shot:
                return base64.b64decode(shot["screenshotData"])
        raise EnvironmentFault("Chromium does not draw the page")
