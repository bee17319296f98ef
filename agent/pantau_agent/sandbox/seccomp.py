"""A filter of system calls for the process that installs it (seccomp(2)): what is not allowed fails with EPERM.

The filter is a program of classic BPF. It is made here and not by libseccomp, which Python's wheels do not bring
and small systems do not have; the format has not changed since Linux 3.5. Kernels without it, and machines other
than x86-64 and aarch64, get no filter.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_NUMBERS: dict[str, tuple[int, int]] = {
    "brk": (12, 214),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close": (3, 57),
    "connect": (42, 203),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "fcntl": (72, 25),
    "fstat": (5, 80),
    "futex": (202, 98),
    "getpeername": (52, 205),
    "getpid": (39, 172),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "getsockname": (51, 204),
    "getsockopt": (55, 209),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "lseek": (8, 62),
    "madvise": (28, 233),
    "membarrier": (324, 283),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "nanosleep": (35, 101),
    "ppoll": (271, 73),
    "read": (0, 63),
    "readv": (19, 65),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "restart_syscall": (219, 128),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "set_robust_list": (273, 99),
    "setsockopt": (54, 208),
    "shutdown": (48, 210),
    "sigaltstack": (131, 132),
    "socket": (41, 198),
    "sysinfo": (99, 179),
    "tgkill": (234, 131),
    "uname": (63, 160),
    "write": (1, 64),
    "writev": (20, 66),
}
"""Numbers of system calls on x86-64 (asm/unistd_64.h) and on aarch64 (asm-generic/unistd.h)."""
_X86_ONLY = {"poll": 7, "select": 23, "time": 201}
"""Calls that aarch64 does not have."""
_MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}
"""By machine: the column of the numbers, the AUDIT_ARCH (linux/audit.h), and the number of seccomp itself."""

# linux/filter.h, linux/bpf_common.h
_LOAD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
# linux/seccomp.h: struct seccomp_data {int nr; __u32 arch; __u64 ip; __u64 args[6];}, little-endian on both
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_SET_MODE_FILTER, _TSYNC = 1, 1
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_PROT_EXEC = 4
_CLONE_THREAD = 0x10000

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, constant: `struct sock_filter`."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The system calls that a process may go on to make.

    `calls` are allowed, with three limits: memory never becomes executable (mmap, mprotect), a signal goes to
    the process itself only (tgkill), and what is started is a thread (clone). `first` allows a call if its first
    argument has one of these values.
    """

    calls: frozenset[str]
    first: dict[str, frozenset[int]] = field(default_factory=dict)


class NoFilterError(OSError):
    """The kernel, or this machine, has no such filter. The text says why."""


def install(allowed: Allowed) -> None:
    """Filter the system calls of this process, of all its threads, and of all that it starts, for good.

    Call `privileges.forbid_new_privileges` before.

    Raises:
        NoFilterError: there is no filter now, and nothing has changed.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        raise NoFilterError(errno.ENOSYS, f"there is no filter of system calls for {machine}")
    column, arch, seccomp = _MACHINES[machine]
    numbers = {name: both[column] for name, both in _NUMBERS.items()} | (_X86_ONLY if column == 0 else {})
    program = list(_program(allowed, numbers, arch))
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    instructions = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog {unsigned short len; struct sock_filter *filter;}
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    by_call = (ctypes.c_long(seccomp), ctypes.c_long(_SET_MODE_FILTER), ctypes.c_long(_TSYNC))
    if libc.syscall(*by_call, header) == 0:
        return
    # older than Linux 3.17, or kept from it by the service manager: then for this thread, which is the only one
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), header, 0, 0) != 0:
        number = ctypes.get_errno()
        raise NoFilterError(number, os.strerror(number))


def _program(allowed: Allowed, numbers: dict[str, int], arch: int) -> Iterator[Instruction]:
    """Yield the filter. Calls of another architecture, which have other numbers, end the process."""
    yield _load(_ARCH)
    yield _JUMP_EQUAL, 1, 0, arch
    yield _return(_KILL_PROCESS)
    yield _load(_NUMBER)
    yield _JUMP_EQUAL, 0, 1, numbers["clone3"]
    yield _return(_ERRNO | errno.ENOSYS)  # its flags are out of a filter's reach; the C library takes clone then
    for name in sorted(allowed.calls & numbers.keys()):
        if name in {"mmap", "mprotect"}:
            yield from _if_bit(numbers[name], argument=2, bit=_PROT_EXEC, wanted=False)
        elif name == "clone":
            yield from _if_bit(numbers[name], argument=0, bit=_CLONE_THREAD, wanted=True)
        elif name == "tgkill":
            yield from _if_first(numbers[name], [os.getpid()])
        else:
            yield _JUMP_EQUAL, 0, 1, numbers[name]
            yield _return(_ALLOW)
    for name, values in sorted(allowed.first.items()):
        yield from _if_first(numbers[name], sorted(values))
    yield _return(_ERRNO | errno.EPERM)


def _if_bit(number: int, *, argument: int, bit: int, wanted: bool) -> Iterator[Instruction]:
    """Yield the rule of a call that is allowed if a bit of an argument is set, or if it is not."""
    yield _JUMP_EQUAL, 0, 4, number
    yield _load(_ARGUMENTS + argument * 8)
    yield _JUMP_BITS, int(not wanted), int(wanted), bit
    yield _return(_ALLOW)
    yield _return(_ERRNO | errno.EPERM)


def _if_first(number: int, values: Sequence[int]) -> Iterator[Instruction]:
    """Yield the rule of a call whose first argument, an int, must have one of the values."""
    yield _JUMP_EQUAL, 0, 2 * len(values) + 2, number
    yield _load(_ARGUMENTS)
    for value in values:
        yield _JUMP_EQUAL, 0, 1, value
        yield _return(_ALLOW)
    yield _return(_ERRNO | errno.EPERM)


def _load(offset: int) -> Instruction:
    return _LOAD, 0, 0, offset


def _return(action: int) -> Instruction:
    return _RETURN, 0, 0, action
