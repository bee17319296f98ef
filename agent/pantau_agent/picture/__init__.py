"""Judges pictures: a decode worker in a process of its own, one module per fault, and a memory of each camera."""
