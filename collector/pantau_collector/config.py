"""The collector's configuration: a TOML file, the environment, and systemd's credentials.

A value in the environment (`PANTAU_COLLECTOR_BROKER__HOST`) takes precedence over the file. A secret is given in
the file, in a file of its own (`password_file`, `token_file`), or in a systemd credential: `broker`, `influx`,
`store`, `web`. Relative paths start at the configuration's folder.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from pantau_collector import postgresql
from pantau_collector.accounts.provider_config import ProviderConfig
from pantau_collector.addresses import TileAddress, WebAddress
from pantau_collector.alertmanager.config import AlertmanagerConfig
from pantau_collector.heartbeat.config import HeartbeatConfig
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.names import slug
from pantau_collector.notices.recipients import (
    EscalationLevel,
    Group,
    NoticeRules,
    People,
    Recipient,
    check_people,
)
from pantau_collector.outage_pictures import OutagePictureRules
from pantau_collector.snapshots import SnapshotRules
from pantau_service.client_certificate import client_key
from pantau_service.environment_settings import EnvironmentSettings
from pantau_service.secret_files import SecretFile, secret
from pantau_service.settings import ConfigError, error_at, explain, read_toml

__all__ = ["CollectorConfig", "NoticeRules", "Recipient", "load", "slug"]

ENV_PREFIX = "PANTAU_COLLECTOR_"
"""The beginning of every environment variable that holds a value of the configuration."""

ENV_DELIMITER = "__"
"""The separator between table and key in the name of an environment variable."""

DEFAULT_ZONE = "Asia/Jakarta"
"""The time zone of a configuration without recipients."""

_STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True)
_FILES = {
    *("contracts", "data_dir", "inventory", "password_file", "token_file", "url_file"),
    *("ca_file", "certificate", "client_secret_file", "key", "tls_certificate", "tls_key"),
}
"""Keys that hold a path."""


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
        raise ValueError(
            "expected psycopg to be there: pip install --require-hashes -r locks/collector-postgresql.txt"
        )
    return text


def _readable_file(path: Path) -> Path:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"expected a file that the collector can read ({error.strerror})") from None
    return path


def _host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise ValueError("expected a name or address alone, such as wall.example.go.id, without scheme and port")
    return text


_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:]{2,45}")


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not _HOST_NAME.fullmatch(host.removeprefix("[").removesuffix("]")) or not port.isdecimal():
        raise ValueError("expected an address and a port, such as 127.0.0.1:9108")
    if not 1 <= int(port) <= 65_535:
        raise ValueError("expected a port from 1 to 65535")
    return text


HostName = Annotated[str, AfterValidator(_host_name)]
MIN_TOKEN_LENGTH = 20
"""Characters of a configured token at least, so that nobody guesses it."""
Port = Annotated[int, Field(ge=1, le=65535)]
ReadableFile = Annotated[Path, AfterValidator(_readable_file)]


class Broker(BaseModel):
    """The MQTT broker. After loading, `password` holds the secret, whatever its source.

    `client_id` identifies the session at the broker, which queues what arrives while this collector is away. Above
    `max_memory_mb` (10^6 bytes) of the broker's memory the collector is in trouble.
    """

    model_config = _STRICT

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    user: str | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    tls: bool = False
    ca_file: ReadableFile | None = None
    tls_certificate: ReadableFile | None = None
    tls_key: Path | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=200)] = "pantau-collector"
    max_memory_mb: Annotated[float, Field(gt=0)] = 500

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["password"] = secret("password", self.password, self.password_file, "broker")
        self.__dict__["tls_key"] = client_key(self.tls_certificate, self.tls_key, tls=self.tls)
        if self.password is not None and self.user is None:
            raise ValueError("expected `user` beside the password (MQTT knows no password without a user)")
        return self


class PostgreSQL(BaseModel):
    """A PostgreSQL database for the state of two collectors. After loading, `password` holds the secret.

    One on another machine must prove who it is (`sslmode=verify-full`), unless `allow_plaintext` is set.
    """

    model_config = _STRICT

    url: Annotated[str, AfterValidator(_postgresql)]
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    ca_file: ReadableFile | None = None
    allow_plaintext: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["password"] = secret("password", self.password, self.password_file, "store")
        if not self.allow_plaintext and not postgresql.is_verified(make_url(self.url)):
            raise error_at(
                "url",
                "expected `?sslmode=verify-full` at its end, for a database on another machine: without it"
                " anyone on the way can read and change all of it. `allow_plaintext = true` accepts that",
            )
        return self

    @property
    def full_url(self) -> URL:
        """Return the address with the password, and with what keeps the password from others."""
        password = self.password.get_secret_value() if self.password else None
        ca_file = str(self.ca_file) if self.ca_file is not None else None
        return postgresql.secured(make_url(self.url).set(password=password), ca_file=ca_file)


class InfluxV1(BaseModel):
    """An InfluxDB 1.x, or a server with its `/write`."""

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
    """An InfluxDB 2.x or 3.x, or a server with its `/api/v2/write`. After loading, `token` holds the secret."""

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
    """The pages and the API. `public_url` is the address by which people reach them; notices link to it.

    After loading, `token` holds the secret, whatever its source; it is one of a screen, as of `token add`.
    With `certificate` and `key` the server speaks TLS itself. A person's session ends after `session_idle_h`
    hours without a request, and after `session_days` in any case.
    """

    model_config = _STRICT

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 8080
    public_url: WebAddress | None = None
    allowed_hosts: list[HostName] = []
    """Names that people may call it by, beside those of `public_url` and of the machine itself."""
    certificate: ReadableFile | None = None
    key: ReadableFile | None = None
    metrics_listen: Annotated[str, AfterValidator(_listen)] | None = None
    """HOST:PORT where `/metrics` is served to whoever asks there, without a token."""
    token: SecretStr | None = None
    token_file: SecretFile | None = None
    trusted_proxies: list[IPvAnyNetwork] = []
    """Addresses of the proxies that are believed when they say from where a request comes."""
    proxy_role: Literal["screen", "viewer"] | None = None
    """What somebody may do whom such a proxy lets in; not given, they sign in here like everybody."""
    proxy_user_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")] = "X-Forwarded-User"
    """The header in which such a proxy names the person, for the audit log."""
    oidc: ProviderConfig | None = None
    session_idle_h: Annotated[int, Field(ge=1, le=720)] = 12
    session_days: Annotated[int, Field(ge=1, le=90)] = 7
    keep_audit_days: Annotated[int, Field(ge=30, le=3660)] = 400

    map_tiles: TileAddress | None = None
    """Address of map tiles with `{z}`, `{x}` and `{y}` in it, of a server of the city's choice."""
    map_attribution: Annotated[str, Field(max_length=200)] = ""
    """Who made the tiles, as their licence wants it said on the map."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["token"] = secret("token", self.token, self.token_file, "web")
        if self.token is not None and len(self.token.get_secret_value()) < MIN_TOKEN_LENGTH:
            raise error_at(
                "token", f"expected {MIN_TOKEN_LENGTH} characters or more, as `openssl rand -hex 16` makes them"
            )
        if (self.certificate is None) != (self.key is None):
            raise error_at("key", "expected `certificate` and `key` together")
        if self.proxy_role is not None and not self.trusted_proxies:
            raise error_at("proxy_role", "expected `trusted_proxies` beside it: the proxies that ask for a login")
        return self

    @property
    def local_url(self) -> str:
        """Return the address of the pages on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        name = f"[{host}]" if ":" in host else host
        return f"{'https' if self.certificate is not None else 'http'}://{name}:{self.port}/"

    def sign_in_link(self, code: str) -> str:
        """Return the address by which an account is signed in to once.

        The code follows a `#`, so no browser sends it in an address, and no proxy logs it.
        """
        return f"{(self.public_url or self.local_url).rstrip('/')}/sign-in#{code}"

    def screen_link(self, token: str) -> str:
        """Return the address that a screen opens to sign in by its token, which follows a `#` too."""
        return f"{(self.public_url or self.local_url).rstrip('/')}/screen#{token}"


class IntakeConfig(BaseModel):
    """What is believed of the agents' messages.

    `spool_max_age_days` is the largest `spool.max_age_days` of any agent. Nothing older than that and a day is.
    """

    model_config = _STRICT

    spool_max_age_days: Annotated[float, Field(gt=0, le=3660)] = 7


class CollectorConfig(EnvironmentSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter=ENV_DELIMITER, extra="forbid", frozen=True
    )

    data_dir: Path = Path("/var/lib/pantau-collector")
    inventory: Path | None = None
    contracts: Path | None = None
    keep_pictures_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days for which a picture is kept after it was taken, unless a newer one replaces it."""
    broker: Broker = Field(default_factory=Broker)
    intake: IntakeConfig = IntakeConfig()
    store: PostgreSQL | None = None
    influx: Annotated[InfluxV1 | InfluxV2, Field(discriminator="version")] | None = None
    web: Web = Web()
    incidents: IncidentRules = IncidentRules()
    outage_pictures: OutagePictureRules = OutagePictureRules()
    snapshots: SnapshotRules = SnapshotRules()
    notices: NoticeRules = NoticeRules()
    heartbeat: HeartbeatConfig | None = None
    alertmanager: AlertmanagerConfig | None = None
    recipient: list[Recipient] = Field(default_factory=list)
    group: list[Group] = Field(default_factory=list)
    escalation: list[EscalationLevel] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _without_embedded_broker(cls, data: Any) -> Any:
        """Explain a key that configurations of the demo had before 0.2.0."""
        if isinstance(data, dict) and "embedded_broker" in data:
            raise error_at(
                "embedded_broker",
                "the collector has no broker of its own any more: remove this key",
            )
        return data

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_people(self.recipient, self.group, self.escalation)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the collector's people: the first recipient's."""
        return ZoneInfo(next((recipient.timezone for recipient in self.recipient), DEFAULT_ZONE))

    @property
    def people(self) -> People:
        """Return everybody who is notified."""
        return People.model_construct(recipient=self.recipient, group=self.group, escalation=self.escalation)


def load(path: Path) -> CollectorConfig:
    """Read and check the configuration.

    Raises:
        ConfigError: with a line for everything that is wrong: file, key, what was expected, what is there.
    """
    data = _beside(path.parent, read_toml(path))
    try:
        return CollectorConfig(**data)
    except ValidationError as error:
        lines = explain(
            error, CollectorConfig, path, env_prefix=ENV_PREFIX, env_delimiter=ENV_DELIMITER, data=data
        )
        raise ConfigError(lines) from None


def _beside(folder: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Return the table with relative paths made to start at the configuration's folder."""

    def resolved(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return _beside(folder, value)
        return str(folder / value) if key in _FILES and isinstance(value, str) and value else value

    return {key: resolved(key, value) for key, value in table.items()}
