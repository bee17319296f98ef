"""The table of all addresses with each role and scope, made of the routes themselves: `docs/access.md`."""

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute, Mount

from pantau_collector.access.role import Role
from pantau_collector.web.guard import GuardedRoute

STATIC = "/static"
"""Where the files lie that need no right: style, scripts, fonts."""
_HEAD = """# Who may use which address

Made of the routes by `python -m docs.access_table`; a test compares it, and fails for a route without a rule.

`whole`: for those of the whole city alone. `part`: also for those of a part of the city, of which it shows
only that part; an address that names a `{site}` or `{camera}` beyond it is not found. `-`: refused. Who has not
signed in is sent to `/sign-in` from a page, and gets 401 elsewhere.

| address | methods | not signed in | screen | viewer | operator | admin | audit log |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


class UnguardedRouteError(Exception):
    """A route has no rule, so that nobody knows who may use it."""


def guarded_routes(routes: Iterable[BaseRoute]) -> Iterator[GuardedRoute]:
    """Yield all routes with their rules.

    Raises:
        UnguardedRouteError: there is one without.
    """
    for route in routes:
        if isinstance(route, GuardedRoute):
            yield route
        elif not (isinstance(route, Mount) and route.path == STATIC):
            raise UnguardedRouteError(f"{getattr(route, 'path', route)}: make it with `guarded` or `open_to_all`")


def render_table(routes: Iterable[BaseRoute]) -> str:
    """Return the document."""
    rows = [_row(route) for route in guarded_routes(routes)]
    return _HEAD + "".join(sorted(rows)) + f"| `{STATIC}/...` | GET | yes | yes | yes | yes | yes | |\n"


def _row(route: GuardedRoute) -> str:
    rule = route.rule
    if rule.least is None:
        rights = ["yes"] * 5
    else:
        may = "whole" if rule.whole_city else "part"
        rights = ["-", *(may if role >= rule.least else "-" for role in Role)]
        rights[-1] = "yes" if rights[-1] != "-" else "-"
    changes = rule.methods - {"GET", "HEAD"}
    written = "who looked" if rule.picture else "who did it" if changes and rule.least is not None else ""
    return f"| `{route.path}` | {', '.join(sorted(rule.methods))} | {' | '.join(rights)} | {written} |\n"
