from common import UNREADABLE, VERIFIED, Vectors, b64, fixture, hmac_of

HEADER = "X-Shopify-Hmac-SHA256"
SECRET = "shpss_acuse_preset"


def sign(body, secret):
    return {HEADER: b64(hmac_of(secret, body)), "X-Shopify-Topic": "order_transactions/create"}


vectors = Vectors("shopify")
body = fixture("shopify", "transaction.sale.success.json")
vectors.usual(sign, body, HEADER, SECRET)
good = sign(body, SECRET)
own = {"secret": SECRET}
vectors.own("another topic, which is not signed", VERIFIED, {**good, "X-Shopify-Topic": "orders/paid"}, body, **own)
vectors.own("in the header of Events", VERIFIED, {"Shopify-Hmac-Sha256": good[HEADER]}, body, **own)
vectors.own("in hex", UNREADABLE, {HEADER: hmac_of(SECRET, body).hex()}, body, **own)
vectors.write()
