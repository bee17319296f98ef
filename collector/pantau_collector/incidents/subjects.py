"""Names for what an incident can be about within its case: a camera, a device, a whole site, an uplink, and so on.

A camera's subject is its id, which never contains a colon.
"""

WHOLE_SITE = ""
"""The subject of the site itself, beside the ids of its cameras."""
UNLISTED = "unlisted:"
"""The subject of all cameras of the site that are not in the inventory."""
_DEVICE, _UPLINK = "device:", "uplink:"


def device_subject(device: str) -> str:
    """Return the subject of a device of a site."""
    return f"{_DEVICE}{device}"


def is_device(subject: str) -> bool:
    """Return True if the subject is a device."""
    return subject.startswith(_DEVICE)


def device_of(subject: str) -> str:
    """Return the id of the device that the subject stands for."""
    return subject.removeprefix(_DEVICE)


def uplink_subject(uplink: str) -> str:
    """Return the subject of an uplink. It is also the id of the uplink's case, beside the sites' ids."""
    return f"{_UPLINK}{uplink}"


def uplink_of(subject: str) -> str:
    """Return the id of the uplink that the subject stands for."""
    return subject.removeprefix(_UPLINK)
