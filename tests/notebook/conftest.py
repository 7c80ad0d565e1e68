"""What the tests of the panels and drawings share."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def figures(monkeypatch):
    """The figures that were shown, kept open until the test is over."""
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    yield shown
    plt.close("all")
