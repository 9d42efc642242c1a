// What a kernel is called with: the same for every cell and every instruction set. Plain memory, no torch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recurra {

using Index = std::ptrdiff_t;

enum class Cell { rnn_tanh, rnn_relu, gru, lstm };

// B sequences in memory, T steps of some floats: sequence b's step t lies at first + b·batch + t·time. To read from the
// last step to the first, let `first` be the last step and `time` be negative.
template <class T>
struct Sequences {
    T* first = nullptr;
    Index batch = 0, time = 0;
    // always inlined: each instruction set has to keep its own code to itself
    [[gnu::always_inline]] T* at(Index b, Index t) const { return first + b * batch + t * time; }
};

// The arrays that stand without a stride are contiguous; what may be null is said.
struct Scan {
    Index B, T, I, H;
    Sequences<const float> x;            // [B, T, I]
    Sequences<const std::uint8_t> mask;  // [B, T], not 0 for steps that count; null: all do
    const float *h0, *c0;                // [B, H]; null: zeros
    const float *w_ih, *w_hh;            // [G·H, I], [G·H, H], gates in torch's order
    const float *b_ih, *b_hh;            // [G·H]; null: zeros
    Sequences<float> y;                  // [B, T, H]; null: only the last state is wanted
    float *h_last, *c_last;              // [B, H]; c_last only of an LSTM
    float* tape;                         // [T + 1, B, tape_stride()], from forward for backward; null: no backward
    int threads;                         // at most so many
};

// What backward is given, and where it puts what it finds. Null: no gradient came, or none is wanted.
struct Gradients {
    Sequences<const float> y;            // [B, T, H]
    const float *h_last, *c_last;        // [B, H]
    Sequences<float> x;                  // [B, T, I]
    float *h0, *c0;                      // [B, H]
    float *w_ih, *w_hh, *b_ih, *b_hh;    // as the parameters
};

// One sequence, step by step, with weights that were packed once.
class Stepper {
   public:
    virtual ~Stepper();  // in module.cpp, for the same reason
    virtual void set_state(const float* h, const float* c) = 0;        // [H]; null: zeros
    virtual void step(const float* x, float* h_last, float* c_last) = 0;  // [I] → [H]
};

// The kernels of one instruction set. They throw std::bad_alloc, before anything is written.
struct Kernels {
    const char* isa;
    Index (*tape_stride)(Cell, Index H);
    void (*forward)(Cell, const Scan&);
    void (*backward)(Cell, const Scan&, const Gradients&);  // consumes the tape: it holds other things afterwards
    Stepper* (*new_stepper)(Cell, const Scan&);             // of its weights and biases, which it copies
};

}  // namespace recurra
