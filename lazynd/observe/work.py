"""Which of the user's lines recorded the work that programs did: a share of all of it, by estimate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import CodeType

from ..backends.costs import interpreting
from ..ir.derived import root
from ..ir.node import Node
from ..ir.specialization import Specialization
from ..runtime.run.recorded import Recorded
from ..runtime.tell.location import OURS, line_of

#: An operation and its line.
Done = tuple[Specialization, CodeType | None, int]


def work_by_line(ran: Iterable[Recorded]) -> dict[tuple[str, int], float]:
    """The share of each file and line in what ``ran`` so far; that of a gradient is its operator's line.

    What an operation costs is the estimate by which the tiers are chosen. Calls are opened.
    """
    found: dict[tuple[str, int], float] = defaultdict(float)
    places: dict[tuple[CodeType | None, int], tuple[str, int]] = {}
    for each in ran:
        if each.runs == each.forgotten:
            continue
        for spec, code, lasti in _opened(each.operations()):
            if (code, lasti) not in places:
                places[code, lasti] = ("" if code is None else code.co_filename, line_of(code, lasti))
            found[places[code, lasti]] += (each.runs - each.forgotten) * interpreting(spec)
    total = sum(found.values())
    return {place: work / total for place, work in found.items()} if total else {}


def _opened(operations: Iterable[Done]) -> Iterator[Done]:
    """The same with what calls consist of in place of the calls."""
    stack = [iter(operations)]
    while stack:
        for spec, code, lasti in stack[-1]:
            if spec.body is not None and root(spec).op.is_call:
                stack.append(iter([_line(node, code, lasti) for node in spec.body.nodes]))
                break
            yield spec, code, lasti
        else:
            stack.pop()


def _line(node: Node, code: CodeType | None, lasti: int) -> Done:
    """``node`` of the body of a call that is at ``code`` and ``lasti``: the bodies of gradients have lines of ours."""
    assert node.spec is not None
    own = node.code is not None and not OURS[node.code.co_filename]
    return (node.spec, node.code, node.lasti) if own else (node.spec, code, lasti)
