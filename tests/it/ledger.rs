//! The ledger's adapter against DynamoDB's conditional writes.

mod archive;
mod attempts;
mod calls;
mod changes;
mod claims;
mod conflict;
mod days;
mod erased;
mod reads;
mod references;
mod single_call;
mod summary;
mod tables;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_core::clock::Timestamp;
use acuse_core::event::{Environment, Event};
use acuse_core::hook::Effects;
use acuse_core::ledger::{
    Cause, Change, Commit, Lease, Ledger, LedgerError, Override, RecordAs, Refused, ReleaseCause, Status,
};
use acuse_core::providers::kuenta;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

pub(crate) use tables::Tables;

const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

fn seconds(at: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + at)
}

fn event_with(id: &str, note: &str) -> Event {
    let body = format!(r#"{{"event":"payment.completed","data":{{"id":"{id}","note":"{note}"}}}}"#);
    let envelope = Envelope {
        account: Default::default(),
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(seconds(0), [1; 10]),
        received_at: seconds(0),
        form: CanonicalForm::Raw,
        body: body.into(),
        replay: None,
    };
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

fn event(id: &str) -> Event {
    event_with(id, "")
}

/// Adds one to the total, if the condition is true.
fn effect(condition: Option<&str>) -> Effects<TransactWriteItem> {
    let update = Update::builder()
        .table_name("effects")
        .key("pk", AttributeValue::S("total".to_owned()))
        .update_expression("ADD applied :one")
        .set_condition_expression(condition.map(str::to_owned))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    Effects::writes(vec![
        TransactWriteItem::builder().update(update.build().unwrap()).build(),
    ])
}

/// A lease of somebody's, which ends at 30 s.
fn lease(token: &str) -> Lease {
    Lease {
        token: token.to_owned(),
        expires_at: seconds(30),
        message_id: format!("message of {token}"),
        overrides: Override::None,
    }
}

type Writes = Effects<TransactWriteItem>;

fn record_hook(hook: &'static str, effects: Writes) -> Change<Writes> {
    Change::RecordHook((hook, effects))
}

/// Completes with this last hook.
fn complete(hook: &'static str, effects: Writes) -> Change<Writes> {
    Change::Complete(Some((hook, effects)))
}

/// A hook has failed, and may be called again at `retry_at`.
fn release(error: &str, retry_at: i64) -> Change<Writes> {
    Change::Release {
        error: error.to_owned(),
        cause: ReleaseCause::HookFailed {
            retry_at: seconds(retry_at),
        },
    }
}

fn outage() -> Change<Writes> {
    Change::Release {
        error: "throttled".to_owned(),
        cause: ReleaseCause::Outage,
    }
}

fn reject(reason: &str) -> Change<Writes> {
    Change::Reject {
        reason: reason.to_owned(),
    }
}
