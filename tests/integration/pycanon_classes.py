"""Find equivalence classes with pycanon.

Runs in an environment of its own, with the NumPy that pycanon needs; it imports nothing of the tests. It is
started with ``pycanon_classes.py CSV COLUMNS...``, where COLUMNS are names with commas between them, and
prints a line for each: the sizes of the classes.
"""

import sys


def main() -> None:
    """Read the rows as text and ask pycanon."""
    # Not above: the collection of doctests imports this file where there is neither.
    import pandas as pd
    from pycanon.anonymity.utils.aux_anonymity import get_equiv_class

    rows = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
    for columns in sys.argv[2:]:
        sizes = sorted(len(each) for each in get_equiv_class(rows, columns.split(",")))
        sys.stdout.write(" ".join(map(str, sizes)) + "\n")


if __name__ == "__main__":
    main()
