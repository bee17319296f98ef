"""The collector's receipts, as they come over the link."""

import logging

from pantau_contract.errors import ContractError
from pantau_contract.messages import Receipt
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode

_log = logging.getLogger(__name__)


class Receipts:
    """Reads the receipts of one site."""

    def __init__(self, site: str) -> None:
        self._topic = Topic(site, TopicKind.ACK)
        self._warned = False

    def read(self, payload: bytes) -> Receipt | None:
        """Return a receipt, or None for one that breaks the contract, of which the first is logged as a warning.

        What it was for is sent again, since no receipt counts for it.
        """
        try:
            message = decode(self._topic, payload)
        except ContractError as error:
            level = logging.DEBUG if self._warned else logging.WARNING
            _log.log(level, "a receipt that breaks the contract is ignored: %s", error)
            self._warned = True
            return None
        return message if isinstance(message, Receipt) else None
