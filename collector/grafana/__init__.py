"""Makes Grafana's dashboards: which panels they have, what these ask, and how they look."""
