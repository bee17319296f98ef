"""Decides which outages there are, what caused each of them, and what became of it."""
