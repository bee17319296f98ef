"""The city without what helps to break into it: for those who have not signed in."""

from collections.abc import Callable

from msgspec.structs import replace

from pantau_collector.fleet.view import CameraView, CityView, SiteView


def without_details(city: CityView) -> CityView:
    """Return the city without evidence (it names addresses), models, firmware, versions, places and pictures."""
    return replace(city, sites=tuple(map(_site, city.sites)))


class PublicView:
    """The latest view without details, made once for each view."""

    def __init__(self, view: Callable[[], CityView]) -> None:
        self._view = view
        self._made: tuple[CityView, CityView] | None = None

    def __call__(self) -> CityView:
        """Return the latest view without details."""
        city, made = self._view(), self._made
        if made is None or made[0] is not city:
            made = self._made = (city, without_details(city))
        return made[1]


def _site(site: SiteView) -> SiteView:
    return replace(
        site,
        cameras=tuple(map(_camera, site.cameras)),
        version="",
        configuration="",
        certificate="",
        certificate_ends_ms=None,
        latitude=None,
        longitude=None,
    )


def _camera(camera: CameraView) -> CameraView:
    return replace(
        camera, detail="", picture_ms=0, picture_unseen="", vendor="", model="", firmware="", firmware_note=""
    )
