"""``Symbol``: expressions of operators on variables that have neither shape nor dtype yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import autograd
from ..ir.errors import MXNetError
from ..ir.types import Context
from ..nd import NDArray
from ..nd.refusal import refusal
from ..ops import Operator, find
from ..reference import absent, has, unknown
from ..runtime.tell.location import calling_frame
from . import attributes as attr
from .applied import Applied
from .arithmetic import Arithmetic
from .compose import is_symbol, not_found, single, substitute
from .evaluate import run
from .inferring import Inferring
from .methods import Methods
from .node import Node, copied, states, topological

__all__ = ["Group", "Symbol"]

#: What arrays have and symbols do not, with what to do instead.
_OF_ARRAYS = {"shape": "infer_shape", "dtype": "infer_type", "size": "infer_shape", "ndim": "infer_shape"}


#: Set by ``generate``, which needs the class: ``add_methods``.
ADD_METHODS: list[Callable[[Operator], None]] = []


class Symbol(Arithmetic, Inferring, Methods):
    """One or several outputs of a graph of operators. Made by ``sym.var``, by operators, and by ``Group``.

    Operators are methods too: ``x.exp()`` is ``sym.exp(x)``. Symbols are not changed by what is made of them.

    >>> from lazynd import sym
    >>> net = sym.FullyConnected(sym.var("data"), num_hidden=10, name="fc")
    >>> net.list_arguments()
    ['data', 'fc_weight', 'fc_bias']
    >>> net.infer_shape(data=(2, 3))
    ([(2, 3), (10, 3), (10,)], [(2, 10)], [])
    """

    __slots__ = ()

    def __repr__(self) -> str:
        name = self.name
        if name is None:
            return f"<Symbol group [{', '.join(node.name for node, _ in self._entries)}]>"
        return f"<Symbol {name}>"

    @property
    def name(self) -> str | None:
        """The name; None of outputs of several nodes.

        >>> from lazynd import sym
        >>> sym.var("data").name
        'data'
        """
        nodes = {node for node, _ in self._entries}
        return nodes.pop().name if len(nodes) == 1 else None

    @property
    def _nodes(self) -> list[Node]:
        return topological([node for node, _ in self._entries])

    def __getattr__(self, name: str) -> Any:
        operator = None if name.startswith("_") else find(name)
        if operator is not None and operator.method:  # declared since this module was imported
            ADD_METHODS[0](operator)
            return getattr(self, name)
        if has("sym.Symbol", name):
            raise absent("sym.Symbol", name)
        made = unknown(self, "'Symbol' object", name)
        if name in _OF_ARRAYS:
            made.args = (f"{made.args[0]}: what follows from the shapes of variables, {_OF_ARRAYS[name]} says",)
        raise made

    # What there is in it

    def __len__(self) -> int:
        """How many outputs there are."""
        return len(self._entries)

    @property
    def num_outputs(self) -> int:
        """How many outputs there are: ``len``.

        >>> from lazynd import sym
        >>> sym.split(sym.var("x"), num_outputs=3).num_outputs
        3
        """
        return len(self._entries)

    def __iter__(self) -> Iterator[Symbol]:
        """Each output."""
        return (Symbol([entry]) for entry in self._entries)

    def __getitem__(self, index: int | str | slice) -> Symbol:
        """One output by its number or its name, or several by a slice.

        >>> from lazynd import sym
        >>> parts = sym.split(sym.var("x"), num_outputs=2, name="parts")
        >>> parts[1].list_outputs(), parts["parts_output0"].list_outputs()
        (['parts_output1'], ['parts_output0'])
        """
        if isinstance(index, slice):
            return Symbol(self._entries[index])
        if isinstance(index, str):
            numbers = [i for i, name in enumerate(self.list_outputs()) if name == index]
            if len(numbers) > 1:
                raise ValueError(f'There are multiple outputs with name "{index}"')
            if not numbers:
                listed = ", ".join(self.list_outputs()[:20])
                raise ValueError(f'Cannot find output that matches name "{index}"; outputs are {listed}')
            return Symbol([self._entries[numbers[0]]])
        if not isinstance(index, int | np.integer):
            raise TypeError(f"Symbol only support integer index to fetch i-th output, got {index!r}")
        if index >= len(self._entries):
            raise IndexError(f"output {index} is asked for, but there are {len(self._entries)}")
        if index < 0:
            raise MXNetError(f"Symbol only accept nonnegative index, got {index}")
        return Symbol([self._entries[index]])

    def list_outputs(self) -> list[str]:
        """The names of the outputs.

        >>> from lazynd import sym
        >>> sym.relu(sym.var("x"), name="act").list_outputs()
        ['act_output']
        """
        return [node.outputs[number] for node, number in self._entries]

    def list_inputs(self) -> list[str]:
        """The names of all variables, in the order in which operators take them.

        >>> from lazynd import sym
        >>> sym.BatchNorm(sym.var("x"), name="bn").list_inputs()
        ['x', 'bn_gamma', 'bn_beta', 'bn_moving_mean', 'bn_moving_var']
        """
        return [node.name for node in self._nodes if node.applied is None]

    def list_arguments(self) -> list[str]:
        """The names of the variables that are no auxiliary states.

        >>> from lazynd import sym
        >>> sym.BatchNorm(sym.var("x"), name="bn").list_arguments()
        ['x', 'bn_gamma', 'bn_beta']
        """
        return [node.name for node in self._variables()[0]]

    def list_auxiliary_states(self) -> list[str]:
        """The names of the variables that operators update.

        >>> from lazynd import sym
        >>> sym.BatchNorm(sym.var("x"), name="bn").list_auxiliary_states()
        ['bn_moving_mean', 'bn_moving_var']
        """
        return [node.name for node in self._variables()[1]]

    def _variables(self) -> tuple[list[Node], list[Node]]:
        """Arguments and auxiliary states."""
        nodes = self._nodes
        updated = states(nodes)
        listed = [node for node in nodes if node.applied is None]
        return [n for n in listed if n not in updated], [n for n in listed if n in updated]

    def get_internals(self) -> Symbol:
        """The outputs of every node, in order.

        >>> from lazynd import sym
        >>> net = sym.relu(sym.exp(sym.var("x"), name="e"), name="act")
        >>> net.get_internals().list_outputs()
        ['x', 'e_output', 'act_output']
        """
        return Symbol([entry for node in self._nodes for entry in node.entries])

    def get_children(self) -> Symbol | None:
        """What the nodes of the outputs take; None of variables.

        >>> from lazynd import sym
        >>> sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc").get_children()
        <Symbol group [x, fc_weight, fc_bias]>
        """
        nodes = dict.fromkeys(node for node, _ in self._entries)
        found = [entry for node in nodes for entry in node.inputs]
        return Symbol(found) if found else None

    def debug_str(self) -> str:
        """What there is in it, a node after the other.

        >>> from lazynd import sym
        >>> print(sym.clip(sym.var("x"), 0, 1, name="c").debug_str().expandtabs(4))
        Symbol Outputs:
            output[0]=c(0)
        Variable:x
        --------------------
        Op:clip, Name=c
        Inputs:
            arg[0]=x(0) version=0
        Attrs:
            a_max=1
            a_min=0
        <BLANKLINE>
        """
        if len(self._entries) == 1 and self._entries[0][0].applied is None:
            return f"Variable:{self.name}\n"
        lines = ["Symbol Outputs:", *(f"\toutput[{i}]={n.name}({k})" for i, (n, k) in enumerate(self._entries))]
        versions: Counter[Node] = Counter()
        for node in self._nodes:
            if node.applied is None:
                lines.append(f"Variable:{node.name}")
                continue
            lines += ["-" * 20, f"Op:{node.applied.name}, Name={node.name}", "Inputs:"]
            for i, (n, k) in enumerate(node.inputs):
                versions[n] += i in node.applied.states
                lines.append(f"\targ[{i}]={n.name}({k})" + (f" version={versions[n]}" if n.applied is None else ""))
            if node.attributes:
                lines += ["Attrs:", *(f"\t{key}={value}" for key, value in sorted(node.attributes.items()))]
        return "\n".join(lines) + "\n"

    # Attributes

    def attr(self, key: str) -> str | None:
        """An attribute; None if there is none called ``key``.

        >>> from lazynd import sym
        >>> sym.var("x", lr_mult=2).attr("lr_mult")
        '2'
        """
        if self.name is None or key == "name":
            return self.name
        return attr.lookup(self._entries[0][0].attributes, key)

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """All attributes, the parameters of the operator among them; ``attr_dict`` has those of all nodes.

        >>> from lazynd import sym
        >>> sym.sum(sym.var("x"), axis=(0, 1)).list_attr()
        {'axis': '(0, 1)'}
        """
        if recursive:
            text = "Symbol.list_attr with recursive=True has been deprecated. Please use attr_dict instead."
            raise DeprecationWarning(text)
        return attr.shown(self._entries[0][0].attributes)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """The attributes of all nodes that have some, by name.

        >>> from lazynd import sym
        >>> sym.sum(sym.var("x", wd_mult=0), axis=1, name="total").attr_dict()
        {'x': {'__wd_mult__': '0', 'wd_mult': '0'}, 'total': {'axis': '1'}}
        """
        found: dict[str, dict[str, str]] = {}
        for node in self._nodes:
            if node.attributes:
                found.setdefault(node.name, {}).update(attr.shown(node.attributes))
        return found

    def _set_attr(self, **kwargs: str) -> None:
        """Set attributes of the node, for every symbol that it is part of."""
        if self.name is None:
            raise MXNetError("Symbol.SetAttrs only works for non-grouped symbol")
        if not all(isinstance(value, str) for value in kwargs.values()):
            raise ValueError("Set Attr only accepts string values")
        node = self._entries[0][0]
        changed = {**node.attributes, **{attr.hidden(key): value for key, value in kwargs.items()}}
        if node.applied is not None:
            for key in kwargs.keys() - node.attributes.keys():
                if not (node.applied.takes(key) or attr.is_note(attr.hidden(key))):
                    raise MXNetError(f"[{node.applied.name}] Cannot find argument '{key}'")
            node.applied = node.applied.again(changed)
        node.attributes = changed

    # Composing and copying

    def __call__(self, *args: Any, **kwargs: Any) -> Symbol:
        """A copy in which variables are replaced by the symbols given by their names; ``name`` renames its node.

        >>> from lazynd import sym
        >>> net = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc")
        >>> net(data=sym.relu(sym.var("x"))).list_arguments()
        ['x', 'fc_weight', 'fc_bias']
        """
        made = self.__copy__()
        made._compose(*args, **kwargs)
        return made

    def _compose(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        if any(not is_symbol(each) for each in (*args, *kwargs.values())):
            raise TypeError("Compose expect `Symbol` as arguments")
        if args and kwargs:
            raise TypeError("compose only accept input Symbols either as positional or keyword arguments, not both")
        if args:
            raise MXNetError("General composition only support kwargs for now: give symbols by the variables' names")
        names = self.list_inputs()
        for key in kwargs:
            if key not in names:
                raise MXNetError(not_found("Symbol.Compose", key, names))
        substitute(self._entries, {key: single(value, key) for key, value in kwargs.items()})
        if name:
            self._entries[0][0].name = name

    def __copy__(self) -> Symbol:
        return Symbol(copied(self._entries))

    def __deepcopy__(self, memo: Any) -> Symbol:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        nodes = self._nodes
        number = {node: i for i, node in enumerate(nodes)}
        listed = [(n.name, n.attributes, n.applied, [(number[m], k) for m, k in n.inputs]) for n in nodes]
        return _restored, (listed, [(number[node], k) for node, k in self._entries])

    # Values

    def eval(self, ctx: Context | None = None, **kwargs: NDArray) -> list[NDArray]:
        """The outputs for arrays given by the variables' names, predicting and not recorded.

        ``ctx``: where arrays are made, the current context by default. ``ValueError`` for a missing array.

        >>> from lazynd import nd, sym
        >>> (sym.var("a") + sym.var("b")).eval(a=nd.ones((2,)), b=nd.ones((2,)))[0].asnumpy()
        array([2., 2.], dtype=float32)
        """
        frame = calling_frame()
        with autograd.pause(train_mode=False):
            if ctx is None:
                return run(self._entries, kwargs, frame)
            with ctx:
                return run(self._entries, {key: _on(value, ctx) for key, value in kwargs.items()}, frame)

    def gradient(self, wrt: Sequence[str]) -> Symbol:
        """Not implemented, in MXNet neither: record the arrays and use ``autograd``.

        >>> from lazynd import sym
        >>> sym.var("x").gradient(["x"])
        Traceback (most recent call last):
        ...
        lazynd.ir.errors.MXNetError: [gradient] not implemented: use autograd on arrays
          called with Symbol <Symbol x>, list ['x']
          at <doctest lazynd.sym.symbol.Symbol.gradient[1]>:1: sym.var("x").gradient(["x"])
        """
        raise refusal(MXNetError, "gradient", "not implemented: use autograd on arrays", (self, wrt))


def _on(value: Any, ctx: Context) -> Any:
    return value.as_in_context(ctx) if isinstance(value, NDArray) else value


def _restored(listed: Sequence[tuple[str, dict[str, str], Applied | None, list[tuple[int, int]]]], outputs: Any) -> Any:
    """The symbol that was pickled."""
    nodes: list[Node] = []
    for name, attributes, applied, inputs in listed:
        nodes.append(Node(name, attributes, applied, [(nodes[i], k) for i, k in inputs]))
    return Symbol([(nodes[i], k) for i, k in outputs])


def Group(symbols: Iterable[Symbol], create_fn: type[Symbol] = Symbol) -> Symbol:
    """One symbol with the outputs of all ``symbols``; ``TypeError`` if they are none.

    >>> from lazynd import sym
    >>> x = sym.var("x")
    >>> sym.Group([x, sym.exp(x, name="e")]).list_outputs()
    ['x', 'e_output']
    """
    listed: list[Any] = [symbols] if is_symbol(symbols) else list(symbols or ())
    if not listed or any(not is_symbol(each) for each in listed):
        raise TypeError("Expected a list of symbols as input")
    return create_fn([entry for each in listed for entry in each._entries])
