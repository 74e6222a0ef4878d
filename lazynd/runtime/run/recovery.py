"""Recovery: what is tried after a run failed.

What a failed run should have computed is pending still, except values that need a buffer which a program had consumed
by then: these are lost. So there is a list of attempts: first the root without the others that ran with it, for one of
them may be at fault; then the root's operators one by one, so that the error names the one that fails.
"""

from __future__ import annotations

from ..guard.sections import Undivided
from ..tell.stats import logger
from .failure import CheckedProgramError, ProgramError, is_lost
from .partition import several_devices
from .runs import Attempt, InterpretedRegionRun, InterpretedRun, RootRun, Run, SinglyRun


def recover(stack: list[Run], error: ProgramError, cause: str) -> bool:
    """Put the next attempt in the place of the run on top of ``stack``, which failed with ``error``.

    Where nothing is left to try, the run below, which needs a value of it, has failed with the same error. False if no
    run is left: then the error is the caller's.
    """
    while stack:
        run = stack.pop()
        run.pieces.clear()  # they would count as references
        root = run.root
        if root is not None and root.value is not None:
            return True  # it failed in a part that the root did not need
        if root is None or not is_lost(root):
            attempts = _attempts(run, error) if run.attempts is None else run.attempts
            following = _next(run, attempts)
            if following is not None:
                if following.__class__ is RootRun:
                    logger.info("retrying alone after: %s", error, extra={"event": "retry", "cause": cause})
                stack.append(following)
                return True
    return False


def _attempts(run: Run, error: ProgramError) -> list[Attempt]:
    """What is tried, in this order, after ``run`` failed for the first time."""
    last = _interpreted if isinstance(error, CheckedProgramError) else _singly
    if run.root is not None and run.__class__ is not RootRun:
        return [_alone, last]
    return [last] if last is _interpreted else []


def _next(run: Run, attempts: list[Attempt]) -> Run | None:
    """The first of ``attempts`` that can be tried in the place of ``run``; it keeps those after it."""
    for number, attempt in enumerate(attempts, 1):
        following = attempt(run)
        if following is not None:
            following.attempts = attempts[number:]
            return following
    return None


def _alone(run: Run) -> Run | None:
    return RootRun(None, run.root)


def _singly(run: Run) -> Run | None:
    return _if_at_once(SinglyRun(None, run.root))


def _interpreted(run: Run) -> Run | None:
    return _if_at_once(InterpretedRegionRun(run.region, None) if run.root is None else InterpretedRun(None, run.root))


def _if_at_once(following: Run) -> Run | None:
    """``following``, unless it needs another region or spans several devices."""
    with Undivided():
        plan = following.next_plan()
        if plan is not None and (plan.foreign or several_devices(plan)):
            return None
    return following
