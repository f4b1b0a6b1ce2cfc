"""Recursive programs: what test_recursion differentiates, and what it expects to be refused."""

import math

import numpy as np

rng = np.random.default_rng(20)


def fact(x, n):
    if n <= 0:
        return 1.0
    return x * fact(x, n - 1)


def descend(x, y, n):
    if n == 0:
        return x * y
    return math.sin(x) + descend(x * 1.01, y * math.cos(x), n - 1) * 0.99


def integer_base(x, n):
    if n == 0:
        return 1
    return x * integer_base(x, n - 1)


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def uses_integer_recursion(x, n):
    return x ** fib(n) + fib(n) * x


def is_even(n):
    if n == 0:
        return True
    return is_odd(n - 1)


def is_odd(n):
    if n == 0:
        return False
    return is_even(n - 1)


def chosen_by_mutual_recursion(x, n):
    if is_even(n):
        return x * x
    return math.exp(x)


def even_step(x, n):
    return x if n == 0 else odd_step(math.sin(x), n - 1) * x


def odd_step(x, n):
    return x * x if n == 0 else even_step(x * 0.7, n - 1) + x


def both_of_a_pair(x, n):
    return even_step(x, n) * odd_step(x, n + 1)


def sum_between(a, low, high):
    if high - low == 0:
        return 0.0
    if high - low == 1:
        return a[low] * a[low]
    middle = (low + high) // 2
    return sum_between(a, low, middle) + math.sin(sum_between(a, middle, high))


def sum_of_views(a):
    if len(a) == 1:
        return a[0] ** 2
    middle = len(a) // 2
    return sum_of_views(a[:middle]) * 0.5 + sum_of_views(a[middle:]) * a[0]


def in_for_loop(x, n):
    total = x
    for k in range(n):
        total = total + fact(total * 0.3, k) * x
    return total


def repeated(n, x):
    return x if n == 0 else math.sin(repeated(n - 1, x * 1.1))


def sum_in_loop(x, n):
    """The trips are a mere sum, and yet the reverse sweep must take them backwards."""
    total = 0.0
    for k in range(n):
        total += repeated(k, x)
    return total


def in_while_loop(x, limit):
    total, k = x, 0
    while total < limit:
        total = total + fact(x, k % 3) * 0.5
        k += 1
    return total * x


def in_nested_loops(a, x):
    total = 0.0
    for i in range(a.shape[0]):
        row = x
        for j in range(a.shape[1]):
            if a[i, j] > 0.6:
                row = row * 0.5 + fact(a[i, j] * row, j)
        total = total * 0.3 + row
    return total


def tree(x, depth, width):
    """Recursive calls inside a loop inside the recursive function."""
    if depth == 0:
        return math.sin(x)
    total = 0.0
    for k in range(width):
        total = total * x + tree(x * (0.5 + k) / width, depth - 1, width)
    return total * math.cos(x)


def tree_with_exits(x, depth):
    total = x
    for k in range(5):
        if k > depth:
            break
        if k == 1:
            continue
        total += tree_with_exits(x * 0.5 + k * 0.1, depth - 1) * total * 0.2
        if total > 4.0:
            return total * x
    return total


def tree_in_while(x, depth):
    total, k = x, 0
    while k < depth:
        inner = 1.0
        for j in range(k):
            inner = inner * x + j
        total = math.sin(total * inner) + tree_in_while(x * 0.9, k) * inner
        k += 1
    return total


def newton(x, guess, tolerance):
    better = 0.5 * (guess + x / guess)
    if abs(better - guess) < tolerance:
        return better
    return newton(x, better, tolerance)


def square_root(x):
    return newton(x, 1.0, 1e-7)


def simpson(a, low, high, whole, tolerance):
    """Adaptive quadrature of a function with coefficients in an array."""
    middle = 0.5 * (low + high)
    left, right = rule(a, low, middle), rule(a, middle, high)
    if abs(left + right - whole) < 15.0 * tolerance:
        return left + right + (left + right - whole) / 15.0
    return simpson(a, low, middle, left, tolerance / 2) + simpson(a, middle, high, right, tolerance / 2)


def rule(a, low, high):
    return (high - low) / 6.0 * (bump(a, low) + 4.0 * bump(a, 0.5 * (low + high)) + bump(a, high))


def bump(a, t):
    return a[0] / (0.05 + (t - a[1]) ** 2)


def quadrature(a, high):
    return simpson(a, 0.0, high, rule(a, 0.0, high), 1e-4)


def prefix(out, a, i):
    """Writes into one array what it reads from another, and reads what it has written."""
    if i == 0:
        out[0] = a[0]
        return
    prefix(out, a, i - 1)
    out[i] = out[i - 1] * a[i] + out[0]


def prefix_sum(a):
    out = np.zeros(len(a))
    prefix(out, a, len(a) - 1)
    total = 0.0
    for v in out:
        total += v * v
    return total


def prefix_array(a):
    out = np.empty(len(a))
    prefix(out, a, len(a) - 1)
    return out


def overwritten(a, i):
    """Reads an element, overwrites it, calls itself, reads it again."""
    if i == len(a):
        return 0.0
    before = a[i]
    a[i] = before * before
    rest = overwritten(a, i + 1)
    a[0] += rest * 0.1
    return rest + a[i] * before


def accumulate(a, k):
    if k >= len(a):
        return
    a[k] *= 1.5
    a[0] += a[k] * a[k]
    a[-1] -= a[0]
    accumulate(a, k + 2)


def result_after_writes(a, x):
    accumulate(a, 1)
    return a[0] * x + a[-1]


def det(a):
    """Laplace's expansion; the minors are made anew."""
    n = a.shape[0]
    if n == 1:
        return a[0, 0]
    total, sign = 0.0, 1.0
    for j in range(n):
        minor = np.empty((n - 1, n - 1))
        for r in range(1, n):
            for c in range(n - 1):
                minor[r - 1, c] = a[r, c if c < j else c + 1]
        total += sign * a[0, j] * det(minor)
        sign = -sign
    return total


def det_in_scratch(a, scratch, n):
    """Laplace's expansion; the minors of size n live in scratch[n]."""
    if n == 1:
        return a[0, 0]
    total, sign = 0.0, 1.0
    minor = scratch[n - 1]
    for j in range(n):
        for r in range(1, n):
            for c in range(n - 1):
                minor[r - 1, c] = a[r, c if c < j else c + 1]
        total += sign * a[0, j] * det_in_scratch(minor, scratch, n - 1)
        sign = -sign
    return total


def det_by_minors(a):
    n = len(a)
    return det_in_scratch(a, np.empty((n, n, n)), n)


def local_array(x, n):
    """Every activation has an array of its own, made in one branch only."""
    if n == 0:
        return x
    if n % 2 == 0:
        work = np.zeros(3)
        work[0] = x
        work[1] = local_array(x * 0.9, n - 1)
        for k in range(2):
            work[2] += work[k] * work[k]
        return work[2] * x
    return math.sin(local_array(x * 1.1, n - 1))


def two_types(x, n):
    return power(x, n) + power(n, 2) * x + power(x * n, 2)


def power(base, n):
    if n == 0:
        return base * 0 + 1
    return base * power(base, n - 1)


def type_grows(x, y, n):
    """An argument starts as an integer and becomes a float."""
    return growing(1, x, n) + growing(y, x, n)


def growing(total, x, n):
    if n == 0:
        return total * 1.0
    return growing(total * x, x, n - 1)


def helper(x, n):
    return second_helper(x, n) + x


def second_helper(x, n):
    return fact(x, n) * helper_that_recurs(x, n)


def helper_that_recurs(x, n):
    return x if n < 1 else helper_between(x, n) * 0.5


def helper_between(x, n):
    return helper_that_recurs(math.sin(x), n - 2)


def deep_helpers(x, n):
    return helper(x, n) * helper(x * x, n + 1)


def iterate(f, x, n):
    return x if n == 0 else f(iterate(f, x, n - 1), n)


def passed_as_argument(x, n):
    return apply(fact, x, n) + iterate(fact, x, n) + iterate(lambda t, k: math.cos(t) * k, x, n)


def apply(f, x, n):
    return f(x, n) * f(x * 0.5, n)


def on_tuple(state, n):
    position, speed = state
    if n == 0:
        return position * speed
    return on_tuple((position + 0.1 * speed, speed - 0.1 * math.sin(position)), n - 1)


def with_defaults(x, n=3, *, scale=0.5, kind="sin"):
    if n == 0:
        return x
    inner = with_defaults(x * scale, n - 1, kind=kind)
    return math.sin(inner) if kind == "sin" else inner * inner


def with_string(x, n):
    return with_defaults(x, n) + with_defaults(x, n, kind="square", scale=x)


def ackermann_like(x, m, n):
    if m == 0:
        return x + n
    if n == 0:
        return ackermann_like(x * 0.9, m - 1, 1)
    return ackermann_like(x, m - 1, n - 1) * 0.5 + ackermann_like(math.sin(x), m, n - 1)


def called_in_condition(x, n):
    total = x
    while fact(total, 2) < n:
        total = total * 1.5
    return total * total


def raising(x, n):
    if n < 0:
        raise ValueError("negative")
    if n == 0:
        return x
    return raising(x * x, n - 1)


def unused_result(a, x):
    total = overwritten(a, 0) * 0.0
    overwritten(a, 1)
    return a[1] * x + total


def matrix_rows(a, i):
    """Rows of a matrix are passed along, as views."""
    if i == len(a):
        return 0.0
    return row_norm(a[i], 0) + matrix_rows(a, i + 1) * a[i, 0]


def row_norm(row, j):
    return 0.0 if j == len(row) else row[j] ** 2 + row_norm(row, j + 1) * 0.5


def horner_of_list(a, x):
    """Stack of pending indices in an integer array."""
    order = np.arange(len(a))
    return along(order, a, x, 0)


def along(order, a, x, k):
    if k == len(order):
        return 0.0
    i = order[k]
    order[k] = 0
    return a[i] + x * along(order, a, x, k + 1)


def same_array_twice(a, x):
    shift(a, a, 0)
    return a[0] * x + a[1]


def shift(a, b, i):
    if i + 1 == len(a):
        return
    a[i] = a[i] * b[i + 1]
    b[i + 1] += a[i]
    shift(b, a, i + 1)


def written_in_loop(a, x):
    total = x
    for k in range(3):
        total = total * a[1] + a[k]
        accumulate(a, k)
        total += a[k] * a[k]
    return total


def with_global_array(x, n):
    return polynomial(TABLE, x, 0) * polynomial(TABLE, x * n, 1)


def polynomial(table, x, k):
    return 0.0 if k == len(table) else table[k] + x * polynomial(table, x, k + 1)


TABLE = np.array([0.3, -0.2, 0.9])


def chosen_array(x, n):
    if n == 0:
        return x
    small, large = np.full(2, x), np.full(3, 2.0 * x)
    work = small if n % 2 == 0 else large
    work[1] *= chosen_array(x * 0.9, n - 1)
    return work[1] * work[0] * 0.3


def whole_arrays(a, x, n):
    """Array operations in a recursive function, on arrays that are overwritten later."""
    if n == 0:
        return np.sum(a * x)
    b = np.exp(-a) * x + a
    before = np.dot(a, b)
    rest = whole_arrays(b * 0.5, x, n - 1)
    a[1:] *= 0.9
    return before * rest + np.dot(a, a)


def products(m, x, n):
    if n == 0:
        return x * np.sum(m)
    return products(m @ m * 0.2, x, n - 1) + np.sum(np.sin(m @ m))


recursive_lambda = lambda x, n: x if n == 0 else math.sin(recursive_lambda(x, n - 1)) * x  # noqa: E731


def counts_down(x, n):
    """Most arguments are not active, and the array is one of integers."""
    visits = np.zeros(n + 1, np.int64)
    visit(visits, n)
    return x ** visits[0] + visits[n]


def visit(visits, n):
    visits[n] += 1
    if n > 1:
        visit(visits, n - 1)
        visit(visits, n - 2)


def found_by_bisection(a, x):
    return a[search(a, x, 0, len(a))] * x


def search(a, x, low, high):
    """A recursive function whose result is an integer, of float arguments."""
    if high - low <= 1:
        return low
    middle = (low + high) // 2
    return search(a, x, middle, high) if a[middle] < x else search(a, x, low, middle)


# -------------------------------------------------------------------- tuples as results


def pair(x, n):
    if n == 0:
        return x, 1.0
    value, count = pair(x * x, n - 1)
    return value * x, count


def sum_of_pair(x, n):
    value, count = pair(x, n)
    return value * count


def sum_and_product(a, low, high):
    if high - low == 1:
        return a[low], math.sin(a[low])
    middle = (low + high) // 2
    left, product = sum_and_product(a, low, middle)
    right, factor = sum_and_product(a, middle, high)
    return left + right, product * factor


def both_results(a):
    return sum_and_product(a, 0, a.size)


def pairs_in_a_loop(a, x):
    total = 0.0
    for k in range(3):
        left, right = sum_and_product(a * (k + x), 0, a.size - k)
        total += left * right
    return total


def fibonacci_like(x, n):
    if n <= 1:
        return x, 1.0 + x
    a, b = fibonacci_like(x * 1.01, n - 1)
    return (b, a * b / (1.0 + a)) if n % 2 == 1 else (b + a, a)


def first_and_second(x):
    return fibonacci_like(x, 6)[0] + fibonacci_like(x * 2.0, 3)[1]


def even_pair(x, n):
    if n == 0:
        return x, x * x
    a, b = odd_pair(x * 0.9, n - 1)
    return a * b, a


def odd_pair(x, n):
    if n == 0:
        return 1.0, x
    a, b = even_pair(x * 1.1, n - 1)
    return a - b, b * x


def mutual_pairs(x, n):
    a, b = even_pair(x, n)
    return a * b + x


def handed_up(x, n):
    if n == 0:
        return x, x * 2.0
    return handed_up(x * math.cos(x), n - 1)


def product_of_handed_up(x, n):
    a, b = handed_up(x, n)
    return a * b


MATRIX = rng.uniform(0.3, 1.7, (4, 4))
VECTOR = rng.uniform(0.3, 1.7, 7)

CASES = [
    (fact, 0.9, 6),
    (fact, 0.9, 0),
    (descend, 0.7, 1.2, 5),
    (integer_base, 0.7, 4),
    (uses_integer_recursion, 0.7, 6),
    (chosen_by_mutual_recursion, 0.7, 4),
    (chosen_by_mutual_recursion, 0.7, 5),
    (both_of_a_pair, 0.7, 4),
    (sum_between, VECTOR, 0, 7),
    (sum_of_views, VECTOR),
    (in_for_loop, 0.6, 4),
    (sum_in_loop, 0.6, 5),
    (in_while_loop, 0.6, 3.0),
    (in_nested_loops, MATRIX, 0.7),
    (tree, 0.7, 3, 3),
    (tree_with_exits, 0.7, 3),
    (tree_in_while, 0.7, 4),
    (square_root, 2.0),
    (quadrature, np.array([0.4, 0.3]), 1.1),
    (prefix_sum, VECTOR),
    (prefix_array, VECTOR),
    (overwritten, VECTOR, 0),
    (result_after_writes, VECTOR, 0.7),
    (det, MATRIX),
    (det_by_minors, MATRIX),
    (local_array, 0.7, 5),
    (two_types, 0.7, 3),
    (type_grows, 0.7, 1.2, 3),
    (deep_helpers, 0.7, 4),
    (passed_as_argument, 0.7, 3),
    (on_tuple, (0.7, 1.2), 4),
    (with_defaults, 0.7),
    (with_string, 0.7, 2),
    (ackermann_like, 0.7, 2, 3),
    (called_in_condition, 0.7, 9.0),
    (raising, 0.9, 3),
    (unused_result, VECTOR, 0.7),
    (matrix_rows, MATRIX, 0),
    (horner_of_list, VECTOR, 0.7),
    (same_array_twice, VECTOR, 0.7),
    (written_in_loop, VECTOR, 0.7),
    (with_global_array, 0.7, 2),
    (chosen_array, 0.7, 3),
    (recursive_lambda, 0.7, 3),
    (whole_arrays, VECTOR, 0.7, 3),
    (products, MATRIX, 0.7, 2),
    (counts_down, 0.7, 4),
    (sum_of_pair, 0.7, 3),
    (both_results, VECTOR),
    (pairs_in_a_loop, VECTOR, 0.7),
    (first_and_second, 0.7),
    (mutual_pairs, 0.7, 5),
    (product_of_handed_up, 0.7, 3),
    (found_by_bisection, np.array([0.1, 0.4, 0.8, 1.3]), 0.7),
]


# -------------------------------------------------------------------- what is refused


def counted(x, n):
    if n == 0:
        return x, n
    value, count = counted(x * x, n - 1)
    return value, count + n


def with_count(x, n):
    value, count = counted(x, n)
    return value * count


def nested_pair(x, n):
    return (x, (x, x)) if n == 0 else nested_pair(x * x, n - 1)


def first_of_nested_pair(x, n):
    return nested_pair(x, n)[0]


def two_or_three(x, n):
    if n == 0:
        return x, x
    return x, x, two_or_three(x, n - 1)[0]


def sum_of_two_or_three(x, n):
    return sum(two_or_three(x, n))


def array_result(a, n):
    if n == 0:
        return a * 1.0
    return array_result(a, n - 1)


def sum_of_array_result(a, n):
    return array_result(a, n)[0]


def with_inner_recursion(x, n):
    def inner(t, k):
        return t if k == 0 else inner(t * x, k - 1)

    return inner(x, n)


def with_captured_variable(x, n):
    return iterate(lambda t, k: t * x, x, n)


def growing_tuple(parts, n):
    return parts[0] if n == 0 else growing_tuple((parts[0] * 0.5, *parts), n - 1)


def sum_of_growing_tuple(x, n):
    return growing_tuple((x,), n)
