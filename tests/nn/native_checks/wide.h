// Included before scan.cpp, this builds what AVX-512 would have, registers of 16 floats and 32 of them, from whatever
// instructions the compiler may use: so that the wide kernels can be run where no processor has them.
#pragma once

#include <immintrin.h>

#define __AVX512F__ 1
#define _mm512_min_ps recurra_lesser
#define _mm512_max_ps recurra_greater

// As the instructions: where one of the two is NaN, the second.
template <class V>
inline V recurra_lesser(V a, V b) {
    return a < b ? a : b;
}
template <class V>
inline V recurra_greater(V a, V b) {
    return a > b ? a : b;
}
