"""Requests that the official libraries of Standard Webhooks sign, and what must not be taken for one."""

import json
import subprocess
import time
import uuid

from receivers import FOLDER, node

SECRET, ANOTHER = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", "whsec_MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEw"
# Each signs the array of [secret, id, seconds, body] that it reads, and prints an array of signatures.
LIBRARIES = {
    "npm": lambda: [node(), "--input-type=module", "--eval", """
        import { Webhook } from "standardwebhooks";
        const requests = JSON.parse((await process.stdin.toArray()).join(""));
        const sign = ([secret, id, at, body]) => new Webhook(secret).sign(id, new Date(at * 1000), body);
        console.log(JSON.stringify(requests.map(sign)));
    """],
    "PyPI": lambda: [FOLDER / "python/.venv/bin/python", "-c", """
import datetime, json, sys
from standardwebhooks.webhooks import Webhook
def sign(secret, id, at, body):
    return Webhook(secret).sign(id, datetime.datetime.fromtimestamp(at, tz=datetime.timezone.utc), body)
print(json.dumps([sign(*request) for request in json.load(sys.stdin)]))
    """],
}


def signatures(library, requests):
    command = [str(part) for part in LIBRARIES[library]()]
    # In a folder where npm has installed the package.
    options = {"cwd": FOLDER / "node", "check": True, "stdout": subprocess.PIPE, "text": True}
    return json.loads(subprocess.run(command, input=json.dumps(requests), **options).stdout)


def event(**changes):
    """The body of a payment, with what no parser and printer leaves as it is."""
    own = {"id": str(uuid.uuid4()), "kind": "PaymentSucceeded", "resource": {"kind": "payment", "id": "Peña 😀"}}
    own |= {"amount": "150000.00", **changes}
    return own["id"], json.dumps(own, ensure_ascii=False)[:-1] + ',  "data": {"big": 9007199254740993, "one": 1.00}}'


def headers(id, at, signature):
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature}


def check(receiver, library):
    """Sends what the receiver has to take, and what it has to refuse."""
    now = int(time.time())
    (id, body), (other_id, _), (no_id, incomplete) = event(), event(), event(resource={"kind": "payment", "id": None})
    order = [
        (SECRET, id, now, body),
        (SECRET, id, now - 280, body),
        (ANOTHER, id, now, body),
        (SECRET, id, now - 310, body),
        (SECRET, id, now + 320, body),
        (SECRET, no_id, now, incomplete),
    ]
    good, late, wrong, old, early, broken = signatures(library, order)
    refused = {
        "no headers": (body, {}),
        "no signature": (body, {"webhook-id": id, "webhook-timestamp": str(now)}),
        "an empty signature": (body, headers(id, now, "")),
        "half a signature": (body, headers(id, now, "v1")),
        "a signature that is not base64": (body, headers(id, now, "v1,%é%".encode())),
        "a signature that is cut": (body, headers(id, now, good[:-5])),
        "another version's signature": (body, headers(id, now, good.replace("v1,", "v2,"))),
        "another secret": (body, headers(id, now, wrong)),
        "another id": (body, headers(other_id, now, good)),
        "another second": (body, headers(id, now - 1, good)),
        "no number of seconds": (body, headers(id, "now", good)),
        "five minutes ago": (body, headers(id, now - 310, old)),
        "five minutes ahead": (body, headers(id, now + 320, early)),
        "an empty body": ("", headers(id, now, good)),
        "a body parsed and printed": (json.dumps(json.loads(body)), headers(id, now, good)),
        "a changed byte": (body.replace("150000", "150001"), headers(id, now, good)),
        "a byte more": (body + "\n", headers(id, now, good)),
    }
    for what, (sent, own) in refused.items():
        status = receiver.post(sent.encode(), own)
        assert status == 401, f"{receiver.name} answers {status} to {what}"
    assert receiver.rows("SELECT id FROM events") == [], f"{receiver.name} has stored what it refused"

    # The business change fails, so the event must not be stored, and must be sent again.
    status = receiver.post(incomplete.encode(), headers(no_id, now, broken))
    assert status == 500, f"{receiver.name} answers {status} though its transaction fails"
    assert receiver.rows("SELECT id FROM events") == [], f"{receiver.name} has stored half of an event"

    taken = {
        "a signed request": headers(id, now, good),
        "the same again": headers(id, now, good),
        "the same, nearly five minutes old": headers(id, now - 280, late),
        "a second signature": headers(id, now, f"{wrong} {good}"),
        "a first signature": headers(id, now, f"{good} {wrong}"),
    }
    for what, own in taken.items():
        status = receiver.post(body.encode(), own)
        assert status == 204, f"{receiver.name} answers {status} to {what}"
    assert receiver.rows("SELECT body FROM events") == [body], f"{receiver.name} has not stored the event as it was"
    assert receiver.rows("SELECT payment FROM receipts") == ["Peña 😀"], f"{receiver.name} has applied the event twice"
    print(f"{receiver.name} takes what {library}'s library signs, refuses {len(refused)} others, and stores it once")
