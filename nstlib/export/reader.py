"""Exported networks, opened again: ONNX, LiteRT and SavedModel behind one call, without Keras.

The runtimes differ in the order of channels, in how sizes are told and in what they call things;
here a file is a function picture -> painting, both (1, height, width, 3), RGB, 0..1.
"""

import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, MissingFile, WeightsError

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
    run: Callable[[dict[str, np.ndarray]], np.ndarray]

    def __call__(self, picture, **others) -> np.ndarray:
        given = {"image": picture} | others
        given = {name: np.asarray(value, "float32") for name, value in given.items()}
        if set(given) != set(self.inputs):
            raise InputError(
                f"{self.path.name} takes {', '.join(self.inputs)}; given: {', '.join(given)}."
            )
        self._check_size(given["image"])
        return self.run(given)

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
    if not path.exists():
        raise MissingFile(f"There is no {path}. Write it: python -m nstlib export light -o {path}")
    kind = "saved-model" if path.is_dir() else format_of(path)
    try:
        with held_back():
            return {"onnx": _onnx, "litert": _litert, "saved-model": _saved_model}[kind](
                path, threads or os.cpu_count() or 1
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
def held_back() -> Iterator[None]:
    """Keep what TensorFlow and LiteRT write to the process's error stream from C++ off it.

    Also TensorFlow's own log, and the handler that its converter leaves on the root logger, after
    which every library's notes would be printed.
    """
    stream, handlers, log = os.dup(2), list(logging.root.handlers), logging.getLogger("tensorflow")
    level = log.level
    log.setLevel(logging.ERROR)
    with tempfile.TemporaryFile() as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            logging.root.handlers[:] = handlers
            log.setLevel(level)


def _onnx(path: Path, threads: int) -> Exported:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])

    def shapes(entries) -> dict[str, Shape]:
        return {e.name: tuple(n if isinstance(n, int) else None for n in e.shape) for e in entries}

    def run(given: dict) -> np.ndarray:
        planes = np.ascontiguousarray(given["image"].transpose(0, 3, 1, 2))
        return session.run(None, {**given, "image": planes})[0].transpose(0, 2, 3, 1)

    inputs, outputs = shapes(session.get_inputs()), shapes(session.get_outputs())
    return Exported(path, "onnx", inputs, outputs, run)


def _litert(path: Path, threads: int) -> Exported:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own copy says that it will go one day
        interpreter = _interpreter()(str(path), num_threads=threads)
    signature = interpreter.get_signature_runner()

    def shapes(details: dict) -> dict[str, Shape]:
        known = {name: detail["shape_signature"] for name, detail in details.items()}
        return {name: tuple(int(n) if n > 0 else None for n in known[name]) for name in known}

    inputs = shapes(signature.get_input_details())
    inputs = {"image": inputs.pop("image"), **inputs}
    outputs = shapes(signature.get_output_details())
    # One call now, while LiteRT's notices are held back, also says whether the file is sound.
    signature(**{name: np.zeros([n or 64 for n in inputs[name]], "f4") for name in inputs})
    return Exported(path, "litert", inputs, outputs, lambda given: signature(**given)["painting"])


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


def _saved_model(path: Path, threads: int) -> Exported:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]

    def shapes(specs: dict) -> dict[str, Shape]:
        return {name: tuple(spec.shape.as_list()) for name, spec in specs.items()}

    inputs = shapes(function.structured_input_signature[1])
    inputs = {"image": inputs.pop("image"), **inputs}

    def run(given: dict, _kept=loaded) -> np.ndarray:  # its variables live as long as it does
        tensors = {name: tf.constant(value) for name, value in given.items()}
        return function(**tensors)["painting"].numpy()

    return Exported(path, "saved-model", inputs, shapes(function.structured_outputs), run)
