"""Contracts as data: who is paid for which cameras, what counts, and what is deducted."""

from pantau_collector.contracts.coverage import Covered, coverage, valid_span
from pantau_collector.contracts.model import Contract

__all__ = ["Contract", "Covered", "coverage", "valid_span"]
