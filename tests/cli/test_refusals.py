"""What cannot work: said in a line, before the work, and no file is touched."""

import os
import shlex
from pathlib import Path

import pytest
from PIL import Image

# --- Wrong usage: exit code 2 ---------------------------------------------------------------------

STYLIZE, COMPARE = "stylize cat brick -o a.jpg", "compare cat great_wave"
VIDEO, FOLDER, EXPORT = "video v.mp4 brick -o o.mp4", "folder in brick -o out", "export light -o"
TRAIN = "train styles --content photos --style brick -o out"
WRONG_USAGE = {
    "": "COMMAND",
    "paint": "stylize",
    "stylize cat brick": "-o/--output",
    f"{STYLIZE} --size 0": "--size: it is 0; it must be a whole number, 1 or more",
    f"{STYLIZE} --style-weight -1": "--style-weight: it is -1.0; it must be a number, 0 or more",
    f"{STYLIZE} --tv-weight inf": "--tv-weight: it is inf; it must be a number",
    f"{STYLIZE} --seed -1": "--seed: it is -1; it must be a whole number from 0 to 4",
    f"{STYLIZE} --strength 2": "--strength: it is 2.0; it must be a number from 0 to 1",
    f"{STYLIZE} --style-size 0": "--style-size: it is 0.0; it must be a number from 0.05 to 20",
    f"{STYLIZE} --optimizer lbgfs": "invalid choice: 'lbgfs' (choose from",
    f"{STYLIZE} --color red": "invalid choice: 'red'",
    f"{STYLIZE} --styles grass --mask a b c": "--mask gives 3 for 2 paintings",
    f"{STYLIZE} --mask rest": "--mask rest is what other masks leave",
    f"{STYLIZE} --feather 3": "--feather softens masks",
    f"{STYLIZE} --style-layers conv1_1=x": "--style-layers: it is 'x'; it must be a number",
    f"{STYLIZE} --engine fast --mask sky": "--mask is for --engine gatys only",
    f"{STYLIZE} --engine fast --color match": "--color is for --engine gatys only",
    f"{STYLIZE} --engine adain --save-every 3": "--save-every is for --engine gatys only",
    f"{STYLIZE} --network light": "--network is for --engine fast or adain or adain-light or",
    f"{STYLIZE} --quality 101": "--quality: it is 101; it must be a whole number from 1 to 100",
    f"{STYLIZE} --lossless": "--lossless is for .webp; .png and .tif have no loss anyway",
    "stylize cat brick -o a.png --quality 80": "--quality is for .jpg, .webp and .avif",
    "stylize cat brick -o a.webp --quality 80 --lossless": "--quality is for files with a loss",
    "stylize cat brick=1,grass=1 -o a.jpg": "gatys takes no mix",
    f"{VIDEO} --alpha 1": "--alpha is for --engine adain only",
    f"{VIDEO} --steps 5": "--steps is for --engine gatys or diffusion only",
    f"{FOLDER} --engine gatys --tile 64": "--tile is for --engine fast or adain or adain-light",
    COMPARE: "name a PAINTING at least",
    f"{COMPARE} mine.png --steps 3": "--steps is for --engines gatys",
    f"{EXPORT} l.onnx --size 64x64": "--size is for .tflite files only",
    f"{EXPORT} folder --precision float16": "--precision is for .tflite files only",
    f"{EXPORT} l.tflite --size 64": "'64' is no size; write 640x480",
    f"{TRAIN} --add-to light --go-on-from light": "--go-on-from: not allowed with argument --add",
}


@pytest.mark.parametrize("line", WRONG_USAGE)
def test_wrong_usage_is_exit_code_2(run, line):
    code, out, err = run(*shlex.split(line))
    assert code == 2 and out == "" and err.startswith("usage: nstlib"), err
    assert WRONG_USAGE[line] in err and not list(Path().iterdir())


# --- What the commands refuse: exit code 1 --------------------------------------------------------

QUICK = "-o a.png --size 64 --steps 1 --weights random"
CAT, FAST = f"stylize cat brick {QUICK}", "stylize cat -o a.png --engine fast"
ADAIN = "-o a.png --engine adain --size 64"
TRANSFORM = "train transform --content saved -o out --style"
BAD = ("missing.jpg", "folder.jpg", "text.jpg", "empty.jpg", "cut.jpg")
READ = "is one of the files that are read"
REFUSED = {
    **{f"stylize {name} brick {QUICK}": name for name in BAD},
    **{f"stylize cat {name} {QUICK}": name for name in BAD},
    f"stylize cat stary_night {QUICK}": "Did you mean 'starry_night'?",
    f"stylize cat stary_night {ADAIN}": "Did you mean 'starry_night'?",
    f"{FAST} the_screm": "Did you mean 'the_scream'?",
    f"{FAST} the_scream=a": "'the_scream=a' is no mix; write great_wave=0.5",
    f"{CAT} --weights nowhere.h5": "nowhere.h5",
    f"{CAT} --recipe gatys-2061": "Did you mean 'gatys-2016'?",
    f"{CAT} --content-weight 0 --style-weight 0": "both 0",
    f"{CAT} --style-layers conv9_1": "VGG19 has no layer 'conv9_1'",
    f"{CAT} --styles gras": "bundled picture gras. Did you mean 'grass'",
    f"{CAT} --style-weights 1 2": "There are 1 paintings (brick) and 2 style_weights",
    f"{CAT} --styles grass --style-weights 0 0": "sum of style_weights is 0",
    f"{CAT} --mask sbject": "no mask sbject. Did you mean 'subject'?",
    f"{CAT} --mask sky": "No sky was found",
    f"{CAT} --mask black.png": "The mask of brick is 0 everywhere",
    f"{CAT} --styles grass --mask white.png black.png": "The mask of grass is 0 everywhere",
    # What is no picture, or too small, leads somewhere
    f"stylize folder.jpg brick {QUICK}": "`nstlib folder` paints all of them",
    f"stylize cat folder.jpg {QUICK}": "name a picture in it",
    f"stylize film.mp4 brick {QUICK}": "a film is painted by `nstlib video`",
    f"stylize cat film.mp4 {ADAIN}": "a film is painted by `nstlib video`",
    f"stylize https://x.org/a.jpg brick {QUICK}": "https://x.org/a.jpg is an address, not a file",
    "folder https://x.org/a the_scream -o out": "https://x.org/a is an address, not a file",
    f"stylize strip.png brick {QUICK}": "its file has 64 there, and --size 900 is enough",
    "stylize strip.png the_scream -o a.png --engine fast": "--size 900 is enough",
    f"stylize dot.png brick {QUICK}": "32 on the shorter side: --size never enlarges",
    f"stylize cat dot.png {QUICK}": "The dot picture has 24 x 24 pixels",
    "stylize dot.png the_scream -o a.png --engine fast --size 2000": "--size never enlarges",
    # Outputs
    f"{CAT} -o a.pdf": ".jpg, .jpeg, .png",
    f"{CAT} -o .jpg": ".jpg, .jpeg, .png",
    f"{CAT} -o folder.jpg": "folder.jpg is a folder: name a file in it",
    f"{CAT} -o file/a.jpg": "The folder of the output, file, is, or is in, a file",
    f"{CAT} -o text.jpg": "text.jpg is there already: name another, or allow overwriting it",
    f"{CAT} -o b.jpg --steps 2 --save-every 2": "b-0002.jpg is there already",
    f"stylize white.png brick {QUICK} -o ./white.png --overwrite": READ,
    f"stylize cat link.png {QUICK} -o white.png --overwrite": READ,
    f"stylize cat brick=1,white.png=3 {ADAIN} -o white.png --overwrite": READ,
    f"{CAT} --start white.png -o white.png --overwrite": READ,
    f"{CAT} --mask white.png -o white.png --overwrite": READ,
    # Other commands
    f"{COMPARE} white.png -o white.png --overwrite": READ,
    f"{COMPARE} white.png -o text.jpg": "text.jpg is there already",
    f"{COMPARE} --engines gatis": "--engines is 'gatis'. Did you mean 'gatys'?",
    "compare cat brick --engines fast --size 64": "has not learnt 'brick'",
    f"{EXPORT} l.pb": "l.pb can end in .onnx or .tflite, or be a folder",
    f"{EXPORT} old.onnx": "old.onnx is there already",
    f"{EXPORT} saved": "saved_model.pb is there already",
    f"{EXPORT} file --overwrite": "file",
    f"{EXPORT} l.onnx --alpha 0.5": "alpha: this belongs to a style",
    f"{EXPORT} l.tflite --precision float8": "precision is 'float8'",
    f"{TRANSFORM} the_scream great_wave": "learns one style",
    f"{TRANSFORM} white.png link/white.png": "Two pictures have one name",
    f"{TRANSFORM} the_screm": "Did you mean 'the_scream'",
    f"{TRANSFORM} the_scream --go-on-from light": "light is light; `train transform` goes on",
    "train adain --content saved -o out --style saved the_scream": "one folder of many paintings",
    "train adain --content saved -o out --style the_scream": "of many paintings, not the_scream",
    "train collection --from saved --to cat -o out": "one folder of pictures, not cat",
    "train collection --from saved --to folder.jpg -o o --go-on-from adain-light": "no pictures",
    "train collection --from saved --to saved -o out": "Both folders are called saved",
    "train collection --from photos --to saved -o out --go-on-from light": "light knows 15 styles",
    "train adain --content saved -o out --style saved --go-on-from light": "light is light; `train",
    "weights --file nowhere.h5": "nowhere.h5",
    "weights --file page.h5": "cannot be used as VGG19",
}


@pytest.fixture
def things(photo) -> dict:
    """Files in the way and pictures that cannot be used; returns all files with their content."""
    for folder in ("folder.jpg", "saved", "link"):
        Path(folder).mkdir()
    contents = {
        "text.jpg": "hello",
        "empty.jpg": "",
        "b-0002.jpg": "precious",
        "file": "in the way",
    }
    contents |= {"page.h5": "<html>", "old.onnx": "precious", "saved/saved_model.pb": "precious"}
    for name, text in contents.items():
        Path(name).write_text(text)
    Image.open(photo).save("cut.jpg")
    Path("cut.jpg").write_bytes(Path("cut.jpg").read_bytes()[:-200])
    for name, color in {"black.png": 0, "white.png": 255, "link/white.png": 255}.items():
        Image.new("L", (64, 43), color).save(name)
    Image.new("L", (64, 1800)).save("strip.png")
    Image.new("L", (24, 24)).save("dot.png")
    Path("film.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    os.symlink("white.png", "link.png")
    return on_disk()


def on_disk() -> dict:
    return {path: path.is_file() and path.read_bytes() for path in Path().rglob("*")}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_work_is_one_line_and_exit_code_1(run, things, line):
    code, out, err = run(*shlex.split(line))
    assert (code, out) == (1, "") and REFUSED[line] in err, err
    assert err.startswith("nstlib: ") and "DEBUG" not in err and on_disk() == things
