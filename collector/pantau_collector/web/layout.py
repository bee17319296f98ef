"""What every page has around its content: language, navigation, and who is signed in."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse

from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.guard import csrf_of, principal_of, root_of
from pantau_collector.web.headers import FORMS_ALLOWED
from pantau_contract.version import __version__
from pantau_contract.words import LANGUAGES, Language, words


def language_of(request: Request) -> Language:
    """Return the language of `?lang=`, or the collector's."""
    requested = request.query_params.get("lang")
    default: Language = request.app.state.language
    return next((each for each in LANGUAGES if each == requested), default)


def render(
    request: Request, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object
) -> HTMLResponse:
    """Return a page made of a template that extends `layout.html`.

    The template sees `words`, `language`, `root` (the relative address of `/`), `principal` and `csrf` beside
    `values`.
    """
    language = language_of(request)
    html = TEMPLATES.get_template(template).render(
        words=words(language),
        language=language,
        other_language=next(each for each in LANGUAGES if each != language),
        root=root_of(request),
        principal=principal_of(request),
        csrf=csrf_of(request),
        version=__version__,
        city_name=request.app.state.city_name,
        **values,
    )
    return HTMLResponse(html, status, {"Cache-Control": "no-store", "Content-Security-Policy": FORMS_ALLOWED})
