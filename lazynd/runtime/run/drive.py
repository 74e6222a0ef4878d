"""The driver: takes a run through its steps until nothing of it is left.

A step plans what is left of the run and does one of these:

- it runs the plan's program; or has the interpreter run it (``tiers.py`` says which); or it runs a part of the plan,
  if the plan is too big for one program or spans several devices;
- it puts another run before this one, if the plan needs a value that is pending in another region;
- it compiles what the plan needs: its program, or functions that the interpreter calls. That happens outside the lock,
  so the next step plans anew: another thread may have run some of it meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from ...backends import Backend, get_backend, loaded_backend
from ...backends.numpy.functions import Call
from ...config import config
from ..guard.leaving import INSIDE, leave_quietly
from ..guard.sections import DeferSignals, Undivided
from ..tell.sites import current_site
from ..tell.stats import DONE
from .compile import PROGRAMS, compile_program
from .execute import execute, transfer
from .failure import ProgramError
from .interpret import interpret, unprepared
from .nans import Inquest
from .partition import divided, next_part
from .plan import Plan
from .program import Program
from .recovery import recover
from .regions import Regions
from .runs import Run, run_for
from .tiers import interprets


def drive(run: Run, regions: Regions, cause: str) -> None:
    """Take ``run`` to its end, for the thread that has ``regions``; ``ProgramError`` if every attempt failed.

    Planning, running and publishing are one section: no handler of a signal, finalizer or other thread comes between.
    """
    stack = [run]  # each needs a value of the one above it
    while stack:
        run = stack[-1]
        plan = None  # before the next one is made: the lists of a plan count as references
        try:
            with Undivided():
                plan = run.next_plan()
                ran, calls = False, []
                if plan is not None and not plan.foreign:
                    ran = True
                    plan, backend, program = _choose(run, plan)
                    if backend is None:
                        calls = unprepared(plan)
                        ran = not calls
                        if ran and config.debug_nans == "off":
                            interpret(plan)
                        elif ran:
                            _watched(plan, None, None, regions)
                    elif program is not None and config.debug_nans == "off":
                        execute(plan, program, backend)
                    elif program is not None:
                        _watched(plan, program, backend, regions)
                    elif plan.transfer:
                        transfer(plan, backend)
                    else:
                        ran = False
                if plan is None or (ran and plan.last):
                    stack.pop()
                    run.finish()
                    continue
            if plan.foreign:
                stack.append(run_for(plan.foreign[0], regions, foreign=True))
            elif calls:
                _prepare(calls)
                run.prepared = plan.key
            elif not ran and backend is not None and compile_program(plan, backend, cause, current_site()):
                run.compiled = plan.key
        except ProgramError as error:
            plan = None
            if not recover(stack, error, cause):
                raise


def _watched(plan: Plan, program: Program | None, backend: Backend | None, regions: Regions) -> None:
    """Run ``plan``, and look for what gave bad values. That is raised later: what runs comes to its end."""
    inquest = Inquest(plan, () if program is None else tuple(program.donate))
    if program is None or backend is None:
        interpret(plan)
    else:
        execute(plan, program, backend)
    found = inquest.verdict(plan)
    if found is not None and regions.bad is None:
        regions.bad = found


def current_backend() -> Backend:
    """The backend of the settings, imported when it is needed for the first time."""
    return _imported("numpy" if config.eager else config.backend)


def _prepare(calls: Sequence[Call]) -> None:
    """Have the backend compile ``calls``, which the interpreter will make."""
    function = _imported(config.backend).function
    if function is not None:
        for call in calls:
            with INSIDE:
                function.prepare(*call)


def _imported(name: str) -> Backend:
    found = loaded_backend(name)
    if found is not None:
        return found
    started = perf_counter()
    with DeferSignals():  # a library whose import is interrupted cannot be imported again
        leave_quietly()
        with INSIDE:
            found = get_backend(name)
        leave_quietly()  # again, so that it comes before what the library does when Python is left
        DONE.work.loaded(started)
        return found


def _choose(run: Run, plan: Plan) -> tuple[Plan, Backend | None, Program | None]:
    """What runs next of ``plan``, itself or a part of it; on which backend, None for the interpreter; its program.

    The interpreter runs the whole of a plan. What is left of one that was divided is compiled.
    """
    if run.interpreted or config.eager or run.prepared == plan.key:
        return plan, None, None
    backend = loaded_backend(config.backend)
    family = None if backend is None else PROGRAMS.get(plan.key, backend)
    program = None if family is None else family.match(plan.scalars)
    if program is None or run.singly:
        if not (run.parts or run.singly) and interprets(plan):
            return plan, None, None
        backend = current_backend()
        if not run.pieces and (run.singly or divided(plan, family is not None)):
            run.parts = True
            plan = next_part(plan, run)
            family = PROGRAMS.get(plan.key, backend)
            program = None if family is None else family.match(plan.scalars)
    if family is not None and program is not None:
        family.used(run.compiled != plan.key)
        run.compiled = None  # the next part with this key finds its program
    return plan, backend, program
