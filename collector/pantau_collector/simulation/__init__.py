"""Simulates a city in virtual time, on the collector's real stages and store, without a network."""

from pantau_collector.simulation.run import Outcome, simulate
from pantau_collector.simulation.scenario import Scenario, load_scenario, with_configuration

__all__ = ["Outcome", "Scenario", "load_scenario", "simulate", "with_configuration"]
