"""The routes of projects' pages, and of archived pictures."""

from pantau_collector.access.role import Role
from pantau_collector.data_dir import DataDir
from pantau_collector.snapshots import SnapshotReader
from pantau_collector.timelapse.cache import FilmCache
from pantau_collector.web.guard import GuardedRoute, guarded
from pantau_collector.web.projects.film_maker import FilmMaker
from pantau_collector.web.projects.project_pages import ProjectPages
from pantau_collector.web.projects.snapshot_file import SnapshotFile
from pantau_collector.web.sources import Sources


def routes(sources: Sources) -> list[GuardedRoute]:
    """Return them."""
    paths = DataDir(sources.config.data_dir)
    reader, films = SnapshotReader(paths.snapshots), FilmMaker(FilmCache(paths.timelapses))
    pages = ProjectPages(sources, reader, films)
    return [
        guarded("/projects", pages.listing, Role.VIEWER),
        guarded("/projects/{project}", pages.page, Role.VIEWER),
        guarded("/projects/{project}/film", pages.order, Role.OPERATOR, methods=("POST",)),
        guarded("/projects/{project}/film.json", pages.progress, Role.VIEWER),
        guarded("/films/{site}/{camera}/{key}.mp4", pages.film, Role.VIEWER, picture=True),
        guarded(
            "/snapshots/{site}/{camera}/{taken_ms}.jpg", SnapshotFile(reader).answer, Role.VIEWER, picture=True
        ),
    ]
