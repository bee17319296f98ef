"""The connection to the collector's broker."""

from pantau_agent.link.link import Link

__all__ = ["Link"]
