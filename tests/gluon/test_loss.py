"""Losses that are called wrongly; what they compute is held to MXNet's results in ``test_goldens``."""

from __future__ import annotations

import pytest

from lazynd import nd
from lazynd.base import MXNetError
from lazynd.gluon import loss

#: Those that take a label of another shape if it has as many elements.
RESHAPING = [
    loss.L1Loss(), loss.L2Loss(), loss.SigmoidBCELoss(), loss.SigmoidBCELoss(from_sigmoid=True), loss.HuberLoss(),
    loss.SoftmaxCELoss(sparse_label=False), loss.HingeLoss(), loss.SquaredHingeLoss(), loss.LogisticLoss(),
    loss.PoissonNLLLoss(),
]  # fmt: skip


@pytest.mark.parametrize("made", RESHAPING, ids=lambda made: type(made).__name__)
def test_labels_of_another_size_are_refused_as_reshape_refuses_them(made: loss.Loss) -> None:
    for hybridized in (False, True):
        made.hybridize(hybridized)
        larger = MXNetError if hybridized else ValueError
        with pytest.raises(larger, match=r"[Cc]annot reshape .*\n.*\n  at .*test_loss.py"):
            made(nd.ones((2, 3)), nd.ones((2, 4)))
        with pytest.raises(MXNetError, match="reshape"):
            made(nd.ones((2, 3)), nd.ones(3))
        assert made(nd.ones((2, 3)), nd.ones((3, 2))).shape in [(2,), (1,)]


def test_losses_of_pairs_refuse_other_sizes() -> None:
    x, wide, tall = nd.ones((2, 3)), nd.ones((2, 4)), nd.ones((3, 3))
    for call in (lambda: loss.TripletLoss()(x, x, wide), lambda: loss.TripletLoss()(x, wide, x)):
        with pytest.raises(ValueError, match="Cannot reshape array of size 8"):
            call()
    for other in (wide, tall):
        with pytest.raises(AssertionError, match="one shape"):
            loss.SDMLLoss()(x, other)
