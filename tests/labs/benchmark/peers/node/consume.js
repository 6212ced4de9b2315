// The consumer as a user would write it: Powertools' batch processing and idempotency.
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";

const processor = new BatchProcessor(EventType.SQS);
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.LEDGER_TABLE });
const config = new IdempotencyConfig({ eventKeyJmesPath: "[event, data.id]", throwOnNoIdempotencyKey: true });
const payments = DynamoDBDocumentClient.from(new DynamoDBClient({}));

const apply = makeIdempotent(
  async (event) => {
    await payments.send(
      new UpdateCommand({
        TableName: process.env.PAYMENTS_TABLE,
        Key: { pk: `kuenta#live#${event.data.id}` },
        UpdateExpression: "SET #status = :status, amount = :amount, updated_at = :now ADD applied :one",
        ExpressionAttributeNames: { "#status": "status" },
        ExpressionAttributeValues: {
          ":status": event.data.status,
          ":amount": String(event.data.amount),
          ":now": Date.now(),
          ":one": 1,
        },
      }),
    );
  },
  { persistenceStore, config },
);

const record = async (record) => apply(JSON.parse(record.body));

export async function handler(event, context) {
  config.registerLambdaContext(context);
  return processPartialResponse(event, record, processor, { context });
}
