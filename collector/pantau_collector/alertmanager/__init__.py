"""Incidents as alerts of an Alertmanager, for cities that have one beside our own notices."""
