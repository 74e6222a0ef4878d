"""What is asked of symbols, here and in MXNet, and answers as text."""

from __future__ import annotations

import json
import pathlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

FILE = pathlib.Path(__file__).parents[1] / "data" / "symbols_golden.json"


def told(value: Any) -> Any:
    """An answer as text: what JSON holds, the same from both."""
    if isinstance(value, Mapping):
        return {str(key): told(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [told(each) for each in value]
    if isinstance(value, tuple):
        return {"tuple": [told(each) for each in value]}
    if isinstance(value, type):
        return np.dtype(value).name
    if hasattr(value, "asnumpy") and type(value).__name__ == "NDArray":
        return {"array": value.asnumpy().tolist()}
    if isinstance(value, bool | int | float | str | None):
        return value
    return repr(value)


def answer(question: Callable[[], Any]) -> Any:
    """What ``question`` gives, the first line of each warning with it; or the class of the error."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            made = told(question())
        except Exception as error:
            made = {"error": type(error).__name__}
    texts = [str(each.message) for each in given if each.category is UserWarning]
    return {"value": made, "warnings": texts} if texts else made


def filter_none(value: Any) -> list[Any]:
    return [] if value is None else [value]


def questions(symbol: Any, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What every symbol is asked."""
    yield "repr", lambda: symbol
    yield "name", lambda: symbol.name
    yield "length", lambda: len(symbol)
    yield "arguments", symbol.list_arguments
    yield "states", symbol.list_auxiliary_states
    yield "inputs", symbol.list_inputs
    yield "outputs", symbol.list_outputs
    yield "each output", lambda: [(each.name, each.list_outputs()) for each in symbol]
    yield "internals", lambda: symbol.get_internals().list_outputs()
    yield "children", lambda: [each.list_outputs() for each in filter_none(symbol.get_children())]
    yield "attributes", symbol.attr_dict
    yield "of the first", lambda: symbol[0].list_attr()
    yield "in detail", lambda: sorted(symbol.debug_str().splitlines())
    yield "nothing known", lambda: symbol.infer_shape_partial()
    yield "all known", lambda: symbol.infer_shape(**shapes)
    yield "as far as it goes", lambda: symbol.infer_shape_partial(**shapes)
    yield "internal shapes", lambda: symbol.get_internals().infer_shape_partial(**shapes)
    open_ = {name: (0, *shape[1:]) for name, shape in shapes.items()}
    yield "batch open", lambda: symbol.infer_shape_partial(**open_)
    yield "nothing typed", lambda: symbol.infer_type_partial()
    for dtype in ("float32", "float64", "float16"):
        yield f"all {dtype}", lambda dtype=dtype: symbol.infer_type(**dict.fromkeys(shapes, dtype))  # type: ignore[misc]


def saved() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
