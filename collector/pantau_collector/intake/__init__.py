"""MQTT to checked message to journal to acknowledgement."""

from pantau_collector.intake.intake import Intake

__all__ = ["Intake"]
