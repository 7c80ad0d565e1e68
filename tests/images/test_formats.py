"""What is taken for a picture, what is not, and what is said of that."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError, MissingFile
from nstlib.images import formats
from nstlib.images.files import load_image, rgb_picture, save_image

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


def touched(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return list(folder.rglob("*"))


def test_every_suffix_that_pillow_reads_is_taken():
    suffixes, registered = formats.read_suffixes(), Image.registered_extensions()
    for known in (".jpg", ".jfif", ".jpe", ".mpo", ".png", ".gif", ".psd", ".jp2", ".tga", ".ppm"):
        assert known in suffixes
    assert (".avif" in suffixes) == ("AVIF" in Image.OPEN)
    assert not suffixes & {".pdf", ".palm", ".h5", ".wmf", ".mpg", ".svg", ".txt", ".mp4"}
    openable = {end for end, kind in registered.items() if kind in Image.OPEN}
    assert openable - suffixes <= {".bufr", ".grib", ".h5", ".hdf", ".wmf", ".emf", ".mpg",
                                   ".mpeg", ".eps", ".ps"}  # fmt: skip
    assert set(formats.EXTENSIONS) <= suffixes, "what is written can be read"


def test_what_is_left_out_is_counted_and_answered(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "has_heif", lambda: False)
    found = touched(
        tmp_path,
        *("a.JPG", "b.jfif", "deep/c.gif", "d.HEIC", "e.heic", "f.svg", "g.nef", "h.mp4", "i.MOV"),
        *("notes.txt", "Thumbs.db", "desktop.ini"),
    )
    pictures, others = formats.sorted_out(tmp_path, found)
    assert {path.name for path in pictures} == {"a.JPG", "b.jfif", "c.gif"}
    assert others == (
        "2 .heic: pip install pillow-heif, or nstlib[heic], to read them; 1 .mp4, 1 .mov: `nstlib "
        "video` paints films; 1 .svg, 1 .nef: export them as JPEG or PNG"
    )
    monkeypatch.setattr(formats, "has_heif", lambda: True)
    assert len(formats.sorted_out(tmp_path, found)[0]) == 5


def test_what_a_mac_leaves_behind_is_no_picture(tmp_path):
    twins = [f"._{number}.png" for number in range(50)]
    found = touched(tmp_path, "a.png", *twins, "__MACOSX/b.png", ".DS_Store", ".hidden/c.heic")
    assert formats.sorted_out(tmp_path, found) == ([tmp_path / "a.png"], "")


@pytest.mark.parametrize("as_file", [True, False])
def test_a_heic_without_its_reader_names_it(tmp_path, monkeypatch, as_file):
    monkeypatch.setattr("nstlib.images.decoding.has_heif", lambda: False)
    path = tmp_path / "IMG_0001.jpg"  # phones and messengers rename them
    path.write_bytes(HEIC)
    with (
        path.open("rb") as file,
        pytest.raises(
            InputError, match=r"it is HEIC: pip install pillow-heif, or nstlib\[heic\], to read"
        ),
    ):
        load_image(file if as_file else path)


def test_a_heic_is_read_by_pillow_heif(tmp_path, monkeypatch):
    """A stand-in takes its part: it is asked for when it is needed, and opens what follows."""
    asked = []
    stand_in = SimpleNamespace(register_heif_opener=lambda: asked.append("registered"))
    monkeypatch.setitem(sys.modules, "pillow_heif", stand_in)
    monkeypatch.setattr("nstlib.images.decoding.has_heif", lambda: True)
    load_image(save_image(np.zeros((4, 4, 3)), tmp_path / "a.png"))
    assert asked == []
    (tmp_path / "a.heic").write_bytes(HEIC)
    with pytest.raises(InputError, match="it is HEIC|damaged"):
        load_image(tmp_path / "a.heic")
    assert asked


def test_a_true_heic(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    tall = np.zeros((40, 64, 3), np.uint8)
    tall[:, 32:] = 200, 60, 50
    pillow_heif.from_pillow(Image.fromarray(tall)).save(tmp_path / "a.heic", quality=95)
    image = load_image(tmp_path / "a.heic")
    assert image.shape == (1, 40, 64, 3)
    np.testing.assert_allclose(image[0, 20, 50] * 255, (200, 60, 50), atol=5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(40), "a film is painted by `nstlib video`"),
        ("a.mpg", b"\0\0\1\xb3\x10\1\0\1" + bytes(99), "a film is painted by `nstlib video`"),
        ("a.svg", b"<svg/>", "not a picture that can be read: JPEG, PNG.*export SVG or RAW"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(99), "not a picture that can be read: JPEG"),
    ],
)
def test_what_is_no_picture_is_answered(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_frames_lead_to_the_command_that_paints_them(tmp_path, kind):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a", kind, save_all=True, append_images=frames[1:])
    with pytest.warns(UserWarning, match="has 2 frames; the first one is taken") as said:
        load_image(tmp_path / "a")
    assert ("`nstlib video` paints them all" in str(said[0].message)) == (kind != "TIFF")


def test_an_address_has_to_be_downloaded_first():
    for wrong in ("https://x.org/a.jpg", Path("https://x.org/a.jpg")):
        with pytest.raises(MissingFile) as said:
            load_image(wrong)
        assert "https://x.org/a.jpg is an address, not a file: download it" in str(said.value)


def test_a_bundled_name_s_twin_is_never_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ab:").mkdir()
    save_image(np.zeros((4, 4, 3)), "ab:/c.png")
    assert load_image("ab:/c.png").shape == (1, 4, 4, 3)


# --- Large files ----------------------------------------------------------------------------------


@pytest.fixture
def small_limits(monkeypatch):
    """As if a hundred million pixels were a thousand."""
    for module in ("arrays", "decoding"):
        monkeypatch.setattr(f"nstlib.images.{module}.MAX_PIXELS", 1000)
    monkeypatch.setattr("nstlib.images.decoding.MAX_READ", 20_000)
    monkeypatch.setattr("nstlib.images.decoding.STRIP", 2000)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "rgba.png", "p.png", "16.png"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_what_a_size_shrinks_is_read_small(tmp_path, name, orientation):
    y, x = np.mgrid[0:101, 0:190] / 190
    smooth = np.uint8(255 * np.stack([x, y, (x + y) / 2, y], axis=-1))
    picture = Image.fromarray(smooth[..., : 4 if name == "rgba.png" else 3])
    picture = picture.quantize(255) if name == "p.png" else picture
    picture = Image.fromarray(np.uint16(65535 * x)) if name == "16.png" else picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / name, exif=exif, quality=100)
    with pytest.MonkeyPatch.context() as usual:
        usual.setattr("nstlib.images.decoding.MAX_PIXELS", 10**6)
        wanted, mask = load_image(tmp_path / name, 16, alpha="mask")
    small, small_mask = load_image(tmp_path / name, 16, alpha="mask")
    assert small.shape == wanted.shape and max(small.shape) == 16
    np.testing.assert_allclose(small, wanted, atol=0.03)
    np.testing.assert_allclose(small_mask, mask, atol=0.03)


@pytest.mark.usefixtures("small_limits")
def test_a_large_file_needs_a_size_and_room(tmp_path, monkeypatch):
    Image.new("RGB", (150, 100)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"150 x 100 .*more than 1,000: a size of 38"):
        load_image(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png", 38).shape == (1, 25, 38, 3)
    Image.new("RGB", (300, 100)).save(tmp_path / "b.png")
    with pytest.raises(InputError, match="300 x 100 pixels. Files of up to 20,000 can be read"):
        load_image(tmp_path / "b.png", 38)
    for name in ("a.png", "a.jpg"):  # for a training, which wants the shorter side
        Image.new("RGB", (150, 100), "red").save(tmp_path / name)
        picture, _ = rgb_picture(tmp_path / name, 20)
        assert picture.width * picture.height <= 1000 and min(picture.size) >= 20
    monkeypatch.setattr("nstlib.images.decoding.available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"a.png, 150 x 100 pixels, needs about .*make a smaller"):
        load_image(tmp_path / "a.png", 30)


@pytest.mark.filterwarnings("error")
def test_pillow_s_own_limit_is_left_as_it_was(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    (tmp_path / "a.ppm").write_bytes(b"P6 50000 20000 255 ")
    with pytest.raises(InputError, match="a.ppm has 50000 x 20000 pixels"):
        rgb_picture(tmp_path / "a.ppm", 3)
    assert before == Image.MAX_IMAGE_PIXELS
