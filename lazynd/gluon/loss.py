"""Losses: how far predictions are from what they should be, a number for each example."""

from __future__ import annotations

import math
import numbers
from typing import Any

from ..nd import NDArray
from ..reference import fronts
from .block import HybridBlock

__all__ = [
    "CTCLoss", "CosineEmbeddingLoss", "HingeLoss", "HuberLoss", "KLDivLoss", "L1Loss", "L2Loss", "LogisticLoss", "Loss",
    "PoissonNLLLoss", "SDMLLoss", "SigmoidBCELoss", "SigmoidBinaryCrossEntropyLoss", "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss", "SquaredHingeLoss", "TripletLoss",
]  # fmt: skip


class Loss(HybridBlock):
    """The base of losses. ``weight``: a factor for all examples, none by default; ``batch_axis``: that of examples.

    Most take ``sample_weight`` as last argument, which the losses of examples are multiplied with, broadcast: zeros
    leave examples out.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> class Cubic(loss.Loss):
    ...     def hybrid_forward(self, F, pred, label, sample_weight=None):
    ...         return self._mean(F, self._weighted(F, F.abs(pred - label) ** 3, sample_weight))
    >>> Cubic(None, 0)(nd.array([[1, 2]]), nd.array([[0, 4]])).asnumpy()
    array([4.5], dtype=float32)
    """

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def _shaped(self, F: Any, data: Any, like: Any) -> Any:
        """``data`` with the shape of ``like``. Of other sizes ``reshape`` says what is wrong, if not hybridized."""
        if isinstance(data, NDArray) and not self._active and data.size != like.size:
            return data.reshape(like.shape)
        return F.reshape_like(data, like)

    def _weighted(self, F: Any, loss: Any, sample_weight: Any = None, factor: float = 1) -> Any:
        """``loss`` times the weights of examples, the weight of all and ``factor``."""
        if sample_weight is not None:
            loss = F.broadcast_mul(loss, sample_weight)
        weight = self._weight
        if weight is not None:
            if not isinstance(weight, numbers.Number):
                raise AssertionError("weight must be a number")
            loss = loss * (weight * factor)
        return loss

    def _mean(self, F: Any, loss: Any) -> Any:
        """The mean of each example."""
        return F.mean(loss, axis=self._batch_axis, exclude=True)


def _softplus_of_negative(F: Any, x: Any) -> Any:
    """``log(1 + exp(-|x|))``, which does not overflow."""
    return F.Activation(-F.abs(x), act_type="softrelu")


class L2Loss(Loss):
    """Half the mean of ``(pred - label)^2`` of each example, times ``weight``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.L2Loss()(nd.array([[1, 2], [3, 4]]), nd.array([[0, 0], [3, 4]])).asnumpy()
    array([1.25, 0.  ], dtype=float32)
    """

    def __init__(self, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        squares = F.square(self._shaped(F, label, pred) - pred)
        return self._mean(F, self._weighted(F, squares, sample_weight, 0.5))


class L1Loss(Loss):
    """The mean of ``|pred - label|`` of each example.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.L1Loss()(nd.array([[1, 2], [3, 4]]), nd.array([[0, 0], [3, 4]])).asnumpy()
    array([1.5, 0. ], dtype=float32)
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._mean(F, self._weighted(F, F.abs(self._shaped(F, label, pred) - pred), sample_weight))


class SigmoidBinaryCrossEntropyLoss(Loss):
    """The mean of the cross-entropy of probabilities with labels in [0, 1]; ``pred`` is before the sigmoid.

    ``from_sigmoid``: it is after. ``pos_weight``, the last argument of calls: a factor for positive labels.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.SigmoidBinaryCrossEntropyLoss()(nd.array([[0, 100]]), nd.array([[1, 1]])).asnumpy().round(4)
    array([0.3466], dtype=float32)
    """

    def __init__(
        self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None, pos_weight: Any = None) -> Any:
        label = self._shaped(F, label, pred)
        if self._from_sigmoid:
            least = 1e-12
            positive = F.log(pred + least) * label
            if pos_weight is not None:
                positive = F.broadcast_mul(positive, pos_weight)
            loss = -(positive + F.log(1.0 - pred + least) * (1.0 - label))
        elif pos_weight is None:
            loss = F.relu(pred) - pred * label + _softplus_of_negative(F, pred)
        else:
            factor = 1 + F.broadcast_mul(pos_weight - 1, label)
            loss = pred - pred * label + factor * (_softplus_of_negative(F, pred) + F.relu(-pred))
        return self._mean(F, self._weighted(F, loss, sample_weight))


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class SoftmaxCrossEntropyLoss(Loss):
    """The cross-entropy of the softmax of ``pred`` along ``axis`` with labels.

    ``sparse_label``: labels are whole numbers, the classes; otherwise probabilities, of the shape of ``pred``.
    ``from_logits``: ``pred`` holds logarithms of probabilities.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.SoftmaxCrossEntropyLoss()(nd.array([[0, 0], [0, 1]]), nd.array([1, 1])).asnumpy().round(4)
    array([0.6931, 0.3133], dtype=float32)
    """

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        if not self._from_logits:
            pred = F.log_softmax(pred, self._axis)
        if self._sparse_label:
            loss = -F.pick(pred, label, axis=self._axis, keepdims=True)
        else:
            loss = -F.sum(pred * self._shaped(F, label, pred), axis=self._axis, keepdims=True)
        return self._mean(F, self._weighted(F, loss, sample_weight))


SoftmaxCELoss = SoftmaxCrossEntropyLoss


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of labels, probabilities, from ``pred``, of each example.

    ``from_logits``: ``pred`` holds logarithms of probabilities; otherwise they are its log-softmax along ``axis``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.KLDivLoss(from_logits=False)(nd.array([[0, 0]]), nd.array([[0.5, 0.5]])).asnumpy().round(3)
    array([0.], dtype=float32)
    """

    def __init__(
        self, from_logits: bool = True, axis: int = -1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        if not self._from_logits:
            pred = F.log_softmax(pred, self._axis)
        loss = self._weighted(F, label * (F.log(label + 1e-12) - pred), sample_weight)
        return F.sum(loss, axis=self._batch_axis, exclude=True)


class CTCLoss(Loss):
    """Connectionist temporal classification: label sequences shorter than the predictions (Graves and others, 2006).

    ``layout``: of ``pred``, "NTC" or "TNC"; the last class is the blank. ``label_layout``: "NT" or "TN", -1 after the
    end. Calls take ``pred, label, pred_lengths=None, label_lengths=None, sample_weight=None``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.CTCLoss()(nd.zeros((1, 2, 3)), nd.array([[0, -1]])).asnumpy().round(4)
    array([1.0986], dtype=float32)
    """

    def __init__(
        self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any
    ) -> None:
        if layout not in ("NTC", "TNC"):
            raise AssertionError(f"Only 'NTC' and 'TNC' layouts for pred are supported, got: {layout}")
        if label_layout not in ("NT", "TN"):
            raise AssertionError(f"Only 'NT' and 'TN' layouts for label are supported, got: {label_layout}")
        self._layout = layout
        self._label_layout = label_layout
        super().__init__(weight, label_layout.find("N"), **kwargs)

    def hybrid_forward(
        self,
        F: Any,
        pred: Any,
        label: Any,
        pred_lengths: Any = None,
        label_lengths: Any = None,
        sample_weight: Any = None,
    ) -> Any:
        if self._layout == "NTC":
            pred = F.swapaxes(pred, 0, 1)
        if self._batch_axis == 1:
            label = F.swapaxes(label, 0, 1)
        loss = F.CTCLoss(
            pred,
            label,
            pred_lengths,
            label_lengths,
            use_data_lengths=pred_lengths is not None,
            use_label_lengths=label_lengths is not None,
            blank_label="last",
        )
        return self._weighted(F, loss, sample_weight)


class HuberLoss(Loss):
    """The mean of ``|pred - label| - rho / 2`` where that is over ``rho``, else ``(pred - label)^2 / (2 * rho)``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.HuberLoss()(nd.array([[1], [3]]), nd.array([[0], [0]])).asnumpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        far = F.abs(self._shaped(F, label, pred) - pred)
        loss = F.where(far > self._rho, far - 0.5 * self._rho, (0.5 / self._rho) * F.square(far))
        return self._mean(F, self._weighted(F, loss, sample_weight))


class HingeLoss(Loss):
    """The mean of ``max(0, margin - pred * label)``, labels being -1 or 1.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.HingeLoss()(nd.array([[0.5], [2]]), nd.array([[-1], [1]])).asnumpy()
    array([1.5, 0. ], dtype=float32)
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def _below_margin(self, F: Any, pred: Any, label: Any) -> Any:
        return F.relu(self._margin - pred * self._shaped(F, label, pred))

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._mean(F, self._weighted(F, self._below_margin(F, pred, label), sample_weight))


class SquaredHingeLoss(HingeLoss):
    """The mean of ``max(0, margin - pred * label)^2``, labels being -1 or 1.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.SquaredHingeLoss()(nd.array([[0.5], [2]]), nd.array([[-1], [1]])).asnumpy()
    array([2.25, 0.  ], dtype=float32)
    """

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._mean(F, self._weighted(F, F.square(self._below_margin(F, pred, label)), sample_weight))


class LogisticLoss(Loss):
    """The mean of ``log(1 + exp(-pred * label))``, labels being -1 or 1 ("signed"), or 0 or 1 ("binary").

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.LogisticLoss()(nd.array([[0], [1]]), nd.array([[-1], [1]])).asnumpy().round(4)
    array([0.6931, 0.3133], dtype=float32)
    """

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, label_format: str = "signed", **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if label_format not in ("signed", "binary"):
            raise ValueError(f"label_format can only be signed or binary, recieved {label_format}.")
        self._label_format = label_format

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        label = self._shaped(F, label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        loss = F.relu(pred) - pred * label + _softplus_of_negative(F, pred)
        return self._mean(F, self._weighted(F, loss, sample_weight))


class TripletLoss(Loss):
    """``max(0, |positive - pred|^2 - |negative - pred|^2 + margin)`` of each example.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.TripletLoss()(nd.array([[0, 0]]), nd.array([[1, 1]]), nd.array([[1, 0]])).asnumpy()
    array([2.], dtype=float32)
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, positive: Any, negative: Any) -> Any:
        near = F.square(self._shaped(F, positive, pred) - pred)
        far = F.square(self._shaped(F, negative, pred) - pred)
        loss = F.relu(F.sum(near - far, axis=self._batch_axis, exclude=True) + self._margin)
        return self._weighted(F, loss)


class PoissonNLLLoss(Loss):
    """The mean over all examples of the negative logarithm of the probability of ``target`` under a Poisson law.

    ``from_logits``: ``pred`` is the logarithm of its mean. ``compute_full``: with Stirling's approximation of the term
    that does not depend on ``pred``. Calls take ``epsilon`` last, which is added before a logarithm.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.PoissonNLLLoss()(nd.array([[0, 0]]), nd.array([[1, 2]])).asscalar()
    np.float32(1.0)
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    def hybrid_forward(self, F: Any, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-8) -> Any:
        target = self._shaped(F, target, pred)
        if self._from_logits:
            loss = F.exp(pred) - target * pred
        else:
            loss = pred - target * F.log(pred + epsilon)
        if self._compute_full:
            stirling = target * F.log(target) - target + 0.5 * F.log(2 * target * math.pi)
            loss = loss + stirling * (target > 1)
        return F.mean(self._weighted(F, loss, sample_weight))


class CosineEmbeddingLoss(Loss):
    """1 less the cosine of ``input1`` and ``input2`` where the label is 1, else the cosine over ``margin``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.CosineEmbeddingLoss()(nd.array([[1, 0]]), nd.array([[1, 0]]), nd.array([-1])).asnumpy()
    array([[1.]], dtype=float32)
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, input1: Any, input2: Any, label: Any, sample_weight: Any = None) -> Any:
        input1 = self._shaped(F, input1, input2)
        product = F.sum(input1 * input2, axis=-1).reshape((-1, 1))
        norms = F.norm(input1, axis=-1).reshape((-1, 1)) * F.norm(input2, axis=-1).reshape((-1, 1))
        cosine = product / F.maximum(norms, 1e-12)
        label = label.reshape((-1, 1))
        apart = F.clip(cosine - self._margin, 0, 1 - self._margin)
        return self._weighted(F, F.where(label == 1, 1 - cosine, apart), sample_weight)


class SDMLLoss(Loss):
    """Smoothed deep metric learning: each row of ``x1`` is nearest to the same row of ``x2``.

    ``smoothing_parameter``: what the other rows are given of the probability. (Bonadiman and others, 2019.)

    >>> from lazynd import nd
    >>> from lazynd.gluon import loss
    >>> loss.SDMLLoss()(nd.array([[0, 1], [1, 0]]), nd.array([[0, 1], [1, 0]])).shape
    (2,)
    """

    def __init__(
        self, smoothing_parameter: float = 0.3, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self.kl_loss = KLDivLoss(from_logits=True)
        self.smoothing_parameter = smoothing_parameter

    def hybrid_forward(self, F: Any, x1: Any, x2: Any) -> Any:
        if x1.shape != x2.shape:
            raise AssertionError(f"x1 and x2 must have one shape, got {x1.shape} and {x2.shape}")
        count = x1.shape[0]
        same = F.eye(count)
        labels = same * (1 - self.smoothing_parameter) + (1 - same) * self.smoothing_parameter / (count - 1)
        apart = F.square(F.broadcast_sub(F.expand_dims(x1, 1), F.expand_dims(x2, 0)))
        logits = F.log_softmax(-F.sum(apart, axis=2), axis=1)
        return self.kl_loss(logits, labels)


__getattr__, __dir__ = fronts(__name__)
