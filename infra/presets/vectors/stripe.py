from common import EXPIRED, MISSING, NOW, UNREADABLE, VERIFIED, WRONG, Vectors, fixture, hmac_of

# Its secret and the time are in the same test class, and the body is event_test_signature.json beside it.
SDK = "https://github.com/stripe/stripe-dotnet/blob/d33036292e0fba185de235ce26836eebba9f91fd/src/StripeTests/Services/Events/EventUtilityTest.cs"
HEADER = "Stripe-Signature"
SECRET = "whsec_acuse_preset"
V0 = "6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"

PRINTED_BODY = b"""{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "cus_123",
      "object": "customer",
      "created": 123456789,
      "email": "test@stripe.com",
      "livemode": false,
      "metadata": {}
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "customer.created"
}
"""


def sign(body, secret, at=NOW):
    return {HEADER: f"t={at},v1={hmac_of(secret, f'{at}.'.encode() + body).hex()}"}


vectors = Vectors("stripe")
printed = {
    HEADER: "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,"
    "v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
}
published = {"secret": "webhook_secret"}
vectors.published(SDK, "ConstructEvent", VERIFIED, printed, PRINTED_BODY, now=1533204720, **published)
vectors.published(SDK, "RejectOutdatedTimestamp", EXPIRED, printed, PRINTED_BODY, now=1533205020, **published)
longer = PRINTED_BODY + b"this_changes_the_json"
vectors.published(SDK, "RejectIncorrectSignature", WRONG, printed, longer, now=1533204720, **published)
body = fixture("stripe", "payment_intent.succeeded.json")
vectors.usual(sign, body, HEADER, SECRET, now=NOW)
good = sign(body, SECRET)
own = {"secret": SECRET, "now": NOW}
vectors.own("300 s old", VERIFIED, sign(body, SECRET, NOW - 300), body, **own)
vectors.own("301 s old", EXPIRED, sign(body, SECRET, NOW - 301), body, **own)
vectors.own("301 s ahead", EXPIRED, sign(body, SECRET, NOW + 301), body, **own)
vectors.own("another time than the signed one", WRONG, {HEADER: good[HEADER].replace(str(NOW), str(NOW + 1))}, body, **own)
vectors.own("no time", UNREADABLE, {HEADER: good[HEADER].split(",")[1]}, body, **own)
two = {HEADER: good[HEADER].replace(",v1=", f",v1={'0' * 64},v1=")}
vectors.own("two signatures, one of them right", VERIFIED, two, body, **own)
vectors.own("only v0", UNREADABLE, {HEADER: f"t={NOW},v0={V0}"}, body, **own)
vectors.own("in another header", MISSING, {"X-Signature": good[HEADER]}, body, **own)
vectors.write()
