/* llsq: the value, and its gradient by an adjoint written by hand. */

static double sign(double t) { return (t > 0.0) - (t < 0.0); }

/* x: m coefficients; powers: space for m numbers; x_bar: m numbers, set here. */
double llsq(long n, long m, const double *restrict x, double *restrict powers, double *restrict x_bar) {
    double total = 0.0;
    for (long j = 0; j < m; j++)
        x_bar[j] = 0.0;
    for (long i = 0; i < n; i++) {
        double t = -1.0 + i * 2.0 / (n - 1.0);
        double residual = sign(t), power = 1.0;
        for (long j = 0; j < m; j++) {
            powers[j] = power;
            residual -= x[j] * power;
            power *= t;
        }
        total += residual * residual;
        for (long j = 0; j < m; j++)
            x_bar[j] -= residual * powers[j];
    }
    return 0.5 * total;
}
