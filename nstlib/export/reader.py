"""Exported networks, opened again: ONNX, LiteRT and SavedModel behind one call, without Keras.

The runtimes differ in the order of channels, in how sizes are told and in what they call things;
here a file is a function picture -> painting, both (1, height, width, 3), RGB, 0..1.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from numbers import Integral
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
        takes = dict(self.inputs)
        if self.format == "onnx":  # whose order of axes is turned in `run_onnx`
            takes["image"] = (1, None, None, 3)
        if given.keys() != takes.keys():
            wants, has = ", ".join(takes), ", ".join(given)
            raise InputError(f"{self.path.name} takes {wants}; given: {has}.")
        for name, array in given.items():
            sides = zip_longest(array.shape, takes[name], fillvalue=0)
            if not all(side == needed or needed is None for side, needed in sides):
                needs = ", ".join("any" if side is None else str(side) for side in takes[name])
                raise InputError(
                    f"{name} has the shape {array.shape}; {self.path.name} takes ({needs}). "
                    "nst.as_image and nst.resize bring a picture into shape."
                )
        return self.run(**given)


def open_exported(path, threads: int = 0) -> Exported:
    """Open what `export_onnx`, `export_litert` or `export_saved_model` has written.

    `threads` is how many ONNX Runtime or LiteRT may use; 0 is one for every core. A SavedModel runs
    in TensorFlow, with TensorFlow's own. Raises MissingFile, and WeightsError if it is damaged.
    """
    path = Path(os.path.expanduser(path))
    if not path.is_dir():
        readable(path, "exported network", f"Write it: python -m nstlib export light -o {path}")
    kind = format_of(path)
    opened = {"onnx": _onnx, "litert": _litert, "saved-model": _saved_model}[kind]
    try:
        with quiet_tensorflow():
            inputs, outputs, run = opened(str(path), threads)
        inputs = {"image": inputs.pop("image"), **inputs}
    except ModuleNotFoundError:
        raise
    except Exception as error:  # every runtime has errors of its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(f"{path} cannot be opened as {kind}: {reason} Export again.") from error
    return Exported(path, kind, inputs, outputs, run)


def format_of(path: Path) -> str:
    """ "onnx", "litert" or "saved-model", from the suffix; InputError for any other."""
    suffix = "" if path.is_dir() else path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path.name} can end in .onnx or .tflite, or be a folder (SavedModel).")
    return SUFFIXES[suffix]


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Hold back what TensorFlow and LiteRT write, from C++ and through TensorFlow's log.

    Its converter leaves a handler on the root logger, after which every library's notes would be
    printed; it is taken away.
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


# --- One function a format: path, threads -> shapes of inputs and outputs, and what paints --------


def _sides(shape) -> Shape:
    """A shape, of which a side of any length is a name in ONNX, -1 in LiteRT."""
    return tuple(int(n) if isinstance(n, Integral) and n > 0 else None for n in shape)


def _onnx(path: str, threads: int) -> tuple[dict, dict, Callable]:
    session = onnx_session(path, threads)
    inputs = {entry.name: _sides(entry.shape) for entry in session.get_inputs()}
    outputs = {entry.name: _sides(entry.shape) for entry in session.get_outputs()}
    return inputs, outputs, partial(run_onnx, session)


def _litert(path: str, threads: int) -> tuple[dict, dict, Callable]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own copy says that it will go one day
        interpreter = _interpreter()(path, num_threads=threads or cores())
    signature = interpreter.get_signature_runner()
    given, made = signature.get_input_details(), signature.get_output_details()
    inputs = {name: _sides(detail["shape_signature"]) for name, detail in given.items()}
    outputs = {name: _sides(detail["shape_signature"]) for name, detail in made.items()}
    # One call now, while LiteRT's notices are held back, also says whether the file is sound.
    some = {name: [side or 64 for side in shape] for name, shape in inputs.items()}
    signature(**{name: np.zeros(shape, "float32") for name, shape in some.items()})
    return inputs, outputs, lambda **given: signature(**given)["painting"]


def _interpreter() -> type:
    """LiteRT's own package, else the copy in TensorFlow, which is in 2.21, but not for ever."""
    with suppress(ModuleNotFoundError):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter
    import tensorflow as tf

    if hasattr(tf.lite, "Interpreter"):
        return tf.lite.Interpreter
    raise ModuleNotFoundError("This TensorFlow has no LiteRT in it: pip install ai-edge-litert")


def _saved_model(path: str, _threads: int) -> tuple[dict, dict, Callable]:
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # whose variables live as long as it does
    function = loaded.signatures["serving_default"]
    given, made = function.structured_input_signature[1], function.structured_outputs
    inputs = {name: _sides(spec.shape) for name, spec in given.items()}
    outputs = {name: _sides(spec.shape) for name, spec in made.items()}

    def run(**given) -> np.ndarray:
        return loaded.signatures["serving_default"](**given)["painting"].numpy()

    return inputs, outputs, run


def style_transfer(pathIn, pathOut, model, width=None, jpg_quality=80) -> float:
    """Paint one file into another through OpenCV alone; prints and returns the seconds.

    It is what a program that ships without Keras would do, with the signature of source 000.
    `model` is an `.onnx` of `export_onnx` for one style. `width` in pixels resizes first and keeps
    the aspect ratio; `jpg_quality` is from 1 to 100. Raises MissingFile, and WeightsError for a
    model that OpenCV cannot run.
    """
    import cv2

    model = readable(model, "network", "Write it: nst.export_onnx('light', …, style='the_scream').")
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
