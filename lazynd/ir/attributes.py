"""Attributes as keys and as text: what distinguishes ``1``, ``True``, ``1.0``, ``0.0``, ``-0.0`` and ``nan``."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np

from .types import Context, is_floating, named_dtype

Array = np.ndarray[Any, Any]


def attribute_key(value: Any) -> Hashable:
    """A hashable stand-in that is equal for two attributes only if Python type and exact bits are."""
    kind = value.__class__
    if kind is int or kind is bool or kind is str or value is None:
        return (kind, value)
    if kind is float:
        return (float, value.hex() if value == value else np.float64(value).tobytes())
    if kind is tuple:
        return (tuple, *map(attribute_key, value))
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.name, value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return (kind, value.tobytes())
    return (kind, getattr(value, "structure", value))  # a graph is what it computes


def print_attribute(value: Any, graph_names: Mapping[Hashable, str] | None = None) -> str:
    """``value`` as text that ``parse_attribute`` reads back exactly.

    Raises ``TypeError`` for a value that no operator has as a canonical attribute.

    >>> print(print_attribute((2, -0.0, None)), print_attribute(np.dtype("int8")), print_attribute(np.ones(2)))
    (2, -0.0, None) dtype:int8 float64[2](1.0, 1.0)

    A graph is printed as the name that ``graph_names`` has for its structure: ``@body``.
    """
    kind = value.__class__
    structure = getattr(value, "structure", None)
    if graph_names is not None and structure in graph_names:
        return f"@{graph_names[structure]}"
    if value is None or kind is bool or kind is int or kind is str:
        return repr(value)
    if kind is float:
        return _float_text(np.asarray(value))
    if kind is tuple:
        return f"({', '.join(map(print_attribute, value))}{',' * (len(value) == 1)})"
    if isinstance(value, np.dtype):
        return f"dtype:{value.name}"
    if isinstance(value, Context):
        return repr(value)
    if isinstance(value, np.ndarray):
        elements = ", ".join(map(_element_text, value.reshape(-1)))
        return f"{value.dtype.name}[{','.join(map(str, value.shape))}]({elements})"
    raise TypeError(f"an attribute of type {kind.__name__} has no text form: {value!r}")


def _element_text(element: Any) -> str:
    return _float_text(np.asarray(element)) if is_floating(element.dtype) else repr(element.item())


def _float_text(value: Array) -> str:
    """The shortest decimal that gives these bits in this dtype; a NaN with a payload of its own as its bits."""
    if value == value:
        return repr(float(str(value)) if value.dtype.itemsize < 8 else float(value))
    standard = np.asarray(np.nan, value.dtype)
    return "nan" if value.tobytes() == standard.tobytes() else f"nan:{value.tobytes().hex()}"


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<array>\w+\[[\d,]*\])|dtype:(?P<dtype>\w+)|(?P<context>(?:cpu|gpu|cpu_pinned|cpu_shared)\(\d+\))"
    r"|@(?P<graph>[^\s,(){}]+)"
    r"|nan:(?P<bits>[0-9a-f]+)|(?P<word>[-+.\w]+)|(?P<mark>[(),]))"
)


_NAME: Final = re.compile(r"\s*,?\s*(\w+)=")


def parse_attribute(text: str) -> Any:
    """The value that ``print_attribute`` printed as ``text``; ``ValueError`` if it is none.

    >>> parse_attribute("(2, -0.0, None)")
    (2, -0.0, None)
    """
    reader = _Reader(text)
    value = reader.value()
    reader.end()
    return value


def parse_attributes(text: str, graphs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``name=value`` pairs with commas between; ``@name`` is the graph that ``graphs`` has under that name.

    >>> parse_attributes("axis=-1, shape=(2, 3)")
    {'axis': -1, 'shape': (2, 3)}
    """
    reader = _Reader(text, graphs)
    found: dict[str, Any] = {}
    while text[reader.at :].strip():
        name = _NAME.match(text, reader.at)
        if name is None:
            raise ValueError(f"expected NAME=VALUE, got {text[reader.at :]!r}")
        reader.at = name.end()
        found[name[1]] = reader.value()
    return found


class _Reader:
    """Reads values one token after another; nested tuples are as deep as attributes are: two or three."""

    def __init__(self, text: str, graphs: Mapping[str, Any] | None = None) -> None:
        self.text = text
        self.graphs = graphs or {}
        self.at = 0

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            raise ValueError(f"cannot read {self.text[self.at :]!r} as an attribute")
        self.at = found.end()
        return found

    def end(self) -> None:
        if self.text[self.at :].strip():
            raise ValueError(f"unexpected {self.text[self.at :]!r} after an attribute")

    def value(self, dtype: np.dtype[Any] | None = None) -> Any:
        token = self._next()
        kind = token.lastgroup
        if kind == "string":
            return ast.literal_eval(token["string"])
        if kind == "dtype":
            return _dtype(token["dtype"])
        if kind == "context":
            name, _, number = token["context"].rstrip(")").partition("(")
            return Context(name, int(number))
        if kind == "graph":
            if token["graph"] not in self.graphs:
                raise ValueError(f"there is no graph {token['graph']!r} before its use")
            return self.graphs[token["graph"]]
        if kind == "bits":
            raw = bytes.fromhex(token["bits"])
            return np.frombuffer(raw, dtype)[0] if dtype is not None else np.frombuffer(raw)[0].item()
        if kind == "array":
            return self._array(token["array"])
        if kind == "word":
            return _word(token["word"], dtype)
        if token["mark"] != "(":
            raise ValueError(f"unexpected {token['mark']!r} in {self.text!r}")
        return tuple(self._elements(None))

    def _elements(self, dtype: np.dtype[Any] | None) -> list[Any]:
        """What stands between parentheses, the first of which has been read."""
        found: list[Any] = []
        while not self._closes():
            found.append(self.value(dtype))
            if self._closes():
                break
            if self._next()["mark"] != ",":
                raise ValueError(f"expected ',' or ')' in {self.text!r}")
        return found

    def _closes(self) -> bool:
        token = _TOKEN.match(self.text, self.at)
        if token is None:
            raise ValueError(f"{self.text!r} is not closed")
        if token["mark"] == ")":
            self.at = token.end()
            return True
        return False

    def _array(self, head: str) -> Array:
        name, _, extents = head.rstrip("]").partition("[")
        dtype = _dtype(name)
        shape = tuple(int(n) for n in extents.split(",") if n)
        if self._next()["mark"] != "(":
            raise ValueError(f"expected the elements of {head}")
        elements = np.array(self._elements(dtype), dtype=dtype)
        return elements.reshape(shape)


def _word(text: str, dtype: np.dtype[Any] | None) -> Any:
    if text in ("None", "True", "False"):
        return ast.literal_eval(text)
    try:
        value = int(text) if dtype is None or not is_floating(dtype) else float(text)
    except ValueError:
        value = float(text)
    # An element becomes its dtype at once: through an array of float64 a uint64 would lose bits.
    return value if dtype is None else dtype.type(value)


def _dtype(name: str) -> np.dtype[Any]:
    found = named_dtype(name)
    if found is None:
        raise ValueError(f"there is no dtype {name!r}")
    return found
