"""The scripts that dpkg runs when it installs or removes a package of Pantau (Debian Policy, 6.5)."""

POSTINST = """\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
command -v systemd-sysusers >/dev/null && systemd-sysusers @NAME@.conf
install -d -m 0755 /etc/pantau
[ -d /etc/credstore ] || install -d -m 0700 /etc/credstore
# Only a running systemd is asked: a package may be installed into a root that is not booted.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    if [ -e /etc/pantau/@CONFIGURATION@ ]; then
        if systemctl is-enabled --quiet @NAME@; then systemctl restart @NAME@; fi
    else
        echo "Write /etc/pantau/@CONFIGURATION@ (an example: /usr/share/doc/@NAME@/examples)," \\
             "then: systemctl enable --now @NAME@"
    fi
fi
"""
PRERM = """\
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now @NAME@; fi
# Python's compiled files are no part of the package.
find /opt/@NAME@ -name __pycache__ -type d -prune -exec rm -rf {} +
"""
POSTRM = """\
#!/bin/sh
set -e
if [ "$1" = purge ]; then
    rm -rf /var/lib/@NAME@ /etc/pantau/@CONFIGURATION@ /etc/systemd/system/@NAME@.service.d
    rm -f /etc/credstore/@NAME@.*
    rmdir --ignore-fail-on-non-empty /etc/pantau 2>/dev/null || true
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Pantau

Files: *
Copyright: the Pantau authors
License: Apache-2.0
 On Debian systems the text of this license is in /usr/share/common-licenses/Apache-2.0.
Comment:
 The packages of others in /opt have licenses of their own, in their *.dist-info folders.
"""
