"""What the pages of a Parquet file unpack to, as each states it; pyarrow takes that much memory at once.

The metadata of the file state sizes too, which nothing holds to the truth. Pages are described in Thrift's compact
protocol: a struct is a number of fields, known by their number and type. See https://parquet.apache.org/docs/file-format,
parquet.thrift there, and https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Buffer: TypeAlias = Any  # bytes, or a mapped file
Struct: TypeAlias = dict[tuple[int, int], Any]  # values by the number and type of a field

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)
LENGTHS = {BYTE: 1, DOUBLE: 8}  # bytes
BITS = {I16: 16, I32: 32, I64: 64}
LOW = 127  # the bits of a byte that count in a number; the highest says that more follow
LENGTH_IN_NEXT = 15  # in place of the length of a list
ROW_GROUPS = (4, LIST)  # of the metadata of the file
CHUNKS = (1, LIST)  # of a row group
OF_CHUNK = (3, STRUCT)
VALUES_OF_CHUNK, FIRST_DATA_PAGE, DICTIONARY_PAGE = (5, I64), (9, I64), (11, I64)
UNPACKED, PACKED = (2, I32), (3, I32)  # of a page: bytes
DATA, DICTIONARY, DATA_V2 = (5, STRUCT), (7, STRUCT), (8, STRUCT)  # of a page, by its kind
VALUES_OF_PAGE = (1, I32)
ENCODINGS = {DATA: (2, I32), DATA_V2: (4, I32)}
BEGIN = 4  # bytes before the metadata
SHORT_METADATA, BYTES_OF_METADATA = 1_500_000, 5  # bytes that every file may have, and one for as many of the file
FEW_PAGES, BYTES_OF_PAGE = 15_000, 1_000  # pages that every file may have, and one for as many bytes of the file


@dataclass
class Size:
    """What a column takes when it is unpacked.

    Attributes:
        values: number of its values.
        unpacked: bytes of its pages.
        longest: bytes of the longest of them.
        encodings: how the values are written in them.
    """

    values: int = 0
    unpacked: int = 0
    longest: int = 0
    encodings: set[int] = field(default_factory=set)


def measured(content: Buffer, about: Any, check: Callable[[int], None]) -> list[Size]:
    """Return the size of each column of a file.

    Args:
        content: the file.
        about: its metadata, a `pyarrow.parquet.FileMetaData`.
        check: is called with the bytes of all pages so far.

    Raises:
        ValueError: the file is damaged, or has too many parts.
    """
    metadata, most = _metadata(about, len(content)), max(FEW_PAGES, len(content) // BYTES_OF_PAGE)
    sizes = [Size() for _ in range(about.num_columns)]
    unpacked = count = 0
    for group in metadata.get(ROW_GROUPS, []):
        for size, chunk in zip(sizes, group[CHUNKS], strict=True):
            own = chunk[OF_CHUNK]
            values, first, dictionary = own[VALUES_OF_CHUNK], own[FIRST_DATA_PAGE], own.get(DICTIONARY_PAGE, 0)
            size.values += values
            for page in _pages(content, min(first, dictionary) if dictionary > 0 else first, values):
                count += 1
                if count > most:
                    raise ValueError(f"more than {most:,} pages in {len(content):,} bytes")
                size.unpacked += page.size
                size.longest = max(size.longest, page.size)
                if page.encoding is not None:
                    size.encodings.add(page.encoding)
                unpacked += page.size
                check(unpacked)
    return sizes


@dataclass(frozen=True)
class _Page:
    size: int  # bytes to which it unpacks, or that its values take at least
    encoding: int | None  # None in a dictionary


def _metadata(about: Any, size: int) -> Struct:
    """Return the metadata of a file as pyarrow understands them, whatever else is in the file."""
    written = io.BytesIO()
    about.write_metadata_file(written)
    content = written.getvalue()
    texts = sum(len(name) + len(text) for name, text in (about.metadata or {}).items())
    if len(content) - texts > max(SHORT_METADATA, size // BYTES_OF_METADATA):
        raise ValueError(f"{len(content):,} bytes of metadata in {size:,} bytes")
    return _struct(content, BEGIN)[0]


def _pages(content: Buffer, place: int, values: int) -> Iterator[_Page]:
    """Yield the pages from a place on until they have as many values."""
    while values > 0:
        if not 0 <= place < len(content):
            raise ValueError(f"a page at byte {place:,} of {len(content):,}")
        header, place = _struct(content, place)
        kind = next((kind for kind in (DATA, DATA_V2, DICTIONARY) if kind in header), None)
        about = header[kind] if kind else {VALUES_OF_PAGE: 0}  # an index
        packed, count = header[PACKED], about[VALUES_OF_PAGE]
        if packed < 0 or count < 0:
            raise ValueError(f"a page of {packed:,} bytes and {count:,} values")
        place += packed
        encoding = about[ENCODINGS[kind]] if kind in ENCODINGS else None
        yield _Page(max(header[UNPACKED], packed), encoding)
        if encoding is not None:
            values -= count


def _struct(data: Buffer, place: int) -> tuple[Struct, int]:
    """Return the struct at a place, and the place after it."""
    found: Struct = {}
    number = 0
    while True:
        head, place = data[place], place + 1
        step, kind = head >> 4, head & 15
        if kind == STOP:
            return found, place
        if step:
            number += step
        else:
            number, place = _whole_number(data, place, BITS[I16])
        if kind in {TRUE, FALSE}:
            found[number, kind] = kind == TRUE
        else:
            found[number, kind], place = _value(data, place, kind)


def _value(data: Buffer, place: int, kind: int) -> tuple[Any, int]:
    if kind == STRUCT:
        return _struct(data, place)
    if kind in BITS:
        return _whole_number(data, place, BITS[kind])
    if kind in {LIST, SET}:
        return _list(data, place)
    if kind == BINARY:
        length, place = _varint(data, place)
    elif kind in LENGTHS:
        length = LENGTHS[kind]
    else:
        raise ValueError(f"a value of the unknown type {kind}")
    return None, place + length  # it says nothing of sizes


def _list(data: Buffer, place: int) -> tuple[list[Any], int]:
    head, place = data[place], place + 1
    length, kind = head >> 4, head & 15
    if length == LENGTH_IN_NEXT:
        length, place = _varint(data, place)
    values = []
    for _ in range(length):
        value, place = _value(data, place, BYTE if kind in {TRUE, FALSE} else kind)
        values.append(value)
    return values, place


def _whole_number(data: Buffer, place: int, bits: int) -> tuple[int, int]:
    folded, place = _varint(data, place)
    if folded >> bits:
        raise ValueError(f"a whole number of more than {bits} bits")
    return (folded >> 1) ^ -(folded & 1), place


def _varint(data: Buffer, place: int) -> tuple[int, int]:
    part, place = data[place], place + 1
    number, shift = part & LOW, 7
    while part > LOW:
        part, place = data[place], place + 1
        number |= (part & LOW) << shift
        shift += 7
    return number, place
