"""`[heartbeat]` of the configuration."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pantau_collector.addresses import SecretAddress
from pantau_service.secret_files import SecretFile, secret


class HeartbeatConfig(BaseModel):
    """Where the heartbeat goes. After loading, `url` holds the address whichever key it came from.

    `url` may be missing, because a systemd credential may supply it, and only systemd hands that over.

    While the collector is not well, `failure_url` receives what is wrong as a POST. Without it nothing is sent
    then, and the service outside notices that heartbeats are missing.
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
