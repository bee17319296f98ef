"""Which cameras somebody may see, for what is read from the store rather than from the view of the city."""

from collections.abc import Iterable

from pantau_collector.fleet.view import CityView


class Reach:
    """The cameras of a scope. `whole`: the whole city, with cameras and sites that are no more."""

    def __init__(self, city: CityView, *, whole: bool) -> None:
        self.whole = whole
        self.cameras = {site.id: frozenset(camera.id for camera in site.cameras) for site in city.sites}

    def sees(self, site: str, camera: str) -> bool:
        """Return True if the camera is within the scope."""
        return self.whole or camera in self.cameras.get(site, ())

    def sees_site(self, site: str) -> bool:
        """Return True if any of the site is within the scope."""
        return self.whole or site in self.cameras

    def only(self, cameras: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return those of the cameras, as site and id, that are within the scope."""
        return [key for key in cameras if self.sees(*key)]
