// The storage of a tensor: how many bytes it holds, and where in it the tensor begins.
//
// torch's C interface for compiled models, which it keeps stable, says so in some nanoseconds; it takes the address of
// the C++ tensor that a Python tensor holds as its only member. If this torch lacks the interface, or lays its Python
// tensors out in another way, their methods are called.
#pragma once

#include <dlfcn.h>
#include <nanobind/nanobind.h>

#include <cstdint>

#include "scan.h"

namespace recurra {

namespace nb = nanobind;

struct Storage {
    std::int64_t bytes, offset;  // the offset counts elements

    // The address of the storage's memory, of which `data` is the tensor's first element; 0 if it has none.
    std::uintptr_t first_byte(const void* data, int item_bytes) const {
        return reinterpret_cast<std::uintptr_t>(data) - static_cast<std::uintptr_t>(offset) * item_bytes;
    }
};

class StorageReader {
 public:
    // `of_torch`: a function of torch's Python library, which depends on the library that has the interface.
    StorageReader(void* of_torch, const nb::object& example) {
        Dl_info library;
        if (dladdr(of_torch, &library) == 0) return;
        void* const handle = dlopen(library.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
        if (handle == nullptr) return;
        const auto function = [&](const char* name) { return reinterpret_cast<Ask>(dlsym(handle, name)); };
        const Ask size = function("aoti_torch_get_storage_size"), offset = function("aoti_torch_get_storage_offset");
        if (size != nullptr && offset != nullptr && holds_tensor(example)) size_ = size, offset_ = offset;
    }

    Storage operator()(const nb::object& tensor) const {
        Storage found{};
        if (size_ != nullptr) {
            void* const at = member(tensor);
            if (size_(at, &found.bytes) == 0 && offset_(at, &found.offset) == 0) return found;
            return {};
        }
        return {nb::cast<std::int64_t>(tensor.attr("untyped_storage")().attr("nbytes")()),
                nb::cast<std::int64_t>(tensor.attr("storage_offset")())};
    }

 private:
    using Ask = std::int32_t (*)(void* tensor, std::int64_t* answer);  // 0 if it has answered

    static void* member(const nb::object& tensor) { return reinterpret_cast<char*>(tensor.ptr()) + sizeof(PyObject); }
    static bool holds_tensor(const nb::object& example) {
        const nb::object address = nb::getattr(example, "_cdata", nb::none());
        return nb::isinstance<nb::int_>(address) &&
               *static_cast<void**>(member(example)) == PyLong_AsVoidPtr(address.ptr());
    }

    Ask size_ = nullptr, offset_ = nullptr;
};

}  // namespace recurra
