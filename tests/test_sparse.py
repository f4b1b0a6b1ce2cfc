"""Sparse Jacobians and Hessians: patterns that hold at every point, colours, elements, errors, SciPy's solvers."""

import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from numba import njit, typeof
from scipy.integrate import solve_ivp

import dualad
from dualad.compiler.build import Derivative, build
from dualad.compiler.runtime.index_sets import DensePattern, parts_of, room_for
from dualad.sparse.colouring import colour_symmetric
from dualad.sparse.expansion import _by_paths, _in_order, hessian_pattern, jacobian_pattern

from .programs import PROGRAMS


def pattern_of(f, *args, kind="jacobian_pattern", argnums=(0,)):
    """Return the pattern as an array of 0 and 1, by the generated code run as plain Python."""
    built = build(Derivative(f, kind, argnums), tuple(map(typeof, args)))
    sets = room_for(2000, 2000)
    outputs = built.function(*args, sets)
    found = hessian_pattern(sets) if kind == "hessian_pattern" else jacobian_pattern(sets, np.concatenate(outputs))
    return found.toarray().astype(int)


def rows(*texts):
    return np.array([[int(c) for c in text] for text in texts])


# ---------------------------------------------------------------- patterns


def neighbours(x):
    y = np.zeros_like(x)
    for i in range(1, x.size - 1):
        y[i] = x[i - 1] * x[i + 1]
    y[0] = 3.0
    y[-1] = x[0]
    return y


def test_loops_are_followed_as_they_run():
    assert np.array_equal(pattern_of(neighbours, np.ones(4)), rows("0000", "1010", "0101", "1000"))


def both_sides(x, scale):
    y = np.zeros(3)
    if x[0] > scale:
        y[0] = x[1]
        t = x[2]
    else:
        y[0] = x[2]
        y[1] = 1.0
        t = 2.0
    y[2] = t
    return y


def test_both_sides_of_a_branch_on_floats_count():
    for x in (np.zeros(3), np.ones(3)):
        assert np.array_equal(pattern_of(both_sides, x, 0.5), rows("011", "000", "001"))


def one_side(x, mode):
    return x * x if mode == 1 else x * x[0]


def test_a_branch_on_an_integer_is_taken_as_it_is():
    assert np.array_equal(pattern_of(one_side, np.ones(2), 1), rows("10", "01"))
    assert np.array_equal(pattern_of(one_side, np.ones(2), 2), rows("10", "11"))


def gathered(x, where):
    return x[where] * 2.0


def largest(x):
    k = np.argmax(x)
    y = np.zeros(2)
    y[0] = x[k]
    y[1] = x[-1]
    return y


def stored_somewhere(x):
    y = np.zeros(3)
    y[int(x[0])] = x[1]
    return y


def test_indices():
    assert np.array_equal(pattern_of(gathered, np.ones(3), np.array([2, 0, 2])), rows("001", "100", "001"))
    assert np.array_equal(pattern_of(largest, np.ones(3)), rows("111", "001"))  # any may be the largest
    assert np.array_equal(pattern_of(stored_somewhere, np.ones(2)), rows("01", "01", "01"))


def roots(x):
    y = np.empty_like(x)
    for i in range(x.size):
        target = x[i]
        r = 1.0
        while abs(r * r - target) > 1e-12:
            r = 0.5 * (r + target / r)
        y[i] = r
    return y


def until_negative(x):
    total = 0.0
    y = np.zeros(2)
    for i in range(x.size):
        if x[i] < 0.0:
            break
        total = x[i]
        y[1] += x[i] if i < 2 else 0.0
    y[0] = total
    return y


def left_early(x):
    for i in range(x.size):
        if x[i] < 0.0:
            return np.full(2, x[i])
    return x[:2] * x[1:3]


def times_a_while(x, n):
    y = x.copy()
    k = 0
    while k < n:
        y[k] = x[k] * y[k - 1]
        k += 2
    return y


def test_loops_of_uncertain_length():
    assert np.array_equal(pattern_of(roots, np.ones(3)), np.eye(3))
    assert np.array_equal(pattern_of(until_negative, np.ones(3)), rows("111", "110"))
    assert np.array_equal(pattern_of(left_early, np.ones(3)), rows("111", "111"))
    assert np.array_equal(pattern_of(times_a_while, np.ones(3), 3), rows("101", "010", "011"))


def beyond_the_end(x):
    y = np.zeros(x.size)
    for i in range(x.size):
        inside = (x[i] > 0.0) & (i + 1 < x.size)
        if inside:
            y[i] = x[i + 1]
    return y


def next_row(x):
    y = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        inside = (x[i, 0] > 0.0) & (i + 1 < x.shape[0])
        if inside:
            row = x[i + 1]
            y[i] = row[1]
    return y


def refused(x):
    if x[0] < 0.0:
        raise ValueError("negative")
    return x * 2.0


def refused_beside_a_size(x, n):
    if x[0] < 0.0:
        raise ValueError("negative")
    else:
        m = n
    y = np.zeros(m)
    y[0] = x[m]
    return y


def test_branches_that_are_never_taken_do_no_harm():
    assert np.array_equal(pattern_of(refused_beside_a_size, np.ones(3), 2), rows("001", "000"))
    assert np.array_equal(pattern_of(beyond_the_end, np.ones(3)), rows("010", "001", "000"))
    assert np.array_equal(pattern_of(next_row, np.ones((3, 2))), rows("000100", "000001", "000000"))
    assert np.array_equal(pattern_of(refused, np.full(2, -1.0)), np.eye(2))


SECOND_DIFFERENCE = np.diag(np.full(4, -2.0)) + np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)


def by_matrices(x, a):
    return np.concatenate((SECOND_DIFFERENCE @ x[:4], a @ x[:2], np.cumsum(x[4:])))


def test_products():
    found = pattern_of(by_matrices, np.ones(6), np.eye(2))
    expected = rows("110000", "111000", "011100", "001100", "110000", "110000", "000010", "000011")
    assert np.array_equal(found, expected)  # the zeros of a constant are zeros everywhere, those of `a` may not be


def chosen_array(x):
    y = x[:2].copy() if x[0] > 0.0 else x[1:3] * 1.0
    return y * 1.0


def aliased(x):
    a, b = x.copy(), x * 2.0
    c = a if x[0] > 0.0 else b
    c[0] = x[2]
    return a


def masked(x):
    return x[x > 0.0]


def test_arrays_that_are_one_of_two():
    assert np.array_equal(pattern_of(chosen_array, np.ones(3)), rows("110", "011"))
    with pytest.raises(DensePattern, match="which of two arrays is written into .*test_sparse.py, line"):
        pattern_of(aliased, np.ones(3))
    with pytest.raises(DensePattern, match="taken as dense"):
        pattern_of(masked, np.ones(3))


def test_no_pattern_is_a_dense_one_and_a_warning():
    jacobian = dualad.sparse_jacobian(aliased)
    x = np.array([1.0, 2.0, 3.0])
    with pytest.warns(UserWarning, match="taken as dense"):
        found = jacobian(x)
    assert found.nnz == 9 and np.array_equal(found.toarray(), dualad.jacfwd(aliased)(x))


def test_sets_are_expanded_alike_on_both_ways():
    rng = np.random.default_rng(3)
    inputs = 150
    nodes = np.array([rng.integers(0, inputs + 1 + k, 2) for k in range(400)])
    ids = rng.integers(0, inputs + 401, 60)
    is_done, indptr, indices = _by_paths(ids, inputs, nodes, 10**9)
    other_indptr, other = _in_order(ids, inputs, nodes)
    assert is_done and np.array_equal(indptr, other_indptr)
    for a, b in zip(indptr[:-1], indptr[1:], strict=True):
        assert np.array_equal(np.sort(indices[a:b]), other[a:b])
    assert not _by_paths(ids, inputs, nodes, 10)[0]


def flat(x):
    if isinstance(x, tuple | list):
        return [number for item in x for number in flat(item)]
    return list(np.ravel(x)) if np.asarray(x).dtype.kind == "f" else []


def nudged(args, argnums, place, by):
    """Return the arguments with one of the numbers that are differentiated by changed."""
    changed = list(args)
    for k in argnums:
        size = np.size(args[k])
        if 0 <= place < size:
            changed[k] = args[k] + by * (np.arange(size) == place).reshape(np.shape(args[k]))
        place -= size
    return tuple(changed)


@pytest.mark.parametrize("program", PROGRAMS[4::45], ids=lambda p: p.name)
def test_patterns_have_all_that_changes(program):
    args, argnums = program.fresh_args(), program.argnums
    if any(isinstance(args[k], tuple) for k in argnums) or any(callable(a) for a in args):
        return
    f = getattr(program.function, "py_func", program.function)
    kind = "hessian_pattern" if program.scalar else "jacobian_pattern"
    built = build(Derivative(f, kind, argnums), tuple(map(typeof, args)))
    sets = room_for(20000, 20000)
    try:
        outputs = np.concatenate(built.function(*args, sets))
    except DensePattern:
        return
    pattern = jacobian_pattern(sets, outputs).toarray()
    before = np.array(flat(f(*program.fresh_args())))
    for j in range(min(pattern.shape[1], 20)):
        after = np.array(flat(f(*nudged(program.fresh_args(), argnums, j, 1e-7))))
        assert pattern[(after != before), j].all()


# ---------------------------------------------------------------- second order


def second_differences(x):
    return np.sum((x[1:] - x[:-1]) ** 2) + x[0]


def products(x):
    return x[0] * x[1] + x[2] * np.sum(x) + abs(x[3]) + max(x[3], x[4]) + np.dot(x[3:], x[:2])


def linear_inside(x):
    return math_sin_of(x[0] + x[1]) + 2.0 * x[2]


@njit
def math_sin_of(t):
    return np.sin(t)


def test_patterns_of_hessians():
    kind = "hessian_pattern"
    assert np.array_equal(pattern_of(second_differences, np.ones(4), kind=kind), rows("1100", "1110", "0111", "0011"))
    expected = rows("01110", "10101", "11111", "10100", "01100")
    assert np.array_equal(pattern_of(products, np.ones(5), kind=kind), expected)
    assert np.array_equal(pattern_of(linear_inside, np.ones(3), kind=kind), rows("110", "110", "000"))


def hub(x):
    return np.sum(x[0] * x**2)


def test_a_vertex_with_all_others_for_neighbours_has_its_own_colour():
    pattern = pattern_of(hub, np.ones(200), kind="hessian_pattern")
    colour = colour_symmetric(scipy.sparse.csr_array(pattern))
    assert colour[0] == 0 and set(colour[1:]) == {1} and pattern.sum() == 200 + 2 * 199


def test_star_colourings():
    rng = np.random.default_rng(5)
    for density in (0.02, 0.06, 0.2):
        half = scipy.sparse.random_array((60, 60), density=density, rng=rng, dtype=bool)
        pattern = scipy.sparse.csr_array(half + half.T)
        colour = colour_symmetric(pattern)
        near = [set(pattern.indices[pattern.indptr[k] : pattern.indptr[k + 1]]) - {k} for k in range(60)]
        for b in range(60):
            for c in near[b]:
                assert colour[b] != colour[c]
                for a in near[b] - {c}:
                    for d in near[c] - {b}:
                        assert a == d or len({colour[v] for v in (a, b, c, d)}) > 2


# ---------------------------------------------------------------- values


def brusselator(u, n):
    w = u.reshape(2, n, n)
    out = np.empty_like(w)
    for i in range(n):
        for j in range(n):
            a, b = w[0, i, j], w[1, i, j]
            la = w[0, (i + 1) % n, j] + w[0, i - 1, j] + w[0, i, (j + 1) % n] + w[0, i, j - 1] - 4.0 * a
            lb = w[1, (i + 1) % n, j] + w[1, i - 1, j] + w[1, i, (j + 1) % n] + w[1, i, j - 1] - 4.0 * b
            out[0, i, j] = 1.0 + a * a * b - 4.4 * a + 10.0 * la
            out[1, i, j] = 3.4 * a - a * a * b + 10.0 * lb
    return out.ravel()


def test_brusselator():
    jacobian = dualad.sparse_jacobian(brusselator)
    u = np.random.default_rng(1).uniform(0.5, 1.5, 2 * 64)
    found = jacobian(u, 8)
    assert isinstance(found, scipy.sparse.csr_array) and found.nnz == 6 * 128 and jacobian.colors <= 12
    assert np.array_equal(found.toarray(), dualad.jacfwd(brusselator)(u, 8))
    pattern = jacobian.pattern(u, 8)
    assert pattern.dtype == bool and np.array_equal(pattern.toarray(), found.toarray() != 0.0)
    found.data[:] = 0.0
    found.indices[:] = 0  # of its own
    assert np.array_equal(jacobian.pattern(u, 8).toarray(), pattern.toarray())
    assert jacobian.pattern(np.ones(2 * 25), 5).shape == (50, 50)
    assert abs(jacobian(u, 8).toarray()).sum() > 0.0


def wide(x):
    y = np.zeros(2)
    for i in range(x.size):
        y[i % 2] += x[i] ** 3
    return y


def test_rows_where_these_are_fewer():
    jacobian = dualad.sparse_jacobian(njit(wide))
    x = np.linspace(0.5, 1.5, 40)
    found = jacobian(x)
    assert jacobian.colors == 1 and found.shape == (2, 40)
    assert np.allclose(found.toarray()[0, ::2], 3.0 * x[::2] ** 2) and found.nnz == 40


def arrow(x):
    y = x**2
    y[0] = np.sum(x**3)
    y[1:] *= x[0]
    return y


def test_long_rows_are_found_by_themselves():
    jacobian = dualad.sparse_jacobian(arrow)
    x = np.linspace(0.5, 1.5, 50)
    found = jacobian(x)
    assert jacobian.colors == 3 and found.nnz == 50 + 2 * 49
    assert np.allclose(found.toarray(), dualad.jacfwd(arrow)(x))


def of_structures(p, scale):
    return {"flux": p["u"][1:] * p["u"][:-1] * p["k"], "level": scale * p["k"], "n": 3}


def test_structures():
    jacobian = dualad.sparse_jacobian(of_structures)
    p = {"k": 2.0, "u": np.array([1.0, 2.0, 3.0]), "name": "rod"}
    found = jacobian(p, scale=5.0)
    assert np.array_equal(found.toarray(), [[2.0, 4.0, 2.0, 0.0], [6.0, 0.0, 6.0, 4.0], [5.0, 0.0, 0.0, 0.0]])


def test_float32_and_matrix_results():
    jacobian = dualad.sparse_jacobian(lambda a, x: np.sin(x) @ a, argnums=1)
    a, x = np.ones((3, 2), np.float32), np.ones((2, 3), np.float32)
    found = jacobian(a, x)
    assert (
        found.shape == (4, 6)
        and found.dtype == np.float32
        and np.allclose(found.toarray()[0], [np.cos(1.0)] * 3 + [0.0] * 3, atol=1e-6)
    )


def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def test_hessian_of_rosenbrock():
    hessian = dualad.sparse_hessian(rosenbrock)
    x = np.random.default_rng(2).normal(size=12)
    found = hessian(x)
    assert hessian.colors == 3 and found.nnz == 12 + 2 * 11
    assert np.allclose(found.toarray(), scipy.optimize.rosen_hess(x))


def energy(weight, p):
    return weight * p[0] * p[1][0] + p[1][1] ** 3 + p[1][2]


def test_hessian_by_a_structure():
    hessian = dualad.sparse_hessian(energy, argnums=1)
    found = hessian(2.0, (3.0, np.array([1.0, 2.0, 3.0])))
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 2.0
    expected[2, 2] = 12.0
    assert np.array_equal(found.toarray(), expected)
    assert dualad.sparse_hessian(lambda x: x[0] + 2.0 * x[1])(np.ones(2)).nnz == 0


def slope_of_rosenbrock(x):
    return dualad.grad(rosenbrock)(x) * 0.5


def test_gradients_inside():
    x = np.array([0.5, 1.5, 2.0])
    found = dualad.sparse_jacobian(slope_of_rosenbrock)(x)
    assert np.allclose(found.toarray(), 0.5 * scipy.optimize.rosen_hess(x))
    found = dualad.sparse_jacobian(dualad.grad(rosenbrock))(x)
    assert found.nnz == 7 and np.allclose(found.toarray(), scipy.optimize.rosen_hess(x))


# ---------------------------------------------------------------- sparsity given, bad input


def test_a_given_sparsity():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    right = np.array([[0, 0, 0, 0], [1, 1, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0]])
    jacobian = dualad.sparse_jacobian(neighbours, sparsity=scipy.sparse.coo_array(right))
    assert np.array_equal(jacobian(x).toarray(), dualad.jacfwd(neighbours)(x))
    right[2, 3] = 0
    jacobian = dualad.sparse_jacobian(neighbours, sparsity=right)
    with pytest.raises(dualad.ArgumentError, match="sparsity given to sparse_jacobian of neighbours lacks .* row 2"):
        jacobian(x)
    with pytest.raises(dualad.ArgumentError, match=r"shape \(4, 4\), but the matrix has shape \(5, 5\)"):
        jacobian(np.ones(5))
    hessian = dualad.sparse_hessian(rosenbrock, sparsity=np.triu(np.tri(4, k=1)))
    assert np.allclose(hessian(x).toarray(), scipy.optimize.rosen_hess(x))
    with pytest.raises(dualad.ArgumentError, match="sparsity given to sparse_hessian of rosenbrock lacks"):
        dualad.sparse_hessian(rosenbrock, sparsity=np.eye(4))(x)


def vanishing(x):
    return np.array([x[0] * x[1], x[1]])


def test_a_given_sparsity_is_checked_at_each_call_where_that_is_asked_for(monkeypatch):
    jacobian = dualad.sparse_jacobian(vanishing, sparsity=np.array([[1, 0], [0, 1]]))
    monkeypatch.delenv("DUALAD_VERIFY", raising=False)
    jacobian(np.array([0.0, 1.0]))  # where the element that it lacks is zero
    jacobian(np.array([1.0, 1.0]))
    monkeypatch.setenv("DUALAD_VERIFY", "1")
    with pytest.raises(dualad.ArgumentError, match="row 0"):
        jacobian(np.array([1.0, 1.0]))


def test_bad_input():
    with pytest.raises(dualad.ArgumentError, match="one argument as argnums, not .0, 1.: pass several arrays as one"):
        dualad.sparse_jacobian(of_structures, argnums=(0, 1))
    with pytest.raises(dualad.ArgumentError, match="takes 1 argument"):
        dualad.sparse_jacobian(roots, argnums=1)
    with pytest.raises(dualad.ArgumentError, match="any number of arguments"):
        dualad.sparse_jacobian(lambda *xs: xs[0])
    with pytest.raises(dualad.ArgumentError, match="is no matrix"):
        dualad.sparse_jacobian(roots, sparsity=np.ones(3))
    with pytest.raises(dualad.NotDifferentiableError, match=r"argument 1 \(scale\) of of_structures is one number"):
        dualad.sparse_jacobian(of_structures, argnums=1)({"u": np.ones(2), "k": 1.0}, 2.0)
    with pytest.raises(dualad.NotDifferentiableError, match="result is an array; rosenbrock returns float64"):
        dualad.sparse_jacobian(rosenbrock)(np.ones(2))
    with pytest.raises(dualad.NotDifferentiableError, match="grad needs a function with one real number"):
        dualad.sparse_hessian(roots)(np.ones(2))
    with pytest.raises(dualad.NotDifferentiableError, match="which has no derivative"):
        dualad.sparse_jacobian(roots)(np.ones(2, int))
    with pytest.raises(dualad.ArgumentError, match="call it first"):
        _ = dualad.sparse_jacobian(roots).colors
    with pytest.raises(dualad.ArgumentError, match="missing a required argument"):
        dualad.sparse_jacobian(gathered)(np.ones(2))


# ---------------------------------------------------------------- SciPy's solvers


def bratu(u, strength):
    h = 1.0 / (u.size + 1)
    out = np.empty_like(u)
    for i in range(u.size):
        left = u[i - 1] if i > 0 else 0.0
        right = u[i + 1] if i < u.size - 1 else 0.0
        out[i] = (left - 2.0 * u[i] + right) / h**2 + strength * np.exp(u[i])
    return out


def cooling(t, u, strength):
    return bratu(u, strength)


def test_solvers_of_scipy():
    jacobian = dualad.sparse_jacobian(bratu)
    start = np.zeros(20)
    fitted = scipy.optimize.least_squares(bratu, start, jac=jacobian, args=(1.0,))
    assert fitted.cost < 1e-16 and jacobian.colors == 3
    found = scipy.optimize.root(bratu, start, jac=lambda u, s: jacobian(u, s).toarray(), args=(1.0,), tol=1e-12)
    assert found.success and np.allclose(found.x, fitted.x)
    by_time = dualad.sparse_jacobian(cooling, argnums=1)
    rest = solve_ivp(cooling, (0.0, 5.0), start, method="Radau", jac=by_time, args=(1.0,), rtol=1e-8, atol=1e-10)
    assert np.allclose(rest.y[:, -1], fitted.x, atol=1e-5)
    best = scipy.optimize.minimize(
        rosenbrock,
        np.zeros(10),
        method="trust-constr",
        jac=dualad.grad(rosenbrock),
        hess=dualad.sparse_hessian(rosenbrock),
        options={"gtol": 1e-8},
    )
    assert np.allclose(best.x, 1.0, atol=1e-4)


def test_products_of_sets_have_room():
    sets = room_for(1, 0)
    built = build(Derivative(wide, "jacobian_pattern", (0,)), (typeof(np.ones(3)),))
    built.function(np.ones(9), sets)
    assert sets[1] > 1 and len(parts_of(room_for(int(sets[1]), 0))[1]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dualad.sparse_jacobian(wide).pattern(np.ones(40000)).nnz == 40000
