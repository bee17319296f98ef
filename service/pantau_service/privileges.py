"""Gives up root for good, before a program handles anything that comes from the network."""

import contextlib
import ctypes
import os
import pwd
import sys
from pathlib import Path

_PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 8, 38, 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_CAPABILITIES_3 = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3 (linux/capability.h)."""
_CAP_DAC_READ_SEARCH = 2
NOBODY = 65534
"""User and group that own nothing (nobody, nogroup)."""


def give_up_root(service_user: str, data: Path, *, or_nobody: bool = True) -> None:
    """If this process is root, become the service's user for good; without one, the owner of `data` or nobody.

    Without `or_nobody`, a program that has to write data which belongs to root stays root. A program that is
    installed where root alone can read it, as in a developer's home, keeps the right to read files, and no other.

    Call it before threads are started, and after the secrets were read.

    Raises:
        OSError: the kernel refuses it; then the program must not go on.
    """
    if os.geteuid() != 0:
        return
    reads = not everyone_can_run_this()
    account = _account(service_user) or _owner(data)
    if account is not None:
        become(account.pw_uid, account.pw_gid, groups_of=account.pw_name, may_read=reads)
    elif or_nobody:
        become(NOBODY, NOBODY, may_read=reads)


def become(uid: int, gid: int, *, groups_of: str | None = None, may_read: bool = False) -> None:
    """Become that user and group for good, with that user's other groups or none.

    With `may_read`, this process and those that it starts may read every file, until `drop_capabilities`.

    Raises:
        OSError: the kernel refuses it.
    """
    if groups_of is not None:
        os.initgroups(groups_of, gid)
    else:
        os.setgroups([])
    if may_read:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if may_read:
        _set_capabilities(1 << _CAP_DAC_READ_SEARCH)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH)
    forbid_new_privileges()
    with contextlib.suppress(PermissionError):
        os.setuid(0)
        raise OSError("root could not be given up")


def forbid_new_privileges() -> None:
    """Keep this process, and all that it starts, from gaining rights by setuid programs (no_new_privs).

    Raises:
        OSError: the kernel refuses it.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every right of root's that this process still has.

    Raises:
        OSError: the kernel refuses it.
    """
    if not _has_capabilities():
        return  # a service manager may forbid to ask for what is true already
    with contextlib.suppress(OSError):  # older than Linux 4.3, which has no ambient capabilities
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _set_capabilities(0)


def everyone_can_run_this() -> bool:
    """Return whether any user can execute the interpreter and read this program."""
    for file in (Path(sys.executable), Path(__file__)):
        for path in (file, file.resolve()):
            if any(not folder.stat().st_mode & 0o001 for folder in path.parents):
                return False
        if not file.stat().st_mode & 0o004:
            return False
    return True


def _prctl(option: int, first: int, second: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_ulong(number) for number in (first, second, 0, 0))
    if libc.prctl(option, *arguments) != 0:
        _raise_errno()


def _set_capabilities(allowed: int) -> None:
    """Make the capabilities of that mask effective, permitted and inheritable, and no other (capset(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    data = (ctypes.c_uint32 * 6)(allowed, allowed, allowed, 0, 0, 0)
    if libc.capset(header, data) != 0:
        _raise_errno()


def _has_capabilities() -> bool:
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16) != 0
    return True


def _raise_errno() -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _owner(data: Path) -> pwd.struct_passwd | None:
    """Return the account that owns the data, unless that is root or unknown."""
    try:
        uid = data.stat().st_uid
        return pwd.getpwuid(uid) if uid else None
    except (OSError, KeyError):
        return None
