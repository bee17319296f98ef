"""`/metrics` alone, at an address of its own, for a Prometheus that has no token."""

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware

from pantau_collector.web.access import AccessRules
from pantau_collector.web.gate import Gate
from pantau_collector.web.guard import open_to_all
from pantau_collector.web.headers import SecurityHeaders
from pantau_collector.web.metrics import metrics


def metrics_app(registry: CollectorRegistry, rules: AccessRules) -> Starlette:
    """Return the application: whoever reaches it may read the metrics, and nothing else."""
    app = Starlette(
        routes=[open_to_all("/metrics", metrics)],
        middleware=[Middleware(SecurityHeaders), Middleware(Gate, rules=rules)],
    )
    app.state.registry = registry
    return app
