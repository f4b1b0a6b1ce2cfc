/* ode: the last component, and its gradient by an adjoint written by hand. A stage needs no array of slopes: slope i is
   x[i] times a neighbour. What the forward sweep keeps of a step is y and its three inner points, which it has to
   compute anyway. */
#include <string.h>

/* out = y + h * slope at `at` */
static void towards(long n, const double *restrict x, const double *restrict y, double h, const double *restrict at,
                    double *restrict out) {
    out[0] = y[0] + h * x[0];
    for (long i = 1; i < n; i++)
        out[i] = y[i] + h * x[i] * at[i - 1];
}

/* The transpose of a slope k at `at`, given k_bar; at_bar = transpose of it. What comes before is the stage that `at`
   came from, by y + h * earlier slope: its earlier_bar = weight * bar + h * at_bar. The sum of all at_bar goes to y. */
static void back(long n, const double *restrict x, const double *restrict at, const double *restrict k_bar,
                 const double *restrict bar, double weight, double h, double *restrict earlier_bar,
                 double *restrict x_bar, double *restrict sum) {
    x_bar[0] += k_bar[0];
    for (long i = 0; i < n - 1; i++) {
        double at_bar = k_bar[i + 1] * x[i + 1];
        x_bar[i + 1] += k_bar[i + 1] * at[i];
        earlier_bar[i] = weight * bar[i] + h * at_bar;
        sum[i] += at_bar;
    }
    earlier_bar[n - 1] = weight * bar[n - 1];
}

/* x: n numbers; tape: space for (4 s + 1) n numbers; work: space for 4 n; x_bar: n numbers, set here. */
double ode(long n, long s, const double *restrict x, double *restrict tape, double *restrict work,
           double *restrict x_bar) {
    double h = 2.0 / s;
    memset(tape, 0, n * sizeof *tape);
    for (long step = 0; step < s; step++) {
        double *y = tape + 4 * step * n, *p1 = y + n, *p2 = p1 + n, *p3 = p2 + n, *restrict next = p3 + n;
        towards(n, x, y, 0.5 * h, y, p1);
        towards(n, x, y, 0.5 * h, p1, p2);
        towards(n, x, y, h, p2, p3);
        next[0] = y[0] + h * x[0];
        for (long i = 1; i < n; i++)
            next[i] = y[i] + h / 6.0 * x[i] * (y[i - 1] + 2.0 * p1[i - 1] + 2.0 * p2[i - 1] + p3[i - 1]);
    }

    double *bar = work, *sum = bar + n, *k_bar = sum + n, *earlier_bar = k_bar + n;
    memset(x_bar, 0, n * sizeof *x_bar);
    memset(bar, 0, n * sizeof *bar);
    bar[n - 1] = 1.0;
    for (long step = s - 1; step >= 0; step--) {
        const double *y = tape + 4 * step * n, *p1 = y + n, *p2 = p1 + n, *p3 = p2 + n;
        memcpy(sum, bar, n * sizeof *sum);
        for (long i = 0; i < n; i++)
            k_bar[i] = h / 6.0 * bar[i];
        back(n, x, p3, k_bar, bar, h / 3.0, h, earlier_bar, x_bar, sum);
        back(n, x, p2, earlier_bar, bar, h / 3.0, 0.5 * h, k_bar, x_bar, sum);
        back(n, x, p1, k_bar, bar, h / 6.0, 0.5 * h, earlier_bar, x_bar, sum);
        back(n, x, y, earlier_bar, bar, 0.0, 0.0, k_bar, x_bar, sum);
        double *swap = bar;
        bar = sum;
        sum = swap;
    }
    return tape[4 * s * n + n - 1];
}
