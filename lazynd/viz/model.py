"""The view model: all that there is to see of a program, as plain data, with one JSON form.

Every picture, table and text of a graph is made from it. ``docs/view.md`` describes the JSON; a reader that finds a
field missing takes the value that the field has here.

>>> from lazynd import nd, viz
>>> view = viz.view(nd.ones((2, 3)) * 2)
>>> [view.nodes[id].operator for id in view.graph.nodes]
['_full', '_mul_scalar']
>>> node = view.nodes["n1"]
>>> node.types, node.flops, node.formula, node.bytes
(['float32[2,3]'], 6, '6', 24)
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from ..ir.several import several
from .notebook import of_view

FORMAT: Final = "lazynd-view"
VERSION: Final = 1

T = TypeVar("T")
#: A value: the id of a node, and which of its results it is.
Value = tuple[str, int]


@dataclass(slots=True)
class ViewNode:
    """An operator that was applied, or an input of a graph: ``operator`` is then empty.

    ``kind``: "data", "parameter" or "number" of inputs (a number travels with a call), "forward", "gradient" or
    "update" of operators. ``parameters``: as the text form prints them. ``scope``: the block whose call recorded it.
    ``file`` and ``line``: which of the view's files, and where. ``flops``: two for a multiply-add, at most;
    ``formula``: where the number comes from. ``bytes``: of the results. ``origin``: the nodes of the first stage that
    it comes from. ``body``: the names of the graphs that it runs, ``times`` each at most. ``closed``: another block
    recorded the body, and the scopes in there are not this one's.
    """

    operator: str
    kind: str
    types: list[str]
    bytes: int
    name: str = ""
    inputs: list[Value] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    scope: str = ""
    file: int | None = None
    line: int | None = None
    flops: int | None = None
    formula: str = ""
    closed: bool = False
    milliseconds: float | None = None
    origin: list[str] = field(default_factory=list)
    body: dict[str, str] = field(default_factory=dict)
    times: int = 1

    @property
    def is_input(self) -> bool:
        return not self.operator

    @property
    def label(self) -> str:
        """The operator, without what tells primitives and calls apart."""
        return self.operator.removeprefix("ir.").removeprefix("@")


@dataclass(slots=True)
class ViewGraph:
    """A graph: ids of its inputs, of its nodes in the order of evaluation, and its results."""

    name: str
    inputs: list[str]
    nodes: list[str]
    results: list[Value]


@dataclass(slots=True)
class Change:
    """What a pass did: ``nodes`` came and ``source`` went ("from" in JSON).

    ``what``: "added", "removed" or "replaced". ``rule``: the rule that did it, if one did, as "x * 1 -> x".
    """

    what: str
    nodes: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    rule: str = ""


@dataclass(slots=True)
class ViewStage:
    """A graph as recorded, or after the pass ``name``."""

    name: str
    graph: ViewGraph
    milliseconds: float = 0.0
    changed: list[Change] = field(default_factory=list)


@dataclass(slots=True)
class Cluster:
    """What the backend runs as one piece: ``nodes`` of the first stage, or parts of them; ``parts`` of the last one.

    ``kind``: "loop", "input", "output" or "custom" of what it ``fused``, else "while", "call", "conditional",
    "custom-call", or the name of the instruction. ``borrowed``: the backend does not say of what it is a part, its
    neighbours do. ``inside``: the name of the cluster around it. ``flops``: of ``parts``. ``bytes``: read and given.
    """

    id: int
    name: str
    kind: str
    nodes: list[str]
    parts: list[str] = field(default_factory=list)
    fused: bool = False
    borrowed: bool = False
    inside: str = ""
    flops: int | None = None
    bytes: int | None = None
    text: str = ""


@dataclass(slots=True)
class ViewProgram:
    """What ran: the compiled text, and what the backend says of memory and costs; where it was first needed.

    ``tier``: "compiled", "interpreted" or "dropped". ``milliseconds``: of its last run, where that was measured.
    """

    text: str | None = None
    tier: str = ""
    site: str = ""
    runs: int = 0
    milliseconds: float | None = None
    memory: dict[str, float] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class ViewFile:
    """Lines of a file of the user, by number: those that nodes name, and a few around them."""

    name: str
    lines: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, repr=False)
class View:
    """All that is known of a program; see the module. ``graph`` is that of the first stage.

    ``kind``: "program", or "diff" where the two stages are two graphs that were compared.

    >>> from lazynd import nd, viz
    >>> view = viz.view(nd.ones((2, 3)) * 2)
    >>> [view.nodes[id].operator for id in view.graph.nodes]
    ['_full', '_mul_scalar']
    """

    title: str
    about: dict[str, str]
    nodes: dict[str, ViewNode]
    stages: list[ViewStage]
    files: list[ViewFile] = field(default_factory=list)
    graphs: dict[str, ViewGraph] = field(default_factory=dict)
    clusters: list[Cluster] | None = None
    program: ViewProgram | None = None
    kind: str = "program"

    @property
    def graph(self) -> ViewGraph:
        """What was recorded.

        >>> from lazynd import nd, viz
        >>> viz.view(nd.ones((2, 3)) * 2).graph.results
        [('n1', 0)]
        """
        return self.stages[0].graph

    def __repr__(self) -> str:
        return f"<view of {self.title}: {several(len(self.graph.nodes), 'node')}, {several(len(self.stages), 'stage')}>"

    def _repr_html_(self) -> str:
        return of_view(self)

    def place(self, node: ViewNode) -> str:
        """The line that ``node`` was recorded at: "train.py:41", or nothing.

        >>> from lazynd import nd, viz
        >>> view = viz.view(nd.ones((2, 3)) * 2)
        >>> view.place(view.nodes["p0"])
        ''
        """
        return "" if node.file is None or node.line is None else f"{self.files[node.file].name}:{node.line}"

    def as_dict(self) -> dict[str, Any]:
        """The view as dictionaries, lists, texts and numbers: what the JSON says.

        >>> from lazynd import nd, viz
        >>> found = viz.view(nd.ones((2, 3)) * 2).as_dict()
        >>> found["format"], found["version"], found["nodes"]["n1"]["operator"]
        ('lazynd-view', 1, '_mul_scalar')
        """
        made = plain(self)
        made["graphs"] = made.get("graphs", {})
        made["files"] = made.get("files", [])
        made["clusters"] = made.get("clusters")
        made["program"] = made.get("program")
        return {"format": FORMAT, "version": VERSION, **made}

    def json(self, indent: int | None = None) -> str:
        """The view as JSON.

        >>> from lazynd import nd, viz
        >>> viz.view(nd.ones((2, 3)) * 2).json()[:39]
        '{"format": "lazynd-view", "version": 1,'
        """
        return json.dumps(self.as_dict(), indent=indent, ensure_ascii=False)


def read(text: str) -> View:
    """The view that ``View.json`` wrote; ``ValueError`` for another text.

    >>> from lazynd import nd, viz
    >>> view = viz.view(nd.ones((2, 3)) * 2)
    >>> read(view.json()).as_dict() == view.as_dict()
    True
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is no view: it is no JSON ({error})") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f'this is no view: one begins with "format": "{FORMAT}"')
    if found.get("version") != VERSION:
        raise ValueError(f"a view of version {found.get('version')}; this lazynd reads version {VERSION}")
    try:
        return _view(found)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"this view is damaged: {error}") from None


def _view(found: Mapping[str, Any]) -> View:
    return View(
        title=found["title"],
        about=dict(found["about"]),
        nodes={
            id: _made(ViewNode, each, inputs=_values(each.get("inputs", ()))) for id, each in found["nodes"].items()
        },
        stages=[
            _made(
                ViewStage,
                each,
                graph=_graph(each["graph"]),
                changed=[_made(Change, change) for change in each.get("changed", ())],
            )
            for each in found["stages"]
        ],
        files=[_made(ViewFile, each) for each in found["files"]],
        graphs={name: _graph(each) for name, each in found["graphs"].items()},
        clusters=None if found["clusters"] is None else [_made(Cluster, each) for each in found["clusters"]],
        program=None if found["program"] is None else _made(ViewProgram, found["program"]),
        kind=found.get("kind", "program"),
    )


def _values(pairs: Iterable[Any]) -> list[Value]:
    return [(id, number) for id, number in pairs]


def _graph(found: Mapping[str, Any]) -> ViewGraph:
    return _made(ViewGraph, found, results=_values(found["results"]))


#: Names that are words of Python.
_IN_JSON: Final = {"source": "from"}


@lru_cache(None)
def _described(cls: Hashable) -> tuple[tuple[str, str, Any], ...]:
    """The fields of a class of the model: name, name in JSON, and the usual value, ``MISSING`` where there is none."""
    return tuple((each.name, _IN_JSON.get(each.name, each.name), _usual(each)) for each in fields(cast(Any, cls)))


def _usual(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


#: What JSON has as it is, pairs as lists.
_ATOMS: Final = frozenset((str, int, float, bool, type(None), tuple))


def plain(value: Any) -> Any:
    """``value`` as JSON has it; fields with their usual value are left out."""
    cls = value.__class__
    if cls is list:
        return value if not value or value[0].__class__ in _ATOMS else [plain(each) for each in value]
    if cls is dict:
        simple = not value or next(iter(value.values())).__class__ in _ATOMS
        return value if simple else {key: plain(each) for key, each in value.items()}
    made = {}
    for name, shown, usual in _described(cls):
        each = getattr(value, name)
        if usual is MISSING or each != usual:
            made[shown] = each if each.__class__ in _ATOMS else plain(each)
    return made


def _made(cls: type[T], found: Mapping[str, Any], **instead: Any) -> T:
    names = {shown: name for name, shown, _ in _described(cast(Hashable, cls))}
    return cls(**{**{names[key]: value for key, value in found.items()}, **instead})
