"""Tells two files, or two versions, apart that have the same name."""  # noqa: INP001 # Ansible finds it by its folder

import hashlib
import re
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


def version_folder(package: str, contents: str) -> str:
    """Return the name of a version's folder: the version, and eight digits of the digest of all that is in it.

    Args:
        package: path of Pantau's wheel, or a requirement as `pantau==0.2.0`.
        contents: what the version consists of, with digests.
    """
    found = re.search(r"pantau(?:\[[^]]*\])?(?:-|==)([0-9][0-9A-Za-z.+!]*)", Path(package).name)
    version = found[1].removesuffix(".whl") if found else "unnamed"
    return f"{version}-{hashlib.sha256(contents.encode()).hexdigest()[:8]}"


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"digest_of_file": digest_of_file, "version_folder": version_folder}
