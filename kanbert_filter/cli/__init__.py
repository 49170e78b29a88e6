"""The command `kanbert-filter`: convert, check and run filters from a shell. Needs the extra `cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; without Click, say what to install."""
    from importlib.util import find_spec

    if find_spec("click") is None:
        print("kanbert-filter needs Click: run pip install 'kanbert-filter[cli]'", file=sys.stderr)
        sys.exit(2)
    from .commands import run

    run()
