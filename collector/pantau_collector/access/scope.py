"""Which part of the city somebody may see."""

from msgspec import Struct


class Scope(Struct, frozen=True):
    """Cameras of these owners, of these projects, and at these sites; the whole city if all are empty."""

    owners: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    @property
    def whole_city(self) -> bool:
        """True if nothing is left out."""
        return not (self.owners or self.projects or self.sites)

    def includes(self, site: str, owner: str, project: str) -> bool:
        """Return True if a camera at this site, of this owner and project, belongs to it."""
        return self.whole_city or site in self.sites or owner in self.owners or project in self.projects
