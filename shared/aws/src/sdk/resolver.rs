//! Resolves host names, and lets only those addresses through that may be called.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use acuse_core::destination::egress::{self, Forbidden};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use thiserror::Error;
use tower_service::Service;

/// Which addresses a client may call.
#[cfg_attr(
    not(any(feature = "destinations", feature = "endpoints")),
    expect(dead_code, reason = "no other function calls what a configuration names")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Egress {
    /// Any: hooks call what their own code names.
    Any,
    /// What anybody on the internet can call.
    Public,
    /// And what is in the same network or on the same machine, but no link-local or metadata address.
    Private,
}

/// The system's resolver. The connector connects to an address that this one returned, and asks nobody else: what was
/// checked is what is called.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    resolver: GaiResolver,
    egress: Egress,
}

/// The name has no address.
#[derive(Debug, Error)]
#[error("the host name can't be resolved")]
pub(crate) struct NoAddress(#[source] Option<std::io::Error>);

type Source = Box<dyn std::error::Error + Send + Sync>;

impl Egress {
    /// What a URL of the configuration may reach.
    #[cfg(feature = "destinations")]
    pub(crate) const fn of(allow_private: bool) -> Self {
        match allow_private {
            true => Self::Private,
            false => Self::Public,
        }
    }

    /// Whether `address` may be called.
    pub(crate) fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        match self {
            Self::Any => Ok(()),
            Self::Public => egress::check(address, false),
            Self::Private => egress::check(address, true),
        }
    }

    /// Whether the `host` of a URL may be called, if it is an address: the connector asks no resolver about these.
    #[cfg(feature = "consumer")]
    pub(crate) fn check_host(self, host: &str) -> Result<(), Forbidden> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.parse().map_or(Ok(()), |address| self.check(address))
    }
}

impl Checked {
    pub(crate) fn new(egress: Egress) -> Self {
        Self {
            resolver: GaiResolver::new(),
            egress,
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
        let egress = self.egress;
        Box::pin(async move {
            let found = resolved.await.map_err(|error| NoAddress(Some(error)))?;
            Ok(allowed(found, egress)?.into_iter())
        })
    }
}

/// Those of `found` that may be called.
fn allowed(found: impl Iterator<Item = SocketAddr>, egress: Egress) -> Result<Vec<SocketAddr>, Source> {
    let (mut allowed, mut refused) = (Vec::new(), None);
    for address in found {
        match egress.check(address.ip()) {
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

    fn of(addresses: &[&str], egress: Egress) -> Result<Vec<String>, String> {
        let found = addresses.iter().map(|address| address.parse().unwrap());
        let allowed = allowed(found, egress).map_err(|error| error.to_string())?;
        Ok(allowed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_addresses_that_may_be_called_are_left() {
        let mixed = ["10.0.0.7:443", "8.8.8.8:443", "[fd00:ec2::254]:443"];
        assert_eq!(of(&mixed, Egress::Public).unwrap(), ["8.8.8.8:443"]);
        assert_eq!(of(&mixed, Egress::Private).unwrap(), ["10.0.0.7:443", "8.8.8.8:443"]);
        let metadata = of(&["169.254.169.254:80"], Egress::Private).unwrap_err();
        assert_eq!(
            metadata,
            "169.254.169.254 is a link-local or metadata address, which is never called"
        );
        assert_eq!(of(&mixed, Egress::Any).unwrap(), mixed);
        assert!(
            of(&["127.0.0.1:80"], Egress::Public)
                .unwrap_err()
                .contains("--allow-private")
        );
        assert_eq!(of(&[], Egress::Public).unwrap_err(), "the host name can't be resolved");
    }

    #[test]
    fn a_host_that_is_an_address_is_checked_as_one() {
        for host in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[fd00:ec2::254]"] {
            assert!(Egress::Public.check_host(host).is_err(), "{host}");
            assert_eq!(Egress::Any.check_host(host), Ok(()), "{host}");
        }
        assert_eq!(Egress::Private.check_host("127.0.0.1"), Ok(()));
        assert!(Egress::Private.check_host("169.254.169.254").is_err());
        assert_eq!(Egress::Public.check_host("api.example.com"), Ok(()));
    }
}
