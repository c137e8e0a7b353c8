"""Subscription forecasts: customers by plan, churn, recurring revenue, unit economics and cash."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, draws, given, nice, one, plus, residual, scalar, split, total, walk, whole
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future, count, scale = flags["past"], flags["future"], flags["plans"], flags["money_unit"][1]
    churned, billed, bought, expands = flags["churn_on"], flags["revenue_on"], flags["acquisition"], flags["expansion"]
    numbers = range(1, count + 1)
    tags = {i: flags["products"][i - 1] if count > 1 else "" for i in numbers}
    per = "" if scale == 1 else f" / {scale}"
    words = "" if scale == 1 else f", divided by {scale:,}"
    sections = [Section("inputs", "section.inputs", "inputs", inputs=True)]
    lines: list[Line] = []
    for i in numbers:
        lines += [
            scalar(f"start_{i}", "customers_start", "inputs", "count", 1, 100000, tag=tags[i]),
            given(f"price_{i}", "arpa", "inputs", "money", 1, 20000, back=DATA, tag=tags[i], places=2),
            given(f"churn_{i}", "churn", "inputs", "rate", 0.005, 0.6, back=DATA, tag=tags[i]),
        ]
        if bought == "spend":
            lines += [
                given(f"spend_{i}", "acquisition_spend", "inputs", "money", 0.0, back=DATA, tag=tags[i], cost=True),
                given(f"cac_{i}", "cac", "inputs", "money", 10, 100000, back=DATA, tag=tags[i], places=2),
            ]
        else:
            lines.append(given(f"added_{i}", "customers_added_plan", "inputs", "count", 0, 100000, back=DATA, tag=tags[i]))
        if expands:
            lines.append(given(f"expansion_{i}", "expansion", "inputs", "rate", 0.0, 0.3, back=DATA, tag=tags[i]))
    lines += [
        given("cogs_share", "hosting_share", "inputs", "rate", 0.0, 0.9, back=DATA),
        given("overhead", "overhead", "inputs", low=0.0, back=DATA, cost=True),
        scalar("cash_start", "cash_start", "inputs", "money", 0.0),
    ]
    for i in numbers:
        block = f"customers_{i}"
        sections.append(Section(block, "section.customers", "debt"))
        base = f"opening_{i}" if churned == "opening" else f"(opening_{i} + new_{i})"
        stock = {"closing": f"closing_{i}", "average": f"(opening_{i} + closing_{i}) / 2", "opening": f"opening_{i}"}[billed]
        said = {
            "closing": f"{{closing_{i}}}",
            "average": f"the average of {{opening_{i}}} and {{closing_{i}}}",
            "opening": f"{{opening_{i}}}",
        }[billed]
        from_whom = f"{{opening_{i}}}" if churned == "opening" else f"{{opening_{i}}} plus {{new_{i}}}"
        grown = f" * (1 + expansion_{i})" if expands else ""
        new = (
            f"spend_{i} * {scale} / cac_{i}"
            if bought == "spend" and scale != 1
            else f"spend_{i} / cac_{i}"
            if bought == "spend"
            else f"added_{i}"
        )
        new_said = (
            f"{{spend_{i}}} over {{cac_{i}}}{'' if scale == 1 else f' (spend is in units of {scale:,})'}"
            if bought == "spend"
            else f"{{added_{i}}}"
        )
        lines += [
            calc(
                f"opening_{i}",
                "customers_opening",
                block,
                f"closing_{i}[-1]",
                "count",
                first=f"start_{i}",
                tag=tags[i],
                rule=f"{{opening_{i}}} is {{closing_{i}}} of the period before; the very first is {{start_{i}}}.",
            ),
            calc(f"new_{i}", "customers_new", block, new, "count", tag=tags[i], rule=f"{{new_{i}}} is {new_said}."),
            calc(
                f"lost_{i}",
                "customers_lost",
                block,
                f"{base} * churn_{i}",
                "count",
                tag=tags[i],
                rule=f"{{lost_{i}}} is {{churn_{i}}} of {from_whom}.",
            ),
            calc(
                f"closing_{i}",
                "customers_closing",
                block,
                f"opening_{i} + new_{i} - lost_{i}",
                "count",
                tag=tags[i],
                total=True,
                headline=True,
                rule=f"{{closing_{i}}} is {{opening_{i}}} plus {{new_{i}}} less {{lost_{i}}}.",
            ),
            calc(
                f"revenue_{i}",
                "subscription_revenue",
                block,
                f"{stock} * price_{i}{grown}{per}",
                tag=tags[i],
                headline=True,
                rule=f"{{revenue_{i}}} is {said} times {{price_{i}}}{f', raised by {{expansion_{i}}}' if expands else ''}{words}.",
            ),
            calc(
                f"arr_{i}",
                "run_rate",
                block,
                f"closing_{i} * price_{i} * {flags['frequency']}{per}",
                tag=tags[i],
                rule=f"{{arr_{i}}} is {{closing_{i}}} times {{price_{i}}} times the {flags['frequency']} periods of a year{words}.",
            ),
            calc(
                f"ltv_{i}",
                "ltv",
                block,
                f"price_{i} * (1 - cogs_share) / churn_{i}",
                tag=tags[i],
                places=2,
                rule=f"{{ltv_{i}}} is {{price_{i}}} after {{cogs_share}}, over {{churn_{i}}}.",
            ),
        ]
        if bought == "spend":
            lines.append(
                calc(
                    f"ltv_cac_{i}",
                    "ltv_cac",
                    block,
                    f"ltv_{i} / cac_{i}",
                    "ratio",
                    tag=tags[i],
                    headline=True,
                    rule=f"{{ltv_cac_{i}}} is {{ltv_{i}}} over {{cac_{i}}}.",
                )
            )
    sections += [Section("result", "section.result", "summary"), Section("checks", "section.checks", "summary")]
    spent = " - ".join(["", *(f"spend_{i}" for i in numbers)]) if bought == "spend" else ""
    lines += [
        calc(
            "customers",
            "customers_total",
            "result",
            plus(f"closing_{i}" for i in numbers),
            "count",
            total=True,
            rule="{customers} adds up the closing customers of all plans.",
        ),
        calc(
            "revenue",
            "revenue",
            "result",
            plus(f"revenue_{i}" for i in numbers),
            total=True,
            headline=True,
            rule="{revenue} adds up the plans.",
        ),
        calc(
            "growth",
            "growth",
            "result",
            "revenue / revenue[-1] - 1",
            "rate",
            rule="{growth} is {revenue} over that of the period before, less 1.",
        ),
        calc("hosting", "hosting", "result", "revenue * cogs_share", cost=True, rule="{hosting} is {cogs_share} of {revenue}."),
        calc("gross_profit", "gross_profit", "result", "revenue - hosting", total=True, rule="{gross_profit} is {revenue} less {hosting}."),
        calc(
            "ebitda",
            "ebitda",
            "result",
            f"gross_profit{spent} - overhead",
            total=True,
            headline=True,
            rule=f"{{ebitda}} is {{gross_profit}} less {'what is spent on acquisition, less ' if spent else ''}{{overhead}}.",
        ),
        calc("margin", "ebitda_margin", "result", "ebitda / revenue", "rate", rule="{margin} is {ebitda} over {revenue}."),
        calc(
            "cash",
            "cash_closing",
            "result",
            "cash[-1] + ebitda",
            first="cash_start + ebitda",
            total=True,
            headline=True,
            rule="{cash} is that of the period before plus {ebitda}; at the very start it comes from {cash_start}.",
        ),
        calc("need", "funding_need", "result", "MAX(0, -cash)", rule="{need} is what {cash} falls short of zero, else 0."),
        calc(
            "check",
            "check",
            "checks",
            f"cash - cash_start - SUM(ebitda[so_far]) + {' + '.join(f'(closing_{i} - opening_{i} - new_{i} + lost_{i})' for i in numbers)}",
            check=True,
            rule="{check}: cash and customers roll forward.",
        ),
    ]

    def data(rng: Any) -> Numbers:
        found: Numbers = {}
        span, level = past + future, 0.0
        size = rng.uniform(0.7, 1.6) * {1: 1, 1000: 1, 1_000_000: 60}[scale]
        for i in numbers:
            customers, price = nice(rng.uniform(200, 900) * size, 1), rng.uniform(80, 900) * (12 / flags["frequency"]) ** 0.5
            found[f"start_{i}"] = [min(customers, 60000.0)]
            found |= split(walk(rng, price, span, -0.01, 0.04, 0.5), past, f"price_{i}")
            found |= split(draws(rng, span, 0.03, 0.14, 0.001), past, f"churn_{i}")
            added = draws(rng, span, customers * 0.08, customers * 0.3, 1)
            if bought == "spend":
                cac = draws(rng, span, price * 1.5, price * 4, 1)
                found |= split(cac, past, f"cac_{i}")
                found |= split(
                    [nice(a * c / scale, 0.1 if scale > 1 else 10) or 0.1 for a, c in zip(added, cac, strict=True)], past, f"spend_{i}"
                )
            else:
                found |= split(added, past, f"added_{i}")
            if expands:
                found |= split(draws(rng, span, 0.005, 0.06, 0.001), past, f"expansion_{i}")
            level += customers * price / scale
        found |= split(draws(rng, span, 0.12, 0.3, 0.005), past, "cogs_share")
        found |= split(walk(rng, nice(level * rng.uniform(0.45, 0.8), 0.1), span, 0.0, 0.06), past, "overhead")
        found["cash_start"] = [nice(level * rng.uniform(0.4, 2.0), 0.1)]
        return found

    def reference(values: Values) -> Numbers:
        span = past + future
        out: Numbers = {}
        share = whole(values, "cogs_share")
        spending = [0.0] * span
        for i in numbers:
            price, churn = whole(values, f"price_{i}"), whole(values, f"churn_{i}")
            more = whole(values, f"expansion_{i}") if expands else [0.0] * span
            here = one(values, f"start_{i}")
            rows: dict[str, list[float]] = {name: [] for name in ("opening", "new", "lost", "closing", "revenue", "arr", "ltv", "ltv_cac")}
            for n in range(span):
                if bought == "spend":
                    spend, cac = whole(values, f"spend_{i}")[n], whole(values, f"cac_{i}")[n]
                    new, spending[n] = spend / cac * scale, spending[n] + spend
                else:
                    new, cac = whole(values, f"added_{i}")[n], 1.0
                gone = churn[n] * (here if churned == "opening" else here + new)
                there = here + new - gone
                paying = {"closing": there, "average": 0.5 * (here + there), "opening": here}[billed]
                worth = price[n] * (1 - share[n]) / churn[n]
                found = (
                    here,
                    new,
                    gone,
                    there,
                    paying * price[n] * (1 + more[n]) / scale,
                    there * price[n] * flags["frequency"] / scale,
                    worth,
                    worth / cac,
                )
                for name, value in zip(rows, found, strict=True):
                    rows[name].append(value)
                here = there
            out |= {f"{name}_{i}": series for name, series in rows.items() if name != "ltv_cac" or bought == "spend"}
        out["customers"] = total(out[f"closing_{i}"] for i in numbers)
        revenue = out["revenue"] = total(out[f"revenue_{i}"] for i in numbers)
        out["growth"] = [0.0, *(revenue[n] / revenue[n - 1] - 1 for n in range(1, span))]
        out["hosting"] = [r * s for r, s in zip(revenue, share, strict=True)]
        out["gross_profit"] = [r * (1 - s) for r, s in zip(revenue, share, strict=True)]
        out["ebitda"] = [g - s - o for g, s, o in zip(out["gross_profit"], spending, whole(values, "overhead"), strict=True)]
        out["margin"] = [e / r for e, r in zip(out["ebitda"], revenue, strict=True)]
        money, level = [], one(values, "cash_start")
        for earned in out["ebitda"]:
            level += earned
            money.append(level)
        out["cash"], out["need"] = money, [max(0.0, -held) for held in money]
        return out

    def cases(base: Values) -> dict[str, Values]:
        return {
            "cash runs out": {"overhead": tuple(value * 6 for value in base["overhead"])},
            "plenty of cash": {"cash_start": (one(base, "cash_start") * 15 + 50,)},
        }

    roll = residual(*((sign, f"{name}_{i}") for i in numbers for sign, name in ((1, "closing"), (-1, "opening"), (-1, "new"), (1, "lost"))))
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    return Model(
        tuple(sections),
        tuple(lines),
        past,
        future,
        reference,
        data,
        (Claim("customers-roll", "closing customers are opening plus new less lost", roll),),
        cases,
        switchable=("churn_1", "price_1"),
        literals=frozenset({float(scale), float(flags["frequency"])}),
    )


SAAS = Family(
    "saas",
    "subscription forecast",
    workflow={
        "churn_on": (("opening", "opening", "with-new"), ("with-new",)),
        "revenue_on": (("closing", "average"), ("opening", "average")),
        "frequency": ((12, 4), (1, 4)),
    },
    data_model={"plans": ((1, 2), (3,)), "acquisition": (("plan", "spend"), ("spend",)), "expansion": ((False,), (True,))},
    build=build,
)
