//! A consumer with ten hooks: `payments`, six that write a row each, two that call an API, and `destinations`.

use acuse_aws::consumer::Error;
use acuse_aws::hook::{Hooks, Setup};
use acuse_aws::prelude::*;
use acuse_aws::{run_consumer, telemetry};
use acuse_core::providers;
use acuse_hooks::destinations::Destinations;
use acuse_hooks::payments::Payments;
use serde_json::json;

const ROWS: [&str; 6] = ["orders", "invoices", "stock", "loyalty", "statistics", "audit"];
/// With the variables that have their URLs.
const CALLS: [(&str, &str); 2] = [("shipping", "SHIPPING_URL"), ("accounting", "ACCOUNTING_URL")];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_consumer(providers::ALL, hooks).await
}

fn hooks(setup: &Setup) -> Result<Hooks, Error> {
    let mut hooks = Hooks::default();
    hooks.transactional(Payments::from_env(setup)?);
    for name in ROWS {
        let table = setup.table("PAYMENTS_TABLE")?;
        hooks.transactional(Row { name, table });
    }
    for (name, url) in CALLS {
        let (http, url) = (setup.http()?, setup.variable(url)?);
        hooks.acting(Call { name, http, url });
    }
    if let Some(destinations) = Destinations::from_env(setup)? {
        hooks.transactional(destinations);
    }
    Ok(hooks)
}

struct Row {
    name: &'static str,
    table: Table,
}

impl TransactionalHook for Row {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
        let row = format!("{}#{}", self.name, event.idempotency_key());
        let at = event.at().to_string();
        writes.update(&self.table, key("pk", row)).set("at", at);
        Ok(())
    }
}

struct Call {
    name: &'static str,
    http: Http,
    url: String,
}

impl Hook for Call {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn call(&self, event: &Event, _: Attempt, _: &mut Writes) -> HookResult {
        let id = event.resource.as_ref().map(|resource| &resource.id);
        let request = self
            .http
            .post(&self.url)
            .header("idempotency-key", event.idempotency_key());
        request.json(&json!({ "resource": { "id": id } })).send().await?;
        Ok(())
    }
}
