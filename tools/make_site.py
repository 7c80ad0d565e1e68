"""Make the site from the stored notebooks: pages to read and to search, and one to paint in.

    python tools/make_site.py [--out out/site] [--serve]

The pages are written to out/site-source as Sphinx reads them, a tree for each language, and built
to OUT/en and so on. A language is there when site/LANGUAGE/index.md is; pages show the others in a
switch. Nothing is executed and nothing fetched, but the runtime of `try.html` from npm, once;
without npm there is everything but that page. Whatever Sphinx warns of is an error.
"""

import argparse
import functools
import http.server
import importlib.util
import io
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image, ImageOps

import make_nav
import site_pages
from heroes import hero

ROOT = Path(__file__).resolve().parent.parent
SITE, SOURCE = ROOT / "site", ROOT / "out" / "site-source"
PAPER = 250  # a gray level, of 255, that is no picture any more
RUNTIME = ROOT / "out" / "onnxruntime-web"
LANGUAGES = {"en": "English", "zh": "中文"}
CARD, SHEET = (
    (480, 360),
    1600,
)  # pixels: a chapter's picture, the width of a network's sheet at most
NO_NODE = (
    "npm is not installed (nodejs.org): the page that paints is left out, all others are there."
)
PAINTING = re.compile(r"^% try$.*?^% /try$\n", re.MULTILINE | re.DOTALL)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "site")
    parser.add_argument("--serve", action="store_true", help="and show it on this machine")
    args = parser.parse_args(argv)
    begin, paints = time.perf_counter(), shutil.which("npm") is not None
    if not paints:
        print(NO_NODE)
    failed = make(args.out, languages(), paints)
    if failed:
        return failed
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    seconds = time.perf_counter() - begin
    print(f"{args.out / 'index.html'}: {size / 1e6:.0f} MB in {seconds:.0f} s")
    if args.serve:
        serve(args.out)
    return 0


def languages() -> dict[str, str]:
    """Those that have pages: their folder and their own name."""
    return {code: name for code, name in LANGUAGES.items() if (SITE / code / "index.md").exists()}


def make(out: Path, trees: dict[str, str], paints: bool) -> int:
    """Write and build every tree, and what the page that paints fetches; returns Sphinx' status."""
    from sphinx.cmd.build import build_main

    shutil.rmtree(out, ignore_errors=True)
    for code in trees:
        source, built = SOURCE / code, SOURCE / "html" / code
        write_source(source, code, paints)
        options = [f"-Dlanguage={code}", f"-Dhtml_context.trees={','.join(trees)}"]
        options += [f"-Dhtml_static_path={SITE / 'static'},{source / 'static'}", f"-c{SITE}"]
        options += ["-q", "-W", "--keep-going", "-d", str(SOURCE / f"{code}-trees")]
        if failed := build_main([*options, str(source), str(built)]):
            return failed
        if not paints:
            (built / "try.html").unlink(missing_ok=True)
        shutil.copytree(built, out / code)
    shutil.copy(SITE / "index.html", out)
    (out / ".nojekyll").touch()  # GitHub would leave out folders that begin with _
    if paints:
        import site_try

        site_try.fetch_runtime(RUNTIME)
        shutil.copytree(RUNTIME, out / "try", dirs_exist_ok=True)
        site_try.write_networks(out / "try")
    return 0


# --- Pages as Sphinx reads them -------------------------------------------------------------------


def write_source(folder: Path, code: str, paints: bool) -> None:
    """A tree of pages. What is as it was is not written anew: Sphinx goes by the files' times."""
    for path in {*(SITE / code).iterdir()} - {SITE / code / "index.md"}:
        _write(folder / path.name, path.read_bytes())
    for path in site_pages.notebooks():
        _write(folder / path.relative_to(ROOT), nbformat.writes(site_pages.notebook_page(path)))
    for path in site_pages.papers():
        text = site_pages.relinked(path.read_text(encoding="utf-8"), path)
        _write(folder / path.relative_to(ROOT), text)
    _write(folder / "api.md", site_pages.api_page())
    text = site_pages.start_page((SITE / code / "index.md").read_text(encoding="utf-8"))
    _write(folder / "index.md", text if paints else PAINTING.sub("", text))
    if not paints:
        (folder / "try.md").unlink(missing_ok=True)
    for path in (ROOT / "nstlib" / "export" / "paint.js", mathjax()):
        _write(folder / "static" / path.name, path.read_bytes())
    write_pictures(folder)


def write_pictures(folder: Path) -> None:
    """A picture for each chapter's card, and the cards' sheets, small enough for a phone."""
    for path in make_nav.chapters():
        picture = ImageOps.fit(framed(hero(path).convert("RGB")), CARD)
        _write(folder / "thumbs" / f"{path.stem}.jpg", _jpeg(picture))
    for path in (ROOT / "data" / "weights").glob("*.jpg"):
        with Image.open(path) as sheet:
            sheet.thumbnail((SHEET, 10 * SHEET))
            _write(folder / path.relative_to(ROOT), _jpeg(sheet))
    engines = ROOT / "data" / "gallery" / "engines.jpg"
    _write(folder / "thumbs" / engines.name, engines.read_bytes())


def framed(figure: Image.Image) -> Image.Image:
    """Of a figure, the largest picture in it: without its title, the paper, and its neighbours."""
    for axis in (1, 0):
        drawn = np.asarray(figure.convert("L")) < PAPER
        full = drawn.mean(axis=axis) > 0.5
        edges = np.flatnonzero(np.diff(np.concatenate([[0], full, [0]]).astype(int)))
        runs = edges.reshape(-1, 2).tolist() or [[0, len(full)]]
        begin, end = max(runs, key=lambda run: run[1] - run[0])
        box = (0, begin, figure.width, end) if axis else (begin, 0, end, figure.height)
        figure = figure.crop(box)
    return figure


def mathjax() -> Path:
    """MathJax in one file, of its npm package, from the copy of it on PyPI, which needs no Node."""
    package = Path(importlib.util.find_spec("mathjax").submodule_search_locations[0])
    return package / "static" / "mathjax" / "es5" / "tex-svg.js"


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82, optimize=True)
    return buffer.getvalue()


def _write(path: Path, content: str | bytes) -> None:
    content = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def serve(folder: Path) -> None:
    """On this machine, until Ctrl-C: from a file a page may fetch no networks."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 8000), handler) as server:
        print("http://127.0.0.1:8000 (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    sys.exit(main())
