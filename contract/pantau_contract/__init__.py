"""All that an agent and a collector share: topics, messages, states, words."""

from pantau_contract.version import __version__

__all__ = ["__version__"]
