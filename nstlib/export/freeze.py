"""A painting network for one style, made of plain layers only.

A network of many styles, or of any, takes more than a picture. Where that is known, all that
depends on it alone can be computed once, and what belongs to other styles left out. Files for other
programs and painting in tiles then have to know no more than a dozen kinds of layers.
"""

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.errors import InputError, number
from nstlib.images.bundled import DIFFUSION
from nstlib.networks.adain import Adapt
from nstlib.networks.blocks import ConditionalInstanceNormalization, InstanceNormalization
from nstlib.networks.conditions import conditions
from nstlib.networks.files import PaintingNetwork, load_network
from nstlib.networks.ground import Ground
from nstlib.networks.palette import OnePalette, Palette
from nstlib.networks.stylebank import MixBanks
from nstlib.vgg.statistics import level_statistics

TOO_SMALL = 1e-6  # a share that no picture of 256 levels can show


@own_settings()
def freeze(
    network: keras.Model, condition: list, palette: float = 1.0, ground: float = 1.0
) -> keras.Model:
    """A network [picture, *condition] -> painting as a network picture -> painting.

    `condition` is what `nstlib.networks.conditions` makes, arrays (1, …); with an empty one the
    network is given back as it is. `palette`, 0..1, is how far the photo gets the painting's
    colours, `ground` how strong the ground is, where 1 is what the network knows. What is returned
    has weights of its own.
    """
    if not condition:
        return network
    plain = _PLAIN | {
        Palette: lambda layer, x, colors: _in_palette(layer, x, palette * colors[0]),
        Ground: lambda layer, x: _primed(layer, x, ground * layer.strength),
    }
    image = keras.Input(network.inputs[0].shape[1:], name="image")
    pairs = zip(network.inputs, [image, *condition], strict=True)
    found = {id(tensor): value for tensor, value in pairs}
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        taken = [found[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        if any(isinstance(value, keras.KerasTensor) for value in taken):
            found[id(layer.output)] = plain.get(type(layer), _copied)(layer, *taken)
        else:
            found[id(layer.output)] = ops.convert_to_numpy(_called(layer, taken))
    return keras.Model(image, found[id(network.outputs[0])], name=network.name)


def for_style(network, style, options: dict) -> tuple[PaintingNetwork, keras.Model]:
    """A trained network, by name or as it is, and the same for one style; as it is if that is None.

    `style` and `options` are as for `nst.stylizer`. Raises InputError for options without a style,
    and for `palette` or `ground` where the network has no such layer.
    """
    if not isinstance(network, PaintingNetwork):
        network = load_network(network)
    if network.architecture == DIFFUSION:
        raise InputError(
            "This is a diffusion network, which paints in many steps, not in one pass: "
            'nst.stylizer("diffusion") paints with it.'
        )
    if style is None and options:
        raise InputError(f"{', '.join(options)}: this belongs to a style, so give `style=` too.")
    if style is None:
        return network, network.network
    laid = {name: options[name] for name in ("palette", "ground") if name in options}
    for name, share in laid.items():
        number(name, share, 0, 1)
        if name not in [layer.name for layer in network.network.layers]:
            raise InputError(f"{name}: the network {network.architecture} has no such layer.")
    rest = {name: value for name, value in options.items() if name not in laid}
    return network, freeze(network.network, conditions(network, style, **rest), **laid)


def _called(layer, taken, weights: list | None = None):
    """What a layer makes of what it takes; a new one is given its weights."""
    result = layer(list(taken) if len(taken) > 1 else taken[0])
    if weights:
        layer.set_weights(weights)
    return result


def _copied(layer, *taken):
    return _called(type(layer).from_config(layer.get_config()), taken, layer.get_weights())


def _conditional(layer, x, mix):
    scale, shift = ((mix @ table)[0] for table in layer.get_weights())
    return _normalized(layer.name, x, scale, shift, epsilon=layer.epsilon, limit=layer.limit)


def _adapted(layer, x, style, alpha):
    share = float(alpha[0, layer.place])
    mean, std = share * ops.convert_to_numpy(level_statistics(style, layer.level))[0]
    return _sum(layer, [(1, _normalized(layer.name, x, std, mean)), (1 - share, x)])


def _in_palette(layer, x, colors):
    whole = colors[-1] > TOO_SMALL
    return _called(OnePalette(name=layer.name), [x], [colors]) if whole else x


def _primed(layer, x, strength: float):
    return _called(Ground(strength, name=layer.name), [x]) if strength else x


def _mixed(layer, mix, features, *banks):
    return _sum(layer, [*zip(mix[0], banks, strict=True), (1 - mix.sum(), features)])


def _normalized(name: str, x, scale, shift, **options):
    return _called(InstanceNormalization(name=name, **options), [x], [scale, shift])


def _sum(layer, parts: list):
    """Tensors times their shares, added up, without those that nobody can see."""
    kept = [(float(share), part) for share, part in parts if share > TOO_SMALL]
    scaled = [
        part if share == 1 else layers.Rescaling(share, dtype=layer.dtype_policy)(part)
        for share, part in kept
    ]
    return layers.Add(dtype=layer.dtype_policy)(scaled) if len(scaled) > 1 else scaled[0]


_PLAIN = {ConditionalInstanceNormalization: _conditional, Adapt: _adapted, MixBanks: _mixed}
