"""The panels as a reader uses them: JupyterLab in a browser without a window."""

import pytest

import lab
from nstlib.images.bundled import photo
from nstlib.images.files import load_image, save_image

LISTED = "[...document.querySelectorAll('option')].some(entry => entry.text == 'mine.png')"

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one notebook: a studio, and a mask to paint."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        "import nstlib as nst\nnst.studio('cat', 'the_scream', size=96, steps=6)",
        "editor = nst.mask_editor(nst.photo('cat', 96))\neditor",
        "print('painted share', round(float(editor.mask.mean()), 3))",
    ]
    lab.write_notebook(folder / "play.ipynb", cells)
    save_image(photo("coffee", 96), folder / "mine.png")
    return folder


@pytest.fixture(scope="module")
def page(folder, browser):
    """The notebook, open in JupyterLab, its cells run."""
    with lab.server(folder) as address, lab.opened(browser, address, "play.ipynb") as page:
        page.locator("canvas").nth(1).wait_for()
        yield page


def test_a_reader_paints_a_photo_of_their_own(page, folder):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="yours").first.click()
    chooser.value.set_files(folder / "mine.png")
    page.wait_for_function(LISTED)
    page.get_by_role("button", name="paint", exact=True).click()
    page.get_by_role("link", name="download").wait_for()
    page.get_by_role("button", name="save", exact=True).click()
    page.get_by_text("saved as").wait_for()
    assert max(load_image(folder / "out" / "mine_the_scream.jpg").shape) == 96


def test_the_course_of_a_painting_is_gone_back_through_and_wiped(page):
    canvas, frame = page.locator("canvas").first, page.get_by_role("slider").nth(3)
    last = canvas.screenshot()
    frame.press("Home")
    first = _changed(page, canvas, last)
    lab.drag(page, canvas, (0.5, 0.5), (0.9, 0.5))
    frame.press("End")
    assert _changed(page, canvas, first) != last  # the line of the wipe stands elsewhere


def test_a_mask_is_painted_with_the_mouse(page):
    canvas = page.locator("canvas").nth(1)
    before = canvas.screenshot()
    lab.drag(page, canvas, (0.2, 0.5), (0.8, 0.5))
    _changed(page, canvas, before)
    page.get_by_text("painted share").first.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(r"/painted share 0\.\d*[1-9]/.test(document.body.innerText)")


def _changed(page, canvas, before: bytes) -> bytes:
    """What a canvas shows once it is something else."""
    for _ in range(10 * lab.SECONDS):
        now = canvas.screenshot()
        if now != before:
            return now
        page.wait_for_timeout(100)
    raise AssertionError("The canvas does not change.")
