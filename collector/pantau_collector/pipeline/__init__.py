"""Takes what is journaled through the fleet and the incidents to the notices, and saves it in one transaction."""

from pantau_collector.pipeline.pipeline import Pipeline

__all__ = ["Pipeline"]
