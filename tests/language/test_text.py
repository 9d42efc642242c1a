"""Reading a text: files, folders, packed files and standard input, in pieces; bad bytes are named with their place."""

import gzip
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.language import text as text_module
from recurra.language.text import FileText, StringText


def read(*args, **options):
    return "".join(FileText(*args, **options).pieces())


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff")), st.integers(1, 7))
def test_a_file_is_read_whole_however_its_bytes_are_cut(tmp_path_factory, text, at_once):
    file = tmp_path_factory.mktemp("text") / "book.txt"
    file.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "AT_ONCE", at_once)
        assert read(file) == text
        assert "".join(StringText(text).pieces()) == text


def test_line_ends_become_newlines_and_a_byte_order_mark_is_left_out(tmp_path):
    file = tmp_path / "windows.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read(file) == "one\ntwo\nthree\n"


def test_a_folder_is_read_in_the_order_of_its_paths_without_hidden_files(tmp_path):
    for name, text in {"b.txt": "2", "a/z.txt": "1", "c.txt": "3", ".hidden": "x", ".git/config": "y"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert read(tmp_path) == "123"


def test_a_packed_file_and_standard_input_are_read_and_read_again(tmp_path, monkeypatch):
    file = tmp_path / "book.txt.gz"
    file.write_bytes(gzip.compress("天地玄黄".encode()))
    assert read(file) == "天地玄黄"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ab")))
    given = FileText("-")
    assert ["".join(given.pieces()) for _ in range(2)] == ["ab", "ab"]


@pytest.mark.parametrize(("begin", "at_once"), [(0, 1 << 20), (5, 1 << 20), (9, 4), (11, 4)])
def test_a_byte_that_is_no_text_is_named_with_its_offset(tmp_path, monkeypatch, begin, at_once):
    monkeypatch.setattr(text_module, "AT_ONCE", at_once)
    file = tmp_path / "book.txt"
    file.write_bytes(b"a" * begin + b"\xd6\xd0" + b"b" * 20)
    with pytest.raises(InputError, match=rf"book\.txt is not utf-8: byte {begin} is 0xD6; .*--text-encoding gb18030"):
        read(file)
    assert read(file, bad_bytes="replace") == "a" * begin + "\ufffd\ufffd" + "b" * 20


def test_a_chinese_file_in_its_own_encoding_is_read(tmp_path):
    file = tmp_path / "book.txt"
    file.write_bytes("红楼梦".encode("gb18030"))
    assert read(file, encoding="gb18030") == "红楼梦"


def test_a_character_that_a_file_ends_inside_is_named(tmp_path):
    file = tmp_path / "book.txt"
    file.write_bytes("ab天".encode()[:-1])
    with pytest.raises(InputError, match="byte 2 is 0xE5 A4"):
        read(file)


@pytest.mark.parametrize("content", [gzip.compress(b"a" * 1000, mtime=0)[:-9], b"plain"], ids=["cut", "no gzip"])
def test_a_damaged_packed_file_is_named(tmp_path, content):
    (tmp_path / "book.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"book\.gz is not a complete gzip file"):
        read(tmp_path / "book.gz")


def test_a_file_that_is_not_there_an_empty_folder_and_an_unknown_encoding_are_named(tmp_path):
    with pytest.raises(InputError, match="there is no such file or folder"):
        FileText(tmp_path / "missing.txt")
    with pytest.raises(InputError, match="is a folder without files"):
        FileText(tmp_path)
    for encoding in ("utf-9", "zlib"):
        with pytest.raises(InputError, match=f"encoding is '{encoding}'; expected one that Python knows"):
            FileText(tmp_path, encoding=encoding)
