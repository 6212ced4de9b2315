//! Ports, before they are used.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use super::api::Api;
use super::emulator::endpoint;
use super::error::Error;
use crate::loopback::Loopback;

/// `port` on the loopback addresses, held from now on; any free one for 0. `option` chooses another.
///
/// # Errors
/// As [`free`].
pub(super) async fn bind(port: u16, option: &'static str) -> Result<Loopback, Error> {
    match Loopback::bind(port).await {
        Ok(loopback) => Ok(loopback),
        Err((address, error)) => Err(refused(address, error, option).await),
    }
}

/// `port` on 127.0.0.1 where it is free; any free one for 0. `option` chooses another.
///
/// # Errors
/// [`Error::PortTaken`], with what can be said of who has it.
pub(super) async fn free(port: u16, option: &'static str) -> Result<u16, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address).and_then(|listener| listener.local_addr()) {
        Ok(address) => Ok(address.port()),
        Err(error) => Err(refused(address, error, option).await),
    }
}

async fn refused(address: SocketAddr, error: io::Error, option: &'static str) -> Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken {
            address,
            by: whose(address.port()).await,
            option,
        },
        _ => Error::Listen { address, source: error },
    }
}

async fn whose(port: u16) -> &'static str {
    let is_emulator = async {
        match Api::new(endpoint(port)) {
            Ok(api) => api.is_ready().await,
            Err(_) => false,
        }
    };
    match tokio::time::timeout(Duration::from_millis(500), is_emulator).await {
        Ok(true) => "an emulator listens there, perhaps that of another local stack",
        _ => "another program listens there",
    }
}
