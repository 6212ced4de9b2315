import base64
import platform

from common import MISSING, UNREADABLE, VERIFIED, WRONG, Vectors, b64, fixture, hmac_of
from rsa import Key, opened

HEADER = "DIGEST"
KEY, OTHER = Key("acuse conekta"), Key("acuse other")
PUBLIC = KEY.public_pem()

# The key of Conekta's documentation, and the signature that an engineer of Conekta's printed with it in
# https://github.com/conekta/conekta-node/issues/105 on 2023-01-23. Our copies cut off the body that it signs, so it is no
# vector that verifies. But it says how Conekta signs, since it only opens if it is PKCS#1 v1.5 with SHA-256, in base64.
PRINTED_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0iz57mpVAvxQtuxOyWsW
hM1Jai7WB5cNZFs8xK53A9X9LQiXz30pzoFIhVo9Zm5K5GBpb9frCH8w6yr+/xrX
0VUjbp1VTgZ2iGOm83ykLN7YYQJk5pCt/B69eFPYbMCKFzvauwTtN9tf2KcLQQ2y
Sohxd3H51uUIGcxnSR5oVPoCdY4geSWfK0/FE4SAyVsTB/b3mS0KUor7R2tZupKm
rS26O6QFQrk0ELuGIIriJimjxaQG9V7E/TumKkbDPAcJsiZBF8oep02sXbdNpaxl
j5PNkVIQ2F09BfDJl71DrcAIKYXG7HSgDEoiRkZ3jIzudUNA+qkpYwHJ5Qx9qmgy
uQIDAQAB
-----END PUBLIC KEY-----
"""
PRINTED = (
    "PY0lEriF5Tt4T0ZVqwEQtS5+skbqUpCWwwDs5EtBEX5vriK15KuLCuTndttDR4jvlSvDsDVSUOCxXrpxMJ0x0cePCa79xGa23r/hcv4CPcfr2UMe4IKJuJSl"
    "Jc3XCfOQB1rfk6fQCMr7AbiVtvacr91yYxg7QoJq2/Y0YRo7RreT61X7/dmGhgzFrG0TALQ2R0PbQyAXIvO7l5+00Yncdc0IeyCBTL3/Wa0zN+Dc4UZW3iWF"
    "pNOIyljDKxmBp+2D0DxPeLfXw7fnVskQMSCM7rCVXSoP7k8BCyIDRZ62QieMXW5CubixFaPFrI1f6K8gh67lguYF2XSY/bYb7IU4Jg=="
)
SIGNED = "ee2456fe726f06e95c859d3c92e16aea780ccf3c4c9d6ea942d5f0b6fc9013a6"
assert opened(PRINTED_KEY, base64.b64decode(PRINTED)) == SIGNED

vectors = Vectors("conekta", f"RSA by Python {platform.python_version()}'s integers, verified by openssl")


def sign(body, _):
    return {HEADER: b64(KEY.sign(body))}


body = fixture("conekta", "order.paid.json")
vectors.usual(sign, body, HEADER, PUBLIC, other=OTHER.public_pem())
good = sign(body, None)
one_line = PUBLIC.replace("\n", "\\n")
vectors.own("a public key with literal line breaks, as the API's JSON has it", VERIFIED, good, body, secret=one_line)
flipped = bytearray(KEY.sign(body))
flipped[100] ^= 1
vectors.own("one bit of the signature changed", WRONG, {HEADER: b64(bytes(flipped))}, body, secret=PUBLIC)
vectors.own("of another private key", WRONG, {HEADER: b64(OTHER.sign(body))}, body, secret=PUBLIC)
confused = {HEADER: b64(hmac_of(PUBLIC, body))}
vectors.own("an HMAC with the public key, which anybody can make", UNREADABLE, confused, body, secret=PUBLIC)
vectors.own("the printed signature, of another body", WRONG, {HEADER: PRINTED}, body, secret=PRINTED_KEY)
vectors.own("in another header", MISSING, {"Signature": good[HEADER]}, body, secret=PUBLIC)
vectors.write()
