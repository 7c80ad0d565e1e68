"""What the tests of the site share: one build of it, and one page that has painted.

One worker does them all, since they carry one mark; what is not installed is passed over.
"""

import functools
import http.server
import shutil
import threading
from pathlib import Path

import pytest

import lab
import make_site
import site_pages


@pytest.fixture(scope="session")
def paints() -> bool:
    return shutil.which("npm") is not None


@pytest.fixture(scope="session")
def site(tmp_path_factory, paints) -> Path:
    pytest.importorskip("myst_nb", reason="requirements-site.txt is not installed")
    pytest.importorskip("furo", reason="requirements-site.txt is not installed")
    folder, made = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:  # another worker may build, too
        patch.setattr(make_site, "OUT", made)
        patch.setattr(make_site, "RUNTIME", made / "onnxruntime-web")
        assert make_site.make(folder, site_pages.languages(), paints) == 0, "Sphinx warned"
    return folder


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(1000 * lab.SECONDS)
    yield page
    page.close()


@pytest.fixture(scope="session")
def served(site, paints):
    """The address of the site, from this machine; browsers fetch no networks from files."""
    if not paints:
        pytest.skip("npm is not installed")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def painting(browser, served):
    """The page that paints, once it has painted the photo that it begins with."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(3000 * lab.SECONDS)
    page.goto(f"{served}/en/try.html")
    page.wait_for_function("painted")
    yield page
    page.close()
