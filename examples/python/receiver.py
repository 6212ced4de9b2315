"""Receives events from Acuse: verifies each one, stores it once, and answers when it is stored."""

import contextlib
import os
import sqlite3

import flask
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
app = flask.Flask(__name__)


@contextlib.contextmanager
def transaction():
    """Commits at its end. If anything in it fails, nothing is stored."""
    with contextlib.closing(sqlite3.connect(os.environ.get("DATABASE", "events.db"))) as db, db:
        yield db


with transaction() as db:
    db.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS receipts (payment TEXT NOT NULL, amount TEXT)")


@app.post("/webhooks")
def receive():
    body = flask.request.get_data()  # the bytes as they were sent, which were signed
    try:
        event = webhook.verify(body, dict(flask.request.headers))
    except (WebhookVerificationError, ValueError):  # ValueError: a malformed signature
        return "this was not signed with WEBHOOK_SECRET within the last five minutes\n", 401
    with transaction() as db:  # If this fails, Flask answers 500, and Acuse sends the event again.
        row = (event["id"], body.decode())
        is_new = db.execute("INSERT INTO events VALUES (?, ?) ON CONFLICT DO NOTHING", row).rowcount
        if is_new and event["kind"] == "PaymentSucceeded":
            db.execute("INSERT INTO receipts VALUES (?, ?)", (event["resource"]["id"], event["amount"]))
    return "", 204
