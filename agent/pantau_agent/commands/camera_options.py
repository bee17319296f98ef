"""The options that select a camera on a command line: a URL, a vendor and host, or its id in the configuration."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, ValidationError

from pantau_agent import vendors
from pantau_agent.commands.config_option import load_for_command
from pantau_agent.commands.password import PASSWORD_VARIABLE, credentials
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.streams import url as rtsp_url
from pantau_contract.words import Words
from pantau_service.settings import ConfigError, did_you_mean

AD_HOC_ID = "probe"
"""The id of a camera that is in no configuration."""


class CannotProbeError(Exception):
    """The camera cannot be probed; the text says why and what to do."""


class StreamChoice(StrEnum):
    """One of a camera's streams."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """The options that select a camera and say how long its stream may take to start."""

    source: str | None
    vendor: str | None
    host: str | None
    port: int | None
    channel: int
    stream: StreamChoice
    user: str | None
    password_file: Path | None
    allow_basic: bool
    certificate: str
    timeout_s: float
    expected_fps: float | None

    @property
    def names_configured_camera(self) -> bool:
        """True if the argument is a camera's id rather than a URL."""
        return self.source is not None and "://" not in self.source

    @property
    def selects_camera(self) -> bool:
        """True if any option selects a camera."""
        return any(part is not None for part in (self.source, self.vendor, self.host))


def load_configuration(path: Path) -> AgentConfig:
    """Load the configuration.

    Raises:
        CannotProbeError: the configuration is wrong; the text lists every mistake.
    """
    try:
        return load_for_command(path)
    except ConfigError as error:
        raise CannotProbeError("\n".join(error.problems)) from None


def configured_camera(options: CameraOptions, path: Path) -> tuple[AgentConfig, Camera]:
    """Return the camera with the given id, and the configuration it is in.

    Raises:
        CannotProbeError: there is no such camera, or the configuration is wrong.
    """
    given = (options.user, options.vendor, options.host, options.allow_basic or None, options.certificate or None)
    if any(one is not None for one in given):
        raise CannotProbeError(
            f"{options.source} is the id of a camera in {path}, with the address and user it has there; "
            "for others give a URL"
        )
    try:
        config = load_for_command(path)
    except ConfigError as error:
        problems = "\n".join(error.problems)
        raise CannotProbeError(
            f"{options.source} has no scheme as rtsp://, and so is the id of a configured camera; but\n{problems}"
        ) from None
    for camera in config.camera:
        if camera.id == options.source:
            return config, camera
    hint = did_you_mean(options.source or "", [camera.id for camera in config.camera])
    raise CannotProbeError(f"there is no camera {options.source!r} in {path}; {hint}")


def camera_from_options(options: CameraOptions, say: Words) -> Camera:
    """Return the camera with the given URL, or with the URL made from its vendor and host.

    Raises:
        CannotProbeError: the options give no address.
        typer.BadParameter: there is no password, or it cannot be read.
    """
    address = _address(options)
    login = credentials(options.user if options.user is not None else address.user, options.password_file, say)
    try:
        return Camera(
            id=AD_HOC_ID,
            url=address.without_credentials,
            vendor=options.vendor,
            user=login.user if login is not None else None,
            password=SecretStr(login.password) if login is not None else None,
            allow_basic=options.allow_basic,
            certificate=options.certificate,
            timeout_s=options.timeout_s,
            expected_fps=options.expected_fps,
        )
    except ValidationError as error:
        raise CannotProbeError("; ".join(str(problem["msg"]) for problem in error.errors())) from None


def _address(options: CameraOptions) -> rtsp_url.StreamUrl:
    url, uses_vendor = options.source, options.vendor is not None and options.host is not None
    if (url is None) is not uses_vendor or (url is not None and (options.vendor or options.host)):
        raise CannotProbeError("give a URL, or --vendor and --host, or the id of a configured camera, or --all")
    name: Literal["main", "sub"] = "main" if options.stream is StreamChoice.MAIN else "sub"
    try:
        text = url or vendors.stream_url(
            options.vendor or "", options.host or "", channel=options.channel, stream=name, port=options.port
        )
        parsed = rtsp_url.parse(text)
    except (vendors.VendorError, rtsp_url.UrlError) as error:
        raise CannotProbeError(str(error)) from None
    _, _, in_path = vendors.take_credentials(parsed.without_credentials)
    if parsed.password is not None or in_path:
        raise CannotProbeError(
            "the URL holds a password, and everyone on this machine could read it in the list of processes. "
            f"Leave it out; give --user, and type the password, or give --password-file or set {PASSWORD_VARIABLE}"
        )
    return parsed
