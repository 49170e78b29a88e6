"""Links to the documentation of other projects, without asking another machine during a build.

Sphinx reads what another project documents from a compressed inventory. The files of `_inventories` are such inventories as text: a line
is a name, its role and where it is. They list what these pages and the types in signatures refer to.
"""

import zlib
from pathlib import Path
from tempfile import mkdtemp

TEXTS = Path(__file__).parents[1] / "_inventories"


def inventories(addresses: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Intersphinx's mapping for these projects, whose documentation is at these addresses."""
    folder = Path(mkdtemp())
    for name in addresses:
        lines = [line.split() for line in (TEXTS / f"{name}.txt").read_text().splitlines()]
        rows = "".join(f"{target} {role} 1 {place} -\n" for target, role, place in lines)
        head = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n# The rest is compressed using zlib.\n"
        (folder / f"{name}.inv").write_bytes(head.encode() + zlib.compress(rows.encode()))
    return {name: (address, str(folder / f"{name}.inv")) for name, address in addresses.items()}
