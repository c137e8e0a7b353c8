"""Three statements: income statement, balance sheet and cash flow that tie, with working capital, debt, tax losses and a revolver by house."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, calendar_of, dates, draws, first_day, given, nice, one, residual, scalar
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Unit, Values

ITEMS = ("receivables", "inventory", "payables")


def build(flags: Flags) -> Model:
    past, future = flags["past"], flags["future"]
    by_days, average, revolving, losses = (
        flags["working_capital"] == "days",
        flags["interest_basis"] == "average",
        flags["revolver"],
        flags["tax_losses"],
    )
    dated = by_days and flags["dated"]
    year = "days" if dated else "365"
    wear, payout_of = flags["depreciation_on"], flags["dividend"]
    sections = [
        Section("inputs", "section.inputs", "inputs", inputs=True),
        *([Section("dates", "section.dates", "income")] if dated else []),
        Section("income", "section.income", "income"),
        Section("cash_flow", "section.cash_flow", "flow"),
        Section("balance", "section.balance", "balance"),
        Section("checks", "section.checks", "balance"),
    ]
    year_said = "{days} of the period" if dated else "365"
    unit: Unit = "days" if by_days else "rate"
    top = 400 if by_days else 1.5
    on = {"receivables": "revenue", "inventory": "cogs", "payables": "cogs"}
    held = {item: f"{on[item]} * {item}_held / {year}" if by_days else f"{on[item]} * {item}_held" for item in ITEMS}
    shown = {item: f"{item} / {on[item]} * {year}" if by_days else f"{item} / {on[item]}" for item in ITEMS}
    how = {item: f"{{{item}}} is {{{item}_held}} of {{{on[item]}}}{f' over {year_said}' if by_days else ''}." for item in ITEMS}
    worn, worn_said = (
        ("ppe[-1]", "{ppe} at the end of the period before")
        if wear == "opening"
        else ("(ppe[-1] + capex)", "{ppe} at the end of the period before plus {capex}")
    )
    lent = "(debt[-1] + debt) / 2" if average else "debt[-1]"
    lent_said = "the average of {debt} before and after the period's repayment" if average else "{debt} at the end of the period before"
    drawn = "revolver[-1]" if revolving else ""
    lines: list[Line] = [
        given("growth", "growth", "inputs", "rate", -0.5, 1.0, back="revenue / revenue[-1] - 1"),
        given("cogs_share", "cogs_share", "inputs", "rate", 0.0, 0.95, back="cogs / revenue"),
        given("opex_share", "opex_share", "inputs", "rate", 0.0, 0.8, back="opex / revenue"),
        given("capex", "capex", "inputs", low=0.0, back=DATA, cost=True),
        given("wear_rate", "depreciation_rate", "inputs", "rate", 0.0, 0.6, back=f"depreciation / {worn}"),
        *(given(f"{item}_held", f"{item}_{unit}", "inputs", unit, 0.0, top, back=shown[item]) for item in ITEMS),
        given("repaid", "repayment", "inputs", low=0.0, back=DATA, cost=True),
        given("borrowing_rate", "rate", "inputs", "rate", 0.0, 0.3, back=f"interest / ({lent})" if average else f"interest / {lent}"),
        scalar("tax_rate", "tax_rate", "inputs", "rate", 0.0, 0.6),
        scalar("payout", "payout", "inputs", "rate", 0.0, 1.0),
    ]
    if dated:
        lines += [scalar("first_day", "first_day", "inputs", "date", 43800, 47500), *dates("dates", 12)]
    if revolving:
        lines += [
            scalar("floor", "minimum_cash", "inputs", "money", 0.0),
            scalar("revolver_rate", "revolver_rate", "inputs", "rate", 0.0, 0.3),
        ]
    charge = f"{lent} * borrowing_rate" if not average else f"({lent}) * borrowing_rate"
    cost = f"{charge} + {drawn} * revolver_rate" if revolving else charge
    taxed = "MAX(0, profit_before_tax - used)" if losses else "MAX(0, profit_before_tax)"
    lines += [
        calc(
            "revenue",
            "revenue",
            "income",
            "revenue[-1] * (1 + growth)",
            back=DATA,
            headline=True,
            total=True,
            low=1.0,
            rule="{revenue} is that of the period before, grown by {growth}.",
        ),
        calc("cogs", "cogs", "income", "revenue * cogs_share", back=DATA, cost=True, low=0.1, rule="{cogs} is {cogs_share} of {revenue}."),
        calc("gross_profit", "gross_profit", "income", "revenue - cogs", total=True, rule="{gross_profit} is {revenue} less {cogs}."),
        calc("opex", "opex", "income", "revenue * opex_share", back=DATA, cost=True, rule="{opex} is {opex_share} of {revenue}."),
        calc(
            "ebitda", "ebitda", "income", "gross_profit - opex", total=True, headline=True, rule="{ebitda} is {gross_profit} less {opex}."
        ),
        calc(
            "depreciation",
            "depreciation",
            "income",
            f"{worn} * wear_rate",
            back=DATA,
            cost=True,
            rule=f"{{depreciation}} is {{wear_rate}} of {worn_said}.",
        ),
        calc("ebit", "ebit", "income", "ebitda - depreciation", total=True, rule="{ebit} is {ebitda} less {depreciation}."),
        calc(
            "interest",
            "interest",
            "income",
            cost,
            back=DATA,
            cost=True,
            rule=f"{{interest}} is {{borrowing_rate}} on {lent_said}{', plus {revolver_rate} on {revolver} at the end of the period before' if revolving else ''}.",
        ),
        calc(
            "profit_before_tax",
            "profit_before_tax",
            "income",
            "ebit - interest",
            total=True,
            rule="{profit_before_tax} is {ebit} less {interest}.",
        ),
    ]
    if losses:
        lines.append(
            calc(
                "used",
                "losses_used",
                "income",
                "MIN(MAX(0, profit_before_tax), losses[-1])",
                back="",
                rule="{used} is what {profit_before_tax} allows, at most {losses} at the end of the period before.",
            )
        )
    lines += [
        calc(
            "tax",
            "tax",
            "income",
            f"{taxed} * tax_rate",
            back=DATA,
            cost=True,
            headline=True,
            rule=f"{{tax}} is {{tax_rate}} of {{profit_before_tax}}{' less {used}' if losses else ''}, and nothing on a loss.",
        ),
        calc(
            "net_income",
            "net_income",
            "income",
            "profit_before_tax - tax",
            total=True,
            headline=True,
            rule="{net_income} is {profit_before_tax} less {tax}.",
        ),
        calc(
            "dividends",
            "dividends",
            "income",
            "MAX(0, net_income) * payout" if payout_of == "same" else "MAX(0, net_income[-1]) * payout",
            back=DATA,
            cost=True,
            rule=f"{{dividends}} are {{payout}} of {{net_income}}{'' if payout_of == 'same' else ' of the period before'}, and nothing on a loss.",
        ),
        calc(
            "working_capital",
            "working_capital",
            "cash_flow",
            "receivables + inventory - payables",
            rule="{working_capital} is {receivables} plus {inventory} less {payables}.",
        ),
        calc(
            "working_capital_change",
            "working_capital_change",
            "cash_flow",
            "working_capital - working_capital[-1]",
            cost=True,
            rule="{working_capital_change} is the rise of {working_capital} since the period before.",
        ),
        calc(
            "operating_flow",
            "operating_flow",
            "cash_flow",
            "net_income + depreciation - working_capital_change",
            total=True,
            headline=True,
            rule="{operating_flow} is {net_income} plus {depreciation} less {working_capital_change}.",
        ),
        calc(
            "free_flow",
            "free_cash_flow",
            "cash_flow",
            "operating_flow - capex",
            total=True,
            rule="{free_flow} is {operating_flow} less {capex}.",
        ),
    ]
    if revolving:
        lines += [
            calc(
                "before_revolver",
                "cash_before_revolver",
                "cash_flow",
                "cash[-1] + free_flow - (debt[-1] - debt) - dividends",
                back="",
                rule="{before_revolver} is {cash} at the end of the period before plus {free_flow}, less the fall of {debt}, less {dividends}.",
            ),
            calc(
                "revolver_flow",
                "revolver_flow",
                "cash_flow",
                "MAX(floor - before_revolver, -revolver[-1])",
                back="0",
                rule="{revolver_flow} fills up to {floor} or pays back what is above it, at most {revolver} at the end of the period before.",
            ),
        ]
    extra = " + revolver_flow" if revolving else ""
    lines += [
        calc(
            "net_flow",
            "net_flow",
            "cash_flow",
            f"free_flow - (debt[-1] - debt) - dividends{extra}",
            total=True,
            headline=True,
            rule=f"{{net_flow}} is {{free_flow}} less the fall of {{debt}}, less {{dividends}}{', plus {revolver_flow}' if revolving else ''}.",
        ),
        calc(
            "cash",
            "cash",
            "balance",
            "cash[-1] + net_flow",
            back=DATA,
            headline=True,
            rule="{cash} is that of the period before plus {net_flow}.",
        ),
        *(calc(item, item, "balance", held[item], back=DATA, low=0.0, rule=how[item]) for item in ITEMS[:2]),
        calc(
            "ppe",
            "ppe",
            "balance",
            "ppe[-1] + capex - depreciation",
            back=DATA,
            low=1.0,
            rule="{ppe} is that of the period before plus {capex} less {depreciation}.",
        ),
        calc(
            "assets",
            "total_assets",
            "balance",
            "SUM(cash, receivables, inventory, ppe)",
            total=True,
            headline=True,
            rule="{assets} adds up {cash}, {receivables}, {inventory} and {ppe}.",
        ),
        calc("payables", "payables", "balance", held["payables"], back=DATA, low=0.0, rule=how["payables"]),
    ]
    if revolving:
        lines.append(
            calc(
                "revolver",
                "revolver",
                "balance",
                "revolver[-1] + revolver_flow",
                back="0",
                rule="{revolver} is that of the period before plus {revolver_flow}.",
            )
        )
    lines += [
        calc(
            "debt",
            "debt",
            "balance",
            "debt[-1] - MIN(debt[-1], repaid)",
            back=DATA,
            low=1.0,
            rule="{debt} is that of the period before less {repaid}, never below zero.",
        ),
        calc("share_capital", "share_capital", "balance", "share_capital[-1]", back=DATA, rule="{share_capital} stays as it is."),
        calc(
            "retained",
            "retained",
            "balance",
            "retained[-1] + net_income - dividends",
            back=DATA,
            low=-1e6,
            rule="{retained} is that of the period before plus {net_income} less {dividends}.",
        ),
        calc(
            "funding",
            "total_funding",
            "balance",
            f"SUM(payables{', revolver' if revolving else ''}, debt, share_capital, retained)",
            total=True,
            headline=True,
            rule="{funding} adds up all liabilities and equity.",
        ),
    ]
    if losses:
        lines.append(
            calc(
                "losses",
                "losses",
                "balance",
                "losses[-1] + MAX(0, -profit_before_tax) - used",
                back="",
                at_close="losses_start",
                rule="{losses}: those of the period before plus any new loss before tax, less {used}; at the end of history they are {losses_start}.",
            )
        )
        lines.append(scalar("losses_start", "losses_start", "inputs", "money", 0.0))
    lines.append(calc("check", "check", "checks", "assets - funding", check=True, rule="{check}: {assets} less {funding}."))

    def data(rng: Any) -> Numbers:
        found: Numbers = {
            key: []
            for key in (
                "revenue",
                "cogs",
                "opex",
                "capex",
                "depreciation",
                "interest",
                "tax",
                "dividends",
                "cash",
                *ITEMS,
                "ppe",
                "repaid",
                "debt",
                "share_capital",
                "retained",
            )
        }
        size = rng.uniform(200, 1500)
        level, shares = size, (rng.uniform(0.45, 0.62), rng.uniform(0.18, 0.26))
        tax_rate, payout = nice(rng.uniform(0.18, 0.3), 0.005), nice(rng.uniform(0.1, 0.5), 0.05)
        wear, rate = rng.uniform(0.08, 0.15), rng.uniform(0.03, 0.06)
        ppe, debt, capital = nice(size * 0.5), nice(size * rng.uniform(0.3, 0.5)), nice(size * 0.15)
        before: dict[str, float] = {}
        holdings = {"receivables": rng.uniform(30, 65), "inventory": rng.uniform(35, 80), "payables": rng.uniform(30, 60)}
        for n in range(past):
            revenue = nice(level)
            cogs, opex = nice(revenue * (shares[0] + rng.uniform(-0.015, 0.015))), nice(revenue * (shares[1] + rng.uniform(-0.01, 0.01)))
            capex, repaid = nice(size * rng.uniform(0.05, 0.09)), nice(size * rng.uniform(0.02, 0.05))
            old_ppe, old_debt = (before["ppe"], before["debt"]) if n else (ppe, debt)
            base = old_ppe + (capex if flags["depreciation_on"] != "opening" else 0)
            worn = nice(base * (wear + rng.uniform(-0.01, 0.01)))
            debt = nice(old_debt - repaid)
            paid = nice((0.5 * (old_debt + debt) if average else old_debt) * (rate + rng.uniform(-0.003, 0.003)))
            profit = revenue - cogs - opex - worn - paid
            tax = nice(max(0.0, profit) * tax_rate)
            earned = nice(profit - tax)
            dividends = nice(max(0.0, earned if payout_of == "same" or not n else before["earned"]) * payout)
            stock = {
                item: nice((revenue if item == "receivables" else cogs) * (days + rng.uniform(-3, 3)) / 365)
                for item, days in holdings.items()
            }
            ppe = nice(old_ppe + capex - worn)
            if n:
                rise = sum(sign * (stock[item] - before[item]) for sign, item in ((1, "receivables"), (1, "inventory"), (-1, "payables")))
                cash = nice(before["cash"] + earned + worn - rise - capex - (old_debt - debt) - dividends)
                retained = nice(before["retained"] + earned - dividends)
            else:
                cash = nice(size * rng.uniform(0.1, 0.25))
                retained = nice(cash + stock["receivables"] + stock["inventory"] + ppe - stock["payables"] - debt - capital)
            row = {
                "revenue": revenue,
                "cogs": cogs,
                "opex": opex,
                "capex": capex,
                "depreciation": worn,
                "interest": paid,
                "tax": tax,
                "dividends": dividends,
                "cash": cash,
                "ppe": ppe,
                "repaid": repaid,
                "debt": debt,
                "share_capital": capital,
                "retained": retained,
                **stock,
            }
            for key, value in row.items():
                found[key].append(value)
            before = {**row, "earned": earned}
            level *= 1 + rng.uniform(0.0, 0.12)
        ahead = {
            "growth": draws(rng, future, -0.02, 0.14, 0.005),
            "cogs_share": draws(rng, future, shares[0] - 0.03, shares[0] + 0.03, 0.005),
            "opex_share": draws(rng, future, shares[1] - 0.02, shares[1] + 0.02, 0.005),
            "capex": draws(rng, future, size * 0.05, size * 0.1, 0.5),
            "wear_rate": draws(rng, future, wear - 0.02, wear + 0.02, 0.005),
            "repaid": draws(rng, future, size * 0.02, size * 0.05, 0.5),
            "borrowing_rate": draws(rng, future, rate - 0.01, rate + 0.01, 0.0025),
        }
        for item, days in holdings.items():
            span, step = (1, 1) if by_days else (365, 0.005)
            ahead[f"{item}_held"] = draws(rng, future, (days - 6) / span, (days + 6) / span, step)
        out: Numbers = {f"{key}.past": series for key, series in found.items()} | ahead
        out |= {"tax_rate": [tax_rate], "payout": [payout]}
        if dated:
            out["first_day"] = first_day(rng)
        if revolving:
            out |= {"floor": [nice(size * rng.uniform(0.05, 0.3), 0.5)], "revolver_rate": [nice(rate + 0.01, 0.0025)]}
        if losses:
            out["losses_start"] = [nice(size * rng.uniform(0.05, 0.4), 0.5)]
        return out

    def reference(values: Values) -> Numbers:
        known = (
            "revenue",
            "cogs",
            "opex",
            "depreciation",
            "interest",
            "tax",
            "dividends",
            "cash",
            *ITEMS,
            "ppe",
            "debt",
            "share_capital",
            "retained",
        )
        out: Numbers = {key: list(values[f"{key}.past"]) for key in known}
        zero = [0.0] * past
        ends, gaps = calendar_of(values, 12, past + future) if dated else ([], [])
        lengths = gaps[past:] or [365.0] * future
        last = {key: series[-1] for key, series in out.items()}
        fresh = (
            "gross_profit",
            "ebitda",
            "ebit",
            "profit_before_tax",
            "net_income",
            "working_capital",
            "working_capital_change",
            "operating_flow",
            "free_flow",
            "net_flow",
            "assets",
            "funding",
            "used",
            "before_revolver",
            "revolver_flow",
            "revolver",
            "losses",
            "check",
        )
        out |= {key: list(zero) for key in fresh}
        last["revolver"], last["losses"] = 0.0, one(values, "losses_start") if losses else 0.0
        last["net_income"] = last["revenue"] - last["cogs"] - last["opex"] - last["depreciation"] - last["interest"] - last["tax"]
        tax_rate, payout = one(values, "tax_rate"), one(values, "payout")
        for n in range(future):
            at = {key: series[n] for key, series in values.items() if len(series) == future and not key.endswith(".past")}
            now: dict[str, float] = {}
            now["revenue"] = last["revenue"] + last["revenue"] * at["growth"]
            now["cogs"], now["opex"] = at["cogs_share"] * now["revenue"], at["opex_share"] * now["revenue"]
            now["gross_profit"] = now["revenue"] - now["cogs"]
            now["ebitda"] = now["gross_profit"] - now["opex"]
            now["depreciation"] = at["wear_rate"] * (last["ppe"] + (at["capex"] if wear != "opening" else 0.0))
            now["ebit"] = now["ebitda"] - now["depreciation"]
            now["debt"] = max(0.0, last["debt"] - at["repaid"])
            now["interest"] = at["borrowing_rate"] * (0.5 * (last["debt"] + now["debt"]) if average else last["debt"])
            if revolving:
                now["interest"] += one(values, "revolver_rate") * last["revolver"]
            result = now["profit_before_tax"] = now["ebit"] - now["interest"]
            now["used"] = min(max(result, 0.0), last["losses"]) if losses else 0.0
            now["losses"] = last["losses"] + max(-result, 0.0) - now["used"]
            now["tax"] = tax_rate * max(0.0, result - now["used"])
            now["net_income"] = result - now["tax"]
            now["dividends"] = payout * max(0.0, now["net_income"] if payout_of == "same" else last["net_income"])
            for item in ITEMS:
                now[item] = now["revenue" if item == "receivables" else "cogs"] * at[f"{item}_held"] / (lengths[n] if by_days else 1)
            now["working_capital"] = now["receivables"] + now["inventory"] - now["payables"]
            now["working_capital_change"] = now["working_capital"] - (last["receivables"] + last["inventory"] - last["payables"])
            now["operating_flow"] = now["net_income"] + now["depreciation"] - now["working_capital_change"]
            now["free_flow"] = now["operating_flow"] - at["capex"]
            raised = now["debt"] - last["debt"]
            now["before_revolver"] = last["cash"] + now["free_flow"] + raised - now["dividends"]
            now["revolver_flow"] = 0.0
            if revolving:
                missing = one(values, "floor") - now["before_revolver"]
                now["revolver_flow"] = missing if missing > -last["revolver"] else -last["revolver"]
            now["revolver"] = last["revolver"] + now["revolver_flow"]
            now["cash"] = now["before_revolver"] + now["revolver_flow"]
            now["net_flow"] = now["cash"] - last["cash"]
            now["ppe"] = last["ppe"] + at["capex"] - now["depreciation"]
            now["share_capital"] = last["share_capital"]
            now["retained"] = last["retained"] + now["net_income"] - now["dividends"]
            now["assets"] = now["cash"] + now["receivables"] + now["inventory"] + now["ppe"]
            now["funding"] = now["payables"] + now["revolver"] + now["debt"] + now["share_capital"] + now["retained"]
            now["check"] = now["assets"] - now["funding"]
            for key, value in now.items():
                out[key].append(value)
            last = now
        return {**out, "period_end": ends, "days": gaps} if dated else out

    def cases(base: Values) -> dict[str, Values]:
        found: dict[str, Values] = {
            "a deep slump": {
                "growth": tuple(-0.25 for _ in range(future)),
                "cogs_share": tuple(0.8 for _ in range(future)),
                "opex_share": tuple(0.3 for _ in range(future)),
            },
            "a slump and a recovery": {"cogs_share": tuple(0.85 if n < 2 else 0.4 for n in range(future))},
            "debt paid off": {"repaid": tuple(base["debt.past"][-1] * 0.7 for _ in range(future))},
        }
        if revolving:
            found["more cash to be held"] = {"floor": (base["revenue.past"][-1] * 0.6,)}
            found["drawn and paid back"] = {"capex": tuple(base["revenue.past"][-1] * (0.5 if n == 0 else 0.02) for n in range(future))}
        return found

    def balance(values: Any) -> tuple[float, ...]:
        held = sum(values[f"{key}.past"][-1] for key in ("cash", "receivables", "inventory", "ppe"))
        owed = sum(values[f"{key}.past"][-1] for key in ("payables", "debt", "share_capital", "retained"))
        return tuple(assets - funding - (held - owed) for assets, funding in zip(values["assets"], values["funding"], strict=True))

    claims = [
        Claim("retained-rolls", "net income is taxed profit", residual((1, "net_income"), (-1, "profit_before_tax"), (1, "tax"))),
        Claim(
            "balance",
            "assets and funding differ by no more than they did at the end of history",
            balance,
            (("assets", "funding"), ("assets", "retained"), ("funding", "assets"), ("funding", "cash")),
        ),
    ]
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    return Model(tuple(sections), tuple(lines), past, future, reference, data, tuple(claims), cases, switchable=("growth", "cogs_share"))


STATEMENTS = Family(
    "statements",
    "three-statement model",
    workflow={
        "interest_basis": (("opening", "average"), ("average",)),
        "depreciation_on": (("opening",), ("with-capex",)),
        "dividend": (("same",), ("lagged",)),
    },
    data_model={
        "working_capital": (("days", "share"), ("share", "days")),
        "revolver": ((False, True), (True,)),
        "tax_losses": ((False,), (True, False)),
        "dated": ((False,), (True,)),
    },
    build=build,
)
