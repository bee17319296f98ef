"""The budget of one camera: how much of the agent it may take, so that it cannot starve the other cameras.

Three things are counted in each session, and each may be taken at a steady rate, with some in advance:

- octets: a camera that sends more is read no faster, and nothing else follows;
- pieces: packets, frames, lines, parts, chunks, TLS records: whatever takes a parser a step, however small it is;
- processor time of the parsers, which depends on the machine but not on what else runs there.

A camera that is over its budget is not read until it is within it again, so that the others get their turn. One
that takes all of its pieces or its processor time for `PATIENCE_S` has its session ended.
"""

from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

MAX_OCTETS = 16 << 20
"""Octets a second: 8 times a 4K camera's 16 Mbit/s."""
MAX_PIECES = 20_000
"""Pieces a second. A 4K camera with 16 Mbit/s sends 1,500 RTP packets, which are 6,000 if each is read alone."""
MAX_CPU = 0.2
"""Share of a processor core. A 4K camera with 16 Mbit/s takes 0.01 of a PC's, and 0.05 of a Raspberry Pi 3's."""
IN_ADVANCE_S = 2.0
"""Seconds' worth of each that may be taken at once: a keyframe, or what has come while the agent was held up."""
PATIENCE_S = 5.0
"""Seconds of taking all that the budget allows after which the session is ended."""
MAX_PAUSE_S = 2.0
"""Longest pause in seconds: less than the silence that makes a stall. A session that needs a longer one ends."""
PIECES_PER_READ = 3
"""What one read counts as, beside what is in it: waking up for it costs as much as parsing a few packets."""
PIECES_PER_MESSAGE = 50
"""What one RTSP message counts as, with all its header fields."""


class Budget:
    """What one session with a camera may take. `exceeded` says why it must end; it is empty while it may go on.

    Each of the three is counted in seconds' worth of what is allowed: it rises with what is taken, falls with
    time, and makes a pause while it is over `IN_ADVANCE_S` (the leaky bucket of ITU-T I.371, annex A).
    """

    def __init__(self, *, max_cpu: float = MAX_CPU) -> None:
        self.exceeded: Detail = NO_DETAIL
        self._max_cpu = max_cpu
        self._octets_s = self._pieces_s = self._cpu_s = 0.0
        self._at = 0.0
        self._over_since: float | None = None

    def spend(self, now: float, *, octets: int = 0, pieces: int = 0, cpu_s: float = 0.0) -> float:
        """Count what was taken until `now` (monotonic), and return for how many seconds to read no more."""
        elapsed, self._at = now - self._at, now
        self._octets_s = max(0.0, self._octets_s - elapsed) + octets / MAX_OCTETS
        self._pieces_s = max(0.0, self._pieces_s - elapsed) + pieces / MAX_PIECES
        self._cpu_s = max(0.0, self._cpu_s - elapsed) + cpu_s / self._max_cpu
        work_s = max(self._pieces_s, self._cpu_s)
        if work_s > IN_ADVANCE_S:
            self._judge(work_s - IN_ADVANCE_S, now)
        elif work_s < IN_ADVANCE_S / 2:
            self._over_since = None
        return max(0.0, work_s - IN_ADVANCE_S, self._octets_s - IN_ADVANCE_S)

    @property
    def failure(self) -> Failure:
        """The failure of a session that has exceeded its budget."""
        return Failure(Step.STREAM, Kind.FLOODING, self.exceeded)

    def _judge(self, pause_s: float, now: float) -> None:
        if self._over_since is None:
            self._over_since = now
        if pause_s <= MAX_PAUSE_S and now - self._over_since < PATIENCE_S:
            return
        if self._pieces_s >= self._cpu_s:
            self.exceeded = detail("flood_of_pieces", limit=MAX_PIECES)
        else:
            self.exceeded = detail("flood_of_work", percent=round(100 * self._max_cpu))
