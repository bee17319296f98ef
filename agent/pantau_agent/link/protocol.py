"""Which MQTT is spoken: 5 where the broker knows it, for it says why it refuses something; else 3.1.1."""

from typing import Literal

Protocol = Literal["5", "3.1.1"]
Wanted = Literal["auto", "5", "3.1.1"]


class Choice:
    """`auto` begins with 5. A broker that does not know it says so, or just closes; then 3.1.1 is next."""

    def __init__(self, wanted: Wanted) -> None:
        self._is_open = wanted == "auto"
        self.protocol: Protocol = "5" if wanted == "auto" else wanted

    def accepted(self) -> None:
        """The broker has taken a connection with it: it stays."""
        self._is_open = False

    def misunderstood(self) -> bool:
        """The broker did not understand CONNECT; whether the other protocol is worth trying at once."""
        if not self._is_open:
            return False
        self.protocol = "3.1.1" if self.protocol == "5" else "5"
        return self.protocol == "3.1.1"
