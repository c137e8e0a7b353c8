"""What makes an app's screens the same each time: nothing glides, the page's clock starts where the file says, and a screen is only shown to the
worker once all that the page has set itself to do soon is done.

A page of today goes on working after it has loaded: scripts put off by a few hundred milliseconds, observers that fire with the next frame, fetches
that set off others. On a busy machine these come late, so neither a fixed pause nor a quiet moment tells when they are over. The page's own timers do.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from bakeoff.environments.browser.tab import ScriptError, Tab, View

_SOON_MS = 2500  # what is put off for longer is no part of this screen
_CHAIN = 8  # a timer set by a timer, so many deep, is one that never ends
_CAP_MS = 5000
_ROUNDS = 6

_CALM = """
(() => {
  const calm = new CSSStyleSheet();
  calm.replaceSync('*, *::before, *::after { transition: none !important; scroll-behavior: auto !important }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, calm];
})();
"""

_CLOCK = """
(() => {
  const Real = Date, start = Real.parse(%s), began = performance.now(), now = () => Math.floor(start + performance.now() - began);
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
    apply: () => new Real(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
})();
"""

_STEADY = "(globalThis[Symbol.for('bakeoff.steady')] || (() => 0))()"


@cache
def _watch() -> str:
    source = files("bakeoff.environments.outside").joinpath("steady.js").read_text(encoding="utf-8")
    for mark, figure in (("__SOON__", _SOON_MS), ("__CHAIN__", _CHAIN), ("__CAP__", _CAP_MS)):
        source = source.replace(mark, str(figure))
    return source


def opening(clock: str) -> str:
    """The script that runs in every page before its own. `clock`: the moment at which the page's clock starts; empty for now."""
    return _CALM + _watch() + (_CLOCK % json.dumps(clock) if clock else "")


def steady(tab: Tab, view: View) -> View:
    """The screen once the page has done what it had put off and two looks at it are the same; after six looks the last one."""
    for _ in range(_ROUNDS):
        if not view.location:  # a dialog hides the page
            return view
        try:
            tab.evaluate(_STEADY)
        except ScriptError:  # the page was left meanwhile
            view = tab.observe()
            continue
        before, view = view, tab.observe()
        if before == view:
            return view
    return view
