"""What a chapter needs around its idea: hello, budget, check, panels, made clips."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["course", "explorers", "kit", "mask_editor", "moving_clips", "recipe_panel", "vote_panel"],
)
