"""Makes a release in `dist/`: `python -m release` (`make release`).

The tag of the commit, the version and the changelog must agree. Wheel and sdist are built twice and compared; an
SBOM in CycloneDX JSON is written for each lock, and SHA256SUMS for all of them. Nothing is uploaded.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from release import git
from release.agreement import problems
from release.build import NotReproducibleError, build
from release.paths import CHANGELOG, ROOT
from release.project import version
from release.sbom import SHIPPED, write_sbom


def main() -> int:
    """Check and build; return the exit code, 1 if there is no release."""
    parser = argparse.ArgumentParser(
        prog="python -m release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the files; it is emptied")
    parser.add_argument("--check", action="store_true", help="only check that tag, version and changelog agree")
    options = parser.parse_args()
    number = version()
    found = problems(
        version=number,
        tags=git.tags(),
        changelog=CHANGELOG.read_text("utf-8"),
        changed=git.changed_files(),
    )
    for problem in found:
        print(problem, file=sys.stderr)
    if found or options.check:
        return 1 if found else 0
    shutil.rmtree(options.out, ignore_errors=True)
    try:
        files = build(options.out)
        files += [write_sbom(options.out, name, number, git.commit_time()) for name in SHIPPED]
    except NotReproducibleError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd)} failed:\n{error.stdout}{error.stderr or ''}", file=sys.stderr)
        return 1
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (options.out / "SHA256SUMS").write_text(sums, "utf-8")
    print(sums, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
