"""Feeds damaged input to everything that parses what a camera sends, and what a calendar exports."""
