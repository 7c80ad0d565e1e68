"""The page that goes with every network."""

from nstlib.networks.files import PaintingNetwork, build_network
from nstlib.networks.training.model_card import loss_table, model_card


def test_a_card_names_styles_settings_losses_and_faults():
    trained = PaintingNetwork("light", ("dots",), build_network("light", 1), {"style_size": 384})
    log = [{"step": step, "loss": 8 / step, "identity": 0.0} for step in range(1, 101)]
    card = model_card("mine", trained, log, extra={"Known faults": "A grid."})
    assert card.startswith("# mine\n")
    for part in ("`light`", "dots", "**Style size**: 384", "| 100 | 0.080 |", "## Known faults"):
        assert part in card
    assert "identity" not in card, "a term that is always 0 says nothing"


def test_the_table_of_losses_is_short_and_has_both_ends():
    log = [{"step": step, "loss": float(step)} for step in range(1, 1001)]
    rows = loss_table(log)
    assert len(rows) == 10 and rows[2].startswith("| 1 |") and rows[-1].startswith("| 1000 |")
    assert len(loss_table(log[:2])) == 4
