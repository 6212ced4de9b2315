"""The consumer as a user would write it: Powertools' batch processing and idempotency."""

import json
import os
import time

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

processor = BatchProcessor(event_type=EventType.SQS)
layer = DynamoDBPersistenceLayer(table_name=os.environ["LEDGER_TABLE"])
config = IdempotencyConfig(event_key_jmespath="[event, data.id]", raise_on_no_idempotency_key=True)
payments = boto3.client("dynamodb")
PAYMENTS_TABLE = os.environ["PAYMENTS_TABLE"]


@idempotent_function(data_keyword_argument="event", persistence_store=layer, config=config)
def apply(event):
    payments.update_item(
        TableName=PAYMENTS_TABLE,
        Key={"pk": {"S": f"kuenta#live#{event['data']['id']}"}},
        UpdateExpression="SET #status = :status, amount = :amount, updated_at = :now ADD applied :one",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":status": {"S": event["data"]["status"]},
            ":amount": {"S": str(event["data"]["amount"])},
            ":now": {"N": str(int(time.time() * 1000))},
            ":one": {"N": "1"},
        },
    )


def record(record):
    apply(event=json.loads(record.body))


def handler(event, context):
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=record, processor=processor, context=context)
