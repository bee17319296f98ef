"""The connection to the collector's broker, over MQTT."""

from pantau_agent.link.link import Link

__all__ = ["Link"]
