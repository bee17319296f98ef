"""The durable store-and-forward queue between measuring and sending, where batches are dated."""

from pantau_agent.spool.file import Batch, SpoolInUseError
from pantau_agent.spool.spool import Spool

__all__ = ["Batch", "Spool", "SpoolInUseError"]
