// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): random bits as a function of a
// counter and a key. Whoever computes them, in whatever order, gets the same.
#pragma once

#include "vector.h"

namespace recurra::RECURRA_ISA_NAME {

constexpr int LANES = W / 2;  // counters in a register
typedef std::uint64_t Longs __attribute__((vector_size(4 * W)));

// The product of the lower halves of each lane.
inline Longs multiply_lower(Longs a, Longs b) {
#if defined(__AVX512F__)
    return reinterpret_cast<Longs>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Longs>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Longs>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

class Philox {
   public:
    explicit Philox(std::uint64_t key) {
        for (std::uint32_t round = 0; round < ROUNDS; ++round) {
            keys_[round][0] = static_cast<std::uint32_t>(key) + round * 0x9E3779B9 - Longs{};
            keys_[round][1] = static_cast<std::uint32_t>(key >> 32) + round * 0xBB67AE85 - Longs{};
        }
    }

    // Replaces a counter in each lane by 128 random bits. Their words, as those of the counter, are the lower halves of the
    // lanes of four registers; the upper halves mean nothing.
    void operator()(Longs* x) const {
        for (int round = 0; round < ROUNDS; ++round) {
            const Longs first = multiply_lower(x[0], 0xD2511F53 - Longs{});
            const Longs second = multiply_lower(x[2], 0xCD9E8D57 - Longs{});
            x[0] = second >> 32 ^ x[1] ^ keys_[round][0];
            x[1] = second;
            x[2] = first >> 32 ^ x[3] ^ keys_[round][1];
            x[3] = first;
        }
    }

   private:
    static constexpr int ROUNDS = 10;
    Longs keys_[ROUNDS][2];
};

}  // namespace recurra::RECURRA_ISA_NAME
