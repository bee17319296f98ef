"""A limit on what each site may use of something, in which others' use counts for nothing."""

MAX_DEBTORS = 20_000
"""Sites whose use is remembered at most; only a broker that invents sites has more."""


class Allowance:
    """Each site may use `rate` a second, and up to `burst` at once.

    What a site uses it owes, and its debt shrinks by `rate` a second. It may use more while it owes less than
    `burst`. So one use may exceed the burst by any amount, and the site then waits until that is paid off. All
    times are readings of one monotonic clock, in seconds.
    """

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._debts: dict[str, tuple[float, float]] = {}
        """What each site owed, and when."""

    def is_left(self, site: str, now_s: float) -> bool:
        """Return True if the site may use more."""
        return self._debt(site, now_s) < self._burst

    def use(self, site: str, amount: float, now_s: float) -> None:
        """Note what a site has used."""
        self._debts[site] = (self._debt(site, now_s) + amount, now_s)
        if len(self._debts) > MAX_DEBTORS:
            self._debts = {each: (debt, now_s) for each in self._debts if (debt := self._debt(each, now_s)) > 0}
        if len(self._debts) > MAX_DEBTORS:
            self._debts = {site: self._debts[site]}

    def _debt(self, site: str, now_s: float) -> float:
        owed, since_s = self._debts.get(site, (0.0, now_s))
        return max(0.0, owed - (now_s - since_s) * self._rate)
