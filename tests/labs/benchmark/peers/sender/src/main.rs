//! Receives an event and calls `send_message`: nothing is verified, logged or counted. The client is a verify
//! function's own, with its connection opened in init.

use std::env::var;

use acuse_aws::sdk;
use acuse_aws::verifier::Error;
use aws_sdk_sqs::Client;
use lambda_http::LambdaEvent;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::lambda_runtime::{Runtime, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = Client::new(&sdk::load()?);
    let queue = &var("EVENT_QUEUE_URL")?;
    // Refused, and connected.
    let nothing = client
        .send_message_batch()
        .queue_url(queue)
        .set_entries(Some(Vec::new()));
    let _ = nothing.send().await;

    let client = &client;
    // Without the layer that adds a span to each invocation.
    Runtime::new(service_fn(|event: LambdaEvent<ApiGatewayV2httpRequest>| {
        // Boxed as in the verify functions.
        Box::pin(async move {
            let send = client.send_message().queue_url(queue);
            send.message_body(event.payload.body.unwrap_or_default()).send().await?;
            let mut answer = ApiGatewayV2httpResponse::default();
            answer.status_code = 200;
            Ok::<_, Error>(answer)
        })
    }))
    .run()
    .await
}
