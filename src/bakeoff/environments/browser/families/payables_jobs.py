"""Accounts payable: what there is to do, from one approval to clearing all that a supplier has sent."""

from __future__ import annotations

import random
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import colleagues, euros, listing, matching, of, other, pick, remove_double, several
from bakeoff.environments.browser.families.payables import (
    COMMENTS,
    ENTITIES,
    FIELDS,
    FORM_FIELDS,
    INVOICE,
    OPEN,
    OPERATIONS,
    ORDER,
    SUPPLIER,
    populate,
)  # fmt: skip
from bakeoff.environments.browser.schema import TODAY, Act, Answer, Family, Job, Record, State

SPOKEN = {
    "wrong-amount": "the amount is wrong",
    "not-ordered": "nobody ordered it",
    "damaged": "the goods were damaged",
    "duplicate": "it has been invoiced before",
    "operations": "operations",
    "marketing": "marketing",
    "facilities": "facilities",
    "it": "IT",
}
DIFFERS = "Amount differs from the order"


def what(rng: random.Random, record: Record) -> str:
    return rng.choice((f"{record['reference']} from {record['supplier']}", f"{record['reference']} ({record['supplier']})"))


def order_of(state: State, record: Record) -> int:
    """The order that an invoice names."""
    return next(key for key, order in of(state, ORDER).items() if order["reference"] == record["order_ref"])


def supplier_of(state: State, name: str) -> int:
    return next(key for key, record in of(state, SUPPLIER).items() if record["supplier"] == name)


def gap(state: State, key: int) -> int:
    """By how many cents an invoice differs from its order."""
    record = state.records[key]
    return abs(int(record["amount"]) - int(state.records[order_of(state, record)]["amount"]))


def invoice(rng: random.Random, state: State, *statuses: str, ordered: bool = False, payable: bool = False) -> int:
    def accept(record: Record) -> bool:
        return (not ordered or bool(record["order_ref"])) and (not payable or not blocked(state, record))

    return pick(rng, state, INVOICE, {"status": statuses} if statuses else {}, accept=accept)


def blocked(state: State, record: Record) -> bool:
    """Whether an invoice's supplier is blocked, so that nothing of it may be paid."""
    return bool(state.records[supplier_of(state, record["supplier"])]["supplier_status"] == "blocked")


def approve(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state, *OPEN)
    said = what(rng, state.records[key])
    text = rng.choice(
        (f"Approve the invoice {said}.", f"The invoice {said} is correct. Approve it.", f"Please give the invoice {said} your approval.")
    )
    return Job(text, (Act("approve", (key,)),))


def dispute(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state, "received", "approved", "escalated")
    said, reason = what(rng, state.records[key]), rng.choice(("wrong-amount", "not-ordered", "damaged", "duplicate"))
    text = rng.choice(
        (f"Dispute the invoice {said}, because {SPOKEN[reason]}.", f"The invoice {said} has to be disputed: {SPOKEN[reason]}.")
    )
    return Job(text, (Act("dispute", (key,), {"dispute": reason}),))


def escalate(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state, "received", "disputed")
    said, reason = what(rng, state.records[key]), rng.choice(COMMENTS)
    text = rng.choice((f'Escalate the invoice {said} with the reason "{reason}".', f'Escalate {said}. The reason is "{reason}".'))
    return Job(text, (Act("escalate", (key,), {"escalation": reason}),))


def schedule(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state, "approved", payable=True)
    day = people.later(rng, TODAY, 2, 60)
    said, spoken = what(rng, state.records[key]), people.spoken_day(rng, day)
    text = rng.choice(
        (
            f"Schedule the payment of the invoice {said} for {spoken}.",
            f"The approved invoice {said} shall be paid on {spoken}. Schedule it.",
        )
    )
    return Job(text, (Act("schedule", (key,), {"pay_on": day}),))


def assign(rng: random.Random, state: State) -> Job:
    chosen: list[int] = []
    while len(chosen) < 3:
        key = invoice(rng, state)
        if key not in chosen:
            chosen.append(key)
    user = other(rng, colleagues(state), *(state.records[key]["owner"] for key in chosen))
    said = people.spoken_list([f"{state.records[key]['reference']} ({state.records[key]['supplier']})" for key in chosen])
    text = rng.choice((f"Make {user} the approver of these invoices: {said}.", f"{user} takes over the invoices {said}. Assign each."))
    return Job(text, (Act("assign", tuple(chosen), {"owner": user}),))


def correct(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state)
    record = state.records[key]
    fresh: dict[str, Any] = {
        "amount": other(rng, [record["amount"] + cents for cents in (-4500, 1200, 25_000, 9900)], record["amount"]),
        "due": people.later(rng, TODAY, 5, 60),
        "email": people.email(rng, people.person(rng), record["supplier"]),
    }
    names = sorted(rng.sample([name for name in sorted(fresh) if fresh[name] != record[name]], rng.choice((1, 2))))
    spoken = {"amount": euros(fresh["amount"]), "due": people.spoken_day(rng, fresh["due"]), "email": fresh["email"]}
    said = people.spoken_list([f"the {next(item.said for item in FIELDS if item.name == name)} to {spoken[name]}" for name in names])
    values = {name: fresh[name] for name in names}
    if rng.random() < 0.4:
        values["paper"] = not record["paper"]
        said += f", and original received to {'yes' if values['paper'] else 'no'}"
    text = rng.choice((f"Correct the invoice {what(rng, record)}: set {said}.", f"On the invoice {what(rng, record)}, change {said}."))
    return Job(text, (Act("edit", (key,), values),))


def divide(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state, "received", "approved", "held", "escalated")
    record = state.records[key]
    number = other(rng, range(1, 13), record["instalments"])
    said = what(rng, record)
    text = rng.choice(
        (
            f"Set the instalments of the invoice {said} to {number}.",
            f"It was agreed with the supplier that the invoice {said} is paid in {number} instalments. Enter their number.",
        )
    )
    return Job(
        text.replace("in 1 instalments. Enter their number", "in 1 instalment. Enter that"),
        (Act("divide", (key,), {"instalments": number}),),
    )


def match_order(rng: random.Random, state: State) -> Job:
    """Reconcile two records: what is right depends on whether their amounts agree."""
    fits = rng.random() < 0.5
    found = [
        key
        for key in matching(state, INVOICE, {"status": ("received",)})
        if state.records[key]["order_ref"] and (gap(state, key) == 0) == fits
    ]
    key = rng.choice(found)
    record = state.records[key]
    said = what(rng, record)
    text = rng.choice(
        (
            f'Compare the invoice {said} with its order. If the amounts are equal, approve the invoice; if not, escalate it with the reason "{DIFFERS}".',
            f'Match the invoice {said} against the order it names: approve it when both amounts agree, otherwise escalate it, reason "{DIFFERS}".',
        )
    )
    act = Act("approve", (key,)) if fits else Act("escalate", (key,), {"escalation": DIFFERS})
    return Job(text, (act,), sources=(order_of(state, record),))


def approve_if_matched(rng: random.Random, state: State) -> Job:
    """Cannot be done for every invoice; saying by how much it is off is right then."""
    fits = rng.random() < 0.4
    found = [
        key
        for key in matching(state, INVOICE, {"status": ("received",)})
        if state.records[key]["order_ref"] and (gap(state, key) == 0) == fits
    ]
    key = rng.choice(found)
    record = state.records[key]
    text = (
        f"Approve the invoice {what(rng, record)}, provided that its amount equals that of its order. If it does not, approval is not possible: "
        "change nothing and finish with the difference in euros as the answer."
    )
    sources, act = (order_of(state, record), key), Act("approve", (key,))
    if fits:
        return Job(text, (act,), sources=sources[:1])
    order = state.records[sources[0]]["amount"]
    return Job(text, (), Answer("money", gap(state, key), (record["amount"], order, 0)), sources, (act,))


def owed(rng: random.Random, state: State) -> Job:
    name = _busy(rng, state, ("received",), 2)
    keys = [key for key, record in of(state, INVOICE).items() if record["supplier"] == name]
    mine = [key for key in keys if state.records[key]["status"] == "received"]
    total = sum(state.records[key]["amount"] for key in mine)
    wrong = {
        sum(state.records[key]["amount"] for key in keys),
        state.records[mine[0]]["amount"],
        max(state.records[key]["amount"] for key in keys),
    }
    text = rng.choice(
        (
            f"How much do the invoices from {name} that are merely received come to in total? Finish with the amount in euros as the answer.",
            f"Add up all invoices from {name} in the status received. Finish with the sum in euros as the answer.",
        )
    )
    return Job(text, (), Answer("money", total, tuple(sorted(wrong - {total}))), tuple(keys))


def latest_due(rng: random.Random, state: State) -> Job:
    name = _busy(rng, state, (), 3)
    keys = [key for key, record in of(state, INVOICE).items() if record["supplier"] == name]
    days = sorted({state.records[key]["due"] for key in keys})
    text = rng.choice(
        (
            f"Which is the latest due date of all invoices from {name}? Finish with that date as the answer.",
            f"When is the last of the invoices from {name} due? Finish with the date as the answer.",
        )
    )
    return Job(text, (), Answer("date", days[-1], tuple(days[:-1])), tuple(keys))


def who_ordered(rng: random.Random, state: State) -> Job:
    key = invoice(rng, state, ordered=True)
    record = state.records[key]
    order = order_of(state, record)
    owner = state.records[order]["owner"]
    text = f"Whose is the order behind the invoice {what(rng, record)}? Finish with the name of the order's approver as the answer."
    return Job(text, (), Answer("name", owner, tuple(name for name in colleagues(state) if name != owner)), (key, order))


def copy_cost_centre(rng: random.Random, state: State) -> Job:
    """A value is to be carried over from the order."""
    found = [
        key
        for key in matching(state, INVOICE, {})
        if state.records[key]["order_ref"]
        and state.records[key]["cost_centre"] != state.records[order_of(state, state.records[key])]["cost_centre"]
    ]
    key = rng.choice(found)
    order = order_of(state, state.records[key])
    said = what(rng, state.records[key])
    text = rng.choice(
        (
            f"Charge the invoice {said} to the same cost centre as its order.",
            f"Set the cost centre of the invoice {said} to that of the order it names.",
        )
    )
    return Job(text, (Act("code", (key,), {"cost_centre": state.records[order]["cost_centre"]}),), sources=(order,))


def enter_for_order(rng: random.Random, state: State) -> Job:
    """A new invoice, most of it from the order."""
    key = pick(rng, state, ORDER, {"order_status": ("open", "received")})
    order = state.records[key]
    paper, due = f"INV-{rng.randrange(10_200, 98_000)}", people.later(rng, TODAY, 10, 60)
    values = {
        "reference": paper,
        "supplier": order["supplier"],
        "email": order["email"],
        "order_ref": order["reference"],
        "amount": order["amount"],
        "due": due,
        "cost_centre": order["cost_centre"],
    }
    text = (
        f"Enter the invoice {paper} for the order {order['reference']}, due on {people.spoken_day(rng, due)}. Supplier, email address, amount and "
        "cost centre are those of the order."
    )
    return Job(text, (Act("create", (), values),), sources=(key,))


def receive_and_pay(rng: random.Random, state: State) -> Job:
    """Three operations on two records."""
    found = [
        key
        for key in matching(state, INVOICE, {"status": ("received",)})
        if state.records[key]["order_ref"]
        and state.records[order_of(state, state.records[key])]["order_status"] == "open"
        and not blocked(state, state.records[key])
    ]
    key = rng.choice(found) if found else invoice(rng, state, "received", payable=True)
    record, day = state.records[key], people.later(rng, TODAY, 3, 40)
    said, spoken = what(rng, record), people.spoken_day(rng, day)
    if not found:
        return Job(
            f"Approve the invoice {said} and schedule its payment for {spoken}.",
            (Act("approve", (key,)), Act("schedule", (key,), {"pay_on": day})),
        )
    order = order_of(state, record)
    text = f"The goods of the order {record['order_ref']} have come: mark it as received. Then approve the invoice {said} and schedule its payment for {spoken}."
    return Job(text, (Act("receive", (order,)), Act("approve", (key,)), Act("schedule", (key,), {"pay_on": day})))


def void_duplicate(rng: random.Random, state: State) -> Job:
    return remove_double(rng, state, INVOICE, lambda record: what(rng, record)) or correct(rng, state)


def change_account(rng: random.Random, state: State) -> Job:
    """A supplier's data change, and what it has sent is held meanwhile."""
    name = _busy(rng, state, ("approved", "scheduled"), 1)
    key = supplier_of(state, name)
    account = f"FR{rng.randrange(10, 99)} {rng.randrange(1000, 9999)} {rng.randrange(1000, 9999)}"
    mine = [k for k, r in of(state, INVOICE).items() if r["supplier"] == name and r["status"] in ("approved", "scheduled")]
    text = (
        f"{name} has a new bank account: {account}. Enter it with the supplier, and put every approved or scheduled invoice from {name} on hold "
        "until it is checked."
    )
    return Job(text, (Act("edit-supplier", (key,), {"account": account}), Act("hold", tuple(mine))))


def pay_run(rng: random.Random, state: State) -> Job:
    """A selection by what records hold: all approved invoices of a cost centre, or of all."""
    day = people.later(rng, TODAY, 2, 30)
    approved = [key for key, record in of(state, INVOICE).items() if record["status"] == "approved" and not blocked(state, record)]
    owner = rng.choice(sorted({state.records[key]["owner"] for key in approved}))
    mine = tuple(key for key in approved if state.records[key]["owner"] == owner)
    text = (
        f"Payment run: schedule every approved invoice whose approver is {owner} for payment on {people.spoken_day(rng, day)}. Leave out what comes from "
        "blocked suppliers; it cannot be paid."
    )
    return Job(text, (Act("schedule", mine, {"pay_on": day}),), sources=())


def pay_unless_blocked(rng: random.Random, state: State) -> Job:
    """Cannot be done where the supplier is blocked; its city is wanted then, which stands with the supplier."""
    stopped = [key for key in matching(state, INVOICE, {"status": ("approved",)}) if blocked(state, state.records[key])]
    key = rng.choice(stopped) if stopped and rng.random() < 0.6 else invoice(rng, state, "approved", payable=True)
    record, day = state.records[key], people.later(rng, TODAY, 2, 60)
    source = supplier_of(state, record["supplier"])
    text = (
        f"Schedule the payment of the invoice {what(rng, record)} for {people.spoken_day(rng, day)}, unless its supplier is blocked. If it is, payment is not "
        "possible: change nothing and finish with the city of the supplier as the answer."
    )
    act = Act("schedule", (key,), {"pay_on": day})
    if not blocked(state, record):
        return Job(text, (act,), sources=(source,))
    city = state.records[source]["city"]
    wrong = tuple(item["city"] for item in of(state, SUPPLIER).values() if item["city"] != city)[:3]
    return Job(text, (), Answer("text", city, wrong), (source,), (Act("hold", (key,)),))


def count_received(rng: random.Random, state: State) -> Job:
    name = _busy(rng, state, ("received",), 2)
    keys = [key for key, record in of(state, INVOICE).items() if record["supplier"] == name]
    number = sum(state.records[key]["status"] == "received" for key in keys)
    text = f"How many invoices from {name} are still in the status received? Finish with the number as the answer."
    return Job(text, (), Answer("number", number, tuple({len(keys), 0, number + 2} - {number})), tuple(keys))


def invoices_for_order(rng: random.Random, state: State) -> Job:
    def listed(record: Record) -> bool:
        return [item["reference"] for item in of(state, INVOICE).values()].count(record["reference"]) == 1

    order = rng.choice(several(state, INVOICE, "order_ref", 2, 3, listed))
    keys = [key for key, record in of(state, INVOICE).items() if record["order_ref"] == order]
    keys = list({state.records[key]["reference"]: key for key in keys}.values())
    text = f"Which invoices name the order {order}? Finish with their numbers, separated by commas, as the answer."
    return listing(text, state, keys, "reference", of(state, INVOICE))


def clear_supplier(rng: random.Random, state: State) -> Job:
    """All that one supplier has sent: approve what matches, escalate what does not."""
    suppliers = sorted({record["supplier"] for record in of(state, INVOICE).values()})
    piles = {
        name: [k for k in matching(state, INVOICE, {"status": ("received",), "supplier": (name,)}) if state.records[k]["order_ref"]]
        for name in suppliers
    }
    most = max(len(keys) for keys in piles.values())
    name = rng.choice([name for name in suppliers if len(piles[name]) >= min(2, most)])
    keys = piles[name]
    everything = [k for k, r in of(state, INVOICE).items() if r["supplier"] == name and r["status"] == "received"]
    if set(keys) != set(everything):
        said = people.spoken_list([state.records[key]["reference"] for key in keys])
        scope = f"the invoices {said} from {name}"
    else:
        scope = f"every invoice from {name} that is merely received"
    text = (
        f'Go through {scope}. Approve those whose amount equals that of their order, and escalate the others with the reason "{DIFFERS}".'
    )
    acts = tuple(Act("approve", (key,)) if gap(state, key) == 0 else Act("escalate", (key,), {"escalation": DIFFERS}) for key in keys)
    return Job(text, acts, sources=tuple(dict.fromkeys(order_of(state, state.records[key]) for key in keys)))


def _busy(rng: random.Random, state: State, statuses: tuple[str, ...], least: int) -> str:
    """A supplier with several invoices of these statuses; with fewer where there is none."""
    names = [record["supplier"] for record in of(state, INVOICE).values() if not statuses or record["status"] in statuses]
    enough = min(least, max(names.count(name) for name in names))
    return rng.choice(sorted({name for name in names if names.count(name) >= enough}))


PAYABLES = Family(
    name="payables",
    entities=ENTITIES,
    fields=FIELDS,
    form_fields=FORM_FIELDS,
    operations=OPERATIONS,
    populate=populate,
    templates={
        "approve-invoice": approve,
        "dispute-invoice": dispute,
        "escalate-invoice": escalate,
        "schedule-payment": schedule,
        "assign-invoices": assign,
        "correct-invoice": correct,
        "agree-instalments": divide,
        "match-order": match_order,
        "approve-if-matched": approve_if_matched,
        "total-owed": owed,
        "latest-due-date": latest_due,
        "who-ordered": who_ordered,
        "copy-cost-centre": copy_cost_centre,
        "enter-for-order": enter_for_order,
        "receive-and-pay": receive_and_pay,
        "void-duplicate": void_duplicate,
        "change-account": change_account,
        "payment-run": pay_run,
        "pay-unless-blocked": pay_unless_blocked,
        "count-received": count_received,
        "invoices-for-order": invoices_for_order,
        "clear-supplier": clear_supplier,
    },
)
