"""Pages of a product, server-rendered: lists, records, forms, waiting changes. Templates get plain values and hold no logic of the job."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bakeoff.environments.browser import forms, loophole
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.dials import THEMES
from bakeoff.environments.browser.forms import NONE, Part
from bakeoff.environments.browser.office import Form, Office
from bakeoff.environments.browser.schema import TODAY, Entity, blank_record
from bakeoff.environments.browser.seeds import generator

HERE = Path(__file__).parent

FONTS = {
    "system": "system-ui, 'Liberation Sans', Arial, sans-serif",
    "humanist": "Carlito, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "serif": "Georgia, 'Liberation Serif', serif",
    "rounded": "'Nunito', 'DejaVu Sans', Verdana, sans-serif",
}
DENSITIES = {"comfortable": ("14px", "9px"), "compact": ("13px", "5px"), "airy": ("15px", "12px"), "dense": ("12px", "3px")}


@cache
def templates() -> Jinja:
    """The compiled templates."""
    jinja = Jinja(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    script = (HERE / "static" / "app.js").read_text()
    jinja.globals["script"] = Markup(re.sub(r"(?m)^\s*(//.*\n)?", "", script))  # without comments and indentation
    return jinja


@cache
def _stylesheet() -> str:
    text = re.sub(r"/\*.*?\*/", "", (HERE / "static" / "app.css").read_text(), flags=re.S)
    return re.sub(r"\s*\n\s*", "", text)


@lru_cache(maxsize=32)
def style(blueprint: Blueprint) -> Markup:
    """The product's style sheet, inlined into every page so that a page is one request."""
    skin = blueprint.skin
    accent, on_accent, page, surface, ink, muted, line = THEMES[skin["theme"]]
    size, gap = DENSITIES[skin["density"]]
    dark = page < "#5"
    root = (
        f":root{{--accent:{accent};--on-accent:{on_accent};--page:{page};--surface:{surface};--ink:{ink};--muted:{muted};--line:{line};"
        f"--size:{size};--gap:{gap};--corner:{skin['corners']};--font:{FONTS[skin['font']]};color-scheme:{'dark' if dark else 'light'}}}"
    )
    shade = ".layout-side .bar{background:var(--surface);color:var(--ink)}.layout-side .mark{background:var(--accent)}" if dark else ""
    return Markup(root + _stylesheet() + shade)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class Addresses:
    """Paths of a product, made of its own words."""

    def __init__(self, blueprint: Blueprint) -> None:
        word, self.family = blueprint.word, blueprint.family
        self.lists = {entity.name: f"/{slug(blueprint.nouns(entity))}" for entity in blueprint.family.entities}
        self.records = f"/{slug(word('entities'))}"
        self.start = "/" if blueprint.workflow["home"] == "home" else self.records
        self.details = self.records if len(self.lists) == 1 else f"/{slug(word('ui.details'))}"
        fixed = ("new", "selected", "grid", "moved", "take", "release", "drop")
        self.fixed = {key: slug(blueprint.say(key)) for key in fixed}
        self.new = f"{self.records}/{self.fixed['new']}"
        self.waiting = f"/{slug(word(blueprint.waiting_terms[0]))}"
        names = [item.name for item in blueprint.family.operations]
        status = slug(word("ui.status-form"))
        forms = {blueprint.status_form(entity): status for entity in blueprint.family.entities[1:] if blueprint.status_form(entity)}
        self.slugs = {name: slug(word(f"op.{name}")) for name in names} | forms | {"status-form": status}
        self.actions = {value: name for name, value in self.slugs.items()}

    def record(self, key: int) -> str:
        return f"{self.details}/{key}"

    def action(self, key: int, action: str) -> str:
        return f"{self.details}/{key}/{self.slugs[action]}"

    def list_of(self, entity: Entity) -> str:
        """The list of an entity's records."""
        return self.lists[entity.name]

    def creation(self, action: str) -> str:
        """Where a new record is entered through this operation."""
        return f"{self.lists[self.family.entity(self.family.operation(action).entity).name]}/{self.fixed['new']}"

    def selected(self, entity: Entity) -> str:
        """Where ticked rows of an entity's list go."""
        return f"{self.lists[entity.name]}/{self.fixed['selected']}"

    def grid(self, entity: Entity) -> str:
        """Where the fields in an entity's list are saved."""
        return f"{self.lists[entity.name]}/{self.fixed['grid']}"

    def moved(self, entity: Entity) -> str:
        """Where a card goes that was dropped on another lane of an entity's board."""
        return f"{self.lists[entity.name]}/{self.fixed['moved']}"

    def take(self, key: int) -> str:
        """Where a record is taken on, so that it may be changed."""
        return f"{self.details}/{key}/-/{self.fixed['take']}"

    def held(self, key: int, what: str) -> str:
        """Where all that waits about a record is dealt with: `release` or `drop`."""
        return f"{self.details}/{key}/-/{self.fixed[what]}"

    def waits(self, number: int, what: str = "") -> str:
        """A waiting change: its own page, or where it is dealt with."""
        return f"{self.waiting}/{number}/{self.fixed[what]}" if what else f"{self.waiting}/{number}"


@lru_cache(maxsize=64)
def addresses(blueprint: Blueprint) -> Addresses:
    return Addresses(blueprint)


def action_word(blueprint: Blueprint, action: str) -> str:
    return blueprint.word("ui.status-form" if action.startswith("status-form") else f"op.{action}")


# --- pieces ------------------------------------------------------------------------------------------------------------------------


def _frame(office: Office, heading: str, **more: Any) -> dict[str, Any]:
    """What every page needs."""
    blueprint, at = office.blueprint, addresses(office.blueprint)
    waiting = len(office.store.waiting()) if blueprint.workflow["commit"] != "direct" else 0
    nav = [(blueprint.nouns(entity), at.list_of(entity)) for entity in blueprint.family.entities]
    nav.append((blueprint.word("op.create"), at.new))
    if at.start != at.records:
        nav.insert(0, (blueprint.word("ui.home"), at.start))
    if blueprint.workflow["commit"] != "direct":
        nav.append((f"{blueprint.word(blueprint.waiting_terms[0])} ({waiting})", at.waiting))
    flash, office.flash = office.flash, []
    return {
        "partial": office.partial,
        "style": style(blueprint),
        "product": blueprint.title,
        "skin": blueprint.skin,
        "w": blueprint.words,
        "say": blueprint.say,
        "nav": nav,
        "at": at,
        "csrf": office.csrf,
        "worker": office.worker,
        "today": forms.written_date(blueprint, TODAY.isoformat()),
        "flash": flash,
        "job": loophole.status(office),
        "heading": heading,
        **more,
    }


ISO = r"[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}"


def widget(blueprint: Blueprint, part: Part, value: Any, error: str = "", sent: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """A part with what it holds, for the template. `sent` is what came in for a date in three parts, by part."""
    say, months = blueprint.say, [blueprint.month(number) for number in range(1, 13)]
    data: dict[str, Any] = {
        "key": part.key,
        "label": part.label,
        "widget": part.widget,
        "options": part.options,
        "hint": part.hint,
        "required": part.required,
        "value": value,
        "error": error,
    }
    if part.widget == "triple":
        year, month, day = value.split("-") if isinstance(value, str) and re.fullmatch(ISO, value) else ("", "", "")
        data["three"] = (
            (say("day"), "d", [NONE, *(str(n) for n in range(1, 32))], sent.get("d") or (str(int(day)) if day else NONE)),
            (say("month"), "m", [NONE, *months], sent.get("m") or (months[int(month) - 1] if month else NONE)),
            (say("year"), "y", [NONE, *forms.years()], sent.get("y") or year or NONE),
        )
    if part.widget == "calendar":
        data |= {"today": TODAY.isoformat(), "months": "|".join(months), "turn": (say("previous-month"), say("next-month"))}
    if part.widget in ("switch", "checkbox"):
        data |= {"yes": say("yes"), "no": say("no")}
    return data


def field_widgets(
    office: Office, names: Sequence[str], required: Sequence[str], entered: Mapping[str, Any], problems: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Widgets of several fields. `entered` is by part key; a field's problem stands at its first part."""
    found = []
    for name in names:
        for index, part in enumerate(forms.parts(office.blueprint, name, office.users, name in required)):
            value = entered.get(part.key, () if part.widget in ("checkboxes", "chips") else "")
            sent = {suffix: entered[f"{part.key}{suffix}"] for suffix in "dmy" if f"{part.key}{suffix}" in entered}
            found.append(widget(office.blueprint, part, value, problems.get(name, "") if index == 0 else "", sent))
    return found


def entered_from(form: Form) -> dict[str, Any]:
    """What a submitted form holds, in the shape that `forms.enter` gives."""
    held: dict[str, Any] = {key: values[0] if len(values) == 1 else tuple(values) for key, values in form.items()}
    return held


def entered_record(office: Office, names: Sequence[str], record: Mapping[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for name in names:
        value = record.get(name, office.blueprint.family.field(name).empty)
        held |= forms.enter(office.blueprint, name, value, office.users)
    return held


# --- whole pages -------------------------------------------------------------------------------------------------------------------


def list_page(office: Office, query: Mapping[str, str], entity: Entity) -> str:
    """The list of an entity: searched, filtered, paged. Where the product works by search, nothing is listed before a search."""
    blueprint, family, at = office.blueprint, office.blueprint.family, addresses(office.blueprint)
    here = at.list_of(entity)
    words, wanted = query.get("q", "").strip(), query.get("s", "")
    status = family.field(entity.status)
    options = {forms.value_word(blueprint, status, value): value for value in status.values}
    searched = bool(words or (wanted in options))
    keys = office.search(entity, words, options.get(wanted, "")) if searched or blueprint.workflow["find"] != "search" else []
    size = blueprint.workflow["page_size"]
    pages = max(1, -(-len(keys) // size))
    asked = query.get("p", "1")
    page = min(max(1, int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1), pages)
    columns = [entity.subtitle, *[name for name in _shuffled(blueprint, entity.columns) if name != entity.subtitle][:4]]
    records = office.store.records()
    grid = blueprint.gridded(entity)
    columns = [name for name in columns if name != grid]
    rows = [
        {
            "key": key,
            "code": blueprint.code(key),
            "title": office.title(records[key]),
            "href": at.record(key),
            "cells": [(forms.label(blueprint, name), forms.shown(blueprint, name, records[key][name], office.users)) for name in columns],
            "status": forms.value_word(blueprint, status, records[key][status.name]),
            "actions": [(action_word(blueprint, action), at.action(key, action)) for action in blueprint.row_actions_of(entity)],
            "held": next(iter(forms.enter(blueprint, grid, records[key][grid], office.users).values())) if grid else "",
        }
        for key in keys[(page - 1) * size : page * size]
    ]

    def link(number: int) -> str:
        return f"{here}?{urlencode({name: value for name, value in (('q', words), ('s', wanted), ('p', str(number))) if value})}"

    return (
        templates()
        .get_template("list.html")
        .render(
            _frame(
                office,
                blueprint.nouns(entity),
                here=here,
                nouns=blueprint.nouns(entity).lower(),
                create=_creation(blueprint, entity),
                grid=forms.label(blueprint, grid) if grid else "",
                grid_at=at.grid(entity),
                selected_at=at.selected(entity),
                moved_at=at.moved(entity),
                query=words,
                wanted=wanted,
                statuses=list(options) if blueprint.workflow["find"] == "filter" else [],
                status_label=forms.label(blueprint, status.name),
                rows=rows,
                columns=[forms.label(blueprint, name) for name in columns],
                title_label=forms.label(blueprint, entity.title),
                count=len(keys),
                page=page,
                pages=pages,
                previous=link(page - 1) if page > 1 else "",
                next=link(page + 1) if page < pages else "",
                lanes=[(label, [row for row in rows if row["status"] == label]) for label in options] if blueprint.moves(entity) else [],
                idle=blueprint.workflow["find"] == "search" and not searched,
                bulk=[action_word(blueprint, action) for action in blueprint.bulk_actions_of(entity)],
            )
        )
    )


def _creation(blueprint: Blueprint, entity: Entity) -> tuple[str, str] | None:
    """Word and address for entering a new record, where that is possible."""
    operation = blueprint.family.find("create", entity)
    return (action_word(blueprint, operation.name), addresses(blueprint).creation(operation.name)) if operation else None


def home_page(office: Office) -> str:
    """What there is to do, counted: the first page of products that have one."""
    blueprint, at = office.blueprint, addresses(office.blueprint)
    tiles = []
    for entity in blueprint.family.entities:
        status = blueprint.family.field(entity.status)
        mine = [record[status.name] for record in office.store.records().values() if blueprint.family.entity_of(record) is entity]
        counts = [(forms.value_word(blueprint, status, value), mine.count(value)) for value in status.values]
        tiles.append((blueprint.nouns(entity), at.list_of(entity), len(mine), counts))
    return templates().get_template("home.html").render(_frame(office, blueprint.word("ui.home"), tiles=tiles))


def _shuffled(blueprint: Blueprint, names: Sequence[str]) -> list[str]:
    found = list(names)
    generator("columns", blueprint.origin, blueprint.skin["order"]).shuffle(found)
    return found


def record_page(office: Office, key: int, tab: str = "", dialog: dict[str, Any] | None = None, inline: dict[str, Any] | None = None) -> str:
    """One record: facts, actions, notes, waiting changes. `dialog` is a form shown over it, `inline` the edit form inside it."""
    blueprint, family, at = office.blueprint, office.blueprint.family, addresses(office.blueprint)
    record = office.store.records()[key]
    entity = family.entity_of(record)
    own = [item for item in family.fields if item.name in entity.fields]
    facts = [
        (
            forms.label(blueprint, item.name),
            forms.shown(blueprint, item.name, record[item.name], office.users)
            if item.kind != "flag"
            else blueprint.say("yes" if record[item.name] else "no"),
        )
        for item in own
    ]
    kind = family.field("note_kind")
    notes = [(forms.value_word(blueprint, kind, said), body) for said, body in office.store.notes(key)]
    waiting = [
        (number, action_word(blueprint, action), office.describe(values))
        for number, target, action, values, author in office.store.waiting()
        if target == key and blueprint.workflow["commit"] == "draft"
    ]
    edit = family.editing(entity).name
    if blueprint.edits_in_place and inline is None and dialog is None:
        inline = form_view(office, edit, [key], 0, {}, {}, fresh=True)
    status = family.field(entity.status)
    return (
        templates()
        .get_template("record.html")
        .render(
            _frame(
                office,
                office.title(record),
                key=key,
                code=blueprint.code(key),
                here=at.list_of(entity),
                edit_word=action_word(blueprint, edit),
                status=forms.value_word(blueprint, status, record[status.name]),
                facts=facts
                if not inline
                else [fact for fact, item in zip(facts, own, strict=True) if item.name not in blueprint.form_fields(edit)],
                actions=[(action_word(blueprint, action), at.action(key, action)) for action in blueprint.actions_of(entity)],
                menu=blueprint.workflow["actions"] == "menu",
                notes=notes,
                tabs=blueprint.workflow["notes"] == "tab",
                tab=tab if blueprint.workflow["notes"] == "tab" else "",
                waiting=waiting,
                lock=blueprint.workflow["lock"],
                locked=office.store.locked(key),
                trail=[(action_word(blueprint, action), detail) for action, detail in office.store.trail(key)],
                dialog=dialog,
                inline=inline,
            )
        )
    )


def form_view(
    office: Office, action: str, keys: Sequence[int], step: int, form: Form, problems: Mapping[str, str], *, fresh: bool, bulk: bool = False
) -> dict[str, Any]:
    """A form for the template: one wizard step of an action's fields.

    Arguments:
        fresh: fill it from the record; else from what was entered.
        bulk: it is about ticked rows, and goes to another address.
    """
    blueprint, family, at = office.blueprint, office.blueprint.family, addresses(office.blueprint)
    steps = blueprint.steps(action)
    names = steps[step]
    operation = None if action.startswith("status-form") else family.operation(action)
    entity = blueprint.form_entity(action)
    required = (entity.status,) if operation is None else operation.required
    entered = entered_from(form)
    if fresh:
        record = office.effective(keys[0] if keys else None, entity)
        if operation is None:
            record = {entity.status: record[entity.status]}
        elif operation.kind == "note" or bulk:
            record = {}
        entered = entered_record(office, [name for part in steps for name in part], record)
    widgets = field_widgets(office, names, required, entered, problems)
    last = step == len(steps) - 1
    if operation is not None and operation.kind == "merge":
        label = blueprint.word({"into": "ui.into", "absorb": "ui.absorb", "bulk": "ui.keep"}[blueprint.workflow["merge"]])
        options = [office.caption(other) for other in (keys if bulk else office.merge_candidates(keys[0]))]
        widgets.append(
            widget(blueprint, Part("m", label, "radio", tuple(options), required=True), entered.get("m", ""), problems.get("into", ""))
        )
    if last and blueprint.justifies and blueprint.is_edit(action):
        widgets.append(
            widget(
                blueprint, Part("j", blueprint.word("ui.justify"), "text", required=True), entered.get("j", ""), problems.get("justify", "")
            )
        )
    own = {item["key"] for item in widgets} | {f"{item['key']}{part}" for item in widgets for part in "dmy"}
    carried = [(key, value) for key, values in _carried(entered).items() for value in values if key not in own]
    if bulk:
        target, cancel = f"{at.selected(entity)}/{at.slugs[action]}", at.list_of(entity)
        carried += [("id", str(key)) for key in keys if ("id", str(key)) not in carried]
    elif keys:
        target, cancel = at.action(keys[0], action), at.record(keys[0])
    else:
        target, cancel = at.creation(action), at.list_of(entity)
    about = ", ".join(office.title(office.store.records()[key]) for key in keys)
    return {
        "heading": action_word(blueprint, action) + (f": {about}" if about else ""),
        "target": target,
        "cancel": cancel,
        "widgets": widgets,
        "carried": [*((key, value) for key, value in carried if key not in ("csrf", "step", "confirmed")), ("step", str(step))],
        "submit": blueprint.word("ui.continue")
        if not last
        else (
            blueprint.word("ui.save") if operation is not None and operation.kind in ("edit", "create") else action_word(blueprint, action)
        ),
        "problem": problems.get("", blueprint.say("check-below") if problems else ""),
        "steps": blueprint.say("step", number=step + 1, count=len(steps)) if len(steps) > 1 else "",
        "summary": [],
        "autosave": blueprint.workflow["edit"] == "autosave" and blueprint.is_edit(action),
    }


def _carried(entered: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {key: value if isinstance(value, tuple) else (value,) for key, value in entered.items()}


def confirm_view(
    office: Office, action: str, keys: Sequence[int], form: Form, values: Mapping[str, Any], *, bulk: bool = False, problem: str = ""
) -> dict[str, Any]:
    """The question before an action is carried out, with all that was entered carried along. Some products want a number typed."""
    view = form_view(office, action, keys, 0, {}, {}, fresh=True, bulk=bulk)
    summary = [line for line in office.describe(values).split("; ") if line]
    carried = [(key, value) for key, items in form.items() for value in items if key not in ("csrf", "confirmed", "t")]
    typed = office.blueprint.types_to_confirm(action) and len(keys) == 1
    ask = f"{office.blueprint.word('ui.type')} {office.blueprint.code(keys[0])}" if typed else ""
    operation = None if action.startswith("status-form") else office.blueprint.family.operation(action)
    return {
        **view,
        "widgets": [widget(office.blueprint, Part("t", ask, "text", required=True), "", problem)] if typed else [],
        "problem": "",
        "autosave": False,
        "carried": [*carried, ("confirmed", "1")],
        "submit": office.blueprint.word("ui.confirm"),
        "summary": summary
        or [office.blueprint.say("final" if operation is not None and operation.kind in ("delete", "merge") else "sure")],
        "steps": "",
    }


def saved(office: Office) -> str:
    """What a page that saves each field by itself says afterwards."""
    flash, office.flash = office.flash, []
    return str(Markup("<br>").join(text for _, text in flash))


def form_page(office: Office, view: dict[str, Any]) -> str:
    """A form on a page of its own."""
    return templates().get_template("form.html").render(_frame(office, view["heading"], form=view))


def _waiting(office: Office) -> list[dict[str, Any]]:
    """The changes that wait, each with what it is about and who entered it."""
    blueprint, records = office.blueprint, office.store.records()
    found = []
    for number, key, action, values, author in office.store.waiting():
        blank = blank_record(blueprint.family, blueprint.form_entity(action))
        found.append(
            {
                "number": number,
                "word": action_word(blueprint, action),
                "about": office.title(records[key] if key is not None and key in records else {**blank, **values}),
                "detail": office.describe(values),
                "author": blueprint.say("you" if author == "worker" else "colleague"),
                "key": key,
                "action": action,
                "values": values,
            }
        )
    return found


def waiting_page(office: Office) -> str:
    """Changes that wait to be put into effect: each with its buttons, or where they want approval with a way to its own page."""
    blueprint = office.blueprint
    place, release, drop = (blueprint.word(term) for term in blueprint.waiting_terms)
    review = blueprint.word("ui.review") if blueprint.workflow["commit"] == "approval" else ""
    page = _frame(office, place, rows=_waiting(office), release=release, drop=drop, review=review)
    return templates().get_template("waiting.html").render(page)


def review_page(office: Office, number: int) -> str | None:
    """One change that wants approval: each field as it is and as it would be. None when there is no such change."""
    blueprint = office.blueprint
    change = next((item for item in _waiting(office) if item["number"] == number), None)
    if change is None:
        return None
    operation, records = blueprint.family.operation(change["action"]), office.store.records()
    now = records.get(change["key"], {}) if change["key"] is not None else {}
    sets = {name: value for name, value in operation.sets.items() if operation.kind != "create"}
    lines = []
    for name, value in {**sets, **change["values"]}.items():
        if name == "into":
            lines.append((blueprint.word("ui.keep"), NONE, blueprint.code(value)))
        else:
            before = forms.shown(blueprint, name, now[name], office.users) if name in now else NONE
            lines.append((forms.label(blueprint, name), before, _plain(blueprint, name, value, office)))
    _, release, drop = (blueprint.word(term) for term in blueprint.waiting_terms)
    heading = f"{change['word']}: {change['about']}"
    return templates().get_template("review.html").render(_frame(office, heading, change=change, lines=lines, release=release, drop=drop))


def _plain(blueprint: Blueprint, name: str, value: Any, office: Office) -> str:
    field = blueprint.family.field(name)
    return blueprint.say("yes" if value else "no") if field.kind == "flag" else forms.shown(blueprint, name, value, office.users)
