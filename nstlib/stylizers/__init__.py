"""One door to every engine, and what is painted with it: pictures, folders, films, the camera."""

import pkgutil

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, [module.name for module in pkgutil.iter_modules(__path__)]
)
