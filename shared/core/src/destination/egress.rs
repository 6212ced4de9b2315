//! Which addresses may be called.
//!
//! The rules are those of IANA's registries of special-purpose addresses, with what was allocated up to 2025-04:
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>, and multicast (RFC 5771, RFC 4291). A name is resolved
//! by us, and the address that was checked is the one to connect to: a name that resolves to another address the next
//! time (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// Who can be reached under an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anybody on the internet.
    Public,
    /// Somebody in the same network or on the same machine, whom a destination may [allow](check).
    Private(&'static str),
    /// Nobody who takes webhooks.
    Never(&'static str),
}

/// An address that is not called.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Forbidden {
    #[error(
        "{address} is a {what} address; a destination that is meant to be in your own network needs `--allow-private`"
    )]
    Private { address: IpAddr, what: &'static str },
    #[error("{address} is a {what} address, which is never called")]
    Never { address: IpAddr, what: &'static str },
}

/// Whether `address` may be called.
///
/// # Errors
/// [`Forbidden`] for a private address, unless `allow_private`; and for link-local addresses, among which are those of
/// metadata services, and for whatever is not a host's address, always.
pub fn check(address: IpAddr, allow_private: bool) -> Result<(), Forbidden> {
    match reach(address) {
        Reach::Public => Ok(()),
        Reach::Private(_) if allow_private => Ok(()),
        Reach::Private(what) => Err(Forbidden::Private { address, what }),
        Reach::Never(what) => Err(Forbidden::Never { address, what }),
    }
}

/// Who can be reached under `address`.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

const PRIVATE_V4: [(Ipv4Addr, u32, &str); 6] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    // VPCs use a part of it.
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
];

const NEVER_V4: [(Ipv4Addr, u32, &str); 9] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    // 169.254.169.254 is the metadata service, 169.254.170.2 has credentials of containers.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local or metadata"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignment"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved or broadcast"),
];

/// Before anything else: what is special inside of other blocks.
const METADATA_V6: (Ipv6Addr, u32, &str) = (
    // fd00:ec2::254 is the metadata service of EC2, others of the block are its time and name service and credentials
    // of pods. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0),
    32,
    "metadata",
);

const PRIVATE_V6: [(Ipv6Addr, u32, &str); 2] = [
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique-local"),
];

/// The only block of public addresses (RFC 4291, 2.4; IANA has assigned no other).
const GLOBAL_V6: (Ipv6Addr, u32, &str) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, "global");

const NEVER_V6: [(Ipv6Addr, u32, &str); 4] = [
    // Teredo, benchmarking, identifiers, and a few anycast services, none of which takes webhooks.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignment"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
];

/// The addresses in the last 32 bits of which there is an IPv4 address: mapped ones, and those that NAT64 translates
/// (RFC 6052), by which an IPv6-only subnet of a VPC reaches IPv4.
const EMBEDDED_V4: [(Ipv6Addr, u32, &str); 2] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
];

fn of_v4(address: Ipv4Addr) -> Reach {
    let within = |(block, length, _): &&(Ipv4Addr, u32, &str)| same_prefix(bits(*block), bits(address), 96 + length);
    if let Some((_, _, what)) = NEVER_V4.iter().find(within) {
        return Reach::Never(what);
    }
    match PRIVATE_V4.iter().find(within) {
        Some((_, _, what)) => Reach::Private(what),
        None => Reach::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    let number = u128::from(address);
    let within = |(block, length, _): &&(Ipv6Addr, u32, &str)| same_prefix(u128::from(*block), number, *length);
    if EMBEDDED_V4.iter().any(|block| within(&block)) {
        let [.., a, b, c, d] = address.octets();
        return of_v4(Ipv4Addr::new(a, b, c, d));
    }
    if let Some((_, _, what)) = NEVER_V6.iter().chain([&METADATA_V6]).find(within) {
        return Reach::Never(what);
    }
    if let Some((_, _, what)) = PRIVATE_V6.iter().find(within) {
        return Reach::Private(what);
    }
    match within(&&GLOBAL_V6) {
        true => Reach::Public,
        false => Reach::Never("link-local, multicast or unassigned"),
    }
}

fn bits(address: Ipv4Addr) -> u128 {
    u128::from(u32::from(address))
}

/// Whether the first `length` of 128 bits are the same.
fn same_prefix(a: u128, b: u128, length: u32) -> bool {
    (a ^ b).leading_zeros() >= length
}

#[cfg(test)]
mod tests;
