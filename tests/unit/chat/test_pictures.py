"""The pictures that a prompt names."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import BadInput, Cancelled, NotSupported
from packllama.base.stop import Stop
from packllama.chat.pictures import LARGEST_PICTURE, begins_with_path, take_pictures

PNG = b"\x89PNG\r\n\x1a\n" + bytes(9)
JPEG = b"\xff\xd8\xff\xe0" + bytes(9)
WEBP = b"RIFF\x10\0\0\0WEBPVP8 " + bytes(9)
WAVE = b"RIFF\x10\0\0\0WAVEfmt " + bytes(9)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with pictures in it."""
    for name in ("red.png", "my red.PNG", "a(1).png", "it's.png", "红.png", "two.png.jpg", "sub/red.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PNG)
    (tmp_path / "green.jpeg").write_bytes(JPEG)
    (tmp_path / "blue.webp").write_bytes(WEBP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def taken(prompt: str) -> tuple[str, list[str]]:
    result = take_pictures(prompt, stop=Stop())
    return result.prompt, [picture.path for picture in result.pictures]


@pytest.mark.parametrize(
    ("prompt", "rest", "paths"),
    [
        ("Describe ./red.png", "Describe", ["./red.png"]),
        ("./red.png ./green.jpeg and ./blue.webp!", "and !", ["./red.png", "./green.jpeg", "./blue.webp"]),
        ("What is in './red.png'?", "What is in ?", ["./red.png"]),
        ("see './my red.PNG'", "see", ["./my red.PNG"]),
        (r"see ./my\ red.PNG.", "see .", ["./my red.PNG"]),
        (r"./a\(1\).png", "", ["./a(1).png"]),
        ("(./a(1).png)", "()", ["./a(1).png"]),
        (r"./it\'s.png ./it's.png", "", ["./it's.png", "./it's.png"]),
        ("看./红.png这张图", "看这张图", ["./红.png"]),
        ("./two.png.jpg", "", ["./two.png.jpg"]),
        ("./red.png,./sub/red.png", ",", ["./red.png", "./sub/red.png"]),
        ("it's ./red.png, that's all", "it's , that's all", ["./red.png"]),
        ("two\nlines './red.png\n'", "two\nlines '\n'", ["./red.png"]),
        ("  ./red.png  ", "", ["./red.png"]),
    ],
)
def test_what_is_taken(here: Path, prompt: str, rest: str, paths: list[str]) -> None:
    assert taken(prompt) == (rest, paths)


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " nothing ",
        " Describe ./none.png ",
        "red.png",
        "sub/red.png",
        "../red.png",
        "~/red.png",
        "x./red.png",
        "https://example.org/red.png",
        "./red.pngx ./red.png_ ./red",
        r"C:\red.png \red.png",
        "'./my\nred.PNG'",
        "./\0red.png",
        "./\ud800.png",
        f"/{'x' * 5000}.png",
    ],
)
def test_what_stays_text(here: Path, prompt: str) -> None:
    assert taken(prompt) == (prompt, [])


def test_absolute_paths_and_bytes(here: Path) -> None:
    result = take_pictures(f"{here}/green.jpeg is green", stop=Stop())
    assert result.prompt == "is green"
    assert [(picture.path, picture.data) for picture in result.pictures] == [(f"{here}/green.jpeg", JPEG)]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "application/octet-stream"),
        (b"plain text", "application/octet-stream"),
        (b"plain text " * 50, "text/plain"),
        (b"\0" * 600, "application/octet-stream"),
        (b"text, but\0 " * 50, "application/octet-stream"),
        (b"\n <!DOCTYPE html><html>", "text/html"),
        (b"<htmlx>", "application/octet-stream"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"BM" + bytes(20), "image/bmp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"RIFF\0\0\0\0AVI ", "application/octet-stream"),
        (PNG[:7], "application/octet-stream"),
    ],
)
def test_what_is_no_picture(here: Path, data: bytes, found: str) -> None:
    (here / "x.png").write_bytes(data)
    with pytest.raises(BadInput) as caught:
        taken("look: ./x.png")
    assert (caught.value.message, caught.value.where) == (f"invalid file type: {found}", "./x.png")


@pytest.mark.parametrize("name", ["x.wav", "x.png"])
def test_sounds_are_named(here: Path, name: str) -> None:
    (here / name).write_bytes(WAVE)
    with pytest.raises(NotSupported, match="sounds are not supported yet"):
        taken(f"listen to ./{name}")


def test_the_content_counts_and_not_the_name(here: Path) -> None:
    (here / "x.wav").write_bytes(JPEG)
    assert taken("./x.wav") == ("", ["./x.wav"])


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_plain_files_are_read_and_nothing_waits(here: Path, kind: str) -> None:
    path = here / "x.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="expected a picture, found a folder, pipe"):
        taken("./x.png")


def test_the_largest_picture(here: Path) -> None:
    with (here / "x.png").open("wb") as file:
        file.write(PNG)
        file.truncate(LARGEST_PICTURE)
        assert len(take_pictures("./x.png", stop=Stop()).pictures[0].data) == LARGEST_PICTURE
        file.truncate(1 << 40)
    start = time.perf_counter()
    with pytest.raises(BadInput, match="larger than the 104,857,600 bytes that a picture may have"):
        taken("./x.png")
    assert time.perf_counter() - start < 1


def test_all_pictures_together(here: Path) -> None:
    with (here / "x.png").open("wb") as file:
        file.write(PNG)
        file.truncate(LARGEST_PICTURE // 2 + 1)
    assert taken("./x.png")[1] == ["./x.png"]
    with pytest.raises(BadInput, match="the first 2 pictures are larger than 104,857,600 bytes together"):
        take_pictures("./x.png ./x.png ./x.png", stop=Stop())


def test_a_stop_is_seen_before_each_file(here: Path) -> None:
    stop = Stop()
    stop.set()
    assert take_pictures("no file ./none.png", stop=stop).pictures == ()
    with pytest.raises(Cancelled):
        take_pictures("./red.png", stop=stop)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/home/me/x.png describe", True),
        (r"/home/me/my\ x.JPG", True),
        ("/x.webp", True),
        ("/set system ./x.png", False),
        ("/set system /x.png", False),
        ("/bye", False),
        ("/?", False),
        ("", False),
        ("see /x.png", False),
        ("/show x.pngs", False),
    ],
)
def test_a_line_that_begins_with_a_path_is_no_command(line: str, expected: bool) -> None:
    assert begins_with_path(line) is expected


@pytest.mark.parametrize("piece", ["(/", "/a", "'/", "'/x ", "\\", "\\ /", ".png", "/.png", "(/.png", " ./x.pngx"])
def test_long_prompts_take_linear_time(piece: str) -> None:
    start = time.process_time()
    assert not take_pictures(piece * 20_000, stop=Stop()).pictures
    # A second for each 100 kB would be much; what is quadratic takes minutes.
    assert time.process_time() - start < 3


@given(st.text(st.sampled_from("/.\\'C: \n\0xpng jpegé好\ud800")))
def test_any_text_is_a_prompt(text: str) -> None:
    prompt = f"{text}/none/./a.png{text}"
    assert take_pictures(prompt, stop=Stop()).prompt == prompt
    begins_with_path(text)
