"""Evaluates a case with anything that looks like MXNet: the real one, or lazynd."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np

from .case import Array, Case

#: Registered names begin with the place where ``nd`` shows them.
PLACES = {"_contrib_": "contrib", "_image_": "image", "_linalg_": "linalg", "_sparse_": "sparse"}


def find(mx: Any, operator: str) -> Any:
    """The function of a registered operator."""
    if operator.startswith("_random_") and operator.endswith("_like"):
        return getattr(mx.nd.random, operator.removeprefix("_random_"))
    for prefix, place in PLACES.items():
        if operator.startswith(prefix):
            return getattr(getattr(mx.nd, place), operator.removeprefix(prefix))
    return getattr(mx.nd._internal if operator.startswith("_") else mx.nd, operator)


def head(shape: tuple[int, ...], dtype: Any, number: int) -> Array:
    """The gradient of output ``number``: from -1 to 1, exact in every dtype, not symmetric."""
    size = int(np.prod(shape))
    return (((np.arange(size) * 7 + number * 3) % 17 - 8) / 8.0).reshape(shape).astype(dtype)


def evaluate(mx: Any, operator: str, case: Case) -> dict[str, Any]:
    """Outputs, gradients of inputs, and inputs that the call changed; or the class of the exception.

    ``out`` and ``grad`` are lists of arrays (None where an input has no gradient), ``after`` pairs of number and array.
    ``grad`` is the class of exception where ``backward`` raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with mx.util.np_shape(True) if case.np_shape else contextlib.nullcontext():
                return _evaluate(mx, operator, case)
        except Exception as error:  # what it raises is the result
            return {"raises": type(error).__name__}


def _evaluate(mx: Any, operator: str, case: Case) -> dict[str, Any]:
    before = case.inputs(operator)
    stored = [case.stype] * len(before) if isinstance(case.stype, str) else case.stype
    inputs = [mx.nd.array(e, dtype=e.dtype).tostype(stype) for e, stype in zip(before, stored, strict=True)]
    wanted = case.grad
    if wanted is None:
        wanted = tuple(i for i, each in enumerate(before) if each.dtype.kind == "f")
    for i in wanted:
        inputs[i].attach_grad()
    function = find(mx, operator)
    attributes = dict(case.attributes)
    given = inputs[: case.passed]
    if case.out is not None:
        several = isinstance(case.out, tuple)
        attributes["out"] = [inputs[i] for i in case.out] if several else inputs[case.out]
    with mx.autograd.record(train_mode=case.train):
        made = function(given, **attributes) if case.listed else function(*given, **attributes)
    outputs = list(made) if isinstance(made, (list, tuple)) else [made]
    result: dict[str, Any] = {"out": [each.asnumpy() for each in outputs]}
    if wanted:
        result["grad"] = _gradients(mx, outputs, [inputs[i] for i in wanted])
    after = [each.asnumpy() for each in inputs]
    pairs = enumerate(zip(before, after, strict=True))
    result["after"] = [(i, now) for i, (was, now) in pairs if was.tobytes() != now.tobytes()]
    return result


def _gradients(mx: Any, outputs: list[Any], variables: list[Any]) -> list[Array] | str:
    shown = [(i, each) for i, each in enumerate(outputs) if np.dtype(each.dtype).kind == "f"]
    heads = [mx.nd.array(head(each.shape, each.dtype, i), dtype=each.dtype) for i, each in shown]
    try:
        mx.autograd.backward([each for _, each in shown], heads)
        return [each.grad.asnumpy() for each in variables]
    except Exception as error:
        return type(error).__name__
