"""A graph as a networkx graph, and what its algorithms say about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .stage import Shown
from .stage import graph as graph_of


def to_networkx(shown: Shown) -> Any:
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

    made = networkx.MultiDiGraph()
    source = graph_of(shown)
    names: dict[Any, str] = {}

    def edge(ref: Any, target: str) -> None:
        made.add_edge(names[ref.node], target, output=ref.index, type=repr(ref.type))

    for i, node in enumerate(source.inputs):
        names[node] = f"p{i}"
        made.add_node(f"p{i}", kind="input", op="", types=[repr(node.type)], nbytes=node.type.nbytes)
    for i, node in enumerate(source.nodes):
        assert node.spec is not None and node.inputs is not None
        types = node.spec.out_types
        names[node] = f"n{i}"
        made.add_node(
            f"n{i}",
            kind="operator",
            op=node.spec.op.name,
            types=list(map(repr, types)),
            nbytes=sum(t.nbytes for t in types),
        )
        for ref in node.inputs:
            edge(ref, f"n{i}")
    for i, ref in enumerate(source.outputs):
        made.add_node(f"out{i}", kind="output", op="", types=[repr(ref.type)], nbytes=0)
        edge(ref, f"out{i}")
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

    def __str__(self) -> str:
        head = (
            f"{self.nodes} nodes on {self.inputs} inputs, {self.outputs} outputs, longest chain {self.depth}, "
            f"{self.components} components, {self.nbytes:,} bytes of results"
        )
        return "\n".join([head, *(f"{count:7} {name}" for name, count in self.operators.items())])


def summary(shown: Shown) -> Summary:
    """The graph in numbers.

    >>> from lazynd import nd, viz
    >>> x = nd.zeros((2, 3))
    >>> print(viz.summary((x + 1) * (x + 2)))
    4 nodes on 3 inputs, 2 outputs, longest chain 3, 1 components, 96 bytes of results
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
