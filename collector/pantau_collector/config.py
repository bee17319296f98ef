"""The collector's configuration: a TOML file, the environment, and systemd's credentials.

A value in the environment (`PANTAU_COLLECTOR_BROKER__HOST`) goes before the file. A secret stands in the file, in
a file of its own (`password_file`, `token_file`), or in a systemd credential: `broker`, `influx`, `store`. Files
are looked for beside the configuration.
"""

from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from pantau_collector.notices.channel import ChannelError, open_channel
from pantau_collector.secret_files import SecretFile, secret
from pantau_contract.states import Cause, State
from pantau_contract.topics import SLUG
from pantau_contract.words import Language
from pantau_service.settings import ConfigError, explain, read_toml

ENV_PREFIX = "PANTAU_COLLECTOR_"
ENV_DELIMITER = "__"

_STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True)
_FILES = {"data_dir", "inventory", "password_file", "token_file", "ca_file"}


def slug(text: str) -> str:
    """The id, if it is one.

    Raises:
        ValueError: it is not; the text says what was expected.
    """
    if not SLUG.fullmatch(text):
        raise ValueError("expected 1 to 63 lower-case letters, digits, '-' or '_', the first a letter or digit")
    return text


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as http://127.0.0.1:8086")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user and password; they have keys of their own")
    return text.rstrip("/")


def _postgresql(text: str) -> str:
    expected = "expected an address such as postgresql+psycopg://pantau@db.example.go.id/pantau"
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(expected) from None
    if url.drivername != "postgresql+psycopg" or not url.database:
        raise ValueError(expected)
    if url.password is not None:
        raise ValueError("expected an address without password; it has a key of its own")
    if find_spec("psycopg") is None:
        raise ValueError("expected psycopg to be installed beside: pip install 'pantau[collector,postgresql]'")
    return text


def _readable_file(path: Path) -> Path:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"expected a file that the collector can read ({error.strerror})") from None
    return path


def _channel(url: SecretStr) -> SecretStr:
    try:
        open_channel(url.get_secret_value())
    except ChannelError as error:
        raise ValueError(f"expected an address that Apprise can send to: {error}") from None
    return url


Slug = Annotated[str, AfterValidator(slug)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
ReadableFile = Annotated[Path, AfterValidator(_readable_file)]
Channel = Annotated[SecretStr, AfterValidator(_channel)]


class Broker(BaseModel):
    """The MQTT broker. After loading, `password` holds the secret wherever it came from.

    `client_id` names the broker's queue for this collector: what arrives while it is away is kept under that name.
    """

    model_config = _STRICT

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    user: str | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    tls: bool = False
    ca_file: ReadableFile | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=200)] = "pantau-collector"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["password"] = secret("password", self.password, self.password_file, "broker")
        if self.password is not None and self.user is None:
            raise ValueError("expected `user` beside the password (MQTT knows no password without a user)")
        return self


class PostgreSQL(BaseModel):
    """A PostgreSQL for the state, where two collectors run; after loading, `password` holds the secret."""

    model_config = _STRICT

    url: Annotated[str, AfterValidator(_postgresql)]
    password: SecretStr | None = None
    password_file: SecretFile | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["password"] = secret("password", self.password, self.password_file, "store")
        return self

    @property
    def full_url(self) -> URL:
        """The address with the password."""
        password = self.password.get_secret_value() if self.password else None
        return make_url(self.url).set(password=password)


class InfluxV1(BaseModel):
    """An InfluxDB 1.x, or what speaks its `/write`."""

    model_config = _STRICT

    version: Literal[1]
    url: WebAddress
    database: Annotated[str, Field(min_length=1)] = "pantau"
    user: str | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["password"] = secret("password", self.password, self.password_file, "influx")
        return self


class InfluxV2(BaseModel):
    """An InfluxDB 2.x or 3.x, or what speaks its `/api/v2/write`. After loading, `token` holds the secret."""

    model_config = _STRICT

    version: Literal[2]
    url: WebAddress
    bucket: Annotated[str, Field(min_length=1)] = "pantau"
    org: str = ""
    token: SecretStr | None = None
    token_file: SecretFile | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["token"] = secret("token", self.token, self.token_file, "influx")
        return self


class Web(BaseModel):
    """The wall page and the API. `public_url` is the address that people reach it by; notices link to it."""

    model_config = _STRICT

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 8080
    public_url: WebAddress | None = None


class IncidentRules(BaseModel):
    """When an outage is one. All seconds are of *attention*: time in which the collector was truly listening."""

    model_config = _STRICT

    settle_s: Annotated[float, Field(ge=0, le=86400)] = 20
    """A symptom has lasted so long before it is believed."""
    settle_s_by_cause: dict[Cause, Annotated[float, Field(ge=0, le=86400)]] = {}
    recovery_s: Annotated[float, Field(ge=0, le=86400)] = 20
    """A recovery has lasted so long before it is believed."""
    silence_factor: Annotated[float, Field(ge=1.5, le=100)] = 3
    """A site that has not been heard for so many of its reporting intervals is gone."""
    states: frozenset[State] = frozenset({State.DOWN, State.IMPAIRED})
    """A camera in one of these has an outage."""
    new_camera_grace_s: Annotated[float, Field(ge=0, le=86400)] = 120
    """A new camera, or site, that has never worked yet is given so long before it can have an outage."""
    restart_grace_s: Annotated[float, Field(ge=0, le=86400)] = 30
    """After a start of the collector, or a break of its listening, no outage is opened for so long."""
    regroup_s: Annotated[float, Field(ge=0, le=86400)] = 90
    """When a whole site's outage ends, its cameras have so long to come back before each is told by itself."""

    @field_validator("states")
    @classmethod
    def _can_be_outages(cls, states: frozenset[State]) -> frozenset[State]:
        allowed = {State.DOWN, State.IMPAIRED, State.DEGRADED}
        if not states or not states <= allowed:
            raise ValueError(f"expected some of {', '.join(sorted(allowed))}")
        return states


class NoticeRules(BaseModel):
    """How hard a notice is tried: each wait is twice the last one, from `first_retry_s` up to `max_retry_s`."""

    model_config = _STRICT

    max_attempts: Annotated[int, Field(ge=1, le=10_000)] = 100
    first_retry_s: Seconds = 5
    max_retry_s: Seconds = 900
    parallel: Annotated[int, Field(ge=1, le=64)] = 8


class Recipient(BaseModel):
    """A person or group that is told. An empty filter lets all through; those set must all fit one camera."""

    model_config = _STRICT

    id: Slug
    name: str = ""
    language: Language = "id"
    timezone: str = "Asia/Jakarta"
    owners: frozenset[Slug] = frozenset()
    maintainers: frozenset[Slug] = frozenset()
    sites: frozenset[Slug] = frozenset()
    urls: Annotated[list[Channel], Field(min_length=1)]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # each of them, by what is wrong with the name
            raise ValueError("expected a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura") from None
        return name


class CollectorConfig(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter=ENV_DELIMITER, extra="forbid", frozen=True
    )

    data_dir: Path = Path("/var/lib/pantau-collector")
    inventory: Path | None = None
    embedded_broker: bool = False
    broker: Broker = Field(default_factory=Broker)
    store: PostgreSQL | None = None
    influx: Annotated[InfluxV1 | InfluxV2, Field(discriminator="version")] | None = None
    web: Web = Web()
    incidents: IncidentRules = IncidentRules()
    notices: NoticeRules = NoticeRules()
    recipient: list[Recipient] = []

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        counts = Counter(recipient.id for recipient in self.recipient)
        twice = ", ".join(repr(name) for name, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"expected each recipient's id once, got {twice} more than once")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file, whose content is passed in."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(path: Path) -> CollectorConfig:
    """Reads and checks the configuration.

    Raises:
        ConfigError: with one line for everything that is wrong: file, key, what was expected, what is there.
    """
    data = _beside(path.parent, read_toml(path))
    try:
        return CollectorConfig(**data)
    except ValidationError as error:
        lines = explain(error, CollectorConfig, path, env_prefix=ENV_PREFIX, env_delimiter=ENV_DELIMITER)
        raise ConfigError(lines) from None


def _beside(folder: Path, table: dict[str, Any]) -> dict[str, Any]:
    """The table with each file's path taken from the configuration's folder."""

    def placed(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return _beside(folder, value)
        return str(folder / value) if key in _FILES and isinstance(value, str) and value else value

    return {key: placed(key, value) for key, value in table.items()}
