"""One simulated camera: what it is, what is wrong with it, and what its clients did."""

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from pantau_simcam.faults import MOMENTARY, Fault, FaultError, FaultSetting
from pantau_simcam.footage.jpeg import MAX_SIDE
from pantau_simcam.footage.take import GOP_S, LOOP_S, Codec, Look, Take


class Authentication(StrEnum):
    """The schemes a camera offers; `ANY` is Digest with SHA-256, with MD5, and Basic, the strongest first."""

    BASIC = "basic"
    DIGEST = "digest"
    DIGEST_SHA256 = "digest-sha256"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """What a camera is.

    Attributes:
        id: its name in URLs and in the control interface.
        path: its path on the server, `/{id}` if empty; may have a query.
        user: asked for when given, with `password`, by `authentication`.
        transports: what SETUP takes, of `tcp` and `udp`; other requests are answered 461.
        lockout_after: so many wrong passwords in a row lock all out for `lockout_s`; that is answered 403.
        max_sessions: how many sessions at once; a further one is answered 453.
        session_timeout_s: a session without a request for so long ends.
        audio: it has a microphone: a track with a tone in G.711 A-law, described before the video.
        rejects: methods that OPTIONS names and that are answered 405 all the same.
        scene: which of the streets it looks at, any number; by default the cameras share four of them.
    """

    id: str
    path: str = ""
    codec: Codec = Codec.H264
    width: int = 640
    height: int = 360
    fps: float = 15
    bitrate_kbps: int = 400
    gop_s: float = GOP_S
    user: str = ""
    password: str = field(default="", repr=False)
    authentication: Authentication = Authentication.DIGEST
    lockout_after: int | None = None
    lockout_s: float = 60
    transports: frozenset[str] = frozenset({"tcp", "udp"})
    max_sessions: int | None = None
    session_timeout_s: float = 60
    audio: bool = False
    rejects: frozenset[str] = frozenset()
    scene: int | None = None

    def __post_init__(self) -> None:
        """Checks what cannot be filmed.

        Raises:
            ValueError: it names the camera, the value and what is expected.
        """
        sides = (self.width, self.height)
        if self.codec is Codec.MJPEG and any(side % 8 or not 64 <= side <= MAX_SIDE for side in sides):
            raise ValueError(f"camera {self.id!r}: MJPEG over RTP needs sides from 64 to {MAX_SIDE}, in eights")
        if any(side % 2 or not 64 <= side <= 4096 for side in sides):
            raise ValueError(f"camera {self.id!r}: width and height must be even numbers from 64 to 4096")
        if not 1 <= self.fps <= 60:
            raise ValueError(f"camera {self.id!r}: fps must be from 1 to 60, not {self.fps:g}")


@dataclass(slots=True)
class Counts:
    """What a camera's clients did since the start.

    `abandoned` sessions ended with their connection and without TEARDOWN; `expired` ones by the session timeout;
    `ended` ones by a fault. `failed_logins` counts requests with wrong credentials, `audio` SETUPs of that track.
    """

    open: int = 0
    highest: int = 0
    total: int = 0
    teardowns: int = 0
    abandoned: int = 0
    expired: int = 0
    ended: int = 0
    failed_logins: int = 0
    audio: int = 0

    def opened(self) -> None:
        """One session more."""
        self.open += 1
        self.total += 1
        self.highest = max(self.highest, self.open)

    def as_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


LOOKS = frozenset(Fault(look.value) for look in Look if look is not Look.STREET)
"""Faults of the picture: each is another look of the same street."""


class Camera:
    """A camera at run time. `offset_s` is where in the loop it stands at time 0."""

    def __init__(self, spec: CameraSpec, *, scene: int = 0, offset_s: float = 0) -> None:
        self.spec = spec
        self.path = spec.path or f"/{spec.id}"
        self.counts = Counts()
        self.setting: FaultSetting | None = None
        self._offset_s = offset_s
        self.usual_take = Take(
            scene if spec.scene is None else spec.scene,
            spec.codec,
            spec.width,
            spec.height,
            spec.fps,
            spec.bitrate_kbps,
            spec.gop_s,
        )
        self.take = self.usual_take
        self._failed_in_a_row = 0
        self._locked_until = float("-inf")

    def is_locked(self, now: float) -> bool:
        """Whether nobody is let in just now."""
        return now < self._locked_until

    def logged_in(self, now: float, *, right: bool) -> None:
        """Somebody came with a password."""
        self._failed_in_a_row = 0 if right else self._failed_in_a_row + 1
        self.counts.failed_logins += not right
        if self.spec.lockout_after is not None and self._failed_in_a_row >= self.spec.lockout_after:
            self._locked_until = now + self.spec.lockout_s

    @property
    def fault(self) -> Fault | None:
        """What is wrong, if anything."""
        return self.setting.fault if self.setting else None

    @property
    def amount(self) -> float:
        """The number that the fault was set with."""
        return self.setting.amount if self.setting else 0

    def position_s(self, now: float) -> float:
        """Where in the endless loop the camera stands."""
        return now + self._offset_s

    def set_fault(self, setting: FaultSetting, now: float) -> None:
        """Puts the camera into a fault; the one before is over.

        Raises:
            FaultError: this camera cannot have it.
        """
        take = self._faulty_take(setting, now)
        self.take = take
        self.setting = None if setting.fault in MOMENTARY else setting

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self.setting = None
        self.take = self.usual_take

    def _faulty_take(self, setting: FaultSetting, now: float) -> Take:
        take = self.usual_take
        match setting.fault:
            case Fault.FREEZE:
                at = self.position_s(now) % LOOP_S
                return replace(take, still_s=at - at % take.gop_s, length_s=take.gop_s)
            case Fault.CORRUPT:
                return replace(take, damaged_pct=setting.amount)
            case Fault.SLOW_KEYFRAMES:
                if take.codec is Codec.MJPEG:
                    raise FaultError(f"camera {self.spec.id!r} sends MJPEG, in which each picture is a keyframe")
                return replace(take, gop_s=setting.amount, length_s=setting.amount)
            case Fault.LOW_FPS:
                if setting.amount >= take.fps:
                    raise FaultError(f"camera {self.spec.id!r} sends {take.fps:g} fps: 'fps' must be less")
                return replace(take, fps=setting.amount)
            case fault if fault in LOOKS:
                return replace(take, look=Look(fault.value))
            case _:
                return take
