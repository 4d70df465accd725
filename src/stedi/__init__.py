"""stedi: from raw step trainer data to a training set that holds only people who agreed."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stedi.consent.pseudonyms import Pseudonyms
    from stedi.errors import StediError
    from stedi.lake.lake import Lake
    from stedi.landing.conform import conform
    from stedi.landing.read_landing import read_landing
    from stedi.landing.split import Split
    from stedi.transform.curate_customers import curate_customers
    from stedi.transform.curate_ml import curate_ml
    from stedi.transform.sanitize_customers import sanitize_customers
    from stedi.transform.trust_accelerometer import trust_accelerometer
    from stedi.transform.trust_step_trainer import trust_step_trainer

__all__ = [
    "Lake",
    "Pseudonyms",
    "Split",
    "StediError",
    "conform",
    "curate_customers",
    "curate_ml",
    "read_landing",
    "sanitize_customers",
    "trust_accelerometer",
    "trust_step_trainer",
]

_HOMES = {
    "Lake": "stedi.lake.lake",
    "Pseudonyms": "stedi.consent.pseudonyms",
    "Split": "stedi.landing.split",
    "StediError": "stedi.errors",
    "conform": "stedi.landing.conform",
    "curate_customers": "stedi.transform.curate_customers",
    "curate_ml": "stedi.transform.curate_ml",
    "read_landing": "stedi.landing.read_landing",
    "sanitize_customers": "stedi.transform.sanitize_customers",
    "trust_accelerometer": "stedi.transform.trust_accelerometer",
    "trust_step_trainer": "stedi.transform.trust_step_trainer",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for (PEP 562): ``import stedi`` stays light."""
    if name == "__version__":
        return version(import_module("stedi.names").DISTRIBUTION)
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'stedi' has no attribute {name!r}") from None
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
