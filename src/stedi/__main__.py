"""``python -m stedi`` is ``stedi``."""

from stedi.cli import main

if __name__ == "__main__":
    main()
