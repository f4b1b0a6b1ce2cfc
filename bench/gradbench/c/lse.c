/* lse: the value, and its gradient by an adjoint written by hand. */
#include <math.h>

/* x: n numbers; x_bar: n numbers, set here. */
double lse(long n, const double *restrict x, double *restrict x_bar) {
    double largest = x[0], total = 0.0;
    for (long i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (long i = 0; i < n; i++) {
        x_bar[i] = exp(x[i] - largest);
        total += x_bar[i];
    }
    double scale = 1.0 / total;
    for (long i = 0; i < n; i++)
        x_bar[i] *= scale;
    return largest + log(total);
}
