"""Checks the machine's power, heat and memory, from what `host` measured."""

from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_contract.messages import Host

HOT_C = 75.0
"""Temperature in degrees Celsius from which to warn."""
TOO_HOT_C = 80.0
"""Temperature in degrees Celsius from which a Raspberry Pi slows down."""
MEMORY_PCT = 90.0
"""Per cent of memory in use from which to warn."""


def check_power(host: Host) -> Finding:
    """Check the supply voltage."""
    if host.undervoltage is None:
        return Finding("power", FindingLevel.UNKNOWN, "unsaid")
    return (
        Finding("power", FindingLevel.ERROR, "undervoltage")
        if host.undervoltage
        else Finding("power", FindingLevel.OK, "steady")
    )


def check_heat(host: Host) -> Finding:
    """Check the temperature, and whether the processor is throttled."""
    celsius = host.temperature_c
    values: dict[str, object] = {"temperature": "?" if celsius is None else f"{celsius:.0f}"}
    if host.throttled:
        return Finding("heat", FindingLevel.WARNING, "throttled", values=values)
    if celsius is None:
        return Finding("heat", FindingLevel.UNKNOWN, "unsaid")
    if celsius >= HOT_C:
        return Finding(
            "heat", FindingLevel.ERROR if celsius >= TOO_HOT_C else FindingLevel.WARNING, "hot", values=values
        )
    return Finding("heat", FindingLevel.OK, "cool", values=values)


def check_memory(host: Host) -> Finding:
    """Check that memory is left."""
    if host.memory_used_pct is None:
        return Finding("memory", FindingLevel.UNKNOWN, "unsaid")
    values: dict[str, object] = {"used": f"{host.memory_used_pct:.0f}"}
    if host.memory_used_pct >= MEMORY_PCT:
        return Finding("memory", FindingLevel.WARNING, "short", values=values)
    return Finding("memory", FindingLevel.OK, "enough", values=values)
