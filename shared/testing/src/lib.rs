//! Tests of hooks in milliseconds, without an emulator. Only ever a dev-dependency: nothing that runs on Lambda depends
//! on this crate.
//!
//! A [`Stack`] is the real consumer, the real ledger and a DynamoDB in the test's process, with the tables and variables
//! of template.yaml. Its clock moves only when the stack waits for something. [`sample`] makes events from the payload
//! files of the providers' guides.
//!
//! ```
//! use acuse_aws::prelude::*;
//! use acuse_testing::{Stack, sample};
//!
//! /// Every successful payment has to name an order.
//! struct OrderNamed;
//!
//! impl TransactionalHook for OrderNamed {
//!     fn name(&self) -> &'static str {
//!         "order-named"
//!     }
//!
//!     async fn write(&self, event: &Event, _: &mut Writes) -> HookResult {
//!         match (event.kind, &event.reference) {
//!             (Kind::PaymentSucceeded, None) => Err(HookError::reject("the payment names no order")),
//!             _ => Ok(()),
//!         }
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // In a `#[tokio::test]`:
//! let stack = Stack::transactional(|_| Ok(OrderNamed)).start().await;
//!
//! let payment = sample("onepay", "payment.approved").with("payment.reference", "ORD-1").event();
//! stack.deliver(&payment).await.is_completed();
//! stack.deliver(&payment).await.is_duplicate();
//!
//! let nameless = sample("onepay", "payment.approved").without("payment.reference").event();
//! stack.deliver(&nameless).await.is_rejected("the payment names no order");
//! # });
//! ```
//!
//! `tests/orders.rs` in this crate is a longer example: a hook with its own table, and one that calls another system,
//! under duplicates, retries and kills.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod item;
mod outcome;
pub mod provider;
mod receiver;
mod sample;
mod stack;

pub use item::Item;
pub use outcome::Outcome;
pub use receiver::{Answer, Receiver, Request};
pub use sample::{Sample, number, sample};
pub use stack::{Kill, START, Stack, StackBuilder};
