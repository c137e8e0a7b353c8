"""Products without a mouse: every control can be reached by Tab, has a role and a name, and every widget can be filled in from the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bakeoff.core import Action, TaskId
from bakeoff.environments.browser import forms, pages, products
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.environment import BrowserEnvironment
from bakeoff.environments.browser.families import FAMILIES
from bakeoff.environments.browser.tab import Tab
from open_products import OPEN

# What a person may want to use on the page that is open, or in the topmost dialog; radio buttons of a group are one stop.
CONTROLS = """(() => {
  const open = [...document.querySelectorAll("dialog[open]")].pop() || document;
  const seen = el => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length;
  const groups = new Set();
  return [...open.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [tabindex]")].filter(el => {
    if (!seen(el) || el.disabled) return false;
    if (el.type !== "radio") return true;
    const first = !groups.has(el.name); groups.add(el.name); return first;
  });
})()"""
MARK = f"{CONTROLS}.map((el, n) => {{ el.dataset.stop = el.type === 'radio' ? 'r' + el.name : n; return el.dataset.stop + ' ' + el.outerHTML.slice(0, 90); }})"
AT = "(() => { const el = document.activeElement; return el.type === 'radio' ? 'r' + el.name : el.dataset.stop ?? ''; })()"


@pytest.fixture(scope="module")
def environment() -> Iterator[BrowserEnvironment]:
    with BrowserEnvironment() as found:
        yield found


def _open(environment: BrowserEnvironment, name: str) -> tuple[Blueprint, Tab]:
    drawn = products.blueprint(name)
    environment.reset(environment.task(TaskId("browser", name, 1, next(iter(drawn.family.templates)), 1)))
    return drawn, environment.tab


def _press(tab: Tab, *keys: str) -> None:
    for key in keys:
        tab.perform(Action("press", {"key": key}))


def _pages(environment: BrowserEnvironment, drawn: Blueprint) -> Iterator[str]:
    """A list of each sort, a record, its edit form, a new record, what waits."""
    at, records = pages.addresses(drawn), environment.office.store.records()
    for entity in drawn.family.entities:
        yield at.list_of(entity) + ("?q=e" if drawn.workflow["find"] == "search" else "")
    first = drawn.family.entities[0]
    key = next(key for key, record in records.items() if drawn.family.entity_of(record) is first)
    if drawn.workflow["lock"]:
        environment.office.store.lock(key)
    yield at.record(key)
    yield at.action(key, drawn.family.editing(first).name)
    yield at.new
    if drawn.workflow["commit"] != "direct":
        yield at.waiting


def _sample() -> Iterator[object]:
    for index, family in enumerate(FAMILIES):
        names = [item.id for item in products.catalogue(family, "dev")]
        for place, name in enumerate((names[index % 5], names[2 + index % 3], OPEN[family][index])):
            yield pytest.param(name, marks=[pytest.mark.slow] if place or index % 3 else [])


@pytest.mark.parametrize("name", _sample())
def test_every_control_is_reached_by_tab_in_order_and_has_a_name(environment: BrowserEnvironment, name: str) -> None:
    drawn, tab = _open(environment, name)
    for path in _pages(environment, drawn):
        view = tab.goto(path)
        nameless = [
            (item.role, item.attributes)
            for item in view.elements
            if item.role
            in ("link", "button", "textbox", "combobox", "checkbox", "radio", "switch", "slider", "spinbutton", "searchbox", "list")
            if not item.name and not (item.role == "list" and "facts" in item.attributes)
        ]
        nameless = [(role, more) for role, more in nameless if role != "list"]
        assert not nameless, (name, path, nameless)
        wanted = {str(line).split(" ", 1)[0]: line for line in tab.evaluate(MARK)}
        tab.evaluate("document.activeElement.blur()")
        reached: list[str] = []
        for _ in range(len(wanted) + 6):
            _press(tab, "Tab")
            stop = str(tab.evaluate(AT))
            if stop and stop not in reached:
                reached.append(stop)
        missing = [line for stop, line in wanted.items() if stop not in reached]
        assert not missing, (name, path, missing)
        if not tab.evaluate("!!document.querySelector('dialog[open]')"):
            plain = [int(stop) for stop in reached if stop.isdigit()]
            start = plain.index(min(plain))
            assert plain[start:] + plain[:start] == sorted(plain), f"{name}{path}: the order of Tab is not that of the page"


# --- widgets ------------------------------------------------------------------------------------------------------------------------


def _form_with(kind: str) -> tuple[str, str, str]:
    """A product, an operation and a field whose form asks for it with this kind of widget."""
    for family in ("hr", "helpdesk", "shop", "crm"):
        for name in OPEN[family]:
            drawn = products.blueprint(name)
            if drawn.workflow["edit"] in ("autosave", "wizard") or drawn.workflow["lock"]:
                continue
            for operation in drawn.family.of(drawn.family.entities[0]):
                if operation.kind not in ("create", "edit"):
                    continue
                for field in drawn.form_fields(operation.name):
                    if any(part.widget == kind for part in forms.parts(drawn, field, (("A", "T"),))):
                        return name, operation.name, field
    raise AssertionError(f"no form with {kind}")


def _focus(tab: Tab, selector: str) -> None:
    """Goes to a control by Tab alone."""
    for _ in range(90):
        if tab.evaluate(f"!!document.activeElement.closest({selector!r})"):
            return
        _press(tab, "Tab")
    raise AssertionError(f"{selector} is never reached")


def _held(tab: Tab, key: str) -> Any:
    """What the form would send of a field."""
    return tab.evaluate(
        f"[...new FormData([...document.querySelectorAll('form.sheet')].pop())].filter(([name]) => name === {key!r}).map(([, value]) => value)"
    )


STROKES = {
    "segmented": ("[data-segmented]", ("Tab", "Space")),
    "chips": ("[data-chips]", ("Space",)),
    "switch": ("[data-switch]", ("Space",)),
    "checkbox": ("input[type=checkbox]", ("Space",)),
    "radio": ("input[type=radio]", ("ArrowDown",)),
    "dropdown": ("[data-dropdown]", ("ArrowDown", "ArrowDown", "ArrowDown", "Enter")),
    "combobox": ("[data-combobox]", ("Control+a", "Delete", "ArrowDown", "ArrowDown", "Enter")),
    "lookup": ("[data-lookup]", ("Enter", "Tab", "Tab", "Tab", "Enter")),
    "transfer": ("[data-transfer]", ("Enter",)),
    "slider": ("input[type=range]", ("ArrowRight", "ArrowRight")),
    "stepper": ("[data-stepper]", ("Enter", "Tab", "ArrowUp", "ArrowUp")),
    "calendar": ("[data-calendar]", ("Enter", "Tab", "Tab", "Enter", "Tab", "Tab", "Enter")),
}


@pytest.mark.parametrize("kind", STROKES)
def test_every_widget_is_filled_in_from_the_keyboard(environment: BrowserEnvironment, kind: str) -> None:
    name, action, field = _form_with(kind)
    drawn, tab = _open(environment, name)
    at, users = pages.addresses(drawn), environment.office.users
    operation = drawn.family.operation(action)
    key = next(
        key for key, record in environment.office.store.records().items() if drawn.family.entity_of(record) is drawn.family.entities[0]
    )
    tab.goto(at.new if operation.kind == "create" else at.action(key, action))
    part = next(item for item in forms.parts(drawn, field, users) if item.widget == kind)
    selector, strokes = STROKES[kind]
    within = (
        f"{selector}:has([name='{part.key}'])"
        if kind in ("segmented", "dropdown", "combobox", "lookup", "stepper", "calendar")
        else selector
    )
    if kind in ("chips", "transfer"):
        within = f"[data-{kind}='{part.key}']"
    elif kind in ("checkbox", "radio", "slider"):
        within = f"{selector}[name='{part.key}']"
    elif kind == "switch":
        within = f".switch:has([name='{part.key}'])"
    _focus(tab, within)
    before = _held(tab, part.key)
    _press(tab, *strokes)
    after = _held(tab, part.key)
    assert after != before, (name, action, part)
    assert tab.evaluate("document.activeElement !== document.body"), "the focus was lost"


def test_a_card_of_a_board_moves_without_a_mouse(environment: BrowserEnvironment) -> None:
    drawn = next(
        found
        for name in OPEN["crm"]
        if (found := products.blueprint(name)).widgets["status"] == "board"
        and (found.workflow["commit"], found.workflow["lock"], found.workflow["find"]) == ("direct", False, "filter")
        and found.workflow["confirm"] != "typed"
    )
    _, tab = _open(environment, drawn.id)
    tab.goto(pages.addresses(drawn).list_of(drawn.family.entities[0]))
    lane = forms.value_word(drawn, drawn.family.field("status"), "new")
    key = int(tab.evaluate(f"document.querySelector('[data-lane=\"{lane}\"] [data-card]').dataset.card"))
    _focus(tab, f"[data-card='{key}'] summary")
    _press(tab, "Enter", "Tab", "Enter")
    _focus(tab, "form.sheet button[type=submit]")
    _press(tab, "Enter")
    assert environment.office.store.records()[key]["status"] == "qualified"
