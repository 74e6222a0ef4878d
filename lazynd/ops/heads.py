"""Heads of networks: results with the gradient of a loss, whatever the gradient that arrives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, require, require_floats
from .kinds import Training, Wide, one_of
from .operator import Operator, op
from .partial import Shapes, product
from .precision import wide


def _normal(rng: Any, *shape: int) -> Any:
    return rng.normal(0, 1, shape).astype("float32")


def _labels(rng: Any, count: int, *shape: int) -> Any:
    return rng.integers(0, count, shape).astype("float32")


def _of_one_dtype(data: Value, label: Value) -> None:
    require_floats(data.type)
    require(label.dtype == data.dtype, f"Expected '{data.dtype}' v.s. given '{label.dtype}' at 'label'")


def _lines(data: Value, multi_output: bool, preserve_shape: bool) -> tuple[int, int, int]:
    """``data`` as examples by classes by places."""
    if preserve_shape:
        return data.size // max(data.shape[-1], 1), data.shape[-1], 1
    require(data.ndim >= 2, f"data needs two dimensions or more, got {data.type}")
    if multi_output:
        return data.shape[0], data.shape[1], math.prod(data.shape[2:])
    return data.shape[0], math.prod(data.shape[1:]), 1


def _softmax_samples(rng: Any) -> list[Any]:
    rows = (_normal(rng, 3, 4), _labels(rng, 4, 3))
    options: list[dict[str, Any]] = [
        {},
        {"use_ignore": True, "ignore_label": 1, "normalization": "valid"},
        {"smooth_alpha": 0.1, "out_grad": True, "grad_scale": 2.0},
    ]
    maps = ((_normal(rng, 2, 3, 4), _labels(rng, 3, 2, 4)), {"multi_output": True, "normalization": "batch"})
    return [*((rows, o) for o in options), maps, ((rows[0], _normal(rng, 3, 4)), {})]


def _class_shapes(known: Shapes, *, multi_output: bool = False, preserve_shape: bool = False, **_: Any) -> None:
    """One class for each softmax, unless there are probabilities."""
    data, label = known["data"], known["label"]
    known.learn_output(data)
    if data is None or len(data) < 2 or (label is not None and (multi_output or len(label) == len(data))):
        return
    rows = data[:-1] if preserve_shape else data[:1]
    known.learn("label", (data[0], product(data[2:])) if multi_output else rows)


@op(samples=_softmax_samples, method=False, smooth=False, shapes=_class_shapes)
def SoftmaxOutput(
    data: Value,
    label: Value,
    *,
    grad_scale: Wide = 1.0,
    ignore_label: Wide = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: str = "null",
    out_grad: bool = False,
    smooth_alpha: Wide = 0.0,
) -> Value:
    """``softmax`` over all axes but the first, with the gradient of its cross-entropy with ``label``.

    Over axis 1 if ``multi_output``, over the last one if ``preserve_shape``. ``label`` has one class for each softmax,
    or the shape of ``data``: probabilities. The gradient, ``grad_scale`` times softmax less label, is that of a label
    smoothed by ``smooth_alpha``, is 0 where the label is ``ignore_label`` if ``use_ignore``, and is divided by the
    number of examples (``normalization`` "batch") or of labels that are not ``ignore_label`` ("valid"). The gradient
    that arrives is ignored, but a factor if ``out_grad``.
    """
    _of_one_dtype(data, label)
    one_of(normalization, "batch", "null", "valid", parameter="normalization")
    n, classes, places = _lines(data, multi_output, preserve_shape)
    if label.shape != data.shape:
        spatial = (places,), data.shape[2:], (1, *data.shape[2:])
        allowed = [(n, *each) for each in spatial] if multi_output else [(n,), data.shape[:-1]]
        fits = label.shape in allowed and label.size == n * places
        hint = "" if multi_output or preserve_shape or data.ndim == 2 else "; see multi_output and preserve_shape"
        require(fits, f"label must be {[n, places] if multi_output else [n]} for {data.type}, got {label.type}{hint}")
    # Not [n, classes, 1]: what XLA sums up over an axis that is not the last takes ten times as long.
    x = ir.reshape(wide(data), (n, classes) if places == 1 else (n, classes, places))
    e = ir.exp(x - ir.max_unless_nan(x, 1, keepdims=True))
    return ir.reshape(ir.convert(e / ir.sum(e, 1, keepdims=True), data.dtype), data.shape)


@SoftmaxOutput.head
def _softmax_output_gradient(
    g: Value | None, y: Value, data: Value, label: Value, *, grad_scale: Value, out_grad: bool, **options: Any
) -> Value | None:
    if out_grad and g is None:
        return None
    if label.shape == data.shape:
        made = (wide(y) - wide(label)) * grad_scale
    else:
        made = _from_classes(y, label, grad_scale, **options)
    made = ir.convert(made, data.dtype)
    return made * g if out_grad else made


def _from_classes(
    y: Value,
    label: Value,
    grad_scale: Value,
    *,
    ignore_label: Value,
    multi_output: bool,
    use_ignore: bool,
    preserve_shape: bool,
    normalization: str,
    smooth_alpha: Value,
) -> Value:
    n, classes, places = _lines(y, multi_output, preserve_shape)
    label = ir.reshape(wide(label), (n, 1, places))
    hit = ir.iota((n, classes, places), 1, INT32, y.context) == ir.convert(label, INT32)
    wanted = ir.select(hit, 1 - smooth_alpha, smooth_alpha / max(classes - 1, 1))
    made = ir.reshape(wide(y), (n, classes, places)) - wanted
    ignored = label == ignore_label
    if use_ignore:
        made = ir.select(ignored, ir.zeros_like(made), made)
    scale = grad_scale
    if normalization == "valid":
        counted = ir.convert(label, INT32) != ir.convert(ignore_label, INT32)
        scale = scale / ir.maximum(ir.sum(ir.convert(counted, made.dtype)), 1)
    else:
        scale = scale / (places * (n if normalization == "batch" else 1))
    return ir.reshape(made * scale, y.shape)


def _regression_shapes(known: Shapes, **_: Any) -> None:
    """A label for each number; the body checks other shapes of as many."""
    data = known["data"]
    known.learn_output(data)
    if data is not None and known["label"] is None:
        known.learn("label", data[:1] if data[1:] == (1,) else data)


def _regression(name: str, link: Callable[[Value], Value], slope: Callable[[Value], Value], text: str) -> Operator:
    """Declare a head for regression: ``link`` of the data, with the gradient ``slope`` of the difference."""

    def function(data: Value, label: Value, *, grad_scale: Wide = 1.0) -> Value:
        _of_one_dtype(data, label)
        fits = label.size == data.size and label.shape[:1] == data.shape[:1]
        require(fits, f"label must be {list(data.shape)} for {data.type}, got {label.type}")
        return link(data)

    function.__doc__ = (
        f"{text} The gradient is times ``grad_scale`` and divided by the numbers an example has; the gradient that "
        "arrives is ignored."
    )
    samples = [((2, 3), {}), ((4, 1), {"grad_scale": 2.0})]
    made = op(
        name=name,
        samples=lambda r: [((_normal(r, *shape), _normal(r, *shape)), options) for shape, options in samples],
        method=False,
        smooth=False,
        shapes=_regression_shapes,
    )(function)

    @made.head
    def gradient(g: Value | None, y: Value, data: Value, label: Value, *, grad_scale: Value) -> Value:
        difference = slope(wide(y) - ir.reshape(wide(label), data.shape))
        return ir.convert(difference * (grad_scale / max(math.prod(data.shape[1:]), 1)), data.dtype)

    return made


def _side(difference: Value) -> Value:
    """1 if positive, else -1."""
    return ir.select(difference > 0, ir.full_like(difference, 1), ir.full_like(difference, -1))


_regression(
    "LinearRegressionOutput", lambda x: x, lambda d: d, "``data``, with the gradient of half its squared distance."
)
_regression(
    "LogisticRegressionOutput", ir.logistic, lambda d: d, "``sigmoid``, with the gradient of its cross-entropy."
)
_regression("MAERegressionOutput", lambda x: x, _side, "``data``, with the gradient of its absolute distance.")


@op(
    samples=lambda r: [((_normal(r, 3, 4), _labels(r, 4, 3)), {"use_linear": u, "margin": 0.5}) for u in (False, True)],
    method=False,
    shapes=_class_shapes,
    smooth=False,
)
def SVMOutput(
    data: Value, label: Value, *, margin: Wide = 1.0, regularization_coefficient: Wide = 1.0, use_linear: bool = False
) -> Value:
    """``data``, with the gradient of a support vector machine for each class against the others.

    The loss is ``regularization_coefficient`` times the squared (``use_linear``: the absolute) distance to the right
    side of ``margin``. ``label`` has one class for each example.
    """
    _of_one_dtype(data, label)
    n, _, _ = _lines(data, False, False)
    require(label.size == n, f"label must be [{n}] for {data.type}, got {label.type}")
    return data


@SVMOutput.head
def _svm_gradient(
    g: Value | None,
    y: Value,
    data: Value,
    label: Value,
    *,
    margin: Value,
    regularization_coefficient: Value,
    use_linear: bool,
) -> Value:
    n, classes, _ = _lines(data, False, False)
    x = ir.reshape(wide(data), (n, classes))
    wanted = ir.convert(ir.reshape(label, (n, 1)), INT32)
    hit = ir.iota((n, classes), 1, INT32, data.context) == wanted
    sign = ir.select(hit, ir.full_like(x, 1), ir.full_like(x, -1))
    short = margin - sign * x
    size = ir.full_like(x, 1) if use_linear else 2 * short
    made = ir.select(short > 0, -sign * size * regularization_coefficient, ir.zeros_like(x))
    return ir.reshape(ir.convert(made, data.dtype), data.shape)


@op(
    samples=lambda r: [
        ((_normal(r, 2, 3),), {"normalization": n, "grad_scale": 2.0}) for n in ("null", "batch", "valid")
    ],
    method=False,
    smooth=False,
)
def MakeLoss(data: Value, *, grad_scale: Wide = 1.0, valid_thresh: Wide = 0.0, normalization: str = "null") -> Value:
    """``data`` as a loss: its gradient is ``grad_scale``, whatever the gradient that arrives.

    Divided by the number of lines along the last axis (``normalization`` "batch") or of elements above
    ``valid_thresh`` ("valid").
    """
    one_of(normalization, "batch", "null", "valid", parameter="normalization")
    require_floats(data.type)
    return data


@MakeLoss.head
def _make_loss_gradient(
    g: Value | None, y: Value, data: Value, *, grad_scale: Value, valid_thresh: Value, normalization: str
) -> Value:
    x = wide(data)
    if normalization == "valid":
        grad_scale = grad_scale / ir.maximum(ir.sum(ir.convert(x > valid_thresh, x.dtype)), 1)
    elif normalization == "batch":
        grad_scale = grad_scale / math.prod(data.shape[:-1])
    return ir.broadcast_to(ir.convert(grad_scale, data.dtype), data.shape)


def _average_shapes(known: Shapes, **_: Any) -> None:
    data = known["data"]
    known.learn_output(data)
    if data is not None:
        known.learn("moving_avg", (product(data[1:]),))


def _average(count: int, attributes: Mapping[str, Any]) -> tuple[int, ...]:
    return (1,) if attributes["training"] else ()


@op(
    samples=lambda r: [
        ((r.uniform(0.2, 0.8, (4, 3)).astype("float32"), np.full(3, 0.4, "float32")), {"penalty": 0.1, "training": t})
        for t in (True, False)
    ],
    method=False,
    smooth=False,
    writes=_average,
    states=("moving_avg",),
    shapes=_average_shapes,
)
def IdentityAttachKLSparseReg(
    data: Value,
    moving_avg: Value,
    *,
    sparseness_target: Wide = 0.1,
    penalty: Wide = 0.001,
    momentum: Wide = 0.9,
    training: Training = False,
) -> tuple[Value, ...]:
    """``data``, activations in (0, 1), whose gradient also draws their averages to ``sparseness_target``.

    The averages of the columns over the batch move ``moving_avg`` by ``1 - momentum``, once a call while training.
    ``penalty`` times the gradient of the Kullback-Leibler divergence is added to the gradient that arrives.
    """
    columns = math.prod(data.shape[1:])
    require(data.ndim >= 2, f"data needs two dimensions or more, got {data.type}")
    fits = moving_avg.shape == (columns,) and moving_avg.dtype == data.dtype
    require(fits, f"moving_avg must be {data.dtype}[{columns}] for {data.type}, got {moving_avg.type}")
    return (data, _moved(data, moving_avg, momentum)) if training else (data,)


def _moved(data: Value, moving_avg: Value, momentum: Value) -> Value:
    mean = ir.mean(ir.reshape(wide(data), (data.shape[0], -1)), 0)
    return ir.convert(wide(moving_avg) * momentum + mean * (1 - momentum), data.dtype)


@IdentityAttachKLSparseReg.head
def _sparse_gradient(
    g: Any,
    y: Any,
    data: Value,
    moving_avg: Value,
    *,
    sparseness_target: Value,
    penalty: Value,
    momentum: Value,
    training: bool,
) -> Value | None:
    arrived = g[0] if training else g
    if arrived is None:
        return None
    average = wide(y[1] if training else _moved(data, moving_avg, momentum))
    pull = penalty * ((1 - sparseness_target) / (1 - average) - sparseness_target / average)
    added = ir.reshape(pull, (1, *data.shape[1:]))
    return ir.convert(wide(arrived) + added, data.dtype)
