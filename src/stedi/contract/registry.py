"""All contracts, by the name of their table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from stedi.contract.curated import CUSTOMER_CURATE, MACHINE_LEARNING
from stedi.contract.landing import ACCELEROMETER, CUSTOMER, STEP_TRAINER
from stedi.contract.system import LEDGER, REJECTED, RUNS, TOMBSTONES
from stedi.contract.table import Contract
from stedi.contract.trusted import ACCELEROMETER_TRUST, CUSTOMER_TRUST, STEP_TRAINER_TRUST
from stedi.errors import UnknownNameError

CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(
    {
        contract.name: contract
        for contract in (
            CUSTOMER,
            ACCELEROMETER,
            STEP_TRAINER,
            REJECTED,
            LEDGER,
            TOMBSTONES,
            CUSTOMER_TRUST,
            ACCELEROMETER_TRUST,
            CUSTOMER_CURATE,
            STEP_TRAINER_TRUST,
            MACHINE_LEARNING,
            RUNS,
        )
    }
)

LANDING: Final[tuple[Contract, ...]] = (CUSTOMER, ACCELEROMETER, STEP_TRAINER)


def contract_of(table: str) -> Contract:
    """Return the contract of a table.

    Raises:
        UnknownNameError: There is no such table.

    Examples:
        >>> contract_of("accelerometer_trusted").key
        ('customer_id', 'timestamp', 'x', 'y', 'z')
    """
    try:
        return CONTRACTS[table]
    except KeyError:
        raise UnknownNameError.of("table", table, CONTRACTS) from None


def landing_contract(table: str) -> Contract:
    """Return the contract of a landing table, by its name or by its folder (``customer``).

    Raises:
        UnknownNameError: There is no such landing table.
    """
    for contract in LANDING:
        if table in (contract.name, contract.name.removesuffix("_landing")):
            return contract
    raise UnknownNameError.of("landing table", table, (contract.name for contract in LANDING))
