//! What travels: a delivery as it arrives over HTTP, and the envelope that carries a verified one through SQS.

pub mod content;
pub mod delivery;
pub mod envelope;
pub(crate) mod form;
pub mod gzip;
pub(crate) mod header;
