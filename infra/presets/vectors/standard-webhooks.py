import base64

from common import EXPIRED, NOW, UNREADABLE, VERIFIED, WRONG, Vectors, b64, fixture, hmac_of

# "sign function works": the tests of the libraries in all languages have the same values.
LIBRARY = "https://github.com/standard-webhooks/standard-webhooks/blob/b2fa7b8719fb75d326b591077f5d1b385cfcdfae/libraries/javascript/src/webhook.test.ts"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEADER = "webhook-signature"


def sign(body, secret, at=NOW, msg="msg_2fAcusePreset"):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = b64(hmac_of(key, f"{msg}.{at}.".encode() + body))
    return {"webhook-id": msg, "webhook-timestamp": str(at), HEADER: f"v1,{made}"}


vectors = Vectors("standard-webhooks")
printed = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    HEADER: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
test = b'{"test": 2432232314}'
vectors.published(LIBRARY, "sign function works", VERIFIED, printed, test, secret=SECRET, now=1614265330)
vectors.own("the published signature, one second too late", EXPIRED, printed, test, secret=SECRET, now=1614265631)
body = fixture("standard-webhooks", "invoice.paid.json")
vectors.usual(sign, body, HEADER, SECRET, other="whsec_" + b64(b"another secret of 32 characters."), now=NOW)
good = sign(body, SECRET)
own = {"secret": SECRET, "now": NOW}
vectors.own("a secret without its prefix", VERIFIED, good, body, secret=SECRET.removeprefix("whsec_"), now=NOW)
several = {**good, HEADER: f"v1a,{b64(b'x' * 64)} v1,{b64(b'y' * 32)} {good[HEADER]}"}
vectors.own("several signatures, one of them right", VERIFIED, several, body, **own)
vectors.own("another version", UNREADABLE, {**good, HEADER: good[HEADER].replace("v1,", "v2,")}, body, **own)
vectors.own("another id", WRONG, {**good, "webhook-id": "msg_2"}, body, **own)
vectors.own("another time than the signed one", WRONG, {**good, "webhook-timestamp": str(NOW + 1)}, body, **own)
vectors.own("no id", WRONG, {k: v for k, v in good.items() if k != "webhook-id"}, body, **own)
vectors.own("no time", UNREADABLE, {k: v for k, v in good.items() if k != "webhook-timestamp"}, body, **own)
vectors.own("300 s old", VERIFIED, sign(body, SECRET, NOW - 300), body, **own)
vectors.own("301 s old", EXPIRED, sign(body, SECRET, NOW - 301), body, **own)
vectors.own("301 s ahead", EXPIRED, sign(body, SECRET, NOW + 301), body, **own)
vectors.write()
