"""States of optimizers as bytes: those of real MXNet, our own, and bytes that want more than that."""

from __future__ import annotations

import base64
import io
import json
import os
import pathlib
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import lr_scheduler, nd, optimizer

from .cases import arrays, flat
from .state_cases import CASES, SHAPES, updater_of

FILE = pathlib.Path(__file__).parent.parent / "data" / "optimizer_states.json"
FOUND: dict[str, Any] = json.loads(FILE.read_text())


@pytest.fixture(autouse=True)
def interpreted() -> Iterator[None]:
    """These are many small steps, of which none is about what is compiled."""
    with lazynd.config.using(tier="interpreted"):
        yield


def step(updater: Any, weights: list[nd.NDArray], dtype: str, number: int) -> None:
    updater([0, 1], [nd.array(each, dtype=dtype) for each in arrays(SHAPES, dtype, number)], weights)


@pytest.mark.parametrize("key", sorted(CASES))
@pytest.mark.parametrize("dumped", [True, False])
def test_training_goes_on_from_what_mxnet_wrote(key: str, dumped: bool) -> None:
    name, options, dtype = CASES[key]
    updater = updater_of(lazynd, name, options)
    if dumped:  # the optimizer is in the file too, this one is replaced
        updater = optimizer.Updater(optimizer.SGD(learning_rate=99))
    else:
        for each in (0, 1):  # as MXNet's was after three steps
            updater.optimizer._update_count([each] * 3)
    if not dumped and key in ("nadam", "scheduled"):
        return  # these keep more than the states
    updater.set_states(base64.b64decode(FOUND[key]["states"][str(dumped)]))
    weights = [nd.array(each, dtype=dtype) for each in FOUND[key]["before"]]
    step(updater, weights, dtype, 4)
    assert type(updater.optimizer).__name__.lower() == name
    for one, other in zip(weights, FOUND[key]["after"], strict=True):
        # MXNet's sums of squares of a few numbers differ in rounding, else it is one step of float32 or float16.
        rtol = 1e-5 if dtype == "float32" else 2.0**-10
        np.testing.assert_allclose(one.asnumpy(), np.array(other, dtype), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", sorted(set(optimizer.Optimizer.opt_registry) - {"_svrgoptimizer"}))
def test_states_come_back(name: str) -> None:
    shape = (2, 3)
    updater = optimizer.Updater(optimizer.create(name))
    w = nd.ones(shape)
    updater(7, nd.ones(shape), w)
    other = optimizer.Updater(optimizer.SGD())
    other.set_states(updater.get_states(dump_optimizer=True))
    assert type(other.optimizer) is type(updater.optimizer) and other.optimizer is not updater.optimizer
    for one, same in zip(flat(updater.states[7]), flat(other.states[7]), strict=True):
        assert one.dtype == same.dtype and (one == same).all()
    again = w.copy()
    lazynd.random.seed(1)
    updater(7, nd.ones(shape), w)
    lazynd.random.seed(1)
    other(7, nd.ones(shape), again)
    assert (w.asnumpy() == again.asnumpy()).all()


class Caller:
    def __init__(self, function: Any, *given: Any) -> None:
        self.made = function, given

    def __reduce__(self) -> Any:
        return self.made


def build(of: bytes) -> bytes:
    """A pickle of a call, as somebody writes it by hand."""
    return b"\x80\x04c" + of + b"\n)R."


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({0: Caller(os.mkdir, "made")}),
        pickle.dumps(({0: None}, Caller(os.mkdir, "made"))),
        pickle.dumps({0: Caller(eval, "__import__('os').mkdir('made')")}),
        pickle.dumps({0: Caller(optimizer.create, "sgd")}),
        pickle.dumps({0: Caller(getattr, "", "upper")}),
        build(b"os\nsystem"),
        build(b"lazynd.optimizer.base\nOptimizer.create_optimizer"),
        build(b"lazynd.nd.ndarray\nNDArray.asnumpy"),
        build(b"mxnet.optimizer.optimizer\nos.system"),
        build(b"numpy\nload"),
        build(b"numpy.core.multiarray\nfromfile"),
        pickle.dumps({0: pathlib.Path("made")}),
    ],
)
def test_bytes_that_call_anything_raise_and_run_nothing(
    content: bytes, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sgd = optimizer.SGD(momentum=0.5)
    updater = optimizer.Updater(sgd)
    updater(0, nd.ones(2), nd.ones(2))
    with pytest.raises(pickle.UnpicklingError, match="is no state, no registered optimizer and no scheduler"):
        updater.set_states(content)
    assert not list(tmp_path.iterdir())
    assert updater.optimizer is sgd and updater.states[0].shape == (2,)


def test_what_is_no_class_that_the_program_has_is_not_imported(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_by_a_file.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(pickle.UnpicklingError, match=r"imported_by_a_file\.SGD is no state"):
        optimizer.Updater(optimizer.SGD()).set_states(build(b"imported_by_a_file\nSGD"))


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps([1]), pickle.dumps(({}, 3)), pickle.dumps({})[:3]])
def test_bytes_that_are_no_states(content: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError):
        optimizer.Updater(optimizer.SGD()).set_states(content)


class Slower(lr_scheduler.LRScheduler):
    def __call__(self, num_update: int) -> float:
        return self.base_lr / num_update


def test_classes_of_users() -> None:
    @optimizer.register
    class Mine(optimizer.SGD):
        pass

    try:
        updater = optimizer.Updater(Mine(lr_scheduler=Slower(0.5)))
        content = io.BytesIO()
        pickler = pickle.Pickler(content)
        Mine.__qualname__ = "Mine"  # as of a class of a module
        globals()["Mine"] = Mine
        pickler.dump(({}, updater.optimizer))
        other = optimizer.Updater(optimizer.SGD())
        other.set_states(content.getvalue())
        assert type(other.optimizer) is Mine and type(other.optimizer.lr_scheduler) is Slower
    finally:
        del optimizer.Optimizer.opt_registry["mine"]
        globals().pop("Mine", None)


def test_numbers_of_numpy_and_ordered_dicts() -> None:
    sgd = optimizer.SGD(learning_rate=np.float64(0.5), wd=np.float32(0.25))
    sgd.lr_mult = OrderedDict(a=np.int64(2))
    updater = optimizer.Updater(sgd)
    updater.set_states(updater.get_states(dump_optimizer=True))
    assert updater.optimizer is not sgd and updater.optimizer.lr == 0.5 and updater.optimizer.lr_mult == {"a": 2}


def test_states_go_where_the_weight_is() -> None:
    updater = optimizer.Updater(optimizer.SGD(momentum=0.5))
    updater(0, nd.ones(2), nd.ones(2))
    updater.set_states(updater.get_states())
    w = nd.ones(2, ctx=lazynd.cpu(1))
    updater(0, nd.ones(2, ctx=lazynd.cpu(1)), w)
    assert updater.states[0].context == lazynd.cpu(1) == w.context
