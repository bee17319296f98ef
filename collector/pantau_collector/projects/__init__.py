"""The city's projects, with the cameras that watch them: those that the inventory lists, and those only named."""

from pantau_collector.projects.project import Project, find_project, projects_of

__all__ = ["Project", "find_project", "projects_of"]
