"""What an odd camera answers to RTSP requests (RFC 2326): responses and description (SDP)."""

import base64
import re
from urllib.parse import urlsplit

from fuzzing.odd_camera import OddCamera
from fuzzing.odd_footage import is_set, units
from fuzzing.odd_packets import PAYLOAD_TYPES, Packet
from tests.agent.rtsp.scripted import interleaved

USER, PASSWORD = "operator", "rahasia"
"""The login that a camera asks for."""

_SOUND = ("m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:track9")
_METADATA = ("m=application 0 RTP/AVP 107", "a=rtpmap:107 vnd.onvif.metadata/90000", "a=control:track8")
_REQUEST = b"OPTIONS * RTSP/1.0\r\nCSeq: 900\r\n\r\n"
_CHALLENGES = {
    "basic": ('Basic realm="camera"',),
    "digest": ('Digest realm="camera", nonce="5f2d"',),
    "digest with qop": ('Digest realm="camera", nonce="5f2d", qop="auth", algorithm=MD5',),
    "digest or basic": ('Digest realm="camera", nonce="5f2d"', 'Basic realm="camera"'),
}


def challenges(camera: OddCamera) -> list[str]:
    """Return the header lines by which the camera asks for a login; none if it does not."""
    return [f"WWW-Authenticate: {challenge}" for challenge in _CHALLENGES.get(camera.how("login"), ())]


class OddDialogue:
    """One client's session over one connection. `playing` is set by PLAY."""

    def __init__(self, camera: OddCamera, sent: list[list[Packet]]) -> None:
        self.playing = False
        self.client_port = 0
        self._camera = camera
        self._sent = sent
        self._channel = 0

    def respond(self, request: bytes) -> bytes:
        """Return the response to a request, with what comes before it."""
        head = request.decode().split("\r\n")
        method, uri, _ = head[0].split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        status, lines, body = self._answer(method, uri, fields)
        if body:
            lines = [*lines, "Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        if not self._camera.has("answers", "no CSeq"):
            lines = [f"CSeq: {fields['cseq']}", *lines]
        if self._camera.has("answers", "no reason"):
            status = status.partition(" ")[0]
        if self._camera.has("answers", "lower-case names"):
            lines = [re.sub(r"^[^:]*", lambda name: name[0].lower(), line) for line in lines]
        end = "\n" if self._camera.has("answers", "line feeds alone") else "\r\n"
        blank = end if self._camera.has("answers", "blank line before") else ""
        response = (blank + end.join([f"RTSP/1.0 {status}", *lines, "", ""])).encode() + body
        if method == "PLAY" and status.startswith("200"):
            self.playing = True
            if self._camera.has("start", "packets before the answer"):
                return self.frames(0) + response
        return response

    def frames(self, number: int) -> bytes:
        """Return what is sent for a picture within RTSP's connection."""
        sent = b"".join(interleaved(packet, self._channel + kind) for kind, packet in self._sent[number])
        if self._camera.has("between packets", "line breaks"):
            sent += b"\r\n"
        if self._camera.has("between packets", "stray bytes") and number % 25 == 3:
            sent += b"\x00\x01\x02"
        if self._camera.has("between packets", "requests") and number % 50 == 3:
            sent += _REQUEST
        return sent

    @property
    def first(self) -> int:
        """The number of the first picture that is still to be sent after PLAY."""
        return 1 if self._camera.has("start", "packets before the answer") else 0

    def _answer(self, method: str, uri: str, fields: dict[str, str]) -> tuple[str, list[str], bytes]:
        asked = challenges(self._camera)
        if asked and method in {"DESCRIBE", "SETUP", "PLAY"} and "authorization" not in fields:
            return "401 Unauthorized", asked, b""
        match method:
            case "OPTIONS":
                return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"], b""
            case "DESCRIBE":
                return self._describe(uri)
            case "SETUP":
                return self._set_up(uri, fields["transport"])
            case _:
                return "200 OK", ["Session: 4711"], b""

    def _describe(self, uri: str) -> tuple[str, list[str], bytes]:
        how = self._camera.how("redirect")
        if how and "moved" not in uri:
            return f"{how} Moved", [f"Location: {uri}/moved"], b""
        at = urlsplit(uri)
        base = {
            "none": "",
            "without a slash": uri,
            "on another host": f"{at.scheme}://192.0.2.77{at.path}/",
        }.get(self._camera.how("base"), f"{uri}/")
        return "200 OK", [f"Content-Base: {base}"] if base else [], self._description(uri)

    def _set_up(self, uri: str, transport: str) -> tuple[str, list[str], bytes]:
        if "interleaved" in transport and self._camera.carriage == "udp":
            return f"{self._camera.how('refusal of TCP') or '461'} Not for us", [], b""
        if (port := re.search(r"client_port=(\d+)-\d+", transport)) is not None:
            agreed = f"{transport};server_port=6970-6971"
            client_port, channel = int(port[1]), 0
        else:
            asked = re.search(r"interleaved=(\d+)", transport)
            assert asked is not None
            client_port, channel = 0, int(asked[1])
            channel += 4 if self._camera.has("channels", "others than asked for") else 0
            agreed = re.sub(r"interleaved=[\d-]+", f"interleaved={channel}-{channel + 1}", transport)
        if "track8" not in uri and "track9" not in uri:
            self.client_port, self._channel = client_port, channel
        session = {
            "without a timeout": "4711",
            "timeout with spaces": "4711 ; timeout = 60",
            "with further parameters": "4711;mode=play;timeout=60",
        }.get(self._camera.how("session"), "4711;timeout=60")
        return "200 OK", [f"Session: {session}", f"Transport: {agreed}"], b""

    def _description(self, uri: str) -> bytes:
        has = self._camera.has
        lines = (
            ["v=0", "s=-"]
            if has("description", "without origin and time")
            else ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0"]
        )
        if has("description", "attributes unknown"):
            lines += ["a=tool:camera 1.0", "a=x-vendor:;;==", "k=prompt", "b=AS:4000"]
        video = self._video(uri)
        if has("description", "sound first"):
            lines += [*_SOUND, *video]
        elif has("description", "metadata behind"):
            lines += [*video, *_METADATA]
        else:
            lines += video
        end = "\n" if has("description", "line feeds alone") else "\r\n"
        return "".join(f"{line}{end}" for line in lines).encode()

    def _video(self, uri: str) -> list[str]:
        codec = self._camera.codec
        number = PAYLOAD_TYPES[codec]
        encoding = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}[codec]
        if self._camera.has("description", "encoding in lower case"):
            encoding = encoding.lower()
        lines = [f"m=video 0 RTP/AVP {number}", f"a=rtpmap:{number} {encoding}/90000"]
        if codec != "mjpeg":
            lines.append(f"a=fmtp:{number} {self._format()}")
        control = {"absolute": f"{uri}/track1", "with a slash": "/track1", "missing": ""}.get(
            self._camera.how("control"), "track1"
        )
        return [*lines, f"a=control:{control}"] if control else lines

    def _format(self) -> str:
        mode = ["packetization-mode=1"] if self._camera.codec == "h264" else ["profile-id=1"]
        if self._camera.how("parameter sets") in {"sent only", "missing"}:
            return mode[0]
        sets = [
            base64.b64encode(unit).decode()
            for unit in units(self._camera.codec, 0)
            if is_set(self._camera.codec, unit)
        ]
        if self._camera.codec == "h264":
            return ";".join([*mode, f"sprop-parameter-sets={','.join(sets)}"])
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        return ";".join([*mode, *(f"{name}={text}" for name, text in zip(names, sets, strict=True))])
