from common import MISSING, VERIFIED, WRONG, Vectors, fixture, hmac_of

SECRET = "firma-de-webhook-de-ejemplo"
HEADER = "X-Kushki-Signature"
ID = "1735758601000"


def sign(body, secret, id=ID):
    return {
        "X-Kushki-Key": "20000000100000000000",
        "X-Kushki-Id": id,
        HEADER: hmac_of(secret, body + b"." + id.encode()).hex(),
        "X-Kushki-SimpleSignature": hmac_of(secret, id.encode()).hex(),
    }


vectors = Vectors("kushki")
body = fixture("kushki", "SALE.APPROVAL.json")
vectors.usual(sign, body, HEADER, SECRET)
good = sign(body, SECRET)
vectors.own("another id", WRONG, {**good, "X-Kushki-Id": "1735758601001"}, body, secret=SECRET)
vectors.own("no id", WRONG, {k: v for k, v in good.items() if k != "X-Kushki-Id"}, body, secret=SECRET)
vectors.own("the simple signature, which signs nothing of the body", WRONG,
            {**good, HEADER: good["X-Kushki-SimpleSignature"]}, body, secret=SECRET)
vectors.own("only the simple signature", MISSING, {k: v for k, v in good.items() if k != HEADER}, body, secret=SECRET)
vectors.own("the body signed without the id", WRONG, {**good, HEADER: hmac_of(SECRET, body).hex()}, body, secret=SECRET)
vectors.own("signed, with an id in seconds", VERIFIED, sign(body, SECRET, "1735758601"), body, secret=SECRET)
vectors.write()
