"""Writes pending notices into letters in the outbox, in one transaction, so that none is lost or sent twice.

A letter has the number of its first notice.
"""

from itertools import groupby

from sqlalchemy import Connection

from pantau_collector.notices.batching import HOUR_MS, BatchedLetter, batch
from pantau_collector.notices.channel import schema
from pantau_collector.notices.recipients import Recipient
from pantau_collector.notices.targets import split_targets
from pantau_collector.store import notice_rows, outbox_rows

_NO_CHANNELS = ["gone"]
"""The channel of letters to recipients that the configuration no longer has; they become dead letters there."""


def channels(recipient: Recipient) -> dict[str, str]:
    """Return the URLs to deliver to, by names that may be shown: `1-mailtos`, `2-tgram`.

    A URL that names several people or chats is as many channels: `1-mailtos.1`, `1-mailtos.2`.
    """
    named: dict[str, str] = {}
    for i, configured in enumerate(recipient.urls, start=1):
        url = configured.get_secret_value()
        name, targets = f"{i}-{schema(url)}", split_targets(url)
        if len(targets) == 1:
            named[name] = targets[0]
        else:
            named |= {f"{name}.{number}": target for number, target in enumerate(targets, start=1)}
    return named


def targets_of(recipient: Recipient, channel: str) -> list[str]:
    """Return the channels that a URL's name stands for, where a letter was written before the URL had several."""
    return [name for name in channels(recipient) if name.startswith(f"{channel}.")]


def next_channels(recipient: Recipient, channel: str) -> list[str]:
    """Return the channels for a letter that failed on this one, or none if it is tried there until it works."""
    if recipient.delivery == "all":
        return []
    number = _number(channel)
    return [] if channel not in channels(recipient) else _channels_of_url(recipient, number + 1)


def _channels_of_url(recipient: Recipient, number: int) -> list[str]:
    return [name for name in channels(recipient) if _number(name) == number]


def _number(channel: str) -> int:
    """Return the number of the URL that a channel belongs to, or 0."""
    number = channel.partition("-")[0]
    return int(number) if number.isdigit() else 0


def dispatch(connection: Connection, recipients: dict[str, Recipient], now_ms: int) -> int:
    """Write everything that is ready into letters, and return the number of letters."""
    pending = sorted(notice_rows.waiting(connection, now_ms=now_ms), key=lambda each: each.recipient)
    count = 0
    for name, group in groupby(pending, key=lambda each: each.recipient):
        recipient = recipients.get(name)
        limit = recipient.hourly_limit if recipient else None
        sent_ms = outbox_rows.letters_since(connection, name, now_ms - HOUR_MS) if limit else []
        of_site_ms = notice_rows.letters_about_sites(connection, name, now_ms - HOUR_MS)
        batching = batch(group, now_ms, sent_ms=sent_ms, limit=limit, sent_of_site_ms=of_site_ms)
        notice_rows.hold(connection, batching.held)
        for letter in batching.letters:
            _write(connection, letter, name, recipient, now_ms)
        count += len(batching.letters)
    return count


def _write(
    connection: Connection, letter: BatchedLetter, name: str, recipient: Recipient | None, now_ms: int
) -> None:
    ids = [each.id for each in letter.notices]
    names = list(channels(recipient)) if recipient else _NO_CHANNELS
    if recipient is not None and recipient.delivery == "in_order":
        names = _channels_of_url(recipient, 1)
    notice_rows.put_in_letter(connection, ids, ids[0])
    outbox_rows.add(
        connection,
        ids[0],
        letter.form,
        letter.notices[-1].kind,
        [each.incident for each in letter.notices if each.incident],
        name,
        names,
        created_ms=now_ms,
    )
