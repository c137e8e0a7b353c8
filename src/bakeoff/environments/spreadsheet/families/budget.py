"""Budget versus actuals by month: revenue by product from volumes and prices, a variance bridge in the house's convention, costs and profit."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, cumulated, draws, given, nice, plus, residual, scalar, split, total, whole
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values

VARIANCES = {
    "actual-budget": "actual less budget, for revenue and for costs",
    "favourable": "positive where it helps profit: actual less budget for revenue, budget less actual for costs",
    "budget-actual": "budget less actual, for revenue and for costs",
}


def build(flags: Flags) -> Model:
    past, future, count, overheads = flags["past"], flags["future"], flags["lines"], flags["overheads"]
    scale, convention, bridge = flags["money_unit"][1], flags["variance"], flags["bridge"]
    numbers = range(1, count + 1)
    tags = {i: flags["products"][i - 1] for i in numbers}
    places = {i: flags["regions"][i - 1] if overheads > 1 else "" for i in range(1, overheads + 1)}
    per = "" if scale == 1 else f" / {scale}"
    words = "" if scale == 1 else f", divided by {scale:,}"
    sign = -1 if convention == "budget-actual" else 1
    cost_sign = {"actual-budget": 1, "favourable": -1, "budget-actual": -1}[convention]

    def less(actual: str, budget: str, positive: bool) -> str:
        return f"{actual} - {budget}" if positive else f"{budget} - {actual}"

    sections = [Section("inputs", "section.inputs", "inputs", inputs=True)]
    lines: list[Line] = [scalar(f"unit_cost_{i}", "unit_cost", "inputs", "money", 0.5, 500, tag=tags[i], places=2) for i in numbers]
    for i in numbers:
        plan, revenue = f"plan_{i}", f"revenue_{i}"
        sections += [Section(plan, "section.product", "plan", inputs=True)]
        lines += [
            given(f"volume_budget_{i}", "volume_budget", plan, "count", 1, 100000, back=DATA, tag=tags[i]),
            given(f"price_budget_{i}", "price_budget", plan, "money", 0.5, 5000, back=DATA, tag=tags[i], places=2),
            given(f"volume_actual_{i}", "volume_actual", plan, "count", 0, 100000, back=DATA, tag=tags[i]),
            given(f"price_actual_{i}", "price_actual", plan, "money", 0, 5000, back=DATA, tag=tags[i], places=2),
        ]
        sections.append(Section(revenue, "section.product", "bridge"))
        moved = less(f"volume_actual_{i}", f"volume_budget_{i}", sign > 0)
        dearer = less(f"price_actual_{i}", f"price_budget_{i}", sign > 0)
        held = {"two": "actual", "three": "budget", "actual-price": "budget"}[bridge]
        valued = "actual" if bridge == "actual-price" else "budget"
        lines += [
            calc(
                f"revenue_budget_{i}",
                "revenue_budget",
                revenue,
                f"volume_budget_{i} * price_budget_{i}{per}",
                tag=tags[i],
                block=f"b{i}",
                rule=f"{{revenue_budget_{i}}} is {{volume_budget_{i}}} times {{price_budget_{i}}}{words}.",
            ),
            calc(
                f"revenue_actual_{i}",
                "revenue_actual",
                revenue,
                f"volume_actual_{i} * price_actual_{i}{per}",
                tag=tags[i],
                block=f"b{i}",
                rule=f"{{revenue_actual_{i}}} is {{volume_actual_{i}}} times {{price_actual_{i}}}{words}.",
            ),
            calc(
                f"volume_effect_{i}",
                "volume_effect",
                revenue,
                f"({moved}) * price_{valued}_{i}{per}",
                tag=tags[i],
                block=f"e{i}",
                headline=True,
                rule=f"{{volume_effect_{i}}}: the change in volume ({'actual less budget' if sign > 0 else 'budget less actual'}) at {{price_{valued}_{i}}}{words}.",
            ),
            calc(
                f"price_effect_{i}",
                "price_effect",
                revenue,
                f"({dearer}) * volume_{held}_{i}{per}",
                tag=tags[i],
                block=f"e{i}",
                headline=True,
                rule=f"{{price_effect_{i}}}: the change in price ({'actual less budget' if sign > 0 else 'budget less actual'}) on {{volume_{held}_{i}}}{words}.",
            ),
        ]
        effects = [f"volume_effect_{i}", f"price_effect_{i}"]
        if bridge == "three":
            both = f"(volume_actual_{i} - volume_budget_{i}) * ({less(f'price_actual_{i}', f'price_budget_{i}', sign > 0)}){per}"
            lines.append(
                calc(
                    f"mix_effect_{i}",
                    "mix_effect",
                    revenue,
                    both,
                    tag=tags[i],
                    block=f"e{i}",
                    rule=f"{{mix_effect_{i}}}: change in volume times change in price{words}{'' if sign > 0 else ', taken negative'}.",
                )
            )
            effects.append(f"mix_effect_{i}")
        lines.append(
            calc(
                f"revenue_variance_{i}",
                "revenue_variance",
                revenue,
                plus(effects),
                tag=tags[i],
                block=f"e{i}",
                total=True,
                rule=f"{{revenue_variance_{i}}} adds up {', '.join(f'{{{key}}}' for key in effects)}.",
            )
        )
    sections += [Section("costs", "section.costs", "plan", inputs=True), Section("totals", "section.totals", "bridge")]
    for i in places:
        lines += [
            given(f"overhead_budget_{i}", "overhead_budget", "costs", low=0.0, back=DATA, tag=places[i], cost=True),
            given(f"overhead_actual_{i}", "overhead_actual", "costs", low=0.0, back=DATA, tag=places[i], cost=True),
        ]
    budgeted, actual = [f"overhead_budget_{i}" for i in places], [f"overhead_actual_{i}" for i in places]
    variable = {
        side: (
            f"({' + '.join(f'volume_{side}_{i} * unit_cost_{i}' for i in numbers)}){per}"
            if per
            else " + ".join(f"volume_{side}_{i} * unit_cost_{i}" for i in numbers)
        )
        for side in ("budget", "actual")
    }
    costs = {"budget": ["variable_budget", *budgeted], "actual": ["variable_actual", *actual]}
    spent = less(f"({' + '.join(costs['actual'])})", f"({' + '.join(costs['budget'])})", cost_sign > 0)
    lines += [
        calc(
            "total_budget",
            "total_budget",
            "totals",
            plus(f"revenue_budget_{i}" for i in numbers),
            total=True,
            rule="{total_budget} adds up the budget revenue of all products.",
        ),
        calc(
            "total_actual",
            "total_actual",
            "totals",
            plus(f"revenue_actual_{i}" for i in numbers),
            total=True,
            rule="{total_actual} adds up the actual revenue of all products.",
        ),
        calc(
            "attainment",
            "attainment",
            "totals",
            "total_actual / total_budget",
            "rate",
            headline=True,
            rule="{attainment} is {total_actual} over {total_budget}.",
        ),
        calc(
            "variable_budget",
            "variable_budget",
            "totals",
            variable["budget"],
            cost=True,
            rule=f"{{variable_budget}}: budget volumes times unit costs, all products{words}.",
        ),
        calc(
            "variable_actual",
            "variable_actual",
            "totals",
            variable["actual"],
            cost=True,
            rule=f"{{variable_actual}}: actual volumes times the same unit costs, all products{words}.",
        ),
        calc(
            "cost_variance",
            "cost_variance",
            "totals",
            spent,
            headline=True,
            rule=f"{{cost_variance}}: variable costs and overheads together, {'actual less budget' if cost_sign > 0 else 'budget less actual'} (costs counted as positive amounts).",
        ),
        calc(
            "profit_budget",
            "profit_budget",
            "totals",
            f"total_budget - {' - '.join(costs['budget'])}",
            total=True,
            headline=True,
            rule=f"{{profit_budget}} is {{total_budget}} less {', '.join(f'{{{key}}}' for key in costs['budget'])}.",
        ),
        calc(
            "profit_actual",
            "profit_actual",
            "totals",
            f"total_actual - {' - '.join(costs['actual'])}",
            total=True,
            headline=True,
            rule=f"{{profit_actual}} is {{total_actual}} less {', '.join(f'{{{key}}}' for key in costs['actual'])}.",
        ),
        calc(
            "profit_variance",
            "profit_variance",
            "totals",
            less("profit_actual", "profit_budget", sign > 0),
            headline=True,
            rule=f"{{profit_variance}} is {'{profit_actual} less {profit_budget}' if sign > 0 else '{profit_budget} less {profit_actual}'}.",
        ),
        calc(
            "variance_share",
            "variance_share",
            "totals",
            "(total_actual - total_budget) / total_budget",
            "rate",
            rule="{variance_share}: total actual revenue less budget, over budget.",
        ),
        calc(
            "budget_ytd",
            "budget_ytd",
            "totals",
            "SUM(profit_budget[so_far])",
            rule="{budget_ytd} adds up {profit_budget} from the first month.",
        ),
        calc(
            "profit_ytd",
            "profit_ytd",
            "totals",
            "SUM(profit_actual[so_far])",
            headline=True,
            rule="{profit_ytd} adds up {profit_actual} from the first month.",
        ),
    ]
    sections.append(Section("checks", "section.checks", "bridge"))
    # The bridge explains the change in profit: revenue effects and the cost variance, each in its own sign convention.
    into = {"actual-budget": "-", "favourable": "+", "budget-actual": "-"}[convention]
    lines.append(
        calc(
            "check",
            "check",
            "checks",
            f"profit_variance - {plus(f'revenue_variance_{i}' for i in numbers)} {'-' if into == '+' else '+'} cost_variance",
            check=True,
            rule="{check}: {profit_variance} is explained by the revenue variances and {cost_variance}.",
        )
    )

    def data(rng: Any) -> Numbers:
        found: Numbers = {}
        span, revenue = past + future, 0.0
        for i in numbers:
            price, volume = rng.uniform(15, 240), rng.uniform(800, 9000) * (scale if scale > 1000 else 1000) / 1000
            volume = min(volume, 60000)
            budget = draws(rng, span, volume * 0.9, volume * 1.15, 5)
            found |= split(budget, past, f"volume_budget_{i}")
            found |= split([nice(value * rng.uniform(0.85, 1.12), 1) for value in budget], past, f"volume_actual_{i}")
            found |= split(draws(rng, span, price * 0.98, price * 1.05, 0.05), past, f"price_budget_{i}")
            found |= split(draws(rng, span, price * 0.93, price * 1.06, 0.05), past, f"price_actual_{i}")
            found[f"unit_cost_{i}"] = [nice(price * rng.uniform(0.4, 0.6), 0.05)]
            revenue += volume * price / scale
        for i in places:
            level, step = revenue * rng.uniform(0.08, 0.25) / overheads, 0.1 if revenue > 20 else 0.01
            found |= split(draws(rng, span, level * 0.97, level * 1.03, step), past, f"overhead_budget_{i}")
            found |= split(draws(rng, span, level * 0.9, level * 1.12, step), past, f"overhead_actual_{i}")
        return found

    def reference(values: Values) -> Numbers:
        span = past + future
        out: Numbers = {}
        variable_costs = {"budget": [0.0] * span, "actual": [0.0] * span}
        for i in numbers:
            qb, qa = whole(values, f"volume_budget_{i}"), whole(values, f"volume_actual_{i}")
            pb, pa = whole(values, f"price_budget_{i}"), whole(values, f"price_actual_{i}")
            names = ("revenue_budget", "revenue_actual", "volume_effect", "price_effect", "mix_effect", "revenue_variance")
            rows: dict[str, list[float]] = {name: [] for name in names}
            for n in range(span):
                planned, achieved = qb[n] * pb[n], qa[n] * pa[n]
                if bridge == "two":
                    by_volume, by_price, by_both = qa[n] * pb[n] - planned, achieved - qa[n] * pb[n], 0.0
                elif bridge == "three":
                    by_volume, by_price = qa[n] * pb[n] - planned, qb[n] * pa[n] - planned
                    by_both = achieved - planned - by_volume - by_price
                else:
                    by_volume, by_price, by_both = achieved - qb[n] * pa[n], qb[n] * pa[n] - planned, 0.0
                gap = sign * (achieved - planned)
                found = (planned, achieved, sign * by_volume, sign * by_price, sign * by_both, gap)
                for name, value in zip(names, found, strict=True):
                    rows[name].append(value / scale)
                cost = values[f"unit_cost_{i}"][0]
                variable_costs["budget"][n] += qb[n] * cost / scale
                variable_costs["actual"][n] += qa[n] * cost / scale
            out |= {f"{name}_{i}": series for name, series in rows.items() if name != "mix_effect" or bridge == "three"}
        out["total_budget"] = total(out[f"revenue_budget_{i}"] for i in numbers)
        out["total_actual"] = total(out[f"revenue_actual_{i}"] for i in numbers)
        out["attainment"] = [a / b for a, b in zip(out["total_actual"], out["total_budget"], strict=True)]
        out["variance_share"] = [a / b - 1 for a, b in zip(out["total_actual"], out["total_budget"], strict=True)]
        out["variable_budget"], out["variable_actual"] = variable_costs["budget"], variable_costs["actual"]
        for side in ("budget", "actual"):
            fixed = total(whole(values, f"overhead_{side}_{i}") for i in places)
            out[f"profit_{side}"] = [t - v - f for t, v, f in zip(out[f"total_{side}"], variable_costs[side], fixed, strict=True)]
            out[f"spent_{side}"] = [v + f for v, f in zip(variable_costs[side], fixed, strict=True)]
        out["cost_variance"] = [cost_sign * (a - b) for a, b in zip(out.pop("spent_actual"), out.pop("spent_budget"), strict=True)]
        out["profit_variance"] = [sign * (a - b) for a, b in zip(out["profit_actual"], out["profit_budget"], strict=True)]
        out["budget_ytd"], out["profit_ytd"] = cumulated(out["profit_budget"]), cumulated(out["profit_actual"])
        return out

    def cases(base: Values) -> dict[str, Values]:
        return {
            "everything as budgeted": {f"{what}_actual_{i}": base[f"{what}_budget_{i}"] for i in numbers for what in ("volume", "price")}
            | {f"overhead_actual_{i}": base[f"overhead_budget_{i}"] for i in places},
            "a line not sold": {"volume_actual_1": tuple(0.0 for _ in range(future))},
        }

    explained = [(-1, f"revenue_variance_{i}") for i in numbers]
    claims = (
        Claim(
            "bridge-adds-up",
            "the bridge explains the variance in profit",
            residual((1, "profit_variance"), *explained, (-1 if into == "+" else 1, "cost_variance")),
        ),
    )
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    return Model(
        tuple(sections),
        tuple(lines),
        past,
        future,
        reference,
        data,
        claims,
        cases,
        switchable=("volume_actual_1",),
        literals=frozenset({float(scale)}) if scale != 1 else frozenset(),
    )


BUDGET = Family(
    "budget",
    "budget comparison",
    workflow={
        "variance": (("actual-budget", "favourable"), ("budget-actual", "favourable")),
        "bridge": (("two", "three"), ("actual-price", "three")),
        "frequency": ((12,), (12,)),
    },
    data_model={"lines": ((2, 3), (4,)), "overheads": ((1, 2), (3,))},
    build=build,
)
