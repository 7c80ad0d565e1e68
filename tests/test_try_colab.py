"""What the first cell of a chapter changes in Colab, worked out from a small list of packages."""

import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import try_colab

LISTED = """# made by pip freeze
google-colab @ file:///colabtools/dist/google_colab-1.0.0.tar.gz
lazy_loader==0.4
numpy==2.0.2
torch==2.9.0+cpu
traitlets==5.7.1
"""


def test_a_list_is_read_by_the_names_that_pip_compares():
    found = try_colab.pins(LISTED)
    expected = {"lazy-loader": "0.4", "numpy": "2.0.2", "torch": "2.9.0", "traitlets": "5.7.1"}
    assert found == expected


def test_what_is_no_list_gets_a_sentence():
    with pytest.raises(SystemExit, match="no list of `pip freeze`"):
        try_colab.pins("<html>404: Not Found</html>")


def test_the_plan_keeps_raises_and_adds():
    asked = [Requirement(one) for one in ("numpy>=2.0", "traitlets>=5.9", "av>=17")]
    kept, raised, added = try_colab.plan(try_colab.pins(LISTED), asked)
    assert (kept.what, raised.what, added.what) == ("kept", "raised", "added")
    assert raised.restarts and not added.restarts
    assert str(raised) == "raised traitlets 5.7.1 (>=5.9): the notebook has to be restarted"


def test_what_pip_did_is_told_package_by_package():
    before, after = {"numpy": "2.0.2", "six": "1"}, {"numpy": "2.1", "six": "1", "av": "17"}
    assert try_colab.changes(before, after) == ["pip: av - -> 17", "pip: numpy 2.0.2 -> 2.1"]


def test_only_a_plan_installs_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    (tmp_path / "list.txt").write_text(LISTED)
    assert try_colab.main(["--plan", "--list", str(tmp_path / "list.txt")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(try_colab.requirements()) > 15
    assert "added  tensorflow - (>=2.18)" in lines


def test_the_environment_gets_colabs_versions_of_what_is_asked_for(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: ran.append([*map(str, words)]))
    out = tmp_path / "colab"
    monkeypatch.setattr(try_colab.shutil, "rmtree", lambda *_, **__: out.mkdir())
    try_colab.environment(out, "python3.12", try_colab.pins(LISTED))
    assert ran[0][:3] == ["python3.12", "-m", "venv"]
    assert ran[1][-3:] == ["numpy", "traitlets", "lazy-loader"]
    assert "torch" not in ran[1] and "torch==2.9.0\n" in Path(out, "pins.txt").read_text()
