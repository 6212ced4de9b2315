from common import VERIFIED, WRONG, Vectors, b64, fixture, hmac_of

SECRET = "llave-secreta-de-ejemplo"
HEADER = "X-Bold-Signature"


def sign(body, secret):
    return {HEADER: hmac_of(secret, b64(body).encode()).hex()}


vectors = Vectors("bold")
body = fixture("bold", "SALE_APPROVED.json")
vectors.usual(sign, body, HEADER, SECRET)
vectors.own("the body signed as it is, not in base64", WRONG, {HEADER: hmac_of(SECRET, body).hex()}, body, secret=SECRET)
vectors.own("the empty key of Bold's test mode, which anybody has", WRONG, sign(body, ""), body, secret=SECRET)
utf8 = fixture("bold", "VOID_APPROVED.json").replace(b"ANA EJEMPLO", "ÑUSTA PEÑA".encode())
vectors.own("signed, with letters beyond ASCII", VERIFIED, sign(utf8, SECRET), utf8, secret=SECRET)
vectors.write()
