"""Neural style transfer in Keras, from the first Gram matrix to a painting.

`import nstlib as nst` is instant: a module is loaded when one of its names is first used, so that
`python -m nstlib --help` does not wait for TensorFlow.
"""

from importlib import import_module

__version__ = "0.1.0"

_NAMES = {
    "errors": ("NstError", "InputError", "MissingFile", "WeightsError", "MemoryRefused"),
    "images": ("load_image", "save_image", "resize", "as_image", "to_uint8", "to_pil", "show"),
    "data": (
        "Picture",
        "pictures",
        "picture",
        "photo",
        "painting",
        "find_picture",
        "data_folder",
        "bundled_networks",
    ),
    "runtime": (
        "hello",
        "budget",
        "budget_name",
        "device",
        "has_gpu",
        "available_memory",
        "output_folder",
        "progress",
        "check",
    ),
    "gradients": ("value_and_grad",),
    "weights": ("load_vgg_weights", "weights_status"),
    "vgg": (
        "VGG_TABLE",
        "build_vgg",
        "feature_extractor",
        "layer_names",
        "layer_name",
        "preprocess",
    ),
    "losses": (
        "content_loss",
        "gram_matrix",
        "gram_loss",
        "mean_std",
        "mean_std_loss",
        "total_variation",
        "guided_gram",
        "histogram_target",
        "histogram_loss",
        "CONVENTIONS",
    ),
    "recipes": ("Recipe", "RECIPES", "recipe"),
    "optimize": (
        "Result",
        "Step",
        "style_transfer",
        "painting_steps",
    ),
    "memory": ("estimate_memory",),
    "recipe_panel": ("recipe_explorer", "QuickLooks"),
    "coordinates": ("Waves",),
    "networks": (
        "PaintingNetwork",
        "build_network",
        "load_network",
        "save_network",
        "with_more_styles",
        "adaptive_instance_normalization",
        "style_encoder",
        "style_vector",
    ),
    "training": ("PerceptualLoss", "train"),
    "training_log": ("read_log",),
    "any_style": ("train_any_style",),
    "stylizers": ("stylizer", "fast_styles", "by_region"),
    "filters": (
        *("edges", "learned_edges", "contour", "emboss", "ripple", "bulge", "swirl", "kuwahara"),
        *("oil", "posterise", "pencil", "cartoon", "halftone", "FILTERS"),
    ),
    "color": ("keep_color", "match_color", "color_matcher", "match_histogram"),
    "masks": ("as_mask", "feather", "layer_masks", "subject_mask", "sky_mask", "refine_mask"),
    "mask_editing": ("over_photo", "brush", "grow", "mask_editor"),
    "styles": ("gather_styles",),
    "terms": ("objective", "receptive_reach"),
    "photoreal": ("matting_laplacian", "photoreal_term", "smooth_like", "ssim", "photorealistic"),
    "harmony": ("paste", "harmonize"),
    "metrics": (
        *("layer_distances", "content_distance", "style_distance"),
        *("perceptual_distance", "color_distance"),
    ),
    "frechet": ("frechet_distance", "style_frechet", "art_fid"),
    "comparison": ("compare", "measure"),
    "comparison_table": ("Comparison",),
    "preference": ("Ballot", "blind_pairs", "wilson_interval", "votes_needed"),
    "preference_widget": ("preference_panel",),
    "export": ("export_onnx",),
    "export_tensorflow": ("export_litert", "export_saved_model"),
    "exported": ("open_exported",),
    "opencv": (),
    "tiles": ("tiled_forward",),
    "folders": ("stylize_folder", "FolderReport"),
    "video": ("stylize_video", "VideoReport"),
    "frame_painter": ("FramePainter", "GatysPainter"),
    "optical_flow": ("find_flow", "flow_trust", "warp"),
    "moving_clips": ("moving_clip", "flicker"),
    "camera": ("webcam",),
    "explore": (
        "show_feature_maps",
        "show_gram",
        "layer_explorer",
        "gram_explorer",
        "style_explorer",
    ),
}
_ON_KERAS = (
    *(
        "gradients",
        "vgg",
        "losses",
        "recipes",
        "terms",
        "memory",
        "optimize",
        "explore",
        "recipe_panel",
    ),
    *("photoreal", "harmony"),
    *("networks", "training", "training_log", "any_style", "stylizers", "export", "tiles"),
    "export_tensorflow",
    *("metrics", "frechet", "comparison"),
)
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = ["__version__", *_HOME, *_NAMES]


def __getattr__(name: str):
    if name not in _HOME and name not in _NAMES:
        raise AttributeError(f"module 'nstlib' has no attribute {name!r}")
    home = _HOME.get(name, name)
    if home in _ON_KERAS:
        import_module("nstlib.runtime").import_keras()  # without TensorFlow's start-up chatter
    module = import_module(f"nstlib.{home}")
    if name in _NAMES:
        return module
    globals()[name] = getattr(module, name)
    return globals()[name]


def __dir__():
    return sorted(__all__)
