"""Painting networks as LiteRT files, for phones and small machines, and as SavedModel folders.

Both are traced by TensorFlow, so KERAS_BACKEND has to be tensorflow. What they take and give keeps
Keras' order: a picture (1, height, width, 3), RGB, 0..1, and a painting of the same size.
"""

import os
import tempfile
from pathlib import Path

from nstlib.backend import backend_name
from nstlib.errors import InputError, choice, number
from nstlib.export.freeze import for_style
from nstlib.export.reader import quiet_tensorflow
from nstlib.files import writable, write
from nstlib.networks.conditions import SMALLEST

# All that TensorFlow writes; a folder with anything else in it is not only a SavedModel.
SAVED_MODEL_PARTS = {"saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"}


def export_litert(network, path, style=None, *, size=None, precision="float16", **options) -> Path:
    """Write a painting network as a `.tflite` file, which LiteRT (TensorFlow Lite) runs.

    `network`, `style`, `options` and the file's inputs are as for `nst.export_onnx`, the output is
    "painting". `precision` is that of the stored weights, "float16" or "float32"; computing is in
    float32 either way, on a CPU. The file paints pictures of any height and width; `size=(height,
    width)` in pixels fixes them: a phone's graphics processor wants every shape known beforehand.
    Returns the path. Raises InputError for another suffix, size, precision or Keras backend.
    """
    path = writable(path, [".tflite"])
    choice("precision", precision, ["float16", "float32"])
    import tensorflow as tf

    module = _traced(network, style, options, _sides(size))
    function = module.paint.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    if precision == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with quiet_tensorflow():
        return write(path, converter.convert())


def export_saved_model(network, path, style=None, **options) -> Path:
    """Write a painting network as a SavedModel, the folder that TensorFlow itself serves.

    Arguments, inputs and output are as for `nst.export_litert`, in float32 and for any height and
    width. Use it without Keras:
    `tf.saved_model.load(path).signatures["serving_default"](image=picture)["painting"]`.

    A SavedModel that stands there is replaced once the new one is whole. Returns the path. Raises
    InputError for a folder that holds anything else, and for another Keras backend.
    """
    path = Path(os.path.expanduser(path))
    _check_folder(path)
    module = _traced(network, style, options, (None, None))
    import tensorflow as tf

    try:
        _write_folder(module, Path(os.path.realpath(path)))
    except (OSError, tf.errors.OpError) as error:  # the latter is how TensorFlow says disk full
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(f"{path} cannot be written ({reason}): name another place.") from error
    return path


def _traced(network, style, options: dict, sides: tuple):
    """A tf.Module whose `paint` is the network for pictures of these sides, None being any."""
    hint = "Set KERAS_BACKEND=tensorflow before Python starts, or use nst.export_onnx."
    choice("The backend of Keras", backend_name(), ["tensorflow"], hint)
    import tensorflow as tf

    _, frozen = for_style(network, style, options)
    names = {tensor.name: (1, tensor.shape[1]) for tensor in frozen.inputs[1:]}
    shapes = {"image": (1, *sides, 3)} | names
    signature = [tf.TensorSpec(shape, "float32", name=name) for name, shape in shapes.items()]

    def paint(image, *others):
        return {"painting": frozen([image, *others] if others else image, training=False)}

    module = tf.Module()
    module.weights = [variable.value for variable in frozen.weights]  # what is to be saved
    module.paint = tf.function(paint, input_signature=signature, autograph=False)
    return module


def _sides(size) -> tuple:
    """(height, width), or two None for any."""
    if size is None:
        return None, None
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise InputError(f"size is {size!r}; it is (height, width) in pixels, or None for any.")
    for name, side in zip(("The height", "The width"), size, strict=True):
        number(name, side, SMALLEST, whole=True, unit="pixels")
    return tuple(size)


def _check_folder(path: Path) -> None:
    """Raise InputError unless a SavedModel may stand there."""
    if path.is_dir():
        strange = sorted({entry.name for entry in path.iterdir()} - SAVED_MODEL_PARTS)
        if strange:
            raise InputError(f"{path} holds {strange[0]}, which would be lost: name another.")
    elif path.exists():
        raise InputError(f"{path} is a file; a SavedModel is a folder: name another.")


def _write_folder(module, path: Path) -> None:
    """Into a folder beside the target first, then moved to its place."""
    import tensorflow as tf

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".nstlib-", dir=path.parent) as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        with quiet_tensorflow():
            tf.saved_model.save(module, str(new), signatures={"serving_default": module.paint})
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
