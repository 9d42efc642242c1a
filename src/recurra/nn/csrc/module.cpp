// The extension module recurra.nn._kernels: the kernels of the fastest instruction set that this processor has.
//
// Tensors come as addresses and strides, so that nothing here depends on torch's binary interface; native.py has checked
// them. The GIL is released while a kernel works.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "scan.h"

namespace nb = nanobind;

namespace recurra {

Stepper::~Stepper() = default;

#if defined(__x86_64__)
namespace baseline { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }
#else
namespace plain { extern const Kernels kernels; }
#endif

namespace {

// Fastest first.
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

std::vector<std::string> names() {
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

// The numbers of a call, one after the other.
class Numbers {
   public:
    explicit Numbers(const nb::tuple& numbers) : numbers_(numbers) {}
    Index number() {
        const Py_ssize_t value = PyLong_AsSsize_t(PyTuple_GetItem(numbers_.ptr(), next_++));
        if (value == -1 && PyErr_Occurred()) throw nb::python_error();
        return value;
    }
    template <class T>
    T* address() {
        return reinterpret_cast<T*>(number());
    }
    template <class T>
    Sequences<T> sequences() {
        T* first = address<T>();
        const Index batch = number();
        return {first, batch, number()};
    }
    void done() const {
        if (next_ != PyTuple_Size(numbers_.ptr())) throw std::runtime_error("a call has other numbers than the kernel");
    }

   private:
    const nb::tuple& numbers_;
    Py_ssize_t next_ = 0;
};

struct Call {
    Cell cell;
    Scan scan;
};

// The order in which native.py gives the numbers.
Call read_call(const nb::tuple& tuple) {
    Numbers from(tuple);
    Call call;
    Scan& s = call.scan;
    call.cell = static_cast<Cell>(from.number());
    s.threads = static_cast<int>(from.number());
    s.B = from.number(), s.T = from.number(), s.I = from.number(), s.H = from.number();
    s.x = from.sequences<const float>();
    s.mask = from.sequences<const std::uint8_t>();
    s.h0 = from.address<const float>(), s.c0 = from.address<const float>();
    s.w_ih = from.address<const float>(), s.w_hh = from.address<const float>();
    s.b_ih = from.address<const float>(), s.b_hh = from.address<const float>();
    s.y = from.sequences<float>();
    s.h_last = from.address<float>(), s.c_last = from.address<float>();
    s.tape = from.address<float>();
    from.done();
    return call;
}

Gradients read_gradients(const nb::tuple& tuple) {
    Numbers from(tuple);
    Gradients d;
    d.y = from.sequences<const float>();
    d.h_last = from.address<const float>(), d.c_last = from.address<const float>();
    d.x = from.sequences<float>();
    d.h0 = from.address<float>(), d.c0 = from.address<float>();
    d.w_ih = from.address<float>(), d.w_hh = from.address<float>();
    d.b_ih = from.address<float>(), d.b_hh = from.address<float>();
    from.done();
    return d;
}

}  // namespace
}  // namespace recurra

NB_MODULE(_kernels, m) {
    using namespace recurra;
    m.attr("isas") = nb::tuple(nb::cast(names()));
    m.def("isa", [] { return kernels->isa; });
    m.def("use", use);
    m.def("tape_stride", [](int cell, Index H) { return kernels->tape_stride(static_cast<Cell>(cell), H); });
    m.def("forward", [](const nb::tuple& numbers) {
        const Call call = read_call(numbers);
        nb::gil_scoped_release release;
        kernels->forward(call.cell, call.scan);
    });
    m.def("backward", [](const nb::tuple& numbers, const nb::tuple& gradients) {
        const Call call = read_call(numbers);
        const Gradients d = read_gradients(gradients);
        nb::gil_scoped_release release;
        kernels->backward(call.cell, call.scan, d);
    });
    nb::class_<Stepper>(m, "Stepper")
        .def(nb::new_([](const nb::tuple& numbers) {
            const Call call = read_call(numbers);
            return std::unique_ptr<Stepper>(kernels->new_stepper(call.cell, call.scan));
        }))
        .def("set_state", [](Stepper& stepper, Index h, Index c) {
            stepper.set_state(reinterpret_cast<const float*>(h), reinterpret_cast<const float*>(c));
        })
        .def("step", [](Stepper& stepper, Index x, Index h, Index c) {
            stepper.step(reinterpret_cast<const float*>(x), reinterpret_cast<float*>(h), reinterpret_cast<float*>(c));
        });
}
