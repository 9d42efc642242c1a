// The raw speed of multiply-adds on one core: what no product of matrices can exceed. For layers.py, which compiles it.
#include <chrono>

#if defined(__AVX512F__)
constexpr int WIDTH = 16;
#elif defined(__AVX__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif
typedef float V __attribute__((vector_size(4 * WIDTH)));

// Floating-point operations a second, over so many rounds of twelve multiply-adds that do not wait for each other.
extern "C" double fma_speed(long rounds, float* sink) {
    const V one = V{} + 1.0f;  // twelve different numbers: the compiler would do equal ones once
    V a = one, b = a + one, c = b + one, d = c + one, e = d + one, f = e + one;
    V g = f + one, h = g + one, i = h + one, j = i + one, k = j + one, l = k + one;
    const V factor = V{} + sink[0], term = V{} + sink[1];
    const auto started = std::chrono::steady_clock::now();
    for (long n = 0; n < rounds; ++n) {
        a = a * factor + term, b = b * factor + term, c = c * factor + term, d = d * factor + term;
        e = e * factor + term, f = f * factor + term, g = g * factor + term, h = h * factor + term;
        i = i * factor + term, j = j * factor + term, k = k * factor + term, l = l * factor + term;
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    const V sum = ((a + b) + (c + d)) + ((e + f) + (g + h)) + ((i + j) + (k + l));
    sink[2] = sum[0];
    return 2.0 * 12 * WIDTH * static_cast<double>(rounds) / taken.count();
}
