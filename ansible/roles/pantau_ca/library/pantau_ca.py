"""Keeps a certificate authority of the city's own: its key, what it has signed, what it has revoked.

Everything is in one folder on the computer that runs Ansible: `ca.pem` and `ca.key`, `{name}.pem` and
`{name}.key` for each name, `trusted.pem` (whom the city's machines trust), `crl.pem`, `revoked.json`,
`superseded.json`. While one authority follows another there are `next-ca` or `former-ca` too: all machines trust
both of them, until the last certificate of the former one is replaced. The extensions are those of RFC 5280; a
program that checks strictly, as Python does since 3.13 (Debian 13), trusts no authority without them.
"""  # noqa: INP001 # Ansible finds it by its folder

import datetime as dt
import ipaddress
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOCUMENTATION = """
module: pantau_ca
short_description: Keeps a certificate authority, and the certificates that it has signed
description: Runs on the computer that runs Ansible. What is there and still valid stays as it is.
options:
  folder: {description: Where everything is kept., type: path, required: true}
  servers: {description: "By name, the DNS names and addresses of a server.", type: dict, default: {}}
  clients: {description: Names of clients (users of the broker)., type: list, elements: str, default: []}
  revoked: {description: Whose certificates are refused from now on., type: list, elements: str, default: []}
  retired:
    description: Of whom certificates that have been replaced are refused from now on.
    type: list
    elements: str
    default: []
  succession:
    description: "How far another authority follows: it is made, it signs, the former one is forgotten."
    type: str
    choices: [none, prepare, promote, finish]
    default: none
  days: {description: For how many days a certificate is valid., type: int, default: 397}
  renew_days: {description: How many days before its end a certificate is replaced., type: int, default: 60}
author: [Pantau]
"""
_CA_DAYS = 20 * 365
_NEXT, _FORMER = "next-ca", "former-ca"
_EARLIER = dt.timedelta(hours=24)
"""By how much a certificate begins in the past: a site's clock may be slow."""


@dataclass
class Wish:
    """A certificate that is to be there; a server has `alternatives`, its DNS names and addresses."""

    name: str
    alternatives: list[str] = field(default_factory=list)

    @property
    def is_server(self) -> bool:
        """True for a server, which clients know by its names."""
        return bool(self.alternatives)


class Authority:
    """The authority in a folder; `now` is the time of day in UTC. `changes` says what it did."""

    def __init__(self, folder: Path, now: dt.datetime, *, dry: bool = False) -> None:
        self.folder, self.now, self.changes = folder, now, []
        self._dry = dry
        if not dry:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        self._make_own()

    changes: list[str]

    def issue(self, wish: Wish, days: int, renew_days: int) -> None:
        """Sign a certificate for a new key, unless there is one that does and has more than `renew_days` left."""
        certificate = _read(self.folder / f"{wish.name}.pem")
        why = self._why_not(certificate, wish, renew_days)
        if why is None:
            return
        self.changes.append(f"{wish.name}: {why}")
        if self._dry:
            return
        if certificate is not None:
            self._note_superseded(wish.name, certificate)
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if wish.is_server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            self._builder(wish.name, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(_alternatives(wish)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        _write_pair(self.folder, wish.name, key, builder.sign(self._key, hashes.SHA256()))

    def revoke(self, names: list[str]) -> None:
        """Revoke the certificates that these names have now; one that has none is told.

        Raises:
            ValueError: a name never had a certificate here.
        """
        revoked = self._listed("revoked.json")
        for name in names:
            certificate = _read(self.folder / f"{name}.pem")
            serials = {entry["serial"] for entry in revoked if entry["name"] == name}
            if certificate is None:
                if not serials:
                    raise ValueError(f"{name} has no certificate in {self.folder}: nothing of its can be revoked")
                continue
            revoked.append({"name": name, "serial": str(certificate.serial_number), "at": self.now.isoformat()})
            self.changes.append(f"{name}: revoked")
            if not self._dry:
                self._publish(revoked)
                for kind in ("pem", "key"):
                    (self.folder / f"{name}.{kind}").unlink(missing_ok=True)
        wanted = {int(entry["serial"]) for entry in revoked}
        if not self._dry and (
            _read_list(self.folder / "crl.pem") != wanted or not (self.folder / "trusted.pem").exists()
        ):
            self._publish(revoked)
            self.changes.append("the list of what is revoked")

    def retire(self, names: list[str]) -> None:
        """Revoke what has been replaced for these names: only what they have today is taken from now on."""
        superseded = self._listed("superseded.json")
        retired = [entry for entry in superseded if entry["name"] in names]
        if not retired:
            return
        self.changes += sorted({f"{entry['name']}: its former certificate is revoked" for entry in retired})
        if not self._dry:
            self._publish(self._listed("revoked.json") + retired)
            rest = [entry for entry in superseded if entry not in retired]
            _write(self.folder / "superseded.json", json.dumps(rest, indent=1).encode())

    def succeed(self, step: str) -> None:
        """Let another authority follow: `prepare` makes it, `promote` lets it sign, `finish` forgets the former.

        A step that has been taken changes nothing.

        Raises:
            ValueError: there is none that could be promoted.
        """
        steps = {"prepare": self._prepare_next, "promote": self._promote_next, "finish": self._forget_former}
        steps[step]()
        if not self._dry:
            self._publish(self._listed("revoked.json"))

    def _prepare_next(self) -> None:
        if self._has(_NEXT) or self._has(_FORMER):
            return
        self.changes.append("the next authority")
        if not self._dry:
            _write_pair(self.folder, _NEXT, *self._new_authority(f"Pantau CA {self.now:%Y-%m-%d %H:%M:%S}"))

    def _promote_next(self) -> None:
        if self._has(_FORMER) and not self._has(_NEXT):
            return
        if not self._has(_NEXT):
            raise ValueError(
                f"{self.folder}/{_NEXT}.pem is not there: prepare it first, so that all machines trust it"
            )
        self.changes.append("the next authority signs")
        if self._dry:
            return
        # Copied first: one that breaks off in between leaves both, and is done again.
        for kind in ("key", "pem"):
            if not self._has(_FORMER):
                _write(self.folder / f"{_FORMER}.{kind}", (self.folder / f"ca.{kind}").read_bytes())
        for kind in ("key", "pem"):
            _write(self.folder / f"ca.{kind}", (self.folder / f"{_NEXT}.{kind}").read_bytes())
        for kind in ("pem", "key"):
            (self.folder / f"{_NEXT}.{kind}").unlink()
        self._make_own()

    def _forget_former(self) -> None:
        if not self._has(_FORMER):
            return
        self.changes.append("the former authority is forgotten")
        if not self._dry:
            for kind in ("pem", "key"):
                (self.folder / f"{_FORMER}.{kind}").unlink(missing_ok=True)

    def _has(self, name: str) -> bool:
        return (self.folder / f"{name}.pem").exists()

    def _make_own(self) -> None:
        """Read the authority's key and certificate, or make them."""
        if (self.folder / "ca.key").exists():
            self._key = _read_key(self.folder / "ca.key")
            certificate = _read(self.folder / "ca.pem")
            if certificate is None:
                raise ValueError(f"{self.folder}/ca.pem is missing beside its key: put it back from a backup")
            self._certificate = certificate
            return
        self.changes.append("the authority")
        self._key, self._certificate = self._new_authority("Pantau CA")
        if not self._dry:
            _write_pair(self.folder, "ca", self._key, self._certificate)

    def _new_authority(self, common: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(common, key.public_key(), _CA_DAYS, issuer=_name(common))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return key, certificate

    def _builder(
        self, name: str, key: ec.EllipticCurvePublicKey, days: int, issuer: x509.Name | None = None
    ) -> x509.CertificateBuilder:
        end = self.now + dt.timedelta(days=days)
        if issuer is None:
            issuer, end = self._certificate.subject, min(end, self._certificate.not_valid_after_utc)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - _EARLIER)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )

    def _why_not(self, certificate: x509.Certificate | None, wish: Wish, renew_days: int) -> str | None:
        """Return why a certificate does not do, None if it does."""
        if certificate is None or not (self.folder / f"{wish.name}.key").exists():
            return "new"
        if certificate.not_valid_after_utc - self.now < dt.timedelta(days=renew_days):
            return f"renewed, as it ends on {certificate.not_valid_after_utc:%Y-%m-%d}"
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except Exception:  # noqa: BLE001 # whatever is wrong with it, it is not ours
            return "signed by another authority"
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if set(names) != set(_alternatives(wish)):
            return "has other names"
        return None

    def _note_superseded(self, name: str, certificate: x509.Certificate) -> None:
        entry = {"name": name, "serial": str(certificate.serial_number), "at": self.now.isoformat()}
        noted = [*self._listed("superseded.json"), entry]
        _write(self.folder / "superseded.json", json.dumps(noted, indent=1).encode())

    def _listed(self, name: str) -> list[dict[str, str]]:
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else []

    def _publish(self, revoked: list[dict[str, str]]) -> None:
        """Write what is revoked, and a CRL of each authority that is trusted; the one that signs comes first."""
        names = [name for name in ("ca", _NEXT, _FORMER) if (self.folder / f"{name}.pem").exists()]
        keys = [_read_key(self.folder / f"{name}.key") for name in names]
        texts = [(self.folder / f"{name}.pem").read_bytes() for name in names]
        lists = [
            self._revocation_list(key, x509.load_pem_x509_certificate(text), revoked)
            for key, text in zip(keys, texts, strict=True)
        ]
        _write(self.folder / "revoked.json", json.dumps(revoked, indent=1).encode())
        _write(self.folder / "crl.pem", b"".join(lists))
        _write(self.folder / "trusted.pem", b"".join(texts))

    def _revocation_list(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, revoked: list[dict[str, str]]
    ) -> bytes:
        """Return the CRL of an authority, which ends with it: one that has ended refuses all."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(certificate.subject)
            .last_update(self.now)
            .next_update(certificate.not_valid_after_utc)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(self.now.timestamp())), critical=False)
        )
        for entry in revoked:
            at = dt.datetime.fromisoformat(entry["at"])
            one = x509.RevokedCertificateBuilder().serial_number(int(entry["serial"])).revocation_date(at)
            builder = builder.add_revoked_certificate(one.build())
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternatives(wish: Wish) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for text in wish.alternatives or [wish.name]:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(text)))
        except ValueError:
            # A site's id may hold an underscore, which no DNS name does: a client's name is known by its subject.
            names.append(x509.DNSName(text) if wish.is_server else x509.RFC822Name(f"{text}@pantau.invalid"))
    return names


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return None


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is no key of an elliptic curve, as this authority's are")
    return key


def _read_list(path: Path) -> set[int] | None:
    if not path.exists():
        return None
    return {entry.serial_number for entry in x509.load_pem_x509_crl(path.read_bytes())}


def _write_pair(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The certificate last: without it there is none, and a run that breaks off makes both anew.
    (folder / f"{name}.pem").unlink(missing_ok=True)
    _write(folder / f"{name}.key", private)
    _write(folder / f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, data: bytes) -> None:
    """Write a file for its owner alone, whole or not at all."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(unfinished).replace(path)


def main() -> None:
    """Do what the arguments ask for."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "servers": {"type": "dict", "default": {}},
            "clients": {"type": "list", "elements": "str", "default": []},
            "revoked": {"type": "list", "elements": "str", "default": []},
            "retired": {"type": "list", "elements": "str", "default": []},
            "succession": {
                "type": "str",
                "choices": ["none", "prepare", "promote", "finish"],
                "default": "none",
            },
            "days": {"type": "int", "default": 397},
            "renew_days": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    wanted: dict[str, Any] = module.params
    try:
        authority = Authority(Path(wanted["folder"]), dt.datetime.now(dt.UTC), dry=module.check_mode)
        if wanted["succession"] != "none":
            authority.succeed(wanted["succession"])
        authority.revoke(wanted["revoked"])
        authority.retire(wanted["retired"])
        for name, alternatives in wanted["servers"].items():
            authority.issue(Wish(name, list(alternatives)), wanted["days"], wanted["renew_days"])
        for name in wanted["clients"]:
            authority.issue(Wish(name), wanted["days"], wanted["renew_days"])
    except (OSError, ValueError, TypeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(authority.changes), changes=authority.changes)


if __name__ == "__main__":
    main()
