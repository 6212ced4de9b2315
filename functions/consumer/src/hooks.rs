//! Your business code: one file a concern, one line here.
//!
//! A hook is called once for each event, in this order. See `docs/hooks.md`.

mod eventbridge;
mod payments;

use acuse_aws::Setup;
use acuse_aws::consumer::{BoxedHook, Error};

/// All hooks, in the order in which they are called.
///
/// # Errors
/// A hook's variable that is missing, by name.
pub(crate) fn all(setup: &Setup) -> Result<Vec<BoxedHook>, Error> {
    let mut hooks: Vec<BoxedHook> = vec![Box::new(payments::Payments::from_env(setup)?)];
    if let Some(eventbridge) = eventbridge::EventBridge::from_env(setup) {
        hooks.push(Box::new(eventbridge));
    }
    Ok(hooks)
}
