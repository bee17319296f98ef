"""The last known state of every site and camera, and what the rest of the collector sees of it."""
