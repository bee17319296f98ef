"""What every page has around its content: language, navigation, and who is signed in."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

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


def linker(request: Request) -> Callable[..., str]:
    """Return what makes the relative address of another page, in the language that was asked for.

    It takes the page's path below the root, and what stands in its query: empty values are left out.
    """
    root = root_of(request)
    language = {"lang": language_of(request)} if "lang" in request.query_params else {}

    def link(path: str, **query: object) -> str:
        asked = urlencode({key: value for key, value in (query | language).items() if value})
        return f"{root}{path}?{asked}" if asked else f"{root}{path}"

    return link


def render(
    request: Request, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object
) -> HTMLResponse:
    """Return a page made of a template that extends `layout.html`.

    The template sees `words`, `language`, `root` (the relative address of `/`), `link` (see `linker`), `path`,
    `principal` and `csrf` beside `values`.
    """
    language = language_of(request)
    other = next(each for each in LANGUAGES if each != language)
    asked = [each for each in request.query_params.multi_items() if each[0] != "lang"]
    html = TEMPLATES.get_template(template).render(
        words=words(language),
        language=language,
        other_language=other,
        other_language_link="?" + urlencode([*asked, ("lang", other)]),
        root=root_of(request),
        link=linker(request),
        path=request.url.path,
        principal=principal_of(request),
        csrf=csrf_of(request),
        version=__version__,
        city_name=request.app.state.city_name,
        **values,
    )
    return HTMLResponse(html, status, {"Cache-Control": "no-store", "Content-Security-Policy": FORMS_ALLOWED})
