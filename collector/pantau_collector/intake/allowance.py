"""Counts what each site uses of something that it may use at a limited rate."""

MAX_DEBTORS = 20_000
"""Sites whose use is remembered at most; only a broker that invents sites has more."""


class Allowance:
    """Each site may use `rate` a second.

    What a site uses it owes, and its debt shrinks by `rate` a second; how much it may owe is the caller's to say.
    All times are readings of one monotonic clock, in seconds.
    """

    def __init__(self, *, rate: float) -> None:
        self._rate = rate
        self._debts: dict[str, tuple[float, float]] = {}
        """What each site owed, and when."""

    def debt(self, site: str, now_s: float) -> float:
        """Return what a site owes."""
        owed, since_s = self._debts.get(site, (0.0, now_s))
        return max(0.0, owed - (now_s - since_s) * self._rate)

    def use(self, site: str, amount: float, now_s: float) -> float:
        """Note what a site has used, and return what it owes now."""
        owed = self.debt(site, now_s) + amount
        self._debts[site] = (owed, now_s)
        if len(self._debts) > MAX_DEBTORS:
            self._debts = {each: (debt, now_s) for each in self._debts if (debt := self.debt(each, now_s)) > 0}
        if len(self._debts) > MAX_DEBTORS:
            self._debts = {site: self._debts[site]}
        return owed
