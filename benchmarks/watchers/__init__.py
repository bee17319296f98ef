"""Programs that watch cameras in different ways, until ended: `python -m benchmarks.watchers.NAME URL ...`."""
