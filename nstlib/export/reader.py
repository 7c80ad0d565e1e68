"""Exported networks, opened again: ONNX, LiteRT and SavedModel behind one call, without Keras.

The runtimes differ in the order of channels, in how sizes are told and in what they call things;
here a file is a function picture -> painting, both (1, height, width, 3), RGB, 0..1.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, WeightsError, number
from nstlib.files import readable
from nstlib.images.arrays import resize
from nstlib.images.files import load_image, save_image
from nstlib.machine import cores, held_back

Shape = tuple[int | None, ...]  # None is any number
SUFFIXES = {".onnx": "onnx", ".tflite": "litert", "": "saved-model"}


@dataclass(frozen=True)
class Exported:
    """A network in a file: `network(picture)`, or `network(picture, mix=…)` if it has more inputs.

    `inputs` and `outputs` are shapes by name, in the file's own order of axes; None is any size.
    """

    path: Path
    format: str
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    run: Callable[..., np.ndarray]

    def __call__(self, picture, **others) -> np.ndarray:
        given = {"image": picture} | others
        given = {name: np.asarray(value, "float32") for name, value in given.items()}
        if set(given) != set(self.inputs):
            raise InputError(
                f"{self.path.name} takes {', '.join(self.inputs)}; given: {', '.join(given)}."
            )
        self._check_size(given["image"])
        return self.run(**given)

    def _check_size(self, picture: np.ndarray) -> None:
        if picture.ndim != 4:
            raise InputError(
                f"The picture has the shape {picture.shape}; {self.path.name} takes (1, height, "
                "width, 3): nst.as_image(picture)."
            )
        _, height, width, _ = self.inputs["image"] if self.format != "onnx" else (None,) * 4
        if (height or picture.shape[1], width or picture.shape[2]) != picture.shape[1:3]:
            raise InputError(
                f"{self.path.name} paints {width} x {height} pixels only, and the picture has "
                f"{picture.shape[2]} x {picture.shape[1]}: nst.resize(picture, ({height}, {width}))"
                ", or export without a size."
            )


def open_exported(path, threads: int = 0) -> Exported:
    """Open what `export_onnx`, `export_litert` or `export_saved_model` has written.

    `threads` is how many ONNX Runtime or LiteRT may use; 0 is one for every core. A SavedModel runs
    in TensorFlow, with TensorFlow's own. Raises MissingFile, and WeightsError if it is damaged.
    """
    path = Path(os.path.expanduser(path))
    kind = "saved-model"
    if not path.is_dir():
        hint = f"Write it: python -m nstlib export light -o {path}"
        kind = format_of(readable(path, "exported network", hint))
    try:
        with quiet_tensorflow():
            return {"onnx": _onnx, "litert": _litert, "saved-model": _saved_model}[kind](
                path, threads
            )
    except ModuleNotFoundError:
        raise
    except Exception as error:  # every runtime has errors of its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(
            f"{path} cannot be opened as {kind}: {reason} Export it again."
        ) from error


def format_of(path: Path) -> str:
    """ "onnx", "litert" or "saved-model", from the suffix; InputError for any other."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path.name} ends in {path.suffix}; it can end in .onnx or .tflite, or be a folder."
        )
    return SUFFIXES[path.suffix.lower()]


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Hold back what TensorFlow and LiteRT write to the process's error stream from C++.

    Also TensorFlow's own log, and the handler that its converter leaves on the root logger, after
    which every library's notes would be printed.
    """
    handlers, log = list(logging.root.handlers), logging.getLogger("tensorflow")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with held_back(show_after_error=False):
            yield
    finally:
        logging.root.handlers[:] = handlers
        log.setLevel(level)


def onnx_session(model: str | bytes, threads: int = 0):
    """A session of ONNX Runtime for a file, or for what would be in it.

    `threads` is how many may be used; 0 is what OMP_NUM_THREADS says, as Dask sets it for its
    workers, or else one for every core.
    """
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    by_dask = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    settings.intra_op_num_threads = threads or int(by_dask or 0)
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


def run_onnx(session, image: np.ndarray, **others) -> np.ndarray:
    """The painting of an image, both (1, height, width, 3), which ONNX has in another order."""
    planes = np.ascontiguousarray(image.transpose(0, 3, 1, 2))
    painting = session.run(None, {"image": planes, **others})[0]
    return np.ascontiguousarray(painting.transpose(0, 2, 3, 1))


def _onnx(path: Path, threads: int) -> Exported:
    session = onnx_session(str(path), threads)

    def shapes(entries) -> dict[str, Shape]:
        return {e.name: tuple(n if isinstance(n, int) else None for n in e.shape) for e in entries}

    inputs, outputs = shapes(session.get_inputs()), shapes(session.get_outputs())
    return Exported(path, "onnx", inputs, outputs, partial(run_onnx, session))


def _litert(path: Path, threads: int) -> Exported:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own copy says that it will go one day
        interpreter = _interpreter()(str(path), num_threads=threads or cores())
    signature = interpreter.get_signature_runner()

    def shapes(details: dict) -> dict[str, Shape]:
        known = {name: detail["shape_signature"] for name, detail in details.items()}
        return {name: tuple(int(n) if n > 0 else None for n in known[name]) for name in known}

    inputs = shapes(signature.get_input_details())
    inputs = {"image": inputs.pop("image"), **inputs}
    outputs = shapes(signature.get_output_details())
    # One call now, while LiteRT's notices are held back, also says whether the file is sound.
    signature(**{name: np.zeros([n or 64 for n in inputs[name]], "f4") for name in inputs})
    return Exported(path, "litert", inputs, outputs, lambda **given: signature(**given)["painting"])


def _interpreter() -> type:
    """LiteRT from its own package if that is installed, else the copy in TensorFlow.

    TensorFlow 2.21 still has it, with a notice that it will be deleted.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError:
        import tensorflow as tf

        if not hasattr(tf.lite, "Interpreter"):
            raise ModuleNotFoundError(
                "This TensorFlow has no LiteRT in it: pip install ai-edge-litert"
            ) from None
        return tf.lite.Interpreter
    return Interpreter


def _saved_model(path: Path, _threads: int) -> Exported:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]

    def shapes(specs: dict) -> dict[str, Shape]:
        return {name: tuple(spec.shape.as_list()) for name, spec in specs.items()}

    inputs = shapes(function.structured_input_signature[1])
    inputs = {"image": inputs.pop("image"), **inputs}

    def run(_kept=loaded, **given) -> np.ndarray:  # its variables live as long as it does
        return function(**{name: tf.constant(given[name]) for name in given})["painting"].numpy()

    return Exported(path, "saved-model", inputs, shapes(function.structured_outputs), run)


def style_transfer(pathIn, pathOut, model, width=None, jpg_quality=80) -> float:
    """Paint one file into another through OpenCV alone; prints and returns the seconds.

    It is what a program that ships without Keras would do, with the signature of source 000.
    `model` is an `.onnx` of `export_onnx` for one style. `width` in pixels resizes first and keeps
    the aspect ratio; `jpg_quality` is from 1 to 100. Raises MissingFile and WeightsError for a
    model that is missing or that OpenCV cannot read.
    """
    import cv2

    model = readable(model, "network", "Write it: nst.export_onnx('light', …, style='poppies').")
    picture = load_image(pathIn)
    if width is not None:
        number("width", width, 1, whole=True, unit="pixels")
        picture = resize(picture, (round(picture.shape[1] * width / picture.shape[2]), width))
    try:
        network = cv2.dnn.readNetFromONNX(str(model))
        begin = time.perf_counter()
        network.setInput(np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
        painting = np.clip(network.forward().transpose(0, 2, 3, 1), 0, 1)
        seconds = time.perf_counter() - begin
    except cv2.error as error:
        raise WeightsError(
            f"OpenCV {cv2.__version__} cannot run {model}: {str(error).splitlines()[0]} It needs "
            "OpenCV 5, and one style in the file: nst.export_onnx(…, style='starry_night')."
        ) from error
    print(f"painted {picture.shape[2]} x {picture.shape[1]} pixels in {seconds:.3f} s")
    save_image(painting, pathOut, quality=jpg_quality, overwrite=True, protect=[pathIn])
    return seconds
