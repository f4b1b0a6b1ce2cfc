"""What is written out by types gives what NumPy gives: each case as plain Python, a choice of them in both modes."""

import linecache
import operator

import numpy as np
import pytest

import dualad
from dualad.compiler.lowering import source
from dualad.rules import by_types, factorised, moving
from dualad.rules.by_types import Like
from dualad.testing import check_grads

from ..programs.program import data

A, B, V = data(901, 3, 4), data(902, 2, 3, 4), data(903, 5)
S = data(904, 2, 3, 3) + 3.0 * np.eye(3)
SYMMETRIC = S + np.swapaxes(S, 1, 2)
HOLES = np.where(np.arange(24).reshape(2, 3, 4) % 7 == 3, np.nan, B)
POSITIVE = np.abs(A) + 0.5
C = A + 1j * np.roll(A, 1)
INTEGERS = np.arange(12).reshape(3, 4) % 5
AXES = ({}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": (-1, 1), "keepdims": True}, {"keepdims": True})
FUNCTIONS = {
    **{f: [((B,), axes) for axes in AXES] for f in (np.sum, np.mean, np.var, np.std, np.prod, np.max, np.min, np.ptp)},
    **{f: [((B > 0.5,), axes) for axes in AXES] for f in (np.any, np.all, np.count_nonzero)},
    **{f: [((HOLES,), axes) for axes in AXES] for f in (np.nansum, np.nanprod, np.nanmean, np.nanmax, np.nanmin)},
    **{f: [((HOLES,), {"ddof": 1, **axes}) for axes in AXES[:5]] for f in (np.nanvar, np.nanstd)},
    **{f: [((B,), axes) for axes in AXES[1:]] for f in (np.median, np.nanmedian)},
    **{
        f: [((B, 30 * scale), {"axis": (0, 2)}), ((A, np.array([0.2, 0.7]) * scale), {"axis": 1, "keepdims": True})]
        for scale, *several in ((1 / 100, np.quantile, np.nanquantile), (1.0, np.percentile, np.nanpercentile))
        for f in several
    },
    **{f: [((B,), axes) for axes in (AXES[1], AXES[2], AXES[5])] for f in (np.argmax, np.argmin)},
    np.argsort: [((B,), {"axis": 1}), ((B,), {"axis": None})],
    np.sort: [((B,), {"axis": 1}), ((B,), {"axis": None})],
    np.partition: [((A, 1), {"axis": 0})],
    np.cumprod: [((B,), {"axis": 1}), ((INTEGERS,), {"axis": 0})],
    np.nancumsum: [((HOLES,), {"axis": 1})],
    np.diff: [((B,), {"axis": 0}), ((B,), {"n": 2, "axis": 1})],
    np.trapezoid: [((B,), {"axis": 1, "dx": 0.5}), ((A, V[:3]), {"axis": 0}), ((A, POSITIVE), {"axis": 0})],
    np.gradient: [((A,), {}), ((A, 0.5), {"axis": 1}), ((B, 0.5, 2.0), {"axis": (2, 0)})],
    np.average: [((B,), {"axis": 1}), ((A, 1, V[:4]), {}), ((A,), {"axis": 0, "weights": POSITIVE, "keepdims": True})],
    np.heaviside: [((A, 0.5), {}), ((A, A[0]), {})],
    np.polyval: [((V, A), {}), (((1.0, 2.0, 3.0), A), {})],
    np.linalg.norm: [
        *[((B,), {"axis": k, "ord": p}) for k, p in ((0, None), (1, 1), (-1, np.inf), ((0, 1), "fro"), ((2, 0), 1))],
        *[((A,), {"ord": p, "keepdims": True}) for p in ("fro", 2, np.inf)],
        *[((B,), {}), ((B,), {"axis": (1, 2), "ord": "nuc"}), ((B,), {"axis": (0, 2), "keepdims": True})],
    ],
    np.einsum: [
        *[
            ((s, A, A), {})
            for s in ("ij,kj->ik", "ij,kj", "ij,ij->j", "ij,ij", "...j,...j", "ij,kl->kjli", "ji,jk->ki")
        ],
        *[((s, S), {}) for s in ("bii->b", "bii->bi", "b...->...", "ijk->", "ijk->kji")],
        *[((s, S, S[0]), {}) for s in ("...ij,...jk->...ik", "bij,jk->bik", "bij,ij->b")],
        *[(("bij,bjk,bkl->il", S, S, S), {}), (("i,j,k->kij", V, V, V), {}), ((A, (0, 1), A, (2, 1), (0, 2)), {})],
        *[(("ij,j->i", A, A[0]), {}), (("i,ij", V[:3], A), {}), (("i,i", V, V), {}), (("ij,kj", INTEGERS, A), {})],
    ],
    np.tensordot: [
        ((B, B), {"axes": ((1, 2), (1, 2))}),
        ((B, B[0]), {}),
        ((A, A), {"axes": 0}),
        ((A, A[0]), {"axes": 1}),
    ],
    np.inner: [((A, A), {}), ((B, V[:4]), {}), ((A, 2.0), {})],
    np.dot: [((B, A.T), {}), ((A, np.swapaxes(B, 1, 2)), {}), ((B, V[:4]), {}), ((V[:3], B), {})],
    np.vdot: [((A, A), {})],
    np.trace: [((B,), {}), ((B, 1, 1, 2), {}), ((A, -1), {})],
    np.kron: [((B, A), {}), ((V, B), {}), ((B, B[:, :1]), {})],
    np.matmul: [
        ((B, np.swapaxes(B, 1, 2)), {}),
        ((B, V[:4]), {}),
        ((V[:3], B), {}),
        ((A, A.T), {}),
        ((A, B[:, None, 0, :, None]), {}),
    ],
    np.linalg.inv: [((S,), {})],
    np.linalg.det: [((S,), {}), ((S[None],), {})],
    np.linalg.slogdet: [((S,), {})],
    np.linalg.cholesky: [((S @ np.swapaxes(S, 1, 2),), {}), ((S @ np.swapaxes(S, 1, 2),), {"upper": True})],
    np.linalg.pinv: [((B,), {})],
    np.linalg.eigvalsh: [((SYMMETRIC,), {}), ((SYMMETRIC, "U"), {})],
    np.linalg.eigh: [((SYMMETRIC,), {}), ((SYMMETRIC[0], "U"), {})],
    np.linalg.svd: [
        ((B,), {"full_matrices": False}),
        ((B,), {}),
        ((A,), {"compute_uv": False}),
        ((B,), {"compute_uv": False}),
    ],
    np.linalg.qr: [((B,), {})],
    np.linalg.matrix_power: [((S, 3), {})],
    np.linalg.solve: [((S, S), {}), ((S, V[:3]), {}), ((S[0], S), {}), ((S, B[:1]), {})],
    np.squeeze: [((A[:, None],), {"axis": 1}), ((A[None, :, None],), {"axis": (0, 2)})],
    np.expand_dims: [((A, (0, 2)), {}), ((A, (-1, 1)), {})],
    np.flip: [((B, 0), {}), ((B, (0, -1)), {})],
    np.rot90: [((B, k), {"axes": axes}) for k in range(-1, 4) for axes in ((0, 1), (2, 0))],
    np.moveaxis: [((B, (0, 1), (1, 2)), {}), ((B, (-1, 0), (0, 1)), {})],
    np.rollaxis: [((B, 2), {}), ((B, 0, 3), {})],
    np.swapaxes: [((B, 0, -1), {})],
    np.repeat: [((B, 2), {"axis": 1}), ((A, np.array([1, 0, 2])), {"axis": 0}), ((A, (1, 2, 0)), {"axis": 0})],
    np.tile: [((A, 2), {}), ((A, (2, 3)), {}), ((A, (2, 1, 2)), {}), ((B, (2,)), {})],
    np.pad: [
        *[
            ((A, width), {"mode": m})
            for m in ("constant", "edge", "wrap", "reflect", "symmetric")
            for width in (1, (2, 1), ((1, 2), (0, 3)))
        ],
        *[((A, 2), {"constant_values": 3.0}), ((A, ((1, 2), (2, 1))), {"constant_values": ((1.0, 2.0), (3.0, 4.0))})],
        *[((V, 9), {"mode": m}) for m in ("wrap", "reflect", "symmetric")],
    ],
    np.roll: [((B, 1), {"axis": 1}), ((B, (1, -2)), {"axis": (0, 2)}), ((B, 2), {"axis": (0, 1)})],
    np.take: [((A, (0, 2)), {"axis": 0}), ((A, 1), {"axis": 1}), ((A, np.array([[0, -1], [2, 3]])), {"axis": 1})],
    np.take_along_axis: [((A, np.argsort(A, 0)), {"axis": 0}), ((A, INTEGERS[:, :2] % 3), {"axis": 1})],
    np.diagonal: [((B,), {}), ((B, 1, 1, 2), {}), ((A, -1), {})],
    np.meshgrid: [((V, V[:3]), {}), ((V, V[:3], V[:2]), {"indexing": "ij"}), ((V, V[:3], V[:2]), {})],
    np.block: [((((A, A), (A, A)),), {}), (((V, 1.0),), {}), ((((A[0], A[1]), (A[2], A[0])),), {})],
    np.concatenate: [(((B, B),), {"axis": -1}), (((A, INTEGERS),), {}), (((V, V, V),), {})],
    **{f: [((B,), {})] for f in (np.matrix_transpose, np.linalg.matrix_transpose, np.linalg.svdvals, np.fix)},
    **{f: [((B,), {}), ((B,), {"offset": 1})] for f in (np.linalg.diagonal, np.linalg.trace)},
    **{f: [((V,), {}), ((B,), {"axis": 1})] for f in (np.cumulative_sum, np.cumulative_prod)},
    **{f: [((V, V[:3]), {}), ((V[:2], V), {})] for f in (np.polyadd, np.polysub, np.polymul)},
    **{f: [((V,), {})] for f in (np.polyder, np.polyint)},
    **{f: [((A, A), {}), ((V, V), {})] for f in (np.vecdot, np.linalg.vecdot)},
    np.linalg.matmul: [((A, A.T), {})],
    np.linalg.tensordot: [((B, B[0]), {}), ((A, A), {"axes": 0})],
    np.linalg.outer: [((V, V), {})],
    np.linalg.cross: [((S, S), {})],
    np.linalg.matrix_norm: [((B,), {}), ((B,), {"ord": 1, "keepdims": True})],
    np.linalg.vector_norm: [((B,), {}), ((B,), {"axis": 1, "ord": 1})],
    np.linalg.multi_dot: [(((A, A.T, A),), {})],
    np.matvec: [((B, V[:4]), {}), ((A, A), {})],
    np.vecmat: [((V[:3], B), {}), ((A, A.T), {})],
    np.astype: [((A, np.float32), {})],
    np.compress: [((V > 1.0, V), {}), ((V[:3] > 1.0, A), {"axis": 0})],
    np.array: [(((A, A),), {}), ((((V, V), (V, V)),), {"dtype": np.float32})],
    np.append: [((A, A), {"axis": 1})],
    np.stack: [(((A, A),), {"axis": k}) for k in (0, 1, -1)],
    np.hstack: [(((B, B),), {}), (((V, V),), {}), (((V, 1.0),), {})],
    np.vstack: [(((A, A[0]),), {}), (((V, V),), {}), (((B, B),), {}), (((1.0, 2.0),), {})],
    np.dstack: [(((A, A),), {}), (((V, V),), {})],
    np.column_stack: [(((A, V[:3]),), {}), (((V, V),), {})],
    moving.as_rows: [((V, 1.0, V), {}), ((A, A), {}), ((V,), {})],
    moving.as_columns: [((V, V), {}), ((A, V[:3]), {}), ((A, A), {})],
    factorised.as_vector: [((V,), {}), ((A,), {}), ((1.5,), {})],
    factorised.as_square: [((S[0],), {}), ((S[0].reshape(1, 3, 3, 1),), {}), ((1.5,), {})],
    factorised.shaped_like: [((V, V), {}), ((np.ravel(A), A), {}), ((V[:1], 1.5), {})],
    **{
        f: [
            ((x, *n), {"axis": axis, "norm": norm})
            for x in inputs
            for n in ((), (3,), (6,))
            for axis, norm in ((-1, None), (0, "ortho"), (1, "forward"))
        ]
        for f, inputs in (
            (np.fft.fft, (A, B, C, INTEGERS, A.astype(np.float32))),
            (np.fft.ifft, (A, C)),
            (np.fft.rfft, (A, B)),
            (np.fft.irfft, (A, C, C.astype(np.complex64))),
        )
    },
    **{
        f: [((A,), {}), ((B,), {"axes": (0, 1)}), ((C, (4, 2)), {"norm": "ortho"})]
        for f in (np.fft.fft2, np.fft.ifft2, np.fft.fftn, np.fft.ifftn, np.fft.irfft2, np.fft.irfftn)
    },
    **{f: [((A,), {}), ((B,), {"axes": (0, 1)}), ((A, (4, 2)), {})] for f in (np.fft.rfft2, np.fft.rfftn)},
    **{
        f: [((A,), {}), ((V,), {}), ((B,), {"axes": (0, 1)}), ((A,), {"axes": 1})]
        for f in (np.fft.fftshift, np.fft.ifftshift)
    },
}
ALIASES = {np.amax: np.max, np.amin: np.min}


def likes(x):
    """What is known of an argument when a function is compiled."""
    if isinstance(x, tuple):
        return tuple(map(likes, x))
    return Like(x.ndim, x.dtype) if isinstance(x, np.ndarray) else x


def written(function, args, kwargs):
    """Return the function that is written for a call, and its arguments by name; None if there is none."""
    declared = by_types.find(function)
    made = declared.written_for(*likes(args), **{k: likes(v) for k, v in kwargs.items()})
    if made is None:
        return None
    taken = made.__code__.co_varnames[: made.__code__.co_argcount]
    return made, {k: v for k, v in declared.bound(args, kwargs).items() if k in taken}


def test_every_function_has_a_case():
    assert {ALIASES.get(f, f) for f in by_types.all_by_types()} - {operator.matmul} == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_values_types_and_shapes(function):
    count = 0
    for args, kwargs in FUNCTIONS[function]:
        found = written(function, args, kwargs)
        if found is None:  # Numba has it
            continue
        count += 1
        made, given = found
        wanted = by_types.find(function).result(*args, **kwargs)
        several = isinstance(wanted, tuple | list)
        known = by_types.result_like(
            by_types.find(function).result, likes(args), {k: likes(v) for k, v in kwargs.items()}
        )
        values = made(**given)
        triples = zip(values, wanted, known, strict=True) if several else [(values, wanted, known)]
        for value, want, kind in triples:
            assert np.shape(value) == np.shape(want)
            assert kind == Like(np.ndim(want), np.asarray(want).dtype)
            near = {"rtol": 1e-10, "atol": 1e-12} if np.abs(want).dtype != np.float32 else {"rtol": 1e-5, "atol": 1e-5}
            np.testing.assert_allclose(np.abs(value), np.abs(want), **near)
    assert count


# -------------------------------------------------------------------- compiled, in both modes


def reductions(x):
    m = x.mean(axis=0, keepdims=True)
    return (
        x - m,
        np.std(x, axis=(0, -1), ddof=1),
        x.max(axis=1),
        np.argmin(x, axis=2) * x[:, :, 0],
        np.all(x > -9.0, axis=1, keepdims=True) * m,
    )


def products(x, y):
    return (
        np.einsum("bij,bkj->ik", x, x),
        np.tensordot(x, y, ((1, 2), (0, 1))),
        x @ y.T,
        np.inner(y, x[0]),
        np.trace(x, 1, 1, 2),
    )


def solves(a, b):
    return np.linalg.solve(a, b), np.linalg.det(a)


def shapes(x):
    y = np.pad(np.tile(x, (1, 2)), ((1, 0), (0, 2)), mode="reflect")
    return (
        np.roll(y, (1, 2), axis=(0, 1)),
        np.squeeze(x[None], axis=0) * 1.0,
        np.r_[x[0], 1.0, 0:2],
        np.block([[x, x], [x, x]]),
    )


def statistics(x, w):
    d = np.gradient(x)
    return np.median(x, axis=0), np.average(x, axis=0, weights=w), d[0] * d[1], np.linalg.norm(x, axis=1)


def unrelated(x, n):
    """What carries no derivative is compiled as well."""
    table = np.einsum("ij,kj->ik", n, n).mean(axis=0) + np.sum(n, axis=0)[:3] + np.tile(n[0], 2)[:3]
    return np.sum(x * table) * np.linalg.norm(n, axis=1).sum()


PROGRAMS = [
    (reductions, (B,)),
    (products, (B, A)),
    (solves, (S, B[:, :, :2])),
    (shapes, (A,)),
    (statistics, (A, V[:3] ** 2)),
    (unrelated, (V[:3], A * 2.0)),
]


@pytest.mark.parametrize(("function", "args"), PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))
def test_both_modes(function, args):
    check_grads(function, args, argnums=0)


def curved(x):
    return np.sum(np.einsum("ij,kj->ik", x, np.tanh(x))[0]) + np.sum(x.std(axis=0) * np.max(x, axis=0))


def test_second_order():
    v = data(905, 3, 4)
    h = 1e-5
    gradient = dualad.grad(curved)
    numeric = (gradient(A + h * v) - gradient(A - h * v)) / (2 * h)
    np.testing.assert_allclose(dualad.hvp(curved, (A,), (v,)), numeric, rtol=1e-6, atol=1e-6)


def test_texts_are_found_again_when_linecache_has_forgotten_them():
    x = np.arange(6.0).reshape(3, 2) ** 2
    once = dualad.grad(lambda x: np.sum(np.diff(x, axis=0) ** 2))(x)
    linecache.clearcache()
    source._texts.clear()
    np.testing.assert_array_equal(dualad.grad(lambda x: 2.0 * np.sum(np.diff(x, axis=0) ** 2))(x), 2.0 * once)
