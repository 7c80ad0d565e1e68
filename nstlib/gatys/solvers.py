"""How the pixels move: generators that are given a function and yield one state a step.

Both take `evaluate(picture) -> (total, terms, gradient)`, a start (1, height, width, 3) and a
`Recipe`, whose `coordinates` they move (`nstlib.gatys.coordinates`), keep every pixel within 0..1, and
yield (picture, total, terms, evaluations so far), the start first.
"""

import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np

from nstlib.backend import keras, ops
from nstlib.gatys.coordinates import LEASH, coordinates, leashed
from nstlib.gatys.recipe import Recipe

HISTORY = 20  # steps that L-BFGS remembers; SciPy's default of 10 needs more evaluations here
State = tuple[np.ndarray, float, dict[str, float], int]


def first_order(evaluate: Callable, image: np.ndarray, recipe: Recipe) -> Iterator[State]:
    """Adam or plain gradient descent by Keras' own optimisers, clipped to 0..1 after each step."""
    rate = keras.optimizers.schedules.ExponentialDecay(recipe.learning_rate, 100, recipe.decay)
    if recipe.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, beta_1=recipe.beta_1, epsilon=recipe.epsilon)
    else:
        optimizer = keras.optimizers.SGD(rate)
    space = coordinates(recipe.coordinates, image.shape)
    vector = keras.Variable(space.vector(image).astype("float32"))
    for evaluation in range(1, recipe.steps + 2):
        image = np.clip(space.picture(ops.convert_to_numpy(vector)), 0, 1).astype("float32")
        vector.assign(space.vector(image).astype("float32"))
        total, terms, gradient = evaluate(image)
        yield image, total, terms, evaluation
        optimizer.apply([ops.convert_to_tensor(space.slope(gradient).astype("float32"))], [vector])


def lbfgs(evaluate: Callable, image: np.ndarray, recipe: Recipe) -> Iterator[State]:
    """SciPy's L-BFGS-B, turned inside out.

    SciPy wants to own the loop and call us; a generator wants to own it and be asked. So SciPy runs
    in a thread of its own that does nothing but hand over questions and take the answers, and all
    the computing (and Ctrl-C) stays in the caller's thread. Pixels are bounded by SciPy; other
    coordinates by `leashed`.
    """
    to_caller, to_scipy = queue.SimpleQueue(), queue.SimpleQueue()
    space = coordinates(recipe.coordinates, image.shape)

    def ask(x):
        to_caller.put(("evaluate", x.copy()))
        answer = to_scipy.get()
        if answer is None:
            raise _NoMoreQuestions
        return answer

    task = (ask, to_caller, space.vector(image), space.bounds, recipe)
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


class _NoMoreQuestions(Exception):
    """The caller has stopped asking for steps."""


def _minimise(ask: Callable, to_caller, start: np.ndarray, bounds, recipe: Recipe) -> None:
    """The body of SciPy's thread: minimise, then say that it is done and whether it failed."""
    from scipy.optimize import minimize

    options = {"maxiter": recipe.steps, "maxfun": 20 * recipe.steps, "maxcor": HISTORY}
    options |= {"ftol": 0.0, "gtol": 0.0}  # when to stop is decided in `_steps`
    failure = None
    try:
        minimize(
            ask,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=None if bounds is None else [bounds] * start.size,
            callback=lambda x: to_caller.put(("step", None)),
            options=options,
        )
    except _NoMoreQuestions:
        pass
    except Exception as error:  # handed to the caller, who raises it in his own thread
        failure = error
    to_caller.put(("done", failure))
