// Floats copied, cleared and transposed, and the memory that a call needs while it runs.
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>

#include "threads.h"
#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

// The number of floats in whole registers.
inline Index padded(Index count) { return (count + W - 1) / W * W; }

// The distance between rows of so many floats at which neighbouring rows fall into different sets of the cache: with
// multiples of 64 they would share a few of them.
inline Index pad_leading_dimension(Index floats) { return floats % 64 == 0 ? floats + 16 : floats; }

inline void copy(float* to, const float* from, Index count) { std::memcpy(to, from, sizeof(float) * count); }
inline void clear(float* to, Index count) { std::memset(to, 0, sizeof(float) * count); }

// Writes the transpose of from, [rows, columns], to `to`, [columns, rows]; the strides lead from row to row.
inline void transpose(float* to, Index to_stride, const float* from, Index from_stride, Index rows, Index columns) {
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

// Memory that a call needs besides its arguments: `count` elements for each thread, and no cache line for two threads.
template <class Element>
class Scratch {
   public:
    explicit Scratch(Index count, Index threads = 1) : each_((count + 15) / 16 * 16) {
        Index bytes;
        if (__builtin_mul_overflow(each_ * Index{sizeof(Element)}, threads, &bytes)) throw std::bad_alloc();
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

}  // namespace recurra::RECURRA_ISA_NAME
