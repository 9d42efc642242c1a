// Runs the kernels on random calls. Every array has exactly its size, so that a sanitizer notices any access beyond it,
// and every result is read. Built with kernels of several widths (ISAS), all of which have to agree.
//
//     exercise [calls] [first seed]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "scan.h"

#define DECLARE(isa) namespace recurra::isa { extern const Kernels kernels; }
#define MENTION(isa) &recurra::isa::kernels,
#define FOR_EACH_ISA(f) ISAS(f)
FOR_EACH_ISA(DECLARE)

recurra::StepKernel::~StepKernel() = default;  // module.cpp, which is not linked here, defines it too

namespace {

using namespace recurra;

const Kernels* const all[] = {FOR_EACH_ISA(MENTION)};

struct Random {
    std::mt19937 bits;
    explicit Random(unsigned seed) : bits(seed) {}
    Index below(Index count) { return static_cast<Index>(bits() % static_cast<unsigned>(count)); }
    bool yes(int percent = 50) { return below(100) < percent; }
    float number() { return (static_cast<float>(below(33)) - 16.0f) / 16.0f; }
};

// An array with an allocation of its own, or a null pointer if it is not `there`.
template <class T>
struct Array {
    Index count = 0;
    std::unique_ptr<T[]> values;
    Array() = default;
    explicit Array(Index n, bool there = true) : count(there ? n : 0), values(there ? new T[n] : nullptr) {}
    T* get() const { return values.get(); }
};

Array<float> random_array(Random& random, Index count, float scale = 1.0f, bool there = true) {
    Array<float> a(count, there);
    for (Index i = 0; i < a.count; ++i) a.values[i] = scale * random.number();
    return a;
}

// [B, T, width] in memory, with gaps or repetitions, batch or time first, forwards or backwards.
template <class T>
struct Laid {
    Array<T> memory;
    Sequences<T> first;
};

template <class T, class Fill>
Laid<T> lay_out(Random& random, Index B, Index steps, Index width, bool backwards, bool may_repeat, const Fill& fill) {
    const Index gap = width + random.below(3), more = random.below(3);
    Index batch = gap * (steps + more), time = gap;
    if (random.yes()) time = gap * (B + more), batch = gap;
    if (may_repeat && random.yes(15)) batch = 0;
    if (may_repeat && random.yes(15)) time = 0;
    const Index count = B == 0 ? 0 : (B - 1) * batch + (steps - 1) * time + width;
    Laid<T> laid{Array<T>(count), {}};
    for (Index i = 0; i < count; ++i) laid.memory.values[i] = fill();
    T* start = laid.memory.get();
    laid.first = backwards ? Sequences<T>{start == nullptr || count == 0 ? start : start + (steps - 1) * time, batch, -time}
                           : Sequences<T>{start, batch, time};
    return laid;
}

using Results = std::vector<std::vector<float>>;

void read(Results& results, const Array<float>& a) { results.emplace_back(a.get(), a.get() + a.count); }

void read(Results& results, const Laid<float>& laid, Index B, Index T, Index width) {
    std::vector<float> values;
    for (Index b = 0; b < B; ++b)
        for (Index t = 0; t < T; ++t) values.insert(values.end(), laid.first.at(b, t), laid.first.at(b, t) + width);
    results.push_back(std::move(values));
}

Results run(const Kernels& kernels, unsigned seed, int threads) {
    Random random(seed);
    const auto cell = static_cast<Cell>(random.below(std::size(CELLS)));
    const CellRow& row = row_of(cell);
    const bool has_c = row.states[1] != nullptr, normalized = row.normalized, big = random.yes(10);
    // sizes around multiples of 64, where rows are padded, are more frequent than by chance
    const Index edges[] = {63, 64, 65, 66, 79, 127, 128, 129, 130, 143};
    const auto size = [&](Index largest) { return random.yes(15) ? edges[random.below(10)] : 1 + random.below(largest); };
    const Index B = random.below(big ? 60 : 20), T = 1 + random.below(big ? 30 : 7), I = size(big ? 250 : 20),
                H = size(big ? 70 : 40), rows = row.gates * H;
    const float scale = 1.0f / std::sqrt(static_cast<float>(H));
    const bool backwards = random.yes(), backward = random.yes(80);

    const auto number = [&] { return random.number(); };
    const auto x = lay_out<float>(random, B, T, I, backwards, true, number);
    const int counted = random.yes(10) ? 0 : 70;
    const auto mask = lay_out<std::uint8_t>(random, B, T, 1, backwards, true,
                                            [&] { return static_cast<std::uint8_t>(random.yes(counted)); });
    const auto h0 = random_array(random, B * H, 1.0f, random.yes()), c0 = random_array(random, B * H, 1.0f, random.yes());
    const auto w_ih = random_array(random, rows * I, scale), w_hh = random_array(random, rows * H, scale);
    const auto b_ih = random_array(random, rows, scale, random.yes()), b_hh = random_array(random, rows, scale, random.yes());
    const auto norm_ih = random_array(random, rows, 0.3f, normalized && random.yes(70)),
               norm_hh = random_array(random, rows, 0.3f, normalized && random.yes(70)),
               norm_c = random_array(random, H, 0.3f, normalized && has_c && random.yes(70)),
               b_c = random_array(random, H, 0.3f, normalized && has_c && random.yes());
    const bool masked = random.yes(), sequences = random.yes(80), dropout = random.yes(40);
    const auto y = lay_out<float>(random, B, T, H, backwards, false, [] { return 0.0f; });
    const Array<float> h_last(B * H), c_last(B * H, has_c), tape((T + 1) * B * kernels.tape_stride(cell, H, dropout), backward);

    Scan s{};
    s.B = B, s.T = T, s.I = I, s.H = H, s.threads = threads;
    s.x = {x.first.first, x.first.batch, x.first.time};
    if (masked) s.mask = {mask.first.first, mask.first.batch, mask.first.time};
    s.h0 = h0.get(), s.c0 = has_c ? c0.get() : nullptr;
    s.w_ih = w_ih.get(), s.w_hh = w_hh.get(), s.b_ih = b_ih.get(), s.b_hh = b_hh.get();
    s.norm_ih = norm_ih.get(), s.norm_hh = norm_hh.get(), s.norm_c = norm_c.get(), s.b_c = b_c.get();
    if (sequences) s.y = y.first;
    s.h_last = h_last.get(), s.c_last = c_last.get(), s.tape = tape.get();
    if (dropout) s.dropout = 0.01 * (1 + random.below(99)), s.seed = random.below(1 << 30) * 0x9E3779B97F4A7C15;
    kernels.forward(cell, s);

    Results results;
    if (sequences) read(results, y, B, T, H);
    read(results, h_last);
    read(results, c_last);

    if (!masked) {  // the first sequences, step by step
        Scan some = s;
        some.B = B > 0 ? 1 + random.below(B) : 0;
        some.T = 0, some.x = {}, some.y = {}, some.h0 = some.c0 = nullptr, some.tape = nullptr, some.dropout = 0;
        const std::unique_ptr<StepKernel> kernel(kernels.new_step_kernel(cell, some));
        kernel->set_state(s.h0, s.c0);
        Array<float> x_t(some.B * I), h(some.B * H), c(some.B * H, has_c);
        for (Index t = 0; t < T; ++t) {
            for (Index b = 0; b < some.B; ++b) std::copy_n(s.x.at(b, t), I, x_t.get() + b * I);
            kernel->step(x_t.get(), h.get());
            if (random.yes(20)) kernel->get_state(h.get(), c.get()), kernel->set_state(h.get(), c.get());
            for (Index b = 0; b < some.B && sequences && !dropout; ++b)
                if (std::memcmp(h.get() + b * H, s.y.at(b, t), sizeof(float) * H) != 0) {
                    std::printf("seed %u: the step kernel of %s differs from its scan at step %td\n", seed, kernels.isa,
                                t);
                    std::exit(1);
                }
        }
    }
    if (!backward) return results;

    s.y = {}, s.h_last = s.c_last = nullptr;
    const auto dy = lay_out<float>(random, B, T, H, backwards, true, number);
    const auto dx = lay_out<float>(random, B, T, I, backwards, false, [] { return 0.0f; });
    const auto dh = random_array(random, B * H, 1.0f, random.yes()), dc = random_array(random, B * H, 1.0f, random.yes());
    const bool came = random.yes(80), x_wanted = random.yes(70);
    const Array<float> dh0(B * H, random.yes(70)), dc0(B * H, has_c && random.yes(70)), dw_ih(rows * I, random.yes(70)),
        dw_hh(rows * H, random.yes(70)), db_ih(rows, random.yes(70)), db_hh(rows, random.yes(70)),
        dnorm_ih(rows, normalized && random.yes(70)), dnorm_hh(rows, normalized && random.yes(70)),
        dnorm_c(H, normalized && has_c && random.yes(70)), db_c(H, normalized && has_c && random.yes(70));
    Gradients d{};
    if (came) d.y = {dy.first.first, dy.first.batch, dy.first.time};
    if (x_wanted) d.x = dx.first;
    d.h_last = dh.get(), d.c_last = has_c ? dc.get() : nullptr, d.h0 = dh0.get(), d.c0 = dc0.get();
    d.w_ih = dw_ih.get(), d.w_hh = dw_hh.get(), d.b_ih = db_ih.get(), d.b_hh = db_hh.get();
    d.norm_ih = dnorm_ih.get(), d.norm_hh = dnorm_hh.get(), d.norm_c = dnorm_c.get(), d.b_c = db_c.get();
    kernels.backward(cell, s, d);
    if (x_wanted) read(results, dx, B, T, I);
    for (const auto* a : {&dh0, &dc0, &dw_ih, &dw_hh, &db_ih, &db_hh, &dnorm_ih, &dnorm_hh, &dnorm_c, &db_c})
        read(results, *a);
    return results;
}

// The largest difference, relative to the largest value of b. It reads every value of both.
double difference(const Results& a, const Results& b) {
    if (a.size() != b.size()) return HUGE_VAL;
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].size() != b[i].size()) return HUGE_VAL;
        double largest = 1;
        for (float v : b[i]) largest = std::max(largest, std::fabs(static_cast<double>(v)));
        for (std::size_t k = 0; k < a[i].size(); ++k) {
            const double relative = std::fabs(static_cast<double>(a[i][k]) - b[i][k]) / largest;
            if (!(relative <= worst)) worst = relative;  // NaN too
        }
    }
    return worst;
}

int check(unsigned seed) {
    const Results expected = run(*all[0], seed, 1);
    for (const Kernels* kernels : all) {
        const Results found = run(*kernels, seed, 1);
        if (const double worst = difference(found, expected); !(worst < 2e-5)) {
            std::printf("seed %u: %s differs from %s by %g\n", seed, kernels->isa, all[0]->isa, worst);
            return 1;
        }
        for (int threads : {2, 3, 5})
            if (run(*kernels, seed, threads) != found) {
                std::printf("seed %u: %s finds other bits with %d threads\n", seed, kernels->isa, threads);
                return 1;
            }
    }
    return 0;
}

}  // namespace

int main(int count, char** values) {
    const unsigned calls = count > 1 ? std::atoi(values[1]) : 300, first = count > 2 ? std::atoi(values[2]) : 0;
    int failures = 0;
    for (unsigned seed = first; seed < first + calls; ++seed) failures += check(seed);
    std::vector<std::thread> callers;  // several at once
    std::vector<int> found(3);
    for (unsigned i = 0; i < 3; ++i)
        callers.emplace_back([&, i] {
            for (unsigned seed = first; seed < first + calls / 10; ++seed) found[i] += check(seed);
        });
    for (std::thread& caller : callers) caller.join();
    for (int f : found) failures += f;
    if (failures == 0) std::printf("%u calls, no difference, no error\n", calls);
    return failures != 0;
}
