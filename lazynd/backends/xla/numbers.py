"""Numbers of nodes in compiled text: which instruction computes which node of the graph that was compiled.

Lowering puts each node into a scope named after its primitive and its number in the graph, and XLA keeps the scopes of
an instruction in its metadata. The number is the node's place in the graph that was compiled, not in the one that was
recorded: programs that are equal after the passes share one compiled program on disk, however they were recorded. The
graph itself knows the rest: ``graph.nodes[number].origin`` are the numbers in the recorded graph.
"""

from __future__ import annotations

import re
from typing import Final

from ...ir.graph import Graph
from ...ir.specialization import Specialization

#: An instruction and the scopes that it was made in, as in ``%dot.1 = ... op_name="jit(program)/dot_general.4/..."``.
_INSTRUCTION: Final = re.compile(r'^\s*(?:ROOT )?%?(?P<name>[\w.\-]+) = .*?op_name="(?P<scopes>[^"]*)"', re.MULTILINE)
_SCOPE: Final = re.compile(r"(?:^|/)(?P<op>\w+)\.(?P<number>\d+)(?=/|$)")


def scope(spec: Specialization, number: int) -> str:
    """The name of the scope of node ``number``, of ``spec``."""
    return f"{spec.op.name}.{number}"


def instruction_numbers(text: str, graph: Graph) -> dict[str, int]:
    """For each instruction of the compiled ``text`` that belongs to a node of ``graph``: the node's number.

    What runs inside a loop or a choice belongs to the loop or choice. Instructions that XLA makes of its own, and
    parameters, belong to no node. ``ValueError`` if ``text`` was not compiled from ``graph``.
    """
    found: dict[str, int] = {}
    for each in _INSTRUCTION.finditer(text):
        outermost = _SCOPE.search(each["scopes"])
        if outermost is None:
            continue
        number = int(outermost["number"])
        spec = graph.nodes[number].spec if number < len(graph.nodes) else None
        if spec is None or spec.op.name != outermost["op"]:
            raise ValueError(f"this text is of another graph: {each['name']} is {outermost[0]!r}, which is not in it")
        found[each["name"]] = number
    return found


def instruction_origins(text: str, graph: Graph) -> dict[str, tuple[int, ...]]:
    """For each such instruction: the numbers of the recorded nodes that it comes from.

    ``graph`` is the optimised graph of the program (``Program.optimised``), the numbers are those of the recorded one
    (``Program.graph``).
    """
    return {name: graph.nodes[number].origin for name, number in instruction_numbers(text, graph).items()}
