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

title.saas: Subscription forecast|SaaS model|Recurring revenue model ~ Subscriber plan|Unit economics
title.lease: Lease schedule|Lease liabilities|Lease model ~ Right-of-use workings|Rental obligations
title.statements: Three-statement model|Financial model|Integrated forecast ~ Corporate plan|Linked statements

sheet.income: P&L|Income statement|IS ~ Result|Earnings
sheet.flow: CF|Cash flow|Cash ~ Liquidity|Funds flow
sheet.balance: BS|Balance sheet|Balance ~ Position|Net worth
section.customers: Customers|Subscribers|Customer base ~ Accounts|User base
section.result: Result|Profit and cash|Financials ~ Earnings and liquidity|Bottom line
section.lease: Lease|Lease contract|Property lease ~ Tenancy|Rental contract
section.income: Income statement|Profit and loss|P&L ~ Earnings statement|Statement of results
section.cash_flow: Cash flow|Cash flow statement|Statement of cash flows ~ Funds flow|Liquidity
section.balance: Balance sheet|Statement of financial position|Financial position ~ Position statement|Assets and funding

customers_start: Customers at start|Opening customers|Initial customers ~ Initial accounts|Users taken over
arpa: Price per customer|ARPA|Revenue per customer ~ Fee per account|Ticket
churn: Churn rate|Churn|Customer churn ~ Attrition|Cancellation quota
acquisition_spend: Acquisition spend|Sales and marketing|S&M spend ~ Growth spend|Outlay on winning accounts
cac: CAC|Cost per new customer|Acquisition cost ~ Cost to win an account|Price of a new account
customers_added_plan: Planned new customers|New customers (plan)|Sales plan ~ Planned wins|Target for wins
expansion: Expansion rate|Upsell rate|Upsell ~ Add-on quota|Uplift
hosting_share: Cost of revenue, % of revenue|COGS %|Hosting % ~ Delivery quota|Serving cost quota
overhead: Overheads|Fixed costs|G&A ~ Structure costs|Fixed outlay
cash_start: Cash at start|Opening cash|Initial cash ~ Funds at start|Money in bank at start
customers_opening: Customers b/f|Customers, opening|Beginning customers ~ Accounts at start|Users before
customers_new: New customers|Gross adds|Customers won ~ Wins|Joiners
customers_lost: Lost customers|Churned customers|Customers lost ~ Leavers|Departures
customers_closing: Customers c/f|Customers, closing|Ending customers ~ Accounts at end|Users after
subscription_revenue: Subscription revenue|Recurring revenue|MRR ~ Fee income|Income from accounts
run_rate: ARR|Annual run rate|Annualised revenue ~ Yearly fee base|Fee base, annualised
ltv: LTV|Lifetime value|Customer lifetime value ~ Worth of an account|Account worth
ltv_cac: LTV / CAC|LTV to CAC|Lifetime value over CAC ~ Payoff multiple|Worth over cost to win
customers_total: Total customers|All customers|Customers, all plans ~ Accounts overall|Users overall
revenue: Revenue|Net sales|Sales ~ Turnover|Top line
growth: Growth|Revenue growth|Growth rate ~ Rise in turnover|Rate of increase
hosting: Cost of revenue|Hosting costs|Cost of service ~ Delivery cost|Serving cost
gross_profit: Gross profit|Gross margin|Contribution ~ Gross result|First margin
ebitda: EBITDA|Operating cash profit|EBITDA (adj.) ~ Operating result before wear|Cash earnings
ebitda_margin: EBITDA margin|Margin|EBITDA % ~ Cash earnings quota|Operating quota
cash_closing: Cash at end|Closing cash|Cash balance ~ Funds at end|Money in bank
funding_need: Funding need|Cash shortfall|Financing gap ~ Missing funds|Gap to be funded

rent_first: First payment|Initial rent|Rent, first period ~ Starting instalment|Entry rent
rent_index: Rent increase|Indexation|Escalation ~ Step-up|Uprating
borrowing_rate: Incremental borrowing rate|Discount rate|IBR ~ Implicit rate|Rate for discounting
direct_costs: Initial direct costs|Direct costs|Set-up costs ~ Costs of signing|Entry costs
liability_initial: Lease liability at start|Initial liability|Present value of payments ~ Discounted rents|Obligation at start
asset_initial: Right-of-use asset at start|Initial asset|ROU at start ~ Capitalised right at start|Right capitalised
rent: Payment|Lease payment|Rent ~ Rental|Instalment to lessor
asset_opening: ROU, opening|Asset b/f|Asset, opening ~ Right at start|Carrying amount before
depreciation: Depreciation|Depreciation charge|D&A ~ Wear|Write-off
asset_closing: ROU, closing|Asset c/f|Asset, closing ~ Right at end|Carrying amount after
lease_expense: Total expense|P&L charge|Lease expense ~ Charge to result|Burden on earnings
lease_paid: Cash paid|Total payments|Cash out ~ Rents paid|Outflow to lessors
lease_gap: Expense less cash|P&L less cash|Timing difference ~ Excess of charge|Charge beyond rent
lease_gap_so_far: Expense less cash, cumulative|Cumulative difference|Difference to date ~ Excess so far|Running excess
liability_total: Total lease liability|Lease liabilities|Liabilities, all leases ~ Obligations overall|Owed to lessors
asset_total: Total ROU assets|Right-of-use assets|Assets, all leases ~ Rights overall|Capitalised rights

cogs_share: Cost of sales, % of revenue|COGS, % of sales|Cost ratio ~ Direct outlay quota|Input quota
opex_share: Operating costs, % of revenue|Opex, % of sales|Opex ratio ~ Structure quota|Running cost quota
capex: Capex|Capital expenditure|Investment ~ Additions to fixed assets|Plant purchases
depreciation_rate: Depreciation rate|Depreciation, % of PP&E|D&A rate ~ Wear quota|Write-off quota
receivables_days: Receivable days|DSO|Days sales outstanding ~ Collection time|Customer credit days
inventory_days: Inventory days|DIO|Days of stock ~ Storage time|Stock reach
payables_days: Payable days|DPO|Days payable ~ Payment time|Supplier credit days
receivables_rate: Receivables, % of revenue|Debtors %|Receivables ratio ~ Customer credit quota|Collection quota
inventory_rate: Inventory, % of cost of sales|Stock %|Inventory ratio ~ Storage quota|Stock quota
payables_rate: Payables, % of cost of sales|Creditors %|Payables ratio ~ Supplier credit quota|Payment quota
tax_rate: Tax rate|Corporate tax rate|Income tax rate ~ Levy rate|Charge of the state
payout: Payout ratio|Dividend payout|Payout ~ Distribution quota|Share paid out
minimum_cash: Minimum cash|Cash floor|Target cash ~ Liquidity reserve|Required funds
revolver_rate: Revolver rate|RCF interest rate|Overdraft rate ~ Price of short credit|Short-term rate
cogs: Cost of sales|COGS|Cost of goods sold ~ Direct outlay|Input costs
opex: Operating costs|Opex|SG&A ~ Structure costs, running|Running costs
ebit: EBIT|Operating profit|Operating income ~ Operating result|Result before finance
profit_before_tax: Profit before tax|PBT|Pre-tax profit ~ Result before levy|Earnings before levy
losses_used: Tax losses used|Loss relief|NOL used ~ Losses set off|Set-off
tax: Tax|Income tax|Tax charge ~ Levy|Corporate levy
net_income: Net income|Net profit|Profit after tax ~ Result of the year|Bottom-line earnings
dividends: Dividends|Dividends paid|Distributions ~ Paid to owners|Owners' share
working_capital: Working capital|Net working capital|NWC ~ Capital tied up|Operating funds
working_capital_change: Increase in working capital|Change in NWC|NWC investment ~ Build-up of operating funds|More capital tied up
operating_flow: Cash flow from operations|Operating cash flow|CFO ~ Funds from business|Operating funds flow
free_cash_flow: Free cash flow|FCF|Cash flow after capex ~ Free funds flow|Funds after investing
cash_before_revolver: Cash before revolver|Cash pre-RCF|Cash before overdraft ~ Funds before short credit|Position before short credit
revolver_flow: Revolver drawn / (repaid)|RCF movement|Overdraft movement ~ Short credit movement|Move in short credit
net_flow: Net change in cash|Net cash flow|Change in cash ~ Change in funds|Net funds flow
cash: Cash|Cash and equivalents|Cash and bank ~ Funds|Liquid means
receivables: Receivables|Trade receivables|Debtors ~ Owed by customers|Customer credit
inventory: Inventory|Stock|Inventories ~ Goods held|Stores
ppe: PP&E|Fixed assets|Property, plant and equipment ~ Plant|Tangible assets
total_assets: Total assets|Assets|Sum of assets ~ All assets|Assets overall
payables: Payables|Trade payables|Creditors ~ Owed to suppliers|Supplier credit
revolver: Revolver|RCF|Overdraft ~ Short credit|Short-term line
debt: Debt|Long-term debt|Term debt ~ Loans from banks|Borrowed funds
share_capital: Share capital|Paid-in capital|Common stock ~ Owners' stake|Capital paid in
retained: Retained earnings|Reserves|Accumulated profit ~ Earnings kept|Surplus
total_funding: Total liabilities and equity|Liabilities and equity|Total funding ~ Sources of funds, overall|Funding overall
losses: Tax losses carried forward|NOL balance|Loss carry-forward ~ Losses to be set off|Stock of losses
losses_start: Tax losses at start|NOL brought forward|Losses brought forward ~ Losses taken over|Old losses

title.dcf: DCF valuation|Discounted cash flow|Valuation model ~ Intrinsic value workings|Present value model
title.lbo: LBO model|Buyout model|Leveraged buyout ~ Sponsor case|Acquisition finance model
title.merger: Merger model|Accretion / dilution|M&A model ~ Combination workings|Effect of the deal
title.comps: Comparable companies|Trading comps|Peer multiples ~ Market yardsticks|Peer group valuation
title.sensitivity: Scenarios and sensitivities|Sensitivity tables|Scenario analysis ~ What-if workings|Range of outcomes

section.capital_cost: Cost of capital|WACC|Discounting ~ Price of capital|Rates for discounting
section.free_flow: Free cash flow|Cash flow forecast|Operating model ~ Funds forecast|Flows to all holders
section.valuation: Valuation|Value|DCF value ~ Worth|Appraisal
section.sources_uses: Sources and uses|Transaction|Deal financing ~ Funding of the deal|Money in and out at signing
section.operations: Operations|Operating forecast|Cash generation ~ Business plan|Running business
section.senior: Senior debt|First lien|Bank debt ~ First-ranking loan|Prior debt
section.junior: Junior debt|Second lien|Subordinated debt ~ Second-ranking loan|Lower debt
section.returns: Returns|Exit and returns|Sponsor returns ~ Owners' yield|Outcome for owners
section.companies: Companies|Standalone figures|Standalone ~ Both parties|The two firms
section.deal: Deal|Purchase price and financing|Transaction terms ~ Terms of the combination|Price and funding
section.pro_forma: Pro forma earnings|Combined earnings|Pro forma ~ Joint result|Result after combination
section.accretion: Accretion / dilution|Per share|EPS effect ~ Effect on holders|Change per stake
section.market: Peers|Market data|Peer data ~ Yardstick firms|Quoted firms
section.target: Target|Company to be valued|Subject ~ Firm in question|Own firm
section.multiples: Multiples|Trading multiples|Peer multiples table ~ Yardsticks|Ratios of worth
section.statistics: Statistics|Summary statistics|Averages ~ Middle values|Condensed yardsticks
section.cases: Cases|Scenario inputs|Scenarios ~ Views|Variants
section.case_results: Results by case|Scenario results|Outcome by case ~ Outcome of each view|Result of each variant
section.weighted: Weighted result|Expected outcome|Probability-weighted ~ Blend of views|Mixed outcome
section.grid: Sensitivity|Sensitivity table|Value grid ~ Two-way table|Cross table

depreciation_share: Depreciation, % of revenue|D&A, % of sales|D&A ratio ~ Wear, quota of turnover|Write-off to turnover
capex_share: Capex, % of revenue|Capex, % of sales|Capex ratio ~ Plant purchases, quota|Additions to turnover
working_capital_share: Working capital, % of revenue|NWC, % of sales|NWC ratio ~ Operating funds, quota|Tied capital to turnover
net_debt: Net debt|Net financial debt|Debt less cash ~ Net borrowings|Borrowings after funds
shares: Shares outstanding|Shares|Number of shares ~ Stakes issued|Share count
minorities: Minority interests|Non-controlling interests|NCI ~ Outside holders|Stakes of others
wacc: WACC|Weighted cost of capital|Cost of capital ~ Blended rate|Hurdle rate
risk_free: Risk-free rate|Government bond yield|Rf ~ Safe rate|Rate without risk
beta: Beta|Equity beta|Levered beta ~ Market sensitivity|Risk factor
risk_premium: Equity risk premium|Market risk premium|ERP ~ Reward for risk|Premium of the market
debt_weight: Debt weight|Debt share of capital|D/(D+E) ~ Quota of borrowings|Gearing
cost_of_equity: Cost of equity|Equity return required|Re ~ Owners' required rate|Price of owners' funds
perpetual_growth: Terminal growth|Perpetual growth|Long-term growth ~ Growth for ever|Steady pace
exit_multiple: Exit multiple|Terminal multiple|EV/EBITDA at exit ~ Multiple on sale|Yardstick at the end
tax_on_ebit: Tax on EBIT|Operating taxes|Notional tax ~ Levy on operations|Levy before finance
nopat: NOPAT|EBIT after tax|Operating profit after tax ~ Operating result after levy|Result for all holders
forecast_year: Year|Forecast year|t ~ Count of years ahead|Distance in years
discount_factor: Discount factor|DF|Present value factor ~ Time factor|Worth of one later
present_value: Present value|PV of FCF|Discounted cash flow ~ Worth today|Flow in today's money
value_of_flows: PV of forecast flows|Sum of present values|Value of forecast ~ Worth of the plan years|Plan years today
terminal_value: Terminal value|TV|Continuing value ~ Worth at the end|Rest value
terminal_present: PV of terminal value|Discounted TV|Terminal value today ~ Rest value today|Worth at the end, today
enterprise_value: Enterprise value|EV|Firm value ~ Worth of the business|Whole-firm worth
equity_value: Equity value|Value of equity|Implied equity value ~ Owners' worth|Worth for holders
value_per_share: Value per share|Implied share price|Equity value per share ~ Worth of one stake|Worth per share
terminal_share: Terminal value, % of EV|TV share|Share of TV ~ Weight of the rest value|Rest value quota

entry_multiple: Entry multiple|Purchase multiple|EV/EBITDA at entry ~ Multiple on purchase|Yardstick at the start
senior_multiple: Senior debt / EBITDA|Senior leverage|First lien multiple ~ First-ranking quota|Turns of prior debt
junior_multiple: Junior debt / EBITDA|Junior leverage|Second lien multiple ~ Second-ranking quota|Turns of lower debt
deal_fee_rate: Transaction fees, %|Fee percentage|Deal costs % ~ Advisers' quota|Cost of dealing, quota
senior_rate: Senior interest rate|First lien rate|Senior coupon ~ Price of prior debt|First-ranking rate
junior_rate: Junior interest rate|Second lien rate|Junior coupon ~ Price of lower debt|Second-ranking rate
mandatory_share: Mandatory amortisation, %|Annual amortisation %|Scheduled paydown % ~ Fixed paydown quota|Forced redemption quota
sweep_share: Cash sweep, %|Sweep percentage|Excess cash share ~ Quota of spare funds|Skim quota
purchase_price: Purchase price|Price paid|Transaction value ~ Consideration|Sum paid
senior_amount: Senior debt raised|First lien raised|Senior debt at close ~ Prior debt taken up|First-ranking loan raised
junior_amount: Junior debt raised|Second lien raised|Junior debt at close ~ Lower debt taken up|Second-ranking loan raised
deal_fees: Transaction fees|Deal costs|Fees and expenses ~ Advisers' charges|Cost of dealing
uses: Total uses|Uses|Uses of funds ~ Money out|Applied in all
equity_in: Sponsor equity|Equity invested|Equity cheque ~ Owners' money in|Stake paid in
mandatory: Mandatory repayment|Scheduled amortisation|Mandatory amortisation ~ Forced redemption|Fixed paydown
sweep: Cash sweep|Optional repayment|Excess cash repayment ~ Skim of spare funds|Paid from spare funds
leverage: Net debt / EBITDA|Leverage|Net leverage ~ Turns of net borrowings|Borrowing multiple
exit_value: Exit enterprise value|Exit EV|EV at exit ~ Proceeds of a sale|Worth on sale
exit_equity: Exit equity|Equity at exit|Equity proceeds ~ Owners' proceeds|Left for owners
holding_years: Years held|Holding period|Years since closing ~ Length of ownership|Time owned
money_multiple: Money multiple|MOIC|Multiple of money ~ Times money back|Return multiple
irr: IRR|Annual return|Internal rate of return ~ Yearly yield|Yield for owners

price_acquirer: Acquirer share price|Our share price|Buyer's share price ~ Bidder's quotation|Quotation of the bidder
price_target: Target share price|Their share price|Seller's share price ~ Quotation of the firm bought|Quotation before the bid
premium: Offer premium|Premium|Control premium ~ Surcharge on quotation|Uplift offered
stock_share: Paid in stock, %|Stock portion|Share of stock ~ Quota in stakes|Part in own shares
cash_share: Cash share of the rest, %|Cash on hand portion|Own cash, % of the rest ~ Own funds quota of the rest|Part from own funds
cash_rate: Interest on cash|Cash yield|Yield on cash ~ Return on funds|Deposit rate
synergy_full: Run-rate synergies|Full synergies|Synergy target ~ Gains aimed at|Full joint gains
net_income_acquirer: Acquirer net income|Our net income|Buyer's net income ~ Bidder's result|Result of the bidder
shares_acquirer: Acquirer shares|Our shares|Buyer's shares ~ Bidder's stakes|Stakes in the bidder
net_income_target: Target net income|Their net income|Seller's net income ~ Result of the firm bought|Result joined
shares_target: Target shares|Their shares|Seller's shares ~ Stakes in the firm bought|Stakes acquired
synergy_phase: Synergies realised, %|Phasing|Phase-in ~ Reached so far, quota|Degree of realisation
integration_costs: Integration costs|One-off costs|Restructuring costs ~ Costs of joining|Single outlays
book_value: Book value of target|Net assets acquired|Target equity, book ~ Carrying worth|Assets less owed, as booked
intangible_share: Intangibles, % of excess|Identified intangibles %|PPA share ~ Quota of rights and names|Part that is identified
useful_life: Useful life (years)|Amortisation period|Life of intangibles ~ Years of use|Term of wear
repay_share: Repaid a year, %|Acquisition debt repaid, % a year|Annual paydown % ~ Yearly redemption quota|Part redeemed yearly
offer_price: Offer price|Offer per share|Price per target share ~ Bid per stake|Bid
paid_in_stock: Paid in stock|Stock consideration|Shares component ~ Consideration in stakes|Own shares given
paid_in_cash: Paid from cash|Cash on hand used|Cash component ~ Own funds spent|From own funds
paid_by_debt: New debt|Acquisition debt raised|Debt financing ~ Borrowed for the deal|Fresh borrowings
shares_issued: Shares issued|New shares|Shares issued to target ~ Fresh stakes|Stakes handed over
exchange_ratio: Exchange ratio|Implied exchange ratio|Swap ratio ~ Stakes for a stake|Barter ratio
excess_price: Excess over book|Excess purchase price|Price above book ~ Paid beyond carrying worth|Surplus paid
intangibles: Identified intangibles|Intangible assets|Intangibles acquired ~ Rights and names|Identified rights
goodwill: Goodwill|Goodwill created|Residual goodwill ~ Unidentified surplus|Rest of the surplus
amortisation: Amortisation of intangibles|PPA amortisation|Intangibles amortised ~ Wear of rights|Rights written off
deal_year: Year after deal|Year post close|Deal year ~ Years since joining|Count since the deal
acquisition_debt: Acquisition debt|Deal debt outstanding|Debt for the deal ~ Borrowed for the deal, still owed|Deal borrowings
interest_new: Interest on new debt|Acquisition interest|Financing cost ~ Cost of deal borrowings|Interest added
interest_lost: Interest lost on cash|Foregone interest|Lost interest income ~ Yield given up|Interest forgone
synergies: Synergies|Pre-tax synergies|Cost synergies ~ Joint gains|Gains of joining
adjustments: Adjustments before tax|Pre-tax adjustments|Total adjustments ~ Changes before levy|Effects before levy
tax_on_adjustments: Tax on adjustments|Tax effect|Adjustment tax ~ Levy on changes|Levy effect
net_income_combined: Combined net income|Pro forma net income|Net income, pro forma ~ Joint result|Result together
shares_combined: Combined shares|Pro forma shares|Shares, pro forma ~ Stakes together|Joint stakes
eps_alone: EPS, standalone|Acquirer EPS|Standalone EPS ~ Result per stake alone|Alone, per stake
eps_combined: EPS, combined|Pro forma EPS|Combined EPS ~ Result per stake together|Together, per stake
accretion: Accretion / (dilution)|EPS change|Change in EPS ~ Gain per stake|Difference per stake
accretion_rate: Accretion / (dilution), %|EPS change, %|Relative accretion ~ Gain per stake, quota|Difference in quota
break_even: Synergies to break even|Break-even synergies|Further synergies needed ~ Gains missing|Gains still needed

share_price: Share price|Price per share|Closing price ~ Quotation|Last quotation
options: Options|Options outstanding|Employee options ~ Rights on stakes|Stakes on option
strike_price: Strike price|Exercise price|Average strike ~ Price of the right|Option price
revenue_year: Revenue, last year|FY revenue|Sales, full year ~ Turnover, last full year|Top line, full year
revenue_now: Revenue, year to date|YTD revenue|Sales, YTD ~ Turnover, this year so far|Top line, current part
revenue_then: Revenue, prior year to date|PYTD revenue|Sales, prior YTD ~ Turnover, last year so far|Top line, former part
ebitda_year: EBITDA, last year|FY EBITDA|EBITDA, full year ~ Cash earnings, last full year|Cash earnings, full year
ebitda_now: EBITDA, year to date|YTD EBITDA|EBITDA, YTD ~ Cash earnings, this year so far|Cash earnings, current part
ebitda_then: EBITDA, prior year to date|PYTD EBITDA|EBITDA, prior YTD ~ Cash earnings, last year so far|Cash earnings, former part
net_income_year: Net income, last year|FY net income|Net profit, full year ~ Final result, last full year|Final result, full year
net_income_now: Net income, year to date|YTD net income|Net profit, YTD ~ Final result, this year so far|Final result, current part
net_income_then: Net income, prior year to date|PYTD net income|Net profit, prior YTD ~ Final result, last year so far|Final result, former part
market_cap: Market capitalisation|Market cap|Equity market value ~ Quoted worth|Exchange worth
ev_sales: EV / Revenue|EV/Sales|Revenue multiple ~ Turnover yardstick|Worth to turnover
ev_ebitda: EV / EBITDA|EV/EBITDA|EBITDA multiple ~ Cash earnings yardstick|Worth to cash earnings
price_earnings: P / E|Price to earnings|Earnings multiple ~ Result yardstick|Worth to result
statistic.median: Median|Median of peers|Peer median ~ Middle|Middle of the group
statistic.average: Mean|Mean of peers|Peer average ~ Arithmetic middle|Mean of the group
statistic.max: High|Maximum|Highest ~ Upper end|Top of the group
statistic.min: Low|Minimum|Lowest ~ Lower end|Bottom of the group
equity_mean: Equity value, average|Average of methods|Blended equity value ~ Owners' worth, blended|Mix of yardsticks

flow_next_year: Free cash flow next year|FCF, next year|Cash flow, year 1 ~ Funds flow ahead|Flow of the coming year
case_volume: Volume|Units sold|Quantity ~ Pieces|Number of pieces
case_price: Price|Unit price|Selling price ~ Charge per piece|Value per piece
case_weight: Probability|Weight|Likelihood ~ Chance|Points
capacity: Capacity|Units without extra costs|Maximum volume ~ Limit in pieces|Ceiling
step_cost: Step cost|Extra fixed cost above capacity|Cost of a further shift ~ Jump in outlay|Outlay beyond the ceiling
variable_costs: Variable costs|Variable cost|Direct costs ~ Outlay by piece|Costs that move
contribution: Contribution margin|Contribution to fixed costs|Margin after variable costs ~ Cover|Left after moving costs
break_even_volume: Break-even volume|Units to break even|Break-even units ~ Pieces to cover|Covering quantity
expected_result: Expected net income|Weighted net income|Probability-weighted result ~ Blended result|Mixed result
best_result: Best case|Highest result|Maximum result ~ Brightest view|Top outcome
worst_result: Worst case|Lowest result|Minimum result ~ Darkest view|Bottom outcome
result_spread: Range|Spread|Best less worst ~ Width of outcomes|Distance of outcomes
grid_value: Equity value at growth|Implied value at growth|Value at growth ~ Worth at pace|Owners' worth at pace

case_base: base case|base|management case ~ central view|expected path
case_up: upside case|upside|optimistic case ~ favourable view|high path
case_down: downside case|downside|pessimistic case ~ adverse view|low path
case_switch: Scenario|Active case|Case selector ~ Chosen view|Path in use
last_close: Last balance sheet date|End of history|Date of the last accounts ~ Books closed on|Latest year-end
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
