"""Commands that come over the link."""

import asyncio
import contextlib
import logging

from pantau_contract.errors import ContractError
from pantau_contract.messages import Command
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode

_log = logging.getLogger(__name__)

_MAX_COMMANDS = 16
"""Commands that wait for their answer; further ones are ignored, and whoever sent them sends them again."""


class Commands:
    """The queue of checked commands of one site."""

    def __init__(self, site: str) -> None:
        self._topic = Topic(site, TopicKind.COMMAND)
        self.queue: asyncio.Queue[Command] = asyncio.Queue(_MAX_COMMANDS)

    def receive(self, payload: bytes) -> None:
        """Check a command and enqueue it; one that breaks the contract is logged and ignored."""
        try:
            command = decode(self._topic, payload)
        except ContractError as error:
            _log.warning("a command that breaks the contract is ignored: %s", error)
            return
        if isinstance(command, Command):
            with contextlib.suppress(asyncio.QueueFull):
                self.queue.put_nowait(command)
