"""XML against its rules: the meant tree, and the same as from a strict parser where the rules are kept."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.onvif import lenient
from pantau_agent.onvif.document import parse

NAMES = st.sampled_from(["Envelope", "Body", "a", "tt.x", "b-1"])
TEXTS = st.text(alphabet="ab &<>;\"'=/\n\u4e2d#", max_size=12)


def trees() -> st.SearchStrategy[ET.Element]:
    def element(name: str, text: str, attributes: dict[str, str], children: list[ET.Element]) -> ET.Element:
        made = ET.Element(name, attributes)
        made.text = text
        made.extend(children)
        return made

    leaves = st.builds(element, NAMES, TEXTS, st.dictionaries(NAMES, TEXTS, max_size=2), st.just([]))
    return st.recursive(
        leaves,
        lambda inner: st.builds(element, NAMES, TEXTS, st.just({}), st.lists(inner, max_size=3)),
        max_leaves=8,
    )


@given(trees())
def test_a_document_that_keeps_the_rules_gives_the_same_tree(tree: ET.Element) -> None:
    tree.tag = "Envelope"
    written = ET.tostring(tree, encoding="unicode")
    root = lenient.build(written, ET.TreeBuilder())
    assert root is not None
    strict = ET.fromstring(written)
    assert ET.canonicalize(ET.tostring(root, "unicode")) == ET.canonicalize(ET.tostring(strict, "unicode"))


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<Uri>rtsp://h/user=a&password=b&param=1</Uri>", "rtsp://h/user=a&password=b&param=1"),
        ("<Uri>rtsp://h/x?a=1&amp;b=2&c=3</Uri>", "rtsp://h/x?a=1&b=2&c=3"),
        ("<Uri><![CDATA[rtsp://h/x?a=1&b=2]]></Uri>&", "rtsp://h/x?a=1&b=2"),
        ("<Uri>rtsp://h/x</uri>", "rtsp://h/x"),
        ("<Uri>rtsp://h/hal", None),
    ],
)
def test_an_address_is_the_one_that_was_meant_or_none(document: str, text: str | None) -> None:
    assert parse(f"<Envelope>{document}".encode()).findtext("Uri") == (text or "")
