"""What ran: the programs that are kept and the plans that the interpreter ran, each with its graph. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from html import escape

from ..backends import loaded_backend
from ..backends.explained import Cluster, Explanation
from ..config import config
from ..ir.graph import Graph
from ..ir.several import several
from ..nd import NDArray
from ..passes import Stage, pipeline, run_pipeline
from ..runtime.guard.sections import LOCK, Undivided
from ..runtime.run.compile import PROGRAMS
from ..runtime.run.history import HISTORY, INTERPRETED, Interpreted
from ..runtime.run.program import Family, pending_plan
from ..runtime.run.program import Program as Runnable
from ..runtime.run.recorded import Recorded
from ..runtime.thread import LOCAL
from .making import make_view
from .notebook import of_view

#: A program of XLA's, and what is known of those of its structure.
Compiled = tuple[Family, Runnable]


class Program:
    """A program that ran, or a graph that the interpreter ran operator by operator; see ``programs``.

    ``tier``: "compiled" or "interpreted", "dropped" if it is no longer kept: then its graph is all that is known.
    ``site``: the user's line that first needed it, as ``file:line``. ``runs``: how often it ran. ``loaded``: whether it
    came from the disk. ``when``: the number of its last run among all runs. ``seconds``: what compiling or loading it
    took, with the other program for its structure if there is one. ``nbytes``: of its code, the same. ``milliseconds``:
    what its last run inside ``timed`` took, if there was one.

    >>> import lazynd
    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2, 3])
    >>> (x * x).asnumpy()
    array([1., 4., 9.], dtype=float32)
    >>> print(viz.text(viz.last().graph, locations=False))
    graph main(%0: float32[3]) {
      %1: float32[3] = broadcast_mul(%0, %0)
      return %1
    }
    <BLANKLINE>
    """

    def __init__(self, recorded: Recorded, ran: Compiled | Interpreted | None) -> None:
        self._recorded = recorded
        self._program: Runnable | None = None
        self.tier, self.site, self.milliseconds = "dropped", "unknown line", None
        self.loaded, self.seconds, self.nbytes = False, 0.0, 0
        self.runs, self.when = recorded.runs, recorded.when
        if isinstance(ran, Interpreted):
            self.tier, self.site, self.milliseconds = "interpreted", str(ran.site), ran.milliseconds
        elif ran is not None:
            family, program = ran
            self._program = program
            self.tier, self.site, self.milliseconds = "compiled", str(family.site), program.milliseconds
            self.loaded, self.seconds, self.nbytes = program.loaded, family.seconds, family.nbytes

    def __repr__(self) -> str:
        took = "" if self.milliseconds is None else f", {self.milliseconds:.3g} ms"
        came = ", from disk" if self.loaded else ""
        size, runs = several(len(self.graph), "operator"), several(self.runs, "run")
        return f"<program of {size}, {self.tier}{came}, {runs}{took}, for {self.site}>"

    def _repr_html_(self) -> str:
        view = make_view([Stage("recorded", self.graph, 0.0)], f"program at {self.site}")
        return f"<div>{escape(repr(self))}</div>{of_view(view)}"

    @cached_property
    def graph(self) -> Graph:
        """The graph of operators. Lines and scopes are those of its last run: who else runs it shares the program."""
        return self._recorded.graph()

    @cached_property
    def stages(self) -> Sequence[Stage]:
        """The graph as recorded and after each pass, as ``viz.passes`` gives it; the last one was compiled."""
        found: list[Stage] = []
        backend = loaded_backend(config.backend) if self._program is None else self._program.backend
        claimed = None if backend is None else backend.claimed()
        run_pipeline(self.graph, passes=pipeline(claimed), observe=found.append)
        return found

    @cached_property
    def _explanation(self) -> Explanation:
        if self._program is None:
            return Explanation()
        return self._program.executable.explain(self.stages[-1].graph)

    @property
    def text(self) -> str | None:
        """The compiled text; None where there is none, as of what was interpreted."""
        return self._explanation.text or None

    @property
    def clusters(self) -> Sequence[Cluster]:
        """What the compiler made of it: the fusions and other pieces that run, in order; ``nodes_of`` says of what."""
        return self._explanation.clusters

    def nodes_of(self, cluster: Cluster) -> tuple[int, ...]:
        """The numbers of the nodes of ``graph`` that ``cluster`` computes, or parts of which.

        >>> import lazynd
        >>> from lazynd import nd, viz
        >>> x = nd.array([1, 2, 3])
        >>> before, lazynd.config.tier = lazynd.config.tier, "compiled"
        >>> ((x + 1) * x).wait_to_read()
        >>> lazynd.config.tier = before
        >>> program = viz.last()
        >>> [program.nodes_of(cluster) for cluster in program.clusters if cluster.fused]
        [(0, 1)]
        """
        nodes = self.stages[-1].graph.nodes
        return tuple(sorted({origin for number in cluster.numbers for origin in nodes[number].origin}))

    @property
    def memory(self) -> Mapping[str, int]:
        """Bytes of arguments, results, what is between them, and code, as far as the compiler tells."""
        return self._explanation.memory

    @property
    def cost(self) -> Mapping[str, float]:
        """The compiler's count of operations and of bytes that are moved, as far as it tells."""
        return self._explanation.cost


def _all() -> Iterator[Program]:
    """Every program that is kept, in no order; with the lock held."""
    for family in PROGRAMS.families.values():
        for each in (family.baked, family.general):
            if each is not None:
                yield Program(each.recorded, (family, each))
    for found in INTERPRETED.values():
        yield Program(found.recorded, found)


def programs() -> list[Program]:
    """The programs that are kept, and the last plans that the interpreter ran, what ran last first. Runs nothing.

    A program is kept until there is no room (``lazynd.config.programs``, ``program_bytes``); of the interpreter's plans
    at least 64 are remembered. No array is kept.

    >>> from lazynd import nd, viz
    >>> (nd.ones(2) * 5).wait_to_read()
    >>> [node.spec.op.name for node in viz.programs()[0].graph.nodes]
    ['_full', '_mul_scalar']
    """
    with LOCK:
        found = list(_all())
    return sorted(found, key=lambda each: -each.when)


def last() -> Program:
    """What ran last, in any thread: the first of ``programs``, also where it is no longer kept. Runs nothing.

    Copies from device to device, and what only moves data on the host, do not count. ``ValueError`` if nothing has run.

    >>> from lazynd import nd, viz
    >>> nd.tanh(nd.ones(2)).wait_to_read()
    >>> viz.last().graph.nodes[-1].spec.op.name, viz.last().runs > 0
    ('tanh', True)
    """
    recorded = HISTORY.last
    if recorded is None:
        raise ValueError("nothing has run in this process yet: read a value first")
    with LOCK:
        found = [each for each in _all() if each._recorded is recorded]
    return found[0] if found else Program(recorded, None)


def program(array: NDArray) -> Program | None:
    """The program that a read of the pending ``array`` would run, if it is kept: it ran before, for equal work.

    Its graph has the lines and scopes of this array. None if nothing like it ran, or if it would run in several parts;
    ``ValueError`` if the value is there already.

    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2, 3])
    >>> viz.program(nd.arctan(nd.tanh(x)))
    >>> nd.arctan(nd.tanh(x)).wait_to_read()
    >>> viz.program(nd.arctan(nd.tanh(x))).runs
    1
    """
    ref = LOCAL.state.recorder.read(array._cell)
    with Undivided():
        plan = pending_plan(ref)
        family = PROGRAMS.families.get(plan.key)
        found = None if family is None else family.match(plan.scalars)
        ran: Compiled | Interpreted | None = (family, found) if family is not None and found is not None else None
        ran = ran or INTERPRETED.now.get(plan.mark)
        if ran is None or plan.foreign:
            return None
        kept = ran.recorded if isinstance(ran, Interpreted) else ran[1].recorded
        return Program(kept.shown_for(plan), ran)


@contextmanager
def timed() -> Iterator[None]:
    """Inside, each program is waited for and timed; ``Program.milliseconds`` says what its last run took.

    Programs run by themselves otherwise, while Python goes on; so a loop takes longer inside. Of all threads.

    >>> from lazynd import nd, viz
    >>> with viz.timed():
    ...     (nd.ones(2) + 3).wait_to_read()
    >>> viz.last().milliseconds > 0
    True
    """
    before, HISTORY.timed = HISTORY.timed, True
    try:
        yield
    finally:
        HISTORY.timed = before
