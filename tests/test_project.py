"""The project's own papers agree with each other, and its tools do what the course relies on."""

import ast
import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

import clean_notebooks
import nstlib
import start

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it on Python 3.10

ROOT = Path(__file__).resolve().parent.parent
PLANNED = 16  # chapters, 00 to 15


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pyproject() -> dict:
    return tomllib.loads(read("pyproject.toml"))


def requirements(name: str) -> dict[str, tuple[str, str]]:
    """{package: (whole requirement, reason)} of one requirements file."""
    found = {}
    for line in read(name).splitlines():
        requirement, _, reason = line.partition("#")
        package = re.match(r"[A-Za-z0-9_.-]+", line)
        if package and not line.startswith("-"):
            found[package[0]] = requirement.strip(), reason.strip()
    return found


# --- Papers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_a_lower_bound_and_a_reason(name):
    for requirement, reason in requirements(name).values():
        assert ">=" in requirement, f"{requirement}: no lower bound for make test-lowest to try"
        assert reason, f"{requirement}: no reason"


def test_the_library_asks_for_what_the_course_installs():
    course = {requirement for requirement, _ in requirements("requirements.txt").values()}
    library = set(pyproject()["project"]["dependencies"])
    assert library <= course, f"other ranges than in requirements.txt: {library - course}"


def test_what_the_library_imports_is_declared():
    imported = set()
    for path in (ROOT / "nstlib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    project = pyproject()["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    names = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"] + extras}
    names |= {name.replace("-", "_") for name in names}
    names |= {"PIL", "cv2", "nstlib"}  # under another name
    names |= {"jax", "torch", "IPython", "matplotlib_inline"}  # never required
    unknown = imported - set(sys.stdlib_module_names) - names
    assert not unknown, f"imported, but no dependency: {unknown}"


def test_python_versions_agree():
    assert pyproject()["project"]["requires-python"] == ">=3.10,<3.14"
    assert "(3, 10) <= sys.version_info[:2] <= (3, 13)" in read("Makefile")
    assert re.search(r"python=3\.1[0-3]$", read("environment.yml"), re.MULTILINE)
    tried = re.findall(r'"(3\.\d+)"', read(".github/workflows/ci.yml"))
    assert {"3.10", "3.13"} <= set(tried), f"CI does not try both ends: {tried}"


def test_the_version_is_the_same_everywhere():
    version = nstlib.__version__
    assert f"\nversion: {version}\n" in read("CITATION.cff")
    first = re.search(r"^## \[?([\d.]+)", read("CHANGELOG.md"), re.MULTILINE)
    assert first and first[1] == version, f"CHANGELOG.md begins with {first and first[1]}"


def test_the_repository_is_the_same_everywhere():
    address = pyproject()["project"]["urls"]["Repository"]
    assert address in read("CITATION.cff")
    assert f"git clone {address}" in read("README.md")


def test_ci_runs_what_a_contributor_runs():
    commands = [line for line in read(".ci/run").splitlines() if line and line[0] != "#"]
    assert commands[-1] == "make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "make test" in read(".github/workflows/ci.yml")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "LICENSE-TEXT.md"])
def test_relative_links_lead_to_files(name):
    targets = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", read(name))
    for target in [one or other for one, other in targets]:
        place = target.split("#")[0]
        if place and not re.match(r"[a-z]+:", place):
            assert (ROOT / place).exists(), f"{name} links to {place}, which is not there"


def test_readme_lists_every_chapter():
    text = read("README.md")
    numbers = re.findall(r"^\| (\d\d) \|", text, re.MULTILINE)
    assert numbers == [f"{number:02}" for number in range(PLANNED)]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        row = next(line for line in text.splitlines() if line.startswith(f"| {path.name[:2]} |"))
        assert f"](notebooks/{path.name})" in row, f"{path.name} is not linked in its row"
        assert f"/blob/main/notebooks/{path.name})" in row, f"{path.name} has no Colab badge"


def test_no_machine_is_named():
    """Only this project's own text is searched; outputs of notebooks have tests of their own."""
    folders = (ROOT / name for name in ("nstlib", "tools", "tests", "benchmarks", ".github"))
    files = [path for folder in folders for path in folder.rglob("*")] + list(ROOT.glob("*.*"))
    pattern = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp)/\w")
    for path in files:
        if path.suffix in (".py", ".md", ".toml", ".txt", ".yml", ".cff", ".cfg"):
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.name} names a folder of one machine: {found[0]}…"


def test_the_wheel_carries_the_modules_and_the_pictures(tmp_path):
    """Built from a copy, without the network: setuptools is one of the test requirements."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "LICENSE-TEXT.md"):
        shutil.copy(ROOT / name, source)
    for name in ("nstlib", "data"):
        shutil.copytree(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-q", "-w", tmp_path], cwd=source, check=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    modules = (path.relative_to(ROOT) for path in (ROOT / "nstlib").rglob("*.py"))
    carried = {path.as_posix() for path in modules}
    for folder in ("images", "weights"):
        files = (path for path in (ROOT / "data" / folder).rglob("*") if path.is_file())
        carried |= {f"nstlib/_data/{path.relative_to(ROOT / 'data').as_posix()}" for path in files}
    assert "nstlib/_data/images/manifest.json" in carried
    assert carried <= names, f"not in the wheel: {sorted(carried - names)[:5]}"
    assert not any("gallery" in name for name in names)


# --- tools/clean_notebooks.py --------------------------------------------------------------------


def picture(kind: str, side: int = 20) -> str:
    noise = Image.frombytes("RGBA", (side, side), os.urandom(side * side * 4))
    buffer = io.BytesIO()
    (noise if kind == "PNG" else noise.convert("RGB")).save(buffer, kind, quality=95)
    return base64.b64encode(buffer.getvalue()).decode()


def text_of(*outputs, **code) -> str:
    """The JSON of a notebook with one heading and one executed cell."""
    cell = new_code_cell("1 + 1", outputs=list(outputs), **{"execution_count": 1} | code)
    return nbformat.writes(new_notebook(cells=[new_markdown_cell("# Title"), cell]))


def stream(text: str, name: str = "stderr"):
    return new_output("stream", name=name, text=text)


def display(data: dict):
    return new_output("display_data", data=data)


def outputs(text: str) -> list:
    return json.loads(text)["cells"][1]["outputs"]


def test_a_mended_notebook_is_left_alone():
    mended, problems = clean_notebooks.clean(text_of(stream("4\n", "stdout")))
    assert problems and all(problem.mended for problem in problems)
    assert clean_notebooks.clean(mended) == (mended, [])


def test_noise_goes_and_warnings_lose_their_place():
    log = "2026-01-02 03:04:05.678901: I tensorflow/core/util/port.cc:153] oneDNN is on\n"
    warning = "/somewhere/site-packages/thing.py:12: UserWarning: mind the gap\n"
    bar = "painting: 100%|██████████| 10/10 [00:01<00:00]\n"
    mended, _ = clean_notebooks.clean(text_of(stream(log + warning + bar)))
    assert [output["text"] for output in outputs(mended)] == [["UserWarning: mind the gap\n"]]
    mended, _ = clean_notebooks.clean(text_of(stream(log)))
    assert outputs(mended) == []


def test_widgets_keep_their_text_and_progress_bars_go():
    view = {clean_notebooks.WIDGET_VIEW: {"model_id": "0"}}
    slider = display(view | {"text/plain": "IntSlider(value=0)"})
    bar = display(view | {"text/plain": "  0%|          | 0/10 [00:00<?, ?it/s]"})
    mended, _ = clean_notebooks.clean(text_of(slider, bar))
    assert [output["data"] for output in outputs(mended)] == [
        {"text/plain": ["IntSlider(value=0)"]}
    ]


def test_figures_become_small_jpegs():
    mended, _ = clean_notebooks.clean(text_of(display({"image/png": picture("PNG")})))
    data = outputs(mended)[0]["data"]
    assert list(data) == ["image/jpeg"]
    assert Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).format == "JPEG"
    large = picture("JPEG", 480)
    mended, _ = clean_notebooks.clean(text_of(display({"image/jpeg": large})))
    smaller = base64.b64decode(outputs(mended)[0]["data"]["image/jpeg"])
    assert len(smaller) <= clean_notebooks.MAX_FIGURE_BYTES < len(base64.b64decode(large))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (text_of(execution_count=3), "execution count is 3 in place of 1"),
        (text_of(execution_count=None), "execution count is absent"),
        (text_of(new_output("error", ename="ValueError", evalue="no")), "ValueError: no"),
        (text_of(stream("saved in /home" + "/ada/out.jpg", "stdout")), "path of one machine"),
        (text_of(stream("saved in C:" + "\\Users\\ada", "stdout")), "path of one machine"),
        (text_of(display({"image/jpeg": picture("JPEG", 700)})), "draw it smaller"),
        (text_of(stream("x" * 1_500_001, "stdout")), "more than 1.5"),
    ],
    ids=["count", "no count", "error", "path", "Windows path", "large figure", "large notebook"],
)
def test_what_no_tool_can_mend_is_reported(text, message):
    left = [p.message for p in clean_notebooks.clean(text)[1] if not p.mended]
    assert len(left) == 1 and message in left[0], left


def test_addresses_on_the_web_are_no_paths():
    text = text_of(stream("see https://example.org/home/page and data/images/content/cat.jpg"))
    assert not [p for p in clean_notebooks.clean(text)[1] if not p.mended]


def test_check_changes_nothing_and_fails(tmp_path, capsys):
    path = tmp_path / "a notebook.ipynb"
    path.write_text(text_of(), encoding="utf-8")
    before = path.read_bytes()
    assert clean_notebooks.main(["--check", str(path)]) == 1
    assert path.read_bytes() == before
    assert "a notebook.ipynb: metadata.kernelspec" in capsys.readouterr().out
    assert clean_notebooks.main([str(path)]) == 0
    assert clean_notebooks.main(["--check", str(path)]) == 0


# --- Running notebooks ---------------------------------------------------------------------------


def test_a_cell_out_of_time_fails_the_run_even_if_it_ends_well(tmp_path):
    """`style_transfer` answers an interruption with a picture; nbval alone lets that pass."""
    patient = "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('best')"
    nbformat.write(
        new_notebook(cells=[new_code_cell(patient), new_code_cell("2")]), tmp_path / "slow.ipynb"
    )
    shutil.copy(ROOT / "conftest.py", tmp_path)
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=2", "-p", "no:xdist"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1 and "ran longer than 2 seconds" in run.stdout, run.stdout


@pytest.fixture
def first_chapter(tmp_path, monkeypatch):
    """A folder with notebooks/00_start_here.ipynb of one cell, in place of the real one."""

    def write(source: str) -> Path:
        path = tmp_path / "notebooks" / "00_start_here.ipynb"
        path.parent.mkdir()
        heading = new_markdown_cell("# 0 · Start\n\n[next](02_next.ipynb)")
        nbformat.write(new_notebook(cells=[heading, new_code_cell(source)]), path)
        return path

    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "OUT", tmp_path / "out")
    monkeypatch.setattr(start, "NOTEBOOK", tmp_path / "notebooks" / "00_start_here.ipynb")
    for name, file in {"PAINTING": "first_painting.jpg", "PAGE": "page.html", "LOG": "l"}.items():
        monkeypatch.setattr(start, name, tmp_path / "out" / file)
    monkeypatch.setattr(start, "nstlib", lambda command: True)
    for name in ("NST_OUT", "NST_BUDGET", "NST_PROGRESS"):
        monkeypatch.setenv(name, "laptop")  # start.main() sets them; afterwards they are restored
    return write


def test_start_paints_and_leaves_the_notebook_alone(first_chapter, capsys):
    path = first_chapter(
        "import os, pathlib\npathlib.Path(os.environ['NST_OUT'], 'first_painting.jpg').touch()"
    )
    before = path.read_bytes()
    assert start.main() == 0
    said = capsys.readouterr().out
    assert "first_painting.jpg" in said and "Next: " in said
    assert path.read_bytes() == before
    assert 'href="../notebooks/02_next.ipynb"' in start.PAGE.read_text(encoding="utf-8")


def test_start_says_what_failed_and_keeps_the_page(first_chapter, capsys):
    first_chapter("raise ValueError('no paint')")
    start.OUT.mkdir()
    start.PAINTING.touch()  # of an earlier run
    assert start.main() == 1
    assert "ValueError: no paint" in capsys.readouterr().err
    assert "no paint" in start.PAGE.read_text(encoding="utf-8")
    assert not start.PAINTING.exists()
