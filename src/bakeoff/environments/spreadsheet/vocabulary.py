"""The words of the houses: for each term what training houses call it and, after the tilde, what only farther houses do. First word of a term: its
canonical one. Learners' authors stay out of this file."""

from __future__ import annotations

from functools import cache

_TERMS = """
title.loan: Loan schedule|Debt schedule|Term loan model ~ Facility amortisation|Borrowings roll-forward
title.budget: Budget versus actuals|Management accounts|Budget monitor ~ Performance against plan|Monthly plan review

sheet.inputs: Inputs|Assumptions|Drivers ~ Parameters|Control panel
sheet.model: Model|Calc|Workings ~ Engine|Computation
sheet.debt: Debt|Loan|Schedule ~ Facility|Amortisation
sheet.summary: Summary|Output|Results ~ Dashboard|Key figures
sheet.plan: Plan|Budget|Products ~ Portfolio|Ranges
sheet.bridge: Bridge|Variances|Analysis ~ Deviations|Walk

section.inputs: Assumptions|Inputs|Key assumptions ~ Parameters|Driving figures
section.dates: Calendar|Dates|Timing ~ Period details|Time base
section.debt: Loan|Term loan|Debt ~ Facility|Borrowing
section.debt_total: Total debt|All loans|Debt summary ~ Combined facilities|Borrowings overall
section.checks: Checks|Control|Model checks ~ Integrity tests|Proofs
section.summary: Summary|Key outputs|Results ~ Headline figures|At a glance
section.product: Product|Line of business|Category ~ Range|Offering
section.totals: Totals|Group total|Overall ~ Consolidated|Whole company
section.costs: Costs|Cost budget|Expenses ~ Spending|Outlay
section.bridge: Variance bridge|Bridge|Variance analysis ~ Walk to actuals|Deviation analysis

principal: Principal|Loan amount|Original balance ~ Face amount|Sum borrowed
balance_start: Balance brought forward|Opening position|Balance at start ~ Carried-in balance|Position taken over
rate: Interest rate|Nominal rate|Annual rate ~ Coupon|Price of debt
base_rate: Base rate|Reference rate|Benchmark rate ~ Floating index|Market rate
margin: Margin|Spread|Credit margin ~ Markup|Premium over index
term: Term (periods)|Number of instalments|Remaining periods ~ Tenor|Life in periods
first_day: Start date|First day|Commencement ~ Effective from|Value date
number: Period|Period number|No. ~ Count of periods|Sequence
days: Days|Days in period|Day count ~ Calendar days|Length in days
period_end: Period end|End date|Closing date ~ Until|Cut-off
opening: Opening balance|Balance b/f|Beginning balance ~ Position at start|Carried forward from before
drawdown: Drawdown|New borrowing|Drawings ~ Utilisation|Funds taken
repayment: Repayment|Principal repaid|Amortisation ~ Redemption|Capital paid back
extra: Prepayment|Voluntary repayment|Extra repayment ~ Early redemption|Unscheduled paydown
closing: Closing balance|Balance c/f|Ending balance ~ Position at end|Carried to next
interest: Interest|Interest expense|Interest charge ~ Cost of borrowing|Finance charge
instalment: Instalment|Annuity|Level payment ~ Fixed debit|Regular payment
scheduled: Scheduled repayment|Planned repayment|Repayment profile ~ Contractual redemption|Repayment plan
service: Debt service|Total payment|Cash paid to lender ~ Cash cost of debt|Outflow to bank
fee_rate: Fee rate|Commitment fee rate|Agency fee rate ~ Charge rate|Servicing rate
fee: Fee|Loan fee|Bank fee ~ Charges|Servicing cost
total_interest: Interest to date|Cumulative interest|Interest paid so far ~ Accumulated cost of borrowing|Running interest
total_repaid: Repaid to date|Cumulative repayment|Principal paid so far ~ Accumulated redemption|Running paydown
check: Check|Control total|Difference (should be 0) ~ Proof|Must be nil
debt_total: Total debt|Debt outstanding|Loans outstanding ~ Aggregate borrowings|All facilities
interest_total: Total interest|All interest|Interest, all loans ~ Aggregate finance charge|Finance charge overall
service_total: Total debt service|All payments|Payments, all loans ~ Aggregate outflow|Outflow overall
cash_available: Cash flow available|CFADS|Cash before debt service ~ Funds for lenders|Free funds
cover: DSCR|Debt service cover|Cover ratio ~ Times covered|Service multiple

volume_budget: Volume, budget|Budget units|Units (B) ~ Planned quantity|Quantity plan
volume_actual: Volume, actual|Actual units|Units (A) ~ Quantity sold|Quantity achieved
price_budget: Price, budget|Budget price|Price (B) ~ Planned unit value|List plan
price_actual: Price, actual|Actual price|Price (A) ~ Realised unit value|Net realised
revenue_budget: Revenue, budget|Budget sales|Revenue (B) ~ Planned turnover|Turnover plan
revenue_actual: Revenue, actual|Actual sales|Revenue (A) ~ Turnover achieved|Realised turnover
revenue_variance: Revenue variance|Sales variance|Variance ~ Turnover gap|Deviation
volume_effect: Volume variance|Volume effect|Due to volume ~ Quantity impact|Impact of quantity
price_effect: Price variance|Price effect|Due to price ~ Rate impact|Impact of rates
mix_effect: Joint variance|Price-volume effect|Due to both ~ Interaction|Cross impact
unit_cost: Unit cost|Cost per unit|Variable cost per unit ~ Outlay per piece|Standard cost
variable_budget: Variable cost, budget|Budget cost of sales|Cost of sales (B) ~ Planned direct outlay|Direct outlay plan
variable_actual: Variable cost, actual|Actual cost of sales|Cost of sales (A) ~ Direct outlay incurred|Direct outlay booked
overhead_budget: Overheads, budget|Budget overheads|Overheads (B) ~ Planned fixed outlay|Fixed outlay plan
overhead_actual: Overheads, actual|Actual overheads|Overheads (A) ~ Fixed outlay incurred|Fixed outlay booked
cost_variance: Cost variance|Variance on costs|Overspend ~ Outlay gap|Outlay deviation
profit_budget: Operating profit, budget|Budget profit|Profit (B) ~ Planned result|Result plan
profit_actual: Operating profit, actual|Actual profit|Profit (A) ~ Result achieved|Realised result
profit_variance: Profit variance|Variance on profit|Total variance ~ Result gap|Result deviation
profit_ytd: Profit, year to date|Cumulative profit|Profit YTD ~ Result so far|Running result
budget_ytd: Budget, year to date|Cumulative budget|Budget YTD ~ Plan so far|Running plan
attainment: Budget attainment|Actual as % of budget|Achievement ~ Plan fulfilment|Degree of fulfilment
variance_share: Variance in %|Variance % of budget|Relative variance ~ Gap in %|Deviation in %
total_budget: Total revenue, budget|Budget sales, total|Revenue (B), total ~ Planned turnover overall|Turnover plan overall
total_actual: Total revenue, actual|Actual sales, total|Revenue (A), total ~ Turnover achieved overall|Realised turnover overall

case_base: base case|base|management case ~ central view|expected path
case_up: upside case|upside|optimistic case ~ favourable view|high path
case_down: downside case|downside|pessimistic case ~ adverse view|low path
case_switch: Scenario|Active case|Case selector ~ Chosen view|Path in use
"""

PRODUCTS = (
    ("Hardware", "Software", "Services", "Training", "Parts", "Licences"),
    ("Kitchens", "Garden", "Bath", "Lighting", "Tools", "Paint"),
)
REGIONS = (("North", "South", "East", "West", "Central"), ("Nordics", "Iberia", "Alpine", "Benelux", "Baltics"))
LOANS = (("Senior", "Junior", "Mezzanine", "Vendor"), ("Facility A", "Facility B", "Capex line", "Shareholder"))
COMPANIES = (
    "Alder Brook Castle Dorset Elm Fairfax Grange Harbour Ivory Jasper Kestrel Linden Marlow Norfolk Orchard Pembroke Quarry Rowan Sterling Thorn "
    "Ulster Vale Wharf Yarrow Zephyr Amber Birch Cedar Dune Ember Fjord Glen Hazel Islay Juniper Keel Lark Moor Nettle Osprey Pine Quill Reed Slate "
    "Tarn Umber Vine Willow Yew Zinc Anchor Beacon Copper Delta Echo Flint Garnet Heron Indigo Jade Kelp Lagoon Maple Nickel Onyx Pearl Raven Saffron "
    "Topaz Velvet Walnut Arrow Bison Coral Drift Eagle Fern Granite Holly Iris Jet Kite Lotus Mango Nova Oak Poplar Ridge Sage Tulip Unity Violet Wren "
    "Acorn Bramble Clover Daisy Elder Foxglove Gorse Heather Ivy Jonquil Kingcup Lavender Mallow Nigella Olive Poppy Rush Sorrel Teasel Verbena Aspen "
    "Bay Crane Dove Egret Finch Gull Hawk Ibis Jay Knot Linnet Merlin Nuthatch Owl Plover Quail Robin Swift Tern Avon Bourne Clyde Dee Exe Forth Gade "
    "Humber Itchen Kennet Lune Mersey Nene Ouse Parrett Ribble Severn Tamar Usk Wye Arun Blyth Cam Dart Esk Frome Gipping Hamble Irwell Kent Lea Medway "
    "Nidd Orwell Piddle Rother Stour Thames Ure Welland Yare Anton Brent Colne Derwent Eden Fal Greta Hull Isis Kyle Lyn Mole Naver Oykel Pang Rye Spey "
    "Teign Ver Wey Allen Brue Cherwell Don Erewash Fowey Glaven Hiz Idle Ket Leven Meon Nar Otter Perry Roding Swale Tyne "
    "Almond Balder Cocker Duddon Ehen Fleet Gwash Harper Ise Kale"
).split()
SUFFIXES = (("plc", "Ltd", "Group plc", "Holdings Ltd", "& Co."), ("AG", "S.A.", "Inc.", "B.V.", "Oy"))
CURRENCIES = (("EUR", "GBP", "USD"), ("CHF", "SEK", "CAD"))


@cache
def pools() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Term -> (words of training houses, words of farther houses)."""
    table: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for line in _TERMS.strip().splitlines():
        if not line.strip():
            continue
        term, _, words = line.partition(": ")
        near, _, far = words.partition("~")
        halves = tuple(tuple(word.strip() for word in half.split("|") if word.strip()) for half in (near, far))
        if not all(halves) or term in table:
            raise ValueError(f"the vocabulary's term '{term}' has no words on one side of its tilde, or stands twice")
        table[term] = (halves[0], halves[1])
    return table


def all_words() -> frozenset[str]:
    """Every phrase that any house may show, in lower case."""
    pooled = {word.lower() for halves in pools().values() for half in halves for word in half}
    return frozenset(pooled | {name.lower() for halves in (PRODUCTS, REGIONS, LOANS) for half in halves for name in half})
