"""Variables, and symbols of nothing: zeros, ranges and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import attributes
from .compose import call, scope
from .infer import number_of
from .node import Node
from .symbol import Symbol

__all__ = ["Variable", "arange", "eye", "full", "histogram", "linspace", "ones", "split_v2", "var", "zeros"]

#: MXNet's numbers of kinds of storage.
_STORAGE = {"default": 0, "row_sparse": 1, "csr": 2}


def var(
    name: str,
    attr: Mapping[str, str] | None = None,
    shape: Sequence[int] | None = None,
    lr_mult: float | None = None,
    wd_mult: float | None = None,
    dtype: Any = None,
    init: Any = None,
    stype: str | None = None,
    **kwargs: Any,
) -> Symbol:
    """A variable: what a symbol takes, by name.

    ``shape`` (0 for an extent that is open) and ``dtype`` are what inference starts from. ``lr_mult``, ``wd_mult`` and
    ``init``, an initializer or its name, are noted as attributes, as are those of ``attr`` (text), of the ``AttrScope``
    around it, and further keywords, which begin and end with two underscores (else ``ValueError``). ``stype``:
    "default", "row_sparse" or "csr".

    >>> from lazynd import sym
    >>> sym.var("weight", shape=(10, 0), lr_mult=2).attr_dict()
    {'weight': {'__shape__': '(10, 0)', '__lr_mult__': '2', 'lr_mult': '2'}}
    """
    if not isinstance(name, str):
        raise TypeError("Expect a string for variable `name`")
    noted = _notes(shape, lr_mult, wd_mult, dtype, init, stype)
    for key, value in kwargs.items():
        if not (key.startswith("__") and key.endswith("__")):
            raise ValueError(
                f"Attribute name={key} is not supported. Additional attributes must start and end with double "
                "underscores, e.g, __yourattr__"
            )
        noted[key] = value
    return Symbol([(Node(name, _attributes(attr, noted)), 0)])


Variable = var


def _notes(shape: Any, lr_mult: Any, wd_mult: Any, dtype: Any, init: Any, stype: str | None) -> dict[str, Any]:
    """What is said of a variable, by the names of the attributes."""
    return {
        "__shape__": shape,
        "__lr_mult__": lr_mult,
        "__wd_mult__": wd_mult,
        "__dtype__": None if dtype is None else number_of(dtype),
        "__init__": init if init is None or isinstance(init, str) else init.dumps(),
        "__storage_type__": None if stype is None else _STORAGE[stype],
    }


def _attributes(given: Mapping[str, str] | None, noted: Mapping[str, Any]) -> dict[str, str]:
    made = {attributes.hidden(key): value for key, value in scope().get(given).items()}
    if not all(isinstance(value, str) for value in made.values()):
        raise ValueError("Set Attr only accepts string values")
    return {**made, **{key: attributes.text(value) for key, value in noted.items() if value is not None}}


def _of_nothing(operator: str, kwargs: Mapping[str, Any], **parameters: Any) -> Symbol:
    return Symbol(call(operator, **parameters, **kwargs))


def zeros(shape: int | Sequence[int], dtype: Any = None, **kwargs: Any) -> Symbol:
    """Zeros of ``shape``, float32 by default. ``name``, ``ctx`` and ``attr`` are keywords of this and the like.

    >>> from lazynd import sym
    >>> sym.zeros((2, 3)).infer_shape()[1]
    [(2, 3)]
    """
    return _of_nothing("_zeros", kwargs, shape=shape, dtype=dtype or "float32")


def ones(shape: int | Sequence[int], dtype: Any = None, **kwargs: Any) -> Symbol:
    """Ones of ``shape``, float32 by default.

    >>> from lazynd import sym
    >>> sym.ones((2,)).eval()[0].asnumpy()
    array([1., 1.], dtype=float32)
    """
    return _of_nothing("_ones", kwargs, shape=shape, dtype=dtype or "float32")


def full(shape: int | Sequence[int], val: float, dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array of ``shape`` filled with the number ``val``, float32 by default.

    >>> from lazynd import sym
    >>> sym.full((2,), 7).eval()[0].asnumpy()
    array([7., 7.], dtype=float32)
    """
    return _of_nothing("_full", kwargs, shape=shape, dtype=dtype or "float32", value=float(val))


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    name: str | None = None,
    dtype: Any = None,
) -> Symbol:
    """Numbers from ``start`` (0 if only one is given) up to ``stop``, ``step`` apart, each ``repeat`` times.

    >>> from lazynd import sym
    >>> sym.arange(1, 7, 2).eval()[0].asnumpy()
    array([1., 3., 5.], dtype=float32)
    """
    return _of_nothing(
        "_arange", {}, start=start, stop=stop, step=step, repeat=repeat, infer_range=infer_range, name=name,
        dtype=dtype or "float32",
    )  # fmt: skip


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None, dtype: Any = None
) -> Symbol:
    """``num`` numbers evenly spaced from ``start`` to ``stop`` (the last if ``endpoint``), float32 by default.

    >>> from lazynd import sym
    >>> sym.linspace(0, 1, 3).eval()[0].asnumpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    given = {"start": start, "stop": stop, "num": num, "endpoint": endpoint, "dtype": dtype or "float32"}
    return _of_nothing("_linspace", {"name": name}, **given)


def eye(N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Ones on the ``k``-th diagonal of an ``N`` by ``M`` matrix (square if ``M`` is 0), float32 by default.

    >>> from lazynd import sym
    >>> sym.eye(2).eval()[0].asnumpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return _of_nothing("_eye", kwargs, N=N, M=M, k=k, dtype=dtype or "float32")


def histogram(a: Symbol, bins: int | Symbol = 10, range: tuple[float, float] | None = None, **kwargs: Any) -> Symbol:
    """Counts and edges of ``bins`` equal bins over ``range``, or of the bins between edges that a symbol gives.

    >>> from lazynd import sym
    >>> sym.histogram(sym.var("x"), 5, (0, 1), name="h").list_outputs()
    ['h_output0', 'h_output1']
    """
    if isinstance(bins, Symbol):
        return Symbol(call("_histogram_edges", a, bins, hint="_histogram", **kwargs))
    if range is None:
        raise ValueError("null range is not supported in symbol mode")
    return Symbol(call("_histogram", a, bin_cnt=bins, low=range[0], high=range[1], **kwargs))


def split_v2(
    ary: Symbol, indices_or_sections: int | tuple[int, ...], axis: int = 0, squeeze_axis: bool = False
) -> Symbol:
    """Parts along ``axis``: so many equal ones, or those between the given positions.

    >>> from lazynd import sym
    >>> len(sym.split_v2(sym.var("x"), (1, 4)))
    3
    """
    made: Symbol = ary.split_v2(indices_or_sections, axis, squeeze_axis)
    return made
