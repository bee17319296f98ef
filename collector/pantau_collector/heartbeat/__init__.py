"""The heartbeat: regular requests to a service outside, so that the collector's own death is noticed."""
