"""Two graphs compared: which nodes are in both, which in one alone, and which are not quite the same."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .looking import view
from .model import Change, View, ViewFile, ViewGraph, ViewNode, ViewStage
from .sequences import common


def diff(first: Any, second: Any, title: str = "") -> View:
    """What differs between two graphs, as a view: of ``first``, then of ``second``, with what came and what went.

    ``first`` and ``second`` are what ``view`` takes without inputs, or views; compared are their graphs as recorded.
    Nodes are the same if they apply the same operator, with the same parameters and types, to the same values; where
    more than one could be meant, those whose neighbours are the same. Numbers, names, blocks and lines do not matter.
    ``title``: what the view is called. ``save`` and ``html`` make the explorer of it, as of every view.

    >>> from lazynd import nd, viz
    >>> plain = viz.view(lambda x: nd.relu(x) * 2, (2, 3))
    >>> mixed = viz.view(lambda x: nd.relu(x.astype("float16")).astype("float32") * 2, (2, 3))
    >>> for change in viz.diff(plain, mixed).stages[1].changed:
    ...     print(change.what, [mixed.nodes[id.removeprefix("b.")].operator for id in change.nodes])
    added ['Cast']
    replaced ['relu']
    added ['Cast']
    renewed ['_mul_scalar']
    >>> viz.diff(plain, plain).stages[1].changed
    []
    """
    left, right = view(first), view(second)
    matched = _Matching(left, right).matched
    return _Joined(left, right, matched).view(title or f"{left.title} and {right.title}")


def _label(node: ViewNode) -> Hashable:
    return node.operator, tuple(node.types), tuple(sorted(node.parameters.items()))


class _Side:
    """A graph of the two: its nodes, who reads them, and keys for what they compute and what is computed from them."""

    def __init__(self, shown: View) -> None:
        graph = shown.stages[0].graph
        self.nodes: Mapping[str, ViewNode] = shown.nodes
        self.inputs = graph.inputs
        self.order = graph.nodes
        self.results = graph.results
        self.readers: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for id in graph.nodes:
            for position, (source, _) in enumerate(shown.nodes[id].inputs):
                self.readers[source].append((id, position))

    def from_above(self) -> dict[str, int]:
        """A key of everything that a node is computed from."""
        made: dict[str, int] = {}
        for id in self.inputs:
            node = self.nodes[id]
            made[id] = hash((node.kind, node.name, tuple(node.types)))
        for id in self.order:
            node = self.nodes[id]
            made[id] = hash((_label(node), tuple((made.get(source), which) for source, which in node.inputs)))
        return made

    def from_below(self) -> dict[str, int]:
        """A key of everything that is computed from a node."""
        made: dict[str, int] = {}
        ends = defaultdict(list)
        for position, (id, which) in enumerate(self.results):
            ends[id].append((position, which))
        for id in reversed([*self.inputs, *self.order]):
            readers = tuple(sorted((made[reader], position) for reader, position in self.readers[id]))
            made[id] = hash((_label(self.nodes[id]), readers, tuple(ends[id])))
        return made


class _Matching:
    """Which node of the second graph is which of the first: ``matched``, from ids of the first.

    Surest first: nodes whose whole surroundings are the same, then those that compute the same, then the neighbours of
    what was found, then what stands at the same place of the two sequences.
    """

    def __init__(self, first: View, second: View) -> None:
        self.a, self.b = _Side(first), _Side(second)
        self.matched: dict[str, str] = {}
        self._taken: set[str] = set()
        above = self.a.from_above(), self.b.from_above()
        below = self.a.from_below(), self.b.from_below()
        self._equal(lambda side, id: (above[side][id], below[side][id]), once=False)
        self._equal(lambda side, id: above[side][id], once=True)
        self._equal(lambda side, id: below[side][id], once=True)
        self._inputs()
        self._spread(list(self.matched.items()))
        for key in (_label, lambda node: node.operator):
            self._in_sequence(key)

    def _pair(self, a: str, b: str) -> None:
        self.matched[a] = b
        self._taken.add(b)

    def _free(self, side: int, ids: Iterable[str]) -> Iterator[str]:
        known = self._taken if side else self.matched
        return (id for id in ids if id not in known)

    def _equal(self, key: Callable[[int, str], Hashable], once: bool) -> None:
        """Match nodes with equal keys, in order; ``once``: only if each graph has one such node."""
        found: dict[Hashable, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for number, side in enumerate((self.a, self.b)):
            for id in self._free(number, [*side.inputs, *side.order]):
                found[key(number, id)][number].append(id)
        for here, there in found.values():
            if len(here) == len(there) and (not once or len(here) == 1):
                for a, b in zip(here, there, strict=True):
                    self._pair(a, b)

    def _inputs(self) -> None:
        """Inputs by name and kind, then by kind and number."""
        for key in (lambda node: (node.kind, node.name), lambda node: node.kind):
            waiting: dict[Hashable, deque[str]] = defaultdict(deque)
            for b in self._free(1, self.b.inputs):
                waiting[key(self.b.nodes[b])].append(b)
            for a in list(self._free(0, self.a.inputs)):
                queue = waiting[key(self.a.nodes[a])]
                if queue:
                    self._pair(a, queue.popleft())

    def _spread(self, pairs: list[tuple[str, str]]) -> None:
        """Match what matched nodes read and who reads them, where it is the same operator at the same place."""
        open_pairs = deque(pairs)
        while open_pairs:
            a, b = open_pairs.popleft()
            for left, right in self._neighbours(a, b):
                if left in self.matched or right in self._taken:
                    continue
                if self.a.nodes[left].operator == self.b.nodes[right].operator:
                    self._pair(left, right)
                    open_pairs.append((left, right))

    def _neighbours(self, a: str, b: str) -> Iterator[tuple[str, str]]:
        sources = zip(self.a.nodes[a].inputs, self.b.nodes[b].inputs, strict=False)
        yield from ((left, right) for (left, m), (right, n) in sources if m == n)
        there: dict[Hashable, list[str]] = defaultdict(list)
        for reader, position in self.b.readers[b]:
            if reader not in self._taken:
                there[self.b.nodes[reader].operator, position].append(reader)
        here: dict[Hashable, list[str]] = defaultdict(list)
        for reader, position in self.a.readers[a]:
            if reader not in self.matched:
                here[self.a.nodes[reader].operator, position].append(reader)
        for key, readers in here.items():
            if len(readers) == len(there[key]):
                yield from zip(readers, there[key], strict=True)

    def _in_sequence(self, key: Callable[[ViewNode], Hashable]) -> None:
        """Match the rest by the longest sequences that the two orders of evaluation have in common."""
        left, right = list(self._free(0, self.a.order)), list(self._free(1, self.b.order))
        places = common([key(self.a.nodes[id]) for id in left], [key(self.b.nodes[id]) for id in right])
        found = [(left[i], right[j]) for i, j in places]
        for a, b in found:
            self._pair(a, b)
        self._spread(found)


class _Joined:
    """The view of both: nodes that are the same stand in it once."""

    def __init__(self, first: View, second: View, matched: Mapping[str, str]) -> None:
        self.first, self.second = first, second
        self.back = {b: a for a, b in matched.items()}
        self.files = [ViewFile(each.name, dict(each.lines)) for each in first.files]
        self.file_numbers = [self._file(each) for each in second.files]
        self.nodes: dict[str, ViewNode] = {}
        self.names: dict[str, str] = {}
        self.scopes = self._scopes()
        self.changed: list[Change] = []

    def _scopes(self) -> dict[str, str]:
        """What the blocks of the second graph are called in the first, as most nodes that are the same say."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for b, a in self.back.items():
            there, here = self.second.nodes[b].scope.split("."), self.first.nodes[a].scope.split(".")
            for depth in range(1, min(len(there), len(here)) + 1):
                votes[".".join(there[:depth])][".".join(here[:depth])] += 1
        return {name: found.most_common(1)[0][0] for name, found in votes.items()}

    def _scope(self, scope: str) -> str:
        """A scope of the second graph in the names of the first; without the blocks that only the second one has."""
        while scope and scope not in self.scopes:
            scope = scope.rpartition(".")[0]
        return self.scopes.get(scope, "")

    def _file(self, file: ViewFile) -> int:
        """The number of a file of the second view among those of both: one file, if the lines in common are equal."""
        for number, known in enumerate(self.files):
            if known.name == file.name and all(known.lines.get(at, text) == text for at, text in file.lines.items()):
                known.lines.update(file.lines)
                return number
        self.files.append(ViewFile(file.name, dict(file.lines)))
        return len(self.files) - 1

    def view(self, title: str) -> View:
        left, right = self.first.stages[0].graph, self.second.stages[0].graph
        for id in self._ids(self.first):
            self.nodes[f"a.{id}"] = self._moved(self.first.nodes[id], "a.", lambda source: f"a.{source}")
        for id in (*right.inputs, *right.nodes):
            self._second(id)
        for id in self._ids(self.second) - {*right.inputs, *right.nodes}:
            self.nodes[f"b.{id}"] = self._moved(self.second.nodes[id], "b.", lambda source: f"b.{source}")
        stayed = {self.back[id] for id in (*right.inputs, *right.nodes) if id in self.back}
        gone = [id for id in (*left.inputs, *left.nodes) if id not in stayed]
        self.changed += [Change("removed", [], [f"a.{id}"]) for id in gone]
        graphs = {
            f"{mark}{name}": self._graph(graph, lambda id, mark=mark: f"{mark}{id}")  # type: ignore[misc]
            for mark, shown in (("a.", self.first), ("b.", self.second))
            for name, graph in shown.graphs.items()
        }
        stages = [
            ViewStage(self._title(self.first, "first"), self._graph(left, lambda id: f"a.{id}")),
            ViewStage(self._title(self.second, "second"), self._graph(right, self.names.__getitem__), 0, self.changed),
        ]
        return View(title, self.second.about, self.nodes, stages, self.files, graphs, kind="diff")

    def _title(self, shown: View, other: str) -> str:
        return shown.title if self.first.title != self.second.title else f"{shown.title} ({other})"

    def _ids(self, shown: View) -> set[str]:
        """What the graph as recorded is made of, bodies included."""
        graph = shown.stages[0].graph
        made, waiting = {*graph.inputs, *graph.nodes}, [graph]
        seen: set[str] = set()
        while waiting:
            for id in waiting.pop().nodes:
                for name in shown.nodes[id].body.values():
                    if name not in seen:
                        seen.add(name)
                        waiting.append(shown.graphs[name])
                        made.update(shown.graphs[name].inputs, shown.graphs[name].nodes)
        return made

    def _second(self, id: str) -> None:
        """A node of the second graph: the record of the first one where all is equal, else one of its own."""
        node = self._moved(self.second.nodes[id], "b.", self.names.__getitem__)
        known = self.back.get(id)
        old = None if known is None else self.nodes[f"a.{known}"]
        if old is not None and _label(old) == _label(node) and old.inputs == node.inputs:
            self.names[id] = f"a.{known}"
            return
        self.names[id] = name = f"b.{id}"
        self.nodes[name] = node
        if old is None:
            self.changed.append(Change("added", [name]))
        elif _label(old) != _label(node):
            self.changed.append(Change("replaced", [name], [f"a.{known}"]))
        else:
            self.changed.append(Change("renewed", [name], [f"a.{known}"]))

    def _moved(self, node: ViewNode, mark: str, name: Callable[[str], str]) -> ViewNode:
        file = node.file if node.file is None or mark == "a." else self.file_numbers[node.file]
        inputs = [(name(source), which) for source, which in node.inputs]
        body = {role: f"{mark}{graph}" for role, graph in node.body.items()}
        scope = node.scope if mark == "a." else self._scope(node.scope)
        return replace(node, inputs=inputs, body=body, file=file, origin=[], scope=scope)

    def _graph(self, graph: ViewGraph, name: Callable[[str], str]) -> ViewGraph:
        return ViewGraph(
            graph.name,
            [name(id) for id in graph.inputs],
            [name(id) for id in graph.nodes],
            [(name(id), which) for id, which in graph.results],
        )
