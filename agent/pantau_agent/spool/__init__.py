"""The durable store-and-forward queue between measuring and sending."""

from pantau_agent.spool.file import Batch, SpoolInUseError
from pantau_agent.spool.queue import Spool

__all__ = ["Batch", "Spool", "SpoolInUseError"]
