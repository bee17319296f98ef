"""Locks a process that handles strangers' bytes down, once it has loaded its libraries.

It keeps the pipes to the agent and its own memory. It opens no file, starts no process, signals no other one and,
unless it has to, makes no connection. What it has learnt of the machine until then is its own code.
"""

import contextlib
import resource
import socket
from pathlib import Path

from pantau_agent.sandbox.seccomp import Allowed, NoFilterError, install
from pantau_service.privileges import drop_capabilities, forbid_new_privileges

MAX_FILES = 32
"""Files and sockets that may be open at a time."""
_CALLS = frozenset(
    [
        "brk",
        "clock_getres",
        "clock_gettime",
        "clock_nanosleep",
        "clone",
        "close",
        "exit",
        "exit_group",
        "fstat",
        "futex",
        "getpid",
        "getrandom",
        "getrusage",
        "gettid",
        "gettimeofday",
        "lseek",
        "madvise",
        "membarrier",
        "mmap",
        "mprotect",
        "mremap",
        "munmap",
        "nanosleep",
        "read",
        "readv",
        "restart_syscall",
        "rseq",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "sched_getaffinity",
        "sched_yield",
        "set_robust_list",
        "sigaltstack",
        "sysinfo",
        "tgkill",
        "time",
        "uname",
        "write",
        "writev",
    ]
)
_NETWORK_CALLS = frozenset(
    [
        "connect",
        "fcntl",
        "getpeername",
        "getsockname",
        "getsockopt",
        "poll",
        "ppoll",
        "recvfrom",
        "recvmsg",
        "select",
        "sendmsg",
        "sendto",
        "setsockopt",
        "shutdown",
    ]
)
PURE = Allowed(_CALLS)
"""For a process that only computes."""
CONNECTING = Allowed(_CALLS | _NETWORK_CALLS, {"socket": frozenset({int(socket.AF_INET), int(socket.AF_INET6)})})
"""For a process that also makes connections of its own."""


def lock_down(allowed: Allowed, *, memory: int) -> str:
    """Lock this process down for good; `memory` is how many bytes it may use beyond what it has loaded.

    Return why there is no filter of system calls, or nothing if there is one; the rest holds in either case.

    Raises:
        OSError: rights cannot be given up.
    """
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_FILES)
    drop_capabilities()
    forbid_new_privileges()
    try:
        install(allowed)
    except NoFilterError as error:
        return error.strerror or str(error)
    return ""


def _limit(what: int, most: int) -> None:
    with contextlib.suppress(ValueError):  # a lower limit holds already
        resource.setrlimit(what, (most, most))
