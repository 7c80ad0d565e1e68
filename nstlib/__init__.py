"""Neural style transfer in Keras, from the first Gram matrix to a painting.

`import nstlib as nst` is instant: what a name stands for is loaded when it is first used, so that
`python -m nstlib --help` does not wait for TensorFlow. Which names there are is said in
`__init__.pyi`, where editors and type checkers look them up, too.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
