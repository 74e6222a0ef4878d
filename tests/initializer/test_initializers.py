"""Initializers against real MXNet 1.9.1, by name, by pattern, from files; and that they only record."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import init, nd, registry, stats

from ..goldens import store
from .cases import cases, make, run

EXPECTED: dict[str, Any] = store.load("initializers")
CASES = cases()


def test_every_case_has_a_golden_and_every_initializer_a_case() -> None:
    assert EXPECTED.keys() == CASES.keys()
    assert {case[1][0] for case in CASES.values()} == {
        kind.__name__
        for kind in registry.get_registry(init.Initializer).values()
        if kind.__module__.startswith("lazynd.initializer")
    }  # fmt: skip


@pytest.mark.parametrize("key", sorted(CASES))
def test_values(key: str) -> None:
    with lazynd.config.using(tier="interpreted"):
        found, expected = run(lazynd, CASES[key]), EXPECTED[key]
    if key.startswith("dumps"):
        assert json.loads(found) == json.loads(expected)
    elif key.startswith("exact"):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    else:
        assert (found["shape"], found["dtype"]) == (expected["shape"], expected["dtype"])
        (mean, deviation, low, high, size), (_, other, least, most, others) = found["numbers"], expected["numbers"]
        count = np.prod(found["shape"])
        # Two samples of n numbers: their deviations differ by s / sqrt(n), and five times that does not happen.
        assert abs(mean) < 5 * other / count**0.5
        assert abs(deviation - other) < 5 * other / count**0.5 and abs(size - others) < 5 * other / count**0.5
        if "uniform" in key.lower() and "Orthogonal" not in key:  # the last thousandth below a bound is reached
            assert abs(high - most) < 1e-3 * most and abs(low - least) < 1e-3 * most


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (4, 3, 2), (5,), (8, 8)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...], dtype: str) -> None:
    array = nd.zeros(shape, dtype=dtype)
    init.Orthogonal(scale=2, rand_type="normal")(init.InitDesc("weight"), array)
    rows = array.asnumpy().astype("float64").reshape(shape[0], -1)
    rows = rows if len(rows) <= rows.shape[1] else rows.T
    # Products of 20 numbers below 2, each rounded once.
    limit = {"float64": 1e-13, "float32": 1e-5, "float16": 2.0**-6}[dtype]
    np.testing.assert_allclose(rows @ rows.T, 4 * np.eye(len(rows)), atol=limit)


@pytest.mark.lazy
def test_initialising_records_and_runs_nothing() -> None:
    nd.waitall()
    before = stats().runs
    arrays = [nd.zeros((n, 4)) for n in range(2, 12)]
    kinds = [init.Xavier(), init.Normal(0.1), init.Uniform(), init.MSRAPrelu(), init.One(), init.Orthogonal()]
    for n, array in enumerate(arrays):
        kinds[n % len(kinds)](init.InitDesc("weight"), array)
    init.FusedRNN(init.Uniform(), 2, 1, "lstm")(init.InitDesc("weight"), nd.zeros((4 * 2 * 5 + 16,)))
    assert stats().runs == before
    arrays[0].asnumpy()


@pytest.mark.lazy
def test_other_scales_compile_nothing() -> None:
    programs = []
    for scale in (0.1, 0.2, 0.3):
        array = nd.zeros((3, 4))
        init.Uniform(scale)(init.InitDesc("weight"), array)
        array.asnumpy()
        programs.append(stats().programs + stats().loaded)
    assert programs[2] == programs[0]


def test_the_same_seed_gives_the_same_numbers() -> None:
    made = []
    for _ in range(2):
        lazynd.random.seed(3)
        array = nd.zeros((3, 4))
        init.Xavier()(init.InitDesc("weight"), array)
        made.append(array.asnumpy())
    assert (made[0] == made[1]).all() and made[0].std() > 0


def test_what_a_variable_says_comes_first() -> None:
    for own in ("ones", '["constant", {"value": 1}]', init.One()):
        array = nd.zeros((2,))
        init.Zero()(init.InitDesc("fc_bias", {"__init__": own}), array)
        assert array.asnumpy().tolist() == [1, 1]


def test_unknown_names() -> None:
    text = 'Unknown initialization pattern for fc. Default initialization is now limited to "weight", "bias", "gamma"'
    with pytest.raises(ValueError, match=text.replace("(", r"\(")):
        init.One()(init.InitDesc("fc"), nd.zeros(1))
    with pytest.raises(NotImplementedError, match="Must override it"):
        init.Initializer()(init.InitDesc("weight"), nd.zeros(1))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("fc_weight", [3, 3, 3, 3, 3, 3]), ("fc_bias", [0] * 6), ("bn_gamma", [1] * 6), ("bn_beta", [0] * 6),
        ("bn_moving_mean", [0] * 6), ("bn_moving_var", [1] * 6), ("bn_moving_inv_var", [0] * 6),
        ("x_moving_avg", [0] * 6),
        ("q_min", [0] * 6), ("q_max", [1] * 6), ("stn_loc_weight", [0] * 6), ("stn_loc_bias", [1, 0, 0, 0, 1, 0]),
    ],
)  # fmt: skip
def test_plain_names_are_deprecated(name: str, values: list[float]) -> None:
    array = nd.full((6,), 7)
    with pytest.warns(DeprecationWarning, match=r"Calling initializer with init\(str, NDArray\) has been deprecated"):
        init.Constant(3)(name, array)
    assert array.asnumpy().tolist() == values


def test_plain_names_of_upsampling() -> None:
    one, other = nd.zeros((1, 1, 4, 4)), nd.zeros((1, 1, 4, 4))
    with pytest.warns(DeprecationWarning):
        init.Zero()("upsampling0_weight", one)
    init.Bilinear()(init.InitDesc("weight"), other)
    assert (one.asnumpy() == other.asnumpy()).all()


@pytest.mark.parametrize(
    ("name", "array", "text"), [(3, nd, "name must be string"), ("weight", 3, "arr must be NDArray")]
)
def test_plain_names_of_something_else(name: Any, array: Any, text: str) -> None:
    with pytest.warns(DeprecationWarning), pytest.raises(TypeError, match=text):
        init.Zero()(name, array)


@pytest.mark.parametrize(
    ("arguments", "shape", "text"),
    [
        (("uniform", "avg"), (3,), "Xavier initializer cannot be applied to vector weight. It requires at least 2D."),
        (("uniform", "all"), (3, 3), "Incorrect factor type"),
        (("other", "avg"), (3, 3), "Unknown random type"),
    ],
)
def test_xavier_refuses(arguments: Any, shape: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        init.Xavier(*arguments)(init.InitDesc("weight"), nd.zeros(shape))
    with pytest.raises(ValueError, match="rand_type"):
        init.Orthogonal(rand_type="other")(init.InitDesc("weight"), nd.zeros((2, 2)))


def test_mixed() -> None:
    mixed = init.Mixed(["bias", "fc.*weight", "e"], [init.Constant(2), init.One(), init.Constant(5)])
    found = []
    for name in ("bias", "fc1_weight", "embed_weight"):
        array = nd.zeros(1)
        mixed(init.InitDesc(name, {"__init__": ""}), array)
        found.append(float(array))
    assert found == [0, 1, 5]  # a bias is 0 for every initializer
    with pytest.raises(ValueError, match=r'Parameter name other did not match any pattern. Consider adding a "\.\*"'):
        mixed(init.InitDesc("other"), nd.zeros(1))
    with pytest.raises(AssertionError, match="1 patterns for 2 initializers"):
        init.Mixed(["a"], [init.One(), init.One()])


def test_load(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    file = str(tmp_path / "net.params")
    nd.save(file, {"arg:fc_weight": nd.array([1, 2]), "aux:bn_mean": nd.array([3])})
    loading = init.Load(file, default_init=init.One(), verbose=True)
    arrays = [nd.zeros(2), nd.zeros(1), nd.zeros(1)]
    with caplog.at_level("INFO"):
        for name, array in zip(("fc_weight", "bn_mean", "other_weight"), arrays, strict=True):
            loading(init.InitDesc(name), array)
    assert [a.asnumpy().tolist() for a in arrays] == [[1, 2], [3], [1]]
    said = [each.getMessage() for each in caplog.records if each.name == "root"]
    assert said == [
        "Initialized fc_weight by loading", "Initialized bn_mean by loading", "Initialized other_weight by default",
    ]  # fmt: skip
    with pytest.raises(AssertionError, match=r"Shape mismatch, target \(3,\) vs loaded \(2,\)"):
        loading("fc_weight", nd.zeros(3))
    with pytest.raises(AssertionError, match=r"Cannot Initialize other\. Not found in loaded param and no default"):
        init.Load({}, None)("other", nd.zeros(1))
    with pytest.raises(AssertionError, match="parameters have names"):
        init.Load([nd.zeros(1)])


def test_verbosity(caplog: pytest.LogCaptureFixture) -> None:
    loud = init.One().set_verbosity(True)
    with caplog.at_level("INFO"):
        loud(init.InitDesc("fc_weight"), nd.zeros(4))
        init.One().set_verbosity(True, lambda x: "mine")(init.InitDesc("fc_bias"), nd.zeros(4))
    said = [each.getMessage() for each in caplog.records if each.name == "root"]
    assert said == ["Initialized fc_weight as weight: 1.0", "Initialized fc_bias as bias: mine"]


def test_equal_initializers() -> None:
    assert init.Normal(0.5) == init.Normal(0.5) != init.Normal(0.25) and init.Zero() != init.One()
    assert init.create(init.Xavier("gaussian").dumps()) == init.Xavier("gaussian")
    with pytest.raises(TypeError, match="unhashable"):
        hash(init.Zero())


def test_initializers_that_users_register() -> None:
    before = dict(registry._CLASSES[init.Initializer])
    try:

        @init.register
        @init.alias("halves")
        class Half(init.Initializer):
            def __init__(self, of: float = 1) -> None:
                super().__init__(of=of)
                self.of = of

            def _init_weight(self, name: str, arr: nd.NDArray) -> None:
                arr[:] = self.of / 2

        array = nd.zeros(1)
        init.create("halves", of=3)(init.InitDesc("weight"), array)
        assert float(array) == 1.5 and init.create("half") == Half() == init.create(Half().dumps())
        with pytest.warns(UserWarning, match="New initializer .*Half registered with name half is overriding existing"):
            init.register(Half)
    finally:
        registry._CLASSES[init.Initializer].clear()
        registry._CLASSES[init.Initializer].update(before)
    with pytest.raises(
        AssertionError, match=r"halves is not registered\. Please register with initializer.register first"
    ):
        init.create("halves")
    with pytest.raises(AssertionError, match="Can only register subclass of Initializer"):
        init.register(int)
    for wrong, text in ((init.One(), "already an instance"), ("[]", "JSON"), (3, "must be of string type")):
        with pytest.raises(AssertionError, match=text):
            init.create(wrong, 5) if wrong != 3 else init.create(wrong)


def test_fused_rnn_from_text_and_from_the_net() -> None:
    size = 3 * 3 * (2 + 3) + 3 * 3 * 2
    dumped = init.FusedRNN(init.Constant(2), 3, 1, "gru").dumps()
    one, other = nd.zeros((size,)), nd.zeros((size,))
    init.create(dumped)(init.InitDesc("weight"), one)
    init.FusedRNN(None, 3, 1, "gru")(init.InitDesc("weight", global_init=init.Constant(2)), other)
    assert (one.asnumpy() == other.asnumpy()).all() and one.asnumpy()[0] == 2 and one.asnumpy()[-1] == 0


def test_other_dtypes_and_contexts() -> None:
    for dtype in ("float16", "float64"):
        array = nd.zeros((4, 5), ctx=lazynd.cpu(1), dtype=dtype)
        make(lazynd, "Xavier", ())(init.InitDesc("weight"), array)
        assert array.dtype == np.dtype(dtype) and array.context == lazynd.cpu(1) and array.asnumpy().std() > 0
