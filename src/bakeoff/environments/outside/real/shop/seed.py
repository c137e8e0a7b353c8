"""Fills the shop with goods, stock, customers, orders, reviews and vouchers."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model

GOODS = {
    "Coffee": ["House blend", "Night roast", "Decaf beans", "Cold brew kit", "Paper filters", "Hand grinder"],
    "Tea": ["Smoked black", "Mint leaves", "White needles", "Clay pot", "Tin caddy", "Ginger root"],
    "Tableware": ["Blue bowl", "Oak board", "Linen napkin", "Steel spoon", "Glass jug", "Stone plate"],
    "Stationery": ["Grid notebook", "Brass ruler", "Blotting paper", "Ink bottle", "Wax seal", "Card box"],
}
CUSTOMERS = [
    ("Lena", "Fischer"),
    ("Omar", "Saleh"),
    ("Grace", "Kim"),
    ("Paulo", "Reis"),
    ("Anna", "Novak"),
    ("Dev", "Mehta"),
    ("Ingrid", "Dahl"),
    ("Tom", "Walsh"),
]
REVIEWS = ["Better than expected", "Arrived broken", "My third one already", "Smaller than it looks", "A fine present", "Not for me"]


def fill(world: int) -> None:
    rng = random.Random(f"shop/{world}")
    model = get_user_model()
    Site.objects.update_or_create(id=1, defaults={"domain": "127.0.0.1", "name": "Corner shop"})
    model.objects.create_superuser("robin", "robin@shop.example", "robin", first_name="Robin", last_name="Vance")
    customers = [
        model.objects.create_user(f"{a}.{b}".lower(), f"{a}.{b}@mail.example".lower(), "secret", first_name=a, last_name=b)
        for a, b in CUSTOMERS
    ]
    product, stock = get_model("catalogue", "Product"), get_model("partner", "StockRecord")
    kind = get_model("catalogue", "ProductClass").objects.create(name="Goods", requires_shipping=True, track_stock=True)
    partner = get_model("partner", "Partner").objects.create(name="Main store", code="main")
    country = get_model("address", "Country").objects.create(
        iso_3166_1_a2="IE", iso_3166_1_a3="IRL", printable_name="Ireland", name="IRELAND", is_shipping_country=True
    )
    begin, items = datetime(2026, 1, 5, 9, tzinfo=UTC), []
    for number, (group, names) in enumerate(GOODS.items()):
        category = create_from_breadcrumbs(group)
        for place, name in enumerate(names):
            item = product.objects.create(
                title=name,
                upc=f"{number + 1}{place:02}{rng.randrange(100):02}",
                product_class=kind,
                meta_description="",
                description=f"<p>{name}, from our own store.</p>",
            )
            get_model("catalogue", "ProductCategory").objects.create(product=item, category=category)
            stock.objects.create(
                product=item,
                partner=partner,
                partner_sku=f"SKU-{item.upc}",
                price=Decimal(rng.randrange(300, 6000)) / 100,
                num_in_stock=rng.randrange(0, 80),
                low_stock_threshold=5,
            )
            product.objects.filter(id=item.id).update(date_created=begin, date_updated=begin + timedelta(minutes=place + 10 * number))
            items.append(item)
    order, line, address = get_model("order", "Order"), get_model("order", "Line"), get_model("order", "ShippingAddress")
    for number in range(30):
        user, bought = rng.choice(customers), rng.sample(items, rng.randint(1, 3))
        where = address.objects.create(
            first_name=user.first_name,
            last_name=user.last_name,
            line1=f"{rng.randint(1, 90)} Quay Street",
            line4="Galway",
            postcode="H91",
            country=country,
        )
        counts = [rng.randint(1, 4) for _ in bought]
        total = sum(item.stockrecords.get().price * count for item, count in zip(bought, counts, strict=True))
        made = order.objects.create(
            number=str(100001 + number), user=user, total_incl_tax=total + 5, total_excl_tax=total + 5, shipping_incl_tax=5, shipping_excl_tax=5, currency="EUR",
            shipping_address=where, shipping_method="Post", shipping_code="post", status=rng.choice(["Pending", "Pending", "Packed", "Shipped", "Complete", "Cancelled"]),
            date_placed=begin + timedelta(hours=43 * number),
        )  # fmt: skip
        for item, count in zip(bought, counts, strict=True):
            record = item.stockrecords.get()
            line.objects.create(
                order=made, partner=partner, partner_name="Main store", partner_sku=record.partner_sku, stockrecord=record, product=item, title=item.title, upc=item.upc,
                quantity=count, num_allocated=0, status=made.status, line_price_incl_tax=record.price * count, line_price_excl_tax=record.price * count,
                line_price_before_discounts_incl_tax=record.price * count, line_price_before_discounts_excl_tax=record.price * count,
                unit_price_incl_tax=record.price, unit_price_excl_tax=record.price,
            )  # fmt: skip
    review = get_model("reviews", "ProductReview")
    for number, item in enumerate(rng.sample(items, 12)):
        made = review.objects.create(
            product=item,
            user=customers[number % 8],
            score=rng.randint(1, 5),
            title=REVIEWS[number % 6],
            body="As the title says.",
            status=number % 2,
        )
        review.objects.filter(id=made.id).update(date_created=begin + timedelta(days=number))
    for name in ("Summer sale", "Staff favourites", "Clearance"):
        get_model("offer", "Range").objects.create(name=name, slug=name.lower().replace(" ", "-"), is_public=True)
