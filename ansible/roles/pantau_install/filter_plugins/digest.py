"""Tells two files apart that have the same name."""  # noqa: INP001 # Ansible finds it by its folder

import hashlib
from pathlib import Path

from ansible.errors import AnsibleFilterError


def digest_of_file(path: str, folder: str) -> str:
    """Return the SHA-256 of a file on the computer that runs Ansible; a relative path begins at `folder`.

    Raises:
        AnsibleFilterError: it cannot be read.
    """
    try:
        return hashlib.sha256(Path(folder, path).read_bytes()).hexdigest()
    except OSError as error:
        raise AnsibleFilterError(
            f"{Path(folder, path).resolve()}: {error.strerror}. `make wheel` in the checkout builds Pantau's"
            " wheel; set pantau_install_package to it"
        ) from None


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"digest_of_file": digest_of_file}
