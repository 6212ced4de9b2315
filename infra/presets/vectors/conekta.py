import platform

from common import MISSING, UNREADABLE, VERIFIED, WRONG, Vectors, b64, fixture, hmac_of
from rsa import Key

HEADER = "DIGEST"
KEY, OTHER = Key("acuse conekta"), Key("acuse other")
PUBLIC = KEY.public_pem()

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
vectors.own("in another header", MISSING, {"Signature": good[HEADER]}, body, secret=PUBLIC)
vectors.write()
