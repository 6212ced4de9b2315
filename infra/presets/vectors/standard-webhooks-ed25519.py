"""Python has no Ed25519 in its standard library. The valid vector is a published one; the others are it with one change."""

import base64

from common import EXPIRED, MISSING, UNREADABLE, VERIFIED, WRONG, Vectors, b64, hmac_of

# `test_asymmetric_key_signing`. The public key is the second half of the key there, and in Svix's README.
SVIX = "https://github.com/svix/svix-webhooks/blob/4fc0cfb8b426c87ef7e2b937e7d896a71d456a47/server/svix-server/src/worker.rs"
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
HEADER = "webhook-signature"
SIGNATURE = "hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
NOW = 1614265330
BODY = b'{"test": 2432232314}'

vectors = Vectors("standard-webhooks-ed25519", "the published vector with one change, by Python")
printed = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": str(NOW), HEADER: f"v1a,{SIGNATURE}"}
own = {"secret": PUBLIC, "now": NOW}
vectors.published(SVIX, "test_asymmetric_key_signing", VERIFIED, printed, BODY, **own)
vectors.own("a public key without its prefix", VERIFIED, printed, BODY, secret=PUBLIC.removeprefix("whpk_"), now=NOW)
several = {**printed, HEADER: f"v1,{b64(b'x' * 32)} {printed[HEADER]}"}
vectors.own("several signatures, one of them right", VERIFIED, several, BODY, **own)
vectors.own("one bit of the body changed", WRONG, printed, bytes([BODY[0] ^ 1]) + BODY[1:], **own)
flipped = bytearray(base64.b64decode(SIGNATURE))
flipped[20] ^= 1
vectors.own("one bit of the signature changed", WRONG, {**printed, HEADER: f"v1a,{b64(bytes(flipped))}"}, BODY, **own)
vectors.own("another id", WRONG, {**printed, "webhook-id": "msg_2"}, BODY, **own)
vectors.own("another time than the signed one", WRONG, {**printed, "webhook-timestamp": str(NOW + 1)}, BODY, **own)
vectors.own("301 s old", EXPIRED, printed, BODY, secret=PUBLIC, now=NOW + 301)
vectors.own("cut short", UNREADABLE, {**printed, HEADER: printed[HEADER][:-6]}, BODY, **own)
vectors.own("no signature", MISSING, {k: v for k, v in printed.items() if k != HEADER}, BODY, **own)
content = f"{printed['webhook-id']}.{NOW}.".encode() + BODY
confused = b64(hmac_of(base64.b64decode(PUBLIC.removeprefix("whpk_")), content))
vectors.own("an HMAC with the public key, which anybody can make", UNREADABLE, {**printed, HEADER: f"v1,{confused}"}, BODY, **own)
# The right public key of RFC 8032, test 2, which signed nothing here.
other = "whpk_" + b64(bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
vectors.own("another public key", WRONG, printed, BODY, secret=other, now=NOW)
vectors.write()
