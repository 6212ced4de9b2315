from common import EXPIRED, UNREADABLE, VERIFIED, WRONG, Vectors, fixture, hmac_of

SECRET = "clave-de-firma-de-ejemplo"
HEADER = "event-signature"
TIME = "2025-02-03T22:20:24Z"
AT = 1_738_621_224


def sign(body, secret, time=TIME):
    return {"event-timestamp": time, HEADER: hmac_of(secret, time.encode() + b"." + body).hex()}


vectors = Vectors("cobre")
body = fixture("cobre", "money_movements.status.completed.json")
vectors.usual(sign, body, HEADER, SECRET, other="another secret of Cobre", now=AT)
good = sign(body, SECRET)
vectors.own("another time", WRONG, {**good, "event-timestamp": "2025-02-03T22:20:25Z"}, body, secret=SECRET, now=AT)
vectors.own("no time", UNREADABLE, {HEADER: good[HEADER]}, body, secret=SECRET, now=AT)
vectors.own("23 hours late", VERIFIED, good, body, secret=SECRET, now=AT + 23 * 3600)
vectors.own("25 hours late", EXPIRED, good, body, secret=SECRET, now=AT + 25 * 3600)
vectors.own("the body signed without the time", WRONG, {**good, HEADER: hmac_of(SECRET, body).hex()}, body, secret=SECRET, now=AT)
vectors.write()
