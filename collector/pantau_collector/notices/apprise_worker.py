"""The process that sends through Apprise: `python -m pantau_collector.notices.apprise_worker`.

Its standard input is a Unix socket, over which it gets a connection for each job. It forks a process for the job,
which costs milliseconds because Apprise is loaded already, and which neither a slow service nor an endless answer
can keep alive: the kernel ends it when its time is over, and its memory is limited.
"""

import io
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import requests.sessions
from apprise import AppriseAttachment, NotifyBase, NotifyFormat, NotifyType
from apprise.attachment.memory import AttachMemory
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from pantau_collector.exchanges import MAX_ANSWER
from pantau_collector.notices.apprise_job import AppriseJob, Outcome
from pantau_collector.notices.channel import ChannelError, capture_log, is_final_status, open_channel
from pantau_collector.notices.message import AttachedPicture
from pantau_collector.notices.targets import select_target

MAX_MEMORY_BYTES = 512 << 20
"""Bytes of address space of a process that sends, of which it needs about 100 MB."""
_STATUS = re.compile(r"\berror=(\d{3})\b")
"""The HTTP status in what Apprise logs about a request that failed."""


def main() -> None:
    """Fork a process for each connection that arrives, until the other side closes the socket."""
    requests.sessions.HTTPAdapter = _ShortAnswers  # type: ignore[attr-defined] # each request makes a session of its own
    open_channel("json://localhost")  # loads Apprise's services before any fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that processes that have ended leave nothing behind
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as control, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())  # no copy of the socket may outlive this process in another
        while True:
            _, received, _, _ = socket.recv_fds(control, 1, 1)
            if not received:
                return
            if os.fork() == 0:
                control.close()
                _work(socket.socket(fileno=received[0]))
            os.close(received[0])


def _work(connection: socket.socket) -> NoReturn:
    """Do the job that arrives over the connection, and end this process."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with connection.makefile("rb") as arriving:
            job = msgspec.msgpack.decode(arriving.read(), type=AppriseJob)
        for outcome in send(job):
            connection.sendall(msgspec.json.encode(outcome) + b"\n")
    finally:
        os._exit(0)


def send(job: AppriseJob) -> Iterator[Outcome]:
    """Send the words and yield what became of them; if they were sent, do the same with each picture."""
    _end_after(job.within_s)
    try:
        service = open_channel(job.url, key=job.key)
        if job.target is not None:
            select_target(service, job.target)
    except ChannelError as error:
        yield Outcome(str(error), error.for_good)
        return
    words = _notify(service, job, job.body, job.pictures if job.together else (), title=job.title)
    yield words
    if words.error or job.together:
        return
    for picture in job.pictures:
        _end_after(job.within_s)
        yield _notify(service, job, picture.caption, (picture,))


def _end_after(seconds: float) -> None:
    """Have the kernel end this process at that time, whatever it is waiting for then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _notify(
    service: NotifyBase, job: AppriseJob, body: str, pictures: tuple[AttachedPicture, ...], title: str = ""
) -> Outcome:
    reason = ""
    with capture_log() as lines:
        try:
            sent = service.notify(
                title=title,
                body=body,
                body_format=NotifyFormat.TEXT,
                notify_type=NotifyType(job.kind),
                attach=_attachments(pictures),
            )
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            sent, reason = False, f"{type(error).__name__}: {error}"
    if sent:
        return Outcome()
    statuses = [int(status) for line in lines for status in _STATUS.findall(line)]
    return Outcome(
        "; ".join([*lines, *filter(None, [reason])]) or "the service did not take it, and said nothing",
        for_good=bool(statuses) and is_final_status(statuses[-1]),
    )


def _attachments(pictures: tuple[AttachedPicture, ...]) -> AppriseAttachment | None:
    if not pictures:
        return None
    attachments = AppriseAttachment()
    for picture in pictures:
        memory = AttachMemory(picture.jpeg, name=picture.name, mimetype="image/jpeg")  # type: ignore[no-untyped-call] # Apprise has no types there
        attachments.add(memory)
    return attachments


class _ShortAnswers(HTTPAdapter):
    """Reads at most `MAX_ANSWER` bytes of an answer, of which Apprise looks at the status and little else."""

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        response = super().send(request, **(options | {"stream": True}))
        beginning = io.BytesIO(response.raw.read(MAX_ANSWER, decode_content=False))
        response.close()
        response.raw = HTTPResponse(
            beginning, response.headers, response.status_code, preload_content=False, enforce_content_length=False
        )
        return response


if __name__ == "__main__":
    main()
