"""Pictures in and out: colours, regions, filters, flow, and those that come with the course."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["arrays", "bundled", "color", "files", "filter_parts", "filters", "flow", "masks", "show"],
)
