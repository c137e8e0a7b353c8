"""Fills the magazine with sections, articles and authors."""

import random

from django.contrib.auth import get_user_model
from magazine.models import ArticlePage, Author, SectionPage
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Page, Site

SECTIONS = ["Garden", "Kitchen", "Travel"]
HEADS = ["Five ways to", "Why we", "How not to", "A week to", "The case to", "Small steps to"]
DEEDS = {
    "Garden": ["prune old roses", "keep bees on a roof", "save rain", "grow figs in pots", "plant a hedge", "sow in winter"],
    "Kitchen": ["bake with rye", "pickle plums", "cook for one", "sharpen knives", "brew cold tea", "use stale bread"],
    "Travel": ["cross the Alps on foot", "sleep on trains", "pack one bag", "see Lisbon in rain", "cycle along canals", "winter in Crete"],
}
AUTHORS = ["Ilse Brandt", "Marco Bianchi", "Hanna Sato", "Peter Quill", "Noor Rahman", "Eva Toth", "Liam Boyd"]


def fill(world: int) -> None:
    rng = random.Random(f"cms/{world}")
    get_user_model().objects.create_superuser("robin", "robin@magazine.example", "robin", first_name="Robin", last_name="Vance")
    Site.objects.all().delete()
    Page.objects.filter(depth__gt=1).delete()
    root = Page.objects.get(depth=1)
    home = root.add_child(instance=SectionPage(title="Magazine", slug="magazine", intro="Slow reading for long evenings"))
    Site.objects.create(hostname="127.0.0.1", site_name="Magazine", root_page=home, is_default_site=True)
    for name in AUTHORS:
        Author.objects.create(name=name, beat=rng.choice(SECTIONS))
    for section in SECTIONS:
        parent = home.add_child(instance=SectionPage(title=section, slug=section.lower(), intro=f"All about {section.lower()}"))
        titles = [f"{head} {deed}" for head in HEADS for deed in DEEDS[section]]
        rng.shuffle(titles)
        for number, title in enumerate(titles[:10]):
            live = number < 7
            article = ArticlePage(
                title=title, slug=title.lower().replace(" ", "-"), intro=f"What we learnt when we tried, part {number + 1}.",
                body="It began with a question from a reader. The rest is patience.", byline=rng.choice(AUTHORS), live=live,
            )  # fmt: skip
            parent.add_child(instance=article)
            revision = article.save_revision()
            if live:
                revision.publish()
    for old in ("spring", "recipes", "maps", "archive"):
        Redirect.objects.create(old_path=f"/{old}", redirect_link=f"/{rng.choice(SECTIONS).lower()}/", is_permanent=True)
