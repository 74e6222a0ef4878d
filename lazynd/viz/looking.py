"""A view of anything that has a graph."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..compiled import Compiled
from ..ir.graph import Graph, copied, number_nodes
from ..ir.node import leaf
from ..ir.parse import parse_graph
from ..ir.types import FLOAT32, Type, as_dtype, default_context
from ..nd import NDArray, zeros
from ..ops import OPERATORS
from ..passes import Stage
from ..runtime import aside, not_recording
from ..runtime.record.cell import Cell
from ..runtime.record.standing import ARGUMENT, ITSELF
from ..runtime.record.traced import Traced
from ..sym import Symbol
from ..sym.binding import bind_named
from .lines import short_names
from .making import Named, make_view
from .model import FORMAT, Cluster, View, ViewProgram, read
from .programs import Program
from .recorded import recorded, stages_of
from .untyped import untyped_view

#: Graphs of more nodes are shown as recorded alone unless somebody asks for more: the passes take as long as compiling.
_MOST: Final = 3000


def view(
    shown: Any,
    *inputs: Any,
    title: str | None = None,
    passes: bool | None = None,
    dtype: Any = None,
    **shapes: tuple[int, ...],
) -> View:
    """A view of anything that has a graph, from which every drawing and table is made. Runs nothing.

    ``shown``: an array, for what is pending of it, a gradient as well (``w.grad``); a block or a function, with the
    ``inputs`` of a call, arrays or shapes; a compiled function, with inputs, or without for the trace that it used
    last; a symbol, with ``shapes`` of its variables by name, or of the first of them as ``inputs``, or none; a graph;
    a program that ran (``viz.last()``); a text of the IR or of a view, or the path of a file with one; a view itself.

    ``title``: what it is called; found from ``shown`` if not given. ``passes``: whether the stages after each pass are
    part of it; if not given, for graphs of up to 3,000 nodes. ``dtype``: of inputs that are given as shapes; float32.

    Of a block whose parameters wait for the shapes of the first call, they are initialised, as that call would do.
    Raises ``ValueError`` where there is no graph: the value of the array is there already, or the function does
    something that no graph can hold; ``TypeError`` for what has none.

    >>> from lazynd import gluon, nd, sym, viz
    >>> viz.view(nd.ones((2, 3)) * 2)
    <view of array: 2 nodes, 14 stages>
    >>> net = gluon.nn.Dense(4, prefix="dense_")
    >>> net.initialize()
    >>> found = viz.view(net, (8, 3))
    >>> [(found.nodes[id].kind, found.nodes[id].name, found.nodes[id].types) for id in found.graph.inputs][:2]
    [('data', 'x', ['float32[8,3]']), ('parameter', 'dense_weight', ['float32[4,3]'])]
    >>> viz.view(sym.relu(sym.var("x"), name="r"), x=(2, 3)).nodes["n0"].name
    'r'
    """
    if isinstance(shown, View):
        return shown
    if isinstance(shown, Program):
        return _program(shown, title, passes)
    named, found_title = _found(shown, inputs, dtype, shapes)
    if isinstance(named, View):
        return named
    named = numbered(named)
    graph = named.graph
    all_stages = passes if passes is not None else len(graph) <= _MOST
    stages = stages_of(graph) if all_stages else [Stage("recorded", graph, 0.0)]
    return make_view(stages, title or found_title, named)


def _program(program: Program, title: str | None, passes: bool | None) -> View:
    """The view of what ran, with what the backend tells of it."""
    short = short_names([program.site.rpartition(":")[0]])[0]
    site = f"{short}:{program.site.rpartition(':')[2]}" if ":" in program.site else program.site
    known = program.tier == "compiled"
    stages = program.stages if passes or known or len(program.graph) <= _MOST else program.stages[:1]
    made = make_view(stages, title or f"program at {site}")
    made.program = ViewProgram(
        program.text, program.tier, site, program.runs, program.milliseconds, dict(program.memory), dict(program.cost)
    )
    if known:
        first, last = made.graph.nodes, made.stages[-1].graph.nodes
        made.clusters = []
        for number, each in enumerate(program.clusters):
            parts = [last[i] for i in each.numbers]
            counted = [made.nodes[part].flops for part in parts]
            cluster = Cluster(
                number, each.name, each.kind, [first[i] for i in program.nodes_of(each)], parts, each.fused,
                each.borrowed, each.inside, sum(n or 0 for n in counted), each.nbytes, each.text,
            )  # fmt: skip
            made.clusters.append(cluster)
    return made


def numbered(named: Named) -> Named:
    """The same with nodes that know their numbers, so that those of later stages say where they come from."""
    graph = named.graph
    if all(node.origin == (number,) for number, node in enumerate(graph.nodes)):
        return named
    if named.nodes is not None:  # made for this view
        number_nodes(graph)
        return named
    return Named(copied(graph), named.inputs)


def of(shown: Any) -> View:
    """The view that a drawing of ``shown`` is made of: what was recorded is enough."""
    if isinstance(shown, View):
        return shown
    if isinstance(shown, Graph | NDArray):
        return make_view([Stage("recorded", recorded(shown), 0.0)], "graph")
    return view(shown, passes=False)


def graph_or_view(shown: Any) -> Graph | View:
    """The graph of ``shown``, or its view where that is all there is."""
    if isinstance(shown, View):
        return shown
    if isinstance(shown, Program):
        return shown.graph
    named, _ = _found(shown, (), None, {})
    return named if isinstance(named, View) else named.graph


def _found(shown: Any, inputs: Sequence[Any], dtype: Any, shapes: Mapping[str, Any]) -> tuple[Named | View, str]:
    """The graph of ``shown``, and what it is called."""
    if isinstance(shown, Symbol):
        return _symbol(shown, inputs, dtype, shapes)
    if shapes:
        raise TypeError(f"shapes by name are for symbols; view() has no parameter {', '.join(shapes)}")
    if isinstance(shown, str | os.PathLike):
        return _text(shown)
    if isinstance(shown, NDArray):
        return Named(recorded(shown)), "array"
    if isinstance(shown, Graph):
        return Named(shown), shown.name or "graph"
    if isinstance(shown, Stage):
        return Named(shown.graph), shown.name
    if isinstance(shown, Compiled) and not inputs:
        known = shown.known()
        if not known:
            raise ValueError(f"{shown.name} has not been called yet: give the inputs of a call")
        return _traced(known[0], {}), shown.name
    if callable(shown) and inputs:
        return _called(shown, inputs, dtype)
    if callable(shown):
        raise ValueError(f"the graph of {_name(shown)} depends on its inputs: give them, as arrays or as shapes")
    raise TypeError(
        f"{type(shown).__name__} has no graph: view() takes an array, a block or a function with inputs, a symbol, a "
        "graph, a program, or a file of IR text"
    )


# ---------------------------------------------------------------------------------------- texts


def _text(shown: str | os.PathLike[str]) -> tuple[Named | View, str]:
    """A graph or a view as text, or the file of one."""
    text, title = str(shown), "graph"
    if isinstance(shown, os.PathLike) or ("\n" not in text and not text.lstrip().startswith("{")):
        path = pathlib.Path(shown)
        text, title = path.read_text(encoding="utf-8"), path.name
    if text.lstrip().startswith("{") and FORMAT in text[:200]:
        return read(text), title
    return Named(parse_graph(text, OPERATORS)), title


# ---------------------------------------------------------------------------------------- functions and blocks


def _called(function: Callable[..., Any], inputs: Sequence[Any], dtype: Any) -> tuple[Named, str]:
    """What a call would record, which is traced."""
    name, names = _name(function), {}
    if hasattr(function, "collect_params"):  # a block
        parameters = function.collect_params().values()
        if any(each._deferred_init for each in parameters):
            _learn_shapes(function, inputs, dtype)
        names = {each._cell: parameter.name for parameter in parameters for each in parameter.list_data()}
    source = function.function if isinstance(function, Compiled) else function
    traced = Compiled(source, name).traced(*(_standing(each, dtype) for each in inputs))
    return _traced(traced, names, _argument_names(source)), name


def _learn_shapes(block: Any, inputs: Sequence[Any], dtype: Any) -> None:
    """Initialise the parameters that wait for a first call; what that records is no part of anything."""
    with aside(), not_recording():
        arrays = [zeros(each, dtype=dtype or "float32") if _is_shape(each) else each for each in inputs]
        block(*arrays)


def _standing(given: Any, dtype: Any) -> Any:
    """An input of a call that is traced: for a shape an array that has no value, since nobody will ask for one."""
    if not _is_shape(given):
        return given
    return NDArray(Cell(leaf(Type(given, FLOAT32 if dtype is None else as_dtype(dtype), default_context()))))


def _is_shape(given: Any) -> bool:
    return isinstance(given, tuple) and all(isinstance(n, int) for n in given)


def _traced(traced: Traced, names: Mapping[Cell, str], arguments: Sequence[str] = ()) -> Named:
    """The body of a call, whose inputs are named as arguments and parameters are."""
    if traced.spec is None or traced.spec.body is None:
        raise ValueError("it computes nothing")
    found = []
    for kind, which in traced.inputs:
        if kind is ARGUMENT:
            found.append((arguments[which] if which < len(arguments) else f"argument {which}", "data"))
        else:
            name = names.get(which, "") if kind is ITSELF else ""
            found.append((name, "parameter" if name else ""))
    return Named(traced.spec.body, found)


def _argument_names(function: Any) -> Sequence[str]:
    """What a function calls its positional arguments, a block's ``forward`` likewise."""
    inner = getattr(function, "hybrid_forward", None) or getattr(function, "forward", None) or function
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    if code is None:
        return ()
    names = list(code.co_varnames[: code.co_argcount])
    if hasattr(inner, "__self__"):
        del names[:1]
    if getattr(function, "hybrid_forward", None) is not None:
        del names[:1]  # F
    return names


def _name(function: Any) -> str:
    """A name for a call: letters, digits and the characters _ . < >."""
    found = getattr(function, "name", None) or getattr(function, "__qualname__", None) or type(function).__name__
    return "".join(c if c.isalnum() or c in "_.<>" else "_" for c in str(found).replace("<locals>.", "")) or "call"


# ---------------------------------------------------------------------------------------- symbols


def _symbol(symbol: Symbol, inputs: Sequence[Any], dtype: Any, shapes: Mapping[str, Any]) -> tuple[Named | View, str]:
    """A symbol with the types that follow from the shapes; without any if not all follow."""
    title = symbol.name or "symbol"
    given = {**dict(zip(symbol.list_arguments(), map(_shape, inputs), strict=False)), **shapes}
    arguments, _, states = symbol.infer_shape_partial(**given)
    names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    found = [*(arguments or ()), *(states or ())]
    if not given or len(found) < len(names) or not all(found) or any(0 in each for each in found):
        return untyped_view(symbol, title, dict(zip(names, found, strict=False))), title
    kind = FLOAT32 if dtype is None else as_dtype(dtype)
    types = {name: Type(tuple(shape), kind, default_context()) for name, shape in zip(names, found, strict=True)}
    bound, order, node_names = bind_named(symbol, types)
    roles = [(name, "data" if name in given else "parameter") for name in order]
    return Named(bound.graph, roles, node_names), title


def _shape(given: Any) -> tuple[int, ...]:
    return tuple(given.shape if isinstance(given, NDArray) else given)
