"""Put a network that was trained without pairs into data/weights: file, sheet, card, row.

    python tools/ship_collection.py TRAINING NAME --what TEXT [--faces KIND] [--paintings NAME ...]
        [--quality TABLE.md] [--faults TEXT]

TRAINING is the output folder of `python -m nstlib train collection` or `one-way`. The sheet shows
all its ways. A network of drawn faces, KIND "ink" or "glasses", is measured and shown against true
pairs; one of photos paints the bundled photos and, if it knows the way back, makes photos of the
bundled PAINTINGS. TEXT says what both collections are, and their licence.
"""

import numpy as np

import nstlib as nst
from nstlib.networks.training.diary import model_card
from shelf import FOLDER, add_row, save_sheet, shipping

PHOTOS, SIDE, FACES = 10, 256, 64  # rows; pixels of a tile's longer side, and of a drawn face
ACROSS = 12  # drawn faces in the sheet
KINDS = {"ink": 1, "glasses": 2}  # which of the three drawings of the true pairs


def both_ways(trained: nst.PaintingNetwork, pictures: np.ndarray, way: int) -> np.ndarray:
    """Pictures in one of the two directions."""
    mix = np.eye(2, dtype="float32")[[way] * len(pictures)]
    return np.asarray(trained.network([pictures, mix]))


def of_faces(trained: nst.PaintingNetwork, kind: str) -> tuple[list, str, str]:
    """The sheet's rows, what they are, and the distances from the truth as a table."""
    drawings = np.stack([nst.resize(face[None], FACES)[0] for face in nst.faces("pairs")])
    colour, other = drawings[:64], drawings[64 * KINDS[kind] :][:64]
    there, back = both_ways(trained, colour, 0), both_ways(trained, other, 1)
    again = both_ways(trained, there, 1)
    table = [
        "| of 255, means of 64 faces | untouched | another face | network |",
        "|---|---|---|---|",
    ]
    for title, start, truth, made in (
        (f"to {kind}", colour, other, there), ("and back", other, colour, back)
    ):  # fmt: skip
        found = (255 * np.abs(one - truth).mean() for one in (start, np.roll(truth, 1, 0), made))
        table.append(f"| {title} | " + " | ".join(f"{value:.1f}" for value in found) + " |")
    rows = [list(row[:ACROSS, None]) for row in (colour, there, other, again, back)]
    said = f"in colour; by the network; the true {kind}; there and back; back from the truth"
    return rows, said, "\n".join(table)


def of_photos(trained: nst.PaintingNetwork, name: str, paintings: list[str]) -> tuple[list, str]:
    """The sheet's rows and what they are."""
    there, *back = (nst.stylizer(style, network=name) for style in trained.styles)
    pairs = [(photo, there(photo)) for photo in _pictures("photo", PHOTOS)]
    works = [nst.painting(painting, 2 * SIDE) for painting in paintings]
    pairs += [(work, to_photo(work)) for to_photo in back for work in works]
    tiles = [nst.resize(picture, SIDE) for pair in pairs for picture in pair]
    rows = [tiles[start : start + 4] for start in range(0, len(tiles), 4)]
    then = "; photos first, then paintings" if back else ""
    return rows, f"pairs: before, after{then}"


def _pictures(kind: str, count: int) -> list[np.ndarray]:
    return [nst.load_image(entry.path, 2 * SIDE) for entry in nst.pictures(kind)[:count]]


def main() -> None:
    parser = shipping(__doc__, "collection_quality.py")
    parser.add_argument("--what", required=True, help="both collections and their licence, as text")
    parser.add_argument("--faces", choices=KINDS, help="it turns drawn faces into these")
    parser.add_argument("--paintings", nargs="*", default=[], help="bundled, to make photos of")
    options = parser.parse_args()
    trained = nst.load_network(options.training / "network.npz")
    file = nst.save_network(trained, FOLDER / f"{options.name}.npz")
    add_row(file, trained.architecture, trained.styles)
    quality = options.quality and options.quality.read_text(encoding="utf-8")
    if options.faces:
        rows, said, quality = of_faces(trained, options.faces)
    else:
        rows, said = of_photos(trained, options.name, options.paintings)
    sheet = file.with_suffix(".jpg")
    save_sheet(rows, FACES if options.faces else SIDE, sheet)
    extra = {
        "Quality": quality or "Not measured.",
        "Pictures that it has not seen": f"![{said}]({sheet.name})\n\n{said.capitalize()}.",
        "Known faults": options.faults,
        "Licence": f"The weights, like the code: MIT. {options.what}",
    }
    card = model_card(options.name, trained, nst.read_log(options.training), extra=extra)
    file.with_suffix(".md").write_text(card, encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
