"""What is measured while everything fails is in InfluxDB once: `python -m tests.chaos --help`."""
