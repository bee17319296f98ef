"""Fault injection: whatever is measured while everything fails is in InfluxDB, once."""
