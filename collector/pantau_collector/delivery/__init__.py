"""Writes notices into letters in the outbox, and delivers the letters to people."""
