"""Every word a product may show that stands for something canonical. Agents' lexicons must not be made from this file; a test compares them.

A pool is written `training words | training words ; held-out words | held-out words`. Training products draw from the left half only;
unseen products at distance `vocabulary` and beyond draw from the right half only. Within one product a word means one thing.

Keys: `ui.*` for captions every product needs; `entity`, `entities`, `field.*`, `op.*`, `value.<field>.*` for each family. A value's pools are
parallel: the n-th word of each value of a field belongs to the n-th scheme (`Hot/Warm/Cold` or `P1/P2/P3`, never mixed).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bakeoff.environments.browser.wordpools.hr import HR
from bakeoff.environments.browser.wordpools.payables import PAYABLES
from bakeoff.environments.browser.wordpools.shop import SHOP
from bakeoff.environments.browser.wordpools.travel import TRAVEL

UI: Mapping[str, str] = {
    "save": "Save | Save changes | Apply ; Store | Keep changes | Commit",
    "cancel": "Cancel | Never mind ; Leave as is | Dismiss",
    "confirm": "Yes, continue | Confirm | OK ; Go ahead | I am sure | Proceed",
    "back": "Back to list | All records | Back ; Return to overview | Overview",
    "query": "Search | Find | Search records ; Look up | Look for | Filter by words",
    "find": "Search | Find | Go ; Look up | Show matches",
    "next": "Next | Next page | Older ; Further | More results",
    "previous": "Previous | Previous page | Newer ; Nearer | Earlier results",
    "filter": "Filter | Show only | View ; Narrow to | Limit to",
    "all": "All | Any | Everything ; No limit | Whole list",
    "publish": "Publish | Publish changes | Make live ; Release | Put into effect",
    "discard": "Discard | Discard draft | Throw away ; Drop | Revert",
    "draft": "Draft | Unpublished changes ; Working copy | Not yet in effect",
    "drafts": "Drafts | Unpublished ; Working copies | In preparation",
    "outbox": "Outbox | To send | Queue ; Waiting room | Clearing",
    "send": "Send | Submit | Process ; Clear | Let through",
    "withdraw": "Withdraw | Remove from outbox ; Pull back | Call back",
    "lock": "Take over | Start working | Reserve ; Check out | Claim",
    "menu": "More | Actions | More actions ; Options | What next",
    "bulk": "With selected | Bulk action | Apply to selection ; For ticked rows | Batch step",
    "go": "Run | Go ahead | Do it ; Carry on | Execute",
    "select": "Select | Mark ; Tick | Pick",
    "continue": "Continue | Next step ; Onward | Carry on to the next step",
    "justify": "Reason for change | Comment on this change ; Why this edit | Change remark",
    "history": "History | Changes ; Track | Past steps",
    "notes": "Activity | Timeline | Notes ; Logbook | Journal",
    "details": "Details | Profile ; Particulars | Data",
    "into": "Merge with | Duplicate of | Merge into ; Fold into | Same as",
    "absorb": "Duplicate to absorb | Merge in | Record to merge in ; Take in | Twin to swallow",
    "keep": "Keep | Record to keep ; Survivor | Leading record",
    "status-form": "Change status | Set status | Update status ; Move along | Switch state",
    "home": "Home | Dashboard | Start ; Foyer | At a glance",
    "grid": "Save all | Save lines | Update all ; Keep the lines | Write the lot",
    "type": "Type to confirm: | Type in | Repeat to confirm: ; Spell out: | Write here:",
    "available": "Available | On offer | Not used ; Still free | Unpicked",
    "chosen": "Chosen | In use | Selected ; Taken | On board",
    "less": "Decrease | Less | Minus ; Fewer | Lower",
    "more": "Increase | One more | Plus ; Further up | Another",
    "queue": "Approvals | Pending approvals | Review queue ; Sign-off desk | Second pair of eyes",
    "review": "Review | Look at | Inspect ; Examine | Go through",
    "approve": "Approve change | Accept change | Sign off change ; Give the nod | Wave through",
    "decline": "Decline change | Send back | Return change ; Strike out | Refuse the change",
}

CRM: Mapping[str, str] = {
    "entity": "Lead | Prospect | Opportunity | Contact ; Inquiry | Suspect | Enquirer",
    "field.name": "Name | Contact name | Full name ; Person | Who",
    "field.company": "Company | Account | Organisation ; Firm | Business",
    "field.email": "Email | E-mail address | Mail ; Electronic mail | Write to",
    "field.phone": "Phone | Phone number | Telephone ; Call on | Line",
    "field.status": "Status | Stage | Pipeline stage ; Phase | Standing",
    "field.rating": "Rating | Priority | Temperature ; Heat | Grade",
    "field.source": "Source | Lead source | Origin ; Came through | Channel",
    "field.owner": "Owner | Assigned to | Account manager | Rep ; Steward | Handler | In the hands of",
    "field.amount": "Value | Deal value | Expected revenue ; Worth | Potential",
    "field.seats": "Seats | Users | Licences ; Heads | Places wanted",
    "field.follow_up": "Follow-up | Follow-up date | Next contact ; Get back on | Resume on",
    "field.reason": "Reason | Lost reason | Why lost ; Cause | Grounds",
    "field.tags": "Tags | Labels | Segments ; Markers | Groups",
    "field.quiet": "Do not contact | Opted out | No marketing ; Leave in peace | Silent",
    "field.note_kind": "Type | Activity type | Kind ; Medium | Sort of entry",
    "field.note_text": "Note | Summary | What happened ; Wording | Account of it",
    "op.edit": "Edit | Edit details | Update ; Modify | Amend",
    "op.qualify": "Qualify | Mark as qualified | Convert | Accept ; Promote | Approve for sales",
    "op.disqualify": "Disqualify | Mark as lost | Reject ; Drop | Rule out",
    "op.revive": "Reactivate | Reopen | Put back to work ; Bring back | Revive",
    "op.assign": "Assign | Assign owner | Reassign ; Hand over | Pass on",
    "op.schedule": "Schedule follow-up | Set reminder | Plan next step ; Diarise | Fix a date",
    "op.log": "Log activity | Add note | Add activity ; Write entry | Jot down",
    "op.tag": "Edit labels | Set tags | Categorise ; Mark up | Sort into groups",
    "op.merge": "Merge | Merge duplicates | Combine ; Unify | Join records",
    "op.delete": "Delete | Remove | Move to trash ; Scrap | Erase",
    "op.create": "New {entity} | Add {entity} | Create {entity} ; Enter {entity} | Register {entity}",
    "value.status.new": "New | Open | Fresh ; Untouched | Arrived",
    "value.status.contacted": "Contacted | In progress | Working ; Reached | In talks",
    "value.status.qualified": "Qualified | Converted | Hot ; Promising | Cleared",
    "value.status.disqualified": "Disqualified | Lost | Dead ; Ruled out | Shelved",
    "value.rating.high": "High | Hot | A ; Burning | Gold",
    "value.rating.medium": "Medium | Warm | B ; Glowing | Silver",
    "value.rating.low": "Low | Cold | C ; Ashes | Bronze",
    "value.source.website": "Website | Web form | Inbound web ; Our pages | Online",
    "value.source.referral": "Referral | Recommended | Partner referral ; Word of mouth | Introduced",
    "value.source.event": "Event | Trade fair | Conference ; Met in person | Fair",
    "value.source.cold-call": "Cold call | Outbound call | Prospecting ; Rang unasked | Outreach",
    "value.reason.no-budget": "No budget | Budget | Too expensive ; Cannot pay | Price",
    "value.reason.no-interest": "No interest | Not interested | No need ; Indifferent | Does not want it",
    "value.reason.competitor": "Chose a competitor | Competitor | Lost to competition ; Went elsewhere | Rival",
    "value.reason.unreachable": "Unreachable | No answer | Never replied ; Silence | Cannot be found",
    "value.tags.newsletter": "Newsletter | Mailing list | Subscriber ; Circular | Bulletin",
    "value.tags.partner": "Partner | Reseller | Channel partner ; Ally | Associate",
    "value.tags.enterprise": "Enterprise | Large account | Corporate ; Big | Giant",
    "value.tags.renewal": "Renewal | Renewing | Contract due ; Again | Recurring",
    "value.note_kind.call": "Call | Phone call | Conversation ; Rang | By telephone",
    "value.note_kind.email": "Email | Message | Mail ; Wrote | By letter",
    "value.note_kind.meeting": "Meeting | Visit | Appointment ; Met | Face to face",
}

HELPDESK: Mapping[str, str] = {
    "entity": "Ticket | Case | Request | Issue ; Matter | Concern | Incident",
    "field.subject": "Subject | Title | Summary ; Headline | In short",
    "field.requester": "Requester | Customer | Reported by ; Asked by | Sender",
    "field.email": "Email | E-mail address | Contact email ; Electronic mail | Write to",
    "field.status": "Status | State | Ticket status ; Phase | Standing",
    "field.priority": "Priority | Severity | Urgency ; Pressure | Weight",
    "field.category": "Category | Type | Topic ; Subject area | Field",
    "field.queue": "Queue | Team | Group ; Desk | Department",
    "field.owner": "Assignee | Assigned to | Agent | Owner ; Handler | Caretaker | In the hands of",
    "field.escalated": "Escalated | Flagged | Escalation ; Raised | Sent up",
    "field.escalation": "Escalation reason | Reason | Justification ; Cause | Grounds",
    "field.resolution": "Resolution | Outcome | Close reason ; Ending | How it was settled",
    "field.notify": "Notify requester | Send updates | Email notifications ; Keep the sender told | Tell them",
    "field.effort": "Hours booked | Time spent | Effort ; Hours gone | Toil so far",
    "field.spent": "Hours | Time to add | Hours to book ; So long now | Toil to add",
    "field.snooze": "Snoozed until | Wake up on | Pending until ; Asleep until | Rests until",
    "field.tags": "Tags | Labels | Keywords ; Markers | Groups",
    "field.note_kind": "Visibility | Type | Message type ; Audience | Sort of entry",
    "field.note_text": "Message | Text | Body ; Wording | Content",
    "op.edit": "Edit | Edit details | Update ; Modify | Amend",
    "op.triage": "Triage | Classify | Categorise ; Sort | Rate",
    "op.assign": "Assign | Assign agent | Reassign ; Hand over | Pass on",
    "op.route": "Move to queue | Transfer | Route ; Send across | Redirect",
    "op.escalate": "Escalate | Flag for manager | Raise ; Send up | Alert seniors",
    "op.book": "Log time | Book hours | Track time ; Note the toil | Chalk up hours",
    "op.reply": "Reply | Respond | Add message ; Answer back | Write entry",
    "op.close": "Close | Resolve | Mark as solved ; Settle | Wind up",
    "op.reopen": "Reopen | Mark as open | Restart ; Bring back | Resume",
    "op.snooze": "Snooze | Put on hold | Set pending ; Lay aside | Let rest",
    "op.tag": "Edit labels | Set tags | Edit keywords ; Mark up | Sort into groups",
    "op.merge": "Merge | Merge duplicates | Combine ; Unify | Join records",
    "op.delete": "Delete | Remove | Mark as spam ; Scrap | Erase",
    "op.create": "New {entity} | Add {entity} | Create {entity} ; Enter {entity} | Register {entity}",
    "value.status.new": "New | Unread | Received ; Untouched | Arrived",
    "value.status.open": "Open | In progress | Active ; Under way | Being handled",
    "value.status.waiting": "Waiting | On hold | Pending ; Resting | Asleep",
    "value.status.closed": "Closed | Resolved | Solved ; Settled | Finished",
    "value.priority.low": "Low | P4 | Minor ; Feather | Calm",
    "value.priority.normal": "Normal | P3 | Moderate ; Brick | Steady",
    "value.priority.high": "High | P2 | Major ; Anvil | Brisk",
    "value.priority.urgent": "Urgent | P1 | Critical ; Mountain | Rush",
    "value.category.billing": "Billing | Invoices and payments | Finance ; Money | Paying",
    "value.category.technical": "Technical | Bug report | Malfunction ; Breakage | Does not work",
    "value.category.account": "Account | Login and access | User account ; Getting in | Membership",
    "value.category.delivery": "Delivery | Shipping | Orders ; Goods under way | Parcels",
    "value.queue.frontline": "Frontline | First level | Tier 1 ; Reception | Ring one",
    "value.queue.specialists": "Specialists | Second level | Tier 2 ; Workshop | Ring two",
    "value.queue.accounting": "Accounting | Billing team | Finance team ; Counting house | Ledger room",
    "value.queue.warehouse": "Warehouse | Logistics | Fulfilment ; Depot | Yard",
    "value.resolution.fixed": "Fixed | Solved | Done ; Mended | Put right",
    "value.resolution.explained": "Explained | Answered | Information given ; Told how | Cleared up",
    "value.resolution.refunded": "Refunded | Money returned | Credit issued ; Paid back | Made good",
    "value.resolution.not-reproducible": "Not reproducible | Cannot reproduce | No fault found ; Never seen here | Could not be shown",
    "value.tags.vip": "VIP | Key account | Premium ; Favoured | Golden",
    "value.tags.mobile": "Mobile | Mobile app | Smartphone ; Pocket | On the road",
    "value.tags.regression": "Regression | Known issue | Recurring ; Broke again | Relapse",
    "value.tags.feedback": "Feedback | Feature request | Suggestion ; Wish | Idea",
    "value.note_kind.reply": "Public reply | To customer | Reply ; Outward | For the sender",
    "value.note_kind.internal": "Internal note | Private | Team only ; Inward | For us alone",
}

FAMILIES: Mapping[str, Mapping[str, str]] = {
    "crm": CRM,
    "helpdesk": HELPDESK,
    "payables": PAYABLES,
    "hr": HR,
    "travel": TRAVEL,
    "shop": SHOP,
}

NAMES = """
harbor meridian juniper cobalt lantern summit orchard quartz willow ember falcon delta prairie beacon cedar atlas cascade marble sierra violet
anchor birch canyon drift echo fjord garnet hazel indigo jasper kestrel lagoon maple nimbus onyx pebble quill raven saffron tundra
umber vertex walnut xenon yarrow zephyr alder basalt clover dune elm flint grove heron ivory jade kelp linden mesa nectar
opal pine quest ridge slate thistle unison vale wren yonder amber brook coral dawn ebony fern glacier haven isle jetty
knoll lark moss north oasis plume quarry reef sage tide upland vista wave axis bloom crest dell ether forge glade
hollow inlet jewel keel loom mint nova orbit pilot quiver rune spruce torch urban velvet wharf apex bright comet dome
east fable gable halo iris jolt karst level mosaic nook oak prism quay rapid solar trail ultra verge west arrow
bay cliff dusk edge field gale hill iron juno kite leaf moor noble ocean park quota river stone tower union
valley wood acorn badge cabin daisy eagle flare gust hearth icon jigsaw kernel ledger mill nest olive pearl rook shore
temple umbra vine wheat aspen bison cove dipper elder finch ginger heath inca jumbo koala lilac mango nutmeg otter
panda quince robin sable tulip unity vapor whale yacht zinc alpine bronze copper denim estate frost granite hamlet indie
jungle kayak lemon magnet neon opera parade rocket silver tango umbrella violin winter yellow zenith
""".split()
"""What products are called; a name says nothing about a product."""

SUFFIXES = ("", " Cloud", " One", " HQ", " Suite", " Pro", " Works", " Go")


@cache
def pools(family: str) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """All terms a product of the family names, as (training words, held-out words)."""
    table = {**{f"ui.{key}": value for key, value in UI.items()}, **FAMILIES[family]}
    parsed = {}
    for term, text in table.items():
        left, _, right = text.partition(";")
        parsed[term] = (_words(left), _words(right))
    return parsed


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split("|") if word.strip())


def all_words() -> frozenset[str]:
    """Every word and phrase of every pool, in lower case."""
    return frozenset(word.lower() for family in FAMILIES for halves in pools(family).values() for half in halves for word in half)
