"""Finds filters that no camera can ever match, because the inventory does not know what they name."""

from collections.abc import Iterable

from pantau_collector.inventory import Inventory
from pantau_collector.notices.recipients import Recipient
from pantau_service.settings import did_you_mean


def find_unknown_filters(recipients: Iterable[Recipient], inventory: Inventory) -> list[str]:
    """Return one line for each owner, maintainer or site that a filter names and the inventory does not have."""
    known = (
        ("owners", inventory.owners.keys()),
        ("maintainers", inventory.maintainers.keys()),
        ("sites", inventory.sites.keys()),
    )
    return [
        f"recipient `{recipient.id}`: {key}: there is no {key[:-1]} `{named}`; {did_you_mean(named, names)}"
        for recipient in recipients
        for key, names in known
        for named in sorted(getattr(recipient, key))
        if named not in names
    ]
