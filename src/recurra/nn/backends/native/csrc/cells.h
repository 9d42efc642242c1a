// One time step of each cell, forward and backward: the equations of nn/cells, on registers.
//
// Everything that a step computes is one row of the tape, in planes of P floats (H units, padded to whole registers):
//
//     SimpleRNN  [ a | h ]                 GRU  [ n | r | z | g | h ]          LSTM  [ i | f | g | o | c | h ]
//
// The first GATE_PLANES planes arrive with the products with the weights, a = W_ih x_t + b + W_hh h_{t-1}; `forward`
// replaces these by the gates and adds the new state, and `backward` replaces the gates by the gradients of a. The
// input contributes to the first X_PLANES planes, the state to the H_PLANES planes from H_FIRST on; X_GATES and H_GATES
// give the gate, in torch's order, of each of these planes. They differ in the GRU alone: its candidate reads r · g
// with g = W_hn h_{t-1} + b_hn, so the state's part of that gate has a plane of its own.
//
// Where one function of a gate needs the result of another, there are two loops: each is short enough for the processor
// to work on several of its rounds at the same time.
#pragma once

#include "cell_table.h"
#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

// The address of one register of units, from unit u on, in a plane of a row.
struct At {
    Index P, u;
    template <class Float>
    Float* operator()(Float* row, int plane) const {
        return row + plane * P + u;
    }
};

template <bool RELU>
struct SimpleRNN {
    enum { A, H, PLANES };
    static constexpr Cell CELL = RELU ? Cell::rnn_relu : Cell::rnn_tanh;
    static constexpr int GATE_PLANES = 1, X_PLANES = 1, H_PLANES = 1, H_FIRST = A;
    static constexpr int X_GATES[] = {0}, H_GATES[] = {0};

    // h_t = activation(a)
    static void forward(float* now, const float*, Index P) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V a = load(at(now, A));
            store(at(now, H), RELU ? relu(a) : tanh(a));
        }
    }

    // On entry dh is the gradient of h_t; on return, the part of the gradient of h_{t-1} that does not go through W_hh.
    static void backward(float* now, const float*, float* dh, float*, Index P) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V h = load(at(now, H)), d_h = load(dh + u);
            store(at(now, A), RELU ? (h <= 0.0f ? V{} : d_h) : d_h * (1.0f - h * h));
            store(dh + u, V{});
        }
    }
};

struct GRU {
    enum { N, R, Z, G, H, PLANES };
    static constexpr Cell CELL = Cell::gru;
    static constexpr int GATE_PLANES = 4, X_PLANES = 3, H_PLANES = 3, H_FIRST = R;
    static constexpr int X_GATES[] = {2, 0, 1}, H_GATES[] = {0, 1, 2};

    // r = σ(a_r), z = σ(a_z), n = tanh(a_n + r · g), h_t = z · h_{t-1} + (1 - z) · n
    static void forward(float* now, const float* before, Index P) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            store(at(now, R), sigmoid(load(at(now, R))));
            store(at(now, Z), sigmoid(load(at(now, Z))));
        }
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V r = load(at(now, R)), z = load(at(now, Z)), h_before = load(at(before, H));
            const V n = tanh(load(at(now, N)) + r * load(at(now, G)));
            const V h = z * h_before + (1.0f - z) * n;
            store(at(now, N), n);
            store(at(now, H), h);
        }
    }

    static void backward(float* now, const float* before, float* dh, float*, Index P) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V n = load(at(now, N)), r = load(at(now, R)), z = load(at(now, Z)), g = load(at(now, G));
            const V h_before = load(at(before, H)), d_h = load(dh + u);
            const V da_n = d_h * (1.0f - z) * (1.0f - n * n);
            store(at(now, N), da_n);
            store(at(now, R), da_n * g * r * (1.0f - r));
            store(at(now, Z), d_h * (h_before - n) * z * (1.0f - z));
            store(at(now, G), da_n * r);
            store(dh + u, d_h * z);
        }
    }
};

struct LSTM {
    enum { I, F, G, O, C, H, PLANES };
    static constexpr Cell CELL = Cell::lstm;
    static constexpr int GATE_PLANES = 4, X_PLANES = 4, H_PLANES = 4, H_FIRST = I;
    static constexpr int X_GATES[] = {0, 1, 2, 3}, H_GATES[] = {0, 1, 2, 3};

    // i = σ(a_i), f = σ(a_f), g = tanh(a_g), o = σ(a_o), c_t = f · c_{t-1} + i · g; returns c_t
    static V forward_to_c(float* now, const float* before, At at) {
        const V i = sigmoid(load(at(now, I))), f = sigmoid(load(at(now, F)));
        const V g = tanh(load(at(now, G))), o = sigmoid(load(at(now, O)));
        const V c = f * load(at(before, C)) + i * g;
        store(at(now, I), i);
        store(at(now, F), f);
        store(at(now, G), g);
        store(at(now, O), o);
        store(at(now, C), c);
        return c;
    }

    // The same backward: d_c is the whole gradient of c_t, and on return dc that of c_{t-1}.
    static void backward_from_c(float* now, const float* before, float* dc, At at, V d_c) {
        const V i = load(at(now, I)), f = load(at(now, F)), g = load(at(now, G));
        store(at(now, I), d_c * g * i * (1.0f - i));
        store(at(now, F), d_c * load(at(before, C)) * f * (1.0f - f));
        store(at(now, G), d_c * i * (1.0f - g * g));
        store(dc + at.u, d_c * f);
    }

    // h_t = o · tanh(c_t)
    static void forward(float* now, const float* before, Index P) {
        for (Index u = 0; u < P; u += W) forward_to_c(now, before, {P, u});
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V o = load(at(now, O)), c = load(at(now, C));
            store(at(now, H), o * tanh(c));
        }
    }

    // On entry dc is the gradient that later steps give to c_t; on return, the gradient of c_{t-1}.
    static void backward(float* now, const float* before, float* dh, float* dc, Index P) {
        for (Index u = 0; u < P; u += W) {
            const At at{P, u};
            const V tanh_c = tanh(load(at(now, C))), o = load(at(now, O)), d_h = load(dh + u);
            backward_from_c(now, before, dc, at, load(dc + u) + d_h * o * (1.0f - tanh_c * tanh_c));
            store(at(now, O), d_h * tanh_c * o * (1.0f - o));
            store(dh + u, V{});
        }
    }
};

template <class Cell>
constexpr bool HAS_C = row_of(Cell::CELL).states[1] != nullptr;

template <class Cell>
constexpr bool AGREES_WITH_ITS_ROW =
    Cell::X_PLANES == row_of(Cell::CELL).gates && Cell::H_PLANES == row_of(Cell::CELL).gates &&
    Cell::PLANES == Cell::GATE_PLANES + (HAS_C<Cell> ? 2 : 1) &&
    (Cell::GATE_PLANES > Cell::X_PLANES) == row_of(Cell::CELL).separate_recurrent_bias;

static_assert(AGREES_WITH_ITS_ROW<SimpleRNN<false>> && AGREES_WITH_ITS_ROW<SimpleRNN<true>>);
static_assert(AGREES_WITH_ITS_ROW<GRU>);
static_assert(AGREES_WITH_ITS_ROW<LSTM>);

}  // namespace recurra::RECURRA_ISA_NAME
