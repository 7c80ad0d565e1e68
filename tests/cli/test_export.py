"""export: what it writes and says, checked against Keras."""

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        (
            "l.onnx",
            ("--style", "starry_night=1,poppies=1"),
            "MB, ONNX\n  inputs: image (1, 3, any, any)\n  outputs: painting (1, 3, any, any)",
        ),
        (
            "l.tflite",
            ("--size", "64x48"),
            "MB, LiteRT\n  inputs: image (1, 48, 64, 3), mix (1, 15)\n  outputs: painting (1, 48, ",
        ),
    ],
)
def test_export_prints_what_it_wrote(run, name, options, expected):
    code, printed, _ = run("export", "light", "-o", name, *options, "--check")
    assert code == 0 and printed.startswith(f"Wrote {name}: ") and expected in printed
    difference = printed.partition("Largest difference from Keras: ")[2].split()[0]
    assert float(difference) < 1e-3
    code, _, err = run("export", "light", "-o", name)
    assert code == 1 and "is there already" in err and "--overwrite" in err


def test_a_folder_is_checked_before_the_work(run):
    Path("folder").mkdir()
    Path("folder/saved_model.pb").touch()
    code, _, err = run("export", "light", "-o", "folder")
    assert code == 1 and "is there already" in err and "--overwrite" in err
    Path("file").touch()
    code, _, err = run("export", "light", "-o", "file", "--overwrite")
    assert code == 1 and "is a file" in err or "in, a file" in err
    code, _, err = run("export", "light", "-o", "l.tflite", "--precision", "float8")
    assert code == 1 and "precision is 'float8'" in err and not Path("l.tflite").exists()
