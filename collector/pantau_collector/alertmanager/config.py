"""`[alertmanager]` of the configuration."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from pantau_collector.addresses import WebAddress
from pantau_contract.words import Language
from pantau_service.secret_files import SecretFile, secret


class AlertmanagerConfig(BaseModel):
    """Where alerts go. After loading, `password` holds the secret whichever key it came from.

    A firing alert is sent again each `resend_s`, and Alertmanager resolves it once it has not been sent for
    `expire_s`. So a collector that is restarted within that time ends no alert.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    url: WebAddress
    user: str | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    resend_s: Annotated[float, Field(ge=5, le=3600)] = 60
    expire_s: Annotated[float, Field(ge=60, le=86_400)] = 900
    language: Language = "id"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.__dict__["password"] = secret("password", self.password, self.password_file, "alertmanager")
        if self.expire_s < 3 * self.resend_s:
            raise ValueError("expected `expire_s` to be at least three times `resend_s`")
        return self
