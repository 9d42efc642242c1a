// All time steps of one layer in one direction, forward and backward. Compiled once for each instruction set.
//
// The batch is split among the threads once, and each runs the whole time loop on its own sequences: threads meet when
// the weights are packed and, backwards, before the gradients of the weights, never at a time step.
//
// The tape holds a row (cells.h) for each sequence before and after every step: [T + 1, B, stride]. Without a backward
// to come it is a short one of each thread's own, used again and again.
//
// Packed weights (tile.h: [register of columns][K][W]), columns padded with zeros:
//     input, state       the products of forward: K = I or H, columns = units of every plane
//     to_state, to_input those of backward, one for each plane: K = H, columns = H or I
#include "scan.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "cells.h"
#include "threads.h"
#include "tile.h"

namespace recurra::RECURRA_ISA_NAME {
namespace {

constexpr double FLOP_OF_A_THREAD = 1e5;  // less than this for each thread is done faster by fewer
constexpr Index ROWS_AT_ONCE = 48;        // rows of a product with the input's weights

// Of the gradients of the weights:
constexpr Index WIDTH = width_of(TALLEST);  // registers across a tile
constexpr Index STRIP = 4 * WIDTH;          // registers of da that are gathered at once
constexpr Index TILES_AT_ONCE = 32;         // of features: with K_BLOCK rows they fit the second cache
constexpr Index PITCH = 8;                  // floats from row to row of a packed tile, at least TALLEST

Index padded(Index count) { return (count + W - 1) / W * W; }
Index smaller(Index a, Index b) { return a < b ? a : b; }

// A row length at which neighbouring rows do not all fall into the same few sets of the cache.
Index apart(Index floats) { return floats % 64 == 0 ? floats + 16 : floats; }

void copy(float* to, const float* from, Index count) { std::memcpy(to, from, sizeof(float) * count); }
void clear(float* to, Index count) { std::memset(to, 0, sizeof(float) * count); }

// The transpose of from [rows, columns] to [columns, rows]; the strides are those from row to row.
void turn(float* to, Index to_stride, const float* from, Index from_stride, Index rows, Index columns) {
    const Index whole_rows = rows / W * W, whole_columns = columns / W * W;
    for (Index i = 0; i < whole_rows; i += W)
        for (Index j = 0; j < whole_columns; j += W) {
            V block[W];
            for (int r = 0; r < W; ++r) block[r] = load(from + (i + r) * from_stride + j);
            transpose(block);
            for (int r = 0; r < W; ++r) store(to + (j + r) * to_stride + i, block[r]);
        }
    for (Index i = 0; i < rows; ++i)
        for (Index j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
            to[j * to_stride + i] = from[i * from_stride + j];
}

// Memory that a call needs besides its arguments: so many of each for several threads, which share no cache line.
template <class Element>
class Scratch {
   public:
    explicit Scratch(Index count, Index threads = 1) : each_((count + 15) / 16 * 16) {
        const Index bytes = sizeof(Element) * each_ * threads;
        first_ = static_cast<Element*>(std::aligned_alloc(64, bytes + 64));
        if (first_ == nullptr) throw std::bad_alloc();
    }
    Scratch(const Scratch&) = delete;
    ~Scratch() { std::free(first_); }
    Element* of(const Team& team) const { return first_ + team.rank * each_; }
    operator Element*() const { return first_; }

   private:
    Index each_;
    Element* first_;
};
using Floats = Scratch<float>;

template <class Cell>
struct Layer {
    const Scan& s;
    const Index P = padded(s.H);                    // floats in a plane
    const Index stride = apart(Cell::PLANES * P);   // from row to row of the tape
    const Index step = s.B * stride;                // from step to step

    int threads() const {
        const double flop = 2.0 * s.B * s.T * Cell::GATES * s.H * (s.I + s.H);
        const double worth = flop / FLOP_OF_A_THREAD;
        return worth < 2 ? 1 : worth < s.threads ? static_cast<int>(worth) : s.threads;
    }

    bool counts(Index b, Index t) const { return s.mask.first == nullptr || *s.mask.at(b, t) != 0; }

    // [G·H, K] → [register of columns][K][W], columns being the units of the planes that `gates` names.
    void pack_forward(Team team, float* to, const float* weight, Index K, const int* gates, int planes) const {
        const Index registers = planes * P / W;
        for (Index v = team.begin(registers); v < team.end(registers); ++v) {
            const Index unit = v * W % P, count = smaller(W, s.H - unit);
            const float* from = weight + (gates[v * W / P] * s.H + unit) * K;
            float* out = to + v * K * W;
            turn(out, W, from, K, count, K);
            if (count < W)
                for (Index k = 0; k < K; ++k) std::memset(out + k * W + count, 0, sizeof(float) * (W - count));
        }
    }

    // [G·H, N] → [plane][register of columns][H][W], columns being those of the weights.
    void pack_backward(Team team, float* to, const float* weight, Index N, const int* gates, int planes) const {
        const Index registers = padded(N) / W;
        for (Index i = team.begin(planes * registers); i < team.end(planes * registers); ++i) {
            const Index column = i % registers * W, count = smaller(W, N - column);
            const float* from = weight + gates[i / registers] * s.H * N + column;
            float* out = to + i * s.H * W;
            for (Index k = 0; k < s.H; ++k)
                for (Index l = 0; l < W; ++l) out[k * W + l] = l < count ? from[k * N + l] : 0.0f;
        }
    }

    // What the sums of a step start from: the biases of the planes that the input feeds, then of the others.
    void pack_biases(float* to) const {
        clear(to, Cell::GATE_PLANES * P);
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
        if (Cell::C >= 0) write(Cell::C, s.c0);
    }

    void write_last_state(const float* row, Index b) const {
        copy(s.h_last + b * s.H, row + Cell::H * P, s.H);
        if (Cell::C >= 0) copy(s.c_last + b * s.H, row + Cell::C * P, s.H);
    }

    // Sequences of the thread that has most, and how many steps of them make the rows of one product.
    Index most(int team_size) const { return (s.B + team_size - 1) / team_size; }
    Index steps_at_once(Index sequences) const {
        return sequences >= ROWS_AT_ONCE || sequences == 0 ? 1 : smaller(s.T, ROWS_AT_ONCE / sequences);
    }

    void forward() const {
        if (!forward(threads())) forward(1);
    }

    bool forward(int team_size) const {
        const Index chunk = steps_at_once(most(team_size));
        const bool keep = s.tape != nullptr;
        const Floats input(s.I * Cell::X_PLANES * P), state(s.H * Cell::H_PLANES * P), biases(Cell::GATE_PLANES * P);
        const Index half = chunk * most(team_size) * stride;
        const Floats short_tape(keep ? 0 : 2 * half, team_size);
        return in_parallel(team_size, [&](Team team) {
            pack_forward(team, input, s.w_ih, s.I, Cell::X_GATES, Cell::X_PLANES);
            pack_forward(team, state, s.w_hh, s.H, Cell::H_GATES, Cell::H_PLANES);
            if (team.rank == 0) pack_biases(biases);
            team.wait();
            const Index b0 = team.begin(s.B), b1 = team.end(s.B);
            const Index next = keep ? step : (b1 - b0) * stride;  // from step to step
            float* before = keep ? s.tape + b0 * stride : short_tape.of(team);
            for (Index b = b0; b < b1; ++b) write_initial_state(before + (b - b0) * stride, b);
            for (Index t = 0, turn = 1; t < s.T; t += chunk, turn = 1 - turn) {
                float* now = keep ? before + next : short_tape.of(team) + turn * half;
                const Index end = smaller(t + chunk, s.T);
                input_part(b0, b1, t, end, input, biases, now, next);
                for (Index i = t; i < end; ++i, before = now, now += next) forward_step(b0, b1, i, state, now, before);
            }
            for (Index b = b0; b < b1; ++b) write_last_state(before + (b - b0) * stride, b);
        });
    }

    // a = W_ih x + b of some sequences and steps: the longer of the two gives the rows of one product.
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

    void forward_step(Index b0, Index b1, Index t, const float* state, float* now, const float* before) const {
        float* planes = now + Cell::H_FIRST * P;
        multiply(b1 - b0, Cell::H_PLANES * P / W, s.H, {before + Cell::H * P, stride}, {state, W, s.H * W},
                 {planes, stride}, planes, stride);
        for (Index b = b0; b < b1; ++b, now += stride, before += stride) {
            const bool counted = counts(b, t);
            if (counted) {
                Cell::forward(now, before, P);
            } else {  // the state stays
                copy(now + Cell::H * P, before + Cell::H * P, P);
                if (Cell::C >= 0) copy(now + Cell::C * P, before + Cell::C * P, P);
            }
            if (s.y.first == nullptr) continue;
            if (counted)
                copy(s.y.at(b, t), now + Cell::H * P, s.H);
            else if (t > 0)  // the output before is repeated
                copy(s.y.at(b, t), s.y.at(b, t - 1), s.H);
            else
                clear(s.y.at(b, t), s.H);
        }
    }

    void backward(const Gradients& d) const {
        if (!backward(d, threads())) backward(d, 1);
    }

    bool backward(const Gradients& d, int team_size) const {
        const Index rows = most(team_size), chunk = steps_at_once(rows);
        const Index x_width = d.x.first == nullptr ? 0 : padded(s.I);
        const Floats to_state(Cell::H_PLANES * s.H * P), to_input(Cell::X_PLANES * s.H * x_width);
        const Floats dh(rows * P, team_size), dc(rows * P, team_size);
        const Scratch<Index> first(rows, team_size);  // the first step that counts of each sequence
        const Floats dx((rows > chunk ? rows : chunk) * x_width, team_size);
        const Index depth = smaller(K_BLOCK, s.T * s.B);  // rows of da and of features at once
        const Floats features(smaller(tiles(d), TILES_AT_ONCE) * depth * PITCH, team_size);
        const Floats panel(depth * STRIP * W, team_size), sums(sums_size(d, team_size), team_size);
        return in_parallel(team_size, [&](Team team) {
            pack_backward(team, to_state, s.w_hh, s.H, Cell::H_GATES, Cell::H_PLANES);
            if (d.x.first != nullptr) pack_backward(team, to_input, s.w_ih, s.I, Cell::X_GATES, Cell::X_PLANES);
            team.wait();
            const Index b0 = team.begin(s.B), b1 = team.end(s.B);
            for (Index b = b0; b < b1; ++b) {
                read_gradient(dh.of(team) + (b - b0) * P, d.h_last, b);
                read_gradient(dc.of(team) + (b - b0) * P, d.c_last, b);
                Index t = 0;
                while (t < s.T && !counts(b, t)) ++t;
                first.of(team)[b - b0] = t;
            }
            for (Index end = s.T; end > 0;) {
                const Index begin = end < chunk ? 0 : end - chunk;
                for (Index t = end - 1; t >= begin; --t)
                    backward_step(b0, b1, t, d, to_state, first.of(team), dh.of(team), dc.of(team));
                if (d.x.first != nullptr) input_gradient(b0, b1, begin, end, d, to_input, dx.of(team));
                end = begin;
            }
            for (Index b = b0; b < b1; ++b) {
                if (d.h0 != nullptr) copy(d.h0 + b * s.H, dh.of(team) + (b - b0) * P, s.H);
                if (d.c0 != nullptr) copy(d.c0 + b * s.H, dc.of(team) + (b - b0) * P, s.H);
            }
            team.wait();
            weight_gradients(team, d, features.of(team), panel.of(team), sums.of(team));
        });
    }

    void read_gradient(float* to, const float* from, Index b) const {
        clear(to, P);
        if (from != nullptr) copy(to, from + b * s.H, s.H);
    }

    // From the gradients of the state after step t to those of the state before it; the tape gets those of the sums a.
    void backward_step(Index b0, Index b1, Index t, const Gradients& d, const float* to_state, const Index* first,
                       float* dh, float* dc) const {
        float* now = s.tape + (t + 1) * step + b0 * stride;
        for (Index b = b0; b < b1; ++b) {
            float* row = now + (b - b0) * stride;
            float* dh_row = dh + (b - b0) * P;
            // a repeated output is the state of the step that it repeats, if there is one
            if (d.y.first != nullptr && t >= first[b - b0]) {
                const float* dy = d.y.at(b, t);
                for (Index u = 0; u < s.H; ++u) dh_row[u] += dy[u];
            }
            if (counts(b, t))
                Cell::backward(row, row - step, dh_row, dc + (b - b0) * P, P);
            else
                clear(row, Cell::GATE_PLANES * P);
        }
        for (int p = 0; p < Cell::H_PLANES; ++p)
            multiply(b1 - b0, P / W, s.H, {now + (Cell::H_FIRST + p) * P, stride}, {to_state + p * s.H * P, W, s.H * W},
                     {dh, P}, dh, P);
    }

    // dx = da W_ih of some sequences and steps
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

    // The gradients of the weights are daᵀ [x | state before], those of the biases daᵀ 1. The features on the right are
    // taken in tiles of TALLEST, the columns of da in registers.
    static Index tiles_of(Index features) { return (features + TALLEST - 1) / TALLEST; }
    Index tiles_of_x(const Gradients& d) const { return d.w_ih == nullptr ? 0 : tiles_of(s.I); }
    Index tiles(const Gradients& d) const { return tiles_of_x(d) + (d.w_hh == nullptr ? 0 : tiles_of(s.H)); }

    // What of them a thread sums up: some tiles with all registers or, where these are more, all with some. Registers
    // come in three groups: of the planes that x alone feeds, of those that both feed, of those that the state alone does.
    struct Share {
        Index first_tile = 0, last_tile, first[3], last[3], registers = 0;
        bool biases = true;

        Share(const Layer& layer, Index tiles, Team team) : last_tile(tiles) {
            constexpr int PLANES[] = {0, Cell::H_FIRST, Cell::X_PLANES, Cell::GATE_PLANES};
            const Index plane = layer.P / W;
            const bool by_tile = tiles > Cell::GATE_PLANES * plane;
            if (by_tile) first_tile = team.begin(tiles), last_tile = team.end(tiles), biases = team.rank == 0;
            const Team among = by_tile ? Team{0, 1} : team;
            for (int group = 0; group < 3; ++group) {
                const Index before = PLANES[group] * plane, count = PLANES[group + 1] * plane - before;
                first[group] = before + among.begin(count), last[group] = before + among.end(count);
                registers += last[group] - first[group];
            }
        }
        Index columns() const { return registers * W; }
        Index rows() const { return (last_tile - first_tile) * TALLEST; }
    };

    // Floats for the sums of the thread that has most.
    Index sums_size(const Gradients& d, int team_size) const {
        Index most = 0;
        for (int rank = 0; rank < team_size; ++rank) {
            const Share share(*this, tiles(d), {rank, team_size});
            const Index size = (share.rows() + 1) * share.columns();
            most = size > most ? size : most;
        }
        return most;
    }

    // The sums are [features, columns] for the weights and [columns] for the biases.
    void weight_gradients(Team team, const Gradients& d, float* features, float* panel, float* sums) const {
        const Share share(*this, tiles(d), team);
        const Index columns = share.columns(), all = s.T * s.B;
        float* const bias_sums = sums + share.rows() * columns;
        clear(sums, (share.rows() + 1) * columns);
        for (Index tile = share.first_tile; tile == share.first_tile || tile < share.last_tile; tile += TILES_AT_ONCE) {
            const Index end = smaller(tile + TILES_AT_ONCE, share.last_tile);
            float* const rows_of_tile = sums + (tile - share.first_tile) * TALLEST * columns;
            for (Index row = 0; row < all; row += K_BLOCK) {
                const Index depth = smaller(K_BLOCK, all - row);
                pack_features(features, row, depth, tile, end, tiles_of_x(d));
                add_products(share, row, depth, features, tile, end, tiles_of_x(d), panel, rows_of_tile,
                             share.biases && tile == share.first_tile ? bias_sums : nullptr);
            }
        }
        Index column = 0;
        for (int group = 0; group < 3; ++group)
            for (Index v = share.first[group]; v < share.last[group]; ++v, column += W)
                unpack(share, d, v, sums + column, bias_sums + column);
    }

    // What some rows of da add to the sums of some tiles, and to those of the biases if they are not null.
    void add_products(const Share& share, Index row, Index depth, const float* features, Index tile, Index end,
                      Index of_x, float* panel, float* sums, float* bias_sums) const {
        const Index columns = share.columns();
        Index column = 0;
        for (int group = 0; group < 3; ++group) {
            const Index from = group == 2 && of_x > tile ? of_x : tile, to = group == 0 ? smaller(end, of_x) : end;
            for (Index v = share.first[group]; v < share.last[group]; v += STRIP) {
                const Index width = smaller(STRIP, share.last[group] - v);
                gather(panel, s.tape + step + row * stride + v * W, depth, width,
                       bias_sums == nullptr ? nullptr : bias_sums + column);
                for (Index u = 0; u < width; u += WIDTH) {
                    const Tile run = tile_of<TALLEST, WIDTH, true>(TALLEST, smaller(WIDTH, width - u));
                    const Packed da = {panel + u * depth * W, W, depth * W};
                    for (Index i = from; i < to; ++i) {
                        float* c = sums + (i - tile) * TALLEST * columns + column + u * W;
                        run(depth, features + (i - tile) * depth * PITCH, PITCH, da, c, columns, c, columns);
                    }
                }
                column += width * W;
            }
        }
    }

    // Some registers of da, which the tape holds from the first step on, so many rows of them: [register][row][W].
    void gather(float* panel, const float* from, Index depth, Index width, float* bias_sums) const {
        V sums[STRIP] = {};
        for (Index k = 0; k < depth; ++k, from += stride)
            for (Index v = 0; v < width; ++v) {
                const V da = load(from + v * W);
                store(panel + (v * depth + k) * W, da);
                sums[v] += da;
            }
        for (Index v = 0; bias_sums != nullptr && v < width; ++v) store(bias_sums + v * W, load(bias_sums + v * W) + sums[v]);
    }

    // The sums of a register's columns, from the first feature on, to where they belong: dW is [G·H, features].
    void unpack(const Share& share, const Gradients& d, Index v, const float* sums, const float* bias_sums) const {
        const Index plane = v * W / P, unit = v * W % P, units = smaller(W, s.H - unit), of_x = tiles_of_x(d);
        const auto put = [&](float* weight, float* bias, Index row, Index width, Index first, Index last) {
            const Index begin = first * TALLEST, end = smaller(last * TALLEST, width);
            if (weight != nullptr && begin < end)
                turn(weight + row * width + begin, width, sums, share.columns(), end - begin, units);
            if (bias != nullptr && share.biases) copy(bias + row, bias_sums, units);
        };
        if (plane < Cell::X_PLANES)
            put(d.w_ih, d.b_ih, Cell::X_GATES[plane] * s.H + unit, s.I, share.first_tile, smaller(share.last_tile, of_x));
        if (plane >= Cell::H_FIRST) {
            const Index first = share.first_tile > of_x ? share.first_tile : of_x;
            sums += (first - share.first_tile) * TALLEST * share.columns();
            put(d.w_hh, d.b_hh, Cell::H_GATES[plane - Cell::H_FIRST] * s.H + unit, s.H, first - of_x, share.last_tile - of_x);
        }
    }

    // Some rows of [x | state before] → [tile of features][row][PITCH], of which tiles read the first TALLEST.
    void pack_features(float* to, Index row, Index depth, Index first, Index last, Index of_x) const {
        const Index x_end = smaller(last, of_x), state_first = first > of_x ? first : of_x;
        Index b = row % s.B, t = row / s.B;
        for (Index k = 0; k < depth; ++k, to += PITCH) {
            if (first < x_end) pack_tiles(to, depth * PITCH, s.x.at(b, t), first, x_end, s.I);
            if (state_first < last)
                pack_tiles(to + (state_first - first) * depth * PITCH, depth * PITCH,
                           s.tape + t * step + b * stride + Cell::H * P, state_first - of_x, last - of_x, s.H);
            if (++b == s.B) b = 0, ++t;
        }
    }

    static void pack_tiles(float* to, Index tile_stride, const float* features, Index first, Index last, Index count) {
        Index f = first * TALLEST;
        for (; first < last && f + PITCH <= count; ++first, f += TALLEST, to += tile_stride)
            std::memcpy(to, features + f, sizeof(float) * PITCH);
        for (; first < last; ++first, f += TALLEST, to += tile_stride)
            for (Index m = 0; m < TALLEST; ++m) to[m] = f + m < count ? features[f + m] : 0.0f;
    }
};

template <class Cell>
class LayerStepper final : public Stepper {
   public:
    explicit LayerStepper(const Layer<Cell>& layer)
        : s_(layer.s),
          input_(s_.I * Cell::X_PLANES * layer_.P),
          state_(s_.H * Cell::H_PLANES * layer_.P),
          biases_(Cell::GATE_PLANES * layer_.P),
          rows_(2 * layer_.stride) {
        const Team alone{0, 1};
        layer_.pack_forward(alone, input_, s_.w_ih, s_.I, Cell::X_GATES, Cell::X_PLANES);
        layer_.pack_forward(alone, state_, s_.w_hh, s_.H, Cell::H_GATES, Cell::H_PLANES);
        layer_.pack_biases(biases_);
        set_state(nullptr, nullptr);
    }

    void set_state(const float* h, const float* c) override {
        s_.h0 = h, s_.c0 = c;
        layer_.write_initial_state(rows_ + now_ * layer_.stride, 0);
    }

    void step(const float* x, float* h_last, float* c_last) override {
        s_.x = {x, 0, 0}, s_.h_last = h_last, s_.c_last = c_last;
        const float* before = rows_ + now_ * layer_.stride;
        now_ = 1 - now_;
        float* now = rows_ + now_ * layer_.stride;
        layer_.input_part(0, 1, 0, 1, input_, biases_, now, 0);
        layer_.forward_step(0, 1, 0, state_, now, before);
        layer_.write_last_state(now, 0);
    }

   private:
    Scan s_;
    Layer<Cell> layer_{s_};
    Floats input_, state_, biases_, rows_;
    Index now_ = 0;
};

// f(Layer) with the layer's cell
template <class F>
auto with_layer(Cell cell, const Scan& s, const F& f) {
    switch (cell) {
        case Cell::rnn_tanh: return f(Layer<SimpleRNN<false>>{s});
        case Cell::rnn_relu: return f(Layer<SimpleRNN<true>>{s});
        case Cell::gru: return f(Layer<GRU>{s});
        default: return f(Layer<LSTM>{s});
    }
}

Index tape_stride(Cell cell, Index H) {
    Scan s{};
    s.H = H;
    return with_layer(cell, s, [](const auto& layer) { return layer.stride; });
}

void forward(Cell cell, const Scan& s) {
    with_layer(cell, s, [](const auto& layer) { layer.forward(); });
}

void backward(Cell cell, const Scan& s, const Gradients& d) {
    with_layer(cell, s, [&](const auto& layer) { layer.backward(d); });
}

Stepper* new_stepper(Cell cell, const Scan& s) {
    return with_layer(cell, s, [](const auto& layer) -> Stepper* { return new LayerStepper{layer}; });
}

}  // namespace

#define RECURRA_TEXT_(x) #x
#define RECURRA_TEXT(x) RECURRA_TEXT_(x)
extern const Kernels kernels;
const Kernels kernels = {RECURRA_TEXT(RECURRA_ISA_NAME), tape_stride, forward, backward, new_stepper};

}  // namespace recurra::RECURRA_ISA_NAME
