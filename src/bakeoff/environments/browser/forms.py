"""Forms: how a canonical field is asked for in one product, how its value is shown there, and how what was entered becomes canonical again.

A field becomes one or more parts (a split name has two, an owner kept as team and person has two); each part is one widget. Options are
submitted by their label. Both the pages and the experts read forms from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import TODAY, Field

NONE = "–"
"""Label of the empty choice."""

WIDEST_SLIDER = 40
"""The largest range that a slider asks for; beyond, one could not hit a number."""


class Invalid(Exception):
    """What was entered is not acceptable. `key` and `slots` make the text that is shown beside the field, see `Blueprint.say`."""

    def __init__(self, key: str, **slots: object) -> None:
        super().__init__(key)
        self.key, self.slots = key, slots


@dataclass(frozen=True, slots=True)
class Part:
    """One widget of a form.

    Attributes:
        key: the input's name in the form; says nothing canonical.
        label: its accessible name.
        widget: text, line, textarea, select, radio, combobox, segmented, dropdown, lookup, checkbox, yesno, switch, checkboxes, commas, chips,
            transfer, stepper (number), slider (number), native (date), written (date), triple (date), calendar (date).
        options: labels on offer; least and most of a slider.
        hint: shown below or inside.
        required: must be filled in.
    """

    key: str
    label: str
    widget: str
    options: tuple[str, ...] = ()
    hint: str = ""
    required: bool = False


Users = tuple[tuple[str, str], ...]


def field_key(blueprint: Blueprint, name: str) -> str:
    """The name of a field's inputs, e.g. `f4`."""
    fields = (*blueprint.family.fields, *blueprint.family.form_fields)
    return f"f{next(index for index, item in enumerate(fields) if item.name == name)}"


def value_word(blueprint: Blueprint, field: Field, value: str) -> str:
    """The product's word for a canonical value, e.g. `Hot`, or `1 · Hot` in an ordinal data model."""
    if not value:
        return NONE
    word = blueprint.word(f"value.{field.name}.{value}")
    return f"{field.values.index(value) + 1} · {word}" if blueprint.model["choices"] == "ordinal" and field.kind == "choice" else word


def label(blueprint: Blueprint, name: str) -> str:
    """The product's label of a field."""
    word = blueprint.word(f"field.{name}")
    if blueprint.family.field(name).kind == "money":
        return f"{word} ({blueprint.say('cents' if blueprint.model['money'] == 'cents' else 'currency')})"
    return word


def parts(blueprint: Blueprint, name: str, users: Users, required: bool = False) -> tuple[Part, ...]:
    """The widgets that ask for a field."""
    field, key, said = blueprint.family.field(name), field_key(blueprint, name), label(blueprint, name)
    widgets, model = blueprint.widgets, blueprint.model
    if field.kind == "name":
        if model["names"] == "split":
            return (
                Part(f"{key}a", blueprint.say("first-name"), "text", required=required),
                Part(f"{key}b", blueprint.say("last-name"), "text", required=required),
            )
        return (Part(key, said, "text", hint=blueprint.say("last-first") if model["names"] == "reversed" else "", required=required),)
    if field.kind == "user":
        if model["user"] == "pair":
            teams = tuple(dict.fromkeys(team for _, team in users))
            widget = "select" if widgets["user"] == "combobox" else widgets["user"]
            return (
                Part(f"{key}a", f"{said}: {blueprint.say('team')}", widget, (NONE, *teams), required=required),
                Part(f"{key}b", f"{said}: {blueprint.say('person')}", widget, (NONE, *(user for user, _ in users)), required=required),
            )
        return (Part(key, said, widgets["user"], (NONE, *(user for user, _ in users)), required=required),)
    if field.kind == "date":
        return (Part(key, said, widgets["date"], hint=_example(blueprint) if widgets["date"] == "written" else "", required=required),)
    if field.kind == "choice":
        options = tuple(value_word(blueprint, field, value) for value in field.values)
        fields = [item.name for item in (*blueprint.family.fields, *blueprint.family.form_fields) if item.kind == "choice"]
        widget = widgets["choice" if fields.index(name) % 2 else "choice2"]
        blank = (NONE,) if field.blank or widget in ("select", "dropdown") else ()
        return (Part(key, said, widget, (*blank, *options), required=required),)
    if field.kind == "tags":
        options = tuple(value_word(blueprint, field, value) for value in field.values)
        hint = blueprint.say("commas", options=", ".join(options)) if widgets["tags"] == "commas" else ""
        return (Part(key, said, widgets["tags"], options, hint),)
    if field.kind == "flag":
        return (Part(key, said, widgets["flag"], (blueprint.say("no"), blueprint.say("yes")) if widgets["flag"] == "yesno" else ()),)
    if field.kind == "money":
        if widgets.get("money") == "split" and model["money"] != "cents":
            word = blueprint.word(f"field.{name}")
            return (
                Part(f"{key}a", f"{word}: {blueprint.say('euros')}", "text", required=required),
                Part(f"{key}b", f"{word}: {blueprint.say('cents')}", "text"),
            )
        return (Part(key, said, "text", hint=blueprint.say("whole-cents" if model["money"] == "cents" else "amount"), required=required),)
    if field.kind == "number":
        widget = widgets.get("number", "text")
        widget = "stepper" if widget == "slider" and field.most > WIDEST_SLIDER else widget
        return (Part(key, said, widget, ("0", str(field.most)) if widget == "slider" else (), required=required),)
    return (
        Part(key, said, ("textarea" if widgets["note"] == "textarea" else "line") if field.kind == "long" else "text", required=required),
    )


def _example(blueprint: Blueprint) -> str:
    """A day as this product writes it, told to whoever has to write one: the last of the year, which cannot be misread."""
    return written_date(blueprint, f"{TODAY.year}-12-31")


def _short(blueprint: Blueprint, number: int) -> str:
    """A month in three letters."""
    return blueprint.month(number)[:3]


def written_date(blueprint: Blueprint, iso: str) -> str:
    """A day as this product writes it; empty for none."""
    if not iso:
        return ""
    day = date.fromisoformat(iso)
    style = blueprint.skin["date"]
    if style == "dMy":
        return f"{day.day} {_short(blueprint, day.month)} {day.year}"
    return {"dmy.": f"{day:%d.%m.%Y}", "ymd-": iso, "mdy/": f"{day:%m/%d/%Y}"}[style]


def read_date(blueprint: Blueprint, text: str) -> str:
    """The inverse of `written_date`; an ISO day is always understood. Raises `Invalid`."""
    text = text.strip()
    if not text:
        return ""
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text):
        year, month, day = (int(group) for group in match.groups())
    elif blueprint.skin["date"] == "dmy." and (match := re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", text)):
        day, month, year = (int(group) for group in match.groups())
    elif blueprint.skin["date"] == "mdy/" and (match := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text)):
        month, day, year = (int(group) for group in match.groups())
    elif blueprint.skin["date"] == "dMy" and (match := re.fullmatch(r"([0-9]{1,2}) ([A-Za-z]{3})[A-Za-z]* ([0-9]{4})", text)):
        day, year = int(match[1]), int(match[3])
        month = next((index for index in range(1, 13) if _short(blueprint, index).lower() == match[2].lower()), 0)
    else:
        raise Invalid("date-format", example=_example(blueprint))
    try:
        return date(year, month, day).isoformat()
    except ValueError as wrong:
        raise Invalid("no-such-day") from wrong


def enter(blueprint: Blueprint, name: str, value: Any, users: Users) -> dict[str, Any]:
    """What a form holds for a canonical value, by part key: text, or a tuple of labels for checkboxes and chips."""
    field, found = blueprint.family.field(name), parts(blueprint, name, users)
    key, model = found[0].key, blueprint.model
    if field.kind == "name":
        first, _, last = str(value).partition(" ")
        if model["names"] == "split":
            return {found[0].key: first, found[1].key: last}
        return {key: f"{last}, {first}" if model["names"] == "reversed" and last else str(value)}
    if field.kind == "user" and len(found) == 2:
        return {found[0].key: dict(users).get(value, NONE), found[1].key: value or NONE}
    if field.kind == "user":
        return {key: value or NONE}
    if field.kind == "date":
        return {key: written_date(blueprint, value) if found[0].widget == "written" else value}
    if field.kind == "choice":
        return {key: value_word(blueprint, field, value)}
    if field.kind == "tags":
        labels = tuple(value_word(blueprint, field, item) for item in field.values if item in value)
        return {key: ", ".join(labels) if found[0].widget == "commas" else labels}
    if field.kind == "flag":
        return {key: blueprint.say("yes" if value else "no")}
    if field.kind == "money" and len(found) == 2:
        return {found[0].key: str(value // 100), found[1].key: f"{value % 100:02d}"}
    if field.kind == "money":
        return {
            key: str(value)
            if model["money"] == "cents"
            else (f"{value / 100:.2f}" if model["money"] == "decimal" or value % 100 else str(value // 100))
        }
    return {key: str(value)}


def read(blueprint: Blueprint, name: str, form: Mapping[str, Sequence[str]], users: Users) -> Any:
    """The canonical value of what was entered. Raises `Invalid` with a text for the person who entered it."""
    field, found = blueprint.family.field(name), parts(blueprint, name, users)
    entered = [" ".join((form.get(part.key) or ("",))[0].split()) for part in found]
    text, model = entered[0], blueprint.model
    if field.kind == "name":
        if model["names"] == "split":
            return " ".join(part for part in entered if part)
        if model["names"] == "reversed" and text:
            if "," not in text:
                raise Invalid("name-order")
            return " ".join(part.strip() for part in reversed(text.split(",", 1))).strip()
        return text
    if field.kind == "user":
        team, person = (entered[0], entered[1]) if len(found) == 2 else ("", text)
        person = "" if person == NONE else person
        match = next((user for user in users if user[0].lower() == person.lower()), None)
        if person and match is None:
            raise Invalid("pick-person")
        if len(found) == 2 and match is not None and team != match[1]:
            raise Invalid("not-in-team", name=match[0])
        return match[0] if match else ""
    if field.kind == "date":
        return _read_triple(blueprint, form, found[0].key) if found[0].widget == "triple" else read_date(blueprint, text)
    if field.kind == "choice":
        words = {value_word(blueprint, field, value).lower(): value for value in field.values}
        if text in ("", NONE):
            return ""
        if text.lower() not in words:
            raise Invalid("pick-value")
        return words[text.lower()]
    if field.kind == "tags":
        chosen = [item.strip() for item in text.split(",")] if found[0].widget == "commas" else list(form.get(found[0].key, ()))
        words = {value_word(blueprint, field, value).lower(): value for value in field.values}
        unknown = [item for item in chosen if item and item.lower() not in words]
        if unknown:
            raise Invalid("unknown-values", values=", ".join(unknown))
        return tuple(sorted({words[item.lower()] for item in chosen if item}))
    if field.kind == "flag":
        return text.lower() in (blueprint.say("yes").lower(), "on")
    if field.kind == "money" and len(found) == 2:
        if not re.fullmatch(r"[0-9]{0,2}", entered[1]):
            raise Invalid("two-digits")
        return _read_money("units", entered[0]) + _read_money("cents", entered[1].ljust(2, "0") if entered[1] else "")
    if field.kind == "money":
        return _read_money(model["money"], text)
    if field.kind == "number":
        return _read_number(text, field.most)
    return text


def _read_triple(blueprint: Blueprint, form: Mapping[str, Sequence[str]], key: str) -> str:
    day, month, year = (form.get(f"{key}{part}", ("",))[0] for part in "dmy")
    if not any(item.strip(NONE) for item in (day, month, year)):
        return ""
    try:
        return date(int(year), [blueprint.month(number) for number in range(1, 13)].index(month) + 1, int(day)).isoformat()
    except (ValueError, OverflowError) as wrong:
        raise Invalid("choose-day") from wrong


def _read_money(style: str, text: str) -> int:
    text = text.replace(",", "").replace("€", "").strip()
    if not text:
        return 0
    if style == "cents":
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise Invalid("cents-only")
        return int(text)
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", text):
        raise Invalid("amount-format")
    return round(float(text) * 100)


def _read_number(text: str, most: int) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Invalid("digits-only")
    if int(text) > most:
        raise Invalid("most-number", most=most)
    return int(text)


@lru_cache(maxsize=8192, typed=True)
def shown(blueprint: Blueprint, name: str, value: Any, users: Users) -> str:
    """A canonical value as this product's pages show it."""
    field = blueprint.family.field(name)
    if field.kind == "date":
        return written_date(blueprint, value) or NONE
    if field.kind == "tags":
        return ", ".join(value_word(blueprint, field, item) for item in field.values if item in value) or NONE
    if field.kind == "money":
        return (
            f"{value:,}"
            if blueprint.model["money"] == "cents"
            else (f"{value / 100:,.2f}" if blueprint.model["money"] == "decimal" or value % 100 else f"{value // 100:,}")
        )
    if field.kind == "number":
        return str(value)
    if field.kind == "user" and value and blueprint.model["user"] == "pair":
        return f"{dict(users).get(value, '')} / {value}"
    if field.kind == "name":
        first, _, last = str(value).partition(" ")
        return f"{last}, {first}" if blueprint.model["names"] == "reversed" and last else str(value)
    entered = enter(blueprint, name, value, users)
    return str(next(iter(entered.values()))) or NONE


def years() -> tuple[str, ...]:
    """Years on offer where a day is chosen in three parts."""
    return tuple(str(year) for year in range(TODAY.year - 1, TODAY.year + 3))
