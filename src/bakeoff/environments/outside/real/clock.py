"""Makes time stand still in an app, at the moment that `$BAKEOFF_CLOCK` names, so that the same work leaves the same records on any day.

Imported first by the apps' own scripts, which run in processes of their own. Timeouts and sleeps go by the real clock.
"""

from __future__ import annotations

import os
from datetime import datetime

import time_machine

_still = time_machine.travel(datetime.fromisoformat(os.environ["BAKEOFF_CLOCK"]), tick=False)
_still.start()
