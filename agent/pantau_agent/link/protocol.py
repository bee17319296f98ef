"""The version of MQTT: 5 if the broker supports it, because it explains refusals; else 3.1.1."""

from typing import Literal

Protocol = Literal["5", "3.1.1"]
ConfiguredProtocol = Literal["auto", "5", "3.1.1"]


class ProtocolChoice:
    """The version to speak.

    `auto` begins with 5, and changes if the broker reports that it does not know it, or closes.
    """

    def __init__(self, configured: ConfiguredProtocol) -> None:
        self._is_open = configured == "auto"
        self.protocol: Protocol = "5" if configured == "auto" else configured

    def accepted(self) -> None:
        """Keep the version, because the broker has accepted a connection with it."""
        self._is_open = False

    def misunderstood(self) -> bool:
        """Change the version, because the broker did not understand CONNECT, if it is still open.

        Returns whether the new one is worth trying at once.
        """
        if not self._is_open:
            return False
        self.protocol = "3.1.1" if self.protocol == "5" else "5"
        return self.protocol == "3.1.1"
