"""Which of a closed list of encodings a text is in, by what its words look like in each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recurra import InputError
from recurra.tables.files.encodings import found_encoding
from recurra.tables.files.reader import read_file
from recurra.tables.form import Reading

HEADERS = {  # words of public tables; a space stands between headers
    "gbk": "日期,销量 时间,温度(℃),湿度 门店,城市,客流量 A股PE,成交额 日期date,收盘close 股票代码,换手率",
    "cp950": "日期,銷量 測站,雨量,氣溫 證券代號,成交股數 縣市;用電量 漲跌價差",
    "cp932": "日付,売上 気温,湿度,降水量 コード,銘柄,終値 店舗;来客数 東京",
    "cp949": "날짜,판매량 기온,습도,강수량 종목코드,종가 매장;수량 서울",
    "cp1252": """Datum;Stückzahl;Größe Köln;Münster GRÖSSE;ÄNDERUNG Année,Température Île;Nº Fecha,Año
        São;Preço Città,Quantità Försäljning;Malmö Måned;Omsætning Dato;Strømforbruk temp_(°C) PM_µg/m³ price_€""",
    "cp1250": "Miesiąc;Sprzedaż;Łódź Množství;Tržby;Plzeň Időpont;Fogyasztás Količina;Šifra;Mjesečno Preţ;Oraş",
}


@pytest.fixture
def table(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        (tmp_path / "t.csv").write_bytes(content)
        return tmp_path / "t.csv"

    return write


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in HEADERS.items() for text in texts.split()]
)
def test_a_header_is_read_in_the_encoding_in_which_its_words_are_words(encoding: str, text: str) -> None:
    content = text.encode(encoding)
    assert content.decode(found_encoding(content, "t")) == text


@pytest.mark.parametrize("word", ["Köln", "Münster", "Stück", "élévé", "Łódź", "Wrocław", "Málaga"])
def test_no_chinese_character_stands_inside_a_latin_word(word: str) -> None:
    encoding = "cp1250" if "ł" in word.lower() else "cp1252"
    content = f"shop;{word};5\n".encode(encoding)
    assert content.decode(found_encoding(content, "t")) == f"shop;{word};5\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Дата;Продажи", "cp1251"),
        ("Ημερομηνία", "cp1253"),
        ("วันที่,ราคา", "cp874"),
        ("التاريخ", "cp1256"),
        ("½", "cp1252"),
    ],
)
def test_a_text_that_is_like_no_language_is_refused_with_two_readings(text: str, encoding: str) -> None:
    with pytest.raises(InputError, match=r"t\.csv is .* not sure: '.*' in \w+, '.*' in \w+; name it with --encoding"):
        found_encoding(text.encode(encoding), "t.csv")


def test_a_tie_shows_the_word_that_differs() -> None:
    with pytest.raises(InputError, match="'Genève' in cp1252, 'Genčve' in cp1250"):
        found_encoding("Date,Genève".encode("cp1252"), "t")


def test_encodings_in_which_a_text_reads_the_same_are_one() -> None:
    content = "Málaga".encode("cp1252")
    assert content.decode("cp1250") == content.decode("cp1252")
    assert found_encoding(content, "t") == "cp1252"


def test_the_ids_of_a_table_tell_its_encoding_and_a_note_names_it(table: Callable[[bytes], Path]) -> None:
    rows = "".join(f"Köln;0{day}.01.2023;{day}\n" for day in range(1, 9))
    raw = read_file(table(f"Filiale;Datum;Umsatz\n{rows}".encode("latin-1")))
    assert raw.frame["Filiale"].unique().tolist() == ["Köln"]
    assert raw.notes == ("the file is read as cp1252; name another encoding with --encoding if its words look wrong",)
    late = "Filiale;Umsatz\n" + "Bonn;1\n" * 200_000 + "Köln;2\n"  # far below what is read at once
    assert read_file(table(late.encode("latin-1"))).frame["Filiale"].iloc[-1] == "Köln"


def test_an_encoding_in_which_a_later_row_is_no_text_is_out(table: Callable[[bytes], Path]) -> None:
    rows = "".join(f"Málaga{row};1\n" for row in range(200_000))  # more than is looked at
    content = f"město;cena\n{rows}".encode("cp1250").replace(b"m\xecsto", b"mesto") + "šťáva;2\n".encode("cp1250")
    assert read_file(table(content)).frame["mesto"].iloc[-1] == "šťáva"


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "UTF-16", "latin-1", "cp1250", "utf8", "big5", "cp1254"]
)
def test_an_encoding_that_the_user_names_is_obeyed(encoding: str, table: Callable[[bytes], Path]) -> None:
    text = "日期" if encoding in {"big5", "utf-16-le", "UTF-16", "utf8"} else "Öç"
    raw = read_file(table(f"{text};y\n2020-01-01;1\n".encode(encoding)), Reading(encoding=encoding))
    assert raw.frame.columns.tolist() == [text, "y"]
    assert all("--encoding" not in note for note in raw.notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_a_name(encoding: str, table: Callable[[bytes], Path]) -> None:
    path = table("ds,y\n2020-01-01,1\n".encode(encoding))
    named = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}[encoding]
    assert read_file(path).frame.columns.tolist() == ["ds", "y"]
    assert read_file(path, Reading(encoding=named)).frame.columns.tolist() == ["ds", "y"]


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "idna", "undefined", "punycode", "a\0b", ""])
def test_an_encoding_that_does_not_exist_is_an_error(encoding: str, table: Callable[[bytes], Path]) -> None:
    with pytest.raises(InputError, match="expected the name of an encoding of text, such as utf-8"):
        read_file(table(b"ds,y\n2020-01-01,1\n"), Reading(encoding=encoding))


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        ("é".encode("latin-1"), "utf-8", "is not text in 'utf-8'; name another encoding with --encoding"),
        ("ds,y\n1,2\n".encode("utf-16-le"), None, "add --encoding utf-16-le"),
        (b"\xff\xfed", None, "is not text in 'utf-16'"),
    ],
)
def test_a_file_that_is_no_text_says_what_may_help(
    content: bytes, encoding: str | None, said: str, table: Callable[[bytes], Path]
) -> None:
    with pytest.raises(InputError) as error:
        read_file(table(content), Reading(encoding=encoding))
    assert said in str(error.value)
