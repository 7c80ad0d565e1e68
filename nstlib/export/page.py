"""A page for a browser that paints: an ONNX file in a few lines of HTML and JavaScript.

`page.html` is the page; `paint.js`, which is put into it, turns a photo into planes and planes into
pixels, in the course's own `try.html`, too. The page fetches ONNX Runtime for browsers, about
14 MB, when it is opened; the network is in the page itself, so it needs no server, and a photo that
is chosen stays on the machine.
"""

import base64
import os
from pathlib import Path

from nstlib.errors import InputError
from nstlib.export.reader import open_exported
from nstlib.files import readable, write

PAINT = Path(__file__).with_name("paint.js").read_text(encoding="utf-8")
PAGE = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
PAGE = PAGE.replace("PAINT.JS\n", PAINT)
PLACE = "THE ONNX FILE"  # where in it the network goes


def export_page(onnx: str | os.PathLike, path: str | os.PathLike) -> Path:
    """Write a page that paints with a network for one style (`nst.export_onnx`). -> its path.

    Raises InputError for a file that takes more than a picture, as one with all styles does.
    """
    source = readable(onnx)
    inputs = open_exported(source).inputs
    if list(inputs) != ["image"]:
        raise InputError(
            f"{source} takes {', '.join(inputs)}, and the page has a picture only: name a style in "
            "nst.export_onnx."
        )
    content = base64.b64encode(source.read_bytes()).decode()
    return write(path, PAGE.replace(PLACE, content).encode())
