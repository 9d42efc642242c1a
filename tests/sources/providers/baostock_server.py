"""The server behind baostock: messages of its protocol, as the client of version 0.9.4 writes and reads them."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

END = b"<![CDATA[]]>\n"
PAGE = 2000  # rows


class Message(NamedTuple):
    kind: str  # "00" logs in, "95" asks for bars
    fields: list[str]


@dataclass
class Baostock:
    """Answers logins, and requests for bars with `rows`, in pages.

    Attributes:
        rows: date, open, high, low, close, volume, amount, and whether there was trading.
        answers: what a message is answered in place of the usual, by its number; b"" closes the connection.
        refusal: what connecting raises.
    """

    rows: list[list[str]] = field(default_factory=list)
    answers: dict[int, bytes | Exception] = field(default_factory=dict)
    refusal: Exception | None = None
    connected: list[tuple[tuple[str, int], float]] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)

    def connect(self, address: tuple[str, int], timeout: float) -> "Socket":
        self.connected.append((address, timeout))
        if self.refusal is not None:
            raise self.refusal
        return Socket(self.answer)

    def logins(self) -> int:
        return sum(message.kind == "00" for message in self.asked)

    def answer(self, sent: bytes) -> bytes:
        text = sent.decode()
        version, kind, length = text[:21].split("\1")
        body, _, crc = text[21:].rpartition("\1")
        assert (version, int(length)) == ("00.9.40", len(body))
        assert int(crc) == zlib.crc32(text[: 21 + len(body)].encode())
        message = Message(kind, body.split("\1"))
        self.asked.append(message)
        if (special := self.answers.get(len(self.asked))) is not None:
            if isinstance(special, Exception):
                raise special
            return special
        if kind == "00":
            return reply("01", ["0", "success", "login", "anonymous"])
        page = int(message.fields[2])
        rows = self.rows[PAGE * (page - 1) : PAGE * page]
        code, names, start, end, frequency, adjust = message.fields[4:]
        table = json.dumps({"record": rows}) if rows else ""
        fields = ["0", "success", message.fields[0], "anonymous", str(page), str(PAGE), table]
        return reply("96", [*fields, code, names, start, end, frequency, adjust])


def reply(kind: str, fields: list[str]) -> bytes:
    """Return a message of the server; those with bars are compressed."""
    body = ("\1".join(fields) + "\n").encode()
    packed = zlib.compress(body) if kind == "96" else body
    return "\1".join(["00.9.40", kind, f"{len(packed):010}"]).encode() + packed + END


class Socket:
    """A socket in place of a connected one: hands over the answer in small pieces."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer, self.left = answer, b""

    def sendall(self, sent: bytes) -> None:
        self.left += self.answer(sent)

    def recv(self, size: int) -> bytes:
        piece, self.left = self.left[: min(size, 700)], self.left[min(size, 700) :]
        return piece

    def close(self) -> None:
        self.left = b""
