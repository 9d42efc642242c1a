// Included before scan.cpp, this builds what AVX-512 would have, registers of 16 floats and 32 of them, from whatever
// instructions the compiler may use: so that the wide kernels can be run where no processor has them.
#pragma once

#include <immintrin.h>

#define __AVX512F__ 1
#define _mm512_min_ps recurra_lesser
#define _mm512_max_ps recurra_greater
#define _mm512_mul_epu32 recurra_multiply_lower
#define _mm512_movepi64_mask recurra_negative

// As the instructions: where one of the two is NaN, the second.
template <class V>
inline V recurra_lesser(V a, V b) {
    return a < b ? a : b;
}
template <class V>
inline V recurra_greater(V a, V b) {
    return a > b ? a : b;
}

typedef unsigned long long RecurraLongs __attribute__((vector_size(64)));

template <class Register>
inline Register recurra_multiply_lower(Register a, Register b) {
    return reinterpret_cast<Register>((reinterpret_cast<RecurraLongs>(a) & 0xFFFFFFFF) * (reinterpret_cast<RecurraLongs>(b) & 0xFFFFFFFF));
}
template <class Register>
inline unsigned recurra_negative(Register a) {
    unsigned found = 0;
    for (int lane = 0; lane < 8; ++lane) found |= unsigned(reinterpret_cast<RecurraLongs>(a)[lane] >> 63) << lane;
    return found;
}
