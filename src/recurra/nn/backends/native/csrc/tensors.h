// torch's tensors as plain memory, read through DLPack's C interface for the exchange of tensors. The interface does
// not depend on how torch is built, and takes a twentieth of a microsecond for a tensor.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>

#include "scan.h"

namespace recurra {

namespace nb = nanobind;

// The part of dlpack.h, version 1, that is used here.
namespace dlpack {

struct Tensor {
    void* data;
    std::int32_t device, device_id, dimensions;
    std::uint8_t kind, bits;
    std::uint16_t lanes;
    std::int64_t *shape, *strides;
    std::uint64_t byte_offset;
};

struct Exchange {
    std::uint32_t major, minor;
    void* older;
    void *allocate, *from_python, *to_python;
    int (*describe)(void* python_tensor, Tensor*);  // owns no memory; on failure -1 and a Python exception
    void* stream;
};

enum Device : std::int32_t { HOST = 1 };
enum Kind : std::uint8_t { FLOAT = 2, BOOL = 6 };

}  // namespace dlpack

// The objects of torch that are needed, looked up when the module is loaded. They are never released, as torch stays
// loaded as long as the process runs.
struct Torch {
    const dlpack::Exchange* exchange;
    PyObject *tensor, *parameter, *is_neg, *resolve_neg, *contiguous;

    static Torch load() {
        const nb::module_ torch = nb::module_::import_("torch");
        nb::object tensor = torch.attr("Tensor"), parameter = torch.attr("nn").attr("Parameter");
        const nb::object capsule = tensor.attr("__dlpack_c_exchange_api__");
        auto* exchange =
            static_cast<const dlpack::Exchange*>(PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
        if (exchange == nullptr) throw nb::python_error();
        if (exchange->major != 1 || exchange->describe == nullptr)
            throw nb::import_error("torch has another version of DLPack's exchange interface than 1");
        const auto method = [&](const char* name) { return nb::object(tensor.attr(name)).release().ptr(); };
        return {exchange, tensor.inc_ref().ptr(), parameter.release().ptr(), method("is_neg"), method("resolve_neg"),
                method("contiguous")};
    }

    // Whether it is a tensor of torch's own classes: a subclass may compute something else.
    bool is_plain(nb::handle object) const {
        auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(object.ptr()));
        return type == tensor || type == parameter;
    }
};

[[noreturn]] inline void refuse(const std::string& message) {
    const nb::object error = nb::module_::import_("recurra.errors").attr("InputError");
    PyErr_SetString(error.ptr(), message.c_str());
    throw nb::python_error();
}

// A tensor during a call; None is a tensor without memory.
class Tensor {
 public:
    Tensor(const Torch& torch, nb::handle object) : torch_(torch), object_(nb::borrow(object)) { describe(); }

    bool given() const { return !object_.is_none(); }
    bool is(dlpack::Kind kind, int bits) const {
        return about_.kind == kind && about_.bits == bits && about_.device == dlpack::HOST;
    }
    int dimensions() const { return about_.dimensions; }
    Index size(int dimension) const { return about_.shape[dimension]; }
    Index stride(int dimension) const { return about_.strides[dimension]; }
    Index numel() const {
        Index count = 1;
        for (int i = 0; i < dimensions(); ++i) count *= size(i);
        return count;
    }
    template <class T>
    T* data() const {
        return reinterpret_cast<T*>(static_cast<char*>(about_.data) + about_.byte_offset);
    }

    // Makes the memory hold the values themselves if it holds their negatives.
    Tensor& resolve_neg() {
        if (given() && nb::handle(torch_.is_neg)(object_).is(Py_True)) become(torch_.resolve_neg);
        return *this;
    }
    Tensor& contiguous() {
        if (!is_contiguous()) become(torch_.contiguous);
        return *this;
    }
    bool is_contiguous() const {
        Index expected = 1;
        for (int i = dimensions() - 1; i >= 0; expected *= size(i), --i)
            if (size(i) != 1 && stride(i) != expected) return numel() == 0;
        return true;
    }

    std::string text() const { return given() ? text_of(nb::tuple(nb::list(object_.attr("shape")))) : "None"; }
    std::string kind_text() const { return text_of(object_.attr("dtype")) + " on " + text_of(object_.attr("device")); }

 private:
    static std::string text_of(const nb::object& object) { return nb::str(object).c_str(); }
    void become(PyObject* method) {
        object_ = nb::handle(method)(object_);
        describe();
    }
    void describe() {
        if (!given() || torch_.exchange->describe(object_.ptr(), &about_) == 0) return;
        PyErr_Clear();
        refuse("recurra's kernels were given a tensor of " + kind_text() + ", " + text_of(object_.attr("layout")) +
               "; they compute on dense ones of torch.float32 on cpu.");
    }

    const Torch& torch_;
    nb::object object_;
    dlpack::Tensor about_{};
};

}  // namespace recurra
