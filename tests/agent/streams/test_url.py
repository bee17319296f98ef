from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import UrlError, parse, redact


@pytest.mark.parametrize(
    ("text", "user", "password", "host", "port", "path"),
    [
        ("rtsp://10.0.0.1/live", None, None, "10.0.0.1", 554, "/live"),
        ("rtsp://10.0.0.1", None, None, "10.0.0.1", 554, ""),
        ("RTSP://Camera-1.local.:8554/a?b=c", None, None, "Camera-1.local.", 8554, "/a?b=c"),
        ("rtsp://u:p@10.0.0.1:554/live", "u", "p", "10.0.0.1", 554, "/live"),
        ("rtsp://u@10.0.0.1/live", "u", None, "10.0.0.1", 554, "/live"),
        ("rtsp://u:@10.0.0.1/live", "u", "", "10.0.0.1", 554, "/live"),
        ("rtsp://operator:p@ss:w#rd%1@h/x", "operator", "p@ss:w#rd%1", "h", 554, "/x"),
        ("rtsp://u:p%40ss%2Fw@h/x", "u", "p@ss/w", "h", 554, "/x"),
        ("rtsp://u:pa/ss?w@h:8554/x", "u", "pa/ss?w", "h", 8554, "/x"),
        ("rtsp://a b:c d@h/x", "a b", "c d", "h", 554, "/x"),
        ("rtsp://h/my cam#1/100%/a@b", None, None, "h", 554, "/my%20cam%231/100%25/a@b"),
        ("rtsp://u:p@h/cam@home", "u", "p", "h", 554, "/cam@home"),
        ("rtsp://h/a%20b%zz", None, None, "h", 554, "/a%20b%25zz"),
        ("rtsp://[2001:db8::7]:8554/x", None, None, "2001:db8::7", 8554, "/x"),
        ("rtsp://u:p@[::1]/x", "u", "p", "::1", 554, "/x"),
        ("rtsps://h/x", None, None, "h", 322, "/x"),
        ("rtsp://h?channel=1", None, None, "h", 554, "?channel=1"),
    ],
)
def test_is_taken_apart(
    text: str, user: str | None, password: str | None, host: str, port: int, path: str
) -> None:
    url = parse(text)
    assert (url.user, url.password, url.host, url.port, url.path) == (user, password, host, port, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "camera",
        "10.0.0.1/live",
        "ftp://h/x",
        "rtsp://",
        "rtsp:///x",
        "rtsp://h:0/x",
        "rtsp://h:70000/x",
        "rtsp://a b/x",
        "rtsp://[::zz]/x",
        "rtsp://u:p@/x",
        "rtsp://h/a\r\nTEARDOWN",
        "rtsp://h/" + "x" * 3000,
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(UrlError):
        parse(text)


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(UrlError) as refused:
        parse("rtsp://admin:geheim@h:99999/x")
    assert "geheim" not in str(refused.value)


def test_what_is_sent_has_no_credentials_and_is_quoted() -> None:
    assert parse("rtsp://u:p@[::1]:8554/a b").without_credentials == "rtsp://[::1]:8554/a%20b"
    assert parse("rtsp://u:p@h:554/a").without_credentials == "rtsp://h/a"


@given(user=st.text(min_size=1), password=st.text())
def test_any_user_and_password_quoted_come_back(user: str, password: str) -> None:
    url = parse(f"rtsp://{quote(user, safe='')}:{quote(password, safe='')}@10.0.0.1/x")
    assert url.credentials == Credentials(user, password)


@given(password=st.text("abc@:#%?/ é", min_size=1).filter(lambda text: text.strip() == text))
def test_a_password_never_shows(password: str) -> None:
    text = f"rtsp://u:geheim{password}geheim@h/x"
    url = parse(text)
    assert url.password is not None
    assert url.password.startswith("geheim")
    for shown in (repr(url), str(url), repr(url.credentials), redact(f"cannot open {text}")):
        assert "geheim" not in shown


def test_a_password_in_a_path_is_redacted() -> None:
    url = parse("rtsp://h/user=admin_password=geheim_channel=1_stream=0.sdp?real_stream")
    assert "geheim" not in repr(url) + str(url)
    assert "geheim" in url.without_credentials
    assert (
        redact("GET rtsp://h/x?user=a&password=geheim&channel=1") == "GET rtsp://h/x?user=a&password=***&channel=1"
    )


def test_text_without_passwords_is_left_alone() -> None:
    assert redact("404 for rtsp://h:554/a?b=c") == "404 for rtsp://h:554/a?b=c"


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    for candidate in (text, f"rtsp://{text}", f"rtsp://u:p@h/{text}"):
        try:
            url = parse(candidate)
        except UrlError:
            continue
        assert "\n" not in url.without_credentials
        assert " " not in url.without_credentials
