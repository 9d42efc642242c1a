// torch's tensors as plain memory, read through DLPack's C interface for the exchange of tensors. The interface does
// not depend on how torch is built, and takes a twentieth of a microsecond for a tensor.
//
// DLPack does not say how much memory there is. A tensor may reach beyond its storage, which `resize_` can shrink or
// free at any time; so storage.h asks for its size, at every call.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <string>

#include "scan.h"
#include "storage.h"

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

// The objects of torch that are needed. They are never released, as torch stays loaded as long as the process runs.
struct Torch {
    const dlpack::Exchange* exchange;
    StorageReader storage_of;
    PyObject *tensor, *parameter, *is_neg, *resolve_neg, *is_zero, *clone, *contiguous;

    static Torch load() {
        const nb::module_ torch = nb::module_::import_("torch");
        nb::object tensor = torch.attr("Tensor"), parameter = torch.attr("nn").attr("Parameter");
        const nb::object capsule = tensor.attr("__dlpack_c_exchange_api__");
        auto* exchange =
            static_cast<const dlpack::Exchange*>(PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
        if (exchange == nullptr) throw nb::python_error();
        if (exchange->major != 1 || exchange->describe == nullptr)
            throw nb::import_error("torch has another version of DLPack's exchange interface than 1");
        const auto method = [&](const char* name) {
            return nb::object(nb::getattr(tensor, name, nb::none())).release().ptr();
        };
        const StorageReader storage_of(reinterpret_cast<void*>(exchange->describe), torch.attr("empty")(3));
        return {exchange,
                storage_of,
                tensor.inc_ref().ptr(),
                parameter.release().ptr(),
                method("is_neg"),
                method("resolve_neg"),
                method("_is_zerotensor"),
                method("clone"),
                method("contiguous")};
    }

    // Whether it is a tensor of torch's own classes: a subclass may compute something else.
    bool is_plain(nb::handle object) const {
        auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(object.ptr()));
        return type == tensor || type == parameter;
    }
    bool is_tensor(nb::handle object) const {
        return is_plain(object) || PyObject_IsInstance(object.ptr(), tensor) == 1;
    }
};

inline std::optional<Torch> torch;  // looked up when the module is loaded

[[noreturn]] inline void refuse(const std::string& message) {
    const nb::object error = nb::module_::import_("recurra.errors").attr("InputError");
    PyErr_SetString(error.ptr(), message.c_str());
    throw nb::python_error();
}

// A tensor during a call; None is a tensor without memory.
class Tensor {
 public:
    explicit Tensor(nb::handle object) : object_(nb::borrow(object)) { describe(); }

    // A tensor of a kind that the kernels compute on, plain and of torch.float32 on the CPU.
    static std::optional<Tensor> plain_floats(nb::handle object) {
        Tensor tensor;
        if (!torch->is_plain(object)) return {};
        if (torch->exchange->describe(object.ptr(), &tensor.about_) != 0) {
            PyErr_Clear();  // it has no memory, or memory that DLPack cannot describe
            return {};
        }
        if (!tensor.is(dlpack::FLOAT, 32)) return {};
        tensor.object_ = nb::borrow(object);
        return tensor;
    }
    // A tensor that a kernel reads.
    static Tensor read(nb::handle object) {
        Tensor tensor(object);
        tensor.resolve();
        return tensor;
    }
    // A tensor that a kernel writes.
    static Tensor written(nb::handle object) {
        Tensor tensor(object);
        tensor.require_memory();
        return tensor;
    }

    // Makes the memory hold the values themselves, not their negatives (torch's lazy negation) and not nothing in place of
    // zeros (torch's lazy zeros): if need be, the memory of a copy.
    Tensor& resolve() {
        if (!given()) return *this;
        if (is_true(torch->is_neg)) become(torch->resolve_neg);
        if (about_.data == nullptr && numel() != 0 && is_true(torch->is_zero)) become(torch->clone);
        require_memory();
        return *this;
    }

    bool given() const { return !object_.is_none(); }
    bool is(dlpack::Kind kind, int bits) const {
        return about_.kind == kind && about_.bits == bits && about_.device == dlpack::HOST;
    }
    int dimensions() const { return about_.dimensions; }
    Index size(int dimension) const { return about_.shape[dimension]; }
    Index stride(int dimension) const { return about_.strides[dimension]; }
    // Products of sizes are computed in double, which cannot overflow; those of tensors in memory are exact there.
    double numel() const {
        double count = 1;
        for (int i = 0; i < dimensions(); ++i) count *= static_cast<double>(size(i));
        return count;
    }
    template <class T>
    T* data() const {
        return reinterpret_cast<T*>(static_cast<char*>(about_.data) + about_.byte_offset);
    }

    Tensor& contiguous() {
        if (!is_contiguous()) become(torch->contiguous), require_memory();
        return *this;
    }
    bool is_contiguous() const {
        if (numel() == 0) return true;
        Index expected = 1;
        for (int i = dimensions() - 1; i >= 0; expected *= size(i), --i)
            if (size(i) != 1 && stride(i) != expected) return false;
        return true;
    }
    // Whether the features of a step, the last dimension, are contiguous.
    bool has_contiguous_rows() const {
        const int last = dimensions() - 1;
        return stride(last) == 1 || size(last) == 1 || numel() == 0;
    }

    // Whether the storage holds all elements, which are few enough to count.
    bool has_memory() const {
        const double count = numel();
        if (count == 0 || about_.device != dlpack::HOST) return true;
        const Storage storage = torch->storage_of(object_);
        return count <= MOST && storage.first_byte(about_.data, item_bytes()) != 0 &&
               last_byte(storage.offset) <= static_cast<double>(storage.bytes);
    }

    std::string text() const { return given() ? text_of(nb::tuple(nb::list(object_.attr("shape")))) : "None"; }
    std::string kind_text() const { return text_of(object_.attr("dtype")) + " on " + text_of(object_.attr("device")); }

 private:
    static constexpr double MOST = 9007199254740992.0;  // 2⁵³: more than memory holds, and every integer up to it is exact

    Tensor() = default;

    static std::string text_of(const nb::object& object) {
        const std::string text = nb::str(object).c_str();
        return text.size() <= 80 ? text : text.substr(0, 77) + "...";
    }
    bool is_true(PyObject* method) const {
        return method != Py_None && nb::handle(method)(object_).is(Py_True);
    }
    int item_bytes() const { return (about_.bits * about_.lanes + 7) / 8; }
    // The end of the last element in the storage.
    double last_byte(Index offset) const {
        double last = static_cast<double>(offset);
        for (int i = 0; i < dimensions(); ++i) last += static_cast<double>(size(i) - 1) * static_cast<double>(stride(i));
        return (last + 1) * item_bytes();
    }

    // Calls a method that returns the same values in other memory. A subclass may return anything.
    void become(PyObject* method) {
        const Tensor before = *this;
        object_ = nb::handle(method)(object_);
        describe();
        bool same = given() && dimensions() == before.dimensions() && is(dlpack::Kind(before.about_.kind), before.about_.bits);
        for (int i = 0; same && i < dimensions(); ++i) same = size(i) == before.size(i);
        if (!same) refuse("a method of a " + before.type_text() + " returned another dtype or shape than it has.");
    }
    void describe() {
        if (!given()) return;
        if (!torch->is_tensor(object_)) refuse("recurra's kernels were given a " + type_text() + "; expected a torch.Tensor.");
        if (torch->exchange->describe(object_.ptr(), &about_) == 0) return;
        PyErr_Clear();
        refuse("recurra's kernels were given a tensor of " + kind_text() + ", " + text_of(object_.attr("layout")) +
               "; they compute on dense ones of torch.float32 on cpu.");
    }
    void require_memory() const {
        if (!given() || has_memory()) return;
        refuse("recurra's kernels were given a tensor of " + kind_text() + " with shape " + text() +
               ", whose storage holds " + std::to_string(torch->storage_of(object_).bytes) +
               " bytes and not all of its elements; was the storage resized or freed?");
    }
    std::string type_text() const { return text_of(nb::type_name(object_.type())); }

    nb::object object_;
    dlpack::Tensor about_{};
};

}  // namespace recurra
