"""export: what it writes and says, checked against Keras; files are written elsewhere."""

from pathlib import Path
from types import SimpleNamespace

import pytest


def test_export_prints_what_it_wrote_and_how_near_it_is(run):
    mix = ("--style", "starry_night=1,the_scream=1")
    code, printed, _ = run("export", "light", "-o", "l.onnx", *mix, "--check")
    wrote, inputs, outputs, difference = printed.splitlines()
    assert code == 0 and wrote.startswith("Wrote l.onnx: ") and wrote.endswith(" MB, ONNX")
    assert inputs == "  inputs: image (1, 3, any, any)"
    assert outputs == "  outputs: painting (1, 3, any, any)"
    assert float(difference.removeprefix("Largest difference from Keras: ").split()[0]) < 1e-3


@pytest.mark.parametrize(
    ("output", "typed", "writer", "options"),
    [
        ("l.tflite", ["--size", "64x48"], "export_litert", {"size": (48, 64)}),
        ("l.tflite", ["--precision", "float32"], "export_litert", {"precision": "float32"}),
        ("l", ["--style", "cat", "--alpha", 0.5], "export_saved_model", {"alpha": 0.5}),
    ],
)
def test_options_reach_what_writes(run, monkeypatch, output, typed, writer, options):
    def stand_in(network, path, style, **given):
        assert (network, style, given) == ("adain", "cat" if "alpha" in given else None, options)
        Path(path / "saved_model.pb" if path.is_dir() else path).write_bytes(b"0" * 10**5)
        return path

    opened = SimpleNamespace(path=Path(output), inputs={"image": (1, None)}, outputs={})
    monkeypatch.setattr(f"nstlib.export.tensorflow.{writer}", stand_in)
    monkeypatch.setattr("nstlib.export.reader.open_exported", lambda path: opened)
    code, printed, _ = run("export", "adain", "-o", output, *typed)
    kind = {"export_litert": "LiteRT", "export_saved_model": "SavedModel"}[writer]
    assert code == 0 and f"Wrote {output}: 0.1 MB, {kind}\n  inputs: image (1, any)" in printed


def test_a_texture_is_checked_on_noise(run):
    code, printed, _ = run("export", "texture_brick", "-o", "brick.onnx", "--check")
    assert code == 0 and printed.endswith("(256 x 256 pixels of noise)\n")
    assert float(printed.split("Largest difference from Keras: ")[1].split()[0]) < 1e-3
