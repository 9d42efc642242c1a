// The one matrix product: C = start + A·B, on tiles of C that stay in registers throughout the inner dimension.
//
//     A  [M, K]   row by row, or column by column (its transpose lies row by row)
//     B  [K, N]   N in registers of W floats: register v of row k lies at b + v·v_stride + k·k_stride.
//                 Packed weights have k_stride = W and v_stride = K·W, so that a tile reads few, contiguous streams.
//     C  [M, N]   rows of N·W floats
//
// Every element is the sum over blocks of K_BLOCK products, each block summed by itself, in the same order whatever
// tile it falls into: results depend neither on how rows are grouped nor on who computes them. The blocks also keep the
// rounding error of long sums down, and a block of B in the first cache.
#pragma once

#include <algorithm>

#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

constexpr int K_BLOCK = 192;
constexpr int TALLEST = REGISTERS == 32 ? 8 : 6;  // rows of the tallest tile

// The registers across a tile of so many rows: enough sums, about 8, to hide the latency of a multiply-add, and few
// enough for all of them to stay in registers together with a row of B and an element of A.
constexpr int width_of(int rows) {
    constexpr int WIDTH_16[] = {8, 4, 3, 3, 2, 2}, WIDTH_32[] = {8, 8, 6, 5, 4, 4, 3, 3};
    return REGISTERS == 32 ? WIDTH_32[rows - 1] : WIDTH_16[rows - 1];
}

struct Rows {  // of A, of the start, or of C: the address of the first, and the distance to the next
    const float* first;
    Index stride;
};

struct Packed {  // B
    const float* first;
    Index k_stride, v_stride;
};

template <int M, int N, bool TRANSPOSED>
void tile(Index K, const float* a, Index a_stride, Packed b, const float* start, Index start_stride, float* c,
          Index c_stride) {
    V sums[M][N];
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < N; ++n) sums[m][n] = V{};
    Index k = 0;
    do {  // K is at least 1, and with the test at the end of the loop the sums stay in registers
        V row[N];
        for (int n = 0; n < N; ++n) row[n] = load(b.first + k * b.k_stride + n * b.v_stride);
        for (int m = 0; m < M; ++m) {
            const V element = broadcast(TRANSPOSED ? a[k * a_stride + m] : a[m * a_stride + k]);
            for (int n = 0; n < N; ++n) sums[m][n] += element * row[n];
        }
    } while (++k < K);
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < N; ++n)
            store(c + m * c_stride + n * W, load(start + m * start_stride + n * W) + sums[m][n]);
}

using Tile = void (*)(Index, const float*, Index, Packed, const float*, Index, float*, Index);

template <int M, int N, bool TRANSPOSED>
Tile tile_of(Index rows, int width) {
    if (rows < M) {
        if constexpr (M > 1) return tile_of<M - 1, width_of(M - 1), TRANSPOSED>(rows, width);
    }
    if (width < N) {
        if constexpr (N > 1) return tile_of<M, N - 1, TRANSPOSED>(rows, width);
    }
    return tile<M, N, TRANSPOSED>;
}

// C = start + A·B. A start of stride 0 is one row (zeros, or biases) that every row of C starts from.
inline void multiply(Index M, Index N, Index K, Rows a, Packed b, Rows start, float* c, Index c_stride) {
    if (M == 0) return;
    const Index tiles = (M + TALLEST - 1) / TALLEST, blocks = (K + K_BLOCK - 1) / K_BLOCK;
    const Index short_rows = M / tiles, tall_tiles = M % tiles;  // the number of tiles with one row more
    const int wide = width_of(static_cast<int>(short_rows + (tall_tiles > 0)));
    for (Index block = 0; block < blocks; ++block) {
        const Index k = K * block / blocks, depth = K * (block + 1) / blocks - k;
        const Rows from = block == 0 ? start : Rows{c, c_stride};
        for (Index v = 0; v < N; v += wide) {
            const int width = static_cast<int>(std::min<Index>(N - v, wide));
            const Packed part = {b.first + k * b.k_stride + v * b.v_stride, b.k_stride, b.v_stride};
            const Tile run_short = tile_of<TALLEST, width_of(TALLEST), false>(short_rows, width);
            const Tile run_tall =
                tall_tiles == 0 ? run_short : tile_of<TALLEST, width_of(TALLEST), false>(short_rows + 1, width);
            const float *a_row = a.first + k, *from_row = from.first + v * W;
            float* c_row = c + v * W;
            for (Index i = 0; i < tiles; ++i) {
                const Index rows = short_rows + (i < tall_tiles);
                const Tile run = i < tall_tiles ? run_tall : run_short;
                run(depth, a_row, a.stride, part, from_row, from.stride, c_row, c_stride);
                a_row += rows * a.stride;
                from_row += rows * from.stride;
                c_row += rows * c_stride;
            }
        }
    }
}

}  // namespace recurra::RECURRA_ISA_NAME
