"""The agent's configuration: a TOML file, the environment, and systemd's credentials.

A value in the environment (`PANTAU_AGENT_BROKER__HOST`) takes precedence over the file's. A password is in the
file, in a file of its own (`password_file`), or in a systemd credential: `broker`, and `camera-{id}` for each
camera. Paths are relative to the configuration file.
"""

import logging
import re
import ssl
import stat
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict, SettingsError

from pantau_agent import vendors
from pantau_agent.picture.config import PictureConfig
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.safeguards import ANY_CERTIFICATE
from pantau_contract.messages import MAX_MESSAGES_PER_S
from pantau_contract.topics import SLUG
from pantau_service.client_certificate import client_key
from pantau_service.environment_settings import EnvironmentSettings
from pantau_service.loopback import is_loopback
from pantau_service.secret_files import SecretFile, secret
from pantau_service.settings import ConfigError, error_at, explain, read_toml

ENV_PREFIX = "PANTAU_AGENT_"
"""Prefix of the environment variables that override the file."""
ENV_DELIMITER = "__"
"""Separates tables and keys in their names."""

_log = logging.getLogger(__name__)
MAX_DEVICES = 63
"""Devices of a site that can be asked whether they are there, beside its gateway."""
_PATH_KEYS = {"password_file", "ca_file", "tls_ca", "tls_certificate", "tls_key", "path"}
"""Keys whose values are paths."""
_STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError("expected lower-case letters, digits, '-' and '_', at most 63, a letter or digit first")
    return text


def _stream_url(text: str) -> str:
    try:
        stream_url.parse(text)
    except stream_url.UrlError as error:
        raise ValueError(f"expected a URL, as rtsp://192.168.1.64/path: {error}") from None
    return text


def _no_flood(per_s: float) -> float:
    # Half of the limit, since live reports, states and pictures are sent beside it.
    if per_s > MAX_MESSAGES_PER_S / 2:
        raise ValueError(
            f"expected at most {MAX_MESSAGES_PER_S / 2:g}: the collector shuts a site out that sends over"
            f" {MAX_MESSAGES_PER_S} messages a second"
        )
    return per_s


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError("expected a file of certificates in PEM form") from None
    except OSError as error:
        raise ValueError(f"expected a file that the agent can read ({error.strerror})") from None
    return path


def _fingerprint(text: str) -> str:
    fingerprint = text.strip().lower().removeprefix("sha256:").replace(":", "")
    if fingerprint not in {"", ANY_CERTIFICATE} and not re.fullmatch("[0-9a-f]{64}", fingerprint):
        raise ValueError(f'expected "{ANY_CERTIFICATE}", or the SHA-256 fingerprint: 64 digits from 0 to f')
    return fingerprint


Slug = Annotated[str, AfterValidator(_slug)]
Name = Annotated[str, Field(max_length=400)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]


class Site(BaseModel):
    """The camera cluster that this agent watches."""

    model_config = _STRICT

    id: Slug
    name: Name = ""


class Broker(BaseModel):
    """The MQTT broker. After validation `password` holds the secret, wherever it came from."""

    model_config = _STRICT

    host: Annotated[str, Field(min_length=1)]
    port: Port = 1883
    user: Annotated[str, Field(min_length=1)] | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    tls: bool = False
    ca_file: Annotated[Path, AfterValidator(_certificates)] | None = None
    tls_certificate: Annotated[Path, AfterValidator(_certificates)] | None = None
    tls_key: Path | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _set(self, password=secret("password", self.password, self.password_file, "broker"))
        _set(self, tls_key=client_key(self.tls_certificate, self.tls_key, tls=self.tls))
        if self.password is not None and self.user is None:
            raise error_at("user", "expected the user's name, since there is a password")
        if self.ca_file is not None and not self.tls:
            raise error_at("tls", "expected true, since there is a `ca_file`")
        return self


class Report(BaseModel):
    """The seconds between two reports, and between two pictures of a camera whose state does not change."""

    model_config = _STRICT

    interval_s: Annotated[float, Field(gt=0, le=3600)] = 30
    snapshot_interval_s: Seconds = 300
    compress: bool = True


class SpoolConfig(BaseModel):
    """The durable queue of what the broker has not acknowledged yet."""

    model_config = _STRICT

    path: Path = Path("/var/lib/pantau-agent/spool.sqlite")
    max_mb: Annotated[float, Field(ge=1)] = 512
    max_age_days: Annotated[float, Field(gt=0)] = 7
    backlog_per_s: Annotated[float, Field(gt=0), AfterValidator(_no_flood)] = 20


class Camera(BaseModel):
    """One camera: a `url`, or a `vendor` and a `host` from which the URL is made.

    After validation `url` contains no credentials: they are in `user` and `password`, wherever they came from. If
    the vendor needs them in the URL itself, it contains the placeholders of `vendors.fill_credentials`.
    """

    model_config = _STRICT

    id: Slug
    name: Name = ""
    url: Annotated[str, AfterValidator(_stream_url)] | None = None
    vendor: Name | None = None
    host: str | None = None
    port: Port | None = None
    channel: Annotated[int, Field(ge=1)] = 1
    stream: Literal["main", "sub"] = "sub"
    user: str | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    mode: Literal["watch", "sample"] = "watch"
    enabled: bool = True
    expected_fps: Annotated[float, Field(gt=0)] | None = None
    expected_bitrate_kbps: Annotated[float, Field(gt=0)] | None = None
    expected_keyframe_interval_s: Annotated[float, Field(gt=0)] | None = None
    picture_interval_s: Seconds = 30
    picture: PictureConfig = PictureConfig()
    timeout_s: Seconds = 10
    allow_basic: bool = False
    certificate: Annotated[str, AfterValidator(_fingerprint)] = ""
    tls_ca: Annotated[Path, AfterValidator(_certificates)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        parsed = stream_url.parse(self._configured_url())
        url, user_in_path, password_in_path = vendors.take_credentials(parsed.without_credentials)
        password = secret("password", self.password, self.password_file, f"camera-{self.id}")
        password_in_url = parsed.password if parsed.password is not None else password_in_path
        if password_in_url is not None:
            if self.password is not None or self.password_file is not None:
                raise error_at("password", "expected one password, and there is another in the `url`")
            password = SecretStr(password_in_url)
        users = (self.user, parsed.user, user_in_path)
        user = next((user for user in users if user is not None), None)
        if password is not None and user is None:
            raise error_at("user", "expected the user's name, since there is a password")
        if self.tls_ca is not None and self.certificate:
            raise error_at(
                "certificate", "expected no `certificate` beside a `tls_ca`: the authority vouches for it"
            )
        _set(self, url=url, user=user, password=password)
        return self

    @property
    def lacks_password(self) -> bool:
        """True if there is a user, and no password that this process knows: then nobody is logged in."""
        return self.user is not None and self.password is None

    def _configured_url(self) -> str:
        """Return the configured URL, or the one made from vendor and host."""
        if self.url is not None:
            if self.host is not None:
                raise error_at("host", "expected no `host` beside a `url`: the URL has it")
            return self.url
        if self.host is None:
            raise error_at("url", "expected a URL, or `vendor` and `host` in its place")
        if self.vendor is None:
            raise error_at(
                "vendor", "expected the vendor, since there is a `host`, or a `url` in the place of both"
            )
        try:
            return vendors.stream_url(
                self.vendor, self.host, channel=self.channel, stream=self.stream, port=self.port
            )
        except vendors.VendorError as error:
            raise error_at("vendor", f"expected what makes a URL: {error}") from None


class Device(BaseModel):
    """A switch, recorder or gateway of the site, which is asked whether it is there.

    `id` is that of the inventory. It is asked at a TCP `port`, or by ICMP. `cameras` are those behind it; none
    stands for all of the site.
    """

    model_config = _STRICT

    id: Slug
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Port | None = None
    cameras: list[Slug] = Field(default_factory=list)


class AgentConfig(EnvironmentSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter=ENV_DELIMITER, extra="forbid", frozen=True
    )

    site: Site
    broker: Broker
    report: Report = Report()
    spool: SpoolConfig = SpoolConfig()
    camera: list[Camera] = Field(default_factory=list)
    device: Annotated[list[Device], Field(max_length=MAX_DEVICES)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check_ids_are_distinct(self) -> Self:
        ids = {"camera": [camera.id for camera in self.camera], "device": [device.id for device in self.device]}
        for table, names in ids.items():
            repeated = [name for name, count in Counter(names).items() if count > 1]
            if repeated:
                raise error_at(
                    table, f"expected each `id` once, got {', '.join(map(repr, repeated))} more than once"
                )
        return self

    @model_validator(mode="after")
    def _check_cameras_of_devices(self) -> Self:
        cameras = {camera.id for camera in self.camera}
        for device in self.device:
            for camera in device.cameras:
                if camera not in cameras:
                    raise error_at("device", f"expected the `id` of a camera in `cameras`, got {camera!r}")
        return self


def load(path: Path) -> AgentConfig:
    """Read and check the configuration.

    Raises:
        ConfigError: it is wrong; one line per problem with file, key, what was expected and what was found.
    """
    data = read_toml(path)
    try:
        config = AgentConfig(**_with_absolute_paths(path, data))
    except ValidationError as error:
        problems = explain(
            error,
            AgentConfig,
            path,
            env_prefix=ENV_PREFIX,
            env_delimiter=ENV_DELIMITER,
            data=data,
            redact=stream_url.redact,
        )
        raise ConfigError(problems) from None
    except SettingsError as error:
        raise ConfigError([f"environment: {error}"]) from None
    _warn_if_exposed(path, data, config)
    _warn_if_in_clear(path, config.broker)
    return config


def _set(model: BaseModel, **values: object) -> None:
    """Set fields of a frozen model during its validation."""
    model.__dict__.update(values)


def _with_absolute_paths(path: Path, node: Any, key: str = "") -> Any:
    """Return the data with every path joined to the folder of the configuration."""
    if isinstance(node, dict):
        return {name: _with_absolute_paths(path, value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_with_absolute_paths(path, value) for value in node]
    return str(path.parent / node) if key in _PATH_KEYS and isinstance(node, str) and node else node


def _warn_if_exposed(path: Path, data: dict[str, Any], config: AgentConfig) -> None:
    """Log a warning for each file with a password that everyone on the machine can read."""
    files = [config.broker.password_file, *(camera.password_file for camera in config.camera)]
    tables = [data.get("broker", {}), *data.get("camera", [])]
    if any("password" in table or "@" in table.get("url", "") for table in tables):
        files.append(path)
    for file in sorted({file for file in files if file is not None}):
        if file.stat().st_mode & stat.S_IROTH:
            _log.warning("%s holds a password and everyone on this machine can read it: chmod o-r it", file)


def _warn_if_in_clear(path: Path, broker: Broker) -> None:
    """Log a warning if password and pictures cross the network readable."""
    if not broker.tls and not is_loopback(broker.host):
        _log.warning(
            "%s: broker.tls: the password and all pictures cross the network to %s readable by everyone on the"
            " way: set tls = true",
            path,
            broker.host,
        )
