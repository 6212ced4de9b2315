//! Whether a provider's registration window is open.

use acuse_aws::system::SystemClock;
use acuse_cli::stack::target::Target;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::SecretStore;
use acuse_core::receive::registration::is_open;

use super::Problem;

/// `None` if it is closed; an open one is a problem, with how to close it.
pub(super) async fn open_until(target: &Target, provider: &'static Provider) -> Result<Option<String>, Problem> {
    match target.secrets(provider)?.registration_until().await? {
        Some(until) if is_open(Some(until), SystemClock.now()) => Err(Problem(format!(
            "open until {until}: deliveries that fail verification are answered 200. Close it with `acuse register {} --close`",
            provider.name
        ))),
        _ => Ok(None),
    }
}
