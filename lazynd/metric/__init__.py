"""Metrics: how well predictions fit labels, over many batches.

``update`` records and reads nothing, so that a metric in a training loop costs no run of its own; ``get`` reads.
"""

from __future__ import annotations

from .. import nd as ndarray
from .. import registry
from ..reference import fronts
from .base import EvalMetric, alias, check_label_shapes, register
from .classes import F1, MCC, PCC, Accuracy, TopKAccuracy
from .composite import CompositeEvalMetric, create
from .numbers import MAE, MSE, RMSE, Caffe, CustomMetric, Loss, PearsonCorrelation, Torch
from .numbers import np_metric as np
from .probabilities import CrossEntropy, NegativeLogLikelihood, Perplexity

__all__ = [
    "F1", "MAE", "MCC", "MSE", "PCC", "RMSE", "Accuracy", "Caffe", "CompositeEvalMetric", "CrossEntropy",
    "CustomMetric", "EvalMetric", "Loss", "NegativeLogLikelihood", "PearsonCorrelation", "Perplexity", "TopKAccuracy",
    "Torch", "alias", "check_label_shapes", "create", "ndarray", "np", "register", "registry",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__)
