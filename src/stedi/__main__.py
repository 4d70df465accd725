"""``python -m stedi`` is ``stedi``."""

from stedi.cli import process

if __name__ == "__main__":
    process()
