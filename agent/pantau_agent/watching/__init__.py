"""Which camera is connected to when: continuous watching, one-shot probes, sessions, back-off and restarts."""
