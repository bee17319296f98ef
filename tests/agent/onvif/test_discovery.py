"""WS-Discovery's messages, and hostile datagrams."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.onvif.clock import read_camera_clock
from pantau_agent.onvif.discovery import PROBES, matches, probe
from pantau_agent.onvif.document import MAX_DEPTH, MAX_TEXT, DocumentError, clean, parse, text_of
from pantau_agent.onvif.envelope import Operation, read_response
from pantau_agent.onvif.errors import OnvifError
from pantau_agent.onvif.media import channels, read_profiles

SENDER = "10.20.3.11"
SCOPES = "onvif://www.onvif.org/name/Pintu%20Utara onvif://www.onvif.org/hardware/DS-2CD2142FWD-I"


def answer(xaddrs: str, scopes: str = SCOPES) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Body><d:ProbeMatches><d:ProbeMatch>'
        f"<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{xaddrs}</d:XAddrs>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


def test_an_answer_tells_name_model_and_address() -> None:
    (match,) = matches(answer("http://169.254.7.7/onvif/x http://10.20.3.11:8000/onvif/device_service"), SENDER)
    assert str(match.url) == "http://10.20.3.11:8000/onvif/device_service"
    assert (match.name, match.model) == ("Pintu Utara", "DS-2CD2142FWD-I")


def test_nobody_is_sent_to_another_host() -> None:
    (match,) = matches(answer("http://198.51.100.9:81/onvif/device_service"), SENDER)
    assert str(match.url) == f"http://{SENDER}:81/onvif/device_service"
    (match,) = matches(answer("http://user:secret@198.51.100.9/onvif"), SENDER)
    assert str(match.url) == f"http://{SENDER}/onvif"


@pytest.mark.parametrize(
    "data",
    [
        answer("http://10.20.3.11/printer", "ldap:///printers"),
        b"",
        b"\xff" * 999,
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + answer("http://10.20.3.11/onvif"),
    ],
)
def test_what_is_no_camera_is_left_out(data: bytes) -> None:
    assert matches(data, SENDER) == []


@pytest.mark.parametrize("xaddrs", ["", "ftp://10.20.3.11/onvif", "nonsense", "http://"])
def test_a_camera_without_a_usable_address_is_asked_at_the_usual_one(xaddrs: str) -> None:
    (match,) = matches(answer(xaddrs), SENDER)
    assert str(match.url) == f"http://{SENDER}/onvif/device_service"


def test_an_address_with_the_port_twice_keeps_its_port_and_the_others_are_tried_too() -> None:
    xaddrs = f"http://{SENDER}:8106:8106/onvif/x https://192.168.1.9:8443/onvif/x"
    (match,) = matches(answer(xaddrs), SENDER)
    assert [str(url) for url in (match.url, *match.more_urls)] == [
        f"http://{SENDER}:8106/onvif/x",
        f"https://{SENDER}:8443/onvif/x",
        f"http://{SENDER}/onvif/device_service",
    ]


def test_a_camera_is_recognised_by_its_type_alone() -> None:
    data = answer(f"http://{SENDER}/x", "").replace(
        b"<d:Scopes>", b"<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>"
    )
    assert [str(match.url) for match in matches(data, SENDER)] == [f"http://{SENDER}/x"]


def test_probes_are_xml_and_have_the_prefixes_that_cameras_compare_as_text() -> None:
    types = []
    for content in PROBES:
        root = ET.fromstring(probe("1-2", content))
        types.append(root.findtext(".//{http://schemas.xmlsoap.org/ws/2005/04/discovery}Types"))
    assert types == ["dn:NetworkVideoTransmitter", "tds:Device", "dp0:NetworkVideoTransmitter", None, None]


def test_a_document_may_not_be_deep_and_a_text_not_long() -> None:
    at_limit = b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH
    assert parse(at_limit).tag == "a"
    with pytest.raises(DocumentError, match="deep"):
        parse(b"<a>" + at_limit + b"</a>")
    assert len(text_of(parse(b"<a><b>" + b"x" * 9999 + b"</b></a>"), "b")) == MAX_TEXT
    assert clean("a\x1b[31m\n b\u202e") == "a [31m b"


PIECES = [
    *(
        f"<{name}>".encode()
        for name in ("Envelope", "Body", "Fault", "GetProfilesResponse", "ProbeMatch", "Width")
    ),
    *(
        f"</{name}>".encode()
        for name in ("Envelope", "Body", "Fault", "GetProfilesResponse", "ProbeMatch", "Width")
    ),
    *(b"<Profiles token='a'>", b"</Profiles>", b"<XAddrs>http://h/onvif", b"</XAddrs>", b"<SystemDateAndTime/>"),
    *(b"12", b"&lt;", b"&a;", b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"<?x?>", b"\x00"),
]
ANY = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet="<>/&;!-?[]x:= \"'", max_size=200).map(str.encode),
    st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join),
)


@settings(max_examples=400)
@given(ANY)
def test_no_answer_raises_anything_but_the_declared_errors(data: bytes) -> None:
    matches(data, SENDER)
    try:
        root = parse(data)
    except DocumentError:
        return
    channels(read_profiles(root))
    read_camera_clock(root)
    for status in (200, 401, 500):
        try:
            read_response(Operation("n", "GetProfiles"), status, data)
        except OnvifError as error:
            assert str(error).isprintable()
