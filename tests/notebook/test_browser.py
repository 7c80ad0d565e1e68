"""The panels as a reader uses them: JupyterLab in a browser without a window."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from nstlib.images.bundled import photo
from nstlib.images.files import load_image, save_image

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60  # for what takes one or two on a machine with nothing else to do
TOKEN = "course"
OPTIONS = {
    "IdentityProvider.token": TOKEN,
    "ServerApp.allow_root": "True",
    "LabApp.news_url": "",
    "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
}
IDLE = "document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=idle]')"
LISTED = "[...document.querySelectorAll('option')].some(entry => entry.text == 'mine.png')"

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with one notebook: a studio, and a mask to paint."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        "import nstlib as nst\nnst.studio('cat', 'the_scream', size=96, steps=6)",
        "editor = nst.mask_editor(nst.photo('cat', 96))\neditor",
        "print('painted share', round(float(editor.mask.mean()), 3))",
    ]
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel}
    notebook["cells"] = [{**cell, "id": f"c{n}", "source": text} for n, text in enumerate(cells)]
    (folder / "play.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    save_image(photo("coffee", 96), folder / "mine.png")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """The address of a JupyterLab that serves the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"]
    command += [f"--ServerApp.root_dir={folder}"]
    command += [f"--{name}={value}" for name, value in OPTIONS.items()]
    private = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    environment = os.environ | private | {"NST_OUT": str(folder / "out"), "PYTHONPATH": str(ROOT)}
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api?token={TOKEN}", process, folder / "lab.log")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str, process, log: Path) -> None:
    for _ in range(2 * SECONDS):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def page(server):
    """The notebook, open in JupyterLab, its cells run."""
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1400})
        page.set_default_timeout(1000 * SECONDS)
        page.goto(f"{server}/lab/tree/play.ipynb?token={TOKEN}")
        page.get_by_text("nst.studio").first.wait_for()
        page.wait_for_function(IDLE)
        page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.locator("canvas").nth(1).wait_for()
        yield page
        browser.close()


def drag(page, canvas, start, end) -> None:
    """Draw with the mouse, from a place to another, in shares of the canvas."""
    box = canvas.bounding_box()
    for place, act in ((start, page.mouse.down), (end, page.mouse.up)):
        x, y = (
            box[p] + share * box[s]
            for p, s, share in zip("xy", ("width", "height"), place, strict=True)
        )
        page.mouse.move(x, y)
        act()


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
    drag(page, canvas, (0.5, 0.5), (0.9, 0.5))
    frame.press("End")
    assert _changed(page, canvas, first) != last  # the line of the wipe stands elsewhere


def test_a_mask_is_painted_with_the_mouse(page):
    canvas = page.locator("canvas").nth(1)
    before = canvas.screenshot()
    drag(page, canvas, (0.2, 0.5), (0.8, 0.5))
    _changed(page, canvas, before)
    page.get_by_text("painted share").first.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(r"/painted share 0\.\d*[1-9]/.test(document.body.innerText)")


def _changed(page, canvas, before: bytes) -> bytes:
    """What a canvas shows once it is something else."""
    for _ in range(10 * SECONDS):
        now = canvas.screenshot()
        if now != before:
            return now
        page.wait_for_timeout(100)
    raise AssertionError("The canvas does not change.")
