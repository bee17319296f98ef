"""Incidents as alerts of an Alertmanager, for cities that run one beside our own notices."""
