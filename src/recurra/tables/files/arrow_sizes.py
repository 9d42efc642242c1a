"""What the messages of an Arrow IPC file unpack to, as they state it; pyarrow takes that much memory at once.

A message is described by FlatBuffers, of which only what is needed here is read: a table is a number of fields, each of
which may be absent. See https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format, and Message.fbs and
File.fbs there.
"""

import struct
from dataclasses import dataclass
from typing import Any

DICTIONARY, RECORDS = 2, 3  # types of messages
DICTIONARIES_OF_FOOTER, RECORDS_OF_FOOTER = 2, 3  # numbers of fields
HEADER_TYPE, HEADER = 1, 2
DATA_OF_DICTIONARY = 1
BUFFERS, COMPRESSION = 2, 3
END_OF_FILE = 10  # bytes: the length of the footer, and ARROW1
BLOCK, BUFFER = 24, 16  # bytes
NOT_PACKED = -1  # what a buffer has in place of its unpacked size


@dataclass(frozen=True)
class _Fields:
    """A table of a FlatBuffer."""

    data: bytes
    place: int

    @classmethod
    def of_root(cls, data: bytes) -> "_Fields":
        return cls(data, _number("<I", data, 0))

    def where(self, field: int) -> int | None:
        """Return where a field is; None if it is absent."""
        names = self.place - _number("<i", self.data, self.place)
        offset = 4 + 2 * field
        found = _number("<H", self.data, names + offset) if offset < _number("<H", self.data, names) else 0
        return self.place + found if found else None

    def table(self, field: int) -> "_Fields | None":
        """Return the table that a field refers to."""
        where = self.where(field)
        return None if where is None else _Fields(self.data, where + _number("<I", self.data, where))

    def structs(self, field: int, size: int) -> list[int]:
        """Return where the structs of a vector are."""
        where = self.where(field)
        if where is None:
            return []
        begin = where + _number("<I", self.data, where)
        count = _number("<I", self.data, begin)
        if count * size > len(self.data):
            raise ValueError(f"a list of {count:,} parts in {len(self.data):,} bytes")
        return [begin + 4 + number * size for number in range(count)]


def offsets_of_messages(file: Any) -> list[int]:
    """Return where the messages with data of an open IPC file begin."""
    size = file.size()
    file.seek(size - END_OF_FILE)
    length = _number("<i", file.read(END_OF_FILE), 0)
    file.seek(size - END_OF_FILE - length)
    footer = _Fields.of_root(file.read(length))
    blocks = [block for field in (DICTIONARIES_OF_FOOTER, RECORDS_OF_FOOTER) for block in footer.structs(field, BLOCK)]
    return [_number("<q", footer.data, block) for block in blocks]


def unpacked_size(message: Any) -> int:
    """Return the number of bytes to which a message unpacks, as it states."""
    root, body = _Fields.of_root(message.metadata.to_pybytes()), memoryview(message.body)
    where = root.where(HEADER_TYPE)
    kind = 0 if where is None else root.data[where]
    header = root.table(HEADER)
    records = header.table(DATA_OF_DICTIONARY) if header and kind == DICTIONARY else header
    if records is None or kind not in {DICTIONARY, RECORDS} or records.where(COMPRESSION) is None:
        return len(body)
    size = 0
    for buffer in records.structs(BUFFERS, BUFFER):
        begin, length = struct.unpack_from("<qq", records.data, buffer)
        if length:
            stated = _number("<q", body, begin)
            size += length if stated == NOT_PACKED else max(stated, 0)
    return size


def _number(form: str, data: "bytes | memoryview", place: int) -> int:
    if place < 0:
        raise ValueError("a place before the first byte")
    number: int = struct.unpack_from(form, data, place)[0]
    return number
