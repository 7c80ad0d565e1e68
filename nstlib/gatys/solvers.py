"""How the pixels move: generators that are given a function and yield one state a step.

Both take `evaluate(picture) -> (total, terms, gradient)`, a start (1, height, width, 3), a count of
steps and a `space` of `COORDINATES`, keep every pixel within 0..1, and yield (picture, total,
terms, evaluations so far), the start first.

What they move are coordinates: the pixels, or the waves that a picture is the sum of. Pixel by
pixel a picture is a poor vector: what a painting needs most, large soft changes of colour, takes
thousands of pixels to agree. As amplitudes of waves each such change is one number, and stretching
the axes of low frequencies lets the solver take large waves in large steps. Olah, Mordvintsev &
Schubert 2017, section "Preconditioning", do this with Fourier amplitudes; the cosine transform used
here has mirrors for borders, as the picture has.
"""

import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np
import scipy

from nstlib.backend import keras, ops, own_settings

HISTORY = 20  # steps that L-BFGS remembers; SciPy's default of 10 needs more evaluations here
SLOPE = 0.3  # amplitudes / frequency ** SLOPE; 0.5 helps one pair of four, 0.25 to 0.35 all tried
LEASH = 1.0  # what a picture all of whose values are 1 too bright pays, in times the start's total
State = tuple[np.ndarray, float, dict[str, float], int]


# --- Coordinates: linear maps between a solver's vector and a picture -----------------------------


class Pixels:
    """Every value of the picture (1, height, width, 3) is a coordinate, and bounded as it is."""

    bounds = (0.0, 1.0)

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def vector(self, picture: np.ndarray) -> np.ndarray:
        """The coordinates (count,) of a picture."""
        return picture.astype("float64").ravel()

    def picture(self, vector: np.ndarray) -> np.ndarray:
        """The picture at these coordinates."""
        return vector.reshape(self.shape)

    def slope(self, gradient: np.ndarray) -> np.ndarray:
        """A gradient by pixels, of the picture's shape, as one by coordinates."""
        return self.vector(gradient)


class Waves:
    """Cosine amplitudes, each multiplied by frequency ** SLOPE: low frequencies move furthest.

    The transform is orthonormal, so that only the frequencies change what a step means. Waves know
    no bounds; `leashed` keeps the picture within 0..1. Methods as those of `Pixels`.
    """

    bounds = None
    transform = {"axes": (1, 2), "norm": "ortho", "workers": -1}

    def __init__(self, shape: tuple[int, ...]):
        _, height, width, _ = shape
        down, right = np.arange(height)[:, None] / height, np.arange(width)[None] / width
        frequency = np.maximum(np.hypot(down, right), 1 / max(height, width))
        self.shape = shape
        self.reach = ((frequency / frequency.max()) ** -SLOPE)[None, :, :, None]

    def vector(self, picture: np.ndarray) -> np.ndarray:
        return (scipy.fft.dctn(picture.astype("float64"), **self.transform) / self.reach).ravel()

    def picture(self, vector: np.ndarray) -> np.ndarray:
        return scipy.fft.idctn(self.reach * vector.reshape(self.shape), **self.transform)

    def slope(self, gradient: np.ndarray) -> np.ndarray:
        return (scipy.fft.dctn(gradient.astype("float64"), **self.transform) * self.reach).ravel()


class WavesAround(Waves):
    """Waves of a picture whose left edge goes on at its right, such as a texture around a vase.

    Mirrored waves would shape both edges each for itself, which shows as a seam. Across these are
    Hartley's, sums of a sine and a cosine, which close around: real, orthonormal, and their own
    inverse. Down they are cosines, as in `Waves`.
    """

    def __init__(self, shape: tuple[int, ...]):
        _, height, width, _ = shape
        across = np.arange(width)  # whole waves, of which `Waves` counts the halves
        down = np.arange(height)[:, None] / height
        right = 2 * np.minimum(across, width - across)[None] / width
        frequency = np.maximum(np.hypot(down, right), 1 / max(height, width))
        self.shape = shape
        self.reach = ((frequency / frequency.max()) ** -SLOPE)[None, :, :, None]

    def vector(self, picture: np.ndarray) -> np.ndarray:
        return (self._amplitudes(picture) / self.reach).ravel()

    def picture(self, vector: np.ndarray) -> np.ndarray:
        waves = _hartley(self.reach * vector.reshape(self.shape))
        return scipy.fft.idct(waves, axis=1, norm="ortho", workers=-1)

    def slope(self, gradient: np.ndarray) -> np.ndarray:
        return (self._amplitudes(gradient) * self.reach).ravel()

    def _amplitudes(self, picture: np.ndarray) -> np.ndarray:
        columns = scipy.fft.dct(picture.astype("float64"), axis=1, norm="ortho", workers=-1)
        return _hartley(columns)


def _hartley(values: np.ndarray) -> np.ndarray:
    """Across, each row as sums of a sine and a cosine; twice, it is the row again."""
    waves = scipy.fft.fft(values, axis=2, norm="ortho", workers=-1)
    return waves.real - waves.imag


COORDINATES = {"pixels": Pixels, "waves": Waves, "waves around": WavesAround}


# --- Solvers -------------------------------------------------------------------------------------


def first_order(
    evaluate: Callable, image: np.ndarray, steps: int, *, space, optimizer
) -> Iterator[State]:
    """Gradient descent by a Keras optimiser, clipped to 0..1."""
    vector = keras.Variable(space.vector(image).astype("float32"), dtype="float32")
    for evaluation in range(1, steps + 2):
        image = np.clip(space.picture(ops.convert_to_numpy(vector)), 0, 1).astype("float32")
        vector.assign(space.vector(image).astype("float32"))
        total, terms, gradient = evaluate(image)
        yield image, total, terms, evaluation
        slope = ops.convert_to_tensor(space.slope(gradient).astype("float32"))
        with own_settings():  # in which Keras computes the learning rate
            optimizer.apply([slope], [vector])


def lbfgs(evaluate: Callable, image: np.ndarray, steps: int, *, space) -> Iterator[State]:
    """SciPy's L-BFGS-B, turned inside out.

    SciPy wants to own the loop and call us; a generator wants to own it and be asked. So SciPy runs
    in a thread of its own that does nothing but hand over questions and take the answers, and all
    the computing (and Ctrl-C) stays in the caller's thread. Pixels are bounded by SciPy; other
    coordinates by `leashed`.
    """
    to_caller, to_scipy = queue.SimpleQueue(), queue.SimpleQueue()

    def ask(x):  # SciPy waits for the answer, so its own vector can be handed over
        to_caller.put(("evaluate", x))
        answer = to_scipy.get()
        if answer is None:
            raise EOFError("The caller has stopped asking for steps.")
        return answer

    task = (ask, to_caller, space.vector(image), space.bounds, steps)
    worker = threading.Thread(target=_minimise, args=task, daemon=True)
    worker.start()
    evaluations, weight = 0, 0.0
    try:
        while (message := to_caller.get())[0] != "done":
            if message[0] == "evaluate":
                asked = leashed(evaluate, space.picture(message[1]), weight)
                current, total, terms, price, gradient = asked
                evaluations, weight = evaluations + 1, weight or LEASH * total
                to_scipy.put((total + price, space.slope(gradient)))
            if message[0] == "step" or evaluations == 1:
                yield current, total, terms, evaluations
        if message[1] is not None:
            raise message[1]
    finally:
        to_scipy.put(None)
        worker.join()


def _minimise(ask: Callable, to_caller, start: np.ndarray, bounds, steps: int) -> None:
    """The body of SciPy's thread: minimise, then say that it is done and whether it failed."""
    options = {"maxiter": steps, "maxfun": 20 * steps, "maxcor": HISTORY}
    options |= {"ftol": 0.0, "gtol": 0.0}  # when to stop is the caller's business
    bounds = bounds and scipy.optimize.Bounds(*bounds)
    options = {"method": "L-BFGS-B", "jac": True, "bounds": bounds, "options": options}
    failure = None
    try:
        scipy.optimize.minimize(
            ask, start, callback=lambda x: to_caller.put(("step", None)), **options
        )
    except Exception as error:  # for the caller, who raises it in his own thread if he still asks
        failure = error
    to_caller.put(("done", failure))


def leashed(evaluate: Callable, picture: np.ndarray, weight: float):
    """`evaluate` for a picture that may leave 0..1: of its clipped self, and a pull back inside.

    `evaluate(picture) -> (total, terms, gradient)`. Returns the clipped picture (float32), its
    total and terms, the price of leaving (weight * mean squared excess), and the gradient of their
    sum.
    """
    inside = np.clip(picture, 0, 1)
    excess = picture - inside
    inside = inside.astype("float32")
    total, terms, gradient = evaluate(inside)
    price = weight * float(np.mean(np.square(excess)))
    gradient = np.where(excess == 0, gradient, 2 * weight / excess.size * excess)
    return inside, total, terms, price, gradient
