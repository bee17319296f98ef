"""A sign of life to someone outside, as long as all is well: so that the watcher's own death is seen."""
