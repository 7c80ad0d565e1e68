# The public names of nstlib, room by room. lazy_loader reads this file, too.
# fmt: off
# ruff: noqa: I001, E501
from . import evaluation as evaluation, export as export, gatys as gatys, images as images, networks as networks, notebook as notebook, stylizers as stylizers, vgg as vgg

from .errors import (
    BackendError as BackendError, InputError as InputError, MemoryRefused as MemoryRefused,
    MissingFile as MissingFile, NstError as NstError, WeightsError as WeightsError,
)

from .machine import available_memory as available_memory, progress as progress

from .backend import device as device, has_gpu as has_gpu, value_and_grad as value_and_grad

from .files import data_folder as data_folder

from .images import filters as filters
from .images.arrays import (
    as_image as as_image, resize as resize, to_pil as to_pil, to_uint8 as to_uint8,
    without_grain as without_grain,
)
from .images.bundled import (
    Picture as Picture, bundled_networks as bundled_networks, clips as clips,
    collection as collection, faces as faces, find_clip as find_clip, find_picture as find_picture,
    painting as painting, photo as photo, picture as picture, pictures as pictures,
    textures as textures, unpack_faces as unpack_faces,
)
from .images.cartoons import (
    structure_look as structure_look, surface_look as surface_look, texture_look as texture_look,
)
from .images.color import (
    color_matcher as color_matcher, keep_color as keep_color, match_color as match_color,
    match_histogram as match_histogram,
)
from .images.files import load_image as load_image, save_image as save_image
from .images.filters import (
    FILTERS as FILTERS, bulge as bulge, cartoon as cartoon, contour as contour, edges as edges,
    emboss as emboss, halftone as halftone, kuwahara as kuwahara,
    learned_edges as learned_edges, oil as oil, pencil as pencil, posterise as posterise,
    ripple as ripple, swirl as swirl,
)
from .images.flow import find_flow as find_flow, flow_trust as flow_trust, warp as warp
from .images.masks import (
    as_mask as as_mask, feather as feather, layer_masks as layer_masks,
    refine_mask as refine_mask, sky_mask as sky_mask, subject_mask as subject_mask,
)
from .images.portraits import out_of_focus as out_of_focus, person_mask as person_mask
from .images.regions import fill_regions as fill_regions, flat_regions as flat_regions
from .images.show import show as show
from .images.surfaces import PROFILES as PROFILES, profile as profile
from .images.turntable import Turntable as Turntable

from .vgg.losses import (
    content_loss as content_loss, gram_loss as gram_loss,
    gram_matrix as gram_matrix, guided_gram as guided_gram, histogram_loss as histogram_loss,
    histogram_target as histogram_target, mean_std as mean_std, mean_std_loss as mean_std_loss,
    total_variation as total_variation,
)
from .vgg.network import build_vgg as build_vgg, feature_extractor as feature_extractor
from .vgg.statistics import style_encoder as style_encoder, style_vector as style_vector
from .vgg.table import (
    VGG_TABLE as VGG_TABLE, layer_name as layer_name, layer_names as layer_names,
    receptive_reach as receptive_reach,
)
from .vgg.weights import load_vgg_weights as load_vgg_weights, weights_status as weights_status

from .gatys.conventions import CONVENTIONS as CONVENTIONS
from .gatys.descent import Step as Step
from .gatys.film import GatysPainter as GatysPainter
from .gatys.glaze import grow_glaze as grow_glaze
from .gatys.harmonize import harmonize as harmonize, paste as paste
from .gatys.memory import estimate_memory as estimate_memory
from .gatys.objective import objective as objective
from .gatys.painting import (
    Result as Result, painting_steps as painting_steps, style_transfer as style_transfer,
)
from .gatys.paintings import gather_styles as gather_styles
from .gatys.photoreal import (
    matting_laplacian as matting_laplacian, photoreal_term as photoreal_term,
    photorealistic as photorealistic, smooth_like as smooth_like,
)
from .gatys.recipe import RECIPES as RECIPES, Recipe as Recipe, recipe as recipe
from .gatys.solvers import Waves as Waves

from .networks.adain import adaptive_instance_normalization as adaptive_instance_normalization
from .networks.attention import (
    attend as attend, attention as attention, who_looks_where as who_looks_where,
)
from .networks.bank_regions import banks_by_region as banks_by_region
from .networks.beginning import network_for as network_for
from .networks.denoising import (
    denoising as denoising, from_noise as from_noise, sdedit as sdedit,
)
from .networks.endless import texture as texture
from .networks.files import (
    PaintingNetwork as PaintingNetwork, build_network as build_network,
    load_network as load_network, save_network as save_network,
    with_more_styles as with_more_styles,
)
from .networks.training.any_style import train_any_style as train_any_style
from .networks.training.diffusion import train_diffusion as train_diffusion
from .networks.training.diary import read_log as read_log
from .networks.training.loop import train as train
from .networks.training.loss import PerceptualLoss as PerceptualLoss
from .networks.training.texture import train_texture as train_texture
from .networks.training.cartoon import train_cartoon as train_cartoon
from .networks.training.one_way import train_one_way as train_one_way
from .networks.training.unpaired import train_unpaired as train_unpaired

from .export.onnx import export_onnx as export_onnx
from .export.page import export_page as export_page
from .export.reader import open_exported as open_exported
from .export.tensorflow import (
    export_litert as export_litert, export_saved_model as export_saved_model,
)

from .stylizers.camera import webcam as webcam
from .stylizers.engine import Engine as Engine
from .stylizers.door import by_region as by_region, fast_styles as fast_styles, stylizer as stylizer
from .stylizers.folder import FolderReport as FolderReport, stylize_folder as stylize_folder
from .stylizers.footage import clip as clip
from .stylizers.frames import FramePainter as FramePainter
from .stylizers.tiles import tiled_forward as tiled_forward
from .stylizers.video import VideoReport as VideoReport, stylize_video as stylize_video

from .evaluation.comparison import (
    Comparison as Comparison, compare as compare, measure as measure,
)
from .evaluation.frechet import (
    art_fid as art_fid, frechet_distance as frechet_distance, style_frechet as style_frechet,
)
from .evaluation.measures import (
    color_distance as color_distance, color_spread as color_spread,
    content_distance as content_distance, flicker as flicker, lattice as lattice,
    perceptual_distance as perceptual_distance, ssim as ssim, style_distance as style_distance,
)
from .evaluation.votes import (
    Ballot as Ballot, join_votes as join_votes, votes_needed as votes_needed,
    wilson_interval as wilson_interval,
)

from .notebook.accident import (
    Accident as Accident, folder_accident as folder_accident, show_accident as show_accident,
)
from .notebook.affine_window import (
    show_affine_window as show_affine_window, window_explorer as window_explorer,
)
from .notebook.any_style_panel import (
    any_style as any_style, any_style_explorer as any_style_explorer,
)
from .notebook.attention_panel import (
    attention_explorer as attention_explorer, draw_gaze as draw_gaze,
)
from .notebook.course import (
    budget as budget, budget_name as budget_name, check as check, hello as hello,
    output_folder as output_folder,
)
from .notebook.diagrams import (
    show_loop as show_loop, show_loss_graph as show_loss_graph, show_numbers as show_numbers,
    show_vgg as show_vgg,
)
from .notebook.drawing_panel import draw_on as draw_on, drawing_explorer as drawing_explorer
from .notebook.explorers import (
    layer_explorer as layer_explorer, show_feature_maps as show_feature_maps,
    show_place as show_place, style_explorer as style_explorer,
)
from .notebook.features import spotlight as spotlight
from .notebook.filter_panels import (
    apply_kernel as apply_kernel, filter_explorer as filter_explorer, kernel_explorer as kernel_explorer,
)
from .notebook.films import (
    film_explorer as film_explorer, film_player as film_player, save_film as save_film,
    show_films as show_films,
)
from .notebook.grams import (
    gram_explorer as gram_explorer, show_gram as show_gram, show_gram_entry as show_gram_entry,
)
from .notebook.kit import panel as panel
from .notebook.mask_editor import (
    brush as brush, grow as grow, mask_editor as mask_editor, over_photo as over_photo,
)
from .notebook.moving_clips import moving_clip as moving_clip
from .notebook.patches import (
    best_patches as best_patches, framed as framed, show_patches as show_patches,
)
from .notebook.photo_panels import (
    harmonize_explorer as harmonize_explorer, light_explorer as light_explorer,
    place_cutout as place_cutout, wipe as wipe,
)
from .notebook.recipe_panel import recipe_explorer as recipe_explorer
from .notebook.speed import (
    arrival as arrival, race as race, show_curves as show_curves, show_field as show_field,
    show_lines as show_lines, show_race as show_race,
)
from .notebook.spectra import show_spectra as show_spectra, spectrum as spectrum
from .notebook.studio import Studio as Studio, studio as studio
from .notebook.style_map import (
    map_explorer as map_explorer, mix_at as mix_at, style_map as style_map,
    style_places as style_places,
)
from .notebook.texture_panel import (
    grow_texture as grow_texture, texture_explorer as texture_explorer,
)
from .notebook.training_film import training_film as training_film
from .notebook.vote_panel import preference_panel as preference_panel

__version__: str
