// The verify job as a user would write it: HMAC, then the queue.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const sqs = new SQSClient({});
// Begun in init, as is usual; CommonJS can't wait for it there.
const keys = new SecretsManagerClient({})
  .send(new GetSecretValueCommand({ SecretId: process.env.KUENTA_SECRET_ID }))
  .then((secret) => JSON.parse(secret.SecretString).signing_secrets);
const queueUrl = process.env.EVENT_QUEUE_URL;

const attribute = (value) => ({ DataType: "String", StringValue: value });

function verifies(key, raw, signature) {
  const wanted = Buffer.from(createHmac("sha256", key).update(raw).digest("hex"));
  const given = Buffer.from(signature ?? "");
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

export async function handler(event) {
  const raw = Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8");
  const signature = event.headers["x-kuenta-signature"];
  if (!(await keys).some((key) => verifies(key, raw, signature))) {
    return { statusCode: 401, body: "missing or wrong signature" };
  }
  const deliveryId = randomUUID();
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: raw.toString(),
      MessageGroupId: "kuenta",
      MessageAttributes: {
        envelope: attribute("1"),
        provider: attribute("kuenta"),
        delivery_id: attribute(deliveryId),
        received_at: attribute(String(Date.now())),
        form: attribute("raw"),
      },
    }),
  );
  return { statusCode: 200, headers: { "x-delivery-id": deliveryId }, body: "OK" };
}
