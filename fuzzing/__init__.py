"""Feeds damaged input to everything that parses what a camera sends."""
