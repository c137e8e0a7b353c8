"""Products that tests may look into: everything may be tuned until a test passes, so no test draws, serves or asks anything of a sealed one."""

from __future__ import annotations

from bakeoff.environments.browser import products
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.families import FAMILIES

OPEN = {family: tuple(item.id for item in products.catalogue(family) if item.split != "sealed") for family in FAMILIES}


def product_with(family: str, **features: object) -> Blueprint:
    """The first open product with these widgets and this way of working."""
    for name in OPEN[family]:
        drawn = products.blueprint(name)
        if all({**drawn.workflow, **drawn.widgets}[key] == value for key, value in features.items()):
            return drawn
    raise AssertionError(f"no open product of {family} with {features}")
