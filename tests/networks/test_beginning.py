"""Networks that begin with another's knowledge, and banks that meet in one picture."""

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError


def test_it_paints_as_the_network_for_any_style_does():
    painting, photo = nst.painting("the_scream", 96), nst.photo("cat", 64)
    own = nst.network_for({"mine": painting})
    assert own.architecture == "light" and own.styles == ("mine",)
    painted = np.asarray(own.network([photo, np.ones((1, 1), "float32")]))
    known = nst.stylizer("adain-light", painting, runtime="keras")(photo)
    assert np.abs(painted - known).max() < 0.02


def test_a_bank_everywhere_is_its_style_and_halves_are_both():
    bank, photo = nst.load_network("stylebank"), nst.photo("cat", 64)
    ones = np.ones((1, *photo.shape[1:3], 1), "float32")
    left = np.copy(ones)
    left[:, :, 32:] = 0
    udnie, fuji = (
        nst.stylizer(style, network="stylebank", runtime="keras")(photo)
        for style in ("udnie", "red_fuji")
    )
    assert np.abs(nst.banks_by_region(bank, photo, {"udnie": ones}) - udnie).max() < 1e-3
    met = nst.banks_by_region(bank, photo, {"udnie": left, "red_fuji": ones - left})
    assert np.abs(met - udnie)[:, :, :16].mean() < np.abs(met - fuji)[:, :, :16].mean()
    assert np.abs(met - fuji)[:, :, -16:].mean() < np.abs(met - udnie)[:, :, -16:].mean()


def test_other_networks_have_no_banks():
    with pytest.raises(InputError, match="light has no banks: nst.by_region"):
        nst.banks_by_region(nst.load_network("light"), nst.photo("cat", 64), {})


def test_a_picture_without_regions_is_refused():
    with pytest.raises(InputError, match="regions is empty"):
        nst.banks_by_region(nst.load_network("stylebank"), nst.photo("cat", 64), {})
