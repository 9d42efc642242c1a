// The arguments of a call, checked: whatever a kernel reads or writes lies in the memory of a tensor.
#pragma once

#include <algorithm>
#include <string>

#include "scan.h"
#include "tensors.h"

namespace recurra {

constexpr Index MOST = Index{1} << 40;  // of any size, so that a product of two of them and a stride is an Index

// A tuple of a call, with as many tensors as expected.
inline const nb::tuple& of_size(const nb::tuple& tuple, std::size_t count) {
    if (tuple.size() != count)
        refuse("recurra's kernels were given " + std::to_string(tuple.size()) + " tensors; expected " +
               std::to_string(count) + " in a tuple.");
    return tuple;
}

inline Tensor floats(nb::handle object) {
    Tensor tensor = Tensor::read(object);
    if (tensor.given() && !tensor.is(dlpack::FLOAT, 32))
        refuse("recurra's kernels were given a tensor of " + tensor.kind_text() +
               "; they compute in torch.float32 on cpu.");
    return tensor;
}

inline void expect(const Tensor& tensor, Index rows, Index columns = 1) {
    const double count = static_cast<double>(rows) * static_cast<double>(columns);
    if (tensor.numel() != count)
        refuse("a bias, state, mask or gradient has shape " + tensor.text() + "; expected " +
               std::to_string(static_cast<Index>(std::min(count, 1e18))) + " numbers.");
}

inline void expect_shape(const Tensor& tensor, Index first, Index second, Index third) {
    const Index expected[] = {first, second, third};
    bool fits = tensor.dimensions() == 3 && tensor.is(dlpack::FLOAT, 32);
    for (int i = 0; fits && i < 3; ++i) fits = tensor.size(i) == expected[i];
    if (!fits)
        refuse("a tape, output or gradient is " + tensor.kind_text() + " with shape " + tensor.text() +
               "; expected (" + std::to_string(first) + ", " + std::to_string(second) + ", " + std::to_string(third) +
               ") of torch.float32 on cpu.");
}

// rows · columns numbers that a kernel reads; null for None.
inline const float* contiguous(Tensor& tensor, Index rows, Index columns = 1) {
    if (!tensor.given()) return nullptr;
    expect(tensor, rows, columns);
    return tensor.contiguous().data<const float>();
}

// rows · columns numbers that a kernel writes; null for None.
inline float* written(nb::handle object, Index rows, Index columns = 1) {
    const Tensor tensor = Tensor::written(object);
    if (!tensor.given()) return nullptr;
    expect(tensor, rows, columns);
    if (!tensor.is(dlpack::FLOAT, 32) || !tensor.is_contiguous())
        refuse("a state or gradient to be written is " + tensor.kind_text() + " with shape " + tensor.text() +
               "; expected a contiguous one of torch.float32 on cpu.");
    return tensor.data<float>();
}

// The tensors of a call, in the order of kernels.py: mask, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh,
// norm_ih, norm_hh, norm_c, bias_c. Those that a kernel cannot read in place are copied, and the copies live as long as
// this object.
class Call {
 public:
    const Cell cell;
    const Kernels& kernels;
    Scan scan{};

    Call(const Kernels& kernels, Cell cell, bool reverse, int threads, const nb::tuple& tensors, double dropout = 0.0)
        : cell(cell),
          kernels(kernels),
          reverse_(reverse),
          mask_(Tensor::read(of_size(tensors, 12)[0])),
          x_(floats(tensors[1])),
          h0_(floats(tensors[2])),
          c0_(floats(tensors[3])),
          w_ih_(floats(tensors[4])),
          w_hh_(floats(tensors[5])),
          b_ih_(floats(tensors[6])),
          b_hh_(floats(tensors[7])),
          norm_ih_(floats(tensors[8])),
          norm_hh_(floats(tensors[9])),
          norm_c_(floats(tensors[10])),
          b_c_(floats(tensors[11])) {
        Scan& s = scan;
        if (threads < 1) refuse("the number of threads is " + std::to_string(threads) + "; at least one is needed.");
        if (x_.dimensions() != 3) refuse("the input has shape " + x_.text() + "; expected [B, T, features].");
        if (w_ih_.dimensions() != 2 || w_hh_.dimensions() != 2)
            refuse("the weights have shapes " + w_ih_.text() + " and " + w_hh_.text() + "; expected two matrices.");
        s.B = x_.size(0), s.T = x_.size(1), s.I = x_.size(2), s.H = w_hh_.size(1);
        s.threads = std::min(threads, MOST_THREADS);
        if (!(dropout >= 0.0 && dropout < 1.0))
            refuse("the dropout is " + std::to_string(dropout) + "; expected a rate from 0 to below 1.");
        s.dropout = dropout;
        if (std::max({s.B, s.T, s.I, s.H}) > MOST)
            refuse("the input has shape " + x_.text() + ", and there are " + std::to_string(s.H) +
                   " units; each size must be at most " + std::to_string(MOST) + ".");
        const Index rows = row_of(cell).gates * s.H;
        if (w_hh_.size(0) != rows || w_ih_.size(0) != rows || w_ih_.size(1) != s.I) refuse_weights(rows);
        if (s.T == 0) refuse("the input has no time steps; at least one is needed.");
        if (s.I == 0 || s.H == 0) refuse("the layer has no features or no units; at least one of each is needed.");
        if (mask_.given()) {
            if (!mask_.is(dlpack::BOOL, 8))
                refuse("the mask is " + mask_.kind_text() + "; expected torch.bool on cpu.");
            expect(mask_, s.B, s.T);
            mask_.contiguous();
            const auto* first = mask_.data<const std::uint8_t>();
            if (s.B > 0)
                s.mask = reverse ? Sequences<const std::uint8_t>{first + s.T - 1, s.T, -1}
                                 : Sequences<const std::uint8_t>{first, s.T, 1};
        }
        s.x = sequences<const float>(readable(x_));
        s.h0 = contiguous(h0_, s.B, s.H), s.c0 = contiguous(c0_, s.B, s.H);
        s.w_ih = contiguous(w_ih_, rows, s.I), s.w_hh = contiguous(w_hh_, rows, s.H);
        s.b_ih = contiguous(b_ih_, rows), s.b_hh = contiguous(b_hh_, rows);
        expect_normalized(norm_ih_.given() || norm_hh_.given(), norm_c_.given() || b_c_.given());
        s.norm_ih = contiguous(norm_ih_, rows), s.norm_hh = contiguous(norm_hh_, rows);
        s.norm_c = contiguous(norm_c_, s.H), s.b_c = contiguous(b_c_, s.H);
    }

    // The steps of a tensor [B, T, features], in reverse order if the call is reversed. None has a null `first`, and so
    // has a tensor without sequences.
    template <class T>
    Sequences<T> sequences(const Tensor& tensor) const {
        if (!tensor.given() || scan.B == 0) return {};
        T* const first = tensor.data<T>();
        const Index batch = tensor.stride(0), time = tensor.stride(1);
        return reverse_ ? Sequences<T>{first + (scan.T - 1) * time, batch, -time} : Sequences<T>{first, batch, time};
    }

    // The same values, with the features of a step contiguous in memory.
    static const Tensor& readable(Tensor& tensor) {
        return tensor.given() && !tensor.has_contiguous_rows() ? tensor.contiguous() : tensor;
    }

    // The memory of [B, T, features] that a kernel writes.
    Sequences<float> written_sequences(nb::handle object, Index features) const {
        const Tensor tensor = Tensor::written(object);
        if (!tensor.given()) return {};
        expect_shape(tensor, scan.B, scan.T, features);
        if (!tensor.has_contiguous_rows()) refuse("the features of an output or gradient are not contiguous.");
        return sequences<float>(tensor);
    }

    float* tape(nb::handle object) const {
        const Tensor tensor = Tensor::written(object);
        if (!tensor.given()) return nullptr;
        expect_shape(tensor, scan.T + 1, scan.B, kernels.tape_stride(cell, scan.H, scan.dropout > 0));
        if (!tensor.is_contiguous()) refuse("the tape is not contiguous, as forward had left it.");
        return tensor.data<float>();
    }

    // The states h and, if the cell has it, c of B sequences, for a kernel that always writes them.
    void write_states(nb::handle h, nb::handle c) {
        scan.h_last = written(h, scan.B, scan.H);
        scan.c_last = has_c() ? written(c, scan.B, scan.H) : nullptr;
        if (h.is_none() || (has_c() && c.is_none())) refuse("there is no memory for the last state.");
    }

    // Refuses vectors of layer normalization that the cell has not.
    void expect_normalized(bool of_products, bool of_c) const {
        const bool normalized = row_of(cell).normalized;
        if ((of_products && !normalized) || (of_c && !(normalized && has_c())))
            refuse(std::string("the kernel ") + row_of(cell).name + " was given gains or a bias of layer normalization " +
                   "that its cell has not.");
    }

    bool has_c() const { return row_of(cell).states[1] != nullptr; }

 private:
    static constexpr int MOST_THREADS = 1024;  // more are more than a system may grant

    [[noreturn]] void refuse_weights(Index rows) const {
        const auto shape = [&](Index columns) {
            return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
        };
        refuse("the weights have shapes " + w_ih_.text() + " and " + w_hh_.text() + "; expected " + shape(scan.I) +
               " and " + shape(scan.H) + " for " + std::to_string(scan.I) + " features and " + std::to_string(scan.H) +
               " units.");
    }

    bool reverse_;
    Tensor mask_, x_, h0_, c0_, w_ih_, w_hh_, b_ih_, b_hh_, norm_ih_, norm_hh_, norm_c_, b_c_;
};

}  // namespace recurra
