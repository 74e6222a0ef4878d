"""Two tiers: a plan runs in the interpreter until compiling it would have paid.

Compiling takes 30 to 300 ms, whatever the size of the arrays; NumPy runs a small plan in a few microseconds. Nobody
knows how often a plan will come again. So each key has an account. What it costs to interpret the plan is charged to
it, and when the account would exceed what compiling costs, the plan is compiled. Both costs are estimates
(``backends/costs.py``), never clocks, so that the same program runs the same way each time. Whatever the number of runs
is in the end, this costs at most twice what the better of the two would have cost (Karlin et al., "Competitive snoopy
caching", 1988: the rule for renting skis or buying them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...backends.costs import compiling, interpreting
from ...config import config
from ...ir.memo import Recent
from ...ir.node import Node
from ...ir.specialization import INDEX
from ..tell.stats import logger
from .plan import Plan
from .program import slot_positions


class Account:
    """What interpreting the plans of one key has cost so far, in microseconds.

    ``cost``: of one run. ``limit``: of compiling. ``varies``: whether their index parameters have differed.
    """

    __slots__ = ("_first", "_index", "cost", "limit", "on_host", "runs", "varies")

    def __init__(self, plan: Plan) -> None:
        specs = [item.spec for item in plan.items if isinstance(item, Node) and item.spec is not None]
        self.cost = sum(map(interpreting, specs))
        self.limit = compiling(specs)
        self.runs = 0
        devices = {item.type.context.device for item in plan.items}
        #: Whether everything it computes is the CPU's.
        self.on_host = all(kind.startswith("cpu") for kind, _ in devices)
        self._index = slot_positions(plan, INDEX)
        self._first: Sequence[Any] | None = None
        self.varies = False

    def has_credit(self) -> bool:
        """Whether one more run is to be interpreted."""
        return (self.runs + 1) * self.cost <= self.limit * config.tier_scale

    def note(self, plan: Plan) -> None:
        """Look at the plan's index parameters."""
        if self._index:
            numbers = [plan.scalars[i] for i in self._index]
            if self._first is None:
                self._first = numbers
            self.varies |= numbers != self._first


#: Keys are told apart by a hash of serial numbers: holding them would hold their specializations. If two keys share a
#: hash they share an account, and one of them is compiled early.
ACCOUNTS: Final[Recent[int, Account]] = Recent(10_000)


def account_of(plan: Plan) -> Account:
    mark = hash(tuple([entry if entry.__class__ is int else entry.serial for entry in plan.key]))
    found = ACCOUNTS.now.get(mark) or ACCOUNTS.older(mark)
    if found is None:
        found = Account(plan)
        ACCOUNTS.put(mark, found)
    return found


def index_varies(plan: Plan) -> bool:
    """Whether plans of this key had other index parameters while they were interpreted."""
    if config.tier != "auto" or not ACCOUNTS.now:
        return False
    account = account_of(plan)
    account.note(plan)
    return account.varies


def interprets(plan: Plan) -> bool:
    """Whether ``plan``, which has no program, runs in the interpreter; if so it is charged for. With the lock held."""
    if config.tier == "compiled" or config.backend == "numpy":  # NumPy's own programs cost nothing to compile
        return False
    account = account_of(plan)
    if not account.on_host and not _leaves_on_host(plan):
        return False
    if config.tier == "auto" and not account.has_credit():
        return False
    account.runs += 1
    account.note(plan)
    if logger.isEnabledFor(10):
        logger.debug(
            "interpreted %d operators for the %d. time: %.3f ms a time by estimate, compiling them %.0f ms",
            len(plan.items), account.runs, account.cost / 1e3, account.limit / 1e3,
            extra={"event": "interpret", "runs": account.runs, "cost": account.cost, "limit": account.limit},
        )  # fmt: skip
    return True


def _leaves_on_host(plan: Plan) -> bool:
    """Whether what a plan for another device reads is still on the host, so that nothing has to be fetched."""
    devices = {item.type.context.device for item in plan.items}
    return len(devices) == 1 and all(type(ref.value).__module__ == "numpy" for ref in plan.leaves)
