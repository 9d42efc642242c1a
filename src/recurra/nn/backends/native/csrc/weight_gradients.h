// The gradients of a layer's weights and biases, from the tape as backward leaves it: with da in place of the gates.
//
// Those of the weights are daᵀ [x | h_{t-1}], those of the biases daᵀ 1 (but for normalized cells, layer_norm.h). The
// features on the right are taken in tiles of TALLEST, the columns of da in registers. A block of rows of both is packed,
// then multiplied.
#pragma once

#include <algorithm>

#include "cells.h"
#include "layer_norm.h"
#include "memory.h"
#include "scan.h"
#include "threads.h"
#include "tile.h"

namespace recurra::RECURRA_ISA_NAME {

template <class Cell>
class WeightGradients {
   public:
    WeightGradients(const Scan& s, const Gradients& d, Index P, Index stride, int team_size)
        : s_(s),
          d_(d),
          P_(P),
          stride_(stride),
          depth_(std::min<Index>(K_BLOCK, s.T * s.B)),
          tiles_of_x_(d.w_ih == nullptr ? 0 : tiles_of(s.I)),
          tiles_(tiles_of_x_ + (d.w_hh == nullptr ? 0 : tiles_of(s.H))),
          features_(std::min(tiles_, TILES_AT_ONCE) * depth_ * PITCH, team_size),
          panel_(depth_ * STRIP * W, team_size),
          sums_(largest_sums(team_size), team_size) {}

    // Computes this thread's share of the gradients.
    void compute(Team team) const {
        const Share share(*this, team);
        if (share.registers == 0 || (share.rows() == 0 && !share.biases)) return;
        float *const sums = sums_.of(team), *const bias_sums = sums + share.rows() * share.columns();
        clear(sums, (share.rows() + 1) * share.columns());
        for (Index tile = share.first_tile; tile == share.first_tile || tile < share.last_tile; tile += TILES_AT_ONCE) {
            const Index end = std::min(tile + TILES_AT_ONCE, share.last_tile);
            for (Index row = 0; row < s_.T * s_.B; row += depth_) {
                const Index depth = std::min(depth_, s_.T * s_.B - row);
                pack_features(features_.of(team), row, depth, tile, end);
                add_products(team, share, row, depth, tile, end,
                             sums + (tile - share.first_tile) * TALLEST * share.columns(),
                             share.biases && tile == share.first_tile ? bias_sums : nullptr);
            }
        }
        Index column = 0;
        for (int group = 0; group < 3; ++group)
            for (Index v = share.first[group]; v < share.last[group]; ++v, column += W)
                unpack(share, v, sums + column, bias_sums + column);
    }

   private:
    static constexpr Index WIDTH = width_of(TALLEST);  // registers across a tile
    static constexpr Index STRIP = 4 * WIDTH;          // registers of da gathered at once
    static constexpr Index TILES_AT_ONCE = 32;         // tiles of features: K_BLOCK rows of them fit the L2 cache
    static constexpr Index PITCH = 8;                  // floats from row to row of a packed tile, at least TALLEST

    static_assert(PITCH >= TALLEST);

    static Index tiles_of(Index features) { return (features + TALLEST - 1) / TALLEST; }

    // What a thread computes: all tiles for some of the registers or, if there are more tiles than registers, all
    // registers for some of the tiles. Registers form three groups: of the planes that x alone contributes to, of those
    // that x and the state contribute to, and of those that the state alone does.
    struct Share {
        Index first_tile = 0, last_tile, first[3], last[3], registers = 0;
        bool biases;

        Share(const WeightGradients& of, Team team) : last_tile(of.tiles_) {
            constexpr int PLANES[] = {0, Cell::H_FIRST, Cell::X_PLANES, Cell::GATE_PLANES};
            const Index plane = of.P_ / W;
            const bool by_tile = of.tiles_ > Cell::GATE_PLANES * plane;
            if (by_tile) first_tile = team.begin(of.tiles_), last_tile = team.end(of.tiles_);
            const bool wanted = of.d_.b_ih != nullptr || of.d_.b_hh != nullptr;
            biases = wanted && !NORMALIZED<Cell> && !(by_tile && team.rank > 0);  // those are added to what is normalized
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

    // The number of floats for the sums of the thread with the largest share: [features, columns] for the weights and
    // [columns] for the biases.
    Index largest_sums(int team_size) const {
        Index largest = 0;
        for (int rank = 0; rank < team_size; ++rank) {
            const Share share(*this, {rank, team_size});
            largest = std::max(largest, (share.rows() + 1) * share.columns());
        }
        return largest;
    }

    // Some rows of [x | h_{t-1}] → [tile of features][row][PITCH], of which tiles read the first TALLEST.
    void pack_features(float* to, Index row, Index depth, Index tile, Index end) const {
        const Index x_end = std::min(end, tiles_of_x_), state_tile = std::max(tile, tiles_of_x_);
        Index b = row % s_.B, t = row / s_.B;
        for (Index k = 0; k < depth; ++k, to += PITCH) {
            if (tile < x_end) pack_tiles(to, depth * PITCH, s_.x.at(b, t), tile, x_end, s_.I);
            if (state_tile < end)
                pack_tiles(to + (state_tile - tile) * depth * PITCH, depth * PITCH,
                           s_.tape + (t * s_.B + b) * stride_ + Cell::H * P_, state_tile - tiles_of_x_,
                           end - tiles_of_x_, s_.H);
            if (++b == s_.B) b = 0, ++t;
        }
    }

    static void pack_tiles(float* to, Index tile_stride, const float* features, Index tile, Index end, Index count) {
        Index f = tile * TALLEST;
        for (; tile < end && f + PITCH <= count; ++tile, f += TALLEST, to += tile_stride)
            std::memcpy(to, features + f, sizeof(float) * PITCH);
        for (; tile < end; ++tile, f += TALLEST, to += tile_stride)
            for (Index m = 0; m < TALLEST; ++m) to[m] = f + m < count ? features[f + m] : 0.0f;
    }

    // Adds the products of some rows to the sums of some tiles, and to the sums of the biases unless these are null.
    void add_products(Team team, const Share& share, Index row, Index depth, Index tile, Index end, float* sums,
                      float* bias_sums) const {
        float *const panel = panel_.of(team), *const features = features_.of(team);
        const Index columns = share.columns();
        Index column = 0;
        for (int group = 0; group < 3; ++group) {
            const Index from = group == 2 ? std::max(tile, tiles_of_x_) : tile;
            const Index to = group == 0 ? std::min(end, tiles_of_x_) : end;
            for (Index v = share.first[group]; v < share.last[group]; v += STRIP) {
                const Index width = std::min<Index>(STRIP, share.last[group] - v);
                gather(panel, row, depth, v, width, bias_sums == nullptr ? nullptr : bias_sums + column);
                for (Index u = 0; u < width; u += WIDTH) {
                    const Tile run = tile_of<TALLEST, WIDTH, true>(TALLEST, std::min<Index>(WIDTH, width - u));
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

    // Some registers of some rows of da, which the tape holds from its second row of sequences on: [register][row][W].
    void gather(float* panel, Index row, Index depth, Index v, Index width, float* bias_sums) const {
        const float* from = s_.tape + (s_.B + row) * stride_ + v * W;
        V sums[STRIP] = {};
        for (Index k = 0; k < depth; ++k, from += stride_)
            for (Index u = 0; u < width; ++u) {
                const V da = load(from + u * W);
                store(panel + (u * depth + k) * W, da);
                sums[u] += da;
            }
        for (Index u = 0; bias_sums != nullptr && u < width; ++u)
            store(bias_sums + u * W, load(bias_sums + u * W) + sums[u]);
    }

    // Writes the sums of one register's columns, from the first feature on, to dW, which is [G·H, features].
    void unpack(const Share& share, Index v, const float* sums, const float* bias_sums) const {
        const Index plane = v * W / P_, unit = v * W % P_, units = std::min<Index>(W, s_.H - unit);
        const auto put = [&](float* weight, float* bias, Index row, Index width, Index tile, Index end) {
            const Index first = tile * TALLEST, last = std::min(end * TALLEST, width);
            if (weight != nullptr && first < last)
                transpose(weight + row * width + first, width, sums, share.columns(), last - first, units);
            if (bias != nullptr && share.biases) copy(bias + row, bias_sums, units);
        };
        if (plane < Cell::X_PLANES)
            put(d_.w_ih, d_.b_ih, Cell::X_GATES[plane] * s_.H + unit, s_.I, share.first_tile,
                std::min(share.last_tile, tiles_of_x_));
        if (plane >= Cell::H_FIRST) {
            const Index tile = std::max(share.first_tile, tiles_of_x_);
            sums += (tile - share.first_tile) * TALLEST * share.columns();
            put(d_.w_hh, d_.b_hh, Cell::H_GATES[plane - Cell::H_FIRST] * s_.H + unit, s_.H, tile - tiles_of_x_,
                share.last_tile - tiles_of_x_);
        }
    }

    const Scan& s_;
    const Gradients& d_;
    const Index P_, stride_, depth_, tiles_of_x_, tiles_;
    const Floats features_, panel_, sums_;  // for each thread: packed, gathered, summed
};

}  // namespace recurra::RECURRA_ISA_NAME
