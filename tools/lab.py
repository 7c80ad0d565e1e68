"""A browser without a window, and JupyterLab in it: for tests, and for the panels' stills.

Playwright drives a Chromium that is installed; it brings none by itself.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SECONDS = 60  # for what takes one or two on a machine with nothing else to do
TOKEN = "course"
OPTIONS = {
    "IdentityProvider.token": TOKEN,
    "ServerApp.allow_root": "True",
    "LabApp.news_url": "",
    "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
}


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of code cells, not yet run."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel}
    notebook["cells"] = [{**cell, "id": f"c{n}", "source": text} for n, text in enumerate(cells)]
    path.write_text(json.dumps(notebook), encoding="utf-8")


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves a folder and keeps its settings there."""
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


@contextmanager
def browser() -> Iterator:
    """Chromium, with a camera that sees moving colours. One at a time: Playwright allows no two."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--use-fake-device-for-media-stream"]
    with sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@contextmanager
def opened(browser, address: str, notebook: str, *, sharpness: int = 1) -> Iterator:
    """A page with a notebook, all of whose cells are being run; `sharpness` is dots a pixel."""
    size = {"width": 1500, "height": 1400}
    page = browser.new_page(viewport=size, device_scale_factor=sharpness)
    page.set_default_timeout(1000 * SECONDS)
    page.goto(f"{address}/lab/tree/{notebook}?token={TOKEN}")
    page.locator(".jp-CodeCell .cm-content").first.wait_for()
    page.get_by_text("(ipykernel) | Idle").wait_for()
    page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    yield page
    page.close()


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
