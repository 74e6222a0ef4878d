"""Compiling programs: once for each key, in one thread, with the reason in the log."""

from __future__ import annotations

import threading
import time
from itertools import islice
from typing import Final

from ...backends import Backend
from ...config import config
from ...ir.errors import MXNetError
from ...ir.node import Node
from ...ir.several import several
from ...ir.specialization import INDEX
from ..guard.fork import in_child
from ..guard.sections import LOCK, Undivided
from ..tell.ledger import COMPILES, NOTHING, Compile
from ..tell.reasons import difference, nearest
from ..tell.sites import Site
from ..tell.stats import logger, stats
from ..tell.tracing import TRACING
from .failure import failed
from .plan import Plan
from .program import Draft, Family, ProgramCache, compile_draft, is_stale, slot_positions
from .tiers import index_varies

PROGRAMS: Final = ProgramCache()
in_child(PROGRAMS.compiling.clear)  # the threads that compile are not there


def compile_program(plan: Plan, backend: Backend, cause: str, site: Site) -> bool:
    """Compile the program of ``plan`` and keep it; whether this call did. Called without the lock.

    If another thread compiles the same, this one waits for it. If another thread ran a part of the plan meanwhile,
    nothing is compiled. In both cases the caller plans again.
    """
    key = plan.key
    try:
        with PROGRAMS.compiling.setdefault(key, threading.RLock()):
            with LOCK:
                family = PROGRAMS.get(key, backend)
            if family is None:
                index = slot_positions(plan, INDEX)
                family = Family(backend, index, tuple([plan.scalars[i] for i in index]), site, index_varies(plan))
            elif family.match(plan.scalars) is not None:
                return False
            return _compile_into(family, plan, backend, cause, site)
    except MXNetError:
        raise
    except Exception as error:
        raise failed(plan.items[plan.outputs[-1]], "compiling the program that ends in it", error) from error
    finally:
        PROGRAMS.compiling.pop(key, None)


def _compile_into(family: Family, plan: Plan, backend: Backend, cause: str, site: Site) -> bool:
    bake = family.baked is None and not family.varies
    with Undivided():
        if is_stale(plan):
            return False
        draft = Draft(plan, bake, backend)
    with LOCK:
        reason, like = _reason(plan, family, site)
    before, started = stats.loaded, time.perf_counter()
    with _Progress(plan, cause, site, reason):
        program, nbytes = compile_draft(draft, backend)
    seconds = time.perf_counter() - started
    if TRACING.now is not None:
        name = "load program" if stats.loaded > before else "compile"
        TRACING.now.span(name, "compile", site, started, why=reason or NOTHING)
    family.seconds += seconds
    operators = sum(i.__class__ is Node for i in plan.items)
    with LOCK:
        if bake:
            family.baked = program
            family.first = family.indices(plan.scalars)
            family.firsts = draft.firsts
        else:
            family.general = program
        PROGRAMS.add(plan.key, family)
        PROGRAMS.grew(family, nbytes)
        loaded = stats.loaded > before
        made = Compile(cause, site, operators, len(plan.leaves), len(plan.outputs), seconds, loaded, reason, like)
        COMPILES.append(made)
        site.compiled(plan.key, made.reason, seconds)
    if logger.isEnabledFor(20):
        logger.info(
            "%s %s, %s, %s in %.3f s for %s at %s: %s",
            "loaded" if loaded else "compiled", several(operators, "operator"), several(made.inputs, "input"),
            several(made.outputs, "output"), seconds, cause, site, made.reason,
            extra={"event": "compile", "cause": cause, "site": str(site), "difference": reason},
        )  # fmt: skip
    return True


def _reason(plan: Plan, family: Family, site: Site) -> tuple[str | None, Site | None]:
    """How the plan differs from the known program with the most similar key, and where that was first needed.

    None if no program is known.
    """
    if family.turned and family.baked is None:
        return "kernels of convolutions came in the order of axes that convolutions read", family.site
    if family.baked is not None and family.indices(plan.scalars) == family.first:
        return "numbers that were equal differ: compiled with each as an input", family.site
    if family.baked is not None or family.varies:
        return "index parameters changed: compiled with all of them as inputs", family.site
    last = () if site.last_key is None else (site.last_key,)
    known = nearest(plan.key, (*last, *islice(reversed(PROGRAMS.families), 64))) or site.last_key
    if known is None:
        return None, None
    if known == plan.key:
        return "its program was dropped, or is another backend's", site
    first = PROGRAMS.families.get(known)
    return difference(plan.key, known, plan.items), None if first is None else first.site


class _Progress:
    """Tells what is being compiled and why, if that takes more than ``config.slow_compile`` seconds."""

    __slots__ = ("_timer",)

    def __init__(self, plan: Plan, cause: str, site: Site, reason: str | None) -> None:
        operators = sum(i.__class__ is Node for i in plan.items)
        self._timer = threading.Timer(config.slow_compile, self._tell, (operators, cause, str(site), reason))
        self._timer.daemon = True

    @staticmethod
    def _tell(operators: int, cause: str, site: str, reason: str | None) -> None:
        logger.warning(
            "still compiling a program of %d operators after %d s, for %s at %s: %s",
            operators, config.slow_compile, cause, site, reason or NOTHING,
            extra={"event": "slow", "cause": cause, "site": site, "difference": reason},
        )  # fmt: skip

    def __enter__(self) -> None:
        try:
            self._timer.start()
        except BaseException:  # an interrupt: there will be no __exit__
            self._timer.cancel()
            raise

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
