"""Linear algebra against NumPy and SciPy; bad matrices, whole or in a batch; what both tiers agree on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import graph_of
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import Type
from lazynd.ops import OPERATORS

from .. import differentiation as d

Array = np.ndarray[Any, Any]
NAN, INF = float("nan"), float("inf")
#: More than one block of the triangular solver, and odd.
SIZE = 45
#: Condition numbers below are at most 1e3, sums have 45 terms: 1e-16 of float64 and 1e-7 of float32, times 1e4.
RTOL = {"float64": 1e-11, "float32": 1e-3}


def run(name: str, *arrays: Array, tier: Callable[..., list[Array]] = d.interpret, **attributes: Any) -> list[Array]:
    spec, slots = d.bind(OPERATORS[name], arrays, attributes)
    return tier(spec, [*arrays, *slots])


def general(rng: np.random.Generator, *shape: int) -> Array:
    """Matrices with singular values from 0.1 to 20, not symmetric."""
    left, _, right = np.linalg.svd(rng.normal(size=shape))
    return np.asarray(left * np.geomspace(0.1, 20, shape[-1]) @ right)


def definite(rng: np.random.Generator, *shape: int) -> Array:
    vectors, _ = np.linalg.qr(rng.normal(size=shape))
    return np.asarray(vectors * np.linspace(0.1, 10, shape[-1]) @ vectors.swapaxes(-1, -2))


def triangular(rng: np.random.Generator, *shape: int) -> Array:
    """Square matrices of which both triangles are well conditioned."""
    return rng.uniform(-1, 1, shape) / shape[-1] + np.eye(shape[-1]) * rng.uniform(1, 2, shape[-1])


def signed(vectors: Array) -> Array:
    """Rows times 1 or -1, for their largest elements to be positive."""
    largest = np.take_along_axis(vectors, abs(vectors).argmax(-1)[..., None], -1)
    return np.asarray(vectors * np.sign(largest))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factors_inverses_and_determinants(rng: np.random.Generator, dtype: str) -> None:
    symmetric, square, wide = definite(rng, SIZE, SIZE), general(rng, SIZE, SIZE), rng.normal(size=(SIZE, 60))
    lower = scipy.linalg.cholesky(symmetric, lower=True)
    q, r = scipy.linalg.qr(wide.T, mode="economic")
    values, vectors = scipy.linalg.eigh(symmetric)
    sign, logarithm = np.linalg.slogdet(square)
    expected = {
        "_linalg_potrf": (symmetric, [lower]),
        "_linalg_potri": (lower, [scipy.linalg.inv(symmetric)]),
        "_linalg_gelqf": (wide, [q.T, r.T]),
        "_linalg_syevd": (symmetric, [signed(vectors.T), values]),
        "_linalg_inverse": (square, [scipy.linalg.inv(square)]),
        "_linalg_det": (square, [[scipy.linalg.det(square)]]),
        "_linalg_slogdet": (square, [[sign], [logarithm]]),
    }
    for name, (given, results) in expected.items():
        for found, result in zip(run(name, given.astype(dtype)), results, strict=True):
            scale = np.abs(result).max()
            np.testing.assert_allclose(found, result, rtol=RTOL[dtype], atol=RTOL[dtype] * scale, err_msg=name)
            assert found.dtype == dtype


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize("rightside", [True, False])
def test_triangles(rng: np.random.Generator, lower: bool, transpose: bool, rightside: bool) -> None:
    a, b = triangular(rng, SIZE, SIZE), rng.normal(size=(7, SIZE) if rightside else (SIZE, 7))
    how = {"lower": lower, "transpose": transpose, "rightside": rightside, "alpha": 1.5}
    product = scipy.linalg.blas.dtrmm(1.5, a, b, side=rightside, lower=lower, trans_a=transpose)
    solution = scipy.linalg.blas.dtrsm(1.5, a, b, side=rightside, lower=lower, trans_a=transpose)
    for name, expected in (("_linalg_trmm", product), ("_linalg_trsm", solution)):
        np.testing.assert_allclose(run(name, a, b, **how)[0], expected, rtol=1e-11, atol=1e-11, err_msg=name)


def test_a_batch_is_each_of_its_matrices(rng: np.random.Generator) -> None:
    given = definite(rng, 2, 3, 4, 4)
    for name in ("_linalg_potrf", "_linalg_potri", "_linalg_gelqf", "_linalg_syevd", "_linalg_inverse", "_linalg_det"):
        for number, found in enumerate(run(name, given)):
            for at in np.ndindex(2, 3):
                alone = run(name, given[at])[number]
                # Of a batch NumPy may multiply in another order than of one matrix.
                np.testing.assert_allclose(found[at], alone.reshape(found[at].shape), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("offset", [-3, -1, 0, 1, 2])
@pytest.mark.parametrize("lower", [True, False])
def test_triangles_as_vectors(offset: int, lower: bool) -> None:
    x = np.arange(100.0).reshape(2, 5, 10)[:, :, :5] + 1
    below = offset < 0 or (offset == 0 and lower)
    rows, columns = np.tril_indices(5, offset) if below else np.tril_indices(5, -offset)
    expected = x[:, rows, columns] if below else x[:, columns, rows]
    (found,) = run("_linalg_extracttrian", x, offset=offset, lower=lower)
    np.testing.assert_array_equal(found, expected)
    (back,) = run("_linalg_maketrian", found, offset=offset, lower=lower)
    np.testing.assert_array_equal(back, np.tril(x, offset) if below else np.triu(x, offset))


def test_long_triangles_are_numbered_exactly() -> None:
    """Each line begins where one has to be just right: the root of a perfect square."""
    side = 1200
    x = np.arange(side * side, dtype="float64").reshape(side, side)
    np.testing.assert_array_equal(run("_linalg_extracttrian", x)[0], x[np.tril_indices(side)])


def test_khatri_rao_is_that_of_scipy(rng: np.random.Generator) -> None:
    a, b, c = (rng.normal(size=(rows, 4)) for rows in (2, 3, 5))
    expected = scipy.linalg.khatri_rao(scipy.linalg.khatri_rao(a, b), c)
    np.testing.assert_allclose(run("khatri_rao", a, b, c)[0], expected, rtol=1e-14)


def test_a_program_has_as_many_nodes_for_large_matrices_as_for_small_ones() -> None:
    for name in ("_linalg_potri", "_linalg_trsm", "_linalg_extracttrian", "_linalg_syevd", "_linalg_det"):
        counts = []
        for side in (3, 30):
            arrays = [np.ones((side, side))] * (2 if name == "_linalg_trsm" else 1)
            counts.append(len(flatten(graph_of(d.bind(OPERATORS[name], arrays, {})[0])).nodes))
        assert counts[0] == counts[1]


#: Matrices with what is not finite, and one that is singular, each between two that are fine.
SPOILED: dict[str, list[list[float]]] = {
    "nan below": [[4, 2], [NAN, 3]],
    "nan above": [[4, NAN], [2, 3]],
    "nan first": [[NAN, 2], [2, 3]],
    "nan under zeros": [[0, 0], [NAN, 4]],
    "inf first": [[INF, 2], [2, 3]],
    "inf last": [[4, 2], [2, INF]],
}
FINE: list[list[float]] = [[4, 1], [1, 3]]


def primitive_results(name: str, x: Array, tier: Callable[..., list[Array]]) -> list[Array]:
    """The results of the primitive, which raises nothing, in the operator's place."""
    return tier(PRIMITIVES[name].specialize((Type(x.shape, x.dtype),), {}), [x])


@pytest.mark.parametrize("name", ["cholesky", "eigh", "qr", "inverse", "determinant", "log_determinant"])
def test_both_tiers_give_the_same_for_what_is_not_finite(name: str) -> None:
    batch = np.array([each for spoiled in SPOILED.values() for each in (FINE, spoiled)], "float32")
    one, other = (primitive_results(name, batch, tier) for tier in (d.interpret, d.compiled))
    (alone,) = [primitive_results(name, np.array(FINE, "float32"), d.interpret)]
    for number, (found, expected) in enumerate(zip(one, other, strict=True)):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        for fine in found[::2]:
            np.testing.assert_allclose(fine, alone[number], rtol=1e-5, atol=1e-6)


def test_nan_gives_nan() -> None:
    for key, matrix in SPOILED.items():
        x = np.array(matrix)
        triangle = key != "nan above"
        if key.startswith("nan"):
            assert np.isnan(run("_linalg_inverse", x)[0]).all()
            assert np.isnan(run("_linalg_det", x)[0]).all()
            assert [float(part[0]) for part in run("_linalg_slogdet", x)] == pytest.approx([0, NAN], nan_ok=True)
            assert np.isnan(run("_linalg_gelqf", x)[0]).all()
            assert np.isnan(run("_linalg_potrf", x)[0][np.tril_indices(2)]).all() == triangle
        assert all(np.isnan(part).all() == triangle for part in run("_linalg_syevd", x)), key


def test_only_one_triangle_is_read() -> None:
    good, other = np.array([[4.0, 2], [2, 3]]), np.array([[4.0, NAN], [2, 3]])
    for name in ("_linalg_potrf", "_linalg_potri", "_linalg_syevd"):
        for found, expected in zip(run(name, other), run(name, good), strict=True):
            np.testing.assert_array_equal(found, expected, err_msg=name)


BAD: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "potrf": (nd.linalg.potrf, [[4, 2], [2, -3]], "the matrix is not positive definite"),
    "potrf of zeros": (nd.linalg.potrf, [[0, 0], [0, 0]], "the matrix is not positive definite"),
    "potrf of one in a batch": (nd.linalg.potrf, [FINE, FINE, [[4, 2], [2, 1]]], "matrix 2 of 3 is not positive"),
    "potri": (nd.linalg.potri, [[2, 0], [1, 0]], "the matrix is no Cholesky factor: it has a zero on its diagonal"),
    "potri of one in a batch": (nd.linalg.potri, [[[[2, 0], [1, 0]], FINE]], "matrix 0 of 2 is no Cholesky factor"),
    "inverse": (nd.linalg.inverse, [[1, 2], [2, 4]], "the matrix is singular: it has no inverse"),
    "inverse of one in a batch": (nd.linalg.inverse, [FINE, [[1, 2], [2, 4]]], "matrix 1 of 2 is singular"),
}


@pytest.mark.lazy  # otherwise an operation fails at its own line
@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_a_bad_matrix_is_an_error_at_the_read(case: str, backend: str) -> None:
    function, matrix, text = BAD[case]
    with lazynd.config.using(backend=backend):
        x = nd.array(matrix)
        right = x + 1
        wrong = function(x) * 2 + right
        for _ in range(2):
            with pytest.raises(MXNetError) as caught:
                wrong.asnumpy()
            assert type(caught.value).__name__ == "MXNetError"
            assert f"[_linalg_{case.split()[0]}] {text}" in str(caught.value) and __file__ in str(caught.value)
        np.testing.assert_array_equal(right.asnumpy(), np.array(matrix) + 1)


@pytest.mark.lazy
def test_a_gradient_of_a_bad_matrix_is_the_error_too() -> None:
    x = nd.array([[1, 2], [2, 4]])
    x.attach_grad()
    with autograd.record():
        y = nd.linalg.inverse(x).sum()
    y.backward()
    with pytest.raises(MXNetError, match="singular"):
        x.grad.asnumpy()


def test_an_error_in_a_loop() -> None:
    shift = nd.array([0, 4, 0])

    def step(row: Any, state: Any) -> tuple[Any, Any]:
        return nd.linalg.inverse(nd.array([[1, 2], [2, 8]]) - row * nd.array([[0, 0], [0, 1]])), state

    with pytest.raises(MXNetError, match="the matrix is singular"):
        nd.contrib.foreach(step, shift, nd.zeros(1))[0].asnumpy()


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "not square": (lambda: nd.linalg.potrf(nd.ones((2, 3))), "expected square matrices, got float32[2,3]"),
    "a vector": (lambda: nd.linalg.inverse(nd.ones(3)), "expected matrices in the last two axes"),
    "half precision": (lambda: nd.linalg.det(nd.ones((2, 2), dtype="float16")), "only supports float32 and float64"),
    "integers": (lambda: nd.linalg.maketrian(nd.ones(3, dtype="int32")), "only supports float32 and float64"),
    "tall": (lambda: nd.linalg.gelqf(nd.ones((3, 2))), "as many columns as rows or more"),
    "another batch": (
        lambda: nd.linalg.trsm(nd.ones((2, 3, 3)), nd.ones((1, 3, 3))), "must be the same, except on last two",
    ),
    "another side": (lambda: nd.linalg.trmm(nd.ones((3, 3)), nd.ones((2, 3))), "Incompatible matrix dimensions"),
    "another dtype": (
        lambda: nd.linalg.trsm(nd.ones((3, 3)), nd.ones((3, 3), dtype="float64")), "expected float32, got float64",
    ),
    "outside": (lambda: nd.linalg.extracttrian(nd.ones((3, 3)), offset=-3), "Illegal offset -3 for matrices of 3"),
    "no triangle": (lambda: nd.linalg.maketrian(nd.ones(4)), "4 numbers are no triangle"),
    "columns": (lambda: nd.khatri_rao(nd.ones((2, 2)), nd.ones((2, 3))), "equally many columns"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_calls_are_refused_at_once(case: str) -> None:
    call, text = REFUSED[case]
    with pytest.raises(MXNetError) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize("tier", [d.interpret, d.compiled])
def test_eigenvectors_have_a_sign_of_their_own(tier: Any) -> None:
    """The first of the largest elements is positive, also where rounding makes another one a little larger."""
    x = np.array([[[0, -1], [-1, 0]], [[2, 1], [1, 2]], [[1, 1], [1, 1]]], "float32")
    vectors, values = run("_linalg_syevd", x, tier=tier)
    root = 0.5**0.5
    expected = [[[root, root], [root, -root]], [[root, -root], [root, root]], [[root, -root], [root, root]]]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    np.testing.assert_allclose(values, [[-1, 1], [1, 3], [0, 2]], atol=1e-6)


def gradient(function: Callable[[Any], Any], matrix: Any) -> Array:
    x = nd.array(matrix, dtype="float64")
    x.attach_grad()
    with autograd.record():
        y = function(x)
    y.backward()
    return np.asarray(x.grad.asnumpy())


def test_gradients_of_equal_eigenvalues() -> None:
    """Of the values they are right; those of the vectors do not exist, and are no numbers."""
    np.testing.assert_array_equal(gradient(lambda x: nd.linalg.syevd(x)[1].sum(), np.eye(3)), np.eye(3))
    wanted = nd.array([[1.0, 2], [3, 5]], dtype="float64")
    assert not np.isfinite(gradient(lambda x: (nd.linalg.syevd(x)[0] * wanted).sum(), np.eye(2))).all()


def test_a_determinant_of_zero_has_the_gradient_zero() -> None:
    batch = [[[1, 2], [2, 4]], [[1, 2], [3, 4]]]
    expected = np.array([np.zeros((2, 2)), [[4, -3], [-2, 1]]])
    np.testing.assert_allclose(gradient(lambda x: nd.linalg.det(x).sum(), batch), expected, rtol=1e-12)
    np.testing.assert_allclose(gradient(lambda x: nd.linalg.slogdet(x)[1].sum(), batch), expected / -2, rtol=1e-12)


def test_second_order_through_a_factor() -> None:
    """log det A is twice the sum of the logarithms of the factor's diagonal: its second derivatives are known."""
    x = nd.array([[4, 1], [1, 3]], dtype="float64")
    x.attach_grad()
    with autograd.record():
        half = nd.linalg.sumlogdiag(nd.linalg.potrf(x))
        first = autograd.grad(half * 2, x, create_graph=True)[0]
        total = (first * first).sum()
    total.backward()
    inverse = np.linalg.inv([[4, 1], [1, 3]])
    np.testing.assert_allclose(first.asnumpy(), inverse, rtol=1e-12)
    np.testing.assert_allclose(x.grad.asnumpy(), -2 * inverse @ inverse @ inverse, rtol=1e-12)


def test_symbols_know_the_shapes() -> None:
    a, b = lazynd.sym.Variable("a"), lazynd.sym.Variable("b")
    lower = lazynd.sym.linalg.potrf(a)
    both = lazynd.sym.linalg.trsm(lower, b, rightside=True)
    assert lazynd.sym.linalg.det(a, name="d").list_outputs() == ["d_output0"]
    _, (shape,), _ = both.infer_shape(a=(2, 3, 3), b=(2, 5, 3))
    assert shape == (2, 5, 3)
    (made,) = both.eval(a=nd.array([[4, 0], [0, 9]]), b=nd.array([[2, 3]]))
    np.testing.assert_allclose(made.asnumpy(), [[1, 1]], rtol=1e-6)
