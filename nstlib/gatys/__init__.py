"""Painting by gradient descent: what is asked, how the pixels move, and what is built on it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "conventions",
        "descent",
        "film",
        "harmonize",
        "known_recipes",
        "memory",
        "objective",
        "painting",
        "paintings",
        "photoreal",
        "recipe",
        "solvers",
    ],
)
