"""Rights as people read them."""

from starlette.requests import Request

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.web.layout import language_of
from pantau_contract.words import words


def rights_text(request: Request, role: Role, scope: Scope) -> str:
    """Return a role and a scope in one line, in the language of the request."""
    phrases = words(language_of(request))
    parts = [
        f"{phrases(f'account.{kind}')} {', '.join(names)}"
        for kind, names in (("owners", scope.owners), ("projects", scope.projects), ("sites", scope.sites))
        if names
    ]
    return f"{phrases(f'account.role.{role.name.lower()}')}: {'; '.join(parts) or phrases('account.whole_city')}"
