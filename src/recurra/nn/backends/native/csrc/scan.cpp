// All time steps of one layer in one direction, forward and backward. Compiled once for each instruction set.
//
// The batch is split among the threads once, and each thread runs the whole time loop on its own sequences. Threads
// wait for each other after packing the weights and, in backward, before the gradients of the weights: never at a time
// step.
//
// The tape holds a row (cells.h) for each sequence before the first step and after every step: [T + 1, B, stride]. If
// no backward is to follow, each thread reuses a short tape of its own. With dropout, a row ends in the bits that say
// which of its outputs are kept; the state itself is never dropped.
//
// Packed weights (tile.h: [register of columns][K][W]), columns padded with zeros:
//     input, state       the products of forward: K = I or H, columns = units of every plane
//     to_state, to_input the products of backward, one for each plane: K = H, columns = H or I
#include "scan.h"

#include <algorithm>

#include "cells.h"
#include "dropout.h"
#include "layer_norm.h"
#include "memory.h"
#include "threads.h"
#include "tile.h"
#include "weight_gradients.h"

namespace recurra::RECURRA_ISA_NAME {
namespace {

constexpr double FLOP_OF_A_THREAD = 1e5;  // with less work for each thread, fewer threads are faster
constexpr Index ROWS_AT_ONCE = 48;        // in a product with the input's weights

template <class Cell>
struct Layer {
    const Scan& s;
    const Index P = padded(s.H);                                          // floats in a plane
    const Index bits = s.dropout > 0 ? padded(Dropout::floats(P)) : 0;    // floats that hold the bits of a row
    const Index stride = pad_leading_dimension(Cell::PLANES * P + bits);  // from row to row of the tape
    const Index step = s.B * stride;                                      // from step to step
    const Dropout dropout{s.dropout, s.seed};

    int threads() const {
        constexpr int G = row_of(Cell::CELL).gates;
        const double flop = 2.0 * s.B * s.T * G * s.H * (s.I + s.H);
        const double worth = flop / FLOP_OF_A_THREAD;
        return worth < 2 ? 1 : worth < s.threads ? static_cast<int>(worth) : s.threads;
    }

    // Whether the mask counts step t of sequence b.
    bool counts(Index b, Index t) const { return s.mask.first == nullptr || *s.mask.at(b, t) != 0; }

    // Finds the first step that counts of some sequences; T if none does.
    void find_first(Index* first, Index b0, Index b1) const {
        for (Index b = b0; b < b1; ++b) {
            Index t = 0;
            while (t < s.T && !counts(b, t)) ++t;
            *first++ = t;
        }
    }

    // [G·H, K] → [register of columns][K][W], whose columns are the units of the planes that `gates` names.
    void pack_forward(Team team, float* to, const float* weight, Index K, const int* gates, int planes) const {
        const Index registers = planes * P / W;
        for (Index v = team.begin(registers); v < team.end(registers); ++v) {
            const Index unit = v * W % P, count = std::min<Index>(W, s.H - unit);
            const float* from = weight + (gates[v * W / P] * s.H + unit) * K;
            float* out = to + v * K * W;
            transpose(out, W, from, K, count, K);
            if (count < W)
                for (Index k = 0; k < K; ++k) std::memset(out + k * W + count, 0, sizeof(float) * (W - count));
        }
    }

    // [G·H, N] → [plane][register of columns][H][W], whose columns are those of the weights.
    void pack_backward(Team team, float* to, const float* weight, Index N, const int* gates, int planes) const {
        const Index registers = padded(N) / W;
        for (Index i = team.begin(planes * registers); i < team.end(planes * registers); ++i) {
            const Index column = i % registers * W, count = std::min<Index>(W, N - column);
            const float* from = weight + gates[i / registers] * s.H * N + column;
            float* out = to + i * s.H * W;
            for (Index k = 0; k < s.H; ++k)
                for (Index l = 0; l < W; ++l) out[k * W + l] = l < count ? from[k * N + l] : 0.0f;
        }
    }

    // The number of planes of a step's biases; those of a normalized cell are followed by its vectors.
    static constexpr Index bias_planes() {
        if constexpr (NORMALIZED<Cell>) return Cell::GATE_PLANES + Cell::VECTORS + 1;
        return Cell::GATE_PLANES;
    }

    // The initial values of a step's sums: in every plane the biases of the gates that are summed there. In a normalized
    // cell there are none: its biases are among the vectors.
    void pack_biases(float* to) const {
        clear(to, Cell::GATE_PLANES * P);
        if constexpr (NORMALIZED<Cell>) return Cell::pack(s, P, to + Cell::GATE_PLANES * P);
        const auto add = [&](float* plane, const float* bias, int gate) {
            for (Index u = 0; bias != nullptr && u < s.H; ++u) plane[u] += bias[gate * s.H + u];
        };
        for (int p = 0; p < Cell::X_PLANES; ++p) add(to + p * P, s.b_ih, Cell::X_GATES[p]);
        for (int p = 0; p < Cell::H_PLANES; ++p) add(to + (Cell::H_FIRST + p) * P, s.b_hh, Cell::H_GATES[p]);
    }

    void write_initial_state(float* row, Index b) const {
        const auto write = [&](int plane, const float* from) {
            clear(row + plane * P, P);
            if (from != nullptr) copy(row + plane * P, from + b * s.H, s.H);
        };
        write(Cell::H, s.h0);
        if constexpr (HAS_C<Cell>) write(Cell::C, s.c0);
    }

    void write_state(const float* row, float* h, float* c) const {
        copy(h, row + Cell::H * P, s.H);
        if constexpr (HAS_C<Cell>) copy(c, row + Cell::C * P, s.H);
    }

    void write_last_state(const float* row, Index b) const {
        write_state(row, s.h_last + b * s.H, HAS_C<Cell> ? s.c_last + b * s.H : nullptr);
    }

    // The number of sequences of the thread that has the most.
    Index largest_share(int team_size) const { return (s.B + team_size - 1) / team_size; }

    // The number of steps whose inputs are multiplied in one product.
    Index steps_at_once(Index sequences) const {
        return sequences >= ROWS_AT_ONCE || sequences == 0 ? 1 : std::min(s.T, ROWS_AT_ONCE / sequences);
    }

    void forward() const {
        if (!forward(threads())) forward(1);
    }

    bool forward(int team_size) const {
        const Index chunk = steps_at_once(largest_share(team_size));
        const bool keeps_tape = s.tape != nullptr;
        const Floats input(s.I * Cell::X_PLANES * P), state(s.H * Cell::H_PLANES * P), biases(bias_planes() * P);
        const Index half_size = chunk * largest_share(team_size) * stride;  // two, in turn
        const Floats short_tape(keeps_tape ? 0 : 2 * half_size, team_size);
        const Scratch<Index> first(largest_share(team_size), team_size);
        return in_parallel(team_size, [&](Team team) {
            pack_forward(team, input, s.w_ih, s.I, Cell::X_GATES, Cell::X_PLANES);
            pack_forward(team, state, s.w_hh, s.H, Cell::H_GATES, Cell::H_PLANES);
            if (team.rank == 0) pack_biases(biases);
            team.wait();
            const Index b0 = team.begin(s.B), b1 = team.end(s.B);
            const Index next = keeps_tape ? step : (b1 - b0) * stride;  // from step to step
            float* before = keeps_tape ? s.tape + b0 * stride : short_tape.of(team);
            for (Index b = b0; b < b1; ++b) write_initial_state(before + (b - b0) * stride, b);
            find_first(first.of(team), b0, b1);
            for (Index t = 0, half = 1; t < s.T; t += chunk, half = 1 - half) {
                float* now = keeps_tape ? before + next : short_tape.of(team) + half * half_size;
                const Index end = std::min(t + chunk, s.T);
                input_part(b0, b1, t, end, input, biases, now, next);
                for (Index i = t; i < end; ++i, before = now, now += next)
                    forward_step(b0, b1, i, state, biases, first.of(team), now, before);
            }
            for (Index b = b0; b < b1; ++b) write_last_state(before + (b - b0) * stride, b);
        });
    }

    // a = W_ih x + b for some sequences and steps: in one product for each step or, if there are more steps than
    // sequences, in one for each sequence.
    void input_part(Index b0, Index b1, Index t0, Index t1, const float* input, const float* biases, float* rows,
                    Index next) const {
        const Packed weights = {input, W, s.I * W};
        const Index N = Cell::X_PLANES * P / W;
        if (b1 - b0 >= t1 - t0)
            for (Index t = t0; t < t1; ++t)
                multiply(b1 - b0, N, s.I, {s.x.at(b0, t), s.x.batch}, weights, {biases, 0},
                         rows + (t - t0) * next, stride);
        else
            for (Index b = b0; b < b1; ++b)
                multiply(t1 - t0, N, s.I, {s.x.at(b, t0), s.x.time}, weights, {biases, 0}, rows + (b - b0) * stride,
                         next);
        if constexpr (Cell::GATE_PLANES > Cell::X_PLANES)
            for (Index t = t0; t < t1; ++t)
                for (Index b = b0; b < b1; ++b)
                    copy(rows + (t - t0) * next + (b - b0) * stride + Cell::X_PLANES * P,
                         biases + Cell::X_PLANES * P, (Cell::GATE_PLANES - Cell::X_PLANES) * P);
    }

    void forward_step(Index b0, Index b1, Index t, const float* state, const float* biases, const Index* first,
                      float* now, const float* before) const {
        float* planes = now + Cell::H_FIRST * P;
        multiply(b1 - b0, Cell::H_PLANES * P / W, s.H, {before + Cell::H * P, stride}, {state, W, s.H * W},
                 {planes, stride}, planes, stride);
        for (Index b = b0; b < b1; ++b, now += stride, before += stride) {
            if (counts(b, t)) {
                if constexpr (NORMALIZED<Cell>)
                    Cell::forward(now, before, P, s.H, biases + Cell::GATE_PLANES * P);
                else
                    Cell::forward(now, before, P);
            } else {  // the state is carried over
                copy(now + Cell::H * P, before + Cell::H * P, P);
                if constexpr (HAS_C<Cell>) copy(now + Cell::C * P, before + Cell::C * P, P);
            }
            if (s.dropout > 0) dropout.draw(now + Cell::PLANES * P, s.H, static_cast<std::uint64_t>(b) * s.T + t);
            if (s.y.first == nullptr) continue;
            if (t < first[b - b0])
                clear(s.y.at(b, t), s.H);  // no step has counted yet
            else
                write_output(s.y.at(b, t), now);
        }
    }

    // The output of a step is its h, also if that was carried over; with dropout, what is kept of it.
    void write_output(float* y, const float* row) const {
        const float* h = row + Cell::H * P;
        if (s.dropout > 0)
            dropout.multiply(y, h, row + Cell::PLANES * P, s.H);
        else
            copy(y, h, s.H);
    }

    // Adds the gradient of a step's output to that of its h.
    void add_output_gradient(float* dh, const float* dy, const float* row) const {
        if (s.dropout > 0)
            dropout.add_multiple(dh, dy, row + Cell::PLANES * P, s.H);
        else
            for (Index u = 0; u < s.H; ++u) dh[u] += dy[u];
    }

    void backward(const Gradients& d) const {
        if (!backward(d, threads())) backward(d, 1);
    }

    bool backward(const Gradients& d, int team_size) const {
        const Index rows = largest_share(team_size), chunk = steps_at_once(rows);
        const Index x_width = d.x.first == nullptr ? 0 : padded(s.I);
        const Floats to_state(Cell::H_PLANES * s.H * P), to_input(Cell::X_PLANES * s.H * x_width);
        const Floats dh(rows * P, team_size), dc(rows * P, team_size);
        const Scratch<Index> first(rows, team_size);  // each sequence's first unmasked step
        const Floats dx(std::max(rows, chunk) * x_width, team_size);
        const WeightGradients<Cell> weights(s, d, P, stride, team_size);
        const Floats biases(NORMALIZED<Cell> ? bias_planes() * P : 0), sums(std::max<Index>(s.B, 1) * sums_size());
        return in_parallel(team_size, [&](Team team) {
            pack_backward(team, to_state, s.w_hh, s.H, Cell::H_GATES, Cell::H_PLANES);
            if (d.x.first != nullptr) pack_backward(team, to_input, s.w_ih, s.I, Cell::X_GATES, Cell::X_PLANES);
            if (NORMALIZED<Cell> && team.rank == 0) pack_biases(biases);
            team.wait();
            const Index b0 = team.begin(s.B), b1 = team.end(s.B);
            clear(sums + b0 * sums_size(), (b1 - b0) * sums_size());
            for (Index b = b0; b < b1; ++b) {
                read_gradient(dh.of(team) + (b - b0) * P, d.h_last, b);
                read_gradient(dc.of(team) + (b - b0) * P, d.c_last, b);
            }
            find_first(first.of(team), b0, b1);
            for (Index end = s.T; end > 0;) {
                const Index begin = end < chunk ? 0 : end - chunk;
                for (Index t = end - 1; t >= begin; --t)
                    backward_step(b0, b1, t, d, to_state, biases, sums, first.of(team), dh.of(team), dc.of(team));
                if (d.x.first != nullptr) input_gradient(b0, b1, begin, end, d, to_input, dx.of(team));
                end = begin;
            }
            for (Index b = b0; b < b1; ++b) {
                if (d.h0 != nullptr) copy(d.h0 + b * s.H, dh.of(team) + (b - b0) * P, s.H);
                if (d.c0 != nullptr) copy(d.c0 + b * s.H, dc.of(team) + (b - b0) * P, s.H);
            }
            team.wait();
            weights.compute(team);
            if constexpr (NORMALIZED<Cell>) Cell::write_gradients(team, s, d, P, sums);
        });
    }

    // The number of floats, for each sequence, of the sums of gradients of a normalized cell's vectors.
    Index sums_size() const {
        if constexpr (NORMALIZED<Cell>) return Cell::VECTORS * P;
        return 0;
    }

    void read_gradient(float* to, const float* from, Index b) const {
        clear(to, P);
        if (from != nullptr) copy(to, from + b * s.H, s.H);
    }

    // Turns the gradients of the state after step t into those of the state before it; those of a go to the tape.
    void backward_step(Index b0, Index b1, Index t, const Gradients& d, const float* to_state, const float* biases,
                       float* sums, const Index* first, float* dh, float* dc) const {
        float* now = s.tape + (t + 1) * step + b0 * stride;
        for (Index b = b0; b < b1; ++b) {
            float* row = now + (b - b0) * stride;
            float* dh_row = dh + (b - b0) * P;
            // the output of a masked step is an earlier state; before the first unmasked step it is a constant zero
            if (d.y.first != nullptr && t >= first[b - b0]) add_output_gradient(dh_row, d.y.at(b, t), row);
            float* dc_row = dc + (b - b0) * P;
            if (!counts(b, t))
                clear(row, Cell::GATE_PLANES * P);
            else if constexpr (NORMALIZED<Cell>)
                Cell::backward(row, row - step, dh_row, dc_row, P, s.H, biases + Cell::GATE_PLANES * P,
                               sums + b * sums_size());
            else
                Cell::backward(row, row - step, dh_row, dc_row, P);
        }
        for (int p = 0; p < Cell::H_PLANES; ++p)
            multiply(b1 - b0, P / W, s.H, {now + (Cell::H_FIRST + p) * P, stride}, {to_state + p * s.H * P, W, s.H * W},
                     {dh, P}, dh, P);
    }

    // dx = da W_ih for some sequences and steps, multiplied as in input_part
    void input_gradient(Index b0, Index b1, Index t0, Index t1, const Gradients& d, const float* to_input,
                        float* rows) const {
        const Index width = padded(s.I);
        const bool by_step = b1 - b0 >= t1 - t0;
        const Index count = by_step ? b1 - b0 : t1 - t0;
        for (Index i = by_step ? t0 : b0; i < (by_step ? t1 : b1); ++i) {
            const float* da = s.tape + (by_step ? (i + 1) * step + b0 * stride : (t0 + 1) * step + i * stride);
            clear(rows, count * width);
            for (int p = 0; p < Cell::X_PLANES; ++p)
                multiply(count, width / W, s.H, {da + p * P, by_step ? stride : step},
                         {to_input + p * s.H * width, W, s.H * W}, {rows, width}, rows, width);
            for (Index j = 0; j < count; ++j)
                copy(by_step ? d.x.at(b0 + j, i) : d.x.at(i, t0 + j), rows + j * width, s.I);
        }
    }
};

template <class Cell>
class LayerStepKernel final : public StepKernel {
   public:
    explicit LayerStepKernel(const Layer<Cell>& layer)
        : s_(layer.s),
          input_(s_.I * Cell::X_PLANES * layer_.P),
          state_(s_.H * Cell::H_PLANES * layer_.P),
          biases_(layer_.bias_planes() * layer_.P),
          rows_(2 * layer_.step) {
        const Team alone{0, 1};
        layer_.pack_forward(alone, input_, s_.w_ih, s_.I, Cell::X_GATES, Cell::X_PLANES);
        layer_.pack_forward(alone, state_, s_.w_hh, s_.H, Cell::H_GATES, Cell::H_PLANES);
        layer_.pack_biases(biases_);
        set_state(nullptr, nullptr);
    }

    void set_state(const float* h, const float* c) override {
        s_.h0 = h, s_.c0 = c;
        for (Index b = 0; b < s_.B; ++b) layer_.write_initial_state(row(now_, b), b);
    }

    void get_state(float* h, float* c) const override {
        for (Index b = 0; b < s_.B; ++b)
            layer_.write_state(row(now_, b), h + b * s_.H, HAS_C<Cell> ? c + b * s_.H : nullptr);
    }

    void step(const float* x, float* h) override {
        s_.x = {x, s_.I, 0};
        now_ = 1 - now_;
        layer_.input_part(0, s_.B, 0, 1, input_, biases_, row(now_, 0), 0);
        layer_.forward_step(0, s_.B, 0, state_, biases_, nullptr, row(now_, 0), row(1 - now_, 0));
        for (Index b = 0; b < s_.B; ++b) copy(h + b * s_.H, row(now_, b) + Cell::H * layer_.P, s_.H);
    }

   private:
    float* row(Index which, Index b) const { return rows_ + which * layer_.step + b * layer_.stride; }

    Scan s_;
    Layer<Cell> layer_{s_};
    Floats input_, state_, biases_, rows_;
    Index now_ = 0;
};

// f(Layer<the cell>). Without a default, so that the compiler reports a cell that is missing.
template <class F>
auto with_layer(Cell cell, const Scan& s, const F& f) {
    switch (cell) {
        case SimpleRNN<false>::CELL: return f(Layer<SimpleRNN<false>>{s});
        case SimpleRNN<true>::CELL: return f(Layer<SimpleRNN<true>>{s});
        case GRU::CELL: return f(Layer<GRU>{s});
        case LSTM::CELL: return f(Layer<LSTM>{s});
        case Cell::rnn_tanh_norm: return f(Layer<Normalized<SimpleRNN<false>, Cell::rnn_tanh_norm>>{s});
        case Cell::rnn_relu_norm: return f(Layer<Normalized<SimpleRNN<true>, Cell::rnn_relu_norm>>{s});
        case Cell::gru_norm: return f(Layer<Normalized<GRU, Cell::gru_norm>>{s});
        case Cell::lstm_norm: return f(Layer<Normalized<LSTMOfNormalizedC, Cell::lstm_norm>>{s});
    }
    __builtin_unreachable();
}

Index tape_stride(Cell cell, Index H, bool dropout) {
    Scan s{};
    s.H = H;
    s.dropout = dropout ? 0.5 : 0.0;
    return with_layer(cell, s, [](const auto& layer) { return layer.stride; });
}

void forward(Cell cell, const Scan& s) {
    with_layer(cell, s, [](const auto& layer) { layer.forward(); });
}

void backward(Cell cell, const Scan& s, const Gradients& d) {
    with_layer(cell, s, [&](const auto& layer) { layer.backward(d); });
}

StepKernel* new_step_kernel(Cell cell, const Scan& s) {
    return with_layer(cell, s, [](const auto& layer) -> StepKernel* { return new LayerStepKernel{layer}; });
}

}  // namespace

#define RECURRA_TEXT_(x) #x
#define RECURRA_TEXT(x) RECURRA_TEXT_(x)
extern const Kernels kernels;
const Kernels kernels = {RECURRA_TEXT(RECURRA_ISA_NAME), tape_stride, forward, backward, new_step_kernel};

}  // namespace recurra::RECURRA_ISA_NAME
