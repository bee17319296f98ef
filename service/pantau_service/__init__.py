"""What both programs need to be well-behaved services: settings with clear errors, a log, systemd's protocol."""
