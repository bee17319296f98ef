"""Accounts in a store of their own, whose clock a test moves, and whose passwords cost little."""

from pathlib import Path

from argon2 import PasswordHasher

from pantau_collector.access.access_token import TokenKind
from pantau_collector.access.passwords import Passwords
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.accounts import changes, token_changes
from pantau_collector.accounts.accounts import Accounts, open_accounts
from pantau_collector.accounts.actor import Actor
from pantau_collector.accounts.session_rules import SessionRules
from pantau_collector.accounts.sign_in import SignedIn, Visitor
from pantau_collector.store import Store, audit_rows

NOW_MS = 1_795_505_520_000
"""24 November 2026, 14:32 in Jakarta."""
PASSWORD = "jembatan barelang enam"
BOSS = Actor("boss", "account", "10.0.0.1")
HOME = Visitor("10.1.1.1", "10.1.1.1", "Firefox")


def cheap_passwords(*, rounds: int = 1) -> Passwords:
    return Passwords(PasswordHasher(time_cost=rounds, memory_cost=8, parallelism=1))


class CityAccounts:
    def __init__(self, folder: Path, rules: SessionRules | None = None) -> None:
        self.now_ms = NOW_MS
        self.store = Store.at(folder / "store.sqlite")
        self.all: Accounts = open_accounts(
            self.store, rules or SessionRules(), lambda: self.now_ms, passwords=cheap_passwords()
        )

    def add(
        self, name: str, role: Role = Role.VIEWER, scope: Scope | None = None, password: str = PASSWORD
    ) -> None:
        with self.store.begin() as connection:
            changes.add_account(connection, BOSS, self.now_ms, name=name, role=role, scope=scope or Scope())
            if password:
                hashed = changes.hashed_password(self.all.passwords, password, name)
                changes.set_password(connection, BOSS, self.now_ms, name, hashed)

    def signed_in(self, name: str, password: str = PASSWORD, *, device: str = "", at: Visitor = HOME) -> SignedIn:
        done = self.all.sign_in.by_password(name, password, device, at)
        assert isinstance(done, SignedIn), done
        return done

    def link(self, name: str) -> str:
        with self.store.begin() as connection:
            return changes.make_link(connection, BOSS, self.now_ms, name)

    def token(self, role: Role = Role.VIEWER, scope: Scope | None = None, *, days: int = 30) -> tuple[int, str]:
        kind: TokenKind = "screen" if role is Role.SCREEN else "api"
        with self.store.begin() as connection:
            made, secret = token_changes.make_token(
                connection,
                BOSS,
                self.now_ms,
                kind=kind,
                name="lobby",
                role=role,
                scope=scope or Scope(),
                days=days,
            )
        return made.id, secret

    def audited(self) -> list[tuple[str, str, str]]:
        self.all.audit_log.flush()
        with self.store.begin() as connection:
            return [(each.who, each.action, each.target) for each in audit_rows.load_entries(connection)]
