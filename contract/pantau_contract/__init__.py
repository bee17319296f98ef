"""What an agent and a collector share: topics, messages, states and the phrases shown to people."""

from pantau_contract.version import __version__

__all__ = ["__version__"]
