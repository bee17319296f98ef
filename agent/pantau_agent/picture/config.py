"""The configuration of how one camera's pictures are judged."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from pantau_service.settings import error_at

Fault = Literal[
    "frozen",
    "black",
    "overexposed",
    "no_signal",
    "defocused",
    "covered",
    "moved",
    "colour_cast",
    "corrupted",
    "noisy",
]
Part = Annotated[float, Field(ge=0, le=1)]


def _upright(region: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = region
    if left >= right or top >= bottom:
        raise ValueError("expected [left, top, right, bottom] with left < right and top < bottom")
    return region


Region = Annotated[tuple[Part, Part, Part, Part], AfterValidator(_upright)]


class PictureConfig(BaseModel):
    """One camera's table `[camera.picture]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    sensitivity: dict[Fault, Annotated[float, Field(ge=0, le=2)]] = {}
    report_only: list[Fault] = []
    moves_on_purpose: bool = False
    learning_h: Annotated[float, Field(ge=0, le=168)] = 2
    masked: list[Region] = []
    private: list[Region] = []

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        for key, regions in (("masked", self.masked), ("private", self.private)):
            if any(left <= 0 and top <= 0 and right >= 1 and bottom >= 1 for left, top, right, bottom in regions):
                raise error_at(key, "expected regions that leave some of the picture to be judged")
        return self

    @property
    def settings(self) -> PictureSettings:
        """The same settings in the judge's own terms."""
        return PictureSettings(
            sensitivity={Cause(fault): value for fault, value in self.sensitivity.items()},
            report_only=frozenset(Cause(fault) for fault in self.report_only),
            moves_on_purpose=self.moves_on_purpose,
            learning_s=self.learning_h * 3600,
            masked=tuple(self.masked),
            private=tuple(self.private),
        )
