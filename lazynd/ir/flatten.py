"""Bodies in place of the operators that they define."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from .graph import Graph, Rewriter, graph_of, innermost_first, subgraphs, with_subgraphs
from .node import Node, Output
from .primitive import Primitive
from .scope import join
from .specialization import Specialization

Ref = Node | Output
#: Whether an operator so specialized is left as it is.
Claimed = Callable[[Specialization], bool]


def flatten(graph: Graph, keep_rules: bool = False, claimed: Claimed | None = None) -> Graph:
    """``graph`` with bodies in place of their operators, down to primitives.

    ``keep_rules`` leaves operators that state their own gradient; ``claimed`` says which operators to leave, except
    inside loops and choices. Operators remember what they become; calls do not, because each level of a nest would hold
    all that is below it.
    """
    memo = "flat_but_rules" if keep_rules else "flat"

    def inside(spec: Specialization) -> Iterable[Graph]:
        if getattr(spec, memo) is not None:
            return ()
        if spec.body is not None and not (keep_rules and spec.op.has_gradient_rule):
            return (spec.body,)
        return subgraphs(spec).values() if isinstance(spec.op, Primitive) and spec.op.nests else ()

    for spec, graphs in innermost_first(graph, inside):
        if isinstance(spec.op, Primitive):
            flat = {id(each): _Walk(memo).run(each) for each in graphs}
            setattr(spec, memo, with_subgraphs(spec, lambda body, flat=flat: flat[id(body)]))  # type: ignore[misc]
        elif not spec.op.is_call:
            setattr(spec, memo, _Walk(memo).run(graphs[0]))
    if claimed is None:
        return _Walk(memo).run(graph)
    return _Walk(memo, claimed, _holders(graph, claimed)).run(graph)


def flat_graph(spec: Specialization) -> Graph:
    """``spec`` in primitives, as a graph of its inputs and slots."""
    if spec.body is None:
        return flatten(graph_of(spec)) if isinstance(spec.op, Primitive) and spec.op.nests else graph_of(spec)
    if isinstance(spec.flat, Graph):
        return spec.flat
    made = flatten(spec.body)
    if not spec.op.is_call:
        spec.flat = made
    return made


def _holders(graph: Graph, claimed: Claimed) -> set[Specialization | None]:
    """Operators whose bodies, or bodies of whose bodies, hold something that is ``claimed``."""

    def inside(spec: Specialization) -> Iterable[Graph]:
        return () if spec.body is None or claimed(spec) else (spec.body,)

    found: set[Specialization | None] = set()
    for spec, (body,) in innermost_first(graph, inside):
        if any(node.spec in found or (node.spec is not None and claimed(node.spec)) for node in body.nodes):
            found.add(spec)
    return found


class _Opened:
    """A body that is being copied: what is left of it, what has become of its values, and whose body it is.

    Its nodes get the line of ``site`` if there is one, the ``origin`` of the recorded node that it belongs to, and
    scopes inside of ``scope``.
    """

    __slots__ = ("body", "node", "nodes", "origin", "rewriter", "scope", "site")

    def __init__(
        self, body: Graph, node: Node | None, site: Node | None, origin: tuple[int, ...], scope: str = ""
    ) -> None:
        self.body = body
        self.node = node
        self.nodes: Iterator[Node] = iter(body.nodes)
        self.rewriter = Rewriter()
        self.site = site
        self.origin = origin
        self.scope = scope


class _Walk:
    """Copies a graph, calls and ``holders`` opened, other operators replaced by what they remember as ``memo``."""

    def __init__(
        self, memo: str, claimed: Claimed | None = None, holders: Collection[Specialization | None] = ()
    ) -> None:
        self.memo = memo
        self.claimed = claimed
        self.holders = holders

    def run(self, graph: Graph) -> Graph:
        top = _Opened(graph, None, None, ())
        top.rewriter.replaced.update({(node, 0): node for node in graph.inputs})
        stack = [top]
        while stack:
            level = stack[-1]
            for node in level.nodes:
                further = self._place(level, node)
                if further is not None:
                    stack.append(further)
                    break
            else:
                stack.pop()
                if stack and level.node is not None:
                    stack[-1].rewriter.set(level.node, [level.rewriter[ref] for ref in level.body.outputs])
        return Graph(graph.inputs, [top.rewriter[ref] for ref in graph.outputs], name=graph.name)

    def _place(self, level: _Opened, node: Node) -> _Opened | None:
        """Copy ``node`` of ``level``; or the body to open first."""
        spec, rewriter = node.spec, level.rewriter
        assert spec is not None
        inputs = rewriter.inputs_of(node)
        site, origin = level.site or node, node.origin if level.node is None else level.origin
        scope = join(level.scope, node.scope)
        if self.claimed is not None and self.claimed(spec):
            _put(level, node, spec, inputs)
        elif spec.body is not None and (spec.op.is_call or spec in self.holders):
            inner = _Opened(spec.body, node, level.site if spec.op.is_call else site, origin, scope)
            inner.rewriter.replaced.update(
                {(parameter, 0): ref for parameter, ref in zip(spec.body.inputs, inputs, strict=True)}
            )
            return inner
        else:
            flat = getattr(spec, self.memo)
            if isinstance(flat, Graph):
                rewriter.set(node, inline_at(flat, inputs, site, scope, origin))
            else:
                _put(level, node, flat or spec, inputs)
        return None


def _put(level: _Opened, node: Node, spec: Specialization, inputs: Sequence[Ref]) -> None:
    """``spec`` on ``inputs`` in place of ``node``; the node itself at the top, where nothing changed."""
    if level.node is None and spec is node.spec:
        level.rewriter.copy(node, tuple(inputs))
        return
    made = level.rewriter.renew(node, spec, inputs)
    if level.node is not None:
        made.origin, made.scope = level.origin, join(level.scope, node.scope)
    if level.site is not None and level.site.code is not None:
        made.code, made.lasti = level.site.code, level.site.lasti


def inline_at(
    graph: Graph, arguments: Sequence[Ref], site: Node, scope: str, origin: tuple[int, ...] | None = None
) -> list[Ref]:
    """The outputs of ``graph`` on ``arguments``.

    Its nodes get the user's line of ``site``, scopes inside of ``scope``, and the given ``origin`` or that of ``site``.
    Without an origin, nodes that have no inputs are shared by all uses of ``graph``; with one they cannot be.
    """
    rewriter = Rewriter()
    for parameter, argument in zip(graph.inputs, arguments, strict=True):
        rewriter.replaced[parameter, 0] = argument
    origin = site.origin if origin is None else origin
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None
        inputs = rewriter.inputs_of(node)
        made = rewriter.renew(node, spec, inputs) if origin else rewriter.copy(node, inputs)
        if made is not node:
            made.origin, made.scope = origin, join(scope, node.scope)
            if site.code is not None:
                made.code, made.lasti = site.code, site.lasti
    return [rewriter[ref] for ref in graph.outputs]
