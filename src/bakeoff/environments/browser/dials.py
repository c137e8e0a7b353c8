"""The dials: what may differ between two products of a family, each feature with its training pool and its held-out pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.core import Distance

Table = Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...]]]

THEMES = {
    # name: (accent, accent text, page, surface, ink, muted ink, line)
    "ocean": ("#1f6feb", "#ffffff", "#f4f6fa", "#ffffff", "#1b2430", "#5d6b7e", "#d9e0ea"),
    "forest": ("#1a7f4b", "#ffffff", "#f3f7f4", "#ffffff", "#17251d", "#566a5e", "#d5e2d9"),
    "plum": ("#7b3fa0", "#ffffff", "#f8f5fa", "#ffffff", "#271c2e", "#6c5c76", "#e3d9ea"),
    "slate": ("#334155", "#ffffff", "#f1f3f6", "#ffffff", "#1a212b", "#5b6675", "#d6dce4"),
    "clay": ("#b4532a", "#ffffff", "#faf6f2", "#ffffff", "#2c2019", "#77665a", "#e8dcd2"),
    "mint": ("#0d8a7d", "#ffffff", "#f0f8f7", "#ffffff", "#12282a", "#4f6b6b", "#cfe5e2"),
    "rose": ("#c02660", "#ffffff", "#fbf4f7", "#ffffff", "#2d1922", "#7a5a67", "#eed8e1"),
    "indigo": ("#4b4fd0", "#ffffff", "#f5f5fc", "#ffffff", "#1e1f33", "#61637f", "#dcdcf0"),
    "midnight": ("#6ea8fe", "#0b1626", "#10161f", "#18212d", "#e6ecf4", "#9fb0c4", "#2c3a4b"),
    "graphite": ("#f0b429", "#231a00", "#17181b", "#212327", "#eceef0", "#a6abb3", "#383b41"),
    "sand": ("#8a6d1c", "#ffffff", "#faf8f0", "#fffefa", "#29241a", "#716850", "#e6dfc9"),
    "aurora": ("#39d2a0", "#06251b", "#0f1a1a", "#172626", "#e3f1ee", "#94b3ab", "#274040"),
    "lagoon": ("#0b7fab", "#ffffff", "#eef7fb", "#ffffff", "#10262f", "#4d6874", "#cce3ed"),
    "ember": ("#d9480f", "#ffffff", "#fff6f0", "#ffffff", "#2f1b10", "#7d6152", "#f2dccd"),
}
SKIN: Table = {
    "theme": (
        ("ocean", "forest", "plum", "slate", "clay", "mint", "midnight", "indigo"),
        ("rose", "graphite", "sand", "aurora", "lagoon", "ember"),
    ),
    "layout": (("side", "top"), ("tabs", "right")),
    "list": (("table", "cards"), ("rows", "tiles")),
    "font": (("system", "humanist"), ("serif", "rounded")),
    "density": (("comfortable", "compact"), ("airy", "dense")),
    "corners": (("3px", "8px"), ("0", "14px")),
    "icons": ((False, True), (False, True)),
}
WIDGETS: Table = {
    "choice": (("select", "radio", "combobox"), ("segmented", "dropdown", "lookup")),
    "choice2": (("select", "radio", "combobox"), ("segmented", "dropdown")),
    "user": (("select", "combobox"), ("dropdown", "radio", "lookup")),
    "date": (("native", "written"), ("triple", "calendar")),
    "flag": (("checkbox", "yesno"), ("switch",)),
    "tags": (("checkboxes", "commas"), ("chips", "transfer")),
    "note": (("textarea",), ("line",)),
    "number": (("text", "stepper"), ("slider",)),
    "money": (("text",), ("split",)),
    "status": (("verbs",), ("form", "board")),
}
WORKFLOW: Table = {
    "edit": (("page", "dialog"), ("inline", "wizard", "autosave")),
    "commit": (("direct", "direct", "draft"), ("outbox", "approval", "direct")),
    "lock": ((False,), (True, False)),
    "confirm": (("none", "verbs"), ("all", "typed")),
    "find": (("list", "filter"), ("search",)),
    "actions": (("buttons", "menu"), ("rows",)),
    "fold": (("none", "some"), ("all",)),
    "notes": (("page",), ("tab",)),
    "justify": ((False,), (True, False)),
    "merge": (("into", "absorb"), ("bulk",)),
    "bulk": ((True, False), (True,)),
    "grid": ((False,), (True,)),
    "home": (("list",), ("home",)),
    "page_size": ((10, 12, 15), (8, 9)),
    "sort": (("number", "title"), ("newest", "subtitle")),
}
DATA_MODEL: Table = {
    "names": (("whole", "split"), ("reversed",)),
    "money": (("units", "decimal"), ("cents",)),
    "status": (("column",), ("history",)),
    "user": (("id", "name"), ("pair",)),
    "tags": (("table", "text"), ("columns",)),
    "choices": (("text", "code"), ("ordinal",)),
    "dates": (("iso",), ("parts",)),
    "entities": (("one",), ("split",)),
    "notes": (("table",), ("inline",)),
    "numbers": (("plain",), ("coded",)),
}
DATE_FORMATS = (("dmy.", "ymd-"), ("mdy/", "dMy"))

DIALS: Mapping[Distance, Table] = {"skin": SKIN, "widgets": WIDGETS, "workflow": WORKFLOW, "data-model": DATA_MODEL}
"""The features of each dimension that products are drawn from; words are drawn elsewhere."""
