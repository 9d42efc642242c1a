"""What the messages of an Arrow IPC file unpack to, as they state it; pyarrow takes that much memory at once.

A message is described by FlatBuffers, of which only what is needed here is read: a table is a number of fields, each of
which may be absent. See https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format, and Message.fbs and
File.fbs there.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

DICTIONARY, RECORDS = 2, 3  # types of messages
DICTIONARIES_OF_FOOTER, RECORDS_OF_FOOTER = 2, 3  # numbers of fields
HEADER_TYPE, HEADER = 1, 2
ID_OF_DICTIONARY, DATA_OF_DICTIONARY, IS_DELTA = 0, 1, 2
BUFFERS, COMPRESSION = 2, 3
END_OF_FILE = 10  # bytes: the length of the footer, and ARROW1
BLOCK, BUFFER = 24, 16  # bytes
NOT_PACKED = -1  # what a buffer has in place of its unpacked size
BYTES_OF_MESSAGE, FEW_MESSAGES = 1_000, 10_000  # a file has a message for as many bytes, and always as many
MOST_COPIED = 64_000_000  # bytes of dictionaries, or twice what the file unpacks to


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

    def number(self, form: str, field: int) -> int:
        """Return a number; 0 if it is absent."""
        where = self.where(field)
        return 0 if where is None else _number(form, self.data, where)

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


def check_messages(messages: Iterable[Any], size: int, check: Callable[[int], None]) -> None:
    """Check what messages unpack to, and the dictionaries that pyarrow copies whenever a message extends them.

    Args:
        messages: those of a file, in their order.
        size: bytes of the file.
        check: is called with the bytes of all messages so far.

    Raises:
        ValueError: there are too many messages, or copies.
    """
    unpacked = copied = 0
    most, dictionaries = max(FEW_MESSAGES, size // BYTES_OF_MESSAGE), dict[int, int]()
    for number, message in enumerate(messages):
        if number == most:
            raise ValueError(f"more than {most:,} batches in {size:,} bytes")
        own = unpacked_size(message)
        unpacked += own
        check(unpacked)
        kind, header = _header(message)
        if header is not None and kind == DICTIONARY:
            name = header.number("<q", ID_OF_DICTIONARY)
            extended = dictionaries.get(name, 0) if header.number("<b", IS_DELTA) else 0
            dictionaries[name] = own + extended
            copied += extended
            if copied > max(MOST_COPIED, 2 * unpacked):
                raise ValueError("large dictionaries that many batches extend")


def unpacked_size(message: Any) -> int:
    """Return the number of bytes to which a message unpacks, as it states."""
    body, (kind, header) = memoryview(message.body), _header(message)
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


def _header(message: Any) -> tuple[int, _Fields | None]:
    """Return the type of a message, and what it tells about its data."""
    root = _Fields.of_root(message.metadata.to_pybytes())
    return root.number("<B", HEADER_TYPE), root.table(HEADER)


def _number(form: str, data: "bytes | memoryview", place: int) -> int:
    if place < 0:
        raise ValueError("a place before the first byte")
    number: int = struct.unpack_from(form, data, place)[0]
    return number
