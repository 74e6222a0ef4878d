"""Losses."""

from __future__ import annotations

from ..blocks import block
from ..case import f, lit, whole

_PROBABILITIES = f(3, 4, low=0.05, high=0.95)
_SIGNS = lit([[1, -1], [-1, 1], [1, 1]])
_BITS = lit([[1, 0], [0, 1], [1, 1]])
_EACH = f(3, 1, low=0, high=2)

CASES = [
    block("loss.L2Loss()", f(3, 4), f(3, 4)),
    block("loss.L2Loss(weight=3, batch_axis=1)", f(3, 4), f(12), f(3, 4)),
    block("loss.L2Loss()", f(3, 2, 2), f(3, 2, 2), f(3, 1, 1)),
    block("loss.L1Loss()", f(3, 4), f(3, 4)),
    block("loss.L1Loss(weight='x')", f(3, 4), f(3, 4)),
    block("loss.L1Loss(2.0)", f(3, 4), f(3, 4), _EACH),
    block("loss.SigmoidBinaryCrossEntropyLoss()", f(3, 2), _BITS),
    block("loss.SigmoidBCELoss(from_sigmoid=True, weight=2)", f(3, 2, low=0.1, high=0.9), _BITS, _EACH),
    block(
        "loss.SigmoidBCELoss()",
        f(3, 2),
        _BITS,
        f(1, 2, low=1, high=3),
        call="block(inputs[0], inputs[1], None, inputs[2])",
    ),
    block(
        "loss.SigmoidBCELoss(from_sigmoid=True)",
        f(3, 2, low=0.1, high=0.9),
        _BITS,
        f(1, 2, low=1, high=3),
        call="block(inputs[0], inputs[1], None, inputs[2])",
    ),
    block("loss.SoftmaxCrossEntropyLoss()", f(3, 4), whole(3, dtype="float32", high=4)),
    block("loss.SoftmaxCELoss(axis=1)", f(2, 4, 3), whole(2, 3, dtype="float32", high=4)),
    block("loss.SoftmaxCELoss(weight=2.0)", f(3, 4), whole(3, dtype="int32", high=4), _EACH),
    block("loss.SoftmaxCELoss(sparse_label=False)", f(3, 4), _PROBABILITIES),
    block("loss.SoftmaxCELoss(from_logits=True, batch_axis=1)", f(3, 4), whole(3, dtype="float32", high=4)),
    block("loss.KLDivLoss()", f(3, 4), _PROBABILITIES),
    block("loss.KLDivLoss(from_logits=False, weight=0.5)", f(3, 4), _PROBABILITIES, _EACH),
    block("loss.KLDivLoss(from_logits=False, axis=1)", f(2, 3, 2), f(2, 3, 2, low=0.1, high=0.9)),
    block("loss.HuberLoss()", f(3, 4), f(3, 4)),
    block("loss.HuberLoss(rho=0.5, weight=2)", f(3, 4), f(3, 4), _EACH),
    block("loss.HingeLoss()", f(3, 2), _SIGNS),
    block("loss.HingeLoss(margin=2, weight=2)", f(3, 2), _SIGNS, _EACH),
    block("loss.SquaredHingeLoss()", f(3, 2), _SIGNS),
    block("loss.SquaredHingeLoss(margin=0.5)", f(3, 2), _SIGNS, _EACH),
    block("loss.LogisticLoss()", f(3, 2), _SIGNS),
    block("loss.LogisticLoss(label_format='binary', weight=2)", f(3, 2), _BITS, _EACH),
    block("loss.LogisticLoss(label_format='other')", f(3, 2), _BITS),
    block("loss.TripletLoss()", f(3, 4), f(3, 4), f(3, 4)),
    block("loss.TripletLoss(margin=4, weight=2)", f(3, 2, 2), f(3, 4), f(3, 4)),
    block("loss.PoissonNLLLoss()", f(3, 2), f(3, 2, low=0.5, high=4)),
    block(
        "loss.PoissonNLLLoss(from_logits=False, weight=2)", f(3, 2, low=0.5, high=3), f(3, 2, low=0.5, high=4), _EACH
    ),
    block("loss.CosineEmbeddingLoss()", f(3, 4), f(3, 4), lit([1, -1, 1])),
    block("loss.CosineEmbeddingLoss(weight=2, margin=0.2)", f(12), f(3, 4), lit([1, -1, -1])),
    block("loss.CosineEmbeddingLoss(margin=0.2)", f(3, 4), f(3, 4), lit([1, -1, -1]), _EACH),
    block("loss.SDMLLoss()", f(3, 4), f(3, 4)),
    block("loss.SDMLLoss(smoothing_parameter=0.1, weight=2)", f(4, 2), f(4, 2)),
    block("loss.CTCLoss()", f(2, 5, 4), lit([[0, 1], [2, -1]])),
    block("loss.CTCLoss(layout='TNC', label_layout='TN', weight=2)", f(5, 2, 4), lit([[0, 2], [1, -1]])),
    block("loss.CTCLoss()", f(2, 5, 4), lit([[0, 1], [2, 1]]), lit([5, 3]), lit([2, 1])),
    block("loss.CTCLoss(layout='CNT')", f(2, 5, 4), lit([[0, 1], [2, -1]])),
]
