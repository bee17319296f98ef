"""Decides who is notified of what and when, and puts it into each recipient's words and channel."""
