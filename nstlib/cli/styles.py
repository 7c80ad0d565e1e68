"""`python -m nstlib styles`: list the bundled pictures with their licences, and learnt styles."""

from nstlib import images


def run(args) -> None:
    """A table of the bundled pictures, by kind, and what the fast engine has learnt."""
    rows = [("NAME", "KIND", "SIZE", "TITLE, AUTHOR", "LICENCE")]
    for p in sorted(images.bundled.pictures(), key=lambda p: (p.kind, p.name)):
        size = f"{p.width} x {p.height}"
        rows.append((p.name, p.kind, size, f"{p.title}, {p.author}", p.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
    print("\nStyles of --engine fast, by --network (--engine adain and gatys take any picture):")
    for name, row in images.bundled.bundled_networks().items():
        diffusion = " (--engine diffusion)" * (row["architecture"] == images.bundled.DIFFUSION)
        print(f"  {name}: {', '.join(row['styles']) or 'any (--engine adain)'}{diffusion}")
    print(f"\nTextures of `texture`: {', '.join(images.bundled.textures()) or 'none'}")
