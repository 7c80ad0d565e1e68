"""The settings of papers, tutorials and this course's sources: what each changes of a `Recipe`."""

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))


def _weighted(weights) -> dict[str, float]:
    return dict(zip(STYLE_LAYERS, weights, strict=True))


PLAIN = dict(
    # Block 5 sees whole objects of the painting and would repeat them, so it weighs less.
    style_layers=_weighted((0.25, 0.25, 0.25, 0.2, 0.05)),
    style_weight=20.0,
    tv_weight=10.0,
    relative=True,
    grain=1.6,
    padding="reflect",
    steps=100,
    source="this course, chapter 04: relative terms, reflection padding, a little smoothing, "
    "paintings without their grain",
)
SOURCE_003 = dict(
    content_layers=["block4_conv2", "block5_conv2"],
    style_weight=500.0,
    convention="source-002",
    start="mix",
    optimizer="adam",
    learning_rate=1 / 255,
    steps=200,
    source="source 003, VGG19: layers and weights as source 002, Adam 1 on pixels 0..255, "
    "200 steps. Its noise is within 20 of gray, this one's from 0 to 1",
)
SOURCE_004 = dict(
    content_layers=["block5_conv2"],
    content_weight=1e3,
    style_weight=1e-2,
    convention="tensorflow-tutorial",
    optimizer="adam",
    learning_rate=0.02,
    beta_1=0.99,
    epsilon=0.1,
    steps=1000,
    source="source 004: content block5_conv2, Adam(0.02, 0.99, epsilon 0.1), 10 x 100 steps",
)

KNOWN_RECIPES: dict[str, dict] = {
    "default": dict(
        PLAIN,
        coordinates="waves",
        coarse={0.5: 50},
        coarse_content=2.0,
        steps=60,
        precision="fast",
        source="this course, chapter 05: as plain, at half size first, in waves, in half the bits",
    ),
    "plain": PLAIN,
    "feed-forward": dict(
        PLAIN,
        content_layers=["block3_conv2"],
        style_layers=STYLE_LAYERS[:4],
        content_weight=3.0,
        style_weight=50.0,
        tv_weight=15.0,
        optimizer="adam",
        source="this course, chapter 08: what its feed-forward networks were trained to minimise",
    ),
    "gatys-2016": dict(
        style_layers=_weighted(1 / channels**2 for channels in (64, 128, 256, 512, 512)),
        style_weight=1e3,
        steps=500,
        source="Gatys et al. 2016 by the authors' code: content conv4_2, style 1000 / channels^2",
    ),
    "johnson-neural-style": dict(
        content_weight=5.0,
        style_layers=dict.fromkeys(STYLE_LAYERS, 1.0),
        style_weight=100.0,
        tv_weight=1e-3,
        convention="neural-style",
        start="noise",
        steps=1000,
        source="Johnson's neural-style: content 5, style 100, TV 0.001, L-BFGS, 1000 "
        "iterations. It starts from nearly gray noise, this one from noise of 0..1",
    ),
    "crowsonkb": dict(
        content_weight=0.015,
        style_layers=_weighted(part / 341 for part in (256, 64, 16, 4, 1)),
        tv_weight=2.0,
        convention="crowsonkb",
        optimizer="adam",
        coarse={0.25: 1000, 0.354: 500, 0.5: 500, 0.707: 500},
        steps=500,
        padding="reflect",
        average=0.99,
        source="Crowson's style-transfer-pytorch: layers 256:64:16:4:1, Adam 0.02, sizes from a "
        "quarter on by sqrt(2), average 0.99. It pads the first layer by its border and keeps "
        "Adam's state from size to size; its network is torchvision's",
    ),
    "source-001": dict(
        content_weight=10.0,
        style_weight=40.0,
        convention="source-001",
        optimizer="adam",
        learning_rate=2 / 255,
        steps=2000,
        source="source 001: Adam 2 on pixels 0..255, 2000 steps from the photo; the weights 10 "
        "and 40 and the layer conv4_2 are those of the exercise that it follows",
    ),
    "source-002": dict(
        SOURCE_003,
        steps=3000,
        source="source 002: content conv4_2 and conv5_2, 1 to 500, half noise, 3000 steps; the "
        "optimiser is that of source 003",
    ),
    "source-003": SOURCE_003,
    "source-003-vgg16": dict(
        SOURCE_003,
        network="vgg16",
        content_layers=["block3_conv3"],
        style_layers=["block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3"],
        source="source 003, its VGG16 variant: content relu3_3, style to relu4_3",
    ),
    "source-004": SOURCE_004,
    "tensorflow-tutorial": dict(
        SOURCE_004,
        content_weight=1e4,
        tv_weight=30.0,
        source="TensorFlow's tutorial on style transfer: as source 004, with total variation 30",
    ),
    "keras-example": dict(
        content_layers=["block5_conv2"],
        content_weight=2.5e-8,
        style_weight=1e-6,
        tv_weight=1e-6,
        convention="keras-example",
        optimizer="sgd",
        learning_rate=100 / 255**2,  # a gradient by pixels of 0..1 is 255 times one by 0..255
        decay=0.96,
        steps=4000,
        source="Keras' example: SGD 100 on pixels 0..255, times 0.96 every 100 steps",
    ),
}
