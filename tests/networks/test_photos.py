"""The stream of photos: the same from any step, whatever lies in the folder."""

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError, MissingFile
from nstlib.networks.training.photos import PhotoFolder, with_grain


def test_the_stream_depends_on_the_seed_and_the_step_alone(folder):
    first, again = (PhotoFolder(folder, crop=32, batch=3, styles=4) for _ in range(2))
    ahead = PhotoFolder(folder, crop=32, batch=3, styles=4)
    ahead.first = 5
    other = PhotoFolder(folder, crop=32, batch=3, styles=4, seed=1)
    ((photos, mix, lies),) = first[7]
    assert photos.shape == (3, 32, 32, 3) and photos.min() >= 0 and photos.max() <= 1
    np.testing.assert_array_equal(mix.sum(axis=1), 1)
    assert len(set(mix.argmax(axis=1))) == 3, "a batch has different styles as long as there are"
    np.testing.assert_array_equal(photos, again[7][0][0])
    np.testing.assert_array_equal(lies, again[7][0][2])
    assert lies.shape == (3, 4) and np.ptp(lies[:, 0]) > 1
    np.testing.assert_array_equal(photos, ahead[2][0][0])
    assert not np.array_equal(photos, other[7][0][0])


def test_every_photo_comes_once_in_a_turn(folder):
    stream = PhotoFolder(folder, crop=32, batch=4)
    seen = np.concatenate([stream[step][0][0] for step in range(3)])
    means = {tuple(np.round(photo.mean(axis=(0, 1)), 3)) for photo in seen}
    assert len(means) == 12


def test_photos_that_are_kept_are_read_once(folder):
    usual, kept = (PhotoFolder(folder, crop=32, batch=12, keep=keep) for keep in (False, True))
    kept[0]  # every photo once
    batch = usual[5][0][0]
    for path in kept.files:
        path.write_bytes(b"gone")
    np.testing.assert_array_equal(kept[5][0][0], batch)
    assert not kept.skipped


def test_a_flat_photo_gets_grain_and_the_others_stay():
    photos = np.stack([np.full((8, 8, 3), 1.0), np.random.default_rng(0).random((8, 8, 3))])
    grainy = with_grain(photos.astype("float32"), np.random.default_rng(1))
    np.testing.assert_array_equal(grainy[1], photos[1].astype("float32"))
    assert 0 < grainy[0].std() < 0.01 and grainy.max() <= 1 and grainy.dtype == "float32"


def test_the_identity_step_asks_for_no_style(folder):
    stream = PhotoFolder(folder, crop=32, batch=2, styles=2, identity_every=3)
    totals = [stream[step][0][1].sum() for step in range(6)]
    assert totals == [2, 2, 0, 2, 2, 0]


def test_only_some_styles_are_drawn(folder):
    stream = PhotoFolder(folder, crop=32, batch=4, styles=5, only=[3])
    assert set(stream[0][0][1].argmax(axis=1)) == {3}


def test_corrupt_photos_are_reported_once_and_passed_over(folder):
    whole = (folder / "photo 00.jpg").read_bytes()
    (folder / "photo 03.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "photo 05.jpg").write_text("not a picture")
    stream = PhotoFolder(folder, crop=32, batch=4)
    with pytest.warns(UserWarning, match="cannot be read and is passed over") as said:
        for step in range(6):
            assert np.isfinite(stream[step][0][0]).all()
    assert len(said) == 2
    assert set(stream.skipped) == {"photo 03.jpg", "photo 05.jpg"}


def test_folders_that_cannot_be_trained_on(folder, tmp_path):
    with pytest.raises(MissingFile, match="is not a folder"):
        PhotoFolder(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        PhotoFolder(empty)
    for number in range(2):
        (empty / f"{number}.jpg").write_text("no")
    with (
        pytest.warns(UserWarning, match="only 2 pictures|passed over"),
        pytest.raises(InputError, match="None of the 2 pictures"),
    ):
        PhotoFolder(empty)


def test_deep_and_transparent_photos_look_as_they_do_elsewhere(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype("uint16"), (64, 1))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    with pytest.warns(UserWarning, match="holds only 1"):
        crop = PhotoFolder(tmp_path, crop=32, batch=1, zoom=(1, 1))[0][0][0]
    assert crop.mean() == pytest.approx(0.5, abs=0.01)
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "a.png")
    with pytest.warns(UserWarning, match="holds only 1"):
        assert PhotoFolder(tmp_path, crop=32, batch=1)[0][0][0].min() > 0.9


def test_colours_twins_and_what_is_no_photo(folder, tmp_path, profiles, recwarn):
    """As unzipped on a Mac: each photo has a hidden twin, and there is a folder of them."""
    for path in sorted(folder.iterdir()):
        (folder / f"._{path.name}").write_bytes(b"\0\5\x16\7")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "a.jpg").touch()
    for number in range(3):
        (folder / f"{number}.mp4").touch()
        broken = {"icc_profile": profiles["broken"]}
        Image.new("RGB", (64, 64)).save(folder / f"{number} scan.jfif", "JPEG", **broken)
    stream = PhotoFolder(folder, crop=32, batch=15)
    assert len(stream.files) == 15
    stream[0]
    said = [str(note.message) for note in recwarn if note.category is UserWarning]
    assert len(said) == 2 and not stream.skipped
    assert said[0] == f"{folder} also holds 3 .mp4: `nstlib video` paints films."
    assert "scan.jfif has a colour profile that cannot be used" in said[1], "once, not three times"


def test_a_photo_s_profile_is_applied(tmp_path, profiles):
    linear = Image.fromarray(np.full((64, 64), 55, np.uint8))
    linear.save(tmp_path / "a.png", icc_profile=profiles["gray"])
    with pytest.warns(UserWarning, match="holds only 1"):
        crop = PhotoFolder(tmp_path, crop=32, batch=1)[0][0][0]
    assert crop.mean() == pytest.approx(128 / 255, abs=0.01)


def test_two_photos_are_enough_to_begin_with_a_warning(folder):
    for path in sorted(folder.iterdir())[2:]:
        path.unlink()
    with pytest.warns(UserWarning, match="learn them by heart"):
        stream = PhotoFolder(folder, crop=32, batch=4)
    assert stream[0][0][0].shape == (4, 32, 32, 3)
