"""Merger: financing, purchase price, pro forma earnings with synergies, and accretion or dilution per share."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, figure, given, nice, one, residual, scalar, split, walk
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future = flags["past"], flags["future"]
    allocated, phased, repaid, costs = flags["allocation"], flags["synergies"] == "phased", flags["debt_repaid"], flags["integration_costs"]
    sections = [
        Section("inputs", "section.inputs", "inputs", inputs=True),
        Section("companies", "section.companies", "inputs", inputs=True),
        Section("deal", "section.deal", "model"),
        Section("earnings", "section.pro_forma", "model"),
        Section("result", "section.accretion", "summary"),
        Section("checks", "section.checks", "summary"),
    ]
    lines: list[Line] = [
        scalar("price_acquirer", "price_acquirer", "inputs", "money", 1, 5000, places=2),
        scalar("price_target", "price_target", "inputs", "money", 1, 5000, places=2),
        scalar("premium", "premium", "inputs", "rate", 0.0, 1.0),
        scalar("stock_share", "stock_share", "inputs", "rate", 0.0, 1.0),
        scalar("cash_share", "cash_share", "inputs", "rate", 0.0, 1.0),
        scalar("debt_rate", "rate", "inputs", "rate", 0.0, 0.25),
        scalar("cash_rate", "cash_rate", "inputs", "rate", 0.0, 0.15),
        scalar("tax_rate", "tax_rate", "inputs", "rate", 0.0, 0.6),
        scalar("synergy_full", "synergy_full", "inputs", "money", 0.0),
        given("earned_acquirer", "net_income_acquirer", "companies", back=DATA, low=1.0),
        given("shares_acquirer", "shares_acquirer", "companies", "count", 10, 100000, back=DATA, places=1),
        given("earned_target", "net_income_target", "companies", back=DATA, low=-1e4),
        scalar("shares_target", "shares_target", "companies", "count", 1, 100000, places=1),
    ]
    if phased:
        lines.append(given("phase", "synergy_phase", "inputs", "rate", 0.0, 1.5, back=""))
    if costs:
        lines.append(given("integration", "integration_costs", "inputs", low=0.0, back="", cost=True))
    if allocated:
        lines += [
            scalar("book", "book_value", "companies", "money", 0.0),
            scalar("intangible_share", "intangible_share", "inputs", "rate", 0.0, 1.0),
            scalar("life", "useful_life", "inputs", "count", 1, 40),
        ]
    if repaid:
        lines.append(scalar("repay_share", "repay_share", "inputs", "rate", 0.0, 0.5))
    lines += [
        figure(
            "offer", "offer_price", "deal", "price_target * (1 + premium)", places=2, rule="{offer} is {price_target} raised by {premium}."
        ),
        figure(
            "paid",
            "purchase_price",
            "deal",
            "offer * shares_target",
            total=True,
            headline=True,
            rule="{paid} is {offer} times {shares_target}.",
        ),
        figure("in_stock", "paid_in_stock", "deal", "paid * stock_share", rule="{in_stock} is {stock_share} of {paid}."),
        figure(
            "in_cash",
            "paid_in_cash",
            "deal",
            "(paid - in_stock) * cash_share",
            rule="{in_cash} is {cash_share} of what is not paid in stock.",
        ),
        figure("in_debt", "paid_by_debt", "deal", "paid - in_stock - in_cash", headline=True, rule="{in_debt} is the rest of {paid}."),
        figure(
            "issued",
            "shares_issued",
            "deal",
            "in_stock / price_acquirer",
            "count",
            places=1,
            headline=True,
            rule="{issued} are {in_stock} over {price_acquirer}.",
        ),
        figure(
            "ratio", "exchange_ratio", "deal", "offer / price_acquirer", "ratio", places=3, rule="{ratio} is {offer} over {price_acquirer}."
        ),
    ]
    if allocated:
        lines += [
            figure("excess", "excess_price", "deal", "MAX(0, paid - book)", rule="{excess} is what {paid} exceeds {book} by, else 0."),
            figure(
                "intangibles", "intangibles", "deal", "excess * intangible_share", rule="{intangibles} are {intangible_share} of {excess}."
            ),
            figure("goodwill", "goodwill", "deal", "excess - intangibles", rule="{goodwill} is the rest of {excess}."),
            calc(
                "amortised",
                "amortisation",
                "earnings",
                "IF(year <= life, intangibles / life, 0)",
                back="",
                cost=True,
                rule="{amortised} spreads {intangibles} evenly over the years up to {life}.",
            ),
        ]
    debt = "MAX(0, in_debt * (1 - repay_share * (year - 1)))" if repaid else "in_debt"
    synergy = "synergy_full * phase" if phased else "synergy_full"
    charges = ["interest_new", "interest_lost", *(["amortised"] if allocated else []), *(["integration"] if costs else [])]
    lines += [
        calc("year", "deal_year", "earnings", "year[-1] + 1", "count", back="", rule="{year} counts the years after the deal from 1."),
        calc(
            "debt_left",
            "acquisition_debt",
            "earnings",
            debt,
            back="",
            rule=f"{{debt_left}} is {{in_debt}}{', less {repay_share} of it for each full year gone by, never below zero' if repaid else ' in every year'}.",
        ),
        calc(
            "interest_new",
            "interest_new",
            "earnings",
            "debt_left * debt_rate",
            back="",
            cost=True,
            rule="{interest_new} is {debt_rate} of {debt_left}.",
        ),
        calc(
            "interest_lost",
            "interest_lost",
            "earnings",
            "in_cash * cash_rate",
            back="",
            cost=True,
            rule="{interest_lost} is {cash_rate} of {in_cash}.",
        ),
        calc(
            "synergies",
            "synergies",
            "earnings",
            synergy,
            back="",
            rule=f"{{synergies}} are {{synergy_full}}{' times {phase}' if phased else ' in every year'}.",
        ),
        calc(
            "adjustment",
            "adjustments",
            "earnings",
            f"synergies - {' - '.join(charges)}",
            back="",
            total=True,
            rule=f"{{adjustment}} is {{synergies}} less {', '.join(f'{{{key}}}' for key in charges)}.",
        ),
        calc(
            "adjusted_tax",
            "tax_on_adjustments",
            "earnings",
            "adjustment * tax_rate",
            back="",
            cost=True,
            rule="{adjusted_tax} is {tax_rate} of {adjustment}; a negative amount is a credit.",
        ),
        calc(
            "combined",
            "net_income_combined",
            "earnings",
            "earned_acquirer + earned_target + adjustment - adjusted_tax",
            back="",
            total=True,
            headline=True,
            rule="{combined} is {earned_acquirer} plus {earned_target} plus {adjustment} less {adjusted_tax}.",
        ),
        calc(
            "shares",
            "shares_combined",
            "result",
            "shares_acquirer + issued",
            "count",
            back="",
            places=1,
            rule="{shares} are {shares_acquirer} plus {issued}.",
        ),
        calc(
            "alone",
            "eps_alone",
            "result",
            "earned_acquirer / shares_acquirer",
            places=3,
            rule="{alone} is {earned_acquirer} over {shares_acquirer}.",
        ),
        calc(
            "together",
            "eps_combined",
            "result",
            "combined / shares",
            back="",
            places=3,
            headline=True,
            rule="{together} is {combined} over {shares}.",
        ),
        calc(
            "accretion",
            "accretion",
            "result",
            "together - alone",
            back="",
            places=3,
            headline=True,
            rule="{accretion} is {together} less {alone}.",
        ),
        calc(
            "accretion_rate",
            "accretion_rate",
            "result",
            "accretion / alone",
            "rate",
            back="",
            headline=True,
            rule="{accretion_rate} is {accretion} over {alone}.",
        ),
        calc(
            "break_even",
            "break_even",
            "result",
            "MAX(0, -accretion * shares / (1 - tax_rate))",
            back="",
            rule="{break_even}: the further synergies before tax that {accretion} of zero would take, else 0.",
        ),
        figure(
            "check",
            "check",
            "checks",
            "paid - in_stock - in_cash - in_debt" + (" + (excess - intangibles - goodwill)" if allocated else ""),
            check=True,
            rule="{check}: the price is financed in full.",
        ),
    ]

    def data(rng: Any) -> Numbers:
        span = past + future
        shares, price = nice(rng.uniform(80, 400), 0.5), nice(rng.uniform(20, 90), 0.05)
        earned = shares * price / rng.uniform(12, 20)
        size = rng.uniform(0.15, 0.5)
        target_shares = nice(rng.uniform(20, 120), 0.5)
        target_price = nice(shares * price * size / target_shares, 0.05)
        found: Numbers = {
            "price_acquirer": [price],
            "price_target": [target_price],
            "shares_target": [target_shares],
            "premium": [nice(rng.uniform(0.15, 0.4), 0.05)],
            "stock_share": [nice(rng.uniform(0.2, 0.8), 0.05)],
            "cash_share": [nice(rng.uniform(0.2, 0.7), 0.05)],
            "debt_rate": [nice(rng.uniform(0.04, 0.08), 0.0025)],
            "cash_rate": [nice(rng.uniform(0.01, 0.035), 0.0025)],
            "tax_rate": [nice(rng.uniform(0.18, 0.3), 0.005)],
            "synergy_full": [nice(earned * rng.uniform(0.04, 0.15), 0.5)],
        }
        found |= split(walk(rng, earned, span, 0.02, 0.09), past, "earned_acquirer")
        found |= split(walk(rng, shares, span, -0.01, 0.015, 0.5), past, "shares_acquirer")
        found |= split(walk(rng, target_shares * target_price / rng.uniform(11, 19), span, 0.0, 0.12), past, "earned_target")
        if phased:
            found["phase"] = [min(1.0, nice(0.25 + n * rng.uniform(0.2, 0.3), 0.05)) for n in range(future)]
        if costs:
            found["integration"] = [nice(earned * 0.08 / (n + 1) * rng.uniform(0.5, 1.2)) for n in range(future)]
        if allocated:
            found |= {
                "book": [nice(target_shares * target_price * rng.uniform(0.3, 0.6), 0.5)],
                "intangible_share": [nice(rng.uniform(0.15, 0.4), 0.05)],
                "life": [float(rng.randint(max(2, future - 2), future + 5))],
            }
        if repaid:
            found["repay_share"] = [nice(rng.uniform(0.05, 0.2), 0.05)]
        return found

    def reference(values: Values) -> Numbers:
        v = {key: series[0] for key, series in values.items() if len(series) == 1}
        offer = v["price_target"] + v["price_target"] * v["premium"]
        paid = offer * v["shares_target"]
        stock = paid * v["stock_share"]
        cash = paid * (1 - v["stock_share"]) * v["cash_share"]
        lent = paid * (1 - v["stock_share"]) * (1 - v["cash_share"])
        issued = stock / v["price_acquirer"]
        out: Numbers = {
            key: [value]
            for key, value in (
                ("offer", offer),
                ("paid", paid),
                ("in_stock", stock),
                ("in_cash", cash),
                ("in_debt", lent),
                ("issued", issued),
                ("ratio", offer / v["price_acquirer"]),
            )
        }
        soft = 0.0
        if allocated:
            excess = max(0.0, paid - v["book"])
            soft = excess * v["intangible_share"]
            out |= {"excess": [excess], "intangibles": [soft], "goodwill": [excess - soft]}
        names = "year debt_left interest_new interest_lost synergies amortised adjustment adjusted_tax combined shares alone together accretion accretion_rate break_even".split()
        rows: dict[str, list[float]] = {key: [0.0] * past for key in names}
        for n in range(future):
            owed = max(0.0, lent - lent * v["repay_share"] * n) if repaid else lent
            gain = v["synergy_full"] * (values["phase"][n] if phased else 1.0)
            written = (soft / v["life"] if n + 1 <= v["life"] else 0.0) if allocated else 0.0
            once = values["integration"][n] if costs else 0.0
            change = gain - owed * v["debt_rate"] - cash * v["cash_rate"] - written - once
            levy = change * v["tax_rate"]
            ours, count = values["earned_acquirer"][n], values["shares_acquirer"][n]
            joint = ours + values["earned_target"][n] + change - levy
            alone, together = ours / count, joint / (count + issued)
            step = together - alone
            found = (
                n + 1.0,
                owed,
                owed * v["debt_rate"],
                cash * v["cash_rate"],
                gain,
                written,
                change,
                levy,
                joint,
                count + issued,
                alone,
                together,
                step,
                step / alone,
                max(0.0, -step * (count + issued) / (1 - v["tax_rate"])),
            )
            for key, value in zip(names, found, strict=True):
                rows[key].append(value)
        return {**out, **{key: series for key, series in rows.items() if key != "amortised" or allocated}}

    def cases(base: Values) -> dict[str, Values]:
        found: dict[str, Values] = {
            "all in stock": {"stock_share": (1.0,)},
            "all in cash and debt": {"stock_share": (0.0,)},
            "dilutive": {"premium": (0.95,), "synergy_full": (0.0,)},
            "accretive": {"synergy_full": (one(base, "synergy_full") * 10,)},
        }
        if allocated:
            found |= {
                "short lives": {"life": (2.0,)},
                "above the price": {"book": (one(base, "price_target") * one(base, "shares_target") * 2.5,)},
            }
        if repaid:
            found["repaid early"] = {"repay_share": (0.5,)}
        return found

    claims = (
        Claim("financed", "stock, cash and debt pay the price", residual((1, "paid"), (-1, "in_stock"), (-1, "in_cash"), (-1, "in_debt"))),
    )
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    return Model(tuple(sections), tuple(lines), past, future, reference, data, claims, cases, switchable=("earned_target",))


MERGER = Family(
    "merger",
    "merger model",
    workflow={"synergies": (("phased", "flat"), ("phased",)), "debt_repaid": ((False,), (True,))},
    data_model={"allocation": ((True, False), (True,)), "integration_costs": ((False, True), (True,))},
    build=build,
)
