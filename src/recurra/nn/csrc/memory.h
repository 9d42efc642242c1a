// Floats that are copied, cleared and transposed, and memory for the time of a call.
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>

#include "threads.h"
#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

inline Index padded(Index count) { return (count + W - 1) / W * W; }
inline Index smaller(Index a, Index b) { return a < b ? a : b; }

// A row length at which neighbouring rows do not all fall into the same few sets of the cache.
inline Index apart(Index floats) { return floats % 64 == 0 ? floats + 16 : floats; }

inline void copy(float* to, const float* from, Index count) { std::memcpy(to, from, sizeof(float) * count); }
inline void clear(float* to, Index count) { std::memset(to, 0, sizeof(float) * count); }

// The transpose of from [rows, columns] to [columns, rows]; the strides are those from row to row.
inline void turn(float* to, Index to_stride, const float* from, Index from_stride, Index rows, Index columns) {
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

}  // namespace recurra::RECURRA_ISA_NAME
