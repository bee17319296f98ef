"""Gives up root for good, before a program handles anything that comes from the network."""

import contextlib
import ctypes
import os
import pwd
import sys
from enum import Enum, auto
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38
"""prctl(2): from now on no program that is executed gains rights."""


class Became(Enum):
    """Whom `give_up_root` has made of this process."""

    SAME = auto()
    """It was not root, or has to stay it, and is the same user as before."""
    SERVICE = auto()
    """The service's user, or the owner of its data."""
    NOBODY = auto()
    """The user nobody: there is no such service on this machine."""
    ROOT = auto()
    """Still root: there is no such service, and the user nobody cannot run this program where it is installed."""


def give_up_root(service_user: str, data: Path, *, or_nobody: bool = True) -> Became:
    """Become the service's user if this process is root, for good; if there is none, the owner of `data` or nobody.

    Without `or_nobody`, a program that has to write data which belongs to root stays root.

    Call it before threads are started, and after the secrets were read.

    Raises:
        OSError: the kernel refuses it; then the program must not go on.
    """
    if os.geteuid() != 0:
        return Became.SAME
    account = _account(service_user) or _owner(data)
    if account is not None:
        become(account.pw_uid, account.pw_gid, groups_of=account.pw_name)
        return Became.SERVICE
    if not or_nobody:
        return Became.SAME
    nobody = _account("nobody")
    uid, gid = (nobody.pw_uid, nobody.pw_gid) if nobody is not None else (65534, 65534)
    if not _everyone_can_run_this():
        return Became.ROOT
    become(uid, gid)
    return Became.NOBODY


def become(uid: int, gid: int, *, groups_of: str | None = None) -> None:
    """Become that user and group for good, with that user's other groups or none.

    Raises:
        OSError: the kernel refuses it.
    """
    if groups_of is not None:
        os.initgroups(groups_of, gid)
    else:
        os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    forbid_new_privileges()
    with contextlib.suppress(PermissionError):
        os.setuid(0)
        raise OSError("root could not be given up")


def forbid_new_privileges() -> None:
    """Keep this process, and all that it starts, from gaining rights by setuid programs (no_new_privs).

    Raises:
        OSError: the kernel refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
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


def _everyone_can_run_this() -> bool:
    """Return whether any user can execute the interpreter and read this program."""
    for file in (Path(sys.executable), Path(__file__)):
        for path in (file, file.resolve()):
            if any(not folder.stat().st_mode & 0o001 for folder in path.parents):
                return False
        if not file.stat().st_mode & 0o004:
            return False
    return True
