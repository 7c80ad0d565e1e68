"""What all commands share: what can be typed, exit codes, messages, and that help is quick."""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import nstlib
from nstlib.cli.main import build_parser
from nstlib.cli.options import number_type, shares
from nstlib.errors import InputError
from nstlib.stylizers.engine import ENGINES

# Every option of every command, once, and what is to become of it.
OPTIONS = {
    "stylize cat brick -o a.jpg": {"engine": "gatys", "size": 512, "strength": 1.0},
    "stylize cat brick --output ~/a.jpg": {"output": Path("~/a.jpg").expanduser()},
    "stylize cat brick -o a.jpg --size 64 --overwrite --quiet --strength 0.5 --preserve-color": {
        **{"size": 64, "overwrite": True, "quiet": True, "strength": 0.5, "preserve_color": True},
    },
    "stylize cat brick -o a.jpg --engine adain --network n.npz --tile 1024 --alpha 0.5": {
        **{"engine": "adain", "network": "n.npz", "tile": 1024, "alpha": 0.5},
    },
    "stylize cat brick -o a.jpg --palette 0.5 --ground 0": {"palette": 0.5, "ground": 0.0},
    "stylize cat van_gogh -o a.jpg --engine diffusion --noise 0.6": {"noise": 0.6, "seed": None},
    "stylize a b -o c.jpg --recipe gatys-2016 --steps 7 --content-weight 2 --style-weight 3": {
        **{"recipe": "gatys-2016", "steps": 7, "content_weight": 2.0, "style_weight": 3.0},
    },
    "stylize cat brick -o a.jpg --tv-weight 0 --optimizer adam --start noise --weights random": {
        **{"tv_weight": 0.0, "optimizer": "adam", "start": "noise", "weights": "random"},
    },
    "stylize cat brick -o a.jpg --seed 9 --save-every 10 --color match --styles grass gravel": {
        **{"seed": 9, "save_every": 10, "color": "match", "styles": ["grass", "gravel"]},
    },
    "stylize cat brick -o a.jpg --style-weights 1 2 --style-size 0.5 --mask sky --feather 3": {
        **{"style_weights": [1.0, 2.0], "style_scale": 0.5, "mask": ["sky"], "feather": 3.0},
    },
    "stylize cat brick -o a.jpg --content-layers conv4_2=2 --style-layers conv1_1 conv2_1=0.5": {
        "content_layers": [("conv4_2", 2.0)],
        "style_layers": [("conv1_1", 1.0), ("conv2_1", 0.5)],
    },
    "stylize cat brick -o a.jpg --histogram-weight 2 --pooling average --padding reflect": {
        **{"histogram_weight": 2.0, "pooling": "average", "padding": "reflect"},
    },
    "stylize cat brick -o a.jpg --quality 80": {"quality": 80, "lossless": False},
    "stylize cat brick -o a.webp --lossless": {"quality": None, "lossless": True},
    "folder photos the_scream -o out": {"engine": "fast", "size": 512, "full_size": False},
    "folder photos the_scream -o out --quality 80": {"quality": 80, "lossless": False},
    "folder photos the_scream -o out --lossless": {"quality": None, "lossless": True},
    "folder photos the_scream -o out --engine gatys --network n --size 9 --full-size --tile 512": {
        **{"engine": "gatys", "network": "n", "size": 9, "full_size": True, "tile": 512},
    },
    "folder photos the_scream -o out --strength 0 --preserve-color --extension .png --workers 2": {
        **{"strength": 0.0, "preserve_color": True, "extension": ".png", "workers": 2},
    },
    "folder photos the_scream -o out --scheduler tcp://host:8786 --timeout 3 --quiet": {
        **{"scheduler": "tcp://host:8786", "timeout": 3.0, "quiet": True},
    },
    "folder photos van_gogh -o out --engine diffusion --noise 0.3 --seed 2": {
        **{"engine": "diffusion", "noise": 0.3, "seed": 2},
    },
    "video v.mp4 the_scream -o out.mp4": {"engine": "fast", "size": None, "video": Path("v.mp4")},
    "video v.mp4 the_scream -o out.mp4 --engine gatys --steps 60 --size 256 --consistency 0.5": {
        **{"engine": "gatys", "steps": 60, "size": 256, "consistency": 0.5},
    },
    "video v.mp4 the_scream -o o.mp4 --network n --alpha 1 --strength 0.5 --preserve-color": {
        **{"network": "n", "alpha": 1.0, "strength": 0.5, "preserve_color": True},
    },
    "video v.mp4 van_gogh -o o.mp4 --engine diffusion --noise 0.3 --seed 2": {
        **{"engine": "diffusion", "noise": 0.3, "seed": 2},
    },
    "video v.mp4 the_scream -o o.mp4 --codec libx264 --overwrite --quiet": {
        **{"codec": "libx264", "overwrite": True, "quiet": True},
    },
    "texture brick -o wall.png": {"name": "brick", "size": 512, "seed": 0, "train": None},
    "texture brick -o wall.png --size 640x480 --seed 3 --quiet --overwrite": {
        **{"size": (480, 640), "seed": 3, "quiet": True, "overwrite": True},
    },
    "texture mine.jpg -o wall.png --train t --steps 9": {"train": Path("t"), "steps": 9},
    "compare cat the_scream a.jpg b.jpg --engines fast,adain --steps 3 -o t.csv -o s.jpg": {
        **{"paintings": ["a.jpg", "b.jpg"], "engines": "fast,adain", "steps": 3},
        "output": [Path("t.csv"), Path("s.jpg")],
    },
    "compare cat the_scream --engines gatys --size 64 --overwrite --quiet": {
        **{"engines": "gatys", "size": 64, "overwrite": True, "quiet": True, "output": []},
    },
    "export light -o light.onnx --check": {"network": "light", "check": True, "style": None},
    "export adain -o a.tflite --style cat --alpha 0.5 --size 64x48 --precision float32": {
        **{"style": "cat", "alpha": 0.5, "size": (48, 64), "precision": "float32"},
    },
    "export light -o folder --overwrite": {"output": Path("folder"), "overwrite": True},
    "train styles --content photos --style mine.jpg yours.jpg -o training": {
        **{"kind": "styles", "content": Path("photos"), "style": ["mine.jpg", "yours.jpg"]},
        **{"style_size": 448, "preview": ("great_wall", "cat", "chameleon")},
    },
    "train transform --content p --style s -o o --add-to a --steps 1 --batch 2": {
        **{"add_to": "a", "go_on_from": None, "steps": 1, "batch": 2},
    },
    "train stylebank --content p --style s -o o --go-on-from g --crop 64 --style-size 99": {
        **{"add_to": None, "go_on_from": "g", "crop": 64, "style_size": 99},
    },
    "train styles --content p --style s -o o --style-weight 2": {"style_weight": 2.0},
    "train adain-light --content p --style s -o o --learning-rate 1e-3 --every 5 --seed 1": {
        **{"learning_rate": 1e-3, "every": 5, "seed": 1},
    },
    "train collection --from p --to s -o o": {
        **{"kind": "collection", "content": Path("p"), "style": ["s"], "crop": None},
    },
    "train cartoon --from p --to s -o o --terms texture=2 content=0.5": {
        **{"kind": "cartoon", "terms": ["texture=2", "content=0.5"]},
    },
    "train one-way --from p --to s -o o --go-on-from light --begin-as the_kiss --zoom 1 2": {
        **{"kind": "one-way", "begin_as": "the_kiss", "zoom": [1.0, 2.0]},
    },
    "train adain --content p --style s -o o --preview cat --weights random": {
        **{"preview": ["cat"], "weights": "random"},
    },
    "train diffusion --style a.jpg b.jpg -o o": {"kind": "diffusion", "content": None},
    "weights --network vgg16 --file f.h5": {"network": "vgg16", "file": Path("f.h5")},
    "styles": {},
    "doctor": {},
}


@pytest.mark.parametrize("line", OPTIONS)
def test_what_can_be_typed(line):
    args = build_parser().parse_args(shlex.split(line))
    assert {name: getattr(args, name) for name in OPTIONS[line]} == OPTIONS[line]


def test_every_option_is_in_the_table_above():
    (commands,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    for name, parser in commands.choices.items():
        lines = " ".join(line for line in OPTIONS if line.split()[0] == name).split()
        shared = {"--tile", "--alpha", "--steps", "--palette", "--ground", "--help"}  # one for all
        known = {option for action in parser._actions for option in action.option_strings}
        missing = {option for option in known if option.startswith("--")} - {*lines} - shared
        assert missing <= ({"--output"} if name != "stylize" else set()), name


def test_help_names_the_default_engine_and_imports_nothing_heavy():
    program = """if True:
        import sys
        from nstlib.cli.main import main
        for arguments in (["--help"], ["stylize", "--help"], ["video", "--help"]):
            try:
                main(arguments)
            except SystemExit as end:
                assert end.code == 0
        heavy = {"keras", "tensorflow", "jax", "torch", "PIL", "cv2", "matplotlib"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "--save-every" in said and "out of noise: gatys" in said and "out of noise: fast" in said
    assert all(engine in said for engine in ENGINES)


def test_version(run):
    assert run("--version") == (0, f"nstlib {nstlib.__version__}\n", "")


def test_shares_of_styles():
    assert shares("the_scream") == "the_scream"
    assert shares("the_scream=1, great_wave=0.5") == {"the_scream": 1.0, "great_wave": 0.5}
    Path("a=b.jpg").touch()
    assert shares("a=b.jpg") == "a=b.jpg", "a file of that name comes first"
    with pytest.raises(InputError, match="no mix; write great_wave=0.5"):
        shares("the_scream=a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "it is 0; it must be a whole number, 1 or more"),
        ("big", "it is 'big'; it must be a whole number, 1 or more"),
        ("1.5", "it is '1.5'; it must be a whole number"),
        ("9" * 400, "it must be a whole number, 1 or more"),
        ("nan", "it is nan; it must be"),
    ],
)
def test_a_number_says_what_is_allowed(text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        number_type(1, whole=True)(text)


# --- weights, styles ------------------------------------------------------------------------------


def test_weights_says_which_copy(run, monkeypatch):
    from nstlib.vgg import weights

    copy = SimpleNamespace(origin="VGG19 from a test")
    monkeypatch.setattr(weights, "load_vgg_weights", lambda network, source: copy)
    assert run("weights") == (0, "VGG19 from a test\n", "")


def test_styles_lists_every_picture_with_its_licence(run):
    from nstlib.images.bundled import bundled_networks, pictures, textures as names

    code, out, err = run("styles")
    table, learnt, textures = out.split("\n\n")
    lines = table.splitlines()
    assert (code, err) == (0, "") and lines[0].split()[:3] == ["NAME", "KIND", "SIZE"]
    for name, row in bundled_networks().items():
        assert f"{name}: {', '.join(row['styles'])}" in learnt
    assert textures == f"Textures of `texture`: {', '.join(names())}\n"
    assert len(lines) == 1 + len(pictures())
    for picture in pictures():
        line = next(line for line in lines if line.split()[0] == picture.name)
        parts = (picture.kind, picture.title, picture.author, picture.licence)
        assert all(part in line for part in (*parts, f"{picture.width} x {picture.height}"))
