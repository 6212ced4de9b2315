//! Ports, before they are used.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use super::api::Api;
use super::emulator::endpoint;
use super::error::Error;

/// `port` on 127.0.0.1 where it is free; any free one for 0. `option` chooses another.
///
/// # Errors
/// [`Error::PortTaken`], with what can be said of who has it.
pub(super) async fn free(port: u16, option: &'static str) -> Result<u16, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address).and_then(|listener| listener.local_addr()) {
        Ok(address) => Ok(address.port()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(Error::PortTaken {
            address,
            by: whose(port).await,
            option,
        }),
        Err(source) => Err(Error::Listen { address, source }),
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
