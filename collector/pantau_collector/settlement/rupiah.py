"""Rounds amounts of money, from exact fractions to decimals."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from pantau_collector.contracts import Contract

_HALF = Fraction(1, 2)


def rounded(amount: Fraction, contract: Contract) -> Decimal:
    """Return an amount rounded as the contract says."""
    steps = amount / Fraction(contract.round_to)
    match contract.rounding:
        case "half_up":
            whole = floor(steps + _HALF)
        case "down":
            whole = floor(steps)
        case "up":
            whole = ceil(steps)
    return whole * contract.round_to
