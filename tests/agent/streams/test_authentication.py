import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.streams.authentication import Authenticator, Flow, LoginRefusal, authenticate, parse_challenges
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.safeguards import Safeguards

MUFASA = Credentials("Mufasa", "Circle of Life")


def allowed() -> Safeguards:
    return Safeguards(allow_basic=True)


def authorization(
    headers: list[str],
    credentials: Credentials,
    *,
    cnonce: str = "",
    uri: str = "/dir/index.html",
) -> str:
    authenticator = Authenticator(credentials, allowed())
    assert authenticator.challenged(headers, tried=False) is None
    if cnonce:
        authenticator._cnonce = cnonce
    answer = authenticator.authorization("GET", uri)
    assert answer is not None
    return answer


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def field(answer: str, name: str) -> str:
    match = re.search(rf'\b{name}="?([^",]*)"?', answer)
    assert match is not None, answer
    return match[1]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_as_rfc_7616_has_it(algorithm: str, expected: str) -> None:
    header = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f"algorithm={algorithm}, "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answer = authorization([header], MUFASA, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    assert field(answer, "response") == expected
    assert field(answer, "nc") == "00000001"
    assert field(answer, "opaque") == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_digest_as_rfc_2617_has_it() -> None:
    header = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = authorization([header], Credentials("Mufasa", "Circle Of Life"), cnonce="0a4f113b")
    assert field(answer, "response") == "6629fae49393a05397450978507c4ef1"


def test_digest_without_qop_as_most_cameras_want_it() -> None:
    answer = authorization(
        ['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'],
        Credentials("Mufasa", "CircleOfLife"),
    )
    assert field(answer, "response") == "1949323746fe6a43ef61f9606e7febea"  # RFC 2069, erratum 749
    assert "qop" not in answer
    assert "algorithm" not in answer


def test_a_session_digest_is_keyed_by_both_nonces_and_carries_its_nonce() -> None:
    header = 'Digest realm="r", nonce="n", algorithm=MD5-sess'
    answer = authorization([header], MUFASA, cnonce="c")
    assert field(answer, "cnonce") == "c"
    secret = md5(f"{md5('Mufasa:r:Circle of Life')}:n:c")
    assert field(answer, "response") == md5(f"{secret}:n:{md5('GET:/dir/index.html')}")


def test_basic() -> None:
    answer = authorization(['Basic realm="camera"'], Credentials("ü:er", "p@ss:w#rd%1"))
    assert base64.b64decode(answer.removeprefix("Basic ")).decode() == "ü:er:p@ss:w#rd%1"


def test_the_strongest_challenge_is_answered() -> None:
    basic, md5 = 'Basic realm="r"', 'Digest realm="r", nonce="1"'
    sha = 'Digest realm="r", nonce="2", algorithm=SHA-256'
    assert "SHA-256" in authorization([basic, md5, sha], MUFASA)
    assert field(authorization([f"{basic}, {md5}"], MUFASA), "nonce") == "1"
    assert field(authorization(['Digest realm="r", nonce="3", algorithm=FOO', md5], MUFASA), "nonce") == "1"


def test_each_request_counts_up() -> None:
    authenticator = Authenticator(MUFASA)
    authenticator.challenged(['Digest realm="r", nonce="n", qop="auth"'], tried=False)
    answer = [authenticator.authorization("GET", "/") or "" for _ in range(3)]
    assert [field(one, "nc") for one in answer] == ["00000001", "00000002", "00000003"]


def test_a_refused_password_is_not_tried_again() -> None:
    authenticator = Authenticator(MUFASA)
    assert authenticator.challenged(['Digest realm="r", nonce="1"'], tried=True) is LoginRefusal.WRONG_PASSWORD


def test_a_stale_nonce_is_worth_another_try() -> None:
    authenticator = Authenticator(MUFASA)
    assert authenticator.challenged(['Digest realm="r", nonce="2", stale=TRUE'], tried=True) is None


def test_without_credentials_none_are_sent() -> None:
    authenticator = Authenticator(None)
    assert authenticator.challenged(['Basic realm="r"'], tried=False) is LoginRefusal.NO_CREDENTIALS
    assert authenticator.authorization("GET", "/") is None


@pytest.mark.parametrize("header", ["NTLM", 'Digest realm="r"', 'Digest nonce="n", qop="auth-int"', "", "===,,,"])
def test_what_cannot_be_answered_is_told(header: str) -> None:
    assert Authenticator(MUFASA).challenged([header], tried=False) is LoginRefusal.UNKNOWN_SCHEME


def test_quotes_in_names_are_escaped() -> None:
    answer = authorization(['Digest realm="a \\"b\\"", nonce="n"'], Credentials('x"y\\z', "p"))
    assert 'username="x\\"y\\\\z"' in answer
    assert 'realm="a \\"b\\""' in answer


@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_headers_are_read_and_no_answer_breaks_a_line(headers: list[str]) -> None:
    parse_challenges(headers)
    for header in (*headers, *(f'Digest realm="{text}", nonce="{text}"' for text in headers)):
        authenticator = Authenticator(Credentials("a\r\nb", "c"))
        authenticator.challenged([header], tried=False)
        answer = authenticator.authorization("GET", "/") or ""
        assert "\r" not in answer
        assert "\n" not in answer


class Reply:
    """A response as the flow sees it."""

    def __init__(self, status: int, *challenges: str) -> None:
        self.status = status
        self.headers = Headers([("WWW-Authenticate", challenge) for challenge in challenges])


def exchanged(flow: Flow, *replies: Reply) -> tuple[list[str | None], LoginRefusal | None]:
    """Return what the flow sends before each reply, and how it ends; every reply must be needed."""
    sent = [next(flow), *(flow.send(reply) for reply in replies[:-1])]
    with pytest.raises(StopIteration) as ended:
        flow.send(replies[-1])
    return sent, ended.value.value


OK = Reply(200)
CHALLENGED = Reply(401, 'Digest realm="r", nonce="1"')
STALE = Reply(401, 'Digest realm="r", nonce="2", stale=true')
BASIC = Reply(401, 'Basic realm="r"')


def proofs(sent: list[str | None]) -> int:
    return len([authorization for authorization in sent if authorization is not None])


@pytest.mark.parametrize(
    ("replies", "refusal", "sent_proofs"),
    [
        ((OK,), None, 0),
        ((CHALLENGED, OK), None, 1),
        ((BASIC, OK), None, 1),
        ((CHALLENGED, CHALLENGED), LoginRefusal.WRONG_PASSWORD, 1),
        ((CHALLENGED, STALE, OK), None, 2),
        ((CHALLENGED, STALE, STALE), LoginRefusal.WRONG_PASSWORD, 2),
        ((Reply(403),), LoginRefusal.FORBIDDEN, 0),
        ((CHALLENGED, Reply(403)), LoginRefusal.FORBIDDEN, 1),
        ((Reply(401, "NTLM"),), LoginRefusal.UNKNOWN_SCHEME, 0),
        ((Reply(404),), None, 0),
    ],
)
def test_a_request_is_sent_as_often_as_the_login_demands(
    replies: tuple[Reply, ...], refusal: LoginRefusal | None, sent_proofs: int
) -> None:
    sent, ended = exchanged(Authenticator(MUFASA, allowed()).flow("GET", "/"), *replies)
    assert (ended, proofs(sent), len(sent)) == (refusal, sent_proofs, len(replies))


def test_a_password_that_was_accepted_is_sent_once_more_for_a_new_nonce_and_no_more() -> None:
    authenticator = Authenticator(MUFASA)
    exchanged(authenticator.flow("GET", "/"), CHALLENGED, OK)
    assert authenticator.accepted
    assert exchanged(authenticator.flow("GET", "/"), CHALLENGED, OK)[1] is None
    sent, ended = exchanged(authenticator.flow("GET", "/"), CHALLENGED, CHALLENGED)
    assert (proofs(sent), ended) == (2, LoginRefusal.WRONG_PASSWORD)


def test_a_password_that_was_not_yet_accepted_is_not_repeated_for_a_new_nonce() -> None:
    authenticator = Authenticator(MUFASA)
    exchanged(authenticator.flow("GET", "/"), CHALLENGED, Reply(500))
    assert not authenticator.accepted
    assert exchanged(authenticator.flow("GET", "/"), CHALLENGED)[1] is LoginRefusal.WRONG_PASSWORD


def test_basic_is_not_answered_where_it_may_not_be() -> None:
    authenticator = Authenticator(MUFASA, basic=False)
    assert exchanged(authenticator.flow("GET", "/"), BASIC) == ([None], LoginRefusal.UNKNOWN_SCHEME)
    both = Reply(401, 'Basic realm="r"', 'Digest realm="r", nonce="1"')
    sent, ended = exchanged(authenticator.flow("GET", "/"), both, OK)
    assert ended is None
    assert (sent[1] or "").startswith("Digest ")


def test_without_credentials_the_flow_ends_at_the_challenge() -> None:
    assert exchanged(Authenticator(None).flow("GET", "/"), CHALLENGED) == ([None], LoginRefusal.NO_CREDENTIALS)


async def test_authenticate_returns_the_last_response_and_the_refusal() -> None:
    sent: list[str | None] = []

    async def send(authorization: str | None) -> Reply:
        sent.append(authorization)
        return CHALLENGED if authorization is None else STALE

    response, refusal = await authenticate(Authenticator(MUFASA).flow("GET", "/"), send)
    assert (response, refusal, len(sent)) == (STALE, LoginRefusal.WRONG_PASSWORD, 3)
