import hashlib
import json
from urllib.parse import parse_qsl, urlencode

from common import EMPTY, MISSING, UNREADABLE, VERIFIED, WRONG, Vectors, fixture, hmac_of

# PayU's documentation printed these two in 2015 to 2021; the tests of independent integrations still have them and name
# the page.
PRINTED_ON = "https://developers.payulatam.com/es/web_checkout/integration.html"
# Today's prints two with HMAC-SHA256.
PAGE = "https://developers.payulatam.com/latam/en/docs/integrations/webcheckout-integration/confirmation-page.html"
PRINTED_KEY = "4Vj8eK4rloUd272L48hsrarnUA"
SECRET = "api-key-de-ejemplo"


def text(fields, secret, value=None):
    names = ["merchant_id", "reference_sale", "value", "currency", "state_pol"]
    return "~".join([secret, *(value if value and name == "value" else fields[name] for name in names)])


def form(fields):
    return urlencode(fields).encode()


def made(fields, secret, value, algorithm="md5"):
    return hashlib.new(algorithm, text(fields, secret, value).encode()).hexdigest()


vectors = Vectors("payu", made_by=Vectors("payu").made_by.replace("hmac", "hashlib"))
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


def case(name, expect, body, secret=SECRET, headers=TYPE):
    vectors.own(name, expect, headers, body, secret=secret)


def printed(reference, value, state, sign):
    return form({"merchant_id": "508029", "reference_sale": reference, "value": value, "currency": "USD", "state_pol": state, "sign": sign})


vectors.published(PRINTED_ON, "150.00: signed with one decimal", VERIFIED, TYPE,
                  printed("TestPayU04", "150.00", "6", "df67936f918887b2aa31688a77a10fe1"), secret=PRINTED_KEY)
vectors.published(PRINTED_ON, "150.26: signed with both", VERIFIED, TYPE,
                  printed("TestPayU05", "150.26", "4", "1d95778a651e11a0ab93c2169a519cd6"), secret=PRINTED_KEY)
hmac_sign = "65fb2b3452572784e23e7d6480359fd2507c54dd285ca3c4dceffb8764cfb66f"
assert hmac_of("test123", text({"merchant_id": "508029", "reference_sale": "PayUTest01", "currency": "USD", "state_pol": "4"} | {"value": "150.0"}, PRINTED_KEY).encode()).hex() == hmac_sign
vectors.published(PAGE, "HMAC-SHA256 needs a second key, `test123`, and is not supported", WRONG, TYPE,
                  printed("PayUTest01", "150.00", "4", hmac_sign), secret=PRINTED_KEY)

fields = dict(parse_qsl(fixture("payu", "shapes/approved.form").decode(), keep_blank_values=True))
fields["sign"] = made(fields, SECRET, "84000.0")
case("signed with MD5", VERIFIED, form(fields))
case("signed with SHA-256", VERIFIED, form({**fields, "sign": made(fields, SECRET, "84000.0", "sha256")}))
case("signed with SHA-1, which is not accepted", UNREADABLE, form({**fields, "sign": made(fields, SECRET, "84000.0", "sha1")}))
case("in upper case", VERIFIED, form({**fields, "sign": fields["sign"].upper()}))
for value, signed in [("150.10", "150.1"), ("150.05", "150.05"), ("150.00", "150.0"), ("150.5", "150.5"), ("150", "150.0")]:
    other = {**fields, "value": value}
    case(f"{value} is signed as {signed}", VERIFIED, form({**other, "sign": made(other, SECRET, signed)}))
case("the amount signed as it is sent", WRONG, form({**fields, "sign": made(fields, SECRET, "84000.00")}))
for name, changed in [("merchant_id", "508030"), ("reference_sale", "PEDIDO-1043"), ("value", "8400.00"), ("currency", "USD"), ("state_pol", "6")]:
    case(f"another {name}", WRONG, form({**fields, name: changed}))
for name, changed in [("transaction_id", "00000000-0000-4000-8000-000000000000"), ("test", "1"), ("attempts", "2"), ("email_buyer", "otra@example.com")]:
    case(f"another {name}: it is not signed", VERIFIED, form({**fields, name: changed}))
case("a state twice: nothing says which one is signed", WRONG, form(fields) + b"&state_pol=6")
case("another secret", WRONG, form(fields), secret="another secret")
case("no sign", MISSING, form({k: v for k, v in fields.items() if k != "sign"}))
case("a sign cut short", UNREADABLE, form({**fields, "sign": fields["sign"][:-6]}))
case("an empty body", EMPTY, b"")
reference = {**fields, "reference_sale": "Pedido 1042 & más"}
case("a reference that needs escapes", VERIFIED, form({**reference, "sign": made(reference, SECRET, "84000.0")}))
case("JSON, as the API's notifications may be", VERIFIED, json.dumps(fields).encode(), headers={"Content-Type": "application/json"})
case("JSON with another state", WRONG, json.dumps({**fields, "state_pol": "6"}).encode(), headers={"Content-Type": "application/json"})
vectors.write()
