// Dropout of a layer's outputs: which units are kept, one bit each, and the factors that they are multiplied by.
//
// The bits of a row (one step of one sequence) are a function of the seed and of the row's number: the same for every
// number of threads and every instruction set. Unit 16·g + 4·j + l of row r is kept if word j of Philox's answer to
// the counter (4·g + l, 0, r mod 2³², r div 2³²) is at least rate·2³².
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "philox.h"
#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

class Dropout {
   public:
    Dropout(double rate, std::uint64_t seed)
        : philox_(seed),
          highest_(static_cast<std::uint64_t>(rate * 4294967296.0 + 0.5) - 1),
          scale_(static_cast<float>(1.0 / (1.0 - rate))) {}

    // The number of floats that hold the bits of so many units.
    static constexpr Index floats(Index units) { return (units + 31) / 32; }

    // Draws the bits of a row.
    void draw(float* bits, Index units, std::uint64_t row) const {
        auto* to = reinterpret_cast<char*>(bits);
        for (Index counter = 0; 4 * counter < units; counter += COUNTERS, to += COUNTERS / 2) {
            std::uint32_t kept = 0;
            for (int part = 0; part < COUNTERS; part += LANES) {
                const auto first = static_cast<std::uint64_t>(counter + part);
                Longs x[4] = {first + numbers(), {}, row - Longs{}, (row >> 32) - Longs{}};
                philox_(x);
                for (int word = 0; word < 4; ++word) {
                    const std::uint32_t lanes = negative(highest_ - (x[word] & 0xFFFFFFFF));
                    kept |= ((lanes & 0xF) | (lanes & 0xF0) << 12) << (4 * word + part);
                }
            }
            std::memcpy(to, &kept, COUNTERS / 2);
        }
    }

    // Writes the units that are kept, divided by 1 - rate, and zeros for the others.
    void multiply(float* to, const float* from, const float* bits, Index units) const {
        Index u = 0;
        for (; u + W <= units; u += W) store(to + u, load(from + u) * factors(bits, u));
        if (u < units) store_some(to + u, load_some(from + u, units - u) * factors(bits, u), units - u);
    }

    // The same, added to `to`, in which the last register is whole.
    void add_multiple(float* to, const float* from, const float* bits, Index units) const {
        Index u = 0;
        for (; u + W <= units; u += W) store(to + u, load(to + u) + load(from + u) * factors(bits, u));
        if (u < units) store(to + u, load(to + u) + load_some(from + u, units - u) * factors(bits, u));
    }

   private:
    static constexpr int COUNTERS = LANES < 4 ? 4 : LANES;  // at once, of 16 or 32 units

    // The factors of the register of units from u on.
    V factors(const float* bits, Index u) const {
        std::uint16_t kept;
        std::memcpy(&kept, reinterpret_cast<const char*>(bits) + u / 16 * 2, sizeof kept);
        const Integers of_lane = powers(std::make_integer_sequence<int, W>());
        return ((kept >> u % 16) - Integers{} & of_lane) != 0 ? broadcast(scale_) : V{};
    }

    static V load_some(const float* from, Index count) {
        V v{};
        std::memcpy(&v, from, sizeof(float) * count);
        return v;
    }
    static void store_some(float* to, V v, Index count) { std::memcpy(to, &v, sizeof(float) * count); }

    template <int... L>
    static Integers powers(std::integer_sequence<int, L...>) { return Integers{(1 << L)...}; }
    template <std::uint64_t... L>
    static Longs numbers(std::integer_sequence<std::uint64_t, L...>) { return Longs{L...}; }
    static Longs numbers() { return numbers(std::make_integer_sequence<std::uint64_t, LANES>()); }

    // A bit for each lane: whether it is negative.
    static std::uint32_t negative(Longs x) {
#if defined(__AVX512F__)
        return _mm512_movepi64_mask(reinterpret_cast<__m512i>(x));
#elif defined(__AVX__)
        return _mm256_movemask_pd(reinterpret_cast<__m256d>(x));
#elif defined(__SSE2__)
        return _mm_movemask_pd(reinterpret_cast<__m128d>(x));
#else
        std::uint32_t found = 0;
        for (int lane = 0; lane < LANES; ++lane) found |= static_cast<std::uint32_t>(x[lane] >> 63) << lane;
        return found;
#endif
    }

    Philox philox_;
    std::uint64_t highest_;  // of the words of dropped units
    float scale_;
};

}  // namespace recurra::RECURRA_ISA_NAME
