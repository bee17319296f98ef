"""The root of a blank machine, made once by debootstrap and kept: what the hosts of the tests start from.

Hosts have no way to the internet. Each root holds a folder of packages, which apt takes for a mirror.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("PANTAU_HOSTS_CACHE", "/var/cache/pantau-hosts"))
MIRRORS = {
    "bookworm": "http://deb.debian.org/debian",
    "trixie": "http://deb.debian.org/debian",
    "noble": "http://archive.ubuntu.com/ubuntu",
}
"""Where the packages of each release come from."""
_INSTALLED = [
    *("systemd", "systemd-sysv", "systemd-timesyncd", "libpam-systemd", "dbus"),
    *("openssh-server", "python3", "sudo", "iproute2", "ca-certificates"),
]
_TO_INSTALL = {
    "bookworm": [
        "python3-apt",
        "python3-venv",
        "python3-packaging",
        "mosquitto",
        "influxdb",
        "nginx-light",
        "libatomic1",
    ],
    "trixie": ["python3-apt", "python3-venv", "python3-packaging", "mosquitto", "nginx-light", "libatomic1"],
    "noble": ["python3-apt", "python3-venv", "python3-packaging", "mosquitto", "nginx-light"],
}
"""What the roles install, which each root's mirror has."""


def blank_root(release: str) -> Path:
    """Return the root of a release, made if it is not there yet (two minutes; the mirror is asked for it)."""
    root, done = CACHE / release, CACHE / f"{release}.prepared"
    wanted = " ".join(_TO_INSTALL[release])
    if done.exists() and done.read_text() == wanted:
        return root
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (CACHE / f"{release}.done").exists():
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", *_arguments(release, root)], check=True)
        (CACHE / f"{release}.done").touch()
    _prepare(root, release)
    done.write_text(wanted)
    return root


def _arguments(release: str, root: Path) -> list[str | Path]:
    """Return what debootstrap is asked for; Debian's knows Ubuntu's releases under older names, without keys."""
    include = f"--include={','.join(_INSTALLED)}"
    if release != "noble":
        return [include, release, root, MIRRORS[release]]
    scripts = Path("/usr/share/debootstrap/scripts")
    script = next(scripts / name for name in ("noble", "jammy", "gutsy") if (scripts / name).exists())
    keys = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
    signed = f"--keyring={keys}" if keys.exists() else "--no-check-gpg"
    return [include, "--components=main,universe", signed, release, root, MIRRORS[release], script]


def key() -> Path:
    """Return the technician's ssh key, whose public half every root knows."""
    path = CACHE / "id_ed25519"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def _prepare(root: Path, release: str) -> None:
    """Give it a user for the technician, and a mirror of the packages that the roles install."""
    (root / "etc/apt/apt.conf.d/90hosts").write_text('APT::Install-Recommends "false";\n')
    sources = root / "etc/apt/sources.list"
    components = "main universe" if release == "noble" else "main"
    sources.write_text(f"deb {MIRRORS[release]} {release} {components}\n")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    _in(root, "apt-get", "update", "-q")
    _in(root, "apt-get", "install", "-y", "-q", "--download-only", *_TO_INSTALL[release])
    packages = root / "srv/packages"
    packages.mkdir(parents=True, exist_ok=True)
    for archive in (root / "var/cache/apt/archives").glob("*.deb"):
        shutil.move(archive, packages / archive.name)
    (packages / "Packages").write_text("".join(_entry(file) for file in sorted(packages.glob("*.deb"))))
    sources.write_text("deb [trusted=yes] file:/srv/packages ./\n")
    shutil.rmtree(root / "var/lib/apt/lists")
    (root / "etc/resolv.conf").unlink()
    if not (root / "home/pantau").exists():
        _in(root, "useradd", "--create-home", "--shell", "/bin/bash", "pantau")
    (root / "etc/sudoers.d/pantau").write_text("pantau ALL=(ALL) NOPASSWD: ALL\n")
    ssh = root / "home/pantau/.ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    (ssh / "authorized_keys").write_text(key().with_suffix(".pub").read_text())
    _in(root, "chown", "-R", "pantau:pantau", "/home/pantau/.ssh")


def _entry(archive: Path) -> str:
    """Return what a mirror's index says of a package."""
    control = subprocess.run(["dpkg-deb", "--field", archive], check=True, capture_output=True, text=True).stdout
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return f"{control}Filename: ./{archive.name}\nSize: {archive.stat().st_size}\nSHA256: {digest}\n\n"


def _in(root: Path, *command: str) -> None:
    environment = {
        "DEBIAN_FRONTEND": "noninteractive",
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    subprocess.run(["chroot", root, *command], check=True, env=environment)
