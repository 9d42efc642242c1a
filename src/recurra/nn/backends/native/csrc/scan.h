// What a kernel is called with: the same for every cell and every instruction set. Plain memory, no torch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cell_table.h"

namespace recurra {

using Index = std::ptrdiff_t;

// B sequences of T steps in memory: step t of sequence b lies at first + b·batch + t·time. To read from the last step
// to the first, let `first` be the last step and `time` be negative.
template <class T>
struct Sequences {
    T* first = nullptr;
    Index batch = 0, time = 0;
    // Always inlined: a copy shared by all instruction sets could contain instructions that this processor lacks.
    [[gnu::always_inline]] T* at(Index b, Index t) const { return first + b * batch + t * time; }
};

// Arrays without strides are contiguous. Comments state which pointers may be null and what null means.
struct Scan {
    Index B, T, I, H;
    Sequences<const float> x;            // [B, T, I]
    Sequences<const std::uint8_t> mask;  // [B, T], 0 for masked steps; null: no step is masked
    const float *h0, *c0;                // [B, H]; null: zeros
    const float *w_ih, *w_hh;            // [G·H, I], [G·H, H], gates in torch's order
    const float *b_ih, *b_hh;            // [G·H]; null: zeros
    const float *norm_ih, *norm_hh;      // [G·H], gains of a normalized cell; null: ones
    const float *norm_c, *b_c;           // [H], of its c where it is output; null: ones, zeros
    Sequences<float> y;                  // [B, T, H]; null: only the last state is wanted
    float *h_last, *c_last;              // [B, H]; c_last only for cells with a state c
    float* tape;                         // [T + 1, B, tape_stride()], from forward to backward; null: no backward
    int threads;                         // at most this many
    double dropout;                      // the rate at which y is dropped, from 0 to below 1; 0: y is h
    std::uint64_t seed;                  // of the dropout
};

// The gradients that backward reads, and where it writes those it computes. Null: none was given, or none is wanted.
struct Gradients {
    Sequences<const float> y;            // read, [B, T, H]
    const float *h_last, *c_last;        // read, [B, H]
    Sequences<float> x;                  // written, [B, T, I]
    float *h0, *c0;                      // written, [B, H]
    float *w_ih, *w_hh, *b_ih, *b_hh;    // written, in the shapes of the parameters
    float *norm_ih, *norm_hh, *norm_c, *b_c;
};

// The kernel of single steps: it reads B sequences step by step, side by side, with weights that are packed once.
class StepKernel {
   public:
    virtual ~StepKernel();  // defined in module.cpp, so that no instruction set has a copy to share
    virtual void set_state(const float* h, const float* c) = 0;  // [B, H]; null: zeros
    virtual void get_state(float* h, float* c) const = 0;        // [B, H]; c only for cells with a state c
    virtual void step(const float* x, float* h) = 0;             // [B, I] → [B, H]
};

// The kernels of one instruction set. Without enough memory they throw std::bad_alloc before they write anything.
struct Kernels {
    const char* isa;
    Index (*tape_stride)(Cell, Index H, bool dropout);
    void (*forward)(Cell, const Scan&);
    void (*backward)(Cell, const Scan&, const Gradients&);  // overwrites the tape
    StepKernel* (*new_step_kernel)(Cell, const Scan&);       // copies the weights and biases
};

}  // namespace recurra
