"""Customer service: tickets, what may be done to them, and what a fresh database holds. What there is to do is in `helpdesk_jobs.py`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.schema import (
    TODAY,
    Entity,
    Field,
    Objection,
    Operation,
    Record,
    State,
)

FIELDS = (
    Field("subject", "text", "subject"),
    Field("requester", "name", "requester"),
    Field("email", "text", "email address"),
    Field("status", "choice", "status", ("new", "open", "waiting", "closed")),
    Field("priority", "choice", "priority", ("low", "normal", "high", "urgent")),
    Field("category", "choice", "category", ("billing", "technical", "account", "delivery")),
    Field("queue", "choice", "queue", ("frontline", "specialists", "accounting", "warehouse")),
    Field("owner", "user", "assignee"),
    Field("escalated", "flag", "escalated"),
    Field("escalation", "text", "escalation reason"),
    Field("resolution", "choice", "resolution", ("fixed", "explained", "refunded", "not-reproducible"), blank=True),
    Field("snooze", "date", "snooze date", future=True),
    Field("effort", "number", "hours booked"),
    Field("notify", "flag", "notify requester"),
    Field("tags", "tags", "labels", ("vip", "mobile", "regression", "feedback")),
)

FORM_FIELDS = (
    Field("note_kind", "choice", "kind", ("reply", "internal")),
    Field("note_text", "long", "text"),
    Field("spent", "number", "hours", most=24),
)

TICKET = Entity(
    name="ticket",
    noun="ticket",
    fields=tuple(item.name for item in FIELDS),
    status="status",
    columns=("requester", "status", "priority", "category", "owner", "queue", "email", "effort", "snooze"),
    contact="email",
)


def _hours_added(records: Mapping[int, Record], key: int, values: Mapping[str, Any]) -> Mapping[int, Mapping[str, Any]]:
    return {key: {"effort": records[key]["effort"] + values["spent"]}}


def _escalated_once(records: Mapping[int, Record], key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """What has been escalated stays so; a second time says nothing new."""
    return Objection("", "is-so", True, of="escalated") if key is not None and records[key]["escalated"] else None


OPERATIONS = (
    Operation("edit", "edit", ("subject", "requester", "email", "notify"), ("subject", "requester")),
    Operation("triage", "verb", ("category", "priority"), ("category", "priority"), foldable=True),
    Operation("assign", "verb", ("owner",), ("owner",), bulk=True, foldable=True),
    Operation("route", "verb", ("queue",), ("queue",), bulk=True, foldable=True),
    Operation("escalate", "verb", ("escalation",), ("escalation",), {"escalated": True}, ("new", "open", "waiting"), rule=_escalated_once),
    Operation("book", "verb", ("spent",), ("spent",), effect=_hours_added),
    Operation("reply", "note", ("note_kind", "note_text"), ("note_kind", "note_text")),
    Operation("snooze", "verb", ("snooze",), ("snooze",), {"status": "waiting"}, ("new", "open", "waiting")),
    Operation("close", "verb", ("resolution",), ("resolution",), {"status": "closed", "snooze": ""}, ("new", "open", "waiting")),
    Operation("reopen", "verb", sets={"status": "open", "resolution": ""}, when=("closed", "waiting")),
    Operation("tag", "verb", ("tags",), foldable=True),
    Operation("merge", "merge"),
    Operation("delete", "delete", bulk=True),
    Operation("create", "create", ("subject", "requester", "email", "category", "priority"), ("subject", "requester", "email")),
)

SPOKEN = {
    "fixed": "the problem is fixed",
    "explained": "it was explained to the customer",
    "refunded": "the customer got a refund",
    "not-reproducible": "the problem is not reproducible",
    "reply": "reply to the customer",
    "internal": "internal note",
}

SUBJECTS = {
    "billing": ("Invoice charged twice", "Wrong tax on the invoice", "Cannot find my receipt", "Discount missing", "Card was declined"),
    "technical": ("App crashes on start", "Export is empty", "Page stays blank", "Upload stops half way", "Search finds nothing"),
    "account": (
        "Cannot log in",
        "Reset link never arrives",
        "Two accounts for one address",
        "Remove my old colleague",
        "Locked out after update",
    ),
    "delivery": ("Parcel arrived damaged", "Order still not here", "Wrong item in the box", "Change the address", "Tracking shows nothing"),
}

SPAM = ("Win a holiday today", "Your prize is waiting", "Grow your traffic now", "Loan approved instantly")

REPLIES = (
    "We have sent you a new link",
    "Please restart the app and try again",
    "The refund is on its way",
    "A replacement leaves our house tomorrow",
    "We are looking into it and will write again",
    "Could you send us a screenshot",
    "The address has been changed",
    "This works again since this morning",
)

CAUSES = (
    "Customer threatens to cancel",
    "Third contact in a week",
    "Affects the whole site of a large customer",
    "Legal deadline is close",
    "Outage at a hospital",
    "Supervisor was asked for",
)


def populate(rng: random.Random, users: tuple[tuple[str, str], ...]) -> State:
    """42 tickets: the same subject from several people, several subjects of one person, two pairs of duplicates, three pieces of spam."""
    pairs: list[tuple[str, str, str]] = []
    while len(pairs) < 37:
        category = rng.choice(sorted(SUBJECTS))
        subject, name = rng.choice(SUBJECTS[category]), people.person(rng)
        if len(pairs) >= 8 and len(pairs) % 4 == 1:
            name = rng.choice(pairs)[1]
        if not any(pair[:2] == (subject, name) for pair in pairs):
            pairs.append((subject, name, category))
    records: list[Record] = [_ticket(rng, *pair, users) for pair in pairs]
    for position in rng.sample(range(8, 37), 2):
        twin = _ticket(rng, *pairs[position], users)
        twin["email"] = people.email(rng, pairs[position][1], rng.choice(("webmail", "postbox")))
        records.append(twin)
    for subject in rng.sample(SPAM, 3):
        records.append({**_ticket(rng, subject, people.person(rng), "account", users), "status": "new", "resolution": "", "snooze": ""})
    rng.shuffle(records)
    first = rng.randrange(1001, 9000)
    keyed = {first + index: record for index, record in enumerate(records)}
    notes: dict[int, list[tuple[str, str]]] = {key: [] for key in keyed}
    for key in rng.sample(sorted(keyed), 16):
        for _ in range(rng.randrange(1, 3)):
            notes[key].append((rng.choice(("reply", "internal")), rng.choice(REPLIES)))
    return State(keyed, notes, users=users)


def _ticket(rng: random.Random, subject: str, requester: str, category: str, users: tuple[tuple[str, str], ...]) -> Record:
    status = rng.choice(("new", "new", "open", "open", "waiting", "closed"))
    escalated = status in ("open", "waiting") and rng.random() < 0.15
    return {
        **{item.name: item.empty for item in FIELDS},
        "subject": subject,
        "requester": requester,
        "email": people.email(rng, requester, rng.choice(people.FIRMS)),
        "status": status,
        "priority": rng.choice(("low", "normal", "normal", "high", "urgent")),
        "category": category if rng.random() < 0.7 else rng.choice(sorted(SUBJECTS)),
        "queue": rng.choice(("frontline", "frontline", "specialists", "accounting", "warehouse")),
        "owner": rng.choice(users)[0],
        "escalated": escalated,
        "escalation": rng.choice(CAUSES) if escalated else "",
        "resolution": rng.choice(("fixed", "explained", "refunded", "not-reproducible")) if status == "closed" else "",
        "snooze": people.later(rng, TODAY) if status == "waiting" else "",
        "effort": rng.randrange(0, 30),
        "notify": rng.random() < 0.6,
        "tags": tuple(sorted(rng.sample(("vip", "mobile", "regression", "feedback"), rng.choice((0, 0, 1, 2))))),
    }
