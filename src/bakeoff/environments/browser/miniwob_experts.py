"""Experts of the MiniWoB++ tasks that may be learned from: they read the goal and the screen, and act with the worker's own tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bakeoff.core import Action, Element, EnvironmentFault, Observation, Policy


def expert(name: str) -> Policy | None:
    """A fresh expert of a task; None where there is none."""
    return EXPERTS.get(name)


def _found(seen: Observation, *roles: str, name: str | None = None) -> Element:
    for element in seen.elements:
        if (not roles or element.role in roles) and name in (None, element.name):
            return element
    raise EnvironmentFault(f"the expert finds no {' or '.join(roles) or 'element'} {name or ''} for '{seen.goal}'", retryable=False)


def _said(seen: Observation, pattern: str) -> str:
    match = re.search(pattern, seen.goal)
    if match is None:
        raise EnvironmentFault(f"the expert does not understand '{seen.goal}'", retryable=False)
    return match[1]


def _click(element: Element) -> Action:
    return Action("click", {"ref": element.ref})


def _submit(seen: Observation) -> Action:
    return _click(_found(seen, "button"))


def _choose_list(seen: Observation) -> Action:
    wanted, box = _said(seen, r"^Select (.*) from the list"), _found(seen, "combobox")
    return _submit(seen) if seen.step or box.value == wanted else Action("select", {"ref": box.ref, "option": wanted})


def _click_button(seen: Observation) -> Action:
    return _click(_found(seen, "button", name=_said(seen, r'"(.*)"')))


def _click_link(seen: Observation) -> Action:
    return _click(_found(seen, "generic", "link", name=_said(seen, r'"(.*)"')))


def _click_option(seen: Observation) -> Action:
    return _submit(seen) if seen.step else _click(_found(seen, "radio", name=_said(seen, r"^Select (.*) and click")))


def _click_tab(seen: Observation) -> Action:
    return _click(_found(seen, "tab", name=_said(seen, r"Click on (.*)\.")))


def _enter_text(seen: Observation) -> Action:
    return _submit(seen) if seen.step else Action("type", {"ref": _found(seen, "textbox").ref, "text": _said(seen, r'"(.*)"')})


EXPERTS: Mapping[str, Callable[[Observation], Action]] = MappingProxyType(
    {
        "choose-list": _choose_list,
        "click-button": _click_button,
        "click-link": _click_link,
        "click-option": _click_option,
        "click-tab": _click_tab,
        "enter-text": _enter_text,
    }
)
