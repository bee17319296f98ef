"""What makes both programs good services: settings with clear errors, a log, systemd's protocol."""
