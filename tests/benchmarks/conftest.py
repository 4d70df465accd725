"""The benchmarks are programs beside the package: their modules are found where they lie."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
