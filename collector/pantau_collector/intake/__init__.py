"""Receives messages by MQTT, checks them, writes them to the journal, and then acknowledges them."""

from pantau_collector.intake.intake import Intake

__all__ = ["Intake"]
