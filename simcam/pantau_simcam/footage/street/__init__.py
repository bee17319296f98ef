"""Draws a street with traffic and people in a loop without a seam."""
