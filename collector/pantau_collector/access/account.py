"""An account: a person who may sign in."""

import re
import unicodedata

from msgspec import Struct

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


class AccountError(ValueError):
    """What was asked of an account cannot be; the text says what is wrong, and what to do."""


class Account(Struct, frozen=True):
    """A person who may sign in.

    `password` is an Argon2 hash, empty if they sign in by a link or through the city's provider only. `provider`
    is the issuer and the subject by which that provider knows them, empty for an account of our own.
    """

    name: str
    role: Role
    scope: Scope = Scope()
    full_name: str = ""
    password: str = ""
    provider: str = ""
    created_ms: int = 0
    created_by: str = ""
    disabled_ms: int | None = None
    signed_in_ms: int | None = None


def account_name(text: str) -> str:
    """Return the name by which an account is known, in lower case.

    Raises:
        AccountError: it cannot be the name of an account.
    """
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not _NAME.fullmatch(name):
        raise AccountError(
            "expected a name of up to 63 letters a-z, digits, dots, hyphens, underlines or @, such as ani or"
            " ani@batam.go.id"
        )
    return name


def check_rights(role: Role, scope: Scope) -> None:
    """Raise `AccountError` if a role cannot be had for a part of the city."""
    if role is Role.ADMIN and not scope.whole_city:
        raise AccountError("an admin decides for the whole city: expected no scope, or the role operator")
