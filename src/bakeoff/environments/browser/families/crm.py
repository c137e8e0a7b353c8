"""Customer relations: leads, what may be done to them, and what a fresh database holds. What there is to do is in `crm_jobs.py`."""

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
    Field("name", "name", "name"),
    Field("company", "text", "company"),
    Field("email", "text", "email address"),
    Field("phone", "text", "phone number"),
    Field("status", "choice", "status", ("new", "contacted", "qualified", "disqualified")),
    Field("rating", "choice", "rating", ("high", "medium", "low")),
    Field("source", "choice", "source", ("website", "referral", "event", "cold-call")),
    Field("owner", "user", "owner"),
    Field("amount", "money", "expected value"),
    Field("seats", "number", "seats", most=40),
    Field("follow_up", "date", "follow-up", future=True),
    Field("reason", "choice", "reason", ("no-budget", "no-interest", "competitor", "unreachable"), blank=True),
    Field("tags", "tags", "labels", ("newsletter", "partner", "enterprise", "renewal")),
    Field("quiet", "flag", "do not contact"),
)

FORM_FIELDS = (
    Field("note_kind", "choice", "kind", ("call", "email", "meeting")),
    Field("note_text", "long", "text"),
)

LEAD = Entity(
    name="lead",
    noun="lead",
    fields=tuple(item.name for item in FIELDS),
    status="status",
    columns=("company", "status", "rating", "owner", "email", "follow_up", "amount", "seats", "source"),
    contact="email",
)


def _known_address(records: Mapping[int, Record], key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """An address belongs to one lead."""
    mail = str(values.get("email", ""))
    taken = bool(mail) and any(other != key and record["email"] == mail for other, record in records.items())
    return Objection("email", "exists", mail) if taken and (key is None or records[key]["email"] != mail) else None


OPERATIONS = (
    Operation(
        "edit",
        "edit",
        ("name", "company", "email", "phone", "rating", "source", "amount", "seats", "quiet"),
        ("name", "company"),
        rule=_known_address,
    ),
    Operation("qualify", "verb", sets={"status": "qualified", "reason": ""}, when=("new", "contacted")),
    Operation("disqualify", "verb", ("reason",), ("reason",), {"status": "disqualified"}, ("new", "contacted", "qualified")),
    Operation("revive", "verb", sets={"status": "contacted", "reason": ""}, when=("disqualified",)),
    Operation("assign", "verb", ("owner",), ("owner",), bulk=True, foldable=True),
    Operation("schedule", "verb", ("follow_up",), ("follow_up",), foldable=True),
    Operation("tag", "verb", ("tags",), foldable=True),
    Operation("log", "note", ("note_kind", "note_text"), ("note_kind", "note_text")),
    Operation("merge", "merge"),
    Operation("delete", "delete", bulk=True),
    Operation(
        "create",
        "create",
        ("name", "company", "email", "phone", "source", "rating", "seats"),
        ("name", "company", "email"),
        rule=_known_address,
    ),
)

SPOKEN = {
    "high": "high",
    "medium": "medium",
    "low": "low",
    "website": "our website",
    "referral": "a referral",
    "event": "an event",
    "cold-call": "a cold call",
    "no-budget": "they have no budget",
    "no-interest": "they are not interested",
    "competitor": "they chose a competitor",
    "unreachable": "they cannot be reached",
    "call": "phone call",
    "email": "email",
    "meeting": "meeting",
}

SPAM = ("Cheap Followers", "Crypto Riches", "Prize Winners", "Miracle Loans", "Rank Boosters")

SUMMARIES = (
    "Wants a demo with two colleagues",
    "Asked for the price list",
    "Contract is with their legal team",
    "Will decide after the budget round",
    "Prefers to be called in the morning",
    "Compares us with one other vendor",
    "Needs an offer for 40 seats",
    "Happy with the pilot so far",
    "Sent the data sheet",
    "Board meets at the end of the month",
)


def populate(rng: random.Random, users: tuple[tuple[str, str], ...]) -> State:
    """44 leads: namesakes at other firms, colleagues at the same firm, two pairs of duplicates, three pieces of spam."""
    firms = [f"{name} {rng.choice(people.FORMS)}" for name in rng.sample(people.FIRMS, 26)]
    pairs: list[tuple[str, str]] = []
    while len(pairs) < 37:
        if len(pairs) >= 8 and len(pairs) % 4 == 0:
            pair = (rng.choice(pairs)[0], rng.choice(firms))
        elif len(pairs) >= 8 and len(pairs) % 4 == 1:
            pair = (people.person(rng), rng.choice(pairs)[1])
        else:
            pair = (people.person(rng), rng.choice(firms))
        if pair not in pairs:
            pairs.append(pair)
    records: list[Record] = [_lead(rng, name, firm, users) for name, firm in pairs]
    for position in rng.sample(range(8, 37), 2):
        twin = _lead(rng, *pairs[position], users)
        twin["email"] = people.email(rng, pairs[position][0], rng.choice(("webmail", "postbox")))
        records.append(twin)
    for label in rng.sample(SPAM, 3):
        spam = _lead(rng, people.person(rng), label, users)
        records.append({**spam, "status": "new", "reason": "", "email": people.email(rng, spam["name"], label.split()[0])})
    rng.shuffle(records)
    first = rng.randrange(101, 900)
    keyed = {first + index: record for index, record in enumerate(records)}
    notes: dict[int, list[tuple[str, str]]] = {key: [] for key in keyed}
    for key in rng.sample(sorted(keyed), 16):
        for _ in range(rng.randrange(1, 3)):
            notes[key].append((rng.choice(("call", "email", "meeting")), rng.choice(SUMMARIES)))
    return State(keyed, notes, users=users)


def _lead(rng: random.Random, name: str, firm: str, users: tuple[tuple[str, str], ...]) -> Record:
    status = rng.choice(("new", "new", "contacted", "contacted", "qualified", "disqualified"))
    return {
        **{item.name: item.empty for item in FIELDS},
        "name": name,
        "company": firm,
        "email": people.email(rng, name, firm),
        "phone": people.phone(rng),
        "status": status,
        "rating": rng.choice(("high", "medium", "low")),
        "source": rng.choice(("website", "referral", "event", "cold-call")),
        "owner": rng.choice(users)[0],
        "amount": rng.randrange(4, 180) * 50_000,
        "seats": rng.randrange(1, 41),
        "follow_up": people.later(rng, TODAY) if rng.random() < 0.4 else "",
        "reason": rng.choice(("no-budget", "no-interest", "competitor", "unreachable")) if status == "disqualified" else "",
        "tags": tuple(sorted(rng.sample(("newsletter", "partner", "enterprise", "renewal"), rng.choice((0, 0, 1, 2))))),
        "quiet": rng.random() < 0.1,
    }
