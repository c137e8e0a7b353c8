"""Which tasks an audit looks at: a sample spread evenly over families, templates, splits, distances and products, or some of every product."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from bakeoff.core import Environment, Product, Split, TaskId, UsageError

SEEDS = 1_000_000
"""Task seeds are drawn from 0 to this."""

AUDITED: tuple[Split, ...] = ("train", "dev")
"""The splits that an audit may touch. What it finds leads to changes, and nothing may be tuned on sealed products."""


def sample_tasks(environment: Environment, count: int, *, seed: int, splits: Sequence[Split]) -> list[TaskId]:
    """`count` distinct tasks: families take turns, within a family its templates, within a template its products, as unlike each other as
    possible in split and distance first. The same seed gives the same tasks. Raises `UsageError` when there is nothing to sample.
    """
    if count < 1:
        raise UsageError(f"a sample needs at least one task, not {count}")
    rng = random.Random(f"audit/{environment.name}/{seed}")
    products = _products(environment, splits)
    families = sorted({product.family for product in products})
    streams = [_family([product for product in products if product.family == family], environment.name, rng) for family in families]
    found: dict[TaskId, None] = {}
    for task in (next(stream) for stream in cycle(streams)):
        found[task] = None
        if len(found) == count:
            break
    return list(found)


def every_product(environment: Environment, *, each: int = 1, seed: int, splits: Sequence[Split]) -> list[TaskId]:
    """`each` tasks of every product: within a family its templates take turns, so that all are met about equally often. Raises `UsageError`
    when there is nothing to choose from."""
    if each < 1:
        raise UsageError(f"every product needs at least one task, not {each}")
    rng = random.Random(f"audit/{environment.name}/{seed}/every")
    products = _products(environment, splits)
    found: list[TaskId] = []
    for family in sorted({product.family for product in products}):
        turns: dict[str, int] = {}
        for product in products:
            if product.family != family:
                continue
            names = rng.sample(product.templates, len(product.templates))
            for _ in range(each):
                template = min(names, key=lambda name: turns.get(name, 0))
                turns[template] = turns.get(template, 0) + 1
                found.append(TaskId(environment.name, product.id, product.version, template, rng.randrange(SEEDS)))
    return found


def audited(wanted: Sequence[Split] | None) -> list[Split]:
    """The splits to audit. Raises `UsageError` when sealed products are among them."""
    if wanted is not None and (sealed := [split for split in wanted if split not in AUDITED]):
        raise UsageError(
            f"an audit leaves {', '.join(sealed)} products alone: what it finds leads to changes, and nothing may be tuned on them"
        )
    return list(AUDITED if wanted is None else wanted)


def unsealed(environment: Environment, tasks: Sequence[TaskId]) -> list[TaskId]:
    """The tasks as they are. Raises `UsageError` when one of them is of a sealed product, however it was chosen."""
    for name in {f"{task.product}@{task.version}": None for task in tasks}:
        audited([environment.product(name).split])
    return list(tasks)


def _products(environment: Environment, splits: Sequence[Split]) -> list[Product]:
    products = [product for product in environment.products() if product.split in splits and product.templates]
    if not products:
        raise UsageError(f"environment '{environment.name}' has no products in {', '.join(splits)}, so there is nothing to audit")
    return products


def _family(products: list[Product], environment: str, rng: random.Random) -> Iterator[TaskId]:
    """Tasks of one family without end."""
    templates = sorted({template for product in products for template in product.templates})
    rng.shuffle(templates)
    queues = {
        template: cycle(_mixed([product for product in products if template in product.templates], number, rng))
        for number, template in enumerate(templates)
    }
    for template in cycle(templates):
        product = next(queues[template])
        yield TaskId(environment, product.id, product.version, template, rng.randrange(SEEDS))


def _mixed(products: list[Product], first: int, rng: random.Random) -> list[Product]:
    """The products in an order in which splits and distances alternate, beginning with the `first`-th kind."""
    kinds: dict[tuple[str, str], list[Product]] = {}
    for product in products:
        kinds.setdefault((product.split, product.distance), []).append(product)
    groups = [rng.sample(kinds[kind], len(kinds[kind])) for kind in sorted(kinds)]
    groups = groups[first % len(groups) :] + groups[: first % len(groups)]
    longest = max(map(len, groups))
    return list(islice((group[turn] for turn in range(longest) for group in groups if turn < len(group)), len(products)))
