"""Contracts: one definition of each table, from which every schema derives."""

from stedi.contract.column import Column, Kind, ListOf
from stedi.contract.registry import CONTRACTS, LANDING, contract_of, landing_contract
from stedi.contract.table import Contract

__all__ = ["CONTRACTS", "LANDING", "Column", "Contract", "Kind", "ListOf", "contract_of", "landing_contract"]
