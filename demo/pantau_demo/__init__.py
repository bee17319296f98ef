"""Runs a small city on one machine, with real programs and simulated cameras, and plays a story on it."""
