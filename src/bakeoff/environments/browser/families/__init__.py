"""Job families, one file each: fields, operations and task templates in canonical terms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bakeoff.environments.browser.families.crm_jobs import CRM
from bakeoff.environments.browser.families.helpdesk_jobs import HELPDESK
from bakeoff.environments.browser.families.hr_jobs import HR
from bakeoff.environments.browser.families.payables_jobs import PAYABLES
from bakeoff.environments.browser.families.shop_jobs import SHOP
from bakeoff.environments.browser.families.travel_jobs import TRAVEL
from bakeoff.environments.browser.schema import Family

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in (CRM, HELPDESK, PAYABLES, HR, TRAVEL, SHOP)})
