// A SIMD register of floats, as wide as the instruction set provides, and the activation functions on it.
//
// V is the compiler's own vector type (GCC, Clang): arithmetic, comparison and `?:` work lane by lane, and one source
// gives SSE2, AVX2, AVX-512 or NEON code according to the flags it is compiled with. scan.cpp is compiled once per
// instruction set, each time in a namespace of its own, and so is all that it includes except scan.h and cell_table.h.
// Of the standard library it uses only what the compiler inlines: of a function that is not inlined the linker keeps
// one copy for all instruction sets, which could contain instructions that this processor lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace recurra::RECURRA_ISA_NAME {

#if defined(__AVX512F__)
constexpr int W = 16;          // floats in a register
constexpr int REGISTERS = 32;  // in the instruction set
#elif defined(__AVX__)
constexpr int W = 8;
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int W = 4;
constexpr int REGISTERS = 32;
#else
constexpr int W = 4;
constexpr int REGISTERS = 16;
#endif

using Index = std::ptrdiff_t;
typedef float V __attribute__((vector_size(4 * W)));
typedef std::int32_t Integers __attribute__((vector_size(4 * W)));

inline V load(const float* from) {
    V v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

inline void store(float* to, V v) { std::memcpy(to, &v, sizeof v); }

inline V broadcast(float value) { return value - V{}; }

// x limited to at most (at least) `bound`; NaN stays NaN. Written with `?:` it would be two slow instructions.
#if defined(__AVX512F__)
inline V at_most(float bound, V x) { return _mm512_min_ps(broadcast(bound), x); }
inline V at_least(float bound, V x) { return _mm512_max_ps(broadcast(bound), x); }
#elif defined(__AVX__)
inline V at_most(float bound, V x) { return _mm256_min_ps(broadcast(bound), x); }
inline V at_least(float bound, V x) { return _mm256_max_ps(broadcast(bound), x); }
#elif defined(__SSE2__)
inline V at_most(float bound, V x) { return _mm_min_ps(broadcast(bound), x); }
inline V at_least(float bound, V x) { return _mm_max_ps(broadcast(bound), x); }
#else
inline V at_most(float bound, V x) { return x > bound ? broadcast(bound) : x; }
inline V at_least(float bound, V x) { return x < bound ? broadcast(bound) : x; }
#endif

// Lane l of the new a is lane l of a where bit STEP of l is 0, and lane l - STEP of b where it is 1; the new b has the
// other lanes.
template <int STEP, int... L>
inline void exchange(V& a, V& b, std::integer_sequence<int, L...>) {
#if defined(__clang__)
    const V first = __builtin_shufflevector(a, b, ((L & STEP) == 0 ? L : W + L - STEP)...);
    b = __builtin_shufflevector(a, b, ((L & STEP) == 0 ? L + STEP : W + L)...);
#else
    const V first = __builtin_shuffle(a, b, Integers{((L & STEP) == 0 ? L : W + L - STEP)...});
    b = __builtin_shuffle(a, b, Integers{((L & STEP) == 0 ? L + STEP : W + L)...});
#endif
    a = first;
}

// Transposes W registers of W floats: lane l of register i becomes lane i of register l.
template <int STEP = 1>
inline void transpose(V* rows) {
    if constexpr (STEP < W) {
        for (int i = 0; i < W; ++i)
            if ((i & STEP) == 0) exchange<STEP>(rows[i], rows[i + STEP], std::make_integer_sequence<int, W>());
        transpose<2 * STEP>(rows);
    }
}

// e^x = 2ⁿ e^r, x = n·ln 2 + r, |r| ≤ ln 2 / 2, for x from -87 on; from 88.4 to 89 the power is infinite.
struct Exponential {
    V power, rest;  // 2ⁿ and e^r - 1
};

inline Exponential exponential(V x) {
    const V shifted = x * 1.44269504f + 12583039.0f;  // adding 1.5·2²³ + 127 leaves n + 127 in the lowest bits,
    const V n = shifted - 12583039.0f;
    Integers bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;  // which are the exponent of 2ⁿ
    V power;
    std::memcpy(&power, &bits, sizeof power);
    const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    const V rr = r * r;  // (e^r - 1 - r) / r², Cephes's expf, in a short chain
    const V p = (r * 1.66666657e-1f + 5.00000000e-1f) + rr * ((r * 8.33345205e-3f + 4.16657962e-2f) +
                                                                rr * (r * 1.98756911e-4f + 1.39819994e-3f));
    return {power, p * rr + r};
}

// 1 / (1 + e^-x): exactly 0 below -88.4, so that the product with an infinite c is NaN, as in torch
inline V sigmoid(V x) {
    const Exponential e = exponential(at_least(-87.0f, at_most(89.0f, -x)));
    return 1.0f / (1.0f + e.power * (1.0f + e.rest));
}

// (e^2x - 1) / (e^2x + 1); e^2x - 1 keeps its precision near 0, where n is 0 and the power 1
inline V tanh(V x) {
    const Exponential e = exponential(at_least(-87.0f, at_most(87.0f, x + x)));
    const V m = e.power * e.rest + (e.power - 1.0f);
    return m / (m + 2.0f);
}

inline V relu(V x) { return x < 0.0f ? V{} : x; }  // NaN stays NaN

}  // namespace recurra::RECURRA_ISA_NAME
