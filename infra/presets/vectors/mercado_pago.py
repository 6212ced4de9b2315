import json

from common import EMPTY, MISSING, UNREADABLE, VERIFIED, WRONG, Vectors, fixture, hmac_of

SECRET = "clave-secreta-de-ejemplo"
REQUEST_ID = "b1a5d3c0-7a54-4b8e-9e1d-2f6c8a90d411"
TS = "1742330840512"


def sign(secret=SECRET, id=None, request_id=REQUEST_ID, ts=TS):
    manifest = (f"id:{id};" if id else "") + (f"request-id:{request_id};" if request_id else "") + f"ts:{ts};"
    headers = {"x-signature": f"ts={ts},v1={hmac_of(secret, manifest.encode()).hex()}"}
    return {**headers, "x-request-id": request_id} if request_id else headers


vectors = Vectors("mercado-pago")


def case(name, expect, headers, body, query=None, secret=SECRET):
    vectors.own(name, expect, headers, body, secret=secret, query=query)


payment = fixture("mercado-pago", "payment.updated.json")
id = json.loads(payment)["data"]["id"]
query = f"data.id={id}&type=payment"
good = sign(id=id)
case("signed", VERIFIED, good, payment, query)
case("signed, and the URL says nothing", VERIFIED, good, payment)
case("another payment in the body, but not in the URL", VERIFIED, good, payment.replace(id.encode(), b"1335790999"), query)
case("another payment in both", WRONG, good, payment.replace(id.encode(), b"1335790999"), "data.id=1335790999&type=payment")
case("another payment in the body", WRONG, good, payment.replace(id.encode(), b"1335790999"))
case("another action: it is not signed", VERIFIED, good, payment.replace(b"payment.updated", b"payment.created"), query)
case("another environment: it is not signed", VERIFIED, good, payment.replace(b'"live_mode": true', b'"live_mode": false'), query)

order = fixture("mercado-pago", "order.action_required.json")
order_id = json.loads(order)["data"]["id"]
of_order = f"data.id={order_id}&type=order"
case("an order: its id is signed in lower case", VERIFIED, sign(id=order_id.lower()), order, of_order)
case("an order's id as it is", WRONG, sign(id=order_id), order, of_order)

commercial = fixture("mercado-pago", "topic_merchant_order_wh.json")
of_commercial = "data.id=29118273645&type=topic_merchant_order_wh"
case("a commercial order: only the URL has its id", VERIFIED, sign(id="29118273645"), commercial, of_commercial)
case("no id anywhere", VERIFIED, sign(), commercial)
case("the URL's id twice: nothing says which one is signed", WRONG, sign(id="29118273645"), commercial, "data.id=29118273645&data.id=1")

case("no request id", VERIFIED, sign(id=id, request_id=None), payment, query)
case("another request id", WRONG, {**good, "x-request-id": "another"}, payment, query)
case("another time", WRONG, {**good, "x-signature": good["x-signature"].replace(TS, "1742330840513")}, payment, query)
case("signed two years ago: there is no tolerance", VERIFIED, sign(id=id, ts="1679258840512"), payment, query)
case("the parts in another order", WRONG, {**good, "x-signature": f"ts={TS},v1=" + hmac_of(SECRET, f"ts:{TS};id:{id};request-id:{REQUEST_ID};".encode()).hex()}, payment, query)
case("another secret", WRONG, sign("another secret", id=id), payment, query)
case("no signature", MISSING, {"x-request-id": REQUEST_ID}, payment, query)
case("no v1", UNREADABLE, {**good, "x-signature": good["x-signature"].replace("v1=", "v2=")}, payment, query)
case("a signature cut short", UNREADABLE, {**good, "x-signature": good["x-signature"][:-6]}, payment, query)
case("an empty body", EMPTY, good, b"", query)
vectors.write()
