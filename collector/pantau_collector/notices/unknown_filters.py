"""What recipients filter by and no inventory knows: they would never be told of it."""

from collections.abc import Iterable

from pantau_collector.inventory import Inventory
from pantau_collector.notices.recipients import Recipient
from pantau_service.settings import did_you_mean


def strangers(recipients: Iterable[Recipient], inventory: Inventory) -> list[str]:
    """One line for each owner, maintainer or site that a recipient filters by and the inventory does not have."""
    known = (
        ("owners", inventory.owners.keys()),
        ("maintainers", inventory.maintainers.keys()),
        ("sites", inventory.sites.keys()),
    )
    return [
        f"recipient `{recipient.id}`: {key}: there is no {key[:-1]} `{wanted}`; {did_you_mean(wanted, there)}"
        for recipient in recipients
        for key, there in known
        for wanted in sorted(getattr(recipient, key))
        if wanted not in there
    ]
