"""Normalisation by statistics of the data. They are computed in float32 at least, the variance about the mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import normalize_axis, require
from ..ir.value import results
from .kinds import Axis, Training, Wide, one_of
from .operator import numbered, op
from .partial import Shapes, beside_half
from .precision import wide
from .reduce import one, resolve_axes
from .unary import relu

Results = tuple[Value, ...]


def _normal(rng: Any, *shape: int) -> Any:
    return rng.normal(1, 2, shape).astype("float32")


@op(
    samples=lambda r: [
        ((_normal(r, 2, 3, 4),), {"axes": (0, 2)}),
        ((_normal(r, 2, 3),), {"axes": 1, "keepdims": True}),
    ],
    method=False,
    outputs=numbered(2),
)
def moments(data: Value, *, axes: Axis | None = None, keepdims: bool = False) -> Results:
    """The mean and the variance (with the count as divisor) along ``axes``, of everything by default."""
    where = resolve_axes(axes, data.ndim, False, data.shape)
    x = wide(data)
    mean = ir.mean(x, where, keepdims=True)
    variance = ir.mean(ir.square(x - mean), where, keepdims=True)
    kept = [ir.convert(v, data.dtype) for v in (mean, variance)]
    return tuple(kept if keepdims else [one(ir.squeeze(v, where)) for v in kept])


@moments.gradient
def _moments_gradient(g: Any, y: Any, data: Value, *, axes: Any, keepdims: bool) -> Value:
    """The deviations sum to 0, so the mean adds nothing to the gradient of the variance."""
    where = resolve_axes(axes, data.ndim, False, data.shape)
    shape = [1 if i in where else n for i, n in enumerate(data.shape)]
    count = math.prod(data.shape[i] for i in where)
    of_mean, of_variance = ((ir.reshape(wide(v), shape) if v is not None else 0) for v in g)
    deviation = wide(data) - wide(ir.reshape(y[0], shape))
    return ir.convert((of_mean + 2 * of_variance * deviation) / count, data.dtype)


def _along(x: Value, like: Value, axis: int) -> Value:
    """One number for each index of ``axis``, shaped to broadcast with ``like``."""
    return ir.reshape(wide(x), [like.shape[axis] if i == axis else 1 for i in range(like.ndim)])


def _check(data: Value, count: int, dtype: np.dtype[Any], **parameters: Value) -> None:
    for name, each in parameters.items():
        fits = each.shape == (count,) and each.dtype == dtype
        require(fits, f"{name} must be {dtype}[{count}] for {data.type}, got {each.type}")


def _batch_samples(rng: Any) -> list[Any]:
    x, c = _normal(rng, 2, 3, 4), [rng.uniform(0.5, 1.5, 3).astype("float32") for _ in range(4)]
    modes: list[dict[str, Any]] = [
        {"training": True, "fix_gamma": False},
        {"training": True, "output_mean_var": True},
        {"fix_gamma": False},
        {"training": True, "use_global_stats": True, "eps": 0.1},
    ]
    return [((x, *c), m) for m in modes]


def _channel_shapes(known: Shapes, *, axis: int = 1, output_mean_var: bool, **_: Any) -> None:
    """Parameters and statistics, also those that are shown, of one number for each index of ``axis``."""
    data = known["data"]
    known.learn_output(data)
    if data is None:
        return
    channels = (data[normalize_axis(axis, len(data))],)
    for name in known.names[1:]:
        known.learn(name, channels)
    for number in (1, 2) if output_mean_var else ():
        known.learn_output(channels, number)


def _line_shapes(known: Shapes, *, axis: int, output_mean_var: bool, **_: Any) -> None:
    data = known["data"]
    _channel_shapes(known, axis=axis, output_mean_var=False)
    if data is not None and output_mean_var:
        at = normalize_axis(axis, len(data))
        for number in (1, 2):
            known.learn_output((*data[:at], 1, *data[at + 1 :]), number)


def _group_shapes(known: Shapes, *, num_groups: int, output_mean_var: bool, **_: Any) -> None:
    data = known["data"]
    known.learn_output(data)
    if data is None:
        return
    for name in ("gamma", "beta"):
        known.learn(name, (num_groups,))
    for number in (1, 2) if output_mean_var else ():
        known.learn_output((data[0], num_groups), number)


def _instance_shapes(known: Shapes, **_: Any) -> None:
    _channel_shapes(known, output_mean_var=False)


#: What a batch moves; gamma is no auxiliary state in MXNet, though it is written too.
_STATISTICS = ("moving_mean", "moving_var")


def _named(*statistics: str) -> Callable[[Mapping[str, Any]], Sequence[str]]:
    """The names of the results, with those of the statistics if a call gives them."""
    return lambda attributes: ("output", *statistics) if attributes["output_mean_var"] else ("output",)


def _updated(count: int, attributes: Mapping[str, Any]) -> Sequence[int]:
    """The moving statistics, moved towards those of the batch; and gamma, which MXNet sets to 1 where it is fixed."""
    batch = attributes["training"] and not attributes["use_global_stats"]
    return (*((3, 4) if batch else ()), *((1,) if attributes["fix_gamma"] else ()))


#: What the operators have in common that normalize a batch with moving statistics.
_BATCH: Final[dict[str, Any]] = {
    "samples": _batch_samples, "method": False, "writes": _updated, "states": _STATISTICS,
    "outputs": _named("mean", "var"), "shapes": _channel_shapes, "dtypes": beside_half,
}  # fmt: skip


@op(**_BATCH)
def BatchNorm(
    data: Value,
    gamma: Value,
    beta: Value,
    moving_mean: Value,
    moving_var: Value,
    *,
    eps: Wide = 1e-3,
    momentum: Wide = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    training: Training = False,
) -> Results:
    """``(data - mean) / sqrt(variance + eps) * gamma + beta`` for each index of ``axis``; ``fix_gamma``: gamma is 1.

    While training, mean and variance are those of the batch, and ``moving_mean`` and ``moving_var`` move towards them
    by ``1 - momentum``, once a call; otherwise, and with ``use_global_stats``, the moving ones are used.
    ``output_mean_var`` gives mean and 1 / sqrt(variance + eps) too. Parameters are float32 for float16 data, else of
    its dtype. The other parameters change nothing here.
    """
    at = normalize_axis(axis, data.ndim)
    x = wide(data)
    _check(data, data.shape[at], x.dtype, gamma=gamma, beta=beta, moving_mean=moving_mean, moving_var=moving_var)
    written = []
    mean, variance = moving_mean, moving_var
    if training and not use_global_stats:
        mean, variance = moments(x, axes=tuple(i for i in range(x.ndim) if i != at))
        written = [o * momentum + n * (1 - momentum) for o, n in ((moving_mean, mean), (moving_var, variance))]
    if fix_gamma:
        gamma = ir.ones_like(gamma)
        written.append(gamma)
    inverse = 1 / ir.sqrt(variance + eps)
    y = (x - _along(mean, x, at)) * _along(inverse * gamma, x, at) + _along(beta, x, at)
    return ir.convert(y, data.dtype), *((mean, inverse) if output_mean_var else ()), *written


@op(**_BATCH)
def BatchNorm_v1(
    data: Value,
    gamma: Value,
    beta: Value,
    moving_mean: Value,
    moving_var: Value,
    *,
    eps: Wide = 1e-3,
    momentum: Wide = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    training: Training = False,
) -> Results:
    """``BatchNorm`` along axis 1 in its first version: ``output_mean_var`` gives mean and variance."""
    made = BatchNorm(
        data, gamma, beta, moving_mean, moving_var, eps=eps, momentum=momentum, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, output_mean_var=output_mean_var, training=training,
    )  # fmt: skip
    return _with_variance(results(made), eps) if output_mean_var else results(made)


def _with_variance(made: Results, eps: Value) -> Results:
    """What ``BatchNorm`` gives, with the variance in place of 1 / sqrt(variance + eps)."""
    y, mean, inverse, *written = made
    return y, mean, 1 / ir.square(inverse) - eps, *written


@op(**_BATCH, smooth=False)
def _contrib_BatchNormWithReLU(
    data: Value,
    gamma: Value,
    beta: Value,
    moving_mean: Value,
    moving_var: Value,
    *,
    eps: Wide = 1e-3,
    momentum: Wide = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    training: Training = False,
) -> Results:
    """``BatchNorm`` followed by ``relu``."""
    made = BatchNorm(
        data, gamma, beta, moving_mean, moving_var, eps=eps, momentum=momentum, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, output_mean_var=output_mean_var, axis=axis, training=training,
    )  # fmt: skip
    y, *others = results(made)
    return relu(y), *others


@op(
    samples=lambda r: [(a, {**m, "key": "a"}) for a, m in _batch_samples(r)],
    method=False,
    writes=_updated,
    states=_STATISTICS,
    outputs=_named("mean", "var"),
    shapes=_channel_shapes,
    dtypes=beside_half,
)
def _contrib_SyncBatchNorm(
    data: Value,
    gamma: Value,
    beta: Value,
    moving_mean: Value,
    moving_var: Value,
    *,
    eps: Wide = 1e-3,
    momentum: Wide = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    ndev: int = 1,
    key: str,
    training: Training = False,
) -> Results:
    """``BatchNorm`` along axis 1 over the batches of ``ndev`` devices, which must be one here.

    ``output_mean_var`` gives mean and variance.
    """
    require(ndev == 1, f"statistics over {ndev} devices are not built yet: use ndev=1")
    made = BatchNorm(
        data, gamma, beta, moving_mean, moving_var, eps=eps, momentum=momentum, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, output_mean_var=output_mean_var, training=training,
    )  # fmt: skip
    return _with_variance(results(made), eps) if output_mean_var else results(made)


def _layer_samples(rng: Any) -> list[Any]:
    x, four, two = _normal(rng, 2, 3, 4), (_normal(rng, 4), _normal(rng, 4)), (_normal(rng, 2), _normal(rng, 2))
    return [((x, *four), {}), ((x, *two), {"axis": 0, "output_mean_var": True}), ((x, *four), {"eps": 0.1})]


@op(samples=_layer_samples, method=False, shapes=_line_shapes, outputs=_named("mean", "std"))
def LayerNorm(
    data: Value, gamma: Value, beta: Value, *, axis: int = -1, eps: Wide = 1e-5, output_mean_var: bool = False
) -> Results:
    """``(data - mean) / sqrt(variance + eps) * gamma + beta``, each line along ``axis`` by its own mean and variance.

    ``gamma`` and ``beta`` have one number for each index of ``axis``. ``output_mean_var`` gives the means and
    sqrt(variance + eps) too, with an extent of 1 along ``axis``.
    """
    at = normalize_axis(axis, data.ndim)
    x = wide(data)
    _check(data, data.shape[at], data.dtype, gamma=gamma, beta=beta)
    mean, variance = moments(x, axes=(at,), keepdims=True)
    y = (x - mean) * (1 / ir.sqrt(variance + eps)) * _along(gamma, x, at) + _along(beta, x, at)
    shown = (y, mean, ir.sqrt(variance + eps)) if output_mean_var else (y,)
    return tuple(ir.convert(v, data.dtype) for v in shown)


def _group_samples(rng: Any) -> list[Any]:
    x, two, one_ = _normal(rng, 2, 4, 3), (_normal(rng, 2), _normal(rng, 2)), (_normal(rng, 1), _normal(rng, 1))
    return [((x, *two), {"num_groups": 2}), ((x, *two), {"num_groups": 2, "output_mean_var": True}), ((x, *one_), {})]


@op(samples=_group_samples, method=False, shapes=_group_shapes, outputs=_named("mean", "std"))
def GroupNorm(
    data: Value, gamma: Value, beta: Value, *, num_groups: int = 1, eps: Wide = 1e-5, output_mean_var: bool = False
) -> Results:
    """``(data - mean) / sqrt(variance + eps) * gamma + beta``, each group of channels (axis 1) of an example by itself.

    ``gamma`` and ``beta`` have one number a group. ``output_mean_var`` gives the means and sqrt(variance + eps) too,
    examples by groups.
    """
    require(data.ndim >= 3, f"GroupNorm needs three dimensions or more, got {data.type}")
    require(
        num_groups > 0 and data.shape[1] % num_groups == 0, f"{data.shape[1]} channels do not make {num_groups} groups"
    )
    _check(data, num_groups, data.dtype, gamma=gamma, beta=beta)
    x = ir.reshape(wide(data), (data.shape[0], num_groups, -1))
    mean, variance = moments(x, axes=(2,), keepdims=True)
    y = (x - mean) * (1 / ir.sqrt(variance + eps)) * _along(gamma, x, 1) + _along(beta, x, 1)
    shown = [ir.reshape(y, data.shape)]
    if output_mean_var:
        shown += [ir.squeeze(v, (2,)) for v in (mean, ir.sqrt(variance + eps))]
    return tuple(ir.convert(v, data.dtype) for v in shown)


@op(
    samples=lambda r: [((_normal(r, 2, 4, 3), _normal(r, 4), _normal(r, 4)), {})], method=False, shapes=_instance_shapes
)
def InstanceNorm(data: Value, gamma: Value, beta: Value, *, eps: Wide = 1e-3) -> Value:
    """``(data - mean) / sqrt(variance + eps) * gamma + beta``, each channel (axis 1) of an example by itself."""
    require(data.ndim >= 3, f"InstanceNorm only supports input tensors of rank >= 3, got {data.type}")
    _check(data, data.shape[1], data.dtype, gamma=gamma, beta=beta)
    x = wide(data)
    mean, variance = moments(x, axes=tuple(range(2, x.ndim)), keepdims=True)
    y = (x - mean) * (1 / ir.sqrt(variance + eps)) * _along(gamma, x, 1) + _along(beta, x, 1)
    return ir.convert(y, data.dtype)


@op(
    samples=lambda r: [((_normal(r, 2, 3, 4),), {"mode": m, "eps": 0.1}) for m in ("instance", "channel", "spatial")],
    method=False,
)
def L2Normalization(data: Value, *, eps: Wide = 1e-10, mode: str = "instance") -> Value:
    """``data / sqrt(sum of squares + eps)``, the sum being over all axes but the first.

    ``mode`` "channel" sums over axis 1, "spatial" over the axes from 2 on.
    """
    axes = {"instance": range(1, data.ndim), "channel": (1,), "spatial": range(2, data.ndim)}
    one_of(mode, *axes)
    require(data.ndim >= 3 or mode == "instance", f"At least 3 dimensions required in {mode} mode, got {data.type}")
    x = wide(data)
    squares = ir.sum(x * x, tuple(axes[mode]), keepdims=True)
    return ir.convert(x * (1 / ir.sqrt(squares + eps)), data.dtype)
