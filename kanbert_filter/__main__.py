"""`python -m kanbert_filter` is the command `kanbert-filter`."""

from .cli import main

if __name__ == "__main__":
    main()
