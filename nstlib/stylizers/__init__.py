"""One door to every engine, and what is painted with it: pictures, folders, films, the camera."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "camera",
        "clips",
        "door",
        "engine",
        "folder",
        "frames",
        "manifest",
        "one_pass",
        "parts",
        "tiles",
        "video",
        "workers",
    ],
)
