"""Shop back office: orders are packed, sent, cancelled and refunded, goods priced and counted, returns taken in.

Stock follows what happens to orders and returns: a cancelled order and an accepted unopened return go back on the shelf by themselves. What
there is to do is in `shop_jobs.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import blank, stored
from bakeoff.environments.browser.schema import TODAY, Entity, Field, Objection, Operation, Record, State

FIELDS = (
    Field("entity", "entity", "sort of record", ("order", "product", "return")),
    Field("reference", "text", "number"),
    Field("customer", "name", "customer"),
    Field("email", "text", "email address"),
    Field("product", "text", "product"),
    Field("sku", "text", "article number"),
    Field("quantity", "number", "quantity", most=40),
    Field("total", "money", "total"),
    Field("refunded", "money", "amount refunded"),
    Field("status", "choice", "status", ("paid", "packed", "shipped", "cancelled")),
    Field("tracking", "text", "tracking number"),
    Field("address", "text", "address"),
    Field("gift", "flag", "gift wrap"),
    Field("promised", "date", "delivery date", future=True),
    Field("cancelling", "choice", "reason of the cancellation", ("customer-wish", "out-of-stock", "fraud"), blank=True),
    Field("owner", "user", "person in charge"),
    Field("order_ref", "text", "order number"),
    Field("price", "money", "price"),
    Field("stock", "number", "stock"),
    Field("reorder", "number", "reorder level", most=40),
    Field("shelf", "text", "shelf"),
    Field("category", "choice", "category", ("kitchen", "garden", "office", "sport")),
    Field("tags", "tags", "labels", ("new", "sale", "fragile", "bulky")),
    Field("product_status", "choice", "status", ("listed", "hidden", "discontinued")),
    Field("condition", "choice", "condition", ("unopened", "used", "damaged"), blank=True),
    Field("rejection", "choice", "reason of the rejection", ("too-late", "worn", "not-ours"), blank=True),
    Field("return_status", "choice", "status", ("announced", "received", "accepted", "rejected")),
)

FORM_FIELDS = (
    Field("refund", "money", "amount to refund"),
    Field("pieces", "number", "pieces", most=40),
    Field("note_kind", "choice", "kind", ("call", "letter", "remark")),
    Field("note_text", "long", "text"),
)

ORDER = Entity(
    "order",
    "order",
    (
        "reference", "customer", "email", "product", "sku", "quantity", "total", "refunded", "status", "tracking", "address", "gift",
        "promised", "cancelling", "owner",
    ),
    "status",
    ("customer", "status", "total", "product", "quantity", "owner", "promised", "tracking"),
    "email",
)  # fmt: skip
PRODUCT = Entity(
    "product",
    "product",
    ("product", "sku", "price", "stock", "reorder", "shelf", "category", "tags", "product_status"),
    "product_status",
    ("sku", "price", "stock", "product_status", "category", "shelf"),
    "shelf",
)
RETURN = Entity(
    "return",
    "return",
    ("reference", "customer", "email", "order_ref", "sku", "quantity", "condition", "rejection", "return_status"),
    "return_status",
    ("customer", "return_status", "order_ref", "sku", "quantity", "condition"),
    "email",
)
ENTITIES = (ORDER, PRODUCT, RETURN)

Records = Mapping[int, Record]
Changes = Mapping[int, Mapping[str, Any]]


def _on_the_shelf(records: Records, sku: str, pieces: int) -> Changes:
    """More pieces of an article in stock; of one that is not kept, nothing changes."""
    found = [key for key, record in records.items() if record["entity"] == "product" and record["sku"] == sku]
    return {key: {"stock": records[key]["stock"] + pieces} for key in found[:1]}


def _cancelled(records: Records, key: int, values: Mapping[str, Any]) -> Changes:
    return _on_the_shelf(records, records[key]["sku"], records[key]["quantity"])


def _refunded(records: Records, key: int, values: Mapping[str, Any]) -> Changes:
    return {key: {"refunded": records[key]["refunded"] + values["refund"]}}


def _delivered(records: Records, key: int, values: Mapping[str, Any]) -> Changes:
    return {key: {"stock": records[key]["stock"] + values["pieces"]}}


def _accepted(records: Records, key: int, values: Mapping[str, Any]) -> Changes:
    record = records[key]
    return _on_the_shelf(records, record["sku"], record["quantity"]) if record["condition"] == "unopened" else {}


def _left_to_refund(records: Records, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """Nobody gets back more than was paid."""
    record = records[key or 0]
    left = record["total"] - record["refunded"]
    return Objection("refund", "at-most", left) if values["refund"] > left else None


def _own_parcel(records: Records, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """A tracking number belongs to one parcel."""
    taken = any(other != key and record["tracking"] == values["tracking"] for other, record in records.items())
    return Objection("tracking", "exists", values["tracking"]) if taken else None


def _article_kept(records: Records, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """What is sold is an article of ours, and there is enough of it."""
    stock = next((record["stock"] for record in records.values() if record["entity"] == "product" and record["sku"] == values["sku"]), None)
    if stock is None:
        return Objection("sku", "not-known", values["sku"])
    return Objection("quantity", "at-most", stock) if values["quantity"] > stock else None


def _no_more_than_sold(records: Records, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """A return holds no more pieces than its order."""
    sold = [
        record["quantity"] for record in records.values() if record["entity"] == "order" and record["reference"] == values.get("order_ref")
    ]
    changed = key is None or values["quantity"] != records[key]["quantity"]
    return Objection("quantity", "at-most", max(sold)) if changed and sold and values["quantity"] > max(sold) else None


OPERATIONS = (
    Operation("edit", "edit", ("customer", "email", "address", "gift"), ("customer", "address")),
    Operation("pack", "verb", sets={"status": "packed"}, when=("paid",), bulk=True),
    Operation("ship", "verb", ("tracking",), ("tracking",), {"status": "shipped"}, ("packed",), rule=_own_parcel),
    Operation("promise", "verb", ("promised",), ("promised",), when=("paid", "packed"), bulk=True),
    Operation("cancel", "verb", ("cancelling",), ("cancelling",), {"status": "cancelled"}, ("paid", "packed"), effect=_cancelled),
    Operation("refund", "verb", ("refund",), ("refund",), effect=_refunded, rule=_left_to_refund),
    Operation("assign", "verb", ("owner",), ("owner",), bulk=True, foldable=True),
    Operation("comment", "note", ("note_kind", "note_text"), ("note_kind", "note_text")),
    Operation("delete", "delete", bulk=True),
    Operation(
        "create",
        "create",
        ("reference", "customer", "email", "product", "sku", "quantity", "total", "address"),
        ("reference", "customer", "sku", "quantity"),
        rule=_article_kept,
    ),
    Operation("edit-product", "edit", ("product", "sku", "shelf", "category"), ("product", "sku"), entity="product"),
    Operation("reprice", "verb", ("price",), ("price",), foldable=True, entity="product"),
    Operation("count", "verb", ("stock",), entity="product"),
    Operation("deliver", "verb", ("pieces",), ("pieces",), entity="product", effect=_delivered),
    Operation("level", "verb", ("reorder",), ("reorder",), foldable=True, entity="product"),
    Operation("tag", "verb", ("tags",), foldable=True, entity="product"),
    Operation("list", "verb", sets={"product_status": "listed"}, when=("hidden",), entity="product", bulk=True),
    Operation("hide", "verb", sets={"product_status": "hidden"}, when=("listed",), entity="product", bulk=True),
    Operation("discontinue", "verb", sets={"product_status": "discontinued"}, when=("listed", "hidden"), entity="product"),
    Operation(
        "edit-return", "edit", ("customer", "email", "order_ref", "quantity"), ("customer",), entity="return", rule=_no_more_than_sold
    ),
    Operation("receive", "verb", ("condition",), ("condition",), {"return_status": "received"}, ("announced",), entity="return"),
    Operation("accept", "verb", sets={"return_status": "accepted"}, when=("received",), entity="return", effect=_accepted),
    Operation("reject", "verb", ("rejection",), ("rejection",), {"return_status": "rejected"}, ("received",), entity="return"),
)

GOODS = {
    "kitchen": ("Copper kettle", "Oak board", "Steel ladle", "Glass jar set", "Tea strainer"),
    "garden": ("Pruning shears", "Watering can", "Seed tray", "Hand rake", "Bird bath"),
    "office": ("Desk lamp", "Letter tray", "Cork board", "Cable box", "Paper stand"),
    "sport": ("Skipping rope", "Yoga mat", "Hand weight", "Water bottle", "Ankle band"),
}
COLOURS = ("blue", "green", "large", "small", "matt", "classic")
STREETS = ("Mill Lane", "Harbour Road", "Rue Haute", "Lindenweg", "Via Roma", "Church Street", "Quai Nord", "Calle Mayor")
REMARKS = (
    "Customer asks for delivery in the evening",
    "Parcel was left with the neighbour",
    "Wants the bill by post",
    "Will pick the goods up at the counter",
    "Box was dented when it came",
    "Second address is the right one",
)


def populate(rng: random.Random, users: tuple[tuple[str, str], ...]) -> State:
    """18 products (some of the same name in two makes), 26 orders (customers with several), two pairs of them entered twice, 10 returns."""
    records: list[Record] = []
    products: list[Record] = []
    for category in GOODS:
        for index, name in enumerate(rng.sample(GOODS[category], 4)):
            make = rng.choice(COLOURS)
            products.append(_product(rng, f"{name}, {make}", category))
            if index == 0 and category in ("kitchen", "garden"):
                products.append(_product(rng, f"{name}, {make}", category))
    for empty in rng.sample(range(len(products)), 3):
        products[empty] |= {"stock": 0, "product_status": "listed"}
    customers = people.people(rng, 15)
    numbers = rng.sample(range(10_100, 98_000), 26)
    orders = [_order(rng, f"S-{number}", customers[index % 15], rng.choice(products), index, users) for index, number in enumerate(numbers)]
    for position in rng.sample(range(24), 2):
        first = orders[position]
        product = next(item for item in products if item["sku"] == first["sku"])
        orders.append(_order(rng, first["reference"], first["customer"], product, 0, users))
    sent = [order for order in orders if order["status"] == "shipped"]
    for index, (order, number) in enumerate(zip(rng.sample(sent, min(10, len(sent))), rng.sample(range(300, 990), 10), strict=False)):
        records.append(_return(rng, f"R-{number}", order, index))
    records += products + orders
    return stored(rng, records, users, (201, 7000), ORDER, 10, ("call", "letter", "remark"), REMARKS)


def _product(rng: random.Random, name: str, category: str) -> Record:
    return blank(
        FIELDS,
        PRODUCT,
        product=name,
        sku=f"{category[:2].upper()}-{rng.randrange(1000, 9999)}",
        price=rng.randrange(4, 120) * 100 + rng.choice((0, 50)),
        stock=rng.randrange(2, 390),
        reorder=rng.randrange(2, 39),
        shelf=f"{rng.choice('ABCDEF')}-{rng.randrange(10, 99)}",
        category=category,
        tags=tuple(sorted(rng.sample(("new", "sale", "fragile", "bulky"), rng.choice((0, 0, 1, 2))))),
        product_status=rng.choice(("listed", "listed", "listed", "hidden", "discontinued")),
    )


def _order(rng: random.Random, reference: str, customer: str, product: Record, index: int, users: tuple[tuple[str, str], ...]) -> Record:
    status = ("paid", "paid", "packed", "shipped", "shipped", "shipped", "cancelled")[index % 7]
    quantity = rng.randrange(1, 9)
    total = quantity * product["price"]
    return blank(
        FIELDS,
        ORDER,
        reference=reference,
        customer=customer,
        email=people.email(rng, customer, rng.choice(("webmail", "postbox", "inbox"))),
        product=product["product"],
        sku=product["sku"],
        quantity=quantity,
        total=total,
        refunded=total // 2 if status == "shipped" and rng.random() < 0.15 else 0,
        status=status,
        tracking=tracking_number(rng) if status == "shipped" else "",
        address=f"{rng.choice(STREETS)} {rng.randrange(1, 140)}",
        gift=rng.random() < 0.2,
        promised=people.later(rng, TODAY, 2, 30) if status in ("paid", "packed") else people.later(rng, TODAY, -40, -2),
        cancelling=rng.choice(("customer-wish", "out-of-stock", "fraud")) if status == "cancelled" else "",
        owner=rng.choice(users)[0],
    )


def tracking_number(rng: random.Random) -> str:
    return f"{rng.choice('JKLMT')}{rng.randrange(100, 999)} {rng.randrange(1000, 9999)} {rng.randrange(10, 99)}"


def _return(rng: random.Random, reference: str, order: Record, index: int) -> Record:
    status = ("announced", "announced", "announced", "received", "received", "accepted", "rejected")[index % 7]
    return blank(
        FIELDS,
        RETURN,
        reference=reference,
        customer=order["customer"],
        email=order["email"],
        order_ref=order["reference"],
        sku=order["sku"],
        quantity=rng.randrange(1, order["quantity"] + 1),
        condition="" if status == "announced" else rng.choice(("unopened", "used", "damaged")),
        rejection=rng.choice(("too-late", "worn", "not-ours")) if status == "rejected" else "",
        return_status=status,
    )
