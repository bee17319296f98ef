"""A digest of the configuration, by which people and programs tell whether what runs is what is written.

It holds no secret, nor anything by which one could be guessed: passwords and their files are left out. What has
its default counts as not written, so that a version with new keys has the same digest.
"""

import hashlib
import json

from pantau_agent.config import AgentConfig

_LENGTH = 16
"""Hexadecimal digits: enough to tell two configurations apart, and short enough to compare by eye."""
_SECRET = {"password", "password_file", "tls_key"}
"""Also where a secret is: systemd hands it over to the service alone, under a path of that service's."""


def configuration_digest(config: AgentConfig) -> str:
    """Return the digest of a configuration, wherever its values came from."""
    written = config.model_dump(
        mode="json", exclude_defaults=True, exclude={"broker": _SECRET, "camera": {"__all__": _SECRET}}
    )
    canonical = json.dumps(written, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(canonical).hexdigest()[:_LENGTH]
