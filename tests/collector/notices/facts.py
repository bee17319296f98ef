"""Notices and recipients to compose and send in tests."""

from pantau_collector.config import Recipient
from pantau_collector.notices.notice import Notice, NoticeCamera, NoticeKind

SINCE_MS = 1_795_507_440_000  # 2026-11-24 08:04 UTC
EAST = NoticeCamera("timur", "Kamera Timur", "Dinas Perhubungan", "CV Sinar Teknik", "Jalan Layang")


def camera_notice(kind: NoticeKind = NoticeKind.OPENED) -> Notice:
    resolved = kind is NoticeKind.RESOLVED
    return Notice(
        kind=kind,
        incident=12,
        site="simpang-kabil",
        site_name="Simpang Kabil",
        camera="timur",
        camera_name="Kamera Timur",
        cause="frozen",
        state="ok" if resolved else "impaired",
        since_ms=SINCE_MS,
        cameras=(EAST,),
        resolved_ms=SINCE_MS + 7_500_000 if resolved else None,
        detail="" if resolved else "no change for 90 s <&>",
        latitude=1.0836,
        longitude=104.0934,
    )


def site_notice() -> Notice:
    return Notice(
        kind=NoticeKind.OPENED,
        incident=13,
        site="simpang-kabil",
        site_name="Simpang Kabil",
        camera=None,
        camera_name="",
        cause="site_dark",
        state="unknown",
        since_ms=SINCE_MS,
        cameras=(EAST, NoticeCamera("barat", "Kamera Barat", "Kepolisian"), NoticeCamera("utara", "Kamera Utara")),
    )


def recipient(
    url: str = "json://localhost/", *more: str, language: str = "id", zone: str = "Asia/Jakarta"
) -> Recipient:
    return Recipient.model_validate(
        {"id": "noc", "language": language, "timezone": zone, "urls": [url, *more]},
    )
