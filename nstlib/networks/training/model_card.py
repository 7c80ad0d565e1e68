"""What has to be known about a trained network before anyone relies on it, as a page of Markdown.

After Mitchell et al., "Model Cards for Model Reporting", 2019.
"""

from collections.abc import Mapping, Sequence

from nstlib.networks.files import PaintingNetwork

ROWS = 8  # of the loss curve that are printed


def model_card(
    name: str, trained: PaintingNetwork, log: Sequence[Mapping], *, extra: Mapping[str, str] = {}
) -> str:
    """The card of a network: what it is, how it was trained, its loss curve, and what else is said.

    `log` holds the rows of `read_log`; `extra` maps the title of a section to its text, such as
    "Known faults" and "Licence".
    """
    about, weights = trained.about, trained.network.count_params()
    facts = {
        "Architecture": f"`{trained.architecture}`, {weights:,} weights, stored as float16",
        "Styles": ", ".join(trained.styles) or "any painting",
        **{key.replace("_", " ").capitalize(): str(value) for key, value in about.items()},
    }
    lines = [f"# {name}", "", *(f"- **{key}**: {value}" for key, value in facts.items())]
    if log:
        lines += ["", "## Loss while training", "", *loss_table(log)]
    for title, text in extra.items():
        lines += ["", f"## {title}", "", text.strip()]
    return "\n".join(lines) + "\n"


def loss_table(log: Sequence[Mapping]) -> list[str]:
    """A few rows of a training's log, evenly spaced, as a Markdown table; terms as summed."""
    names = [name for name in log[0] if max(row[name] for row in log) > 0]
    picked = sorted({round(place * (len(log) - 1) / (ROWS - 1)) for place in range(ROWS)})
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for place in picked:
        row = log[place]
        cells = [f"{row[name]}" if name == "step" else f"{row[name]:.3f}" for name in names]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
