"""Take a still picture of each panel, which stands in the stored notebooks for the living one.

    python tools/make_stills.py            all panels
    python tools/make_stills.py studio …   only these

A panel lives beside its kernel only: GitHub, nbviewer and an opened file show a line of text in its
place. Here each is opened in JupyterLab, used as a reader would, and photographed into PANELS;
clean_notebooks.py puts the stills into the notebooks. Takes Playwright and Chromium (`lab.py`).
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

import lab
from clean_notebooks import PANELS

PHOTOS = "{n: nst.photo(n) for n in ('coffee', 'cat', 'jaguars')}"
LONGEST = 1200  # seconds that a painting may take
LARGEST = 1300  # longest side of a still in pixels


class Still(NamedTuple):
    """A panel, and what is done with it before it is photographed."""

    call: str
    act: Callable = lambda page: None


def press(name: str, until: Callable) -> Callable:
    """Press a button and wait until the panel is done with it."""

    def act(page) -> None:
        page.get_by_role("button", name=name, exact=True).click()
        until(page).wait_for(timeout=1000 * LONGEST)

    return act


def paint_a_mask(page) -> None:
    canvas = page.locator("canvas").first
    for height in (0.35, 0.5, 0.65):
        lab.drag(page, canvas, (0.3, height), (0.75, height))
        page.wait_for_timeout(500)


def ask_for_the_strongest(page) -> None:
    page.get_by_label("layer").select_option("block3_conv1")
    page.get_by_label("channels").select_option("strongest here")
    page.get_by_label("patches").check()
    page.locator("canvas").first.click()


WIPED = press("paint", lambda page: page.get_by_text("drag the white line"))
DOWNLOAD = press("paint", lambda page: page.get_by_role("link", name="download"))
TOYS = "{n: nst.photo(n, 400) for n in ('astronaut', 'cat', 'coffee', 'golden_temple')}"

# By the panel's name; behind a hyphen, a word of the call to which alone the still belongs.
STILLS = {
    "studio": Still("nst.studio('cat', 'the_scream', size=384, steps=60)", DOWNLOAD),
    "studio-naruto_whirlpools": Still(
        "nst.studio('coffee', 'naruto_whirlpools', size=384, steps=60)", DOWNLOAD
    ),
    "kernel_explorer": Still(f"nst.kernel_explorer({TOYS})"),
    "filter_explorer": Still(f"nst.filter_explorer({TOYS})"),
    "layer_explorer": Still(f"nst.layer_explorer({PHOTOS})", ask_for_the_strongest),
    "gram_explorer": Still(
        "nst.gram_explorer({n: nst.painting(n, 256) for n in ('great_wave', 'the_kiss')}, "
        "['block1_conv1', 'block2_conv1', 'block3_conv1'])"
    ),
    "texture_explorer": Still(
        "nst.texture_explorer('mosaic', size=128, steps=60)",
        press("grow", lambda page: page.get_by_text("step 60 of 60")),
    ),
    "recipe_explorer": Still(
        "nst.recipe_explorer('cat', 'mosaic', size=256, steps=24)",
        press("paint", lambda page: page.locator("button:enabled", has_text="keep")),
    ),
    "window_explorer": Still(
        "photo = nst.photo('golden_temple', 256)\n"
        "pictures = {'its negative': 1 - photo, 'shifted': photo[:, :, [*range(1, 256), 255]]}\n"
        "nst.window_explorer(photo, pictures)",
        lambda page: page.locator("canvas").first.click(),
    ),
    "light_explorer": Still(
        "nst.light_explorer('colosseum', 'the_ninth_wave', size=256, steps=25)", WIPED
    ),
    "harmonize_explorer": Still(
        "coffee, cafe = nst.photo('coffee', 400), nst.painting('cafe_terrace', 400)\n"
        "mask = nst.subject_mask(coffee)\n"
        "nst.harmonize_explorer(cafe, coffee, mask, at=(0.3, 0.78), size=0.36)",
        WIPED,
    ),
    "mask_editor": Still(
        "import numpy as np\n"
        "giraffes = nst.photo('giraffes', 320)\n"
        "begin = nst.brush(np.zeros_like(giraffes[..., :1]), 0.62, 0.52, 0.2)\n"
        "nst.mask_editor(giraffes, begin)",
        paint_a_mask,
    ),
    "map_explorer": Still(
        "import numpy as np\n"
        "styles, layers = nst.fast_styles(), [f'block{n}_conv1' for n in (1, 2, 3, 4)]\n"
        "see, grams = nst.feature_extractor(layers, padding='reflect'), []\n"
        "for style in styles:\n"
        "    seen = see(nst.without_grain(nst.painting(style, 256)))\n"
        "    units = [np.asarray(nst.gram_matrix(seen[layer])).ravel() for layer in layers]\n"
        "    grams.append(np.concatenate([unit / np.linalg.norm(unit) for unit in units]))\n"
        "apart = np.linalg.norm(np.array(grams)[:, None] - np.array(grams), axis=-1)\n"
        "nst.map_explorer(nst.style_places(styles, apart))",
        lambda page: page.locator("canvas").first.click(position={"x": 330, "y": 190}),
    ),
    "style_explorer": Still(f"nst.style_explorer({PHOTOS})"),
    "attention_explorer": Still(
        "nst.attention_explorer('cat', 'starry_night', size=320)",
        lambda page: page.locator("canvas").first.click(position={"x": 130, "y": 90}),
    ),
    "any_style_explorer": Still(
        "nst.any_style_explorer('cat', 'delaunay_metzinger', size=384)",
        lambda page: page.get_by_text("drag the white line").wait_for(timeout=1000 * LONGEST),
    ),
}


def photograph(name: str, still: Still) -> Path:
    """One panel's still, at twice its pixels, as JPEG."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        lab.write_notebook(folder / "panel.ipynb", ["import nstlib as nst", still.call])
        with (
            lab.server(folder) as address,
            lab.browser() as browser,
            lab.opened(browser, address, "panel.ipynb", sharpness=2) as page,
        ):
            view = page.locator(".jp-OutputArea-output .widget-vbox").first
            view.wait_for()
            page.wait_for_timeout(3000)  # pictures arrive after the frame that they stand in
            still.act(page)
            page.wait_for_timeout(6000)
            picture = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
    path = PANELS / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = without_margin(picture)
    picture.thumbnail((LARGEST, LARGEST))  # a notebook holds 2.5 MB
    picture.save(path, quality=72, optimize=True)
    return path


def without_margin(picture: Image.Image) -> Image.Image:
    """What of a picture is not the page's white."""
    return picture.crop(ImageOps.invert(picture).getbbox())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="PANEL", help=", ".join(STILLS))
    for name in parser.parse_args().names or STILLS:
        if name not in STILLS:
            raise SystemExit(f"No panel {name!r}: there are {', '.join(STILLS)}.")
        print(photograph(name, STILLS[name]).relative_to(lab.ROOT))


if __name__ == "__main__":
    main()
