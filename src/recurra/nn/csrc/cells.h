// One time step of each cell, forward and backward: the equations of cells.py, on registers.
//
// What a step makes stands in one row of the tape, in planes of P floats (H units, padded to whole registers):
//
//     SimpleRNN  [ a | h ]                 GRU  [ n | r | z | g | h ]          LSTM  [ i | f | g | o | c | h ]
//
// The first planes hold what the products with the weights gave, a = W_ih x_t + b + W_hh h_{t-1}; `forward` puts the
// gates in their place and adds the new state, and `backward` puts the gradients of a there. The input feeds X_PLANES
// planes from the first on, the state H_PLANES planes from H_FIRST on; X_GATES and H_GATES say which gate, in torch's
// order, each of them is. Only GRU has planes that differ: its candidate sees r · g with g = W_hn h + b_hn.
//
// Where one function of a gate waits for another, there are two loops: so short that several rounds are in flight.
#pragma once

#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

template <bool RELU>
struct SimpleRNN {
    static constexpr int X_PLANES = 1, H_PLANES = 1, H_FIRST = 0, GATE_PLANES = 1, GATES = 1;
    static constexpr int X_GATES[] = {0}, H_GATES[] = {0};
    static constexpr int C = -1, H = 1, PLANES = 2;

    // h_t = activation(a)
    static void forward(float* now, const float*, Index P) {
        for (Index u = 0; u < P; u += W) store(now + P + u, RELU ? relu(load(now + u)) : tanh(load(now + u)));
    }

    // dh comes in as the gradient of h_t, and goes out as the part of that of h_{t-1} which does not pass W_hh
    static void backward(float* now, const float*, float* dh, float*, Index P) {
        for (Index u = 0; u < P; u += W) {
            const V h = load(now + P + u), d = load(dh + u);
            store(now + u, RELU ? (h <= 0.0f ? V{} : d) : d * (1.0f - h * h));
            store(dh + u, V{});
        }
    }
};

struct GRU {
    static constexpr int X_PLANES = 3, H_PLANES = 3, H_FIRST = 1, GATE_PLANES = 4, GATES = 3;
    static constexpr int X_GATES[] = {2, 0, 1}, H_GATES[] = {0, 1, 2};
    static constexpr int C = -1, H = 4, PLANES = 5;

    // r = σ(a_r), z = σ(a_z), n = tanh(a_n + r · g), h_t = z · h_{t-1} + (1 - z) · n
    static void forward(float* now, const float* before, Index P) {
        for (Index u = 0; u < P; u += W) {
            store(now + P + u, sigmoid(load(now + P + u)));
            store(now + 2 * P + u, sigmoid(load(now + 2 * P + u)));
        }
        for (Index u = 0; u < P; u += W) {
            const V r = load(now + P + u), z = load(now + 2 * P + u);
            const V n = tanh(load(now + u) + r * load(now + 3 * P + u));
            store(now + u, n);
            store(now + 4 * P + u, z * load(before + 4 * P + u) + (1.0f - z) * n);
        }
    }

    static void backward(float* now, const float* before, float* dh, float*, Index P) {
        for (Index u = 0; u < P; u += W) {
            const V n = load(now + u), r = load(now + P + u), z = load(now + 2 * P + u), g = load(now + 3 * P + u);
            const V h = load(before + 4 * P + u), d = load(dh + u);
            const V da_n = d * (1.0f - z) * (1.0f - n * n);
            store(now + u, da_n);
            store(now + P + u, da_n * g * r * (1.0f - r));
            store(now + 2 * P + u, d * (h - n) * z * (1.0f - z));
            store(now + 3 * P + u, da_n * r);
            store(dh + u, d * z);
        }
    }
};

struct LSTM {
    static constexpr int X_PLANES = 4, H_PLANES = 4, H_FIRST = 0, GATE_PLANES = 4, GATES = 4;
    static constexpr int X_GATES[] = {0, 1, 2, 3}, H_GATES[] = {0, 1, 2, 3};
    static constexpr int C = 4, H = 5, PLANES = 6;

    // i = σ(a_i), f = σ(a_f), g = tanh(a_g), o = σ(a_o), c_t = f · c_{t-1} + i · g, h_t = o · tanh(c_t)
    static void forward(float* now, const float* before, Index P) {
        for (Index u = 0; u < P; u += W) {
            const V i = sigmoid(load(now + u)), f = sigmoid(load(now + P + u));
            const V g = tanh(load(now + 2 * P + u)), o = sigmoid(load(now + 3 * P + u));
            const V c = f * load(before + 4 * P + u) + i * g;
            store(now + u, i);
            store(now + P + u, f);
            store(now + 2 * P + u, g);
            store(now + 3 * P + u, o);
            store(now + 4 * P + u, c);
        }
        for (Index u = 0; u < P; u += W) store(now + 5 * P + u, load(now + 3 * P + u) * tanh(load(now + 4 * P + u)));
    }

    // dc comes in as what later steps give to c_t, and goes out as what goes on to c_{t-1}
    static void backward(float* now, const float* before, float* dh, float* dc, Index P) {
        for (Index u = 0; u < P; u += W) {
            const V i = load(now + u), f = load(now + P + u), g = load(now + 2 * P + u), o = load(now + 3 * P + u);
            const V tanh_c = tanh(load(now + 4 * P + u)), d = load(dh + u);
            const V d_c = load(dc + u) + d * o * (1.0f - tanh_c * tanh_c);
            store(now + u, d_c * g * i * (1.0f - i));
            store(now + P + u, d_c * load(before + 4 * P + u) * f * (1.0f - f));
            store(now + 2 * P + u, d_c * i * (1.0f - g * g));
            store(now + 3 * P + u, d * tanh_c * o * (1.0f - o));
            store(dc + u, d_c * f);
            store(dh + u, V{});
        }
    }
};

}  // namespace recurra::RECURRA_ISA_NAME
