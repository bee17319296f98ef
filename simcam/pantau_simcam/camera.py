"""One simulated camera: its specification, its fault, and the counts of its clients' sessions."""

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from pantau_simcam.faults import MOMENTARY, Fault, FaultError, FaultSetting
from pantau_simcam.footage.jpeg import MAX_SIDE
from pantau_simcam.footage.take import GOP_S, LOOP_S, Codec, Look, Take


class Authentication(StrEnum):
    """The schemes that a camera offers; `ANY` is Digest with SHA-256, Digest with MD5 and Basic, in this order."""

    BASIC = "basic"
    DIGEST = "digest"
    DIGEST_SHA256 = "digest-sha256"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """The properties of a camera.

    Attributes:
        id: its name in URLs and in the control interface.
        path: its path on the server, `/{id}` if empty; may have a query.
        user: required of clients if not empty, with `password`, by `authentication`.
        transports: the transports that SETUP accepts, `tcp` and `udp`; the response to others is 461.
        lockout_after: number of wrong passwords in a row that lock everyone out for `lockout_s` seconds, with 403.
        max_sessions: number of simultaneous sessions; the response to a further one is 453.
        session_timeout_s: seconds without a request after which a session ends.
        audio: adds a microphone: a track with a tone in G.711 A-law, described before the video.
        rejects: methods that OPTIONS lists although the response to them is 405.
        scene: the number of the street that it shows, any number; by default the cameras share four of them.
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
        """Check that the pictures can be made.

        Raises:
            ValueError: they cannot; the message names the camera, the value and what is expected.
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
    """Counts of a camera's sessions since the start.

    `abandoned` sessions ended with their connection and without TEARDOWN, `expired` ones by the session timeout,
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
        """Count a new session."""
        self.open += 1
        self.total += 1
        self.highest = max(self.highest, self.open)

    def as_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


LOOKS = frozenset(Fault(look.value) for look in Look if look is not Look.STREET)
"""Faults of the picture; each is a `Look` of the same name."""


class Camera:
    """The state of a running camera. `offset_s` is its position in the loop at time 0."""

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
        self._consecutive_failures = 0
        self._locked_until = float("-inf")

    def is_locked(self, now: float) -> bool:
        """Return True while all logins are locked out."""
        return now < self._locked_until

    def record_login(self, now: float, *, accepted: bool) -> None:
        """Count a login attempt, and lock logins out after too many wrong ones."""
        self._consecutive_failures = 0 if accepted else self._consecutive_failures + 1
        self.counts.failed_logins += not accepted
        if self.spec.lockout_after is not None and self._consecutive_failures >= self.spec.lockout_after:
            self._locked_until = now + self.spec.lockout_s

    @property
    def fault(self) -> Fault | None:
        """The camera's fault, or None."""
        return self.setting.fault if self.setting else None

    @property
    def amount(self) -> float:
        """The fault's parameter, 0 if it has none."""
        return self.setting.amount if self.setting else 0

    def position_s(self, now: float) -> float:
        """Return the camera's position in the endless loop, in seconds."""
        return now + self._offset_s

    def set_fault(self, setting: FaultSetting, now: float) -> None:
        """Make the camera fail, in place of any previous fault.

        Raises:
            FaultError: this camera cannot have the fault.
        """
        take = self._faulty_take(setting, now)
        self.take = take
        self.setting = None if setting.fault in MOMENTARY else setting

    def clear(self) -> None:
        """End the fault."""
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
