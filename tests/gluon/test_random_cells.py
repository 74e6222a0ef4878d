"""Cells and layers that drop at random: what is kept, how much, and that steps share it where they should."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.gluon import contrib, nn, rnn

#: Programs run in the interpreter: nothing here is about what is compiled.
pytestmark = pytest.mark.usefixtures("on_numpy")

#: Of so many draws the share of a probability p differs from p by less than 5 * sqrt(p (1 - p) / N) once in a million.
COUNT = 10000


def near(share: float, p: float) -> bool:
    return abs(share - p) < 5 * (p * (1 - p) / COUNT) ** 0.5


def test_dropout_keeps_the_mean_and_shares_along_axes() -> None:
    with autograd.train_mode():
        dropped = nn.Dropout(0.3)(nd.ones((100, 100))).asnumpy()
        shared = nn.Dropout(0.5, axes=(1,))(nd.ones((50, 40))).asnumpy()
    assert near((dropped == 0).mean(), 0.3)
    np.testing.assert_allclose(dropped[dropped > 0], 1 / 0.7, rtol=1e-6)
    assert (shared == shared[:, :1]).all() and len(np.unique(shared)) == 2


@pytest.mark.parametrize("hybridize", [False, True])
def test_zoneout_keeps_what_was_before(hybridize: bool) -> None:
    cell = rnn.ZoneoutCell(rnn.RNNCell(100), zoneout_outputs=0.4, zoneout_states=0.25)
    cell.initialize("ones")
    if hybridize:
        cell.hybridize()
    with autograd.train_mode():
        before = [nd.ones((100, 100)) * 7]
        output, (state,) = cell(nd.ones((100, 3)), before)
        assert near((output.asnumpy() == 0).mean(), 0.4), "before the first step outputs are 0"
        assert near((state.asnumpy() == 7).mean(), 0.25)
        other, _ = cell(nd.ones((100, 3)) * -1, [state])
        kept = (other.asnumpy() == output.asnumpy()).mean()
    assert kept > 0.3
    cell.reset()
    assert cell._prev_output is None


@pytest.mark.parametrize("hybridize", [False, True])
def test_variational_dropout_drops_the_same_in_each_step(hybridize: bool) -> None:
    cell = contrib.rnn.VariationalDropoutCell(rnn.RNNCell(50), drop_outputs=0.5, drop_states=0.3)
    cell.initialize("ones")
    if hybridize:
        cell.hybridize()
    with autograd.train_mode():
        outputs, _ = cell.unroll(4, nd.ones((20, 4, 3)), merge_outputs=True)
        values = outputs.asnumpy()
        again = cell.unroll(4, nd.ones((20, 4, 3)), merge_outputs=True)[0].asnumpy()
    zero = values == 0
    assert (zero == zero[:, :1]).all() and 0.4 < zero.mean() < 0.6
    assert ((again == 0) != zero).any(), "another sequence drops others"
    inputs = contrib.rnn.VariationalDropoutCell(rnn.RNNCell(3), drop_inputs=0.5)
    inputs.initialize("ones")
    with autograd.train_mode():
        assert inputs.unroll(4, nd.ones((2, 4, 3)), merge_outputs=True)[0].shape == (2, 4, 3)


def test_a_modulated_convolution_without_modulation_is_a_convolution() -> None:
    """Where offsets are 0 and factors 2 * sigmoid(0) = 1, as they are when initialised."""
    modulated, plain = contrib.cnn.ModulatedDeformableConvolution(4, (3, 3), padding=(1, 1)), nn.Conv2D(4, 3, padding=1)
    x = nd.random.normal(shape=(2, 3, 5, 6))
    for each in (modulated, plain):
        each.initialize()
        each(x)
    plain.weight.set_data(modulated.deformable_conv_weight.data())
    np.testing.assert_allclose(modulated(x).asnumpy(), plain(x).asnumpy(), rtol=1e-4, atol=1e-5)
    assert next(iter(modulated._collect_params_with_prefix())) == "deformable_conv_weight"
