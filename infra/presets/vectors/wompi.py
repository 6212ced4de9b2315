import hashlib
import json

from common import EMPTY, MISSING, UNREADABLE, VERIFIED, WRONG, Vectors, fixture

DOCUMENTATION = "https://docs.wompi.co/docs/colombia/eventos/"
SECRET = "prod_events_example"
HEADER = "X-Event-Checksum"


def checksum(body, secret):
    """SHA-256 of the listed values, the timestamp and the secret."""
    event = json.loads(body)
    text = ""
    for path in event["signature"]["properties"]:
        value = event["data"]
        for name in path.split("."):
            value = value[name]
        text += str(value)
    return hashlib.sha256(f"{text}{event['timestamp']}{secret}".encode()).hexdigest()


def sign(body, secret):
    return {HEADER: checksum(body, secret)}


vectors = Vectors("wompi", made_by=Vectors("wompi").made_by.replace("hmac", "hashlib"))

# The event, the secret and the checksum as the documentation prints them. Its own steps give the text
# 1234-1610641025-49201APPROVED44900001530291411prod_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z, whose SHA-256 is another.
PRINTED_SECRET = "prod_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z"
PRINTED = b"""{
  "event": "transaction.updated",
  "data": {
    "transaction": {
        "id": "1234-1610641025-49201",
        "amount_in_cents": 4490000,
        "reference": "MZQ3X2DE2SMX",
        "customer_email": "juan.perez@gmail.com",
        "currency": "COP",
        "payment_method_type": "NEQUI",
        "redirect_url": "https://mitienda.com.co/pagos/redireccion",
        "status": "APPROVED",
        "shipping_address": null,
        "payment_link_id": null,
        "payment_source_id": null
      }
  },
  "environment": "prod",
  "signature": {
    "properties": [
      "transaction.id",
      "transaction.status",
      "transaction.amount_in_cents"
    ],
    "checksum": "3476DDA50F64CD7CBD160689640506FEBEA93239BC524FC0469B2C68A3CC8BD0"
  },
  "timestamp": 1530291411,
  "sent_at":  "2018-07-20T16:45:05.000Z"
}"""
WRONGLY_PRINTED = "3476DDA50F64CD7CBD160689640506FEBEA93239BC524FC0469B2C68A3CC8BD0"
TEXT = "1234-1610641025-49201APPROVED44900001530291411" + PRINTED_SECRET
assert checksum(PRINTED, PRINTED_SECRET) == hashlib.sha256(TEXT.encode()).hexdigest() != WRONGLY_PRINTED.lower()
vectors.published(DOCUMENTATION, "the printed example: its checksum is not the SHA-256 of the text that its steps give",
                  WRONG, {HEADER: WRONGLY_PRINTED}, PRINTED, secret=PRINTED_SECRET)
vectors.own("the printed example, with the SHA-256 of that text", VERIFIED,
            {HEADER: hashlib.sha256(TEXT.encode()).hexdigest().upper()}, PRINTED, secret=PRINTED_SECRET)

body = fixture("wompi", "transaction.updated.json")
good = sign(body, SECRET)
vectors.own("signed", VERIFIED, good, body, secret=SECRET)
for name, expect, changed in [
    ("another id", WRONG, body.replace(b"1512-1717430400-30117", b"1512-1717430400-30118")),
    ("another status", WRONG, body.replace(b'"status": "APPROVED"', b'"status": "DECLINED"')),
    ("another amount", WRONG, body.replace(b"8990000", b"8990001")),
    ("another timestamp", WRONG, body.replace(b"1717430404", b"1717430405")),
    ("a shorter list", WRONG, body.replace(b'"transaction.status",', b"")),
    ("an empty list", WRONG, json.dumps({**json.loads(body), "signature": {"properties": []}}).encode()),
    ("a path to nothing", WRONG, body.replace(b'"transaction.status"', b'"transaction.state"')),
    ("another reference: it is not signed", VERIFIED, body.replace(b"PEDIDO-1042", b"PEDIDO-9999")),
    ("another environment: it is not signed", VERIFIED, body.replace(b'"environment": "prod"', b'"environment": "test"')),
]:
    assert changed != body, name
    vectors.own(name, expect, good, changed, secret=SECRET)

# Nothing separates the values, and the body names them: whoever has one delivery can make others.
forged = json.loads(body)
forged["data"]["transaction"].update(id="1512-0-1", amount_in_cents=100, status="APPROVED",
                                     note="1512-1717430400-30117APPROVED8990000")
forged["signature"]["properties"] = ["transaction.note"]
vectors.own("another transaction, made of a delivery without the secret: its values are not what is signed", VERIFIED, good,
            json.dumps(forged).encode(), secret=SECRET)

vectors.own("another secret", WRONG, good, body, secret="prod_events_another")
vectors.own("no signature", MISSING, {}, body, secret=SECRET)
vectors.own("a signature cut short", UNREADABLE, {HEADER: good[HEADER][:-6]}, body, secret=SECRET)
vectors.own("a signature with one letter changed", WRONG, {HEADER: good[HEADER][:-1] + ("0" if good[HEADER][-1] != "0" else "1")}, body, secret=SECRET)
vectors.own("not JSON", WRONG, good, body[:-1], secret=SECRET)
vectors.own("an empty body", EMPTY, good, b"", secret=SECRET)
vectors.write()
