"""What ran last, for who looks: programs know what they are of, and here stand the interpreter's last plans."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from ...ir.memo import Recent
from ..tell.sites import Site, current_site
from .plan import Plan
from .recorded import Recorded

#: So many plans of the interpreter are remembered at least.
_REMEMBERED: Final = 64


class Interpreted:
    """Plans of one key that the interpreter ran. ``site``: the user's line that first needed one."""

    __slots__ = ("milliseconds", "recorded", "site")

    def __init__(self, plan: Plan) -> None:
        self.recorded = Recorded(plan, {})
        self.site: Site = current_site()
        #: What the last run took that was timed.
        self.milliseconds: float | None = None


class History:
    """``last``: what ran last. ``timed``: whether runs are waited for and timed."""

    __slots__ = ("last", "timed")

    def __init__(self) -> None:
        self.last: Recorded | None = None
        self.timed = False

    def interpreted(self, plan: Plan) -> Interpreted:
        """``plan`` is interpreted now, with the lock held."""
        found = INTERPRETED.now.get(plan.mark) or INTERPRETED.older(plan.mark)
        if found is None:
            found = Interpreted(plan)
            INTERPRETED.put(plan.mark, found)
        found.recorded.ran(plan.items)
        self.last = found.recorded
        return found


HISTORY: Final = History()
#: By the marks of plans.
INTERPRETED: Final[Recent[int, Interpreted]] = Recent(_REMEMBERED)


def milliseconds_since(started: float) -> float:
    return (perf_counter() - started) * 1000
