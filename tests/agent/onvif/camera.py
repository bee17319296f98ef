"""An ONVIF camera that behaves as a test says. It checks logins as the specifications demand.

WS-UsernameToken: WSS UsernameToken Profile 1.0; HTTP Digest: RFC 7616. It counts every login attempt.
"""

import asyncio
import base64
import datetime as dt
import hashlib
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{{{WSS}-wssecurity-secext-1.0.xsd}}"
WSU = f"{{{WSS}-wssecurity-utility-1.0.xsd}}"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA_1 = "http://www.onvif.org/ver10/media/wsdl"
MEDIA_2 = "http://www.onvif.org/ver20/media/wsdl"
SKEW_S = 5
REALM = "gate"

Answer = tuple[int, str, bytes]
"""Status, further header lines, body."""


class NotAuthorisedError(Exception):
    """The login is refused."""


@dataclass
class OnvifCamera:
    """`behind` is how far its clock is behind true time, `told` how far the stated time deviates from it.

    `answers` replaces the answer to an operation by bytes for the wire; none of them drop the connection.
    `first_answers` does so for the first requests that it would answer with success. `rewrite` changes each SOAP
    answer. `dead` are tokens of profiles whose stream it does not know, `sources` is the number of its lenses, or
    of a recorder's inputs. `refusal` is the fault, as subcode and reason, for a missing or wrong login.

    `logins` counts the proofs of a password that it received, right or wrong; `asked` lists each operation, with
    `+` if it was logged in.
    """

    user: str = "operator"
    password: str = "pass & <word> ü"
    wants: Literal["token", "digest", "basic", "nothing"] = "token"
    behind: dt.timedelta = dt.timedelta()
    told: dt.timedelta = dt.timedelta()
    zone: str = "WIB-7"
    manufacturer: str = "HIKVISION"
    model: str = "DS-2CD2142FWD-I"
    firmware: str = "V5.4.0 build 160530"
    media: str = MEDIA_1
    knows_services: bool = True
    stream_host: str = ""
    stream_port: int = 554
    rtsp_port: int = 554
    still_uri: str = ""
    nonces_once: bool = False
    answers: dict[str, bytes] = field(default_factory=dict)
    first_answers: dict[str, list[bytes]] = field(default_factory=dict)
    rewrite: Callable[[bytes], bytes] = bytes
    dead: set[str] = field(default_factory=set)
    sources: int = 1
    refusal: tuple[str, str] = ("ter:NotAuthorized", "Sender not authorized")
    service_address: str = ""
    soap_namespace: str = SOAP
    silent: set[str] = field(default_factory=set)
    logins: int = 0
    asked: list[str] = field(default_factory=list)
    port: int = 0
    _nonces: set[str] = field(default_factory=set)
    _http_nonce: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/onvif/device_service"

    @property
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) - self.behind

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"(?im)^content-length: *(\d+)", head)
            content = await reader.readexactly(int(length[1]) if length else 0)
            root = ET.fromstring(content)
            if root.tag != f"{self.soap_namespace}Envelope":
                mismatch = http(
                    fault("s:VersionMismatch", "s:VersionMismatch", "SOAP version mismatch"), status="400 X"
                )
                writer.write(mismatch)
                return
            body = root.find(f"{self.soap_namespace}Body")
            assert body is not None
            namespace, _, operation = body[0].tag[1:].partition("}")
            if operation in self.silent:
                await asyncio.sleep(60)
            if operation in self.answers:
                self.asked.append(operation)
                writer.write(self.answers[operation])
            else:
                status, more, answer = self._answer(head, root, namespace, operation, body[0])
                if status == 200 and self.first_answers.get(operation):
                    writer.write(self.first_answers[operation].pop(0))
                    return
                answer = self.rewrite(answer)
                told = (
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/soap+xml\r\nContent-Length: {len(answer)}"
                )
                writer.write(f"{told}\r\n{more}\r\n".encode() + answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, head: str, root: ET.Element, namespace: str, operation: str, question: ET.Element) -> Answer:
        known = {
            "GetSystemDateAndTime": (DEVICE, self._time),
            "GetServices": (DEVICE, self._services),
            "GetCapabilities": (DEVICE, self._capabilities),
            "GetDeviceInformation": (DEVICE, self._information),
            "GetNetworkProtocols": (DEVICE, self._protocols),
            "GetProfiles": (self.media, self._profiles),
            "GetStreamUri": (self.media, lambda: self._stream_uri(question)),
            "GetSnapshotUri": (self.media, self._snapshot_uri),
        }
        token = root.find(f"{SOAP}Header/{WSSE}Security/{WSSE}UsernameToken")
        http = re.search(r"(?im)^authorization: *(.*?)\r$", head)
        logged_in = token is not None or http is not None
        self.logins += logged_in
        self.asked.append(operation + "+" * logged_in)
        if operation not in known or (operation == "GetServices" and not self.knows_services):
            return 400, "", fault("s:Sender", "ter:ActionNotSupported", "no such action")
        wanted, answer = known[operation]
        assert namespace == wanted, f"{operation} is asked in {namespace}"
        if self.wants != "nothing" and operation not in {"GetSystemDateAndTime", "GetServices", "GetCapabilities"}:
            try:
                self._check(token, http[1] if http else None)
            except NotAuthorisedError as error:
                challenge = self._challenge()
                refusal = fault("s:Sender", self.refusal[0], f"{self.refusal[1]}: {error}")
                return (401 if challenge else 400), challenge, refusal
        if operation == "GetStreamUri" and question.findtext(f"{{{namespace}}}ProfileToken") in self.dead:
            return 500, "", fault("s:Sender", "ter:InvalidArgVal", "The requested profile does not exist")
        return 200, "", enveloped(f'<{operation}Response xmlns="{namespace}">{answer()}</{operation}Response>')

    def _check(self, token: ET.Element | None, http: str | None) -> None:
        if self.wants == "token":
            self._check_token(token)
        elif self.wants == "digest":
            self._check_digest(http)
        elif http != "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode():
            raise NotAuthorisedError("basic")

    def _check_token(self, token: ET.Element | None) -> None:
        if token is None:
            raise NotAuthorisedError("no token")
        user, password = token.findtext(f"{WSSE}Username"), token.find(f"{WSSE}Password")
        nonce, created = token.findtext(f"{WSSE}Nonce"), token.findtext(f"{WSU}Created")
        assert password is not None
        assert nonce is not None
        assert created is not None
        assert (password.get("Type") or "").endswith("#PasswordDigest")
        assert len(base64.b64decode(nonce)) >= 8
        if nonce in self._nonces:
            raise NotAuthorisedError("nonce used before")
        self._nonces.add(nonce)
        skew = dt.datetime.fromisoformat(created) - self.now
        secret = base64.b64decode(nonce) + created.encode() + self.password.encode()
        right = base64.b64encode(hashlib.sha1(secret).digest()).decode()
        if user != self.user or password.text != right or abs(skew.total_seconds()) > SKEW_S:
            raise NotAuthorisedError("wrong token")

    def _check_digest(self, http: str | None) -> None:
        login = dict(re.findall(r'(\w+)="?([^",]*)"?', http or ""))
        if login.get("nonce") != self._http_nonce or not self._http_nonce:
            raise NotAuthorisedError("no nonce of mine")
        if self.nonces_once:
            self._http_nonce = ""
        secret = hashlib.md5(f"{self.user}:{REALM}:{self.password}".encode()).hexdigest()
        request = hashlib.md5(f"POST:{login['uri']}".encode()).hexdigest()
        proof = f"{secret}:{login['nonce']}:{login['nc']}:{login['cnonce']}:auth:{request}"
        if login["username"] != self.user or login["response"] != hashlib.md5(proof.encode()).hexdigest():
            raise NotAuthorisedError("wrong digest")

    def _challenge(self) -> str:
        if self.wants == "basic":
            return f'WWW-Authenticate: Basic realm="{REALM}"\r\n'
        if self.wants == "digest":
            self._http_nonce = self._http_nonce or secrets.token_hex(8)
            return f'WWW-Authenticate: Digest realm="{REALM}", nonce="{self._http_nonce}", qop="auth"\r\n'
        return ""

    def _time(self) -> str:
        told = self.now + self.told
        moment = (
            f"<Time><Hour>{told.hour}</Hour><Minute>{told.minute}</Minute><Second>{told.second}</Second></Time>"
            f"<Date><Year>{told.year}</Year><Month>{told.month}</Month><Day>{told.day}</Day></Date>"
        )
        return (
            "<SystemDateAndTime><DateTimeType>Manual</DateTimeType><DaylightSavings>false</DaylightSavings>"
            f"<TimeZone><TZ>{self.zone}</TZ></TimeZone><UTCDateTime>{moment}</UTCDateTime></SystemDateAndTime>"
        )

    def _services(self) -> str:
        # Behind a NAT: an address of its own that nobody else can reach.
        address = self.service_address or "http://192.0.2.9/onvif/media"
        media = f"<Namespace>{self.media}</Namespace><XAddr>{address}</XAddr>"
        device = f"<Namespace>{DEVICE}</Namespace><XAddr>{self.url}</XAddr>"
        return f"<Service>{device}</Service><Service>{media}</Service>"

    def _capabilities(self) -> str:
        return (
            f"<Capabilities><Media><XAddr>http://127.0.0.1:{self.port}/onvif/media</XAddr></Media></Capabilities>"
        )

    def _information(self) -> str:
        return (
            f"<Manufacturer>{escape(self.manufacturer)}</Manufacturer><Model>{escape(self.model)}</Model>"
            f"<FirmwareVersion>{escape(self.firmware)}</FirmwareVersion><SerialNumber>1</SerialNumber>"
        )

    def _protocols(self) -> str:
        return (
            f"<NetworkProtocols><Name>HTTP</Name><Enabled>true</Enabled><Port>{self.port}</Port></NetworkProtocols>"
            f"<NetworkProtocols><Name>RTSP</Name><Enabled>true</Enabled><Port>{self.rtsp_port}</Port>"
            "</NetworkProtocols>"
        )

    def _profiles(self) -> str:
        sizes = {"main": (1920, 1080), "third": (704, 576), "sub": (640, 360)}
        if self.sources == 1:
            return "".join(self._profile(token, "lens", *size) for token, size in sizes.items())
        return "".join(
            self._profile(f"{token}{source}", f"input{source}", *size)
            for source in range(1, self.sources + 1)
            for token, size in sizes.items()
        )

    def _profile(self, token: str, source: str, width: int, height: int) -> str:
        size = f"<Resolution><Width>{width}</Width><Height>{height}</Height></Resolution>"
        if self.media == MEDIA_2:
            inner = (
                f"<Configurations><VideoSource><SourceToken>{source}</SourceToken></VideoSource>"
                f"<VideoEncoder><Encoding>H265</Encoding>{size}</VideoEncoder></Configurations>"
            )
        else:
            inner = (
                f"<VideoSourceConfiguration><SourceToken>{source}</SourceToken></VideoSourceConfiguration>"
                f"<VideoEncoderConfiguration><Encoding>H264</Encoding>{size}</VideoEncoderConfiguration>"
            )
        return f'<Profiles token="{token}"><Name>{token}</Name>{inner}</Profiles>'

    def _stream_uri(self, question: ET.Element) -> str:
        token = question.findtext(f"{{{self.media}}}ProfileToken")
        uri = f"rtsp://admin:hunter2@{self.stream_host or '127.0.0.1'}:{self.stream_port}/live/{token}?a=1&amp;b=2"
        return f"<Uri>{uri}</Uri>" if self.media == MEDIA_2 else f"<MediaUri><Uri>{uri}</Uri></MediaUri>"

    def _snapshot_uri(self) -> str:
        return f"<MediaUri><Uri>{self.still_uri or f'http://127.0.0.1:{self.port}/still.jpg'}</Uri></MediaUri>"


def enveloped(body: str) -> bytes:
    declared = f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{SOAP[1:-1]}">'
    return f"{declared}<e:Body>{body}</e:Body></e:Envelope>".encode()


def fault(code: str, subcode: str, reason: str) -> bytes:
    return enveloped(
        f"<e:Fault><e:Code><e:Value>{code}</e:Value><e:Subcode><e:Value>{subcode}</e:Value></e:Subcode></e:Code>"
        f'<e:Reason><e:Text xml:lang="en">{reason}</e:Text></e:Reason></e:Fault>'
    )


def http(content: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a response as bytes."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(content) if length is None else length}\r\n\r\n".encode()
        + content
    )


@asynccontextmanager
async def serving(
    camera: OnvifCamera, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[OnvifCamera]:
    """Serve the camera on a free port of loopback."""
    tasks: set[asyncio.Task[None]] = set()

    def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(camera.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(visited, host, camera.port, ssl=tls)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
