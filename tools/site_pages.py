"""The pages of the site as Sphinx reads them: notebooks and papers, and what is made of them.

Everything keeps its place under the root, so that links between pages hold. A link to a file that
is no page leads to the repository; one to the README, to the start page.

The course is written in English; an edition in another language is a folder of its code under
the English one, notebooks/zh beside notebooks/solutions. Its pages stand in its own tree, in the
places of the English ones, which stand in for those that are not translated.
"""

import json
import os
import re
from functools import lru_cache
from pathlib import Path

import nbformat

import check_notebooks
import heroes
import make_nav
import site_figures

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
LANGUAGES = {"en": "English", "zh": "中文"}  # the first has everything
FIRST, *OTHERS = LANGUAGES
PAPERS = ("notebooks/glossary.md", "docs/*.md", "data/weights/*.md", "benchmarks/README.md")
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>\n\n(?=#)', re.MULTILINE)
LINKED = re.compile(r"\[([^\]]*)\]\([^)\s]+\)")
PART = re.compile(r"^# (?=Part |第.部分)", re.MULTILINE)
READING = re.compile(r"(\d+) minutes to read")
RUNNING = re.compile(r"(\d+) minutes?(?: \(estimated\))? on a laptop")
# Each route in reading order; a test compares it with what the chapters say that they need.
ROUTES = {
    "afternoon": ["00", "02", "03", "04"],
    "week": ["00", "02", "03", "04", "06", "08", "09", "10"],
    "term": [path.stem[:2] for path in make_nav.chapters()],
}


# --- Files and their places ----------------------------------------------------------------------


def papers() -> list[Path]:
    """In English."""
    return sorted(path for pattern in PAPERS for path in ROOT.glob(pattern))


def notebooks() -> list[Path]:
    """In English."""
    return [*make_nav.chapters(), *sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))]


def languages() -> dict[str, str]:
    """Those that have a start page and a chapter: their code and their own name."""
    there = {FIRST, *(code for code in OTHERS if any((ROOT / "notebooks" / code).glob("*.ipynb")))}
    return {
        code: name
        for code, name in LANGUAGES.items()
        if code in there and (SITE / code / "index.md").exists()
    }


def edition(path: Path, code: str) -> Path:
    """An English page's file in a language, or itself where that is missing."""
    room, *rest = path.relative_to(ROOT).parts
    translated = ROOT.joinpath(room, code, *rest)
    return translated if code != FIRST and translated.exists() else path


def place(path: Path) -> Path:
    """Where the page of a file stands in its tree: as the English one, whatever its language."""
    room, *rest = path.relative_to(ROOT).parts
    return Path(room, *rest[bool(rest) and rest[0] in OTHERS :])


@lru_cache
def _places() -> set[Path]:
    return {place(path) for path in (*papers(), *notebooks())}


def relinked(text: str, path: Path) -> str:
    """The text of a page with links to pages, or to the repository; those on the web are left.

    An anchor above a heading, by which a translated page keeps the English name of a section,
    becomes what Sphinx knows as one.
    """

    def turned(found: re.Match) -> str:
        given, _, anchor = found[1].partition("#")
        if not given or re.match(r"[a-z]+:", given):
            return found[1]
        target = Path(os.path.normpath(path.parent / given))
        if re.fullmatch(r"README(\.\w+)?\.md", str(target.relative_to(ROOT))):
            return os.path.relpath("index.md", place(path).parent)  # its headings are others
        if place(target) in _places():
            given = os.path.relpath(place(target), place(path).parent)
        elif target.suffix != ".jpg":
            kind = "tree" if target.is_dir() else "blob"
            given = in_repository(target, kind)
        return f"{given}#{anchor}" if anchor else given

    return LINK.sub(turned, ANCHOR.sub(r"(\1)=\n", text))


def in_repository(path: Path, kind: str = "blob") -> str:
    """The address of a file, or as a "tree" of a folder, on GitHub."""
    inside = path.relative_to(ROOT).as_posix()
    return f"https://github.com/{make_nav.repository()}/{kind}/{make_nav.BRANCH}/{inside}"


@lru_cache
def words(code: str) -> dict[str, str]:
    """What the site says around the pages, from words.json; what a language lacks is in English."""
    files = (SITE / one / "words.json" for one in dict.fromkeys((FIRST, code)))
    texts = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return {name: text for one in texts for name, text in one.items()}


# --- Notebooks -----------------------------------------------------------------------------------


def notebook_page(path: Path, code: str = FIRST):
    """A stored notebook for reading: links turned, figures described, panels named."""
    path = edition(path, code)
    notebook, section = nbformat.read(path, as_version=4), ""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            text = make_nav.BLOCK.sub(lambda _: _nav(path, code), cell.source)
            cell.source = relinked(text, path)
            if number:  # a page has one title; a chapter in two parts says so further down
                cell.source = PART.sub("## ", cell.source)
            section = ([section, *re.findall(r"^##+ (.*)", cell.source, re.MULTILINE)])[-1]
        else:
            cell.metadata["mystnb"] = {"image": {"alt": described(cell.source, section, code)}}
            cell.outputs = [output for output in cell.outputs if not _only_panel(output)]
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    return notebook


def _nav(path: Path, code: str) -> str:
    """Where the notebook can be run, and its solutions; the way on and back is the theme's."""
    said, inside = words(code), place(path)
    links = [f"[{said['colab']}]({make_nav.in_colab(path)})"]
    if (ROOT / inside.parent / "solutions" / path.name).exists():
        links.append(f"[{said['solutions']}](solutions/{path.name})")
    elif inside.parent.name == "solutions":
        links.append(f"[{said['chapter']}](../{path.name})")
    links.append(f"[{said['notebook']}]({in_repository(path)})")
    if code != FIRST and path == ROOT / inside:
        links.append(said["english"])
    return "{.run}\n" + " · ".join(links)


def _only_panel(output) -> bool:
    """Whether of an output only the name of a widget is stored."""
    data = output.get("data", {})
    return list(data) == ["text/plain"] and bool(
        re.match(r"\w*Box\(|\w+\(children", data["text/plain"])
    )


def described(source: str, section: str, code: str = FIRST) -> str:
    """What stands for a figure where it cannot be seen: its section, and the words drawn in it."""
    shown = site_figures.shown(source)
    kind = "drawn" if shown else "figure"
    return words(code)[kind].format(section=section, shown="; ".join(shown))


# --- What the start page says of the chapters ----------------------------------------------------


def minutes(number: str, kind: re.Pattern = READING) -> int:
    """How long a chapter takes to read, or to run, as its own head says in English."""
    return int(kind.search(chapter(number).said("Time"))[1])


def start_page(text: str, code: str = FIRST) -> str:
    """The start page with its chapters, and with the links and the hours of each route."""
    text = text.replace("THE CHAPTERS", chapter_cards(code))
    for name, numbers in ROUTES.items():
        total = sum(minutes(number) + minutes(number, RUNNING) for number in numbers)
        links = [f"[{number}](notebooks/{chapter(number).path.name})" for number in numbers]
        text = text.replace(f"THE WAY OF {name}", " ".join(links))
        text = text.replace(f"THE HOURS OF {name}", f"{total / 60:.1f}".removesuffix(".0"))
    return text


def chapter_cards(code: str = FIRST) -> str:
    """A card for each chapter: its picture, its title, its promise, its time; all of it a link."""
    cards = []
    for path in make_nav.chapters():
        title, promise = chapter(path.stem[:2], code).head[:2]
        promise = LINKED.sub(r"\1", promise)  # the card itself is a link
        picture = f":img-top: thumbs/{path.stem}.jpg\n:img-alt: {title.lstrip('# ')}\n"
        time = words(code)["minutes"].format(minutes=minutes(path.stem[:2]))
        cards.append(
            f"::::{{grid-item-card}} {title.lstrip('# ')}\n{picture if heroes.hero(path) else ''}"
            f":link: notebooks/{path.stem}\n:link-type: doc\n:class-card: chapter\n{promise}\n"
            f"\n{{.time}}\n{time}\n::::"
        )
    return "\n".join([":::::{grid} 2 2 3 3", ":gutter: 3", *cards, ":::::"])


@lru_cache
def chapter(number: str, code: str = FIRST) -> check_notebooks.Notebook:
    """A chapter, read once: it is some megabytes."""
    paths = (path for path in make_nav.chapters() if path.name.startswith(number))
    return check_notebooks.Notebook(edition(next(paths), code))
