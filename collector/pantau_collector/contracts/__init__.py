"""Contracts as data: who is paid for which cameras, what counts, and what is deducted."""

from pantau_collector.contracts.coverage import Covered, coverage, valid_span
from pantau_collector.contracts.load import Contracts, load_contracts
from pantau_collector.contracts.model import Contract

__all__ = ["Contract", "Contracts", "Covered", "coverage", "load_contracts", "valid_span"]
