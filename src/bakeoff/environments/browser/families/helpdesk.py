"""Customer service: tickets are triaged, routed, escalated, answered, put to sleep, closed, reopened, merged and thrown away."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families import common
from bakeoff.environments.browser.families.common import colleagues, other
from bakeoff.environments.browser.schema import (
    TODAY,
    Act,
    Answer,
    Entity,
    Family,
    Field,
    Job,
    Objection,
    Operation,
    Record,
    State,
    blank_record,
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
        **blank_record(HELPDESK),
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


# --- task templates ------------------------------------------------------------------------------------------------------------


def pick(rng: random.Random, state: State, **wanted: Any) -> int:
    """A ticket that its subject and requester identify and whose fields hold one of the wanted values; look-alikes are preferred targets."""
    return common.pick(rng, state, HELPDESK.entities[0], wanted, 0.5, lambda record: record["subject"] not in SPAM)


def twins(state: State, key: int) -> list[int]:
    """Other tickets of the same subject and requester."""
    return common.twins(state, key, HELPDESK.entities[0])


def what(rng: random.Random, record: Record) -> str:
    return rng.choice(
        (
            f"'{record['subject']}' from {record['requester']}",
            f"'{record['subject']}' by {record['requester']}",
            f"'{record['subject']}' ({record['requester']})",
        )
    )


ACTIVE = ("new", "open", "waiting")


def triage(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("new", "open"))
    record = state.records[key]
    category, priority = (
        other(rng, HELPDESK.field("category").values, record["category"]),
        other(rng, HELPDESK.field("priority").values, record["priority"]),
    )
    text = rng.choice(
        (
            f"Triage the ticket {what(rng, record)}: category {category}, priority {priority}.",
            f"Set the category of the ticket {what(rng, record)} to {category} and its priority to {priority}.",
            f"The ticket {what(rng, record)} is a {category} matter of {priority} priority. Triage it.",
        )
    )
    return Job(text, (Act("triage", (key,), {"category": category, "priority": priority}),))


def assign(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    user = other(rng, colleagues(state), record["owner"])
    text = rng.choice(
        (
            f"Assign the ticket {what(rng, record)} to {user}.",
            f"Give the ticket {what(rng, record)} to {user}.",
            f"{user} shall handle {what(rng, record)}. Assign it.",
        )
    )
    return Job(text, (Act("assign", (key,), {"owner": user}),))


def route(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    queue, user = other(rng, HELPDESK.field("queue").values, record["queue"]), other(rng, colleagues(state), record["owner"])
    text = rng.choice(
        (
            f"Move the ticket {what(rng, record)} to the {queue} queue and assign it to {user}.",
            f"The ticket {what(rng, record)} belongs in the {queue} queue, with {user} as assignee.",
        )
    )
    return Job(text, (Act("route", (key,), {"queue": queue}), Act("assign", (key,), {"owner": user})))


def escalate(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=ACTIVE, escalated=(False,))
    record, cause = state.records[key], rng.choice(CAUSES)
    text = rng.choice(
        (
            f'Escalate the ticket {what(rng, record)}. The reason is "{cause}".',
            f'Escalate {what(rng, record)} with the reason "{cause}".',
            f'The ticket {what(rng, record)} must be escalated; give as reason "{cause}".',
        )
    )
    return Job(text, (Act("escalate", (key,), {"escalation": cause}),))


def answer(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=ACTIVE)
    record, words, kind = state.records[key], rng.choice(REPLIES), rng.choice(("reply", "reply", "internal"))
    text = (
        rng.choice(
            (
                f'Answer the customer on the ticket {what(rng, record)}: "{words}".',
                f'Reply to the customer of the ticket {what(rng, record)} with "{words}".',
            )
        )
        if kind == "reply"
        else f'Add an internal note to the ticket {what(rng, record)}: "{words}".'
    )
    return Job(text, (Act("reply", (key,), {"note_kind": kind, "note_text": words}),))


def close(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=ACTIVE)
    record, resolution = state.records[key], rng.choice(HELPDESK.field("resolution").values)
    text = rng.choice(
        (
            f"Close the ticket {what(rng, record)}; the resolution is that {SPOKEN[resolution]}.",
            f"Close the ticket {what(rng, record)}, because {SPOKEN[resolution]}.",
            f"The ticket {what(rng, record)} is done: {SPOKEN[resolution]}. Close it with that resolution.",
        )
    )
    return Job(text, (Act("close", (key,), {"resolution": resolution}),))


def reopen(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("closed",))
    record = state.records[key]
    text = rng.choice((f"Reopen the ticket {what(rng, record)}.", f"The ticket {what(rng, record)} was closed too early. Reopen it."))
    return Job(text, (Act("reopen", (key,)),))


def snooze(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("new", "open"))
    record, day = state.records[key], people.later(rng, TODAY)
    said = people.spoken_day(rng, day)
    text = rng.choice(
        (f"Snooze the ticket {what(rng, record)} until {said}.", f"Put the ticket {what(rng, record)} to sleep until {said}.")
    )
    return Job(text, (Act("snooze", (key,), {"snooze": day}),))


def tag(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    choices = HELPDESK.field("tags").values
    wanted = next(
        chosen for chosen in iter(lambda: tuple(sorted(rng.sample(choices, rng.choice((1, 2))))), None) if chosen != record["tags"]
    )
    said = people.spoken_list([f"'{value}'" for value in wanted])
    text = rng.choice(
        (
            f"Label the ticket {what(rng, record)} as {said} and nothing else.",
            f"The ticket {what(rng, record)} should carry exactly these labels: {said}.",
        )
    )
    return Job(text, (Act("tag", (key,), {"tags": wanted}),))


def merge(rng: random.Random, state: State) -> Job:
    key = rng.choice([key for key in state.records if twins(state, key)])
    twin, record = twins(state, key)[0], state.records[key]
    text = rng.choice(
        (
            f"The ticket {what(rng, record)} exists twice. Merge the two and keep the one with the email address {record['email']}.",
            f"Merge the duplicate tickets {what(rng, record)}; the one with {record['email']} stays.",
        )
    )
    return Job(text, (Act("merge", (twin,), {"into": key}),))


def delete_spam(rng: random.Random, state: State) -> Job:
    key = rng.choice([key for key, record in state.records.items() if record["subject"] in SPAM])
    ticket = what(rng, state.records[key])
    text = rng.choice((f"The ticket {ticket} is spam. Delete it.", f"Delete the spam ticket {ticket}."))
    return Job(text, (Act("delete", (key,)),))


def create(rng: random.Random, state: State) -> Job:
    name, category = people.person(rng), rng.choice(sorted(SUBJECTS))
    values = {"subject": rng.choice(SUBJECTS[category]), "requester": name, "email": people.email(rng, name, rng.choice(people.FIRMS))}
    extra = {"category": category, "priority": rng.choice(("normal", "high", "urgent"))}
    values |= extra
    text = rng.choice(
        (
            f"Create a ticket '{values['subject']}' for {name} ({values['email']}) with category {category} and priority {values['priority']}.",
            f"{name} called about '{values['subject']}'. Open a new ticket: email address {values['email']}, category {category}, priority {values['priority']}.",
        )
    )
    return Job(text, (Act("create", (), values),))


def answer_and_close(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=ACTIVE)
    record, words, resolution = state.records[key], rng.choice(REPLIES), rng.choice(("fixed", "explained", "refunded"))
    text = f'Reply to the customer of the ticket {what(rng, record)} with "{words}". Then close the ticket; the resolution is that {SPOKEN[resolution]}.'
    return Job(text, (Act("reply", (key,), {"note_kind": "reply", "note_text": words}), Act("close", (key,), {"resolution": resolution})))


def bulk_assign(rng: random.Random, state: State) -> Job:
    keys: list[int] = []
    while len(keys) < 3:
        key = pick(rng, state)
        if key not in keys:
            keys.append(key)
    keys = keys[: rng.choice((2, 3))]
    user = rng.choice([name for name in colleagues(state) if all(state.records[key]["owner"] != name for key in keys)])
    tickets = people.spoken_list([f"'{state.records[key]['subject']}' ({state.records[key]['requester']})" for key in keys])
    return Job(
        rng.choice((f"Assign these tickets to {user}: {tickets}.", f"{user} takes over {tickets}. Assign each.")),
        (Act("assign", tuple(keys), {"owner": user}),),
    )


def correct(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    fresh = {"email": people.email(rng, record["requester"], rng.choice(people.FIRMS) + "mail"), "requester": people.person(rng)}
    chosen = sorted(rng.sample(sorted(fresh), rng.choice((1, 2))))
    said = people.spoken_list([f"the {HELPDESK.field(name).said} to {fresh[name]}" for name in chosen])
    values: dict[str, Any] = {name: fresh[name] for name in chosen}
    if rng.random() < 0.4:
        values["notify"] = not record["notify"]
        said += f", and notify requester to {'yes' if values['notify'] else 'no'}"
    text = rng.choice(
        (f"Correct the ticket {what(rng, record)}: set {said}.", f"Some details of the ticket {what(rng, record)} are wrong. Set {said}.")
    )
    return Job(text, (Act("edit", (key,), values),))


def book(rng: random.Random, state: State) -> Job:
    key, hours = pick(rng, state, status=ACTIVE), rng.randrange(1, 13)
    said = what(rng, state.records[key])
    text = rng.choice(
        (
            f"Book {hours} more hours on the ticket {said}.",
            f"{hours} hours were spent today on the ticket {said}. Book them in addition to what is booked already.",
        )
    )
    return Job(text.replace("1 more hours", "1 more hour").replace("1 hours were", "1 hour was"), (Act("book", (key,), {"spent": hours}),))


def book_within_limit(rng: random.Random, state: State) -> Job:
    """Cannot be done where it would be too much; the hours so far are wanted then."""
    key, hours = pick(rng, state, status=ACTIVE), rng.randrange(2, 13)
    record = state.records[key]
    fits = rng.random() < 0.45
    limit = record["effort"] + hours + (rng.randrange(0, 9) if fits else -rng.randrange(1, min(hours, 9)))
    text = (
        f"Book {hours} more hours on the ticket {what(rng, record)}, provided that no more than {limit} hours are booked on it then. If there would be more, "
        "it is not possible: change nothing and finish with the number of hours booked so far as the answer."
    )
    act = Act("book", (key,), {"spent": hours})
    if fits:
        return Job(text, (act,), sources=(key,))
    return Job(text, (), Answer("number", record["effort"], (record["effort"] + hours, limit)), (key,), (act,))


def close_unless_escalated(rng: random.Random, state: State) -> Job:
    """Cannot be done while seniors have the ticket; what they were told is wanted then."""
    raised = common.matching(state, TICKET, {"status": ACTIVE, "escalated": (True,)}, lambda record: record["subject"] not in SPAM)
    escalated = rng.random() < 0.6 and bool(raised)
    key = pick(rng, state, status=ACTIVE, escalated=(escalated,))
    record, outcome = state.records[key], rng.choice(("fixed", "explained", "refunded"))
    text = (
        f"Close the ticket {what(rng, record)}, because {SPOKEN[outcome]}, provided that it has not been escalated. If it has, closing is not possible: "
        "change nothing and finish with the reason of the escalation as the answer."
    )
    act = Act("close", (key,), {"resolution": outcome})
    if not escalated:
        return Job(text, (act,), sources=(key,))
    wrong = tuple(cause for cause in CAUSES if cause != record["escalation"])[:3]
    return Job(text, (), Answer("text", record["escalation"], wrong), (key,), (act,))


def same_assignee(rng: random.Random, state: State) -> Job:
    """A value is to be carried over from another record."""
    key, source = pick(rng, state), pick(rng, state)
    while state.records[source]["owner"] == state.records[key]["owner"]:
        source = pick(rng, state)
    text = f"Whoever has the ticket {what(rng, state.records[source])} also takes the ticket {what(rng, state.records[key])}. Assign it."
    return Job(text, (Act("assign", (key,), {"owner": state.records[source]["owner"]}),), sources=(source,))


def of_requester(state: State, name: str) -> list[int]:
    return [key for key, record in state.records.items() if record["requester"] == name]


def take_over_requester(rng: random.Random, state: State) -> Job:
    """A selection by what records hold."""
    name = rng.choice(common.several(state, TICKET, "requester", 2, 4))
    keys = of_requester(state, name)
    user = rng.choice([user for user in colleagues(state) if any(state.records[key]["owner"] != user for key in keys)])
    mine = tuple(key for key in keys if state.records[key]["owner"] != user)
    return Job(
        f"{user} takes care of {name} from now on: assign every ticket of {name} to {user}.", (Act("assign", mine, {"owner": user}),)
    )


def hours_of_requester(rng: random.Random, state: State) -> Job:
    name = rng.choice(common.several(state, TICKET, "requester", 2, 4))
    text = f"How many hours are booked on the tickets of {name} in all? Finish with the number as the answer."
    return common.adding_up(text, state, of_requester(state, name), "effort", "number")


def first_to_wake(rng: random.Random, state: State) -> Job:
    piles = common.several(state, TICKET, "owner", 2, 4, lambda record: bool(record["snooze"]))
    owner = rng.choice(piles)
    keys = [key for key, record in state.records.items() if record["owner"] == owner and record["snooze"]]
    days = sorted({state.records[key]["snooze"] for key in keys})
    text = f"Of the snoozed tickets assigned to {owner}, when does the first come back? Finish with that date as the answer."
    return Job(text, (), Answer("date", days[0], tuple(days[1:])), tuple(keys))


def open_subjects(rng: random.Random, state: State) -> Job:
    names = common.several(state, TICKET, "requester", 2, 4, lambda record: record["status"] != "closed")
    plain = [
        name
        for name in names
        if len({state.records[key]["subject"] for key in of_requester(state, name)}) == len(of_requester(state, name))
    ]
    name = rng.choice(plain or names)
    mine = {state.records[key]["subject"]: key for key in of_requester(state, name) if state.records[key]["status"] != "closed"}
    closed = [key for key in of_requester(state, name) if state.records[key]["status"] == "closed"]
    text = f"What does {name} still wait for? Finish with the subjects of all tickets of {name} that are not closed, separated by commas, as the answer."
    return common.listing(text, state, list(mine.values()), "subject", closed or state.records, of_requester(state, name))


TICKET = Entity(
    name="ticket",
    noun="ticket",
    fields=tuple(item.name for item in FIELDS),
    status="status",
    columns=("requester", "status", "priority", "category", "owner", "queue", "email", "effort", "snooze"),
    contact="email",
)
HELPDESK = Family(
    name="helpdesk",
    entities=(TICKET,),
    fields=FIELDS,
    form_fields=FORM_FIELDS,
    operations=OPERATIONS,
    populate=populate,
    templates={
        "triage-ticket": triage,
        "assign-ticket": assign,
        "route-ticket": route,
        "escalate-ticket": escalate,
        "answer-ticket": answer,
        "close-ticket": close,
        "reopen-ticket": reopen,
        "snooze-ticket": snooze,
        "label-ticket": tag,
        "merge-tickets": merge,
        "delete-spam": delete_spam,
        "create-ticket": create,
        "answer-and-close": answer_and_close,
        "bulk-assign": bulk_assign,
        "correct-ticket": correct,
        "book-time": book,
        "book-within-limit": book_within_limit,
        "close-unless-escalated": close_unless_escalated,
        "same-assignee": same_assignee,
        "take-over-requester": take_over_requester,
        "hours-of-requester": hours_of_requester,
        "first-to-wake": first_to_wake,
        "open-subjects": open_subjects,
    },
)
