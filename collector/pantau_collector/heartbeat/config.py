"""`[heartbeat]` of the configuration."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pantau_collector.addresses import SecretAddress
from pantau_service.secret_files import SecretFile, secret


class HeartbeatConfig(BaseModel):
    """Where the sign of life goes. After loading, `url` holds the address wherever it came from.

    Only systemd hands over a credential, so a configuration without an address may be right all the same.

    `failure_url` is told by POST what is wrong while not all is well; without one nothing is sent then, and the
    service outside finds out by the silence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    url: SecretAddress | None = None
    url_file: SecretFile | None = None
    failure_url: SecretAddress | None = None
    method: Literal["GET", "POST"] = "GET"
    interval_s: Annotated[float, Field(ge=5, le=3600)] = 60

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["url"] = secret("url", self.url, self.url_file, "heartbeat")
        return self
