"""A network for one style as a file for other programs, and opened again."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["freeze", "nodes", "onnx", "phases", "reader", "tensorflow"]
)
