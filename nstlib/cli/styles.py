"""`python -m nstlib styles`: the bundled pictures, and what the bundled networks have learnt."""

HELP = "list the bundled pictures and their licences"


def add_options(parser) -> None:
    """It takes none."""


def run(args) -> None:
    """A table of the bundled pictures, by kind, and what the fast engine has learnt."""
    from nstlib.images.bundled import bundled_networks, pictures

    rows = [("NAME", "KIND", "SIZE", "TITLE, AUTHOR", "LICENCE")]
    for p in sorted(pictures(), key=lambda p: (p.kind, p.name)):
        size = f"{p.width} x {p.height}"
        rows.append((p.name, p.kind, size, f"{p.title}, {p.author}", p.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
    print("\nStyles of --engine fast, by --network (--engine adain and gatys take any picture):")
    for name, row in bundled_networks().items():
        print(f"  {name}: {', '.join(row['styles']) or 'any (--engine adain)'}")
