"""Shop back office: what there is to do, from one parcel to a day's returns."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import (
    adding_up,
    colleagues,
    euros,
    exact_labels,
    listing,
    matching,
    of,
    other,
    pick,
    remove_double,
    several,
    spread,
)
from bakeoff.environments.browser.families.shop import (
    ENTITIES,
    FIELDS,
    FORM_FIELDS,
    OPERATIONS,
    ORDER,
    PRODUCT,
    REMARKS,
    RETURN,
    STREETS,
    populate,
    tracking_number,
)
from bakeoff.environments.browser.schema import TODAY, Act, Answer, Family, Job, Record, State

SPOKEN = {
    "customer-wish": "the customer wishes so",
    "out-of-stock": "the goods are out of stock",
    "fraud": "it is a case of fraud",
    "too-late": "it came too late",
    "worn": "the goods are worn",
    "not-ours": "the goods are not ours",
}
CANCELLING = ("customer-wish", "out-of-stock", "fraud")


def what(rng: random.Random, record: Record) -> str:
    return rng.choice((f"{record['reference']} of {record['customer']}", f"{record['reference']} ({record['customer']})"))


def goods(record: Record) -> str:
    return f"'{record['product']}' ({record['sku']})"


def order(rng: random.Random, state: State, *statuses: str, left: int = 0) -> int:
    """An order in one of these statuses of whose total at least `left` percent have not been refunded."""
    wanted: dict[str, Collection[Any]] = {"status": statuses} if statuses else {}
    return pick(rng, state, ORDER, wanted, accept=lambda record: (record["total"] - record["refunded"]) * 100 >= left * record["total"])


def pack(rng: random.Random, state: State) -> Job:
    keys = spread(rng, matching(state, ORDER, {"status": ("paid",)}), 2, 3)
    said = people.spoken_list([f"{state.records[key]['reference']} ({state.records[key]['customer']})" for key in keys])
    text = rng.choice((f"Mark these orders as packed: {said}.", f"The orders {said} are packed. Record that."))
    return Job(text, (Act("pack", tuple(keys)),))


def ship(rng: random.Random, state: State) -> Job:
    key, number = order(rng, state, "packed"), tracking_number(rng)
    said = what(rng, state.records[key])
    text = rng.choice(
        (
            f"Ship the order {said} with the tracking number {number}.",
            f"The order {said} has left the house, tracking number {number}. Mark it as shipped.",
        )
    )
    return Job(text, (Act("ship", (key,), {"tracking": number}),))


def pack_and_ship(rng: random.Random, state: State) -> Job:
    key, number = order(rng, state, "paid"), tracking_number(rng)
    text = f"Pack the order {what(rng, state.records[key])}, then ship it with the tracking number {number}."
    return Job(text, (Act("pack", (key,)), Act("ship", (key,), {"tracking": number})))


def cancel(rng: random.Random, state: State) -> Job:
    key, reason = order(rng, state, "paid", "packed"), rng.choice(CANCELLING)
    said = what(rng, state.records[key])
    text = rng.choice((f"Cancel the order {said}, because {SPOKEN[reason]}.", f"The order {said} is to be cancelled: {SPOKEN[reason]}."))
    return Job(text, (Act("cancel", (key,), {"cancelling": reason}),))


def cancel_unless_sent(rng: random.Random, state: State) -> Job:
    """Cannot be done once the parcel has left; the tracking number is wanted then."""
    reason = "customer-wish"
    key = order(rng, state, *(("paid", "packed") if rng.random() < 0.4 else ("shipped",)))
    record = state.records[key]
    text = (
        f"Cancel the order {what(rng, record)} with the reason that {SPOKEN[reason]}, provided that it has not been shipped. If it has, cancelling "
        "is not possible: change nothing and finish with its tracking number as the answer."
    )
    act = Act("cancel", (key,), {"cancelling": reason})
    if record["status"] != "shipped":
        return Job(text, (act,))
    wrong = tuple(item["tracking"] for item in of(state, ORDER).values() if item["tracking"] not in ("", record["tracking"]))[:3]
    return Job(
        text,
        (),
        Answer("text", record["tracking"], wrong),
        (key,),
        (Act("comment", (key,), {"note_kind": "remark", "note_text": "cancelled"}),),
    )


def refund_rest(rng: random.Random, state: State) -> Job:
    """The amount has to be read: what was paid, less what went back already."""
    key = pick(rng, state, ORDER, {"status": ("shipped", "cancelled")}, accept=lambda record: record["refunded"] < record["total"])
    record = state.records[key]
    left = record["total"] - record["refunded"]
    said = what(rng, record)
    text = rng.choice(
        (
            f"Refund the order {said} in full; what has been refunded before counts.",
            f"Pay back to the customer all of the order {said} that has not been refunded yet.",
        )
    )
    return Job(text, (Act("refund", (key,), {"refund": left}),), sources=(key,))


def refund_share(rng: random.Random, state: State) -> Job:
    key = order(rng, state, "shipped", left=40)
    record, share = state.records[key], rng.choice((10, 20, 40))
    text = rng.choice(
        (
            f"Refund {share} % of the total of the order {what(rng, record)}.",
            f"As an apology, the customer of the order {what(rng, record)} gets {share} % of its total back. Refund it.",
        )
    )
    return Job(text, (Act("refund", (key,), {"refund": record["total"] * share // 100}),), sources=(key,))


def refund_amount(rng: random.Random, state: State) -> Job:
    key = order(rng, state, "shipped", "paid", left=40)
    record = state.records[key]
    cents = rng.randrange(100, (record["total"] - record["refunded"]) // 2)
    cents -= cents % 5
    said = what(rng, state.records[key])
    text = rng.choice((f"Refund {euros(cents)} on the order {said}.", f"Give the customer of the order {said} {euros(cents)} back."))
    return Job(text, (Act("refund", (key,), {"refund": cents}),))


def change_address(rng: random.Random, state: State) -> Job:
    key = order(rng, state, "paid", "packed")
    record = state.records[key]
    address = f"{rng.choice([street for street in STREETS if street not in record['address']])} {rng.randrange(1, 140)}"
    values: dict[str, object] = {"address": address}
    said = f"the address to {address}"
    if rng.random() < 0.5:
        values["gift"] = not record["gift"]
        said += " and gift wrap to " + ("yes" if values["gift"] else "no")
    text = rng.choice((f"For the order {what(rng, record)}, change {said}.", f"Correct the order {what(rng, record)}: set {said}."))
    return Job(text, (Act("edit", (key,), values),))


def reprice(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, PRODUCT, {})
    record = state.records[key]
    cents = other(rng, [record["price"] + step for step in (-150, 50, 200, 450, 990)], record["price"])
    text = rng.choice(
        (
            f"Set the price of the product {goods(record)} to {euros(cents)}.",
            f"The product {goods(record)} now costs {euros(cents)}. Change its price.",
        )
    )
    return Job(text, (Act("reprice", (key,), {"price": cents}),))


def reduce_category(rng: random.Random, state: State) -> Job:
    """A selection by what records hold, with a calculation for each."""
    piles = {
        name: [k for k, r in of(state, PRODUCT).items() if r["category"] == name and r["product_status"] == "listed"]
        for name in ("kitchen", "garden", "office", "sport")
    }
    name = rng.choice([name for name, keys in piles.items() if len(keys) == min((len(pile) for pile in piles.values() if pile), default=0)])
    share = rng.choice((10, 20))
    keys = piles[name]
    text = f"Sale: reduce the price of every listed product in the category {name} by {share} %."
    return Job(
        text, tuple(Act("reprice", (key,), {"price": state.records[key]["price"] * (100 - share) // 100}) for key in keys), sources=()
    )


def take_delivery(rng: random.Random, state: State) -> Job:
    key, pieces = pick(rng, state, PRODUCT, {}), rng.randrange(3, 38)
    said = goods(state.records[key])
    text = rng.choice(
        (f"{pieces} pieces of the product {said} were delivered. Enter the delivery.", f"Book a delivery of {pieces} pieces of {said}.")
    )
    return Job(text, (Act("deliver", (key,), {"pieces": pieces}),))


def count(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, PRODUCT, {})
    record = state.records[key]
    number = other(rng, [max(0, record["stock"] + step) for step in (-3, -1, 2, 7, 40)], record["stock"])
    text = rng.choice(
        (
            f"Stocktaking: of the product {goods(record)} there are {number} pieces. Correct the stock.",
            f"Set the stock of the product {goods(record)} to {number}.",
        )
    )
    return Job(text, (Act("count", (key,), {"stock": number}),))


def same_level(rng: random.Random, state: State) -> Job:
    """A value is to be carried over from another record."""
    key = pick(rng, state, PRODUCT, {})
    source = rng.choice([k for k in matching(state, PRODUCT, {}) if state.records[k]["reorder"] != state.records[key]["reorder"]])
    text = f"Give the product {goods(state.records[key])} the same reorder level as {goods(state.records[source])}."
    return Job(text, (Act("level", (key,), {"reorder": state.records[source]["reorder"]}),), sources=(source,))


def hide_empty(rng: random.Random, state: State) -> Job:
    keys = tuple(key for key, record in of(state, PRODUCT).items() if record["product_status"] == "listed" and record["stock"] == 0)
    text = rng.choice(
        (
            "Hide every listed product of which nothing is in stock.",
            "Products that are listed but out of stock annoy customers. Hide all of them.",
        )
    )
    said = rng.choice(("", f" ({len(keys)} should be found.)"))
    return Job(text + said, (Act("hide", keys),))


def label(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, PRODUCT, {})
    record = state.records[key]
    wanted = exact_labels(rng, ("new", "sale", "fragile", "bulky"), record["tags"])
    said = people.spoken_list([f"'{value}'" for value in wanted])
    return Job(f"The product {goods(record)} should carry exactly these labels: {said}.", (Act("tag", (key,), {"tags": wanted}),))


def stock_value(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, PRODUCT, {}, accept=lambda record: record["stock"] > 20)
    record = state.records[key]
    total = record["stock"] * record["price"]
    text = f"What is the stock of the product {goods(record)} worth at its price? Finish with the amount in euros as the answer."
    return Job(text, (), Answer("money", total, (record["price"], record["stock"] * 100, total * 10)), (key,))


def spent(rng: random.Random, state: State) -> Job:
    names = [record["customer"] for record in of(state, ORDER).values()]
    name = rng.choice(sorted({name for name in names if names.count(name) > 1}))
    keys = [key for key, record in of(state, ORDER).items() if record["customer"] == name]
    valid = [key for key in keys if state.records[key]["status"] != "cancelled"]
    total = sum(state.records[key]["total"] for key in valid)
    wrong = {sum(state.records[key]["total"] for key in keys), *(state.records[key]["total"] for key in keys), 0} - {total}
    text = f"How much has {name} ordered for in all, cancelled orders left out? Finish with the sum of the totals in euros as the answer."
    return Job(text, (), Answer("money", total, tuple(sorted(wrong))), tuple(keys))


def return_and_refund(rng: random.Random, state: State) -> Job:
    """Two records: a return comes in, and its order is paid back."""
    key = pick(rng, state, RETURN, {"return_status": ("announced",)}, accept=lambda record: _refundable(state, record))
    record = state.records[key]
    target = next(k for k, r in of(state, ORDER).items() if r["reference"] == record["order_ref"])
    sold = state.records[target]
    cents = record["quantity"] * (sold["total"] // sold["quantity"])
    condition = rng.choice(("unopened", "used"))
    text = (
        f"The return {what(rng, record)} has come, {condition}. Mark it as received in that condition and accept it. Then refund the returned quantity "
        f"on the order it belongs to: {record['quantity']} of {sold['quantity']} pieces, at the same share of the order's total."
    )
    acts = (Act("receive", (key,), {"condition": condition}), Act("accept", (key,)), Act("refund", (target,), {"refund": cents}))
    return Job(text, acts, sources=(target,))


def _refundable(state: State, record: Record) -> bool:
    """Whether only one order has the number that a return names, and enough of it is left to pay for what comes back."""
    found = [order for order in of(state, ORDER).values() if order["reference"] == record["order_ref"]]
    return len(found) == 1 and record["quantity"] * (found[0]["total"] // found[0]["quantity"]) <= found[0]["total"] - found[0]["refunded"]


def days_returns(rng: random.Random, state: State) -> Job:
    """A pile of returns, each to be received and then decided upon."""
    keys = spread(rng, matching(state, RETURN, {"return_status": ("announced",)}), 2, 3)
    acts: list[Act] = []
    told = []
    for key in keys:
        condition = rng.choice(("unopened", "used", "damaged"))
        record = state.records[key]
        told.append(f"{record['reference']} ({record['customer']}) {condition}")
        acts.append(Act("receive", (key,), {"condition": condition}))
        acts.append(Act("reject", (key,), {"rejection": "worn"}) if condition == "damaged" else Act("accept", (key,)))
    text = (
        f"These returns have come: {people.spoken_list(told)}. Mark each as received in its condition. Then accept them, but reject what is damaged "
        f"with the reason that {SPOKEN['worn']}."
    )
    return Job(text, tuple(acts))


def void_double(rng: random.Random, state: State) -> Job:
    return remove_double(rng, state, ORDER, lambda record: what(rng, record)) or refund_amount(rng, state)


def remark(rng: random.Random, state: State) -> Job:
    key, words, user = order(rng, state), rng.choice(REMARKS), ""
    record = state.records[key]
    user = other(rng, colleagues(state), record["owner"])
    text = f'Put {user} in charge of the order {what(rng, record)} and add a remark to it: "{words}".'
    return Job(text, (Act("assign", (key,), {"owner": user}), Act("comment", (key,), {"note_kind": "remark", "note_text": words})))


def promise(rng: random.Random, state: State) -> Job:
    key = order(rng, state, "paid", "packed")
    record, day = state.records[key], people.later(rng, TODAY, 4, 45)
    while day == record["promised"]:
        day = people.later(rng, TODAY, 4, 45)
    said = what(rng, record)
    text = rng.choice(
        (
            f"The order {said} will arrive on {people.spoken_day(rng, day)}. Change its delivery date.",
            f"Set the delivery date of the order {said} to {people.spoken_day(rng, day)}.",
        )
    )
    return Job(text, (Act("promise", (key,), {"promised": day}),))


def refund_if_possible(rng: random.Random, state: State) -> Job:
    """Cannot be done where less is left; what is left is wanted then."""
    key = order(rng, state, "shipped", left=1)
    record = state.records[key]
    left = record["total"] - record["refunded"]
    cents = left + rng.randrange(1, 90) * 50 * (1 if rng.random() < 0.6 else -1)
    cents = cents if cents > 0 else left
    text = (
        f"Refund {euros(cents)} on the order {what(rng, record)}. No more than its total may ever be refunded on an order: if that is too much, it is not "
        "possible. Then change nothing and finish with the amount in euros that could still be refunded as the answer."
    )
    act = Act("refund", (key,), {"refund": cents})
    if cents <= left:
        return Job(text, (act,), sources=(key,))
    return Job(text, (), Answer("money", left, tuple({cents, cents - left, record["total"] + 5} - {left})), (key,), (act.but(refund=left),))


def last_delivery(rng: random.Random, state: State) -> Job:
    name = rng.choice(several(state, ORDER, "customer", 2, 4))
    keys = [key for key, record in of(state, ORDER).items() if record["customer"] == name]
    days = sorted({state.records[key]["promised"] for key in keys})
    text = f"Which is the latest delivery date of all orders of {name}? Finish with that date as the answer."
    return Job(text, (), Answer("date", days[-1], tuple(days[:-1])), tuple(keys))


def pieces_sold(rng: random.Random, state: State) -> Job:
    sku = rng.choice(several(state, ORDER, "sku", 2, 4))
    keys = [key for key, record in of(state, ORDER).items() if record["sku"] == sku]
    sold = [key for key in keys if state.records[key]["status"] != "cancelled"]
    text = (
        f"How many pieces of the article {sku} have been ordered in all, cancelled orders left out? Finish with the number as the answer."
    )
    job = adding_up(text, state, sold or keys, "quantity", "number", [key for key in keys if key not in sold])
    return job if sold else Job(text, (), Answer("number", 0, (1, sum(state.records[key]["quantity"] for key in keys))), tuple(keys))


def to_reorder(rng: random.Random, state: State) -> Job:
    low = [key for key, record in of(state, PRODUCT).items() if record["stock"] < record["reorder"]]
    category = rng.choice(sorted({state.records[key]["category"] for key in low}))
    shelf = [key for key, record in of(state, PRODUCT).items() if record["category"] == category]
    keys = [key for key in low if key in shelf]
    text = (
        f"Which articles of the category {category} must be ordered again, because their stock is below the reorder level? Finish with their article "
        "numbers, separated by commas, as the answer."
    )
    return listing(text, state, keys, "sku", shelf, shelf)


SHOP = Family(
    name="shop",
    entities=ENTITIES,
    fields=FIELDS,
    form_fields=FORM_FIELDS,
    operations=OPERATIONS,
    populate=populate,
    templates={
        "pack-orders": pack,
        "ship-order": ship,
        "pack-and-ship": pack_and_ship,
        "cancel-order": cancel,
        "cancel-unless-sent": cancel_unless_sent,
        "refund-rest": refund_rest,
        "refund-share": refund_share,
        "refund-amount": refund_amount,
        "change-address": change_address,
        "reprice-product": reprice,
        "reduce-category": reduce_category,
        "take-delivery": take_delivery,
        "count-stock": count,
        "same-reorder-level": same_level,
        "hide-empty": hide_empty,
        "label-product": label,
        "stock-value": stock_value,
        "customer-total": spent,
        "return-and-refund": return_and_refund,
        "days-returns": days_returns,
        "void-double": void_double,
        "hand-over-order": remark,
        "promise-delivery": promise,
        "refund-if-possible": refund_if_possible,
        "last-delivery": last_delivery,
        "pieces-sold": pieces_sold,
        "to-reorder": to_reorder,
    },
)
