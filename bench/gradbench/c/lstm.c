/* lstm: the loss, and its gradient by an adjoint written by hand. */
#include <math.h>
#include <string.h>

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

enum { KEPT = 8 }; /* numbers that one unit of one layer keeps of one step */

/* main: 2 layers, 4 b each; extra: 3 b; state: 2 layers, b each; sequence: steps, b each.
   tape: space for (steps - 1) (layers KEPT + 2) b; work: space for (4 layers + 1) b. The bars are set here. */
double lstm(long layers, long steps, long b, const double *restrict main, const double *restrict extra,
            const double *restrict state, const double *restrict sequence, double *restrict tape, double *restrict work,
            double *restrict main_bar, double *restrict extra_bar) {
    double *memory = work, *memory_bar = memory + 2 * layers * b, *signal = memory_bar + 2 * layers * b;
    long per_step = (layers * KEPT + 2) * b;
    double total = 0.0;
    memcpy(memory, state, 2 * layers * b * sizeof *memory);
    for (long t = 0; t < steps - 1; t++) {
        const double *restrict input = sequence + t * b, *restrict wanted = input + b;
        double *restrict kept = tape + t * per_step;
        for (long j = 0; j < b; j++)
            signal[j] = input[j] * extra[j];
        for (long i = 0; i < layers; i++, kept += KEPT * b) {
            const double *restrict w = main + 8 * i * b, *restrict bias = w + 4 * b;
            double *restrict hidden = memory + 2 * i * b, *restrict cell = hidden + b;
            for (long j = 0; j < b; j++) {
                double forget = sigmoid(signal[j] * w[j] + bias[j]);
                double ingate = sigmoid(hidden[j] * w[b + j] + bias[b + j]);
                double outgate = sigmoid(signal[j] * w[2 * b + j] + bias[2 * b + j]);
                double change = tanh(hidden[j] * w[3 * b + j] + bias[3 * b + j]);
                kept[j] = forget, kept[b + j] = ingate, kept[2 * b + j] = outgate, kept[3 * b + j] = change;
                kept[4 * b + j] = signal[j], kept[5 * b + j] = hidden[j], kept[6 * b + j] = cell[j];
                cell[j] = cell[j] * forget + ingate * change;
                double level = tanh(cell[j]);
                kept[7 * b + j] = level;
                hidden[j] = signal[j] = outgate * level;
            }
        }
        double mass = 2.0;
        for (long j = 0; j < b; j++) {
            kept[j] = signal[j];
            signal[j] = signal[j] * extra[b + j] + extra[2 * b + j];
            kept[b + j] = exp(signal[j]);
            mass += kept[b + j];
        }
        double log_mass = log(mass), scale = 1.0 / mass;
        for (long j = 0; j < b; j++) {
            total += wanted[j] * (signal[j] - log_mass);
            kept[b + j] *= scale;
        }
    }

    double total_bar = -1.0 / ((steps - 1) * b);
    double *restrict signal_bar = signal;
    memset(main_bar, 0, 8 * layers * b * sizeof *main_bar);
    memset(extra_bar, 0, 3 * b * sizeof *extra_bar);
    memset(memory_bar, 0, 2 * layers * b * sizeof *memory_bar);
    for (long t = steps - 2; t >= 0; t--) {
        const double *restrict input = sequence + t * b, *restrict wanted = input + b;
        const double *restrict kept = tape + t * per_step + layers * KEPT * b;
        double ones = 0.0;
        for (long j = 0; j < b; j++)
            ones += wanted[j];
        for (long j = 0; j < b; j++) {
            double bar = total_bar * (wanted[j] - ones * kept[b + j]);
            extra_bar[2 * b + j] += bar;
            extra_bar[b + j] += bar * kept[j];
            signal_bar[j] = bar * extra[b + j];
        }
        for (long i = layers - 1; i >= 0; i--) {
            kept -= KEPT * b;
            const double *restrict w = main + 8 * i * b;
            double *restrict w_bar = main_bar + 8 * i * b, *restrict bias_bar = w_bar + 4 * b;
            double *restrict hidden_bar = memory_bar + 2 * i * b, *restrict cell_bar = hidden_bar + b;
            for (long j = 0; j < b; j++) {
                double forget = kept[j], ingate = kept[b + j], outgate = kept[2 * b + j], change = kept[3 * b + j];
                double before = kept[4 * b + j], hidden = kept[5 * b + j], cell = kept[6 * b + j];
                double level = kept[7 * b + j], bar = hidden_bar[j] + signal_bar[j];
                double c_bar = cell_bar[j] + bar * outgate * (1.0 - level * level);
                double out_bar = bar * level * outgate * (1.0 - outgate);
                double forget_bar = c_bar * cell * forget * (1.0 - forget);
                double in_bar = c_bar * change * ingate * (1.0 - ingate);
                double change_bar = c_bar * ingate * (1.0 - change * change);
                cell_bar[j] = c_bar * forget;
                bias_bar[j] += forget_bar, w_bar[j] += forget_bar * before;
                bias_bar[b + j] += in_bar, w_bar[b + j] += in_bar * hidden;
                bias_bar[2 * b + j] += out_bar, w_bar[2 * b + j] += out_bar * before;
                bias_bar[3 * b + j] += change_bar, w_bar[3 * b + j] += change_bar * hidden;
                hidden_bar[j] = in_bar * w[b + j] + change_bar * w[3 * b + j];
                signal_bar[j] = forget_bar * w[j] + out_bar * w[2 * b + j];
            }
        }
        for (long j = 0; j < b; j++)
            extra_bar[j] += signal_bar[j] * input[j];
    }
    return -total / ((steps - 1) * b);
}
