"""Proof that a kept page cannot be told from a loaded one: the same episodes in both, compared to the last listener.

Two environments play the same seeds with the same random actions, one in pages loaded for each episode, the other in a page that it keeps. Compared are the
whole document, everything that can be reached from the page's globals, all listeners, each observation and each reward.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random

from bakeoff.core import Action, Element, Observation, TaskId
from bakeoff.environments.browser.miniwob import MiniWobEnvironment

_KEYS = ("Tab", "Shift+Tab", "Enter", "Escape", "Control+a", "Control+z", "Control+y", "ArrowDown", "Backspace", "x", "Space")

_SECRET = re.compile("[0-9a-f]{32}")  # in names that each environment draws for itself

_CLOCK = re.compile("[0-9]+ / [0-9]+s(ec)?")

# Everything that the page's globals lead to, object by object in the order of the walk, and the document with what its fields hold. Left out are clock readings
# and numbers of timers, and what the environment itself adds.
_DIGEST = """(() => {
  const page = frames[0], {document} = page, lines = [], ids = new Map(), queue = [];
  const given = new Set(Reflect.ownKeys(window)), LEFT_OUT = new Set(['ept0', 'EP_TIMER', 'CD_TIMER']);
  const told = (value, key) => {
    if (LEFT_OUT.has(key)) return '…';
    if (typeof value === 'function' || typeof value === 'object' && value !== null) {
      if (value === page || value === document || value === page.location) return 'the page';
      if (!ids.has(value)) { ids.set(value, ids.size); queue.push(value); }
      return '#' + ids.get(value);
    }
    return typeof value + ' ' + (typeof value === 'number' && value % 1 ? value.toFixed(3) : String(value)); // rewards fall with time, by little
  };
  for (const key of Reflect.ownKeys(page)) if (!given.has(key) || key.startsWith?.('WOB')) lines.push(String(key) + ': ' + told(page[key], key));
  for (const node of document.querySelectorAll('*')) {
    lines.push(told(node) + ' ' + node.tagName + ' ' + [node.value, node.checked, node.selectedIndex, node.scrollTop, node.scrollLeft, node.matches(':focus'),
      HOVER && node !== document.documentElement && node.matches(':hover'), node.matches(':user-invalid'), node.matches(':active')].join());
    for (const key in node) if (key.startsWith('on') && node[key]) lines.push(key + ' ' + told(node[key]));
  }
  while (queue.length) {
    const value = queue.shift();
    lines.push('#' + ids.get(value) + ' ' + Object.prototype.toString.call(value) + (typeof value === 'function' ? ' ' + value : ''));
    for (const key of Reflect.ownKeys(value)) {
      const found = Reflect.getOwnPropertyDescriptor(value, key);
      if ('value' in found) lines.push('  ' + String(key) + ' ' + found.enumerable + found.writable + ' ' + told(found.value, key));
    }
  }
  return [document.documentElement.outerHTML, lines.join('\\n'), String(document.getSelection()), document.activeElement.tagName, document.title, document.cookie,
    page.history.length, page.location.href.replace(/.*\\/miniwob/, '')];
})()"""


def differences(task: str, seeds: int = 6, steps: int = 6) -> tuple[list[str], int]:
    """What differs between kept and loaded pages of a task, and in how many of the `seeds` episodes the page was kept.

    `steps`: how many random actions an episode has at most.
    """
    found: list[str] = []
    with MiniWobEnvironment(keep=False) as loaded, MiniWobEnvironment() as kept:
        assert isinstance(loaded, MiniWobEnvironment) and isinstance(kept, MiniWobEnvironment)
        kept.keep_pages_of(task)
        for seed in range(seeds):
            name = f"{task}, seed {seed}"
            first, second = (
                environment.reset(environment.task(TaskId("miniwob", task, 1, "episode", seed))) for environment in (loaded, kept)
            )
            found += _compared(name, (first, *_state(loaded, True)), (second, *_state(kept, True)))
            chance = Random(f"{task} {seed}")
            for step in range(steps):
                if found or first.done or second.done:
                    break
                action = _action(chance, first)
                first, second = loaded.step(action), kept.step(action)
                found += _compared(f"{name}, step {step}, {action}", (first, *_state(loaded)), (second, *_state(kept)))
            found += _compared(f"{name}, verdict", (loaded.verify(), loaded.artefacts()), (kept.verify(), kept.artefacts()))
            if found:
                break
        return found, kept.pages_kept


def _compared(what: str, first: tuple[object, ...], second: tuple[object, ...]) -> Iterator[str]:
    for one, other in zip(first, second, strict=True):
        if one != other:
            lines = zip(str(one).splitlines(), str(other).splitlines(), strict=False)
            line = next(((a, b) for a, b in lines if a != b), (str(one)[-200:], str(other)[-200:]))
            yield f"{what}: loaded {line[0][:300]!r}, kept {line[1][:300]!r}"


def _state(environment: MiniWobEnvironment, opening: bool = False) -> tuple[object, ...]:
    # Later, what is under the mouse depends on whether a frame has been drawn since.
    tab = environment.open_tab
    markup, *rest = tab.evaluate(_DIGEST.replace("HOVER", json.dumps(opening)))
    listeners = [one for where in ("frames[0].document", "frames[0]") for one in tab.listeners(where) if not _SECRET.search(one)]
    return _CLOCK.sub("…", _SECRET.sub("…", markup)), *rest, listeners


def _action(chance: Random, seen: Observation) -> Action:
    """Something that a worker might do on this screen; often something sensible."""
    elements = seen.elements
    if not elements:
        return Action("wait")

    def one(*roles: str) -> Element:
        return chance.choice([element for element in elements if element.role in roles] or elements)

    kind = chance.choices(
        ("click", "type", "select", "press", "double_click", "hover", "click_at", "drag", "select_text"), (6, 4, 2, 4, 1, 1, 1, 1, 1)
    )[0]
    if kind == "type":
        return Action(
            "type", {"ref": one("textbox", "searchbox", "spinbutton").ref, "text": chance.choice(("ab", "Kanesha", "7", "two words", ""))}
        )
    if kind == "select":
        box = one("combobox", "listbox")
        return Action("select", {"ref": box.ref, "option": chance.choice(box.options or ("none",))})
    if kind == "press":
        return Action("press", {"key": chance.choice(_KEYS)})
    if kind == "click_at":
        return Action("click_at", {"x": chance.randrange(160), "y": chance.randrange(50, 210)})
    if kind == "drag":
        return Action("drag", {"ref": one().ref, "to": one().ref})
    return Action(kind, {"ref": one("button", "link", "checkbox", "radio", "generic", "shape").ref})
