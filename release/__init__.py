"""Makes a release: locked dependencies, wheel, sdist, their SBOM, and a check that every version agrees."""
