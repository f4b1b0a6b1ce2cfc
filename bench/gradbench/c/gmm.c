/* gmm: the log posterior without the prior's constants, and its gradient by an adjoint written by hand. */
#include <math.h>
#include <string.h>

static double logsumexp(long k, const double *v) {
    double largest = v[0], total = 0.0;
    for (long c = 1; c < k; c++)
        largest = v[c] > largest ? v[c] : largest;
    for (long c = 0; c < k; c++)
        total += exp(v[c] - largest);
    return largest + log(total);
}

/* alpha: k; mu, q: k d; l: k d (d - 1) / 2; x: n d. work: space for 2 k d d + k d + 4 k + 2 d. The bars are set here. */
double gmm(long d, long k, long n, const double *restrict alpha, const double *restrict mu, const double *restrict q,
           const double *restrict l, const double *restrict x, long m, double gamma, double *restrict work,
           double *restrict alpha_bar, double *restrict mu_bar, double *restrict q_bar, double *restrict l_bar) {
    long packed = d * (d - 1) / 2;
    double *columns = work, *columns_bar = columns + k * d * d, *scaled = columns_bar + k * d * d;
    double *log_det = scaled + k * d, *beta = log_det + k, *weight = beta + k, *scaled_bar = weight + k;
    memset(columns, 0, 2 * k * d * d * sizeof *columns);
    memset(alpha_bar, 0, k * sizeof *alpha_bar);
    memset(mu_bar, 0, k * d * sizeof *mu_bar);
    double prior = 0.0;
    for (long c = 0; c < k; c++) {
        const double *next = l + c * packed;
        double square = 0.0;
        log_det[c] = 0.0;
        for (long j = 0; j < d; j++) {
            double *column = columns + (c * d + j) * d;
            log_det[c] += q[c * d + j];
            column[j] = exp(q[c * d + j]);
            square += column[j] * column[j];
            for (long row = j + 1; row < d; row++) {
                column[row] = *next++;
                square += column[row] * column[row];
            }
        }
        prior += m * log_det[c] - 0.5 * gamma * gamma * square;
    }

    double likelihood = 0.0;
    for (long i = 0; i < n; i++) {
        for (long c = 0; c < k; c++) {
            double *restrict y = scaled + c * d;
            memset(y, 0, d * sizeof *y);
            for (long j = 0; j < d; j++) {
                const double *restrict column = columns + (c * d + j) * d;
                double difference = x[i * d + j] - mu[c * d + j];
                for (long row = j; row < d; row++)
                    y[row] += column[row] * difference;
            }
            double square = 0.0;
            for (long j = 0; j < d; j++)
                square += y[j] * y[j];
            beta[c] = alpha[c] + log_det[c] - 0.5 * square;
        }
        double value = logsumexp(k, beta);
        likelihood += value;
        for (long c = 0; c < k; c++) {
            const double *restrict y = scaled + c * d;
            weight[c] = exp(beta[c] - value);
            alpha_bar[c] += weight[c];
            for (long j = 0; j < d; j++)
                scaled_bar[j] = -weight[c] * y[j];
            for (long j = 0; j < d; j++) {
                const double *restrict column = columns + (c * d + j) * d;
                double *restrict column_bar = columns_bar + (c * d + j) * d;
                double difference = x[i * d + j] - mu[c * d + j], difference_bar = 0.0;
                for (long row = j; row < d; row++) {
                    column_bar[row] += scaled_bar[row] * difference;
                    difference_bar += scaled_bar[row] * column[row];
                }
                mu_bar[c * d + j] -= difference_bar;
            }
        }
    }

    double normaliser = logsumexp(k, alpha);
    for (long c = 0; c < k; c++) {
        double *next = l_bar + c * packed;
        for (long j = 0; j < d; j++) {
            const double *column = columns + (c * d + j) * d, *column_bar = columns_bar + (c * d + j) * d;
            q_bar[c * d + j] = alpha_bar[c] + m + (column_bar[j] - gamma * gamma * column[j]) * column[j];
            for (long row = j + 1; row < d; row++)
                *next++ = column_bar[row] - gamma * gamma * column[row];
        }
    }
    for (long c = 0; c < k; c++)
        alpha_bar[c] -= n * exp(alpha[c] - normaliser);
    return likelihood - n * normaliser + prior;
}
