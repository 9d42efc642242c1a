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

#include "call.h"
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

Index tape_stride(int kernel, Index H, bool dropout) {
    const Cell cell = cell_of(kernel);
    if (H < 0 || H > MOST) refuse("a layer of " + std::to_string(H) + " units has no tape.");
    return kernels->tape_stride(cell, H, dropout);
}

// Whether every tensor that is not None is one of torch's own classes.
bool are_plain(const nb::tuple& tensors) {
    for (nb::handle tensor : tensors)
        if (!tensor.is_none() && !torch->is_plain(tensor)) return false;
    return true;
}

// Whether every tensor that is not None is plain, and of torch.float32 on the CPU.
bool are_plain_floats(const nb::tuple& tensors) {
    for (nb::handle tensor : tensors)
        if (!tensor.is_none() && !Tensor::plain_floats(tensor)) return false;
    return true;
}

void forward(int kernel, bool reverse, int threads, const nb::tuple& tensors, nb::handle y, nb::handle h, nb::handle c,
             nb::handle tape, double dropout, std::uint64_t seed) {
    Call call(*kernels, cell_of(kernel), reverse, threads, tensors, dropout);
    Scan& s = call.scan;
    s.seed = seed;
    s.y = call.written_sequences(y, s.H);
    call.write_states(h, c);
    s.tape = call.tape(tape);
    nb::gil_scoped_release release;
    call.kernels.forward(call.cell, s);
}

// Reads the gradients of y, h and c from `given`, and writes those of the call's tensors from x on to `found`.
void backward(int kernel, bool reverse, int threads, const nb::tuple& tensors, nb::handle tape, const nb::tuple& given,
              const nb::tuple& found, double dropout) {
    Call call(*kernels, cell_of(kernel), reverse, threads, tensors, dropout);
    Scan& s = call.scan;
    s.tape = call.tape(tape);
    if (tape.is_none()) refuse("backward was given no tape; forward leaves one.");
    of_size(given, 3), of_size(found, 11);
    Tensor dy = floats(given[0]), dh = floats(given[1]), dc = floats(given[2]);
    Gradients d{};
    if (dy.given()) expect_shape(dy, s.B, s.T, s.H);
    d.y = call.sequences<const float>(Call::readable(dy));
    d.h_last = contiguous(dh, s.B, s.H), d.c_last = contiguous(dc, s.B, s.H);
    d.x = call.written_sequences(found[0], s.I);
    const Index rows = row_of(call.cell).gates * s.H;
    d.h0 = written(found[1], s.B, s.H), d.c0 = written(found[2], s.B, s.H);
    d.w_ih = written(found[3], rows, s.I), d.w_hh = written(found[4], rows, s.H);
    d.b_ih = written(found[5], rows), d.b_hh = written(found[6], rows);
    d.norm_ih = written(found[7], rows), d.norm_hh = written(found[8], rows);
    d.norm_c = written(found[9], s.H), d.b_c = written(found[10], s.H);
    call.expect_normalized(d.norm_ih != nullptr || d.norm_hh != nullptr, d.norm_c != nullptr || d.b_c != nullptr);
    nb::gil_scoped_release release;
    call.kernels.backward(call.cell, s, d);
}

// Reads sequences step by step, side by side. Their states are in memory of the kernel.
class Stepper {
 public:
    Stepper(int number, const nb::tuple& tensors) {
        const Call call(*kernels, cell_of(number), false, 1, tensors);
        inputs_ = call.scan.B * call.scan.I, outputs_ = call.scan.B * call.scan.H, has_c_ = call.has_c();
        kernel_.reset(call.kernels.new_step_kernel(call.cell, call.scan));
    }

    // Copies the state from h and, if the cell has it, c; None for zeros.
    void write_state(nb::handle h, nb::handle c) {
        Tensor from_h = floats(h), from_c = floats(c);
        kernel_->set_state(contiguous(from_h, outputs_), contiguous(from_c, outputs_));
    }

    // Copies the state to h and c.
    void read_state(nb::handle h, nb::handle c) const {
        float *const to_h = written(h, outputs_), *const to_c = written(c, outputs_);
        if (to_h == nullptr || (has_c_ && to_c == nullptr)) refuse("there is no memory for the state.");
        kernel_->get_state(to_h, to_c);
    }

    // Copies the new h to `h`. Returns false and does nothing if x has not the inputs of one step, or if `h` is not, or no
    // longer, memory for the output.
    bool step(nb::handle x, nb::handle h) {
        std::optional<Tensor> from = Tensor::plain_floats(x);
        const std::optional<Tensor> to = Tensor::plain_floats(h);
        if (!from || !to || from->numel() != inputs_) return false;
        if (to->numel() != outputs_ || !to->is_contiguous() || !to->has_memory()) return false;
        kernel_->step(from->resolve().contiguous().data<const float>(), to->data<float>());
        return true;
    }

 private:
    Index inputs_, outputs_;  // B·I and B·H numbers
    bool has_c_;
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
        .def_ro("separate_recurrent_bias", &CellRow::separate_recurrent_bias)
        .def_ro("normalized", &CellRow::normalized);
    m.attr("cells") = nb::tuple(nb::cast(std::vector<CellRow>(std::begin(CELLS), std::end(CELLS))));
    m.attr("isas") = nb::tuple(nb::cast(isas()));
    m.def("isa", [] { return kernels->isa; });
    m.def("use", use);
    m.def("tape_stride", tape_stride, nb::arg(), nb::arg(), nb::arg("dropout") = false);
    m.def("are_plain", are_plain);
    m.def("are_plain_floats", are_plain_floats);
    m.def("forward", forward, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
          nb::arg().none(), nb::arg().none(), nb::arg("dropout") = 0.0, nb::arg("seed") = 0);
    m.def("backward", backward, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(),
          nb::arg("dropout") = 0.0);
    nb::class_<Stepper>(m, "Stepper")
        .def(nb::init<int, const nb::tuple&>())
        .def("write_state", &Stepper::write_state, nb::arg().none(), nb::arg().none())
        .def("read_state", &Stepper::read_state, nb::arg().none(), nb::arg().none())
        .def("step", &Stepper::step, nb::arg().none(), nb::arg().none());
}
