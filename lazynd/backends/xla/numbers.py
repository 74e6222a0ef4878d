"""Numbers of nodes in compiled text: which instruction computes which node of the graph that was compiled.

Lowering puts each node into a scope named after its primitive and its number in the graph, and XLA keeps the scopes of
an instruction in its metadata. The number is the node's place in the graph that was compiled, not in the one that was
recorded: programs that are equal after the passes share one compiled program on disk, however they were recorded. The
graph itself knows the rest: ``graph.nodes[number].origin`` are the numbers in the recorded graph.
"""

from __future__ import annotations

from ...ir.graph import Graph
from ...ir.specialization import Specialization
from ..hlo import Module, nodes_in, parse_module


def scope(spec: Specialization, number: int) -> str:
    """The name of the scope of node ``number``, of ``spec``."""
    return f"{spec.op.name}.{number}"


def instruction_numbers(text: str, graph: Graph) -> dict[str, int]:
    """For each instruction of the compiled ``text`` that belongs to a node of ``graph``: the first such node's number.

    What runs inside a loop or a choice belongs to the loop or choice. Instructions that XLA makes of its own, and
    parameters, belong to no node. ``ValueError`` if ``text`` was not compiled from ``graph``.
    """
    module = parse_module(text)
    check(module, graph)
    every = [each for instructions in module.computations.values() for each in instructions]
    return {each.name: found[0][1] for each in every if (found := nodes_in(each.scopes))}


def check(module: Module, graph: Graph) -> None:
    """``ValueError`` if ``module`` was not compiled from ``graph``."""
    for instructions in module.computations.values():
        for each in instructions:
            for op, number in nodes_in(each.scopes):
                spec = graph.nodes[number].spec if number < len(graph.nodes) else None
                if spec is None or spec.op.name != op:
                    raise ValueError(
                        f"this text is of another graph: {each.name} is '{op}.{number}', which is not in it"
                    )


def instruction_origins(text: str, graph: Graph) -> dict[str, tuple[int, ...]]:
    """For each such instruction: the numbers of the recorded nodes that it comes from.

    ``graph`` is the optimised graph of the program (``Program.optimised``), the numbers are those of the recorded one
    (``Program.graph``).
    """
    return {name: graph.nodes[number].origin for name, number in instruction_numbers(text, graph).items()}
