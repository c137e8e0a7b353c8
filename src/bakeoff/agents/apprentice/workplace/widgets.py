"""The fields of a form, whatever they are made of: text boxes, lists, radio buttons, rows of buttons, chips, calendars, dates in three parts.

Knows how such widgets are built everywhere; no label and no product.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bakeoff.agents.apprentice.reading import MONTHS
from bakeoff.agents.apprentice.workplace.job import day, shape
from bakeoff.core import Element

TEXTUAL = frozenset({"textbox", "searchbox", "spinbutton"})
WIDGETS = TEXTUAL | {"combobox", "listbox", "checkbox", "radio", "switch", "slider"}
Below = Callable[[str], list[Element]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `kind`: `text`, `long` (several lines), `number` (on a scale), `date`, `choice` (options known), `combo` (options show when opened), `set` (several
    options), `listing` (several options, written with commas) or `flag`. `refs`: the handle of each option where each has its own, or of
    the day, the month and the year of a date in three parts. `opener`: it is pressed to see its options, or its calendar. `complaint`: what
    the product says is wrong with what stands in it.
    """

    label: str
    kind: str
    ref: str
    value: str = ""
    options: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    required: bool = False
    hint: str = ""
    invalid: bool = False
    opener: bool = False
    complaint: str = ""


def dictated(label: str) -> str:
    """What a field asks to have written into it, word for word, to be sure: `#6741` of `Type here: #6741`; empty for other fields."""
    _, _, told = label.rpartition(": ")
    return told if re.fullmatch(r"#\w*\d\w*|[A-Z]+-\d{3,}", told) else ""


def read_fields(
    inside: list[Element],
    below: Below,
    starred: Callable[[Element], bool],
    lead: str = "",
    column: Callable[[Element], str] = lambda element: "",
) -> tuple[list[Field], list[Element]]:
    """The fields among these elements, and what is no part of any: buttons and links. `lead`: a text right before them; `column`: what the column
    of a table is called in which an element stands. Of fields that a table repeats, the first row's count."""
    fields: list[Field] = []
    rest: list[Element] = []
    face = ""  # what stands in the list right before
    taken: set[str] = set()
    for place, element in enumerate(inside):
        if element.ref in taken or "disabled" in element.states or "readonly" in element.states:
            continue
        if element.role == "group":
            found = _group(element, below)
            if found is not None:
                said = " ".join(e.name for e in below(element.ref) if e.role == "alert")
                fields.append(replace(found, complaint=said) if said else found)
            if found is not None or _calendar(element, below):
                taken.update(e.ref for e in below(element.ref))
        elif (element.role == "listbox" and not element.options) or (element.role == "combobox" and _other_face(element, face)):
            taken.update(e.ref for e in below(element.ref))
        elif element.role in WIDGETS:
            hint = next((e.name for e in inside[place + 1 : place + 2] if e.role == "text"), "")
            found = _single(element, hint, starred(element))
            face = element.value if element.options else ""
            headed = column(element)
            label = found.label or headed or _said_before(inside, place) or ("" if fields else lead)
            if not headed or all(item.label != label for item in fields):
                fields.append(found if found.label else replace(found, label=label.rstrip(": ")))
        elif element.role == "button" and _says_its_field(element, inside, place):
            label = _label_before(inside, place)
            value = element.name.removeprefix(label).strip() if label and element.name.startswith(label) else element.name
            kind = "date" if day(value) or shape(value) == "date" else "combo"
            fields.append(Field(label or element.name, kind, element.ref, value, (), (), starred(element), "", opener=True))
        elif element.role in ("button", "link") and element.name:
            rest.append(element)
        elif element.role == "alert" and fields and not rest:
            fields[-1] = replace(fields[-1], complaint=f"{fields[-1].complaint} {element.name}".strip())
    return fields, rest


def _other_face(element: Element, value: str) -> bool:
    """Whether a list is the same as the one right before it, which a script has made look otherwise. `value`: what stands in that one."""
    return not element.options and "collapsed" in element.states and element.name.strip() == value.strip() != ""


def _label_before(inside: list[Element], place: int) -> str:
    return next((e.name for e in reversed(inside[max(place - 2, 0) : place]) if e.role == "text" and e.name != "*"), "")


def _said_before(inside: list[Element], place: int) -> str:
    """What stands before a field that has no name of its own: the head of its line, or a text."""
    heads = {"columnheader", "rowheader", "text", "heading", "legend"}
    near = inside[max(place - 4, 0) : place]
    for element in reversed(near):
        if element.role in WIDGETS or element.role in ("button", "link"):
            return ""
        if element.role in heads and element.name and element.name != "*":
            return element.name
    return ""


def _says_its_field(button: Element, inside: list[Element], place: int) -> bool:
    """Whether a button is called by the label before it and what is chosen there: it opens a window to pick from."""
    label = _label_before(inside, place)
    return bool(label) and (
        button.name.startswith(f"{label} ") or (button.name == label and bool({"collapsed", "expanded"} & button.states))
    )


def _calendar(group: Element, below: Below) -> bool:
    return any(e.role in ("table", "grid") for e in below(group.ref))


def _group(group: Element, below: Below) -> Field | None:
    """Several widgets that are one field: radio buttons, boxes to tick, buttons in a row, or the parts of a date."""
    inside = below(group.ref)
    if any(e.role == "toolbar" for e in inside):
        return None
    label = group.name or next((e.name for e in inside if e.role in ("text", "heading", "legend") and e.name != "*"), "")
    required = "required" in group.states or any(e.name == "*" for e in inside)
    invalid = any("invalid" in e.states for e in inside)
    choices = [e for e in inside if e.role in ("radio", "checkbox")]
    buttons = [e for e in inside if e.role == "button" and e.name]
    boxes = [e for e in inside if e.role == "combobox"]
    if choices:
        marked = [e.name for e in choices if "checked" in e.states]
        kind = "choice" if choices[0].role == "radio" else "set"
        picked = choices
    elif len(boxes) == 3 and len(inside) < 9:
        return _parts_of_a_date(label, boxes, required, invalid)
    elif len(buttons) > 1 and not _calendar(group, below) and not any(e.role in WIDGETS for e in inside):
        marked = [e.name for e in buttons if {"selected", "checked", "pressed"} & e.states]
        kind = "choice" if len(marked) == 1 or required else "set"
        picked = buttons
    else:
        return None
    names, refs = tuple(e.name for e in picked), tuple(e.ref for e in picked)
    return Field(label, kind, picked[0].ref, ", ".join(marked), names, refs, required, invalid=invalid)


def _parts_of_a_date(label: str, boxes: list[Element], required: bool, invalid: bool) -> Field | None:
    """Three lists for day, month and year, in whatever order."""
    months = [e for e in boxes if {name.capitalize() for name in MONTHS} <= set(e.options) or {"Jan", "Dec"} <= set(e.options)]
    years = [e for e in boxes if any(re.fullmatch(r"\d{4}", option) for option in e.options)]
    days = [e for e in boxes if "31" in e.options and e not in months]
    if len(months) != 1 or len(years) != 1 or len(days) != 1:
        return None
    value = f"{days[0].value} {months[0].value} {years[0].value}" if days[0].value not in ("", "–", "-") else ""
    return Field(label, "date", boxes[0].ref, value, (), (days[0].ref, months[0].ref, years[0].ref), required, invalid=invalid)


def _single(element: Element, hint: str, starred: bool) -> Field:
    kind, options = "text", element.options
    if element.role in ("combobox", "listbox"):
        kind = "choice" if options else "combo"
    elif element.role in ("checkbox", "switch", "radio"):
        kind = "flag"
    elif element.attributes.get("type") == "date":
        kind = "date"
    elif element.role == "slider":
        kind = "number"
    elif element.attributes.get("resize") or element.box.height > 50:
        kind = "long"
    value = ("yes" if "checked" in element.states else "no") if kind == "flag" else element.value
    listed = hint.partition(": ")[2].split(", ") if hint.count(", ") >= 1 and ": " in hint else []
    if kind == "text" and len(listed) > 1:
        kind, options = "listing", tuple(listed)
    placeholder = element.attributes.get("placeholder", "")
    name = element.name or placeholder
    required = "required" in element.states or starred
    return Field(name, kind, element.ref, value, tuple(options), (), required, placeholder or hint, "invalid" in element.states)
