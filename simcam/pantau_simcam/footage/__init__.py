"""Draws, compresses and packetises what the simulated cameras show."""
