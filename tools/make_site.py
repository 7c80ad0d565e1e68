"""Make the site from the stored notebooks: pages to read and to search, and one to paint in.

    python tools/make_site.py [--out out/site] [--serve]

The pages are written to out/site-source as Sphinx reads them, a tree for each language, and built
to OUT/en and so on. A language is there once it has a start page, site/LANGUAGE/index.md, and a
chapter; pages show the others in a switch. Nothing is executed and nothing fetched, but the runtime
of `try.html` from npm, once; without npm there is everything but that page. Whatever Sphinx warns
of is an error.
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
from collections.abc import Iterator
from pathlib import Path

import nbformat
from PIL import Image

import heroes
import make_nav
import site_api
import site_pages

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "site"
OUT = ROOT / "out"
RUNTIME = OUT / "onnxruntime-web"
SPHINX = {"zh": "zh_CN"}  # where Sphinx calls a language otherwise
CARD = 480, 360  # pixels: a chapter's picture
SHEET = 1600  # pixels: the width of a network's sheet at most
VOCABULARY = "vocabulary.txt"
NO_NODE = (
    "npm is not installed (nodejs.org): the page that paints is left out, all others are there."
)
PAINTING = re.compile(r"^% try$.*?^% /try$\n", re.MULTILINE | re.DOTALL)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT / "site")
    parser.add_argument("--serve", action="store_true", help="and show it on this machine")
    args = parser.parse_args(argv)
    begin, paints = time.perf_counter(), shutil.which("npm") is not None
    if not paints:
        print(NO_NODE)
    failed = make(args.out, site_pages.languages(), paints)
    if failed:
        return failed
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    seconds = time.perf_counter() - begin
    print(f"{args.out / 'index.html'}: {size / 1e6:.0f} MB in {seconds:.0f} s")
    if args.serve:
        serve(args.out)
    return 0


def make(out: Path, trees: dict[str, str], paints: bool) -> int:
    """Write and build every tree, and what the page that paints fetches; returns Sphinx' status."""
    shutil.rmtree(out, ignore_errors=True)
    for code in trees:
        source = OUT / "site-source" / code
        if not replace(source, contents(code, paints)):  # a page is gone
            shutil.rmtree(OUT / "site-built" / code, ignore_errors=True)
        if failed := build(source, code, trees):
            return failed
        shutil.copytree(OUT / "site-built" / code / "html", out / code)
    shutil.copy(SETTINGS / "index.html", out)
    (out / ".nojekyll").touch()  # GitHub would leave out folders that begin with _
    if paints:
        import site_try

        site_try.fetch_runtime(RUNTIME)
        shutil.copytree(RUNTIME, out / "try", dirs_exist_ok=True)
        site_try.write_networks(out / "try")
    return 0


def build(source: Path, code: str, trees: dict[str, str]) -> int:
    """Sphinx over one tree; what has not changed is kept from the last time."""
    from sphinx.cmd.build import build_main

    built = OUT / "site-built" / code
    options = [f"-Dlanguage={SPHINX.get(code, code)}", f"-Dhtml_context.tree={code}"]
    options += [f"-Dhtml_context.trees={','.join(trees)}", f"-c{SETTINGS}"]
    options += [f"-Dhtml_title={site_pages.words(code)['title']}"]
    options += [f"-Dhtml_static_path={SETTINGS / 'static'},{source / 'static'}"]
    options += [f"-Dhtml_search_options.dict={source / VOCABULARY}"]
    options += ["-q", "-W", "--keep-going", "-d", str(built / "read")]
    return build_main([*options, str(source), str(built / "html")])


# --- Pages as Sphinx reads them -------------------------------------------------------------------


def contents(code: str, paints: bool) -> Iterator[tuple[Path, bytes]]:
    """Every file of a tree: its place and what is in it. What is not translated is in English."""
    first = SETTINGS / site_pages.FIRST
    by_hand = {path.name: path for path in (*first.iterdir(), *(site_pages.SITE / code).iterdir())}
    unseen = {"words.json"} if paints else {"words.json", "try.md", "try.html"}
    for name in by_hand.keys() - unseen:
        text = by_hand[name].read_text(encoding="utf-8")
        if name == "index.md":
            text = site_pages.start_page(text if paints else PAINTING.sub("", text), code)
        yield Path(name), text.encode()
    for path in site_pages.notebooks():
        page = site_pages.notebook_page(path, code)
        yield site_pages.place(path), nbformat.writes(page).encode()
    for path in site_pages.papers():
        file = site_pages.edition(path, code)
        text = site_pages.relinked(file.read_text(encoding="utf-8"), file)
        yield site_pages.place(path), text.encode()
    yield Path(VOCABULARY), vocabulary(code).encode()
    yield Path("api.md"), site_api.api_page().encode()
    for path in (ROOT / "nstlib" / "export" / "paint.js", mathjax()):
        yield Path("static", path.name), path.read_bytes()
    yield from shown()


def vocabulary(code: str) -> str:
    """The Chinese terms of a language's glossary, which the search is to know as words: one a line.

    "风格迁移" is found then as one word, and not only as two that stand somewhere in a page.
    """
    path = site_pages.ROOT / "notebooks" / code / "glossary.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    terms = re.findall(r"^\|([^|]+)\|", text, re.MULTILINE)
    return "\n".join(dict.fromkeys(re.findall("[\u4e00-\u9fff]{2,}", "\n".join(terms))))


def shown() -> Iterator[tuple[Path, bytes]]:
    """A picture for each chapter's card, and the cards' sheets, small enough for a phone."""
    for path in make_nav.chapters():
        if picture := heroes.tile(path, CARD):
            yield Path("thumbs", f"{path.stem}.jpg"), _jpeg(picture)
    for path in sorted((site_pages.ROOT / "data" / "weights").glob("*.jpg")):
        with Image.open(path) as sheet:
            sheet.thumbnail((SHEET, 10 * SHEET))
            yield site_pages.place(path), _jpeg(sheet)
    engines = ROOT / "data" / "gallery" / "engines.jpg"
    yield Path("thumbs", engines.name), engines.read_bytes()


def replace(folder: Path, files: Iterator[tuple[Path, bytes]]) -> bool:
    """Make a folder hold these files and no others; whether there were no others.

    What is as it was is not written anew: Sphinx goes by the files' times.
    """
    there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for place, content in files:
        path = folder / place
        if place not in there or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        there.discard(place)
    for place in there:
        (folder / place).unlink()
    return not there


def mathjax() -> Path:
    """MathJax in one file, of its npm package, from the copy of it on PyPI, which needs no Node."""
    package = Path(importlib.util.find_spec("mathjax").submodule_search_locations[0])
    return package / "static" / "mathjax" / "es5" / "tex-svg.js"


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82, optimize=True)
    return buffer.getvalue()


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
