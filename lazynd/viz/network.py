"""A graph as a networkx graph, and what its algorithms say about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any

from ..ir.several import several
from .looking import of
from .notebook import table


def to_networkx(shown: Any) -> Any:
    """The graph as a ``networkx.MultiDiGraph``, for its algorithms, exporters and drawings.

    Nodes are named ``p0, p1, ...`` (inputs), ``n0, n1, ...`` (operators in order) and ``out0, ...``, with the
    attributes ``kind`` ("input", "operator" or "output"), ``op``, ``types`` (texts) and ``nbytes`` of the results.
    An edge carries ``output``, the number of the result that is read, and ``type``.

    >>> import networkx
    >>> from lazynd import nd, viz
    >>> g = viz.to_networkx(nd.zeros((2, 3)) + 1)
    >>> networkx.dag_longest_path(g)
    ['p0', 'n0', 'n1', 'out0']
    >>> g.nodes["n1"]["op"], g.nodes["n1"]["types"]
    ('_plus_scalar', ['float32[2,3]'])
    """
    import networkx  # noqa: PLC0415 - a heavy third party, loaded when wanted

    view = of(shown)
    made = networkx.MultiDiGraph()
    for id in (*view.graph.inputs, *view.graph.nodes):
        node = view.nodes[id]
        kind = "input" if node.is_input else "operator"
        made.add_node(id, kind=kind, op=node.label, types=node.types, nbytes=node.bytes)
    for id in view.graph.nodes:
        for source, number in view.nodes[id].inputs:
            made.add_edge(source, id, output=number, type=view.nodes[source].types[number])
    for place, (source, number) in enumerate(view.graph.results):
        type = view.nodes[source].types[number]
        made.add_node(f"out{place}", kind="output", op="", types=[type], nbytes=0)
        made.add_edge(source, f"out{place}", output=number, type=type)
    return made


@dataclass(frozen=True, slots=True)
class Summary:
    """A graph in numbers.

    ``operators``: how many of each name, most frequent first. ``depth``: operators on the longest chain, each of which
    reads the one before. ``components``: parts that share no value. ``nbytes``: bytes of all results.

    >>> from lazynd import nd, viz
    >>> found = viz.summary(nd.zeros((2, 3)) + 1)
    >>> found.nodes, found.depth, found.nbytes, found.operators
    (2, 2, 48, {'_full': 1, '_plus_scalar': 1})
    """

    nodes: int
    inputs: int
    outputs: int
    depth: int
    components: int
    nbytes: int
    operators: dict[str, int]

    def _repr_html_(self) -> str:
        head, *_ = str(self).splitlines()
        return f"<div>{escape(head)}</div>{table(('operator', 'nodes'), self.operators.items())}"

    def __str__(self) -> str:
        head = (
            f"{several(self.nodes, 'node')} on {several(self.inputs, 'input')}, {several(self.outputs, 'output')}, "
            f"longest chain {self.depth:,}, {several(self.components, 'component')}, "
            f"{several(self.nbytes, 'byte')} of results"
        )
        return "\n".join([head, *(f"{count:7} {name}" for name, count in self.operators.items())])


def summary(shown: Any) -> Summary:
    """The graph in numbers.

    >>> from lazynd import nd, viz
    >>> x = nd.zeros((2, 3))
    >>> print(viz.summary((x + 1) * (x + 2)))
    4 nodes on 3 inputs, 2 outputs, longest chain 3, 1 component, 96 bytes of results
          2 _plus_scalar
          1 _full
          1 broadcast_mul
    """
    import networkx  # noqa: PLC0415 - a heavy third party, loaded when wanted

    made = to_networkx(shown)
    inner = made.subgraph([name for name, kind in made.nodes(data="kind") if kind == "operator"])
    counts = Counter(op for _, op in inner.nodes(data="op"))
    return Summary(
        nodes=len(inner),
        inputs=sum(kind == "input" for _, kind in made.nodes(data="kind")),
        outputs=sum(kind == "output" for _, kind in made.nodes(data="kind")),
        depth=len(networkx.dag_longest_path(inner)),
        components=networkx.number_weakly_connected_components(inner),
        nbytes=sum(nbytes for _, nbytes in inner.nodes(data="nbytes")),
        operators=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    )
