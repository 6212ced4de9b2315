"""What the scripts beside this file share. Each makes the `vectors.json` of one preset:

    python3 infra/presets/vectors/github.py

Nothing of Acuse is used, so that a mistake there can't hide here: only Python's standard library, and `openssl` for
signatures with a private key. With the same Python, running a script again changes nothing. tests/presets/vectors.rs describes the file.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import platform

NOW = 1_700_000_000
DATE = "2026-11-27"
PYTHON = f"Python {platform.python_version()} hmac"

VERIFIED = "verified"
WRONG = "the signature is wrong"
MISSING = "the signature header is missing"
UNREADABLE = "the signature's encoding is not accepted"
EXPIRED = "the signature's timestamp is outside the tolerance"
EMPTY = "the body is empty"


def hmac_of(secret, content, algorithm="sha256"):
    key = secret if isinstance(secret, bytes) else secret.encode()
    return hmac.new(key, content, getattr(hashlib, algorithm)).digest()


def b64(data):
    return base64.b64encode(data).decode()


def text_or_base64(body):
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": b64(body)}


class Vectors:
    def __init__(self, preset, made_by=PYTHON):
        self.preset, self.made_by, self.cases = preset, made_by, []

    def published(self, url, name, expect, headers, body, **more):
        self.add({"published": url, "date": DATE}, name, expect, headers, body, more)

    def own(self, name, expect, headers, body, **more):
        self.add({"own": self.made_by, "date": DATE}, name, expect, headers, body, more)

    def add(self, source, name, expect, headers, body, more):
        query = more.pop("query", None)
        request = {"headers": headers, **({"query": query} if query else {}), **text_or_base64(body)}
        self.cases.append({"name": name, "source": source, "request": request, **more, "expect": expect})

    def usual(self, sign, body, header, secret, other="another secret", **more):
        """The cases that every signature has. `sign(body, secret)` gives the headers, `header` carries the signature."""
        good = sign(body, secret)
        self.own("signed", VERIFIED, good, body, secret=secret, **more)
        self.own("one bit of the body changed", WRONG, good, bytes([body[0] ^ 1]) + body[1:], secret=secret, **more)
        self.own("one byte after the body", WRONG, good, body + b"\n", secret=secret, **more)
        self.own("another secret", WRONG, good, body, secret=other, **more)
        self.own("no signature", MISSING, {k: v for k, v in good.items() if k != header}, body, secret=secret, **more)
        self.own("a signature cut short", UNREADABLE, {**good, header: good[header][:-6]}, body, secret=secret, **more)
        self.own("an empty body", EMPTY, sign(b"", secret), b"", secret=secret, **more)

    def write(self):
        folder = pathlib.Path(__file__).resolve().parent.parent / "presets" / self.preset
        text = json.dumps(self.cases, indent=1, ensure_ascii=False) + "\n"
        (folder / "vectors.json").write_text(text)
        print(len(self.cases), "vectors of", self.preset)


def fixture(preset, name):
    """The bytes of a fixture, as a provider would send them: without the line feed at the end."""
    folder = pathlib.Path(__file__).resolve().parent.parent / "presets" / preset / "fixtures"
    return (folder / name).read_bytes().rstrip(b"\n")
