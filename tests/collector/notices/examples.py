"""Notices, recipients and letters for tests of planning, composing and sending."""

from typing import Any

from pantau_collector.notices.letter import Form, Letter
from pantau_collector.notices.links import Links
from pantau_collector.notices.notice import Notice, NoticeCamera, NoticeKind
from pantau_collector.notices.recipients import Recipient

SINCE_MS = 1_795_507_440_000  # 2026-11-24 08:04 UTC
EAST = NoticeCamera("timur", "Kamera Timur", "Dinas Perhubungan", "CV Sinar Teknik", "Jalan Layang")
SECRET = b"not a secret"


def links(public_url: str | None = "https://pantau.example", now_ms: int = SINCE_MS) -> Links:
    return Links(public_url=public_url, secret=lambda: SECRET, valid_s=3600, time_ms=lambda: now_ms)


def camera_notice(kind: NoticeKind = NoticeKind.OPENED, incident: int = 12, **more: Any) -> Notice:
    resolved = kind is NoticeKind.RESOLVED
    facts: dict[str, Any] = {
        "kind": kind,
        "incident": incident,
        "site": "simpang-kabil",
        "site_name": "Simpang Kabil",
        "camera": "timur",
        "camera_name": "Kamera Timur",
        "cause": "frozen",
        "state": "ok" if resolved else "impaired",
        "since_ms": SINCE_MS,
        "cameras": (EAST,),
        "resolved_ms": SINCE_MS + 7_500_000 if resolved else None,
        "detail": "" if resolved else "no change for 90 s <&>",
        "latitude": 1.0836,
        "longitude": 104.0934,
    }
    return Notice(**{**facts, **more})


def site_notice(kind: NoticeKind = NoticeKind.OPENED, incident: int = 13, **more: Any) -> Notice:
    facts: dict[str, Any] = {
        "kind": kind,
        "incident": incident,
        "site": "simpang-kabil",
        "site_name": "Simpang Kabil",
        "camera": None,
        "camera_name": "",
        "cause": "site_dark",
        "state": "unknown",
        "since_ms": SINCE_MS,
        "cameras": (
            EAST,
            NoticeCamera("barat", "Kamera Barat", "Kepolisian"),
            NoticeCamera("utara", "Kamera Utara"),
        ),
        "resolved_ms": SINCE_MS + 7_500_000 if kind is NoticeKind.RESOLVED else None,
    }
    return Notice(**{**facts, **more})


def letter(*notices: Notice, form: Form | None = None) -> Letter:
    return Letter(form or (Form.SINGLE if len(notices) == 1 else Form.GROUP), notices)


def recipient(
    url: str = "json://localhost/", *more: str, language: str = "id", zone: str = "Asia/Jakarta", **keys: Any
) -> Recipient:
    return Recipient.model_validate(
        {"id": "noc", "language": language, "timezone": zone, "urls": [url, *more], **keys},
    )
