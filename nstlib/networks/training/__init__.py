"""Teaching networks to paint: what they are asked, by which photos, and the diary they keep."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["any_style", "diary", "loop", "loss", "photos"]
)
