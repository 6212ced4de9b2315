from common import VERIFIED, Vectors, b64, fixture

HEADER = "Authorization"
TOKEN = "Basic " + b64(b"acuse:una clave larga")
WRONG, MISSING = "the token is wrong", "the token header is missing"

vectors = Vectors("culqi", "RFC 7617 by Python's base64; nothing is signed")
body = fixture("culqi", "order.status.changed.json")
own = {"token": TOKEN}
vectors.own("user and password", VERIFIED, {HEADER: TOKEN}, body, **own)
vectors.own("another body, which nothing protects", VERIFIED, {HEADER: TOKEN}, body.replace(b"19990", b"19991"), **own)
vectors.own("another password", WRONG, {HEADER: "Basic " + b64(b"acuse:otra clave")}, body, **own)
vectors.own("one letter changed", WRONG, {HEADER: TOKEN[:-1] + ("A" if TOKEN[-1] != "A" else "B")}, body, **own)
vectors.own("cut short", WRONG, {HEADER: TOKEN[:-4]}, body, **own)
vectors.own("only the scheme", WRONG, {HEADER: "Basic"}, body, **own)
vectors.own("Bearer", WRONG, {HEADER: TOKEN.replace("Basic", "Bearer")}, body, **own)
vectors.own("no Authorization", MISSING, {"X-Request-Id": "1"}, body, **own)
vectors.own("an empty body", "the body is empty", {HEADER: TOKEN}, b"", **own)
vectors.write()
