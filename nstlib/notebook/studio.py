"""A studio in a cell: choose, paint, watch it come about, go back through it, wipe, keep."""

import base64
import html
import time
from pathlib import Path
from threading import Thread

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from nstlib.errors import InputError, NstError, choice, number
from nstlib.gatys.descent import Step
from nstlib.gatys.painting import style_transfer
from nstlib.images.arrays import resize
from nstlib.images.files import save_image
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.course import output_folder
from nstlib.notebook.kit import as_jpeg, at_most, in_a_row
from nstlib.stylizers.door import stylizer
from nstlib.stylizers.engine import ANY_STYLE, ENGINES

KEPT = 640  # longest side in pixels of the pictures that are kept of a painting's course
PAUSE = 0.3  # seconds between two pictures that are sent to the page while it paints
WIDTH = 520  # pixels of the canvas on the page
STYLE_WEIGHTS = (0.5, 1, 2, 5, 10, 20, 40, 80, 150, 300, 600, 2000)


def studio(
    photo: str = "great_wall",
    painting: str = "starry_night",
    *,
    engine: str = "gatys",
    size: int = 256,
    steps: int = 60,
) -> "Studio":
    """A panel to paint in: your own photo and painting, or bundled ones, with any engine.

    `photo` and `painting` are the bundled pictures it begins with, `engine` is as for
    `nst.stylizer`, `size` the longest side in pixels, `steps` the updates by gradient descent. It
    paints live, and *stop* keeps what is there; *frame* goes back through the painting's course;
    the white line wipes the photo over it; *save* writes it into `nst.output_folder()`.
    """
    choice("engine", engine, ENGINES)
    number("size", size, 32, 2048, whole=True, unit="pixels")
    number("steps", steps, 1, 2000, whole=True)
    return Studio(photo, painting, engine, size=size, steps=steps)


class Studio(widgets.VBox):
    """What `studio` returns. `image` is the last painting, or None; `wait()` waits for its end."""

    def __init__(self, photo: str, painting: str, engine: str, *, size: int, steps: int):
        self.image, self.frames, self._curves, self._thread = None, [], [], None
        self.photo, self.painting = (
            PictureChoice("photo", photo),
            PictureChoice("painting", painting),
        )
        self.engine = widgets.Dropdown(options=list(ENGINES), value=engine, description="engine")
        self.size = widgets.IntSlider(
            size, min=32, max=max(1024, size), step=32, description="size"
        )
        self.steps = widgets.IntSlider(steps, min=1, max=max(400, steps), description="steps")
        self.style_weight = widgets.SelectionSlider(
            options=STYLE_WEIGHTS, value=20, description="style weight"
        )
        self.paint = widgets.Button(description="paint", button_style="primary")
        self.stop = widgets.Button(description="stop", disabled=True)
        self.save = widgets.Button(description="save", disabled=True)
        self.download, self.said, self.code = widgets.HTML(), widgets.Label(), widgets.HTML()
        self.canvas = Canvas(mode="wipe", width=WIDTH, label="the photo, and the painting over it")
        self.frame = widgets.IntSlider(0, min=0, max=0, description="frame")
        self.play = widgets.Play(interval=120, max=0)
        self.curve = widgets.Image(format="jpeg", layout={"display": "none"})
        self.course = widgets.VBox([widgets.HBox([self.play, self.frame]), self.curve])
        self._connect()
        self._look()
        knobs = [self.photo, self.painting, self.engine, self.style_weight, self.size, self.steps]
        buttons = in_a_row([self.paint, self.stop, self.save, self.download])
        shown = widgets.VBox([self.canvas, self.course])
        left = widgets.VBox([*knobs, buttons, self.said, self.code], layout={"width": "430px"})
        super().__init__([in_a_row([left, shown])])

    def _connect(self) -> None:
        widgets.jslink((self.play, "value"), (self.frame, "value"))
        widgets.jslink((self.play, "max"), (self.frame, "max"))
        self.frame.observe(self._show_frame, names="value")
        self.engine.observe(self._look, names="value")
        for chosen in (self.photo, self.painting):
            chosen.menu.observe(self._look, names="value")
        for knob in (self.size, self.steps, self.style_weight):
            knob.observe(self._write_code, names="value")
        self.paint.on_click(self._begin)
        self.stop.on_click(self._end)
        self.save.on_click(self._save)

    def wait(self) -> "Studio":
        """Wait until it has painted."""
        if self._thread:
            self._thread.join()
        return self

    # --- What is chosen ---------------------------------------------------------------------------

    def _look(self, change=None) -> None:
        """Show the photo, and what belongs to the engine."""
        slow = self.engine.value == "gatys"
        self.style_weight.disabled = self.steps.disabled = not slow
        self.course.layout.display = "" if slow else "none"  # one pass has no course
        self.said.value = ""
        try:
            if not self.paint.disabled:  # what is being painted stays on the canvas
                self.canvas.before, self.canvas.picture = b"", as_jpeg(self._photo())
        except NstError as error:
            self.said.value = str(error)
        self._write_code()

    def _photo(self) -> np.ndarray:
        return self.photo.load(self.size.value)

    def _style(self):
        """The painting as the engine takes it."""
        if self.engine.value == "gatys":
            return self.painting.load(self.size.value)
        if self.engine.value == "diffusion":
            return None  # it has learnt from other paintings
        if not self.painting.is_own:
            return self.painting.name
        if self.engine.value in ANY_STYLE:
            return self.painting.load(KEPT)
        raise InputError("fast knows the styles it was trained for: take adain-light, or gatys.")

    def _write_code(self, change=None) -> None:
        """The call that does the same, to be copied."""
        size, engine = self.size.value, self.engine.value
        photo, painting = self.photo.code(size), self.painting.code(size)
        if engine == "gatys":
            knobs = f"steps={self.steps.value}, style_weight={self.style_weight.value:g}"
            said = f"nst.style_transfer({photo}, {painting}, {knobs}).image"
        elif engine == "diffusion":
            said = f"nst.stylizer({engine!r})({photo})"
        elif engine == "fast":
            said = f"nst.stylizer({self.painting.name!r})({photo})"
        else:
            style = self.painting.code(KEPT) if self.painting.is_own else repr(self.painting.name)
            said = f"nst.stylizer({engine!r}, {style})({photo})"
        self.code.value = f"<code>{html.escape(said)}</code>"

    # --- The work ---------------------------------------------------------------------------------

    def _begin(self, _) -> None:
        """Paint in a thread of its own, so that the page stays alive: stop, sliders, the wipe."""
        self._stopped, self._sent = False, 0.0
        names = (Path(chosen.name).stem for chosen in (self.photo, self.painting))
        self._name = "_".join(names) + ".jpg"  # of now: the menus may say something else at the end
        self.frames, self._curves = [], []
        self.paint.disabled, self.stop.disabled, self.save.disabled = True, False, True
        self.said.value, self.download.value = "painting …", ""
        self.curve.layout.display = "none"
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def _end(self, _) -> None:
        self._stopped = True

    def _work(self) -> None:
        begin = time.perf_counter()
        try:
            photo = self._photo()
            self.canvas.show(at_most(photo, KEPT), at_most(photo, KEPT))
            self.image = self._painted(photo)
            self._keep(self.image)
            self.download.value = self._link()
            self.save.disabled = False
            self.said.value = f"{time.perf_counter() - begin:.1f} s"
        except KeyboardInterrupt:
            self.said.value = "stopped before there was a picture"
        except NstError as error:
            self.said.value = str(error)
        except Exception as error:  # nobody else would see it: it is a thread's
            self.said.value = f"{type(error).__name__}: {error}"
        finally:
            self.paint.disabled, self.stop.disabled = False, True

    def _painted(self, photo: np.ndarray) -> np.ndarray:
        if self.engine.value != "gatys":
            return stylizer(self.engine.value, self._style())(photo)
        settings = {"steps": self.steps.value, "style_weight": self.style_weight.value}
        watched = {"on_step": lambda step: self._on_step(step, photo.shape[1:3]), "progress": False}
        result = style_transfer(photo, self._style(), **settings, **watched)
        self._draw_curve()
        return result.image

    def _on_step(self, step: Step, shape: tuple[int, int]) -> None:
        self._curves.append({kind: _sum(step.terms, kind) for kind in ("content", "style")})
        if self._stopped:
            raise KeyboardInterrupt  # which ends a descent with the best picture so far
        self._keep(step.image if step.size == 1 else resize(step.image, shape))
        if time.perf_counter() - self._sent > PAUSE:
            self._draw_curve()

    def _keep(self, image: np.ndarray) -> None:
        """Keep a picture of the course; the page follows if it stood at the last one."""
        follows = self.frame.value >= len(self.frames) - 1
        self.frames.append(as_jpeg(at_most(image, KEPT)))
        last = len(self.frames) - 1
        ends = image is self.image
        if ends or time.perf_counter() - self._sent > PAUSE:
            self.play.max = self.frame.max = last
            if follows or ends:
                self.frame.value = last
                self._show_frame()
            self._sent = time.perf_counter()

    def _show_frame(self, change=None) -> None:
        if self.frames:
            self.canvas.picture = self.frames[min(self.frame.value, len(self.frames) - 1)]

    def _draw_curve(self) -> None:
        figure = Figure(figsize=(6.5, 1.8), layout="constrained")
        axis = figure.add_subplot()
        for kind in self._curves[0]:
            axis.semilogy([terms[kind] for terms in self._curves], label=kind)
        axis.set_xlabel("step")
        axis.set_ylabel("weighted loss")
        axis.legend(fontsize=8)
        self.curve.value, self.curve.layout.display = as_jpeg(figure), ""

    # --- What is kept -----------------------------------------------------------------------------

    def _save(self, _) -> None:
        try:
            path = save_image(self.image, output_folder() / self._name)
            self.said.value = f"saved as {path}"
        except NstError as error:
            self.said.value = str(error)

    def _link(self) -> str:
        """A link that downloads the painting, wherever the kernel runs."""
        content = base64.b64encode(as_jpeg(self.image)).decode()
        name = html.escape(self._name, quote=True)
        return f'<a download="{name}" href="data:image/jpeg;base64,{content}">download</a>'


def _sum(terms: dict[str, float], kind: str) -> float:
    return sum(value for name, value in terms.items() if name.split()[0] == kind)
