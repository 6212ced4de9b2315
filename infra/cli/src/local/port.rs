//! Reserves ports before anything slow starts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use super::api::Api;
use super::emulator::endpoint;
use super::error::Error;
use crate::loopback::{BindError, Loopback};

/// Binds `port` on the loopback addresses, or a free port for 0. `option` is the one that sets it.
pub(super) async fn bind(port: u16, option: &'static str) -> Result<Loopback, Error> {
    match Loopback::bind(port).await {
        Ok(loopback) => Ok(loopback),
        Err(error) => Err(refused(error, option).await),
    }
}

/// Checks that `port` on 127.0.0.1 is free, or finds a free port for 0. `option` is the one that sets it.
///
/// # Errors
/// [`Error::PortTaken`], with what is known about the program that has it.
pub(super) async fn free(port: u16, option: &'static str) -> Result<u16, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address).and_then(|listener| listener.local_addr()) {
        Ok(address) => Ok(address.port()),
        Err(source) => Err(refused(BindError { address, source }, option).await),
    }
}

async fn refused(error: BindError, option: &'static str) -> Error {
    let address = error.address;
    match error.source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken {
            address,
            by: owner(address.port()).await,
            option,
        },
        _ => error.into(),
    }
}

async fn owner(port: u16) -> &'static str {
    let is_emulator = async {
        match Api::new(endpoint(port)) {
            Ok(api) => api.is_ready().await,
            Err(_) => false,
        }
    };
    match tokio::time::timeout(Duration::from_millis(500), is_emulator).await {
        Ok(true) => "an emulator listens there, perhaps of another local stack",
        _ => "another program listens there",
    }
}
