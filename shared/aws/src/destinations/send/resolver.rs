//! Resolves host names, and lets only those addresses through that may be called.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use acuse_core::destination::egress;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use thiserror::Error;
use tower_service::Service;

/// The system's resolver. The connector connects to an address that this one returned, and asks nobody else: what was
/// checked is what is called.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    resolver: GaiResolver,
    allow_private: bool,
}

/// The name has no address.
#[derive(Debug, Error)]
#[error("the host name can't be resolved")]
pub(super) struct NoAddress(#[source] Option<std::io::Error>);

type Source = Box<dyn std::error::Error + Send + Sync>;

impl Checked {
    pub(super) fn new(allow_private: bool) -> Self {
        Self {
            resolver: GaiResolver::new(),
            allow_private,
        }
    }
}

impl Service<Name> for Checked {
    type Response = IntoIter<SocketAddr>;
    type Error = Source;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Source>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.resolver.poll_ready(context).map_err(Source::from)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolved = self.resolver.call(name);
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = resolved.await.map_err(|error| NoAddress(Some(error)))?;
            Ok(allowed(found, allow_private)?.into_iter())
        })
    }
}

/// Those of `found` that may be called.
fn allowed(found: impl Iterator<Item = SocketAddr>, allow_private: bool) -> Result<Vec<SocketAddr>, Source> {
    let (mut allowed, mut refused) = (Vec::new(), None);
    for address in found {
        match egress::check(address.ip(), allow_private) {
            Ok(()) => allowed.push(address),
            Err(forbidden) => refused = Some(forbidden),
        }
    }
    match (allowed.is_empty(), refused) {
        (false, _) => Ok(allowed),
        (true, Some(forbidden)) => Err(forbidden.into()),
        (true, None) => Err(NoAddress(None).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(addresses: &[&str], allow_private: bool) -> Result<Vec<String>, String> {
        let found = addresses.iter().map(|address| address.parse().unwrap());
        let allowed = allowed(found, allow_private).map_err(|error| error.to_string())?;
        Ok(allowed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_addresses_that_may_be_called_are_left() {
        let mixed = ["10.0.0.7:443", "8.8.8.8:443", "[fd00:ec2::254]:443"];
        assert_eq!(of(&mixed, false).unwrap(), ["8.8.8.8:443"]);
        assert_eq!(of(&mixed, true).unwrap(), ["10.0.0.7:443", "8.8.8.8:443"]);
        let metadata = of(&["169.254.169.254:80"], true).unwrap_err();
        assert_eq!(
            metadata,
            "169.254.169.254 is a link-local or metadata address, which is never called"
        );
        assert!(of(&["127.0.0.1:80"], false).unwrap_err().contains("--allow-private"));
        assert_eq!(of(&[], false).unwrap_err(), "the host name can't be resolved");
    }
}
