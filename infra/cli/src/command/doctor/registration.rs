//! Whether a provider's registration window is open.

use acuse_aws::system::SystemClock;
use acuse_cli::stack::target::Target;
use acuse_core::clock::Clock;
use acuse_core::error::chain;
use acuse_core::provider::Provider;
use acuse_core::receive::SecretStore;
use acuse_core::receive::registration::is_open;

/// That it is open, and how to close it; `None` where it is closed.
pub(super) async fn state(target: &Target, provider: &'static Provider) -> Option<Result<String, String>> {
    let store = match target.secrets(provider) {
        Ok(store) => store,
        Err(error) => return Some(Err(chain(&error))),
    };
    match store.registration_until().await {
        Ok(until) if is_open(until, SystemClock.now()) => Some(Err(format!(
            "open until {}: what fails verification is answered 200. `acuse register {} --close`",
            until?, provider.name
        ))),
        Ok(_) => None,
        Err(error) => Some(Err(chain(&error))),
    }
}
