"""Arrays in an HDF5 file of unknown origin: read by their paths, within limits that are checked before."""

import io
import itertools
import math
import re
import struct
import zlib
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from recurra.errors import InputError, shortened, shown

MEMBERS = 1_000  # of a group that are listed
SMALLEST_CHUNK = 4_096  # bytes that a smaller chunk counts for
BOUNDED_FILTERS = {"shuffle": 2, "fletcher32": 3}  # their output is not longer than their input
GZIP = 1
# Structures by their first bytes: a node above the leaves of a tree of group members, with the number of its children;
# in the format of HDF5 1.8, such a node (type 5), and a heap of members with filters
INNER_NODE = re.compile(rb"TREE\0[^\0](..)", re.DOTALL)
UNBOUNDED = re.compile(rb"BTIN\0\x05|FRHP\0..(?!\0\0)", re.DOTALL)

Array = np.ndarray[Any, Any]


class ArrayHeader(NamedTuple):
    """What the header of an array states."""

    shape: tuple[int, ...]
    dtype: str  # name of the numpy dtype, or what the values are instead of numbers
    dataset: Any


class Hdf5Arrays:
    """The arrays of an HDF5 file. Only the objects on the way to what is asked for are opened.

    libhdf5 itself does not limit what a small file makes it do: groups may be linked to each other in circles, chunks
    may be inflated to any size, links and external storage read other files. This class refuses what would.

    Args:
        content: the content of the file.
        room: the largest number of bytes that all arrays may take, unpacked.

    Raises:
        InputError: while open, for what the limits exclude.
        Exception: of any type, from h5py, if the file is damaged.
    """

    def __init__(self, content: bytes, room: int) -> None:
        self._h5py = import_h5py()
        self._room = room
        self._groups: dict[str, Any] = {}  # path → what is stored there
        _refuse_endless_structures(content)
        self._file = self._h5py.File(_ReadSparingly(content), "r")
        if (sizes := self._file.id.get_create_plist().get_sizes()) != (8, 8):
            raise InputError(f"the file has addresses and lengths of {sizes} bytes; expected 8.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, place: str) -> bool:
        return self._open(place) is not None

    def names(self, group: str) -> list[str]:
        """List the members of a group, none if it does not exist, in the order of the file.

        Raises:
            InputError: there are more than `MEMBERS`.
        """
        found: list[str] = []

        def add(name: bytes) -> bool | None:
            found.append(name.decode("utf-8", "backslashreplace"))
            return True if len(found) > MEMBERS else None  # ends the iteration

        opened = self._open(group)
        if isinstance(opened, self._h5py.h5g.GroupID):
            opened.links.iterate(add, order=self._h5py.h5.ITER_NATIVE)
        if len(found) > MEMBERS:
            raise InputError(f"/{group} has more than {MEMBERS:,} members.")
        return found

    def header(self, place: str) -> ArrayHeader | None:
        """Return the shape and the type of an array, None if nothing is stored at its path.

        Raises:
            InputError: it is no array, is stored in another file, is compressed by an unsupported method, or all arrays
                asked for would take more than the room that there is.
        """
        h5py, dataset = self._h5py, self._open(place)
        if dataset is None:
            return None
        if not isinstance(dataset, h5py.h5d.DatasetID):
            raise InputError(f"/{place} is no array.")
        properties = dataset.get_create_plist()
        layout = properties.get_layout()
        if layout == h5py.h5d.VIRTUAL or properties.get_external_count():
            raise InputError(f"/{place} stores its data in another file, which is not read.")
        shape, kind = dataset.shape, dataset.get_type()
        cost = math.prod(shape) * kind.get_size()
        if layout == h5py.h5d.CHUNKED:
            self._check_filters(place, properties)
            chunk = properties.get_chunk()
            count = math.prod(-(-n // c) for n, c in zip(shape, chunk, strict=True))
            cost = count * max(math.prod(chunk) * kind.get_size(), SMALLEST_CHUNK)
        self._room -= cost
        if self._room < 0:
            raise InputError(
                f"/{place} takes {cost:,} bytes, and all arrays more than the limit for a file of "
                "this size. If these are honest weights, save them without compression."
            )
        return ArrayHeader(shape, self._type_name(kind), dataset)

    def read(self, place: str, header: ArrayHeader) -> Array:
        """Read an array of floating-point numbers.

        Raises:
            InputError: a chunk of it is damaged.
        """
        dataset, properties = header.dataset, header.dataset.get_create_plist()
        if properties.get_layout() == self._h5py.h5d.CHUNKED:
            self._check_chunks(place, dataset, properties)
        array = np.empty(header.shape, header.dtype)
        dataset.read(self._h5py.h5s.ALL, self._h5py.h5s.ALL, array)
        return array

    def _open(self, place: str) -> Any:
        """Open what is stored at a path, None if there is nothing."""
        h5py, (folder, _, name) = self._h5py, place.rpartition("/")
        if not folder:
            group = h5py.h5g.open(self._file.id, b"/")
        else:
            group = self._groups[folder] if folder in self._groups else self._open(folder)
            self._groups[folder] = group
        if not isinstance(group, h5py.h5g.GroupID) or not group.links.exists(name.encode()):
            return None
        if group.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise InputError(f"/{place} is a link; links are not followed.")
        return h5py.h5o.open(group, name.encode())

    def _type_name(self, kind: Any) -> str:
        h5t = self._h5py.h5t
        for name in ("F16", "F32", "F64"):  # libhdf5 would also convert floating-point numbers of any other layout
            if kind in (getattr(h5t, f"IEEE_{name}LE"), getattr(h5t, f"IEEE_{name}BE")):
                return f"float{name[1:]}"
        simple = kind.get_class() in (h5t.INTEGER, h5t.STRING)
        return shortened(str(kind.dtype), 80) if simple else "other"

    def _check_filters(self, place: str, properties: Any) -> None:
        filters = [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]
        after_gzip = filters[filters.index(GZIP) + 1 :] if GZIP in filters else []
        if not {*filters} <= {GZIP, *BOUNDED_FILTERS.values()} or {*after_gzip} - {BOUNDED_FILTERS["fletcher32"]}:
            raise InputError(
                f"/{place} is stored with the HDF5 filters {shown(filters)}; "
                f"supported are none and gzip ({GZIP}), after {BOUNDED_FILTERS}."
            )

    def _check_chunks(self, place: str, dataset: Any, properties: Any) -> None:
        """Inflate each chunk no further than its size, as libhdf5 inflates a chunk to whatever its data give."""
        filters = [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]
        if GZIP not in filters:
            return
        chunk = properties.get_chunk()
        size = math.prod(chunk) * dataset.get_type().get_size()
        for offset in itertools.product(*(range(0, n, c) for n, c in zip(dataset.shape, chunk, strict=True))):
            skipped, packed = dataset.read_direct_chunk(offset)
            if skipped & 1 << filters.index(GZIP):  # it would not have become shorter
                continue
            if len(zlib.decompressobj().decompress(packed, size + 1)) != size:
                raise InputError(f"/{place} has a chunk that does not unpack to its size of {size:,} bytes.")


class _ReadSparingly(io.BytesIO):
    """The content of a file that libhdf5 reads; an end to reading parts of it again and again."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._left = 4 * len(content) + (16 << 20)

    def readinto(self, buffer: Any) -> int:
        self._left -= len(buffer)
        if self._left < 0:
            raise InputError("the file refers to the same places again and again.")
        return super().readinto(buffer)


def _refuse_endless_structures(content: bytes) -> None:
    """Refuse what makes libhdf5 work without end: trees whose branches meet again, and compressed group members.

    To list the members of a group, libhdf5 visits a node of its tree once for each way that leads there.
    """
    if UNBOUNDED.search(content):
        raise InputError("the file has large groups in a format that Keras does not write.")
    seen: set[int] = set()
    left = len(content)
    for node in INNER_NODE.finditer(content):
        (count,) = struct.unpack("<H", node[1])
        left -= 32 + 16 * max(count, 32)  # what a node takes in the file
        pairs = np.frombuffer(content, np.uint8)[node.end() + 16 :][: 16 * count]  # key, address of the child
        children = pairs[: len(pairs) // 16 * 16].view("<u8")[1::2]
        inside = children[children < len(content)].tolist()
        if left < 0 or len(set(inside)) < len(inside) or not seen.isdisjoint(inside):
            raise InputError("the file has groups whose trees of members are damaged.")
        seen.update(inside)


def import_h5py() -> Any:
    """Import h5py.

    Raises:
        InputError: it is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError("Keras files need the package h5py (recurra's extra `keras`): pip install h5py.") from error
    return h5py
