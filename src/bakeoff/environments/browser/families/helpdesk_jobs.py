"""Customer service: tickets are triaged, routed, escalated, answered, put to sleep, closed, reopened, merged and thrown away."""

from __future__ import annotations

import random
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families import common
from bakeoff.environments.browser.families.common import colleagues, other
from bakeoff.environments.browser.families.helpdesk import (
    CAUSES,
    FIELDS,
    FORM_FIELDS,
    OPERATIONS,
    REPLIES,
    SPAM,
    SPOKEN,
    SUBJECTS,
    TICKET,
    populate,
)
from bakeoff.environments.browser.schema import (
    TODAY,
    Act,
    Answer,
    Family,
    Job,
    Record,
    State,
)


def pick(rng: random.Random, state: State, **wanted: Any) -> int:
    """A ticket that its subject and requester identify and whose fields hold one of the wanted values; look-alikes are preferred targets."""
    return common.pick(rng, state, TICKET, wanted, 0.5, lambda record: record["subject"] not in SPAM)


def twins(state: State, key: int) -> list[int]:
    """Other tickets of the same subject and requester."""
    return common.twins(state, key, TICKET)


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
