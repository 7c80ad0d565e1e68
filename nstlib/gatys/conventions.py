"""How papers and programs measure the same three terms.

`nstlib.vgg.losses` averages throughout; most others sum somewhere, so that a weight of theirs means
another thing here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nstlib.backend import ops
from nstlib.vgg.losses import mean_square

TORCHVISION_SCALE = 1 / (0.226 * 255)  # of its networks' pixels: divided by their deviation


def scaled_mean_square(difference):
    """Squares over absolute values: near its minimum a loss like this pulls as hard as far away.

    A tensor -> scalar: sum of squares / sum of absolute values. Crowson's style-transfer-pytorch.
    """
    return ops.sum(ops.square(difference)) / (ops.sum(ops.abs(difference)) + 1e-8)


@dataclass(frozen=True)
class Convention:
    """How a paper or a program measures the three terms, as factors on nstlib's own.

    `content(n, m)` and `style(n, m, pixels)` are for a layer of n channels and m positions in a
    picture of `pixels` pixels, `tv(pixels)` for total variation: their term = factor * our term. So
    a weight w of theirs is the weight w * factor here. `measure` is how large a difference is.
    """

    source: str
    content: Callable[[int, int], float] = lambda n, m: 1.0
    style: Callable[[int, int, int], float] = lambda n, m, pixels: 1.0
    tv: Callable[[int], float] = lambda pixels: 1.0
    tv_norm: str = "l2"
    measure: Callable = mean_square


CONVENTIONS = {
    "nstlib": Convention("means throughout; also the authors' released code for Gatys et al. 2016"),
    "gatys-2016": Convention(
        "Gatys et al. 2016, eq. 1 and 4: half the sum; sum of Gram differences / (4 N^2 M^2)",
        content=lambda n, m: n * m / 2,
        style=lambda n, m, pixels: 1 / 4,
    ),
    "johnson-2016": Convention(
        "Johnson et al. 2016, eq. 2 and 4: mean; Frobenius norm of Gram matrices divided by N M",
    ),
    "source-001": Convention(
        "source 001 and the exercise it follows: content sum / (4 N M); style as in Gatys' paper",
        content=lambda n, m: 1 / 4,
        style=lambda n, m, pixels: 1 / 4,
    ),
    "source-002": Convention(
        "sources 002 and 003: sum / (2 M N); sum of undivided Gram differences / (4 M^2 N^2)",
        content=lambda n, m: 1 / 2,
        style=lambda n, m, pixels: 1 / 4,
    ),
    "tensorflow-tutorial": Convention(
        "TensorFlow's tutorial and source 004: means; total variation as a sum of |differences|",
        tv=float,
        tv_norm="l1",
    ),
    "keras-example": Convention(
        "Keras' example: sums; Gram undivided, / (4 * 3^2 * pixels^2) at every layer; pixels "
        "0..255. Its total variation takes the power 1.25 of the squares, ours here the squares",
        content=lambda n, m: n * m,
        style=lambda n, m, pixels: (n * m) ** 2 / (36 * pixels**2),
        tv=lambda pixels: 255.0**2 * pixels,
    ),
    "neural-style": Convention(
        "Johnson's neural-style: means; Gram divided by N M; half the sum of squared differences "
        "of pixels 0..255",
        style=lambda n, m, pixels: 1 / n**2,
        tv=lambda pixels: 255.0**2 / 2 * pixels,
    ),
    "crowsonkb": Convention(
        "Crowson's style-transfer-pytorch: squares over absolute values; means over pixels and "
        "channels for total variation. Its network wants pixels with a deviation of 1, ours 0..255",
        content=lambda n, m: TORCHVISION_SCALE,
        style=lambda n, m, pixels: TORCHVISION_SCALE**2,
        tv=lambda pixels: 1 / 3,
        measure=scaled_mean_square,
    ),
}
