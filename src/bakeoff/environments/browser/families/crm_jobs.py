"""Customer relations: leads are qualified, dropped, handed to colleagues, kept up to date, followed up, merged and thrown away."""

from __future__ import annotations

import random
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families import common
from bakeoff.environments.browser.families.crm import FIELDS, FORM_FIELDS, LEAD, OPERATIONS, SPAM, SPOKEN, SUMMARIES, populate
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
    """A lead that its name and company identify and whose fields hold one of the wanted values; namesakes are preferred targets."""
    return common.pick(rng, state, LEAD, wanted, 0.4, fit)


def fit(record: Record) -> bool:
    """A lead to work on, and no spam."""
    return record["company"] not in SPAM


def twins(state: State, key: int) -> list[int]:
    """Other leads of the same name and company."""
    return common.twins(state, key, LEAD)


def who(rng: random.Random, record: Record) -> str:
    return rng.choice(
        (f"{record['name']} ({record['company']})", f"{record['name']} at {record['company']}", f"{record['name']} of {record['company']}")
    )


def other(rng: random.Random, state: State, now: str) -> str:
    return str(common.other(rng, common.colleagues(state), now))


def qualify(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("new", "contacted"))
    lead = who(rng, state.records[key])
    text = rng.choice(
        (f"Qualify the lead {lead}.", f"{lead} is a good fit. Qualify this lead.", f"Please set the lead {lead} to qualified.")
    )
    return Job(text, (Act("qualify", (key,)),))


def disqualify(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("new", "contacted", "qualified"))
    lead, reason = who(rng, state.records[key]), rng.choice(("no-budget", "no-interest", "competitor", "unreachable"))
    text = rng.choice(
        (
            f"Disqualify the lead {lead}, because {SPOKEN[reason]}.",
            f"The lead {lead} leads nowhere: {SPOKEN[reason]}. Disqualify it with that reason.",
            f"Please disqualify {lead}; the reason is that {SPOKEN[reason]}.",
        )
    )
    return Job(text, (Act("disqualify", (key,), {"reason": reason}),))


def assign(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    user = other(rng, state, record["owner"])
    lead = who(rng, record)
    text = rng.choice(
        (
            f"Assign the lead {lead} to {user}.",
            f"Make {user} the owner of the lead {lead}.",
            f"From now on {user} looks after the lead {lead}. Assign it.",
        )
    )
    return Job(text, (Act("assign", (key,), {"owner": user}),))


def update_contact(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    fresh = {
        "email": people.email(rng, people.person(rng), record["company"]),
        "phone": people.phone(rng),
        "company": f"{rng.choice([name for name in people.FIRMS if not record['company'].startswith(name)])} {rng.choice(people.FORMS)}",
    }
    names = sorted(rng.sample(sorted(fresh), rng.choice((1, 1, 2, 3))))
    said = people.spoken_list([f"the {CRM.field(name).said} to {fresh[name]}" for name in names])
    lead = who(rng, record)
    text = rng.choice(
        (
            f"Update the lead {lead}: set {said}.",
            f"Contact details of the lead {lead} have changed. Set {said}.",
            f"For {lead}, change {said}.",
        )
    )
    return Job(text, (Act("edit", (key,), {name: fresh[name] for name in names}),))


def log_activity(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    lead, kind, words = who(rng, state.records[key]), rng.choice(("call", "email", "meeting")), rng.choice(SUMMARIES)
    text = rng.choice(
        (
            f'Log a {SPOKEN[kind]} with the lead {lead}: "{words}".',
            f'There was a {SPOKEN[kind]} with {lead}. Record it with the text "{words}".',
            f'Note a {SPOKEN[kind]} on the lead {lead}; the text is "{words}".',
        )
    ).replace(" a email", " an email")
    return Job(text, (Act("log", (key,), {"note_kind": kind, "note_text": words}),))


def schedule(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    day = next(day for day in iter(lambda: people.later(rng, TODAY), None) if day != record["follow_up"])
    lead, said = who(rng, record), people.spoken_day(rng, day)
    text = rng.choice(
        (
            f"Schedule a follow-up with the lead {lead} for {said}.",
            f"Set the follow-up of {lead} to {said}.",
            f"Follow up with the lead {lead} on {said}. Enter it.",
        )
    )
    return Job(text, (Act("schedule", (key,), {"follow_up": day}),))


def create(rng: random.Random, state: State) -> Job:
    name, firm = people.person(rng), people.firm(rng)
    values = {"name": name, "company": firm, "email": people.email(rng, name, firm)}
    extra = {"phone": people.phone(rng), "source": rng.choice(("referral", "event", "cold-call")), "rating": rng.choice(("medium", "low"))}
    chosen = sorted(rng.sample(sorted(extra), rng.choice((1, 2, 3))))
    values |= {item: extra[item] for item in chosen}
    said = people.spoken_list([f"{CRM.field(item).said} {SPOKEN.get(values[item], values[item])}" for item in ("email", *chosen)])
    text = rng.choice((f"Create a lead for {name} of {firm} with {said}.", f"Add a new lead: {name}, company {firm}, {said}."))
    return Job(text, (Act("create", (), values),))


def merge(rng: random.Random, state: State) -> Job:
    key = rng.choice([key for key in state.records if twins(state, key)])
    twin = twins(state, key)[0]
    record = state.records[key]
    text = rng.choice(
        (
            f"The lead {who(rng, record)} exists twice. Merge the two and keep the one with the email address {record['email']}.",
            f"Merge the duplicate leads of {who(rng, record)}; the one with {record['email']} stays.",
        )
    )
    return Job(text, (Act("merge", (twin,), {"into": key}),))


def delete_spam(rng: random.Random, state: State) -> Job:
    key = rng.choice([key for key, record in state.records.items() if record["company"] in SPAM])
    lead = who(rng, state.records[key])
    text = rng.choice(
        (f"The lead {lead} is spam. Delete it.", f"Delete the spam lead {lead}.", f"Get rid of {lead}: it is spam, so delete the lead.")
    )
    return Job(text, (Act("delete", (key,)),))


def bulk_assign(rng: random.Random, state: State) -> Job:
    keys: list[int] = []
    while len(keys) < 3:
        key = pick(rng, state)
        if key not in keys:
            keys.append(key)
    keys = keys[: rng.choice((2, 3))]
    user = rng.choice([name for name, _ in state.users if all(state.records[key]["owner"] != name for key in keys)])
    leads = people.spoken_list([f"{state.records[key]['name']} ({state.records[key]['company']})" for key in keys])
    text = rng.choice((f"Assign these leads to {user}: {leads}.", f"{user} takes over {leads}. Make {user} the owner of each."))
    return Job(text, (Act("assign", tuple(keys), {"owner": user}),))


def qualify_and_plan(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("new", "contacted"))
    record = state.records[key]
    rating = rng.choice([value for value in ("high", "medium", "low") if value != record["rating"]])
    day = next(day for day in iter(lambda: people.later(rng, TODAY), None) if day != record["follow_up"])
    text = rng.choice(
        (
            f"Qualify the lead {who(rng, record)}, set its rating to {rating} and schedule a follow-up for {people.spoken_day(rng, day)}.",
            f"{who(rng, record)}: qualify the lead, rating {rating}, follow-up on {people.spoken_day(rng, day)}.",
        )
    )
    return Job(text, (Act("qualify", (key,)), Act("edit", (key,), {"rating": rating}), Act("schedule", (key,), {"follow_up": day})))


def revalue(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    amount = next(cents for cents in iter(lambda: rng.randrange(4, 180) * 50_000, None) if cents != record["amount"])
    values: dict[str, Any] = {"amount": amount}
    said = f"expected value to {amount // 100:,} euros"
    if rng.random() < 0.5:
        values["source"] = rng.choice([value for value in CRM.field("source").values if value != record["source"]])
        said += f" and the source to {values['source'].replace('-', ' ')}"
    text = rng.choice((f"Set the {said} for the lead {who(rng, record)}.", f"Correct the lead {who(rng, record)}: change the {said}."))
    return Job(text, (Act("edit", (key,), values),))


def tag(rng: random.Random, state: State) -> Job:
    key = pick(rng, state)
    record = state.records[key]
    wanted = next(
        chosen
        for chosen in iter(lambda: tuple(sorted(rng.sample(CRM.field("tags").values, rng.choice((1, 2))))), None)
        if chosen != record["tags"]
    )
    said = people.spoken_list([f"'{value}'" for value in wanted])
    text = rng.choice(
        (
            f"Label the lead {who(rng, record)} as {said} and nothing else.",
            f"The lead {who(rng, record)} should carry exactly these labels: {said}.",
        )
    )
    return Job(text, (Act("tag", (key,), {"tags": wanted}),))


def hand_over(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, status=("new", "contacted", "qualified"))
    record = state.records[key]
    user, words = other(rng, state, record["owner"]), rng.choice(SUMMARIES)
    text = f'Hand the lead {who(rng, record)} to {user} as its owner, and log a phone call on it with the text "{words}".'
    return Job(text, (Act("assign", (key,), {"owner": user}), Act("log", (key,), {"note_kind": "call", "note_text": words})))


def at_firm(state: State, firm: str) -> list[int]:
    return [key for key, record in state.records.items() if record["company"] == firm]


def qualify_if_worth(rng: random.Random, state: State) -> Job:
    """Cannot be done for a lead that is worth too little; its value is wanted then."""
    key = pick(rng, state, status=("new", "contacted"))
    record = state.records[key]
    worth = rng.random() < 0.45
    limit = record["amount"] + rng.randrange(1, 9) * (-50_000 if worth else 50_000)
    text = (
        f"Qualify the lead {who(rng, record)}, provided that its expected value is at least {max(0, limit) // 100:,} euros. If it is less, that is not "
        "possible: change nothing and finish with its expected value in euros as the answer."
    )
    act = Act("qualify", (key,))
    if worth:
        return Job(text, (act,), sources=(key,))
    return Job(text, (), Answer("money", record["amount"], (limit, record["amount"] // 10)), (key,), (act,))


def follow_up_if_allowed(rng: random.Random, state: State) -> Job:
    """Cannot be done for a lead that must not be contacted; the telephone number is wanted then, which has to be read."""
    quiet = rng.random() < 0.6
    key = pick(rng, state, quiet=(quiet,) if common.matching(state, LEAD, {"quiet": (quiet,)}, fit) else (not quiet,))
    record, day = state.records[key], people.later(rng, TODAY)
    while day == record["follow_up"]:
        day = people.later(rng, TODAY)
    text = (
        f"Schedule a follow-up with the lead {who(rng, record)} for {people.spoken_day(rng, day)}, unless the lead must not be contacted. In that case "
        "it is not possible: change nothing and finish with the lead's phone number as the answer."
    )
    act = Act("schedule", (key,), {"follow_up": day})
    if not record["quiet"]:
        return Job(text, (act,), sources=(key,))
    wrong = tuple(item["phone"] for item in state.records.values() if item["phone"] != record["phone"])[:3]
    return Job(text, (), Answer("text", record["phone"], wrong), (key,), (act,))


def same_owner(rng: random.Random, state: State) -> Job:
    """A value is to be carried over from another record."""
    key = pick(rng, state)
    source = pick(rng, state)
    while state.records[source]["owner"] == state.records[key]["owner"]:
        source = pick(rng, state)
    text = f"The lead {who(rng, state.records[key])} goes to whoever owns the lead {who(rng, state.records[source])}. Assign it."
    return Job(text, (Act("assign", (key,), {"owner": state.records[source]["owner"]}),), sources=(source,))


def hand_over_firm(rng: random.Random, state: State) -> Job:
    """A selection by what records hold."""
    firm = rng.choice([name for name in common.several(state, LEAD, "company", 2, 4) if name not in SPAM])
    keys = at_firm(state, firm)
    free = [name for name, _ in state.users if all(state.records[key]["owner"] != name for key in keys)]
    user = rng.choice(free or common.colleagues(state))
    acts = tuple(key for key in keys if state.records[key]["owner"] != user)
    text = f"{user} looks after the company {firm} from now on: assign every lead of {firm} to {user}."
    return Job(text, (Act("assign", acts, {"owner": user}),))


def value_of_firm(rng: random.Random, state: State) -> Job:
    firm = rng.choice(common.several(state, LEAD, "company", 2, 4))
    text = f"What is the expected value of all leads of the company {firm} together? Finish with the sum in euros as the answer."
    return common.adding_up(text, state, at_firm(state, firm), "amount", "money")


def seats_of_firm(rng: random.Random, state: State) -> Job:
    firm = rng.choice(common.several(state, LEAD, "company", 2, 4))
    text = f"How many seats do the leads of the company {firm} want in all? Finish with the number as the answer."
    return common.adding_up(text, state, at_firm(state, firm), "seats", "number")


def next_follow_up(rng: random.Random, state: State) -> Job:
    firm = rng.choice(common.several(state, LEAD, "company", 2, 4, lambda record: bool(record["follow_up"])))
    keys = at_firm(state, firm)
    days = sorted({state.records[key]["follow_up"] for key in keys} - {""})
    text = f"When is the next follow-up with any lead of the company {firm}? Finish with that date as the answer."
    return Job(text, (), Answer("date", days[0], tuple(days[1:])), tuple(keys))


def names_at_firm(rng: random.Random, state: State) -> Job:
    firms = common.several(state, LEAD, "company", 2, 4)
    plain = [firm for firm in firms if len({state.records[key]["name"] for key in at_firm(state, firm)}) == len(at_firm(state, firm))]
    firm = rng.choice(plain or firms)
    keys = list({state.records[key]["name"]: key for key in at_firm(state, firm)}.values())
    text = f"Whom do we know at {firm}? Finish with the names of all leads of that company, separated by commas, as the answer."
    return common.listing(text, state, keys, "name", state.records)


CRM = Family(
    name="crm",
    entities=(LEAD,),
    fields=FIELDS,
    form_fields=FORM_FIELDS,
    operations=OPERATIONS,
    populate=populate,
    templates={
        "qualify-lead": qualify,
        "disqualify-lead": disqualify,
        "assign-lead": assign,
        "update-contact": update_contact,
        "log-activity": log_activity,
        "schedule-follow-up": schedule,
        "create-lead": create,
        "merge-leads": merge,
        "delete-spam": delete_spam,
        "bulk-assign": bulk_assign,
        "qualify-and-plan": qualify_and_plan,
        "revalue-lead": revalue,
        "label-lead": tag,
        "hand-over": hand_over,
        "qualify-if-worth": qualify_if_worth,
        "follow-up-if-allowed": follow_up_if_allowed,
        "same-owner": same_owner,
        "hand-over-firm": hand_over_firm,
        "value-of-firm": value_of_firm,
        "seats-of-firm": seats_of_firm,
        "next-follow-up": next_follow_up,
        "names-at-firm": names_at_firm,
    },
)
