"""The verify job as a user would write it: HMAC, then the queue."""

import base64
import hashlib
import hmac
import json
import os
import time
import uuid

import boto3

secrets = boto3.client("secretsmanager")
sqs = boto3.client("sqs")

# Loaded once in init, as is usual.
SECRET = json.loads(secrets.get_secret_value(SecretId=os.environ["KUENTA_SECRET_ID"])["SecretString"])
KEYS = [secret.encode() for secret in SECRET["signing_secrets"]]
QUEUE_URL = os.environ["EVENT_QUEUE_URL"]


def attribute(value):
    return {"DataType": "String", "StringValue": value}


def handler(event, context):
    body = event["body"]
    raw = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    signature = event["headers"].get("x-kuenta-signature", "")
    if not any(hmac.compare_digest(hmac.new(key, raw, hashlib.sha256).hexdigest(), signature) for key in KEYS):
        return {"statusCode": 401, "body": "missing or wrong signature"}
    delivery_id = str(uuid.uuid4())
    sqs.send_message(
        QueueUrl=QUEUE_URL,
        MessageBody=raw.decode(),
        MessageGroupId="kuenta",
        MessageAttributes={
            "envelope": attribute("1"),
            "provider": attribute("kuenta"),
            "delivery_id": attribute(delivery_id),
            "received_at": attribute(str(int(time.time() * 1000))),
            "form": attribute("raw"),
        },
    )
    return {"statusCode": 200, "headers": {"x-delivery-id": delivery_id}, "body": "OK"}
