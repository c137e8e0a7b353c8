"""Leveraged buyout: sources and uses, two tranches with a cash sweep, exit and return to the owners."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, draws, figure, given, nice, residual, scalar
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future = flags["past"], flags["future"]
    kind, swept, fees_on, average = flags["junior"], flags["sweep"], flags["fees_on"], flags["exit_on"] == "average"
    sections = [
        Section("inputs", "section.inputs", "inputs", inputs=True),
        Section("deal", "section.sources_uses", "inputs"),
        Section("flows", "section.operations", "model"),
        Section("senior", "section.senior", "debt"),
        Section("junior", "section.junior", "debt"),
        Section("exit", "section.returns", "summary"),
        Section("checks", "section.checks", "summary"),
    ]
    lines: list[Line] = [
        scalar("entry_multiple", "entry_multiple", "inputs", "ratio", 2, 25),
        scalar("senior_multiple", "senior_multiple", "inputs", "ratio", 0.5, 8, places=2),
        scalar("junior_multiple", "junior_multiple", "inputs", "ratio", 0.1, 4, places=2),
        scalar("fee_rate", "deal_fee_rate", "inputs", "rate", 0.0, 0.1),
        scalar("minimum", "minimum_cash", "inputs", "money", 0.0),
        scalar("senior_rate", "senior_rate", "inputs", "rate", 0.0, 0.25),
        scalar("junior_rate", "junior_rate", "inputs", "rate", 0.0, 0.3),
        scalar("mandatory_share", "mandatory_share", "inputs", "rate", 0.0, 0.3),
        scalar("tax_rate", "tax_rate", "inputs", "rate", 0.0, 0.6),
        scalar("exit_multiple", "exit_multiple", "inputs", "ratio", 2, 25),
        given("growth", "growth", "inputs", "rate", -0.6, 1.0, back="revenue / revenue[-1] - 1"),
        given("margin", "ebitda_margin", "inputs", "rate", 0.02, 0.9, back="ebitda / revenue"),
        given("depreciation", "depreciation", "inputs", low=0.0, back=DATA, cost=True),
        given("capex", "capex", "inputs", low=0.0, back=DATA, cost=True),
        given("capital_change", "working_capital_change", "inputs", low=-1e5, back=DATA, cost=True),
    ]
    if swept == "share":
        lines.append(scalar("sweep_share", "sweep_share", "inputs", "rate", 0.0, 1.0))
    fees = "price" if fees_on == "price" else "(senior_amount + junior_amount)"
    interest = "senior_interest + junior_interest"
    cash_interest = "senior_interest" if kind == "pik" else interest
    part = " * sweep_share" if swept == "share" else ""
    lines += [
        figure(
            "price",
            "purchase_price",
            "deal",
            "ebitda[latest] * entry_multiple",
            headline=True,
            rule="{price} is {entry_multiple} times {ebitda} of the last actual year.",
        ),
        figure(
            "senior_amount",
            "senior_amount",
            "deal",
            "ebitda[latest] * senior_multiple",
            rule="{senior_amount} is {senior_multiple} times {ebitda} of the last actual year.",
        ),
        figure(
            "junior_amount",
            "junior_amount",
            "deal",
            "ebitda[latest] * junior_multiple",
            rule="{junior_amount} is {junior_multiple} times {ebitda} of the last actual year.",
        ),
        figure(
            "fees",
            "deal_fees",
            "deal",
            f"{fees} * fee_rate",
            rule=f"{{fees}} are {{fee_rate}} of {'{price}' if fees_on == 'price' else 'all debt raised'}.",
        ),
        figure("uses", "uses", "deal", "price + fees + minimum", total=True, rule="{uses} are {price}, {fees} and {minimum}."),
        figure(
            "equity_in",
            "equity_in",
            "deal",
            "uses - senior_amount - junior_amount",
            headline=True,
            rule="{equity_in} is {uses} less {senior_amount} and {junior_amount}.",
        ),
        calc(
            "revenue",
            "revenue",
            "flows",
            "revenue[-1] * (1 + growth)",
            back=DATA,
            total=True,
            low=1.0,
            rule="{revenue} is that of the period before, grown by {growth}.",
        ),
        calc("ebitda", "ebitda", "flows", "revenue * margin", back=DATA, total=True, low=1.0, rule="{ebitda} is {margin} of {revenue}."),
        calc("ebit", "ebit", "flows", "ebitda - depreciation", rule="{ebit} is {ebitda} less {depreciation}."),
        calc("interest", "interest", "flows", interest, back="", cost=True, rule="{interest} is {senior_interest} plus {junior_interest}."),
        calc(
            "tax",
            "tax",
            "flows",
            "MAX(0, ebit - interest) * tax_rate",
            back="",
            cost=True,
            rule="{tax} is {tax_rate} of {ebit} less {interest}, and nothing on a loss.",
        ),
        calc(
            "available",
            "cash_available",
            "flows",
            f"ebitda - {cash_interest if '+' not in cash_interest else cash_interest.replace(' + ', ' - ')} - tax - capex - capital_change",
            back="",
            total=True,
            headline=True,
            rule=f"{{available}} is {{ebitda}} less interest paid in cash ({'{senior_interest} only; {junior_interest} is added to the debt' if kind == 'pik' else '{senior_interest} and {junior_interest}'}), {{tax}}, {{capex}} and {{capital_change}}.",
        ),
        calc(
            "senior_opening",
            "opening",
            "senior",
            "senior_closing[-1]",
            back="",
            tag="S",
            rule="{senior_opening} is {senior_closing} of the period before; at closing of the deal it is {senior_amount}.",
        ),
        calc(
            "senior_interest",
            "interest",
            "senior",
            "senior_opening * senior_rate",
            back="",
            cost=True,
            tag="S",
            rule="{senior_interest} is {senior_rate} of {senior_opening}.",
        ),
        calc(
            "mandatory",
            "mandatory",
            "senior",
            "MIN(senior_opening, senior_amount * mandatory_share)",
            back="",
            cost=True,
            rule="{mandatory} is {mandatory_share} of {senior_amount}, at most {senior_opening}.",
        ),
        calc(
            "swept",
            "sweep",
            "senior",
            f"MAX(0, MIN(senior_opening - mandatory, (cash[-1] + available - mandatory - minimum){part}))",
            back="",
            cost=True,
            headline=True,
            rule=f"{{swept}} is {'{sweep_share} of ' if part else ''}what {{cash}} of the period before, {{available}} and {{mandatory}} leave above {{minimum}}, at most what is still owed, never negative.",
        ),
        calc(
            "senior_closing",
            "closing",
            "senior",
            "senior_opening - mandatory - swept",
            back="",
            at_close="senior_amount",
            total=True,
            tag="S",
            headline=True,
            rule="{senior_closing} is {senior_opening} less {mandatory} less {swept}.",
        ),
        calc(
            "junior_opening",
            "opening",
            "junior",
            "junior_closing[-1]",
            back="",
            tag="J",
            rule="{junior_opening} is {junior_closing} of the period before; at closing of the deal it is {junior_amount}.",
        ),
        calc(
            "junior_interest",
            "interest",
            "junior",
            "junior_opening * junior_rate",
            back="",
            cost=True,
            tag="J",
            rule="{junior_interest} is {junior_rate} of {junior_opening}.",
        ),
        calc(
            "junior_closing",
            "closing",
            "junior",
            "junior_opening + junior_interest" if kind == "pik" else "junior_opening",
            back="",
            at_close="junior_amount",
            total=True,
            tag="J",
            headline=True,
            rule=f"{{junior_closing}} is {{junior_opening}}{' plus {junior_interest}: interest is added' if kind == 'pik' else ': nothing is repaid before exit'}.",
        ),
        calc(
            "cash",
            "cash_closing",
            "exit",
            "cash[-1] + available - mandatory - swept",
            back="",
            at_close="minimum",
            rule="{cash} is that of the period before plus {available} less {mandatory} less {swept}; at closing of the deal it is {minimum}.",
        ),
        calc(
            "leverage",
            "leverage",
            "exit",
            "(senior_closing + junior_closing - cash) / ebitda",
            "ratio",
            back="",
            headline=True,
            rule="{leverage} is all debt less {cash}, over {ebitda}.",
        ),
        calc(
            "exit_value",
            "exit_value",
            "exit",
            "(ebitda + ebitda[-1]) / 2 * exit_multiple" if average else "ebitda * exit_multiple",
            back="",
            rule=f"{{exit_value}} is {{exit_multiple}} times {'the average of {ebitda} of the year and of the one before' if average else '{ebitda}'}.",
        ),
        calc(
            "exit_equity",
            "exit_equity",
            "exit",
            "exit_value - senior_closing - junior_closing + cash",
            back="",
            total=True,
            rule="{exit_equity} is {exit_value} less all debt plus {cash}.",
        ),
        calc("held", "holding_years", "exit", "held[-1] + 1", "count", back="", rule="{held} counts the years since the deal from 1."),
        calc(
            "multiple",
            "money_multiple",
            "exit",
            "exit_equity / equity_in",
            "ratio",
            back="",
            places=2,
            headline=True,
            rule="{multiple} is {exit_equity} over {equity_in}.",
        ),
        calc(
            "irr",
            "irr",
            "exit",
            "MAX(0, multiple) ** (1 / held) - 1",
            "rate",
            back="",
            headline=True,
            rule="{irr}: {multiple} (not below zero) to the power of 1 over {held}, less 1.",
        ),
        calc(
            "check",
            "check",
            "checks",
            "senior_amount + junior_amount + equity_in - uses + (junior_closing - junior_opening"
            + (" - junior_interest)" if kind == "pik" else ")"),
            back="",
            check=True,
            rule="{check}: sources equal uses, and the junior debt rolls forward.",
        ),
    ]
    names = flags["lenders"]
    lines = [
        line
        if line.tag not in ("S", "J")
        else Line(**{name: getattr(line, name) for name in Line.__slots__} | {"tag": names[0 if line.tag == "S" else 1]})
        for line in lines
    ]

    def data(rng: Any) -> Numbers:
        size, margin = rng.uniform(120, 900), rng.uniform(0.15, 0.3)
        out: dict[str, list[float]] = {key: [] for key in ("revenue", "ebitda", "depreciation", "capex", "capital_change")}
        level = size
        for n in range(past + future):
            if n < past:
                out["revenue"].append(nice(level))
                out["ebitda"].append(nice(level * (margin + rng.uniform(-0.01, 0.01))))
            out["depreciation"].append(nice(level * rng.uniform(0.025, 0.04)))
            out["capex"].append(nice(level * rng.uniform(0.02, 0.045)))
            out["capital_change"].append(nice(level * rng.uniform(0.002, 0.012)))
            level *= 1 + rng.uniform(0.01, 0.08)
        found: Numbers = {f"{key}.past": series[:past] for key, series in out.items()} | {
            key: series[past:] for key, series in out.items() if key not in ("revenue", "ebitda")
        }
        found |= {
            "growth": draws(rng, future, 0.01, 0.09, 0.005),
            "margin": draws(rng, future, margin - 0.01, margin + 0.04, 0.005),
            "entry_multiple": [nice(rng.uniform(7, 11), 0.25)],
            "senior_multiple": [nice(rng.uniform(2.5, 4.2), 0.25)],
            "junior_multiple": [nice(rng.uniform(0.5, 1.75), 0.25)],
            "fee_rate": [nice(rng.uniform(0.01, 0.03), 0.0025)],
            "minimum": [nice(size * rng.uniform(0.01, 0.04), 0.5)],
            "senior_rate": [nice(rng.uniform(0.04, 0.075), 0.0025)],
            "junior_rate": [nice(rng.uniform(0.08, 0.13), 0.0025)],
            "mandatory_share": [nice(rng.uniform(0.02, 0.08), 0.01)],
            "tax_rate": [nice(rng.uniform(0.18, 0.3), 0.005)],
            "exit_multiple": [nice(rng.uniform(7, 11), 0.25)],
        }
        if swept == "share":
            found["sweep_share"] = [nice(rng.uniform(0.5, 0.9), 0.05)]
        return found

    def reference(values: Values) -> Numbers:
        v = {key: series[0] for key, series in values.items() if len(series) == 1}
        turnover, earned = values["revenue.past"][-1], values["ebitda.past"][-1]
        before = earned
        price, senior, junior = earned * v["entry_multiple"], earned * v["senior_multiple"], earned * v["junior_multiple"]
        fees = v["fee_rate"] * (price if fees_on == "price" else senior + junior)
        uses = price + fees + v["minimum"]
        stake, lent, held = uses - senior - junior, senior, v["minimum"]
        out: Numbers = {
            key: [value]
            for key, value in (
                ("price", price),
                ("senior_amount", senior),
                ("junior_amount", junior),
                ("fees", fees),
                ("uses", uses),
                ("equity_in", stake),
            )
        }
        rows: dict[str, list[float]] = {
            key: [0.0] * past
            for key in "revenue ebitda ebit interest tax available senior_opening senior_interest mandatory swept senior_closing junior_opening junior_interest junior_closing cash leverage exit_value exit_equity held multiple irr".split()
        }
        for n in range(future):
            turnover *= 1 + values["growth"][n]
            earned = turnover * values["margin"][n]
            operating = earned - values["depreciation"][n]
            first, second = senior * v["senior_rate"], junior * v["junior_rate"]
            levy = v["tax_rate"] * max(0.0, operating - first - second)
            free = earned - first - (0.0 if kind == "pik" else second) - levy - values["capex"][n] - values["capital_change"][n]
            due = min(senior, lent * v["mandatory_share"])
            spare = held + free - due - v["minimum"]
            extra = max(0.0, min(senior - due, spare * v.get("sweep_share", 1.0)))
            after, junior_after = senior - due - extra, junior + (second if kind == "pik" else 0.0)
            held += free - due - extra
            worth = v["exit_multiple"] * (0.5 * (earned + before) if average else earned)
            owners = worth - after - junior_after + held
            gain = owners / stake
            found = (
                turnover,
                earned,
                operating,
                first + second,
                levy,
                free,
                senior,
                first,
                due,
                extra,
                after,
                junior,
                second,
                junior_after,
                held,
                (after + junior_after - held) / earned,
                worth,
                owners,
                n + 1.0,
                gain,
                max(0.0, gain) ** (1 / (n + 1)) - 1,
            )
            for key, value in zip(rows, found, strict=True):
                rows[key].append(value)
            senior, junior, before = after, junior_after, earned
        return {**out, **rows}

    def cases(base: Values) -> dict[str, Values]:
        return {
            "no cash to sweep": {"capex": tuple(value * 8 for value in base["capex"])},
            "senior debt paid off": {"senior_multiple": (0.6,), "margin": tuple(0.5 for _ in range(future))},
            "wiped out": {"exit_multiple": (2.0,), "growth": tuple(-0.15 for _ in range(future))},
        }

    claims = (
        Claim("sources-uses", "sources equal uses", residual((1, "uses"), (-1, "senior_amount"), (-1, "junior_amount"), (-1, "equity_in"))),
        Claim(
            "senior-rolls",
            "senior debt falls by what is repaid",
            residual((1, "senior_opening"), (-1, "mandatory"), (-1, "swept"), (-1, "senior_closing")),
        ),
    )
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    return Model(tuple(sections), tuple(lines), past, future, reference, data, claims, cases, switchable=("growth", "margin"))


LBO = Family(
    "lbo",
    "buyout model",
    workflow={"junior": (("cash", "pik"), ("pik",)), "fees_on": (("price",), ("debt",)), "exit_on": (("last",), ("average",))},
    data_model={"sweep": (("full", "full", "share"), ("share",))},
    build=build,
)
