"""Programs that watch cameras, each in its own way: `python -m benchmarks.watchers.NAME URL ...`, until ended."""
