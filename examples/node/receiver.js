// Receives events from Acuse: verifies each one, stores it once, and answers when it is stored.
import { DatabaseSync } from "node:sqlite";
import express from "express";
import { Webhook } from "standardwebhooks";

const { WEBHOOK_SECRET = "", DATABASE = "events.db", PORT = 8000 } = process.env;
const webhook = new Webhook(WEBHOOK_SECRET);
const db = new DatabaseSync(DATABASE);
db.exec("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, body TEXT NOT NULL)");
db.exec("CREATE TABLE IF NOT EXISTS receipts (payment TEXT NOT NULL, amount TEXT)");

/** Stores the event, and what it changes, in one transaction. An event that is stored already changes nothing. */
function apply(event, body) {
  db.exec("BEGIN IMMEDIATE");
  try {
    const { changes } = db.prepare("INSERT INTO events VALUES (?, ?) ON CONFLICT DO NOTHING").run(event.id, body);
    if (changes && event.kind === "PaymentSucceeded") {
      db.prepare("INSERT INTO receipts VALUES (?, ?)").run(event.resource.id, event.amount);
    }
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error; // Express answers 500, and Acuse sends the event again.
  }
}

// The bytes as they were sent are signed, so no other parser may come first.
express().post("/webhooks", express.raw({ type: () => true, limit: "2mb" }), (request, response) => {
  let event;
  try {
    event = webhook.verify(request.body, request.headers);
  } catch {
    return response.status(401).send("this was not signed with WEBHOOK_SECRET within the last five minutes\n");
  }
  apply(event, request.body.toString());
  response.sendStatus(204);
}).listen(PORT, () => console.log(`http://127.0.0.1:${PORT}/webhooks`));
