"""Fills the help desk with queues, staff, and the tickets of a small firm's customers."""

import random
from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from helpdesk.models import FollowUp, KBCategory, KBItem, Queue, Ticket

STAFF = {"nadia": "Nadia Roux", "emeka": "Emeka Obi", "sofia": "Sofia Lima", "janek": "Janek Kral", "priya": "Priya Nair"}
QUEUES = {"billing": "Billing", "network": "Network", "hardware": "Hardware", "accounts": "Accounts"}
CUSTOMERS = [
    "r.moss@northgate.example",
    "t.fabre@lumen.example",
    "k.ito@harborline.example",
    "d.osei@greenfield.example",
    "a.weiss@castello.example",
]
THINGS = ["the printer on floor two", "my invoice for January", "the wireless in the lobby", "the shared mailbox", "the new laptop", "the visitor badge",
          "the backup drive", "the meeting room screen", "the phone at reception", "the expense form"]  # fmt: skip
WISHES = ["Cannot use {}", "Question about {}", "Please replace {}", "Wrong details on {}", "No access to {}", "Slow answer from {}"]
BODIES = [
    "It worked until last week. Please have a look.",
    "This has come up twice now.",
    "I need it before the end of the month.",
    "Call me if anything is unclear.",
]


def fill(world: int) -> None:
    rng = random.Random(f"helpdesk/{world}")
    Site.objects.update_or_create(id=1, defaults={"domain": "127.0.0.1", "name": "Help desk"})
    model = get_user_model()
    staff = [
        model.objects.create_user(
            name, f"{name}@desk.example", "robin", first_name=full.split()[0], last_name=full.split()[1], is_staff=True
        )
        for name, full in STAFF.items()
    ]
    worker = model.objects.create_superuser("robin", "robin@desk.example", "robin", first_name="Robin", last_name="Vance")
    settings = worker.usersettings_helpdesk
    settings.tickets_per_page = 100
    settings.save()
    queues = [
        Queue.objects.create(title=title, slug=slug, allow_public_submission=True, email_address=f"{slug}@desk.example")
        for slug, title in QUEUES.items()
    ]
    category = KBCategory.objects.create(name="howto", title="How to", slug="howto", description="Short instructions")
    for title in ("Reset a password", "Join the wireless network", "Read an invoice"):
        KBItem.objects.create(
            category=category, title=title, question=f"How do I {title.lower()}?", answer="See the notice board.", enabled=True
        )
    titles = [wish.format(thing) for wish in WISHES for thing in THINGS]
    rng.shuffle(titles)
    begin = datetime(2026, 2, 2, 8, tzinfo=UTC)
    for number, title in enumerate(titles[:40]):
        created = begin + timedelta(hours=15 * number + rng.randrange(12), minutes=rng.randrange(60))
        status = rng.choice([1, 1, 1, 2, 3, 4, 5])
        ticket = Ticket.objects.create(
            title=title, queue=rng.choice(queues), submitter_email=rng.choice(CUSTOMERS), assigned_to=rng.choice([None, None, worker, *staff]),
            status=status, description=rng.choice(BODIES), priority=rng.randint(1, 5), secret_key=f"key-{world}-{number}",
            resolution="Done as asked." if status in (3, 4) else None,
        )  # fmt: skip
        Ticket.objects.filter(id=ticket.id).update(created=created, modified=created)
        if rng.random() < 0.5:
            FollowUp.objects.create(
                ticket=ticket,
                date=created + timedelta(hours=3),
                title="Comment",
                comment="Thank you, we are looking into it.",
                public=True,
                user=rng.choice(staff),
            )
