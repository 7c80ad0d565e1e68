"""What a chapter needs around its idea: a greeting, how much to do, answers checked."""

import io
import os
import platform
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from PIL import Image

from nstlib import __version__
from nstlib.backend import backend_name, backend_version, device, has_gpu, keras
from nstlib.errors import InputError, choice, number
from nstlib.files import write_problem
from nstlib.machine import held_back
from nstlib.words import _


def hello(seed: int = 0) -> None:
    """Seed everything, choose small figures, and print the one line that a bug report needs.

    Python, NumPy and Keras start from `seed`, so a notebook run twice gives the same pictures.
    """
    number("seed", seed, 0, 2**32 - 1, whole=True)
    _figures_as_jpeg()
    rest = _("budget {budget} · seed {seed}").format(budget=budget_name(), seed=seed)
    print(
        f"nstlib {__version__} · Python {platform.python_version()} · Keras "
        f"{keras.__version__} on {backend_name()} {backend_version()} · {device()} · "
        f"{rest}"
    )
    with held_back():  # seeding imports TensorFlow, if it is installed, on any backend
        keras.utils.set_random_seed(seed)  # last, since a library that loads may draw numbers


def _figures_as_jpeg() -> None:
    """Store figures in notebooks as JPEG, with twice the pixels that they take on the page.

    A photo takes a tenth of the room that PNG takes.
    """
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython():
        from matplotlib.figure import Figure
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("jpeg")  # and no other
        formatters = ipython.get_ipython().display_formatter.formatters
        formatters["image/jpeg"].for_type(Figure, figure_as_jpeg)


def figure_as_jpeg(figure) -> tuple[bytes, dict]:
    """A Matplotlib figure as a JPEG file of twice its size, and its size on the page in pixels."""
    file, look = io.BytesIO(), {"facecolor": "white", "bbox_inches": "tight"}
    quality = {"pil_kwargs": {"quality": 85}}
    figure.savefig(file, format="jpeg", dpi=2 * figure.dpi, **look, **quality)
    with Image.open(file) as stored:
        width, height = stored.size
    return file.getvalue(), {"width": width // 2, "height": height // 2}


def budget_name() -> str:
    """How much work to do here: NST_BUDGET if set, else "gpu" if one is seen, else "laptop"."""
    name = os.environ.get("NST_BUDGET", "").strip().lower() or ("gpu" if has_gpu() else "laptop")
    return choice("NST_BUDGET", name, ("ci", "laptop", "gpu"))


def budget(*, ci: Any, laptop: Any, gpu: Any) -> Any:
    """The argument that fits this machine, so that one notebook runs in CI, on a laptop, on a GPU.

    `SIZE, STEPS = budget(ci=(64, 2), laptop=(256, 150), gpu=(512, 400))`
    """
    return {"ci": ci, "laptop": laptop, "gpu": gpu}[budget_name()]


def output_folder() -> Path:
    """Where notebooks save pictures: NST_OUT if set, else `out` here, else in the temporary folder.

    The folder is made if it is missing. Raises InputError if NST_OUT cannot be written to.
    """
    named = os.environ.get("NST_OUT")
    folder = Path(named or "out")
    problem = write_problem(folder)
    if not problem:
        return folder
    if named:
        raise InputError(f"NST_OUT is {named!r}, which {problem}. Set it to a folder of your own.")
    folder = Path(tempfile.gettempdir()) / "nstlib-out"
    folder.mkdir(exist_ok=True)
    warnings.warn(f"Pictures go to {folder}, because 'out' {problem}.", stacklevel=2)
    return folder


def check(yours: Any, reference: Any, *, tolerance: float = 1e-4) -> bool:
    """Whether an exercise's answer agrees with the reference: prints `yes` or `not yet: why`.

    Numbers, strings, arrays, tensors, and lists or dicts of them; or `check("00.predict", yours)`,
    where the course keeps the reference, with a hint (`nstlib.notebook.answers`). `tolerance` is
    relative to the reference's largest value. Never raises, so that Run All always finishes.
    """
    from nstlib.notebook.answers import ANSWERS  # half a second of SciPy
    from nstlib.notebook.answers.kinds import difference, nothing

    hint = ""
    try:
        if isinstance(yours, str) and yours in ANSWERS:
            problem, hint = ANSWERS[yours].problem(reference), ANSWERS[yours].hint
        else:
            problem = difference(yours, reference, tolerance)
    except Exception as error:  # whatever a half-written answer is, the notebook goes on
        problem = _("a {kind} cannot be compared with the reference ({error})")
        problem = problem.format(kind=type(yours).__name__, error=error)
    print(_("not yet: {problem}").format(problem=problem) if problem else _("yes"))
    if problem and hint and nothing() not in problem:
        print(_("A hint: {hint}").format(hint=_(hint)))
    return not problem
