"""Takes from a process that handles strangers' bytes everything that it does not need for that."""
