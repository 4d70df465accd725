"""Work out k-anonymity with pycanon.

Runs in an environment of its own, with the NumPy that pycanon needs; it imports nothing of the tests. It is
started with ``pycanon_k.py CSV COLUMNS...``, where COLUMNS are names with commas between them, and prints a
k for each.
"""

import sys


def main() -> None:
    """Read the rows as text and ask pycanon."""
    # Not above: the collection of doctests imports this file where there is neither.
    import pandas as pd
    from pycanon import anonymity

    rows = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
    for columns in sys.argv[2:]:
        sys.stdout.write(f"{anonymity.k_anonymity(rows, columns.split(','))}\n")


if __name__ == "__main__":
    main()
