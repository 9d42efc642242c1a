"""Arrays in HDF5 files: what libhdf5 stores in any usual way is read, within limits."""

import io

import h5py
import numpy as np
import pytest

from recurra.errors import InputError
from recurra.nn.interchange.hdf5_arrays import MEMBERS, Hdf5Arrays

ROOM = 1 << 20
VALUES = np.arange(5_000, dtype="f4").reshape(100, 50)


def file_of(**options):
    """A file with the array `a/b`."""
    file_options = {name: options.pop(name) for name in ("libver", "userblock_size") if name in options}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **file_options) as file:
        file.create_dataset("a/b", data=VALUES, **options)
    return buffer.getvalue()


def read(content, room=ROOM):
    with Hdf5Arrays(content, room) as file:
        return file.read("a/b", file.header("a/b"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"libver": "latest"},
        {"userblock_size": 1024},
        {"chunks": (30, 20)},
        {"chunks": (200, 7), "maxshape": (None, None)},
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (30, 20)},
        {"compression": "gzip", "libver": "latest", "chunks": (30, 20)},
        {"shuffle": True},
        {"fletcher32": True},
    ],
    ids=str,
)
def test_arrays_are_read_however_they_are_stored(options):
    assert np.array_equal(read(file_of(**options)), VALUES)


def test_numbers_that_gzip_cannot_shorten_are_read():
    buffer = io.BytesIO()
    values = np.random.default_rng(0).integers(0, 256, 4_000, np.uint8).view("f4")
    with h5py.File(buffer, "w") as file:
        file.create_dataset("a/b", data=values, compression="gzip")
    assert read(buffer.getvalue()).tobytes() == values.tobytes()


@pytest.mark.parametrize("options", [{"compression": "lzf"}, {"scaleoffset": 3}], ids=str)
def test_other_filters_are_refused_by_their_number(options):
    with pytest.raises(InputError, match=r"/a/b is stored with the HDF5 filters \[.*\]; supported are none and gzip"):
        read(file_of(**options))


def test_arrays_together_take_no_more_than_the_room():
    content = file_of()
    assert read(content, VALUES.nbytes) is not None
    with pytest.raises(InputError, match=r"/a/b takes 20,000 bytes, and all arrays more than the limit"):
        read(content, VALUES.nbytes - 1)
    with Hdf5Arrays(content, 2 * VALUES.nbytes - 1) as file:
        file.header("a/b")
        with pytest.raises(InputError, match="all arrays more than the limit"):
            file.header("a/b")


def test_whole_chunks_count():
    with pytest.raises(InputError, match=r"/a/b takes 4,000,000 bytes"):
        read(file_of(chunks=(1_000, 1_000), maxshape=(None, None)))


def test_a_chunk_is_inflated_no_further_than_its_size():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        array = file.create_dataset("a/b", (100, 50), "f4", chunks=(100, 50), compression="gzip")
        longer = io.BytesIO()
        with h5py.File(longer, "w") as other:
            other.create_dataset("x", data=np.zeros((200, 50), "f4"), chunks=(200, 50), compression="gzip")
            array.id.write_direct_chunk((0, 0), other["x"].id.read_direct_chunk((0, 0))[1])
    with pytest.raises(InputError, match=r"/a/b has a chunk that does not unpack to its size of 20,000 bytes"):
        read(buffer.getvalue())


def test_members_are_listed_up_to_a_limit():
    for libver, count in (("earliest", MEMBERS), ("latest", 20)):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver=libver) as file:
            for index in range(count):
                file.create_group(f"g/{index}")
        with Hdf5Arrays(buffer.getvalue(), ROOM) as opened:
            assert sorted(opened.names("g")) == sorted(map(str, range(count)))
            assert opened.names("none") == []


def test_large_groups_in_the_newer_format_are_refused():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        for index in range(200):
            file.create_group(f"g/{index}")
    with pytest.raises(InputError, match="the file has large groups"), Hdf5Arrays(buffer.getvalue(), ROOM):
        pass


def test_a_list_of_members_ends_at_the_limit():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for index in range(MEMBERS + 1):
            file.create_group(f"g/{index}")
    with Hdf5Arrays(buffer.getvalue(), ROOM) as file, pytest.raises(InputError, match="/g has more than 1,000 members"):
        file.names("g")


def test_what_is_not_there_has_no_header():
    with Hdf5Arrays(file_of(), ROOM) as file:
        assert "a/b" in file
        for place in ("a/c", "c/b", "a/b/c"):
            assert place not in file
            assert file.header(place) is None
