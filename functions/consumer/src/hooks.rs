//! Your business code: one file per hook in `hooks/`, and two lines here. `acuse new hook NAME` writes them; see
//! `docs/hooks.md`. The hooks that come with Acuse are in the crate `acuse_hooks`; take out those you don't want.

// Yours: your files.

use acuse_aws::Setup;
use acuse_aws::consumer::Error;
use acuse_aws::hook::Hooks;

/// All hooks, in the order in which they are called. Hooks that only return writes come first, because those are
/// then part of the write that claims the event.
///
/// # Errors
/// A variable that a hook needs is missing or invalid; the error names it.
pub(crate) fn all(setup: &Setup) -> Result<Hooks, Error> {
    let mut hooks = Hooks::default();
    hooks.transactional(acuse_hooks::payments::Payments::from_env(setup)?);
    // Yours: your hooks.
    if let Some(eventbridge) = acuse_hooks::eventbridge::EventBridge::from_env(setup) {
        hooks.acting(eventbridge);
    }
    // Last: events that a hook before it rejects are owed to nobody.
    if let Some(destinations) = acuse_hooks::destinations::Destinations::from_env(setup)? {
        hooks.transactional(destinations);
    }
    Ok(hooks)
}
