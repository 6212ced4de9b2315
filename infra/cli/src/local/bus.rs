//! `acuse local --parameter EventBusName=NAME`: the bus, and a queue that shows what is published on it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::{self, Api, ApiError};

/// The consumer's variable that names the bus.
const VARIABLE: &str = "EVENT_BUS_NAME";

/// The rule that copies what is published.
const RULE: &str = "acuse-local";

/// The longest name of a queue.
const LONGEST: usize = 80;

/// A bus of the local stack.
#[derive(Debug, Clone)]
pub struct Bus {
    /// Its name.
    pub name: String,
    /// The queue with a copy of every event on it.
    pub queue_url: String,
}

impl Bus {
    /// Creates the bus that these variables of the functions name, and its queue; `None` if they name none. A bus that
    /// exists, such as `default` or one of the owner's template, gets the queue alone.
    pub(super) async fn start(api: &Api, variables: &BTreeMap<String, String>) -> Result<Option<Self>, ApiError> {
        let Some(name) = variables.get(VARIABLE).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let call = "AWSEvents.ListEventBuses";
        let known = api.json(call, &json!({"NamePrefix": name})).await?;
        let mut known = known.get("EventBuses").and_then(Value::as_array).into_iter().flatten();
        if !known.any(|bus| bus.get("Name").and_then(Value::as_str) == Some(name)) {
            api.json("AWSEvents.CreateEventBus", &json!({"Name": name})).await?;
        }
        let call = "AmazonSQS.CreateQueue";
        let queue = api.json(call, &json!({"QueueName": queue_name(name)})).await?;
        let queue_url = api::text(&queue, "/QueueUrl", call)?.to_owned();
        let call = "AmazonSQS.GetQueueAttributes";
        let asked = json!({"QueueUrl": queue_url, "AttributeNames": ["QueueArn"]});
        let attributes = api.json(call, &asked).await?;
        let arn = api::text(&attributes, "/Attributes/QueueArn", call)?;
        let pattern = json!({"source": [{"prefix": "acuse."}]}).to_string();
        let rule = json!({"Name": RULE, "EventBusName": name, "EventPattern": pattern});
        api.json("AWSEvents.PutRule", &rule).await?;
        let targets = json!({"Rule": RULE, "EventBusName": name, "Targets": [{"Id": "queue", "Arn": arn}]});
        api.json("AWSEvents.PutTargets", &targets).await?;
        Ok(Some(Self {
            name: name.clone(),
            queue_url,
        }))
    }
}

/// A bus's name may have characters that a queue's has not.
fn queue_name(bus: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let end = "-events";
    let bus: String = bus.chars().map(allowed).take(LONGEST - end.len()).collect();
    bus + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_after_its_bus() {
        assert_eq!(queue_name("payments"), "payments-events");
        assert_eq!(queue_name("com.shop/live_1"), "com-shop-live_1-events");
        assert_eq!(queue_name(&"b".repeat(256)).len(), LONGEST);
    }
}
