// The extension module `_kernels`: the kernels of the fastest instruction set that this processor supports.
//
// It takes torch's tensors and depends on no part of torch except its DLPack interface (tensors.h). Arguments that
// would make a kernel read or write beyond its arrays are refused here. The GIL is released while a kernel runs.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scan.h"
#include "tensors.h"

namespace recurra {

StepKernel::~StepKernel() = default;

#if defined(__x86_64__)
namespace baseline { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }
#else
namespace plain { extern const Kernels kernels; }
#endif

namespace {

// The kernels that this processor can run, fastest first.
std::vector<const Kernels*> available() {
#if defined(__x86_64__)
    std::vector<const Kernels*> found;
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(&avx512::kernels);
    if (v3) found.push_back(&avx2::kernels);
    found.push_back(&baseline::kernels);
    return found;
#else
    return {&plain::kernels};
#endif
}

std::vector<std::string> isas() {
    std::vector<std::string> all;
    for (const Kernels* kernels : available()) all.emplace_back(kernels->isa);
    return all;
}

const Kernels* kernels = available().front();
std::optional<Torch> torch;

bool use(const std::string& isa) {
    for (const Kernels* one : available())
        if (isa == one->isa) {
            kernels = one;
            return true;
        }
    return false;
}

Cell cell_of(int kernel) {
    constexpr int count = std::size(CELLS);
    if (kernel < 0 || kernel >= count)
        refuse("there is no kernel " + std::to_string(kernel) + "; they are 0 to " + std::to_string(count - 1) + ".");
    return static_cast<Cell>(kernel);
}

Index tape_stride(int kernel, Index H) { return kernels->tape_stride(cell_of(kernel), H); }

// Whether every tensor that is not None is one of torch's own classes.
bool are_plain(const nb::tuple& tensors) {
    for (nb::handle tensor : tensors)
        if (!tensor.is_none() && !torch->is_plain(tensor)) return false;
    return true;
}

bool is_plain_floats(nb::handle object) {
    dlpack::Tensor tensor;
    if (!torch->is_plain(object)) return false;
    if (torch->exchange->describe(object.ptr(), &tensor) == 0)
        return tensor.kind == dlpack::FLOAT && tensor.bits == 32 && tensor.device == dlpack::HOST;
    PyErr_Clear();  // it has no memory, or memory that DLPack cannot describe
    return false;
}

// Whether every tensor that is not None is plain, and of torch.float32 on the CPU.
bool are_plain_floats(const nb::tuple& tensors) {
    for (nb::handle tensor : tensors)
        if (!tensor.is_none() && !is_plain_floats(tensor)) return false;
    return true;
}

// The tensors of a call, in the order of kernels.py: mask, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh. Those
// that a kernel cannot read in place are copied, and the copies live as long as this object.
class Call {
 public:
    Cell cell;
    Scan scan{};

    Call(int kernel, bool reverse, int threads, const nb::tuple& tensors)
        : cell(cell_of(kernel)),
          reverse_(reverse),
          mask_(*torch, tensors[0]),
          x_(of_floats(tensors[1])),
          h0_(of_floats(tensors[2])),
          c0_(of_floats(tensors[3])),
          w_ih_(of_floats(tensors[4])),
          w_hh_(of_floats(tensors[5])),
          b_ih_(of_floats(tensors[6])),
          b_hh_(of_floats(tensors[7])) {
        Scan& s = scan;
        if (x_.dimensions() != 3) refuse("the input has shape " + x_.text() + "; expected [B, T, features].");
        if (w_ih_.dimensions() != 2 || w_hh_.dimensions() != 2)
            refuse("the weights have shapes " + w_ih_.text() + " and " + w_hh_.text() + "; expected two matrices.");
        s.threads = threads, s.B = x_.size(0), s.T = x_.size(1), s.I = x_.size(2), s.H = w_hh_.size(1);
        const Index rows = row_of(cell).gates * s.H;
        if (w_hh_.size(0) != rows || w_ih_.size(0) != rows || w_ih_.size(1) != s.I) refuse_weights(rows);
        if (s.T == 0) refuse("the input has no time steps; at least one is needed.");
        if (s.I == 0 || s.H == 0) refuse("the layer has no features or no units; at least one of each is needed.");
        if (mask_.given()) {
            if (!mask_.is(dlpack::BOOL, 8))
                refuse("the mask is " + mask_.kind_text() + "; expected torch.bool on cpu.");
            expect(mask_, s.B * s.T);
            mask_.contiguous();
            const auto* first = mask_.data<const std::uint8_t>();
            s.mask = reverse ? Sequences<const std::uint8_t>{first + s.T - 1, s.T, -1}
                             : Sequences<const std::uint8_t>{first, s.T, 1};
        }
        s.x = sequences<const float>(readable(x_));
        s.h0 = contiguous(h0_, s.B * s.H), s.c0 = contiguous(c0_, s.B * s.H);
        s.w_ih = contiguous(w_ih_, rows * s.I), s.w_hh = contiguous(w_hh_, rows * s.H);
        s.b_ih = contiguous(b_ih_, rows), s.b_hh = contiguous(b_hh_, rows);
    }

    // The steps of a tensor [B, T, features], in reverse order if the call is reversed. None has a null `first`.
    template <class T>
    Sequences<T> sequences(const Tensor& tensor) const {
        if (!tensor.given()) return {};
        T* const first = tensor.data<T>();
        const Index batch = tensor.stride(0), time = tensor.stride(1);
        return reverse_ ? Sequences<T>{first + (scan.T - 1) * time, batch, -time} : Sequences<T>{first, batch, time};
    }

    static Tensor of_floats(nb::handle object) {
        Tensor tensor(*torch, object);
        if (tensor.given() && !tensor.is(dlpack::FLOAT, 32))
            refuse("recurra's kernels were given a tensor of " + tensor.kind_text() +
                   "; they compute in torch.float32 on cpu.");
        return tensor.resolve_neg(), tensor;
    }

    // The same values, with the features of a step contiguous in memory.
    static const Tensor& readable(Tensor& tensor) {
        return tensor.given() && tensor.stride(2) != 1 && tensor.size(2) != 1 ? tensor.contiguous() : tensor;
    }

    static const float* contiguous(Tensor& tensor, Index count) {
        if (!tensor.given()) return nullptr;
        expect(tensor, count);
        return tensor.contiguous().data<const float>();
    }

    static void expect(const Tensor& tensor, Index count) {
        if (tensor.numel() != count)
            refuse("a bias, state, mask or gradient has shape " + tensor.text() + "; expected " +
                   std::to_string(count) + " numbers.");
    }

    static void expect_shape(const Tensor& tensor, Index first, Index second, Index third) {
        const Index expected[] = {first, second, third};
        bool fits = tensor.dimensions() == 3 && tensor.is(dlpack::FLOAT, 32);
        for (int i = 0; fits && i < 3; ++i) fits = tensor.size(i) == expected[i];
        if (!fits)
            refuse("a tape or gradient is " + tensor.kind_text() + " with shape " + tensor.text() + "; expected (" +
                   std::to_string(first) + ", " + std::to_string(second) + ", " + std::to_string(third) +
                   ") of torch.float32 on cpu.");
    }

    // The memory of a tensor that a kernel writes; kernels.py has allocated it.
    static float* written(nb::handle object) { return Tensor(*torch, object).data<float>(); }

    float* tape(nb::handle object) const {
        const Tensor tensor(*torch, object);
        if (!tensor.given()) return nullptr;
        expect_shape(tensor, scan.T + 1, scan.B, kernels->tape_stride(cell, scan.H));
        if (!tensor.is_contiguous()) refuse("the tape is not contiguous, as forward had left it.");
        return tensor.data<float>();
    }

 private:
    [[noreturn]] void refuse_weights(Index rows) const {
        const auto shape = [&](Index columns) {
            return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
        };
        refuse("the weights have shapes " + w_ih_.text() + " and " + w_hh_.text() + "; expected " + shape(scan.I) +
               " and " + shape(scan.H) + " for " + std::to_string(scan.I) + " features and " + std::to_string(scan.H) +
               " units.");
    }

    bool reverse_;
    Tensor mask_, x_, h0_, c0_, w_ih_, w_hh_, b_ih_, b_hh_;
};

void forward(int kernel, bool reverse, int threads, const nb::tuple& tensors, nb::handle y, nb::handle h, nb::handle c,
             nb::handle tape) {
    Call call(kernel, reverse, threads, tensors);
    Scan& s = call.scan;
    s.y = call.sequences<float>(Tensor(*torch, y));
    s.h_last = Call::written(h), s.c_last = Call::written(c), s.tape = call.tape(tape);
    nb::gil_scoped_release release;
    kernels->forward(call.cell, s);
}

// Reads the gradients of y, h and c from `given`, and writes those of the call's tensors from x on to `found`.
void backward(int kernel, bool reverse, int threads, const nb::tuple& tensors, nb::handle tape, const nb::tuple& given,
              const nb::tuple& found) {
    Call call(kernel, reverse, threads, tensors);
    Scan& s = call.scan;
    s.tape = call.tape(tape);
    Tensor dy = Call::of_floats(given[0]), dh = Call::of_floats(given[1]), dc = Call::of_floats(given[2]);
    Gradients d{};
    if (dy.given()) Call::expect_shape(dy, s.B, s.T, s.H);
    d.y = call.sequences<const float>(Call::readable(dy));
    d.h_last = Call::contiguous(dh, s.B * s.H), d.c_last = Call::contiguous(dc, s.B * s.H);
    d.x = call.sequences<float>(Tensor(*torch, found[0]));
    d.h0 = Call::written(found[1]), d.c0 = Call::written(found[2]);
    d.w_ih = Call::written(found[3]), d.w_hh = Call::written(found[4]);
    d.b_ih = Call::written(found[5]), d.b_hh = Call::written(found[6]);
    nb::gil_scoped_release release;
    kernels->backward(call.cell, s, d);
}

// Reads one sequence step by step. Its state is in the tensors h and c, which it keeps alive.
class Stepper {
 public:
    Stepper(int kernel, const nb::tuple& tensors, nb::handle h, nb::handle c) : h_(nb::borrow(h)), c_(nb::borrow(c)) {
        const Call call(kernel, false, 1, tensors);
        features_ = call.scan.I;
        h_last_ = Call::written(h), c_last_ = Call::written(c);
        kernel_.reset(kernels->new_step_kernel(call.cell, call.scan));
    }

    // Takes over what has been written to h and c from outside.
    void read_state() { kernel_->set_state(h_last_, c_last_); }

    // Returns false and does nothing if this is not the input of one step.
    bool step(nb::handle object) {
        if (!is_plain_floats(object)) return false;
        Tensor x(*torch, object);
        if (x.numel() != features_) return false;
        kernel_->step(x.resolve_neg().contiguous().data<const float>(), h_last_, c_last_);
        return true;
    }

 private:
    nb::object h_, c_;
    float *h_last_, *c_last_;
    Index features_;
    std::unique_ptr<StepKernel> kernel_;
};

nb::tuple states(const CellRow& row) {
    nb::list names;
    for (const char* name : row.states)
        if (name != nullptr) names.append(name);
    return nb::tuple(names);
}

}  // namespace
}  // namespace recurra

NB_MODULE(_kernels, m) {
    using namespace recurra;
    torch = Torch::load();
    nb::class_<CellRow>(m, "CellRow")
        .def_prop_ro("name", [](const CellRow& row) { return row.name; })
        .def_ro("gates", &CellRow::gates)
        .def_prop_ro("states", states)
        .def_ro("separate_recurrent_bias", &CellRow::separate_recurrent_bias);
    m.attr("cells") = nb::tuple(nb::cast(std::vector<CellRow>(std::begin(CELLS), std::end(CELLS))));
    m.attr("isas") = nb::tuple(nb::cast(isas()));
    m.def("isa", [] { return kernels->isa; });
    m.def("use", use);
    m.def("tape_stride", tape_stride);
    m.def("are_plain", are_plain);
    m.def("are_plain_floats", are_plain_floats);
    m.def("forward", forward, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
          nb::arg().none(), nb::arg().none());
    m.def("backward", backward);
    nb::class_<Stepper>(m, "Stepper")
        .def(nb::init<int, const nb::tuple&, nb::handle, nb::handle>(), nb::arg(), nb::arg(), nb::arg(),
             nb::arg().none())
        .def("read_state", &Stepper::read_state)
        .def("step", &Stepper::step, nb::arg().none());
}
