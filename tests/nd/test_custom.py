"""Custom operators: Python between programs, its gradient, inference and exceptions."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd, operator
from lazynd.nd.custom import REGISTERED
from lazynd.runtime.tell.stats import stats


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(REGISTERED)
    yield
    REGISTERED.clear()
    REGISTERED.update(before)


class Scaled(operator.CustomOp):
    """``a = k x``, ``b = x + y`` computed in NumPy."""

    def __init__(self, k: float, log: list[Any]) -> None:
        self.k, self.log = k, log

    def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
        self.log.append(("forward", is_train, req, autograd.is_recording()))
        self.assign(out_data[0], req[0], nd.array(in_data[0].asnumpy() * self.k))
        self.assign(out_data[1], req[1], in_data[0] + in_data[1])

    def backward(self, req: Any, out_grad: Any, in_data: Any, out_data: Any, in_grad: Any, aux: Any) -> None:
        self.log.append(("backward", req, [g.asnumpy().tolist() for g in out_grad], out_data[0].asnumpy().tolist()))
        self.assign(in_grad[0], req[0], out_grad[0] * self.k + out_grad[1])
        self.assign(in_grad[1], req[1], out_grad[1])


def scaled(log: list[Any]) -> None:
    @operator.register("scaled")
    class Prop(operator.CustomOpProp):
        def __init__(self, k: str = "2", **others: str) -> None:
            super().__init__(need_top_grad=True)
            self.k = float(k)
            log.append(("init", k, others))

        def list_arguments(self) -> list[str]:
            return ["x", "y"]

        def list_outputs(self) -> list[str]:
            return ["a", "b"]

        def infer_shape(self, in_shape: Any) -> Any:
            return in_shape, [in_shape[0], in_shape[0]], []

        def infer_type(self, in_type: Any) -> Any:
            return in_type, in_type, []

        def create_operator(self, ctx: Any, in_shapes: Any, in_dtypes: Any) -> operator.CustomOp:
            log.append(("create", ctx, in_shapes, in_dtypes))
            return Scaled(self.k, log)


def test_forward_and_what_its_python_is_told() -> None:
    log: list[Any] = []
    scaled(log)
    a, b = nd.Custom(nd.array([1, 2]), nd.array([3, 4]), op_type="scaled", k=3, note=True)
    assert a.asnumpy().tolist() == [3, 6] and b.asnumpy().tolist() == [4, 6]
    assert log == [
        ("init", "3", {"note": "True"}),
        ("create", lazynd.cpu(), [[2], [2]], [np.float32, np.float32]),
        ("forward", False, ["write", "write"], False),
    ]


def test_gradients_written_added_and_left_out() -> None:
    log: list[Any] = []
    scaled(log)
    x, y, z = nd.array([1.0, 2.0]), nd.array([3.0, 4.0]), nd.array([5.0, 6.0])
    x.attach_grad()
    y.attach_grad("add")
    z.attach_grad("null")
    for _ in range(2):
        with autograd.record():
            a, b = nd.Custom(x, y, op_type="scaled")
            loss = (a * nd.array([1, 2]) + 3 * b).sum()
        loss.backward()
    assert x.grad.asnumpy().tolist() == [5, 7] and y.grad.asnumpy().tolist() == [6, 6]
    assert ("forward", True, ["write", "write"], False) in log
    assert log[-1] == ("backward", ["write", "write"], [[1, 2], [3, 3]], [2, 4])
    with autograd.record(train_mode=False):
        a, _ = nd.Custom(z, y, op_type="scaled")
    a.backward()
    assert log[-1][1:3] == (["null", "write"], [[1, 1], [0, 0]])
    assert ("forward", False, ["write", "write"], False) in log


def test_inputs_and_outputs_by_name() -> None:
    scaled([])
    x, y, out = nd.array([1, 2]), nd.array([3, 4]), [nd.zeros(2), nd.zeros(2)]
    for found in (
        nd.Custom(y=y, x=x, op_type="scaled"),
        nd.Custom(x, y=y, op_type="scaled", name="called"),
        nd.Custom(x, y, op_type="scaled", out=out),
    ):
        assert [f.asnumpy().tolist() for f in found] == [[2, 4], [4, 6]]
    assert out[0].asnumpy().tolist() == [2, 4]


def test_types_are_inferred() -> None:
    scaled([])
    a, b = nd.Custom(nd.array([1, 2], dtype="int32"), nd.array([3, 4], dtype="int32"), op_type="scaled")
    assert a.dtype == b.dtype == np.int32


def counted(shapes: Any = None) -> type:
    @operator.register("counted")
    class Prop(operator.CustomOpProp):
        def list_auxiliary_states(self) -> list[str]:
            return ["calls"]

        def infer_shape(self, in_shape: Any) -> Any:
            return shapes or (in_shape, in_shape, [[1]])

        def create_operator(self, ctx: Any, in_shapes: Any, in_dtypes: Any) -> operator.CustomOp:
            class Op(operator.CustomOp):
                def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
                    aux[0][:] = aux[0] + 1
                    self.assign(out_data[0], req[0], in_data[0] * aux[0])

                def backward(
                    self, req: Any, out_grad: Any, in_data: Any, out_data: Any, in_grad: Any, aux: Any
                ) -> None:
                    aux[0][:] = aux[0] + 10
                    self.assign(in_grad[0], req[0], out_grad[0])

            return Op()

    return Prop


def test_auxiliary_states_are_written() -> None:
    counted()
    x, calls = nd.ones(3), nd.zeros(1)
    x.attach_grad()
    for _ in range(2):
        with autograd.record():
            made = nd.Custom(x, calls, op_type="counted")
    assert made.asnumpy().tolist() == [2, 2, 2] and calls.asscalar() == 2
    made.backward()
    assert calls.asscalar() == 12
    assert nd.Custom(data=x, calls=calls, op_type="counted").asnumpy().tolist() == [13, 13, 13]


@pytest.mark.lazy
def test_python_that_asks_for_nothing_stays_in_the_program() -> None:
    counted()
    x, calls = nd.ones(3) * 2, nd.zeros(1)
    forces = stats.forces
    made = nd.Custom(x, calls, op_type="counted") + 1
    assert stats.forces == forces
    assert made.asnumpy().tolist() == [3, 3, 3] and stats.forces == forces + 1


def test_inputs_are_read_only() -> None:
    class Op(operator.CustomOp):
        def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
            in_data[0][:] = 5

    class Prop(operator.CustomOpProp):
        def create_operator(self, *arguments: Any) -> operator.CustomOp:
            return Op()

    operator.register("writer")(Prop)
    x = nd.ones(2)
    with pytest.raises(MXNetError, match=r"ValueError: \[setitem\] Cannot assign to readonly NDArray"):
        nd.Custom(x, op_type="writer")
    assert x.asnumpy().tolist() == [1, 1]


def test_the_defaults_do_nothing() -> None:
    operator.register("idle")(operator.CustomOpProp)
    x = nd.ones((2, 3))
    x.attach_grad()
    with autograd.record():
        made = nd.Custom(x, op_type="idle")
    made.backward()
    assert made.shape == (2, 3) and (x.grad.asnumpy() == 0).all()
    op = operator.CustomOp()
    target = nd.ones(2)
    for request, expected in (("null", [1, 1]), ("write", [4, 4]), ("add", [8, 8]), ("inplace", [4, 4])):
        op.assign(target, request, nd.array([4, 4]))
        assert target.asnumpy().tolist() == expected


class Boom(operator.CustomOpProp):
    """Fails where it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where
        self.fail("__init__")

    def fail(self, where: str) -> None:
        if where == self.where:
            raise KeyError(f"in {where}")

    def infer_shape(self, in_shape: Any) -> Any:
        self.fail("infer_shape")
        return super().infer_shape(in_shape)

    def infer_type(self, in_type: Any) -> Any:
        self.fail("infer_type")
        return super().infer_type(in_type)

    def create_operator(self, *arguments: Any) -> operator.CustomOp:
        self.fail("create_operator")
        prop = self

        class Op(operator.CustomOp):
            def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
                prop.fail("forward")
                self.assign(out_data[0], req[0], in_data[0])

            def backward(self, *arguments: Any, **named: Any) -> None:
                prop.fail("backward")

        return Op()


@pytest.mark.parametrize("where", ["__init__", "infer_shape", "infer_type", "create_operator", "forward", "backward"])
def test_an_exception_inside_is_the_cause(where: str) -> None:
    operator.register("boom")(Boom)
    x = nd.ones(2)
    x.attach_grad()
    told = rf"\[Custom\] {where} of 'boom' failed: KeyError: 'in {where}'"
    line = r"\n  called at .*test_custom.py:\d+: made = nd.Custom"
    with pytest.raises(MXNetError, match=told + line) as caught:
        with autograd.record():
            made = nd.Custom(x, op_type="boom", where=where)
        made.backward()
    assert isinstance(caught.value.__cause__, KeyError)
    assert not autograd.is_recording()
    assert (x * 2).asnumpy().tolist() == [2, 2], "what follows works"


def test_a_failed_program_in_forward_is_told() -> None:
    class Op(operator.CustomOp):
        def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
            nd.dot(in_data[0], nd.ones((7, 7)))

    class Prop(operator.CustomOpProp):
        def create_operator(self, *arguments: Any) -> operator.CustomOp:
            return Op()

    operator.register("misfit")(Prop)
    with pytest.raises(MXNetError, match=re.compile(r"forward of 'misfit' failed: MXNetError: \[dot\].*7", re.DOTALL)):
        nd.Custom(nd.ones((2, 3)), op_type="misfit")


def test_wrong_calls() -> None:
    scaled([])
    counted()
    x = nd.ones(2)
    for arrays, given, message in (
        ((x,), {}, "Required argument `op_type` is missing"),
        ((x,), {"op_type": "nothing"}, "Cannot find custom operator nothing"),
        ((x,), {"op_type": "scaled"}, r"expects 2 inputs \(x, y\), but got 1"),
        ((x, x, x), {"op_type": "scaled"}, "expects 2 inputs .*, but got 3"),
        ((x, x), {"op_type": "scaled", "z": x}, "'z' is no further input"),
        ((x, x), {"op_type": "scaled", "y": x}, "'y' is no further input"),
        ((x, nd.ones(2)), {"op_type": "counted"}, r"Shape inconsistent, Provided = \[2\], inferred shape=\[1\]"),
        ((x, nd.ones(1, dtype="int32")), {"op_type": "counted"}, r"expected an array of float32, got int32\[1\]"),
        ((x, x), {"op_type": "scaled", "out": [x]}, "2 outputs for 1 arrays in out"),
    ):
        with pytest.raises(MXNetError, match=re.compile(rf"\[Custom\].*{message}.*test_custom.py", re.DOTALL)):
            nd.Custom(*arrays, **given)
    with pytest.raises(AssertionError, match="Argument y must have NDArray type, but got 1"):
        nd.Custom(x, 1, op_type="scaled")


def test_out_is_written_whole_or_not_at_all() -> None:
    scaled([])
    x, free, variable = nd.ones(2), nd.zeros(2), nd.zeros(2)
    variable.attach_grad()
    with autograd.record(), pytest.raises(MXNetError, match=r"(?s)Inplace.*test_custom.py"):
        nd.Custom(x, x, op_type="scaled", out=[free, variable])
    with pytest.raises(MXNetError, match=r"(?s)out has type float32\[3\], the result is float32\[2\].*test_custom.py"):
        nd.Custom(x, x, op_type="scaled", out=[free, nd.zeros(3)])
    assert free.asnumpy().tolist() == [0, 0]
    other = nd.zeros(2)
    assert nd.Custom(x, x + x, op_type="scaled", out=[free, other])[0] is free
    assert free.asnumpy().tolist() == [2, 2] and other.asnumpy().tolist() == [3, 3]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (([[2]],), "infer_shape must return 2 or 3 lists"),
        (([[2]], []), "InferShape Error: expecting 1 entries in returned output shapes, got 0"),
        (([[2], [2]], [[2]], [[1]]), "expecting 1 entries in returned input shapes, got 2"),
        (([[2]], [[2]]), "expecting 1 entries in returned aux state shapes, got 0"),
    ],
)
def test_wrong_inference(shapes: Any, message: str) -> None:
    counted(shapes)
    with pytest.raises(MXNetError, match=message):
        nd.Custom(nd.ones(2), nd.ones(1), op_type="counted")


def test_the_second_order_is_refused() -> None:
    scaled([])
    x = nd.ones(2)
    x.attach_grad()
    with autograd.record():
        a, _ = nd.Custom(x * x, x, op_type="scaled")
        first = autograd.grad(a, [x], create_graph=True)[0]
        loss = (first * first).sum()
    assert first.asnumpy().tolist() == [4, 4]
    with pytest.raises(MXNetError, match="non-differentiable"):
        loss.backward()


def test_in_a_traced_body_it_keeps_its_gradient() -> None:
    log: list[Any] = []
    scaled(log)
    x = nd.array([[1.0, 2.0], [3.0, 4.0]])
    x.attach_grad()
    with autograd.record():
        outputs, _ = nd.contrib.foreach(lambda row, s: (nd.Custom(row, row, op_type="scaled")[0], s), x, [])
    outputs.backward()
    assert x.grad.asnumpy().tolist() == [[2, 2], [2, 2]]
    assert sum(entry[0] == "backward" for entry in log) == 2


def test_from_many_threads() -> None:
    scaled([])
    found: dict[int, float] = {}

    def work(number: int) -> None:
        a = nd.array([number])
        for _ in range(5):
            a = nd.Custom(a, a, op_type="scaled")[0]
        found[number] = float(a.asscalar())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {i: i * 32.0 for i in range(8)}


ONE_CORE = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import lazynd
lazynd.as_mxnet()
import mxnet as mx
from mxnet import autograd, nd

class Square(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], nd.array(in_data[0].asnumpy() ** 2))
    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], nd.array(2 * in_data[0].asnumpy() * out_grad[0].asnumpy()))

@mx.operator.register("square_in_numpy")
class SquareProp(mx.operator.CustomOpProp):
    def create_operator(self, ctx, shapes, dtypes):
        return Square()

x = nd.array([1, 2, 3])
x.attach_grad()
for _ in range(20):
    with autograd.record():
        y = nd.Custom(nd.Custom(x * 1, op_type="square_in_numpy") + 1, op_type="square_in_numpy").sum()
    y.backward()
    y.wait_to_read()
print(x.grad.asnumpy().tolist())
"""


def test_no_deadlock_on_one_core() -> None:
    run = subprocess.run([sys.executable, "-c", ONE_CORE], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.split("\n")[0] == "[8.0, 40.0, 120.0]"
