"""The API for programs, `/api/v1`: typed questions and answers, described by an OpenAPI document made of them.

An `Operation` is one declaration: the route, what it is asked with, what it answers, and the document follow
from it. Everything is answered within the scope of whoever asks.
"""

from pantau_collector.web.api_v1.calendar_login import CalendarLogin
from pantau_collector.web.api_v1.operation import Operation
from pantau_collector.web.api_v1.problem_details import ProblemDetails
from pantau_collector.web.api_v1.routes import CALENDAR, OPERATIONS, PREFIX, routes

__all__ = ["CALENDAR", "OPERATIONS", "PREFIX", "CalendarLogin", "Operation", "ProblemDetails", "routes"]
