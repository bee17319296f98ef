"""Which camera a command line asks for: by its URL, by vendor and host, or by its id in the configuration."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, ValidationError

from pantau_agent import vendors
from pantau_agent.commands.password import PASSWORD_VARIABLE, credentials
from pantau_agent.config import AgentConfig, Camera, load
from pantau_agent.streams import url as rtsp_url
from pantau_contract.words import Words
from pantau_service.settings import ConfigError, did_you_mean

UNNAMED = "probe"
"""The id of a camera that is in no configuration."""


class CannotTellError(Exception):
    """No look can be had; the text says why and what to do."""


class Stream(StrEnum):
    """Which of a camera's streams."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that say which camera, and how long it may take to begin."""

    source: str | None
    vendor: str | None
    host: str | None
    port: int | None
    channel: int
    stream: Stream
    user: str | None
    password_file: Path | None
    timeout_s: float
    expected_fps: float | None

    @property
    def of_configuration(self) -> bool:
        """Whether an id stands where a URL may stand."""
        return self.source is not None and "://" not in self.source

    @property
    def any(self) -> bool:
        """Whether a camera is told at all."""
        return any(part is not None for part in (self.source, self.vendor, self.host))


def configuration(path: Path) -> AgentConfig:
    """The configuration. Raises `CannotTellError` with every mistake in it."""
    try:
        return load(path)
    except ConfigError as error:
        raise CannotTellError("\n".join(error.problems)) from None


def configured(asked: Asked, path: Path) -> tuple[AgentConfig, Camera]:
    """The camera with the id that was asked for, and the configuration it is in.

    Raises:
        CannotTellError: there is none, or the configuration is wrong.
    """
    if asked.user is not None or asked.vendor is not None or asked.host is not None:
        raise CannotTellError(
            f"{asked.source} is the id of a camera in {path}, with the address and user it has there; "
            "for others give a URL"
        )
    try:
        config = load(path)
    except ConfigError as error:
        problems = "\n".join(error.problems)
        raise CannotTellError(
            f"{asked.source} has no scheme as rtsp://, and so is the id of a configured camera; but\n{problems}"
        ) from None
    for camera in config.camera:
        if camera.id == asked.source:
            return config, camera
    hint = did_you_mean(asked.source or "", [camera.id for camera in config.camera])
    raise CannotTellError(f"there is no camera {asked.source!r} in {path}; {hint}")


def described(asked: Asked, say: Words) -> Camera:
    """The camera with the URL that was given, or its vendor's.

    Raises:
        CannotTellError: it does not come to an address.
        typer.BadParameter: there is no password, or it cannot be read.
    """
    address = _address(asked)
    login = credentials(asked.user if asked.user is not None else address.user, asked.password_file, say)
    try:
        return Camera(
            id=UNNAMED,
            url=address.without_credentials,
            vendor=asked.vendor,
            user=login.user if login is not None else None,
            password=SecretStr(login.password) if login is not None else None,
            timeout_s=asked.timeout_s,
            expected_fps=asked.expected_fps,
        )
    except ValidationError as error:
        raise CannotTellError("; ".join(str(problem["msg"]) for problem in error.errors())) from None


def _address(asked: Asked) -> rtsp_url.StreamUrl:
    url, by_vendor = asked.source, asked.vendor is not None and asked.host is not None
    if (url is None) is not by_vendor or (url is not None and (asked.vendor or asked.host)):
        raise CannotTellError("give a URL, or --vendor and --host, or the id of a configured camera, or --all")
    name: Literal["main", "sub"] = "main" if asked.stream is Stream.MAIN else "sub"
    try:
        made = url or vendors.stream_url(
            asked.vendor or "", asked.host or "", channel=asked.channel, stream=name, port=asked.port
        )
        parsed = rtsp_url.parse(made)
    except (vendors.VendorError, rtsp_url.UrlError) as error:
        raise CannotTellError(str(error)) from None
    _, _, in_path = vendors.take_credentials(parsed.without_credentials)
    if parsed.password is not None or in_path:
        raise CannotTellError(
            "the URL holds a password, and everyone on this machine could read it in the list of processes. "
            f"Leave it out; give --user, and type the password, or give --password-file or set {PASSWORD_VARIABLE}"
        )
    return parsed
