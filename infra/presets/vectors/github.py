from common import UNREADABLE, VERIFIED, WRONG, Vectors, fixture, hmac_of

DOCUMENTATION = "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"
SECRET = "It's a Secret to Everybody"
HEADER = "X-Hub-Signature-256"


def sign(body, secret):
    return {HEADER: "sha256=" + hmac_of(secret, body).hex(), "X-GitHub-Event": "sponsorship"}


vectors = Vectors("github")
printed = {HEADER: "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
vectors.published(DOCUMENTATION, "Hello, World!", VERIFIED, printed, b"Hello, World!", secret=SECRET)
vectors.own("the published signature of another body", WRONG, printed, b"Hello, World?", secret=SECRET)
body = fixture("github", "sponsorship.created.json")
vectors.usual(sign, body, HEADER, SECRET)
vectors.own("another event in the header, which is not signed", VERIFIED, {**sign(body, SECRET), "X-GitHub-Event": "push"}, body, secret=SECRET)
sha1 = {HEADER: "sha1=" + hmac_of(SECRET, body, "sha1").hex()}
vectors.own("SHA-1", UNREADABLE, sha1, body, secret=SECRET)
vectors.write()
