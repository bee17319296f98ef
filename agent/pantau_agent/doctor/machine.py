"""The machine itself: power, heat, memory. Pure, over what `host` measures."""

from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_contract.messages import Host

HOT_C = 75.0
TOO_HOT_C = 80.0
"""From here on a Raspberry Pi slows down."""
MEMORY_PCT = 90.0


def check_power(host: Host) -> Finding:
    """Whether its voltage suffices."""
    if host.undervoltage is None:
        return Finding("power", FindingLevel.UNKNOWN, "unsaid")
    return (
        Finding("power", FindingLevel.ERROR, "undervoltage")
        if host.undervoltage
        else Finding("power", FindingLevel.OK, "steady")
    )


def check_heat(host: Host) -> Finding:
    """Whether it is too hot, or slows itself down."""
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
    """Whether some is left."""
    if host.memory_used_pct is None:
        return Finding("memory", FindingLevel.UNKNOWN, "unsaid")
    values: dict[str, object] = {"used": f"{host.memory_used_pct:.0f}"}
    if host.memory_used_pct >= MEMORY_PCT:
        return Finding("memory", FindingLevel.WARNING, "short", values=values)
    return Finding("memory", FindingLevel.OK, "enough", values=values)
