"""What is written under ``record()`` brings its history along."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd


def test_a_copy_of_a_variable_that_nothing_read_before_has_its_gradient() -> None:
    x = nd.ones((2,))
    x.attach_grad()
    with autograd.record():
        y = nd.zeros((2,))
        y[:] = x
        z = y * 3 + x
    z.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [4, 4])


def test_an_array_keeps_its_type_whatever_is_written() -> None:
    x = nd.zeros((2, 3), dtype="float32")
    part, alias = x[0], x.detach()
    wide = nd.full((2, 3), 2.5, dtype="float64")
    whole = np.arange(6, dtype="int64").reshape(2, 3)

    def by_operator() -> None:
        nd.exp(wide, out=x)

    def in_place() -> None:
        x.__iadd__(wide)

    for write in (by_operator, in_place):
        with pytest.raises(MXNetError):
            write()
    for value in (wide, whole, 7, wide[0], nd.array([[1], [2]], dtype="int32")):
        x[:] = value
        for array in (x, part, alias, nd.relu(x), x * 1):
            assert array.dtype == np.float32
            assert array.asnumpy().dtype == np.float32 and array.asnumpy().shape == array.shape


#: Writes of what is recorded into an array that it was computed from: ``a`` is a variable, ``b`` a fresh array.
INTO_AN_OPERAND = {
    "b += a": lambda a, b: b.__iadd__(a),
    "b -= a": lambda a, b: b.__isub__(a),
    "b *= a": lambda a, b: b.__imul__(a),
    "b /= a": lambda a, b: b.__itruediv__(a),
    "b += a * 2": lambda a, b: b.__iadd__(a * 2),
    "out=b": lambda a, b: nd.elemwise_add(a, b, out=b),
    "out=[b]": lambda a, b: nd.broadcast_mul(b, a, out=[b]),
    "add_n, out=b": lambda a, b: nd.add_n(a, b, out=b),
    "an update, out=b": lambda a, b: nd.sgd_update(b, a, lr=1, out=b),
    "a part": lambda a, b: b[0:1].__iadd__(a[0:1]),
    "another shape of it": lambda a, b: b.reshape((2, 1)).__iadd__(a.reshape((2, 1))),
}


@pytest.mark.parametrize("call", INTO_AN_OPERAND)
def test_what_is_recorded_is_not_written_into_its_operands_whatever_happened_before(call: str) -> None:
    """MXNet 1.9.1 refuses each of these, the first time and later."""
    a, b = nd.array([3, 4]), nd.array([1, 2])
    a.attach_grad()
    for _ in range(2):
        with autograd.record(), pytest.raises(MXNetError, match="Inplace operations"):
            INTO_AN_OPERAND[call](a, b)
        assert b.asnumpy().tolist() == [1, 2], "what is refused writes nothing"
    with autograd.record():
        b += a.detach()
        b += 1
        loss = (a * b).sum()
    loss.backward()
    assert a.grad.asnumpy().tolist() == [5, 7]


def test_what_is_recorded_is_written_into_another_array() -> None:
    a, b, c = nd.array([3, 4]), nd.array([1, 2]), nd.zeros((2,))
    a.attach_grad()
    with autograd.record():
        nd.broadcast_mul(a, b, out=c)
        loss = (c * 2).sum()
    loss.backward()
    assert a.grad.asnumpy().tolist() == [2, 4] and c.asnumpy().tolist() == [3, 8]
