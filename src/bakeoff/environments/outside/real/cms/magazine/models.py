"""Pages and snippets of the magazine."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page
from wagtail.snippets.models import register_snippet


class SectionPage(Page):
    """A section with its articles."""

    intro = models.CharField(max_length=250, blank=True)
    content_panels = [*Page.content_panels, FieldPanel("intro")]


class ArticlePage(Page):
    """An article."""

    intro = models.CharField(max_length=250, blank=True)
    body = models.TextField(blank=True)
    byline = models.CharField(max_length=80, blank=True)
    content_panels = [*Page.content_panels, FieldPanel("intro"), FieldPanel("byline"), FieldPanel("body")]
    subpage_types: list[str] = []


@register_snippet
class Author(models.Model):
    """Somebody who writes."""

    name = models.CharField(max_length=80)
    beat = models.CharField(max_length=80, blank=True)
    panels = [FieldPanel("name"), FieldPanel("beat")]

    def __str__(self) -> str:
        return self.name
