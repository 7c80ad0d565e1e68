"""How near, how calm, how liked: measures, tables, blind votes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["comparison", "frechet", "measures", "votes"]
)
