//! What an owner's hooks are written with: two traits, the writes that they return, and the list of them.
//!
//! A [`TransactionalHook`] only says what to write. A [`Hook`] also acts: it calls another system, or writes by itself.

mod condition;
mod http;
mod secret;
mod setup;
mod table;
mod value;
mod writes;

use std::future::Future;

use acuse_core::event::Event;
use acuse_core::hook::{AnyHook, Attempt, Effects, HookError, Order};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::consumer::BoxedHook;
pub use condition::{Attribute, Condition, attr};
pub use http::{Http, HttpError, Request, Response};
pub use secret::{Secret, SecretReadError, SecretText};
pub use setup::Setup;
pub use table::{Key, Table, key};
pub use writes::{Update, Write, Writes};

/// What a hook returns: done, or why not.
pub type HookResult = Result<(), HookError>;

/// A hook whose only effect is what it adds to [`Writes`]. Its writes commit in one transaction with the record that it is done, so
/// its effect happens exactly once, even if a process crashes.
///
/// It may read, but has to change nothing itself: it is called before anybody knows whether the event is new, for
/// duplicates as well, and by two consumers at once. The writes of only one of these calls are made.
///
/// ```
/// # use acuse_aws::prelude::*;
/// /// Records which orders are paid.
/// struct Orders {
///     orders: Table,
/// }
///
/// impl TransactionalHook for Orders {
///     fn name(&self) -> &'static str {
///         "orders"
///     }
///
///     async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
///         let (Kind::PaymentSucceeded, Some(order)) = (event.kind, &event.reference) else {
///             return Ok(());
///         };
///         writes
///             .update(&self.orders, key("pk", order))
///             .set("status", "paid")
///             .set("paid_at", event.at().to_string())
///             .only_if(attr("status").is("open"));
///         Ok(())
///     }
/// }
/// ```
///
/// It is added with [`Hooks::transactional`], and not as a hook that acts:
///
/// ```compile_fail,E0277
/// # use acuse_aws::prelude::*;
/// # use acuse_aws::hook::Hooks;
/// # struct Orders;
/// # impl TransactionalHook for Orders {
/// #     fn name(&self) -> &'static str { "orders" }
/// #     async fn write(&self, _: &Event, _: &mut Writes) -> HookResult { Ok(()) }
/// # }
/// Hooks::default().acting(Orders);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transactional hook",
    label = "this does not implement `TransactionalHook`",
    note = "a hook that acts implements `Hook` and is added with `hooks.acting(…)`"
)]
pub trait TransactionalHook: Send + Sync {
    /// The name under which the ledger records it. A renamed hook is a new one.
    fn name(&self) -> &'static str;

    /// Whether the order of events matters to this hook. Anything but [`Order::Any`] costs a read of the ledger for
    /// each event.
    fn order(&self) -> Order {
        Order::Any
    }

    /// Whether it has anything to write for `event`. If not, it is neither called nor recorded for this event, as if it
    /// were not there: the hook before it is the last one, whose writes commit with the event's completion.
    fn wants(&self, _event: &Event) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }

    /// Says what to write for `event`.
    ///
    /// # Errors
    /// [`HookError`]: `?` turns any error into a retry, and a payload of another shape into a rejection.
    fn write(&self, event: &Event, writes: &mut Writes) -> impl Future<Output = HookResult> + Send;
}

/// A hook that acts: it calls another system, or writes by itself. It is called at least once for each event, so pass
/// [`Event::idempotency_key`] to what it calls. What it adds to `writes` commits once.
///
/// ```
/// # use acuse_aws::prelude::*;
/// /// Opens an invoice for each payment.
/// struct Invoices {
///     http: Http,
///     url: String,
///     token: Secret,
/// }
///
/// impl Hook for Invoices {
///     fn name(&self) -> &'static str {
///         "invoices"
///     }
///
///     async fn call(&self, event: &Event, _: Attempt, _: &mut Writes) -> HookResult {
///         let Some(payment) = providers::onepay::Payment::of(event)? else {
///             return Ok(());
///         };
///         self.http
///             .post(&self.url)
///             .bearer(&self.token.text().await?)
///             .header("idempotency-key", event.idempotency_key())
///             .json(&serde_json::json!({ "payment": payment.id, "amount": payment.amount }))
///             .send()
///             .await?;
///         Ok(())
///     }
/// }
/// ```
///
/// It is added with [`Hooks::acting`], and not as a transactional one:
///
/// ```compile_fail,E0277
/// # use acuse_aws::prelude::*;
/// # use acuse_aws::hook::Hooks;
/// # struct Invoices;
/// # impl Hook for Invoices {
/// #     fn name(&self) -> &'static str { "invoices" }
/// #     async fn call(&self, _: &Event, _: Attempt, _: &mut Writes) -> HookResult { Ok(()) }
/// # }
/// Hooks::default().transactional(Invoices);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hook that acts",
    label = "this does not implement `Hook`",
    note = "a hook that only writes implements `TransactionalHook` and is added with `hooks.transactional(…)`"
)]
pub trait Hook: Send + Sync {
    /// The name under which the ledger records it. A renamed hook is a new one.
    fn name(&self) -> &'static str;

    /// Whether the order of events matters to this hook. Anything but [`Order::Any`] costs a read of the ledger for
    /// each event.
    fn order(&self) -> Order {
        Order::Any
    }

    /// Does the work for `event`.
    ///
    /// # Errors
    /// [`HookError`]: `?` turns any error into a retry, and a payload of another shape into a rejection.
    fn call(&self, event: &Event, attempt: Attempt, writes: &mut Writes) -> impl Future<Output = HookResult> + Send;
}

/// All hooks, in the order in which they are called. Put transactional ones first: they are part of the write that
/// claims the event.
#[derive(Default)]
pub struct Hooks(Vec<BoxedHook>);

impl Hooks {
    /// Adds a hook that only writes.
    pub fn transactional(&mut self, hook: impl TransactionalHook + 'static) {
        self.0.push(Box::new(Transactional(hook)));
    }

    /// Adds a hook that acts.
    pub fn acting(&mut self, hook: impl Hook + 'static) {
        self.0.push(Box::new(Acting(hook)));
    }

    /// The hooks as the consumer calls them.
    pub fn into_vec(self) -> Vec<BoxedHook> {
        self.0
    }
}

struct Transactional<H>(H);

#[async_trait]
impl<H: TransactionalHook> AnyHook<TransactWriteItem> for Transactional<H> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn order(&self) -> Order {
        self.0.order()
    }

    fn transactional(&self) -> bool {
        true
    }

    async fn wants(&self, event: &Event) -> bool {
        self.0.wants(event).await
    }

    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        let mut writes = Writes::new(attempt);
        http::limited_by(event, attempt, self.0.write(event, &mut writes)).await?;
        writes.into_effects()
    }
}

struct Acting<H>(H);

#[async_trait]
impl<H: Hook> AnyHook<TransactWriteItem> for Acting<H> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn order(&self) -> Order {
        self.0.order()
    }

    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        let mut writes = Writes::new(attempt);
        http::limited_by(event, attempt, self.0.call(event, attempt, &mut writes)).await?;
        writes.into_effects()
    }
}

#[cfg(test)]
mod tests;
