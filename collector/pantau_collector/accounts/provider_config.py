"""The city's own OpenID Connect provider, as the configuration names it."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.addresses import WebAddress
from pantau_service.loopback import is_loopback
from pantau_service.secret_files import SecretFile, secret
from pantau_service.settings import error_at

_STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Grant(BaseModel):
    """What the members of a group may do, and of which part of the city."""

    model_config = _STRICT

    group: Annotated[str, Field(min_length=1)]
    role: Literal["viewer", "operator", "admin"]
    owners: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.role == "admin" and not self.scope.whole_city:
            raise error_at("role", "an admin decides for the whole city: expected no owners, projects and sites")
        return self

    @property
    def scope(self) -> Scope:
        """Return the part of the city."""
        return Scope(self.owners, self.projects, self.sites)


class ProviderConfig(BaseModel):
    """The provider. After loading, `client_secret` holds the secret, whatever its source.

    The first of `grant` whose group somebody is in says what they may do; who is in none may not sign in.
    `groups_claim` may lead into an object, as `realm_access.roles`.
    """

    model_config = _STRICT

    issuer: WebAddress
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr | None = None
    client_secret_file: SecretFile | None = None
    label: Annotated[str, Field(min_length=1, max_length=60)] = "SSO"
    scopes: str = "openid profile email"
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    grant: Annotated[list[Grant], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        found = secret("client_secret", self.client_secret, self.client_secret_file, "oidc")
        self.__dict__["client_secret"] = found
        if found is None:
            raise error_at("client_secret", "expected `client_secret_file`, or a systemd credential named `oidc`")
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise error_at("issuer", "expected https: who answers in its place may sign in as anybody")
        return self

    def grant_of(self, groups: list[str]) -> tuple[Role, Scope] | None:
        """Return the role and scope of somebody in these groups, or None if they have none."""
        for grant in self.grant:
            if grant.group in groups:
                return Role[grant.role.upper()], grant.scope
        return None
