// Layer normalization inside the cells (Ba, Kiros and Hinton, 2016): each product with the weights is normalized over
// all its gates, multiplied by gains, and then the biases are added.
//
// A row of the tape begins with the products, a plane for each gate. `forward` leaves their normalized values there and
// `backward` the gradients of the products, which is what the rest of a layer asks of a cell:
//
//     [ W_ih x_t | W_hh h_{t-1} | the planes of the cell itself, of cells.h | 1/σ of each ]
//
// What is learned beside the weights are vectors, planes of P floats. The padding of all of them is 0, and so is that of
// the normalized values, so that it has no part in a sum.
#pragma once

#include "cells.h"
#include "memory.h"
#include "scan.h"
#include "threads.h"

namespace recurra::RECURRA_ISA_NAME {

template <int N>
float total(const V* sums) {
    V all = sums[0];
    for (int p = 1; p < N; ++p) all += sums[p];
    float sum = 0.0f;
    for (int lane = 0; lane < W; ++lane) sum += all[lane];
    return sum;
}

// Normalizes N planes together, in place: to mean 0 and variance 1. Returns 1/σ. All is measured from the first value, so
// that values next to each other keep the digits in which they differ, and equal ones become 0 exactly.
template <int N>
float normalize(float* x, const float* ones, Index P, Index units) {
    const float count = static_cast<float>(N * units), first = x[0];
    V sums[N] = {}, squares[N] = {};
    for (Index u = 0; u < P; u += W)
        for (int p = 0; p < N; ++p) sums[p] += (load(x + p * P + u) - first) * load(ones + u);
    const float mean = total<N>(sums) / count;
    for (Index u = 0; u < P; u += W)
        for (int p = 0; p < N; ++p) {
            const V centered = (load(x + p * P + u) - first - mean) * load(ones + u);
            store(x + p * P + u, centered);
            squares[p] += centered * centered;
        }
    const float scale = 1.0f / __builtin_sqrtf(total<N>(squares) / count + 1e-5f);
    for (Index u = 0; u < N * P; u += W) store(x + u, load(x + u) * scale);
    return scale;
}

// Turns N planes of normalized values n into the gradients of what was normalized, given the gradients dz of
// z = n · gains; adds those of the gains to their sums.
template <int N>
void normalize_backward(float* n, float scale, const float* dz, const float* gains, float* gain_sums, const float* ones,
                        Index P, Index units) {
    const float count = static_cast<float>(N * units);
    V sums[N] = {}, products[N] = {};
    for (Index u = 0; u < P; u += W)
        for (int p = 0; p < N; ++p) {
            const Index at = p * P + u;
            const V value = load(n + at), d = load(dz + at) * load(gains + at);
            store(gain_sums + at, load(gain_sums + at) + load(dz + at) * value);
            sums[p] += d;
            products[p] += d * value;
        }
    const float mean = total<N>(sums) / count, slope = total<N>(products) / count;
    for (Index u = 0; u < P; u += W)
        for (int p = 0; p < N; ++p) {
            const Index at = p * P + u;
            const V d = load(dz + at) * load(gains + at);
            store(n + at, (d - mean - load(n + at) * slope) * (scale * load(ones + u)));
        }
}

// The normalization of the cell state where it is output: its vectors, the sums of their gradients, its 1/σ.
struct NormOfC {
    const float *gain, *bias, *ones;
    float *gain_sums, *bias_sums, *scale;
    Index units;
};

// The LSTM whose output reads the normalized cell state, by a plane more, N = LN(c). Its gates and c are those of LSTM.
struct LSTMOfNormalizedC {
    enum { O = LSTM::O, C = LSTM::C, H = LSTM::H, N, PLANES };
    static constexpr Cell CELL = Cell::lstm_norm;
    static constexpr int GATE_PLANES = LSTM::GATE_PLANES, X_PLANES = LSTM::X_PLANES, H_PLANES = LSTM::H_PLANES;
    static constexpr int H_FIRST = LSTM::H_FIRST;
    static constexpr const int *X_GATES = LSTM::X_GATES, *H_GATES = LSTM::H_GATES;

    // h_t = o · tanh(LN(c_t) · gain + bias)
    static void forward(float* now, const float* before, Index P, const NormOfC& norm) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            store(at(now, N), LSTM::forward_to_c(now, before, at));
        }
        *norm.scale = normalize<1>(now + N * P, norm.ones, P, norm.units);
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            store(at(now, H), load(at(now, O)) * tanh(load(at(now, N)) * load(norm.gain + u) + load(norm.bias + u)));
        }
    }

    // dh and dc are those of LSTM. The gradient of z = LN(c_t) · gain + bias takes the place of c_t, which the step
    // after this one, the only one to read it, has read.
    static void backward(float* now, const float* before, float* dh, float* dc, Index P, const NormOfC& norm) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V o = load(at(now, O)), d_h = load(dh + u);
            const V tanh_z = tanh(load(at(now, N)) * load(norm.gain + u) + load(norm.bias + u));
            const V d_z = d_h * o * (1.0f - tanh_z * tanh_z);
            store(at(now, C), d_z);
            store(norm.bias_sums + u, load(norm.bias_sums + u) + d_z);
            store(at(now, O), d_h * tanh_z * o * (1.0f - o));
            store(dh + u, V{});
        }
        normalize_backward<1>(now + N * P, *norm.scale, now + C * P, norm.gain, norm.gain_sums, norm.ones, P, norm.units);
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            LSTM::backward_from_c(now, before, dc, at, load(dc + u) + load(at(now, N)));
        }
    }
};

template <class Cell>
constexpr bool NORMALIZED = row_of(Cell::CELL).normalized;

template <class Cell>
constexpr int plane_of_c() {
    if constexpr (HAS_C<Cell>) return Cell::C;
    return 0;
}

// A cell of cells.h, or the one above, whose products are normalized.
template <class Inner, Cell NUMBER>
struct Normalized {
    static constexpr int GATES = Inner::X_PLANES, INNER = 2 * GATES;  // where the planes of the cell itself begin
    enum { H = INNER + Inner::H, C = INNER + plane_of_c<Inner>(), SCALES = INNER + Inner::PLANES, PLANES };
    static constexpr Cell CELL = NUMBER;
    static constexpr int GATE_PLANES = INNER, X_PLANES = GATES, H_PLANES = GATES, H_FIRST = GATES;
    static constexpr const int *X_GATES = Inner::X_GATES, *H_GATES = Inner::H_GATES;

    // The vectors: gains first, then a bias for each plane of gates, and for c one of each; last, 1 for every unit. Sums
    // of their gradients, a row for each sequence, are in the same planes.
    enum { X_GAINS, H_GAINS = GATES, C_GAIN = 2 * GATES, BIASES, C_BIAS = BIASES + Inner::GATE_PLANES, VECTORS };
    static constexpr int ONES = VECTORS;

    static_assert(Inner::X_PLANES == Inner::H_PLANES && GATES == row_of(CELL).gates && row_of(CELL).normalized);
    static_assert((Inner::GATE_PLANES > GATES) == row_of(CELL).separate_recurrent_bias);

    static void forward(float* now, const float* before, Index P, Index units, const float* vectors) {
        float *const cell = now + INNER * P, *const scales = now + SCALES * P;
        scales[0] = normalize<GATES>(now, vectors + ONES * P, P, units);
        scales[1] = normalize<GATES>(now + GATES * P, vectors + ONES * P, P, units);
        for (Index u = 0; u < P; u += W)
            for (int p = 0; p < Inner::GATE_PLANES; ++p) {
                const At at{P, u};
                const int q = p - Inner::H_FIRST;
                V a = load(at(vectors, BIASES + p));
                if (p < GATES) a += load(at(now, p)) * load(at(vectors, X_GAINS + p));
                if (q >= 0) a += load(at(now, GATES + q)) * load(at(vectors, H_GAINS + q));
                store(at(cell, p), a);
            }
        if constexpr (HAS_C<Inner>)
            Inner::forward(cell, before + INNER * P, P, norm_of_c(scales, vectors, nullptr, P, units));
        else
            Inner::forward(cell, before + INNER * P, P);
    }

    static void backward(float* now, const float* before, float* dh, float* dc, Index P, Index units,
                         const float* vectors, float* sums) {
        float *const cell = now + INNER * P, *const scales = now + SCALES * P;
        if constexpr (HAS_C<Inner>)
            Inner::backward(cell, before + INNER * P, dh, dc, P, norm_of_c(scales, vectors, sums, P, units));
        else
            Inner::backward(cell, before + INNER * P, dh, dc, P);
        for (Index u = 0; u < Inner::GATE_PLANES * P; u += W)
            store(sums + BIASES * P + u, load(sums + BIASES * P + u) + load(cell + u));
        const auto products = [&](int plane, int gates, int gains, float scale) {
            normalize_backward<GATES>(now + plane * P, scale, cell + gates * P, vectors + gains * P, sums + gains * P,
                                      vectors + ONES * P, P, units);
        };
        products(0, 0, X_GAINS, scales[0]);
        products(GATES, Inner::H_FIRST, H_GAINS, scales[1]);
    }

    static void pack(const Scan& s, Index P, float* vectors) {
        clear(vectors, (VECTORS + 1) * P);
        for (Index u = 0; u < s.H; ++u) vectors[ONES * P + u] = 1.0f;
        for_each_vector(s, s.H, [&](int plane, const float* from) {
            const float otherwise = plane < BIASES ? 1.0f : 0.0f;
            for (Index u = 0; u < s.H; ++u) vectors[plane * P + u] += from == nullptr ? otherwise : from[u];
        });
    }

    // Writes the gradients of the vectors: the sums of all sequences, added in the order of these.
    static void write_gradients(Team team, const Scan& s, const Gradients& d, Index P, float* sums) {
        const Index first = team.begin(VECTORS), last = team.end(VECTORS);
        float* const of_all = sums + first * P;
        if (s.B == 0) clear(of_all, (last - first) * P);
        for (Index b = 1; b < s.B; ++b)
            for (Index u = 0; u < (last - first) * P; u += W)
                store(of_all + u, load(of_all + u) + load(of_all + b * VECTORS * P + u));
        for_each_vector(d, s.H, [&](int plane, float* to) {
            if (to != nullptr && first <= plane && plane < last) copy(to, sums + plane * P, s.H);
        });
    }

   private:
    static NormOfC norm_of_c(float* scales, const float* vectors, float* sums, Index P, Index units) {
        const auto of_c = [&](int plane) { return sums == nullptr ? nullptr : sums + plane * P; };
        return {vectors + C_GAIN * P, vectors + C_BIAS * P, vectors + ONES * P, of_c(C_GAIN), of_c(C_BIAS), scales + 2,
                units};
    }

    // f(plane, the H floats of `all` that belong there, null if there are none), for all that a Scan or its Gradients have
    template <class All, class F>
    static void for_each_vector(const All& all, Index units, const F& f) {
        const auto of_gate = [&](auto* of_gates, int gate) {
            return of_gates == nullptr ? of_gates : of_gates + gate * units;
        };
        for (int p = 0; p < GATES; ++p) {
            f(X_GAINS + p, of_gate(all.norm_ih, X_GATES[p]));
            f(H_GAINS + p, of_gate(all.norm_hh, H_GATES[p]));
            f(BIASES + p, of_gate(all.b_ih, X_GATES[p]));
            f(BIASES + Inner::H_FIRST + p, of_gate(all.b_hh, H_GATES[p]));
        }
        if constexpr (HAS_C<Inner>) f(C_GAIN, all.norm_c), f(C_BIAS, all.b_c);
    }
};

}  // namespace recurra::RECURRA_ISA_NAME
