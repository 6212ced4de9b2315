//! What travels: a delivery as HTTP brings it, and the envelope in which SQS carries what was verified.

pub mod content;
pub mod delivery;
pub mod envelope;
pub mod gzip;
pub(crate) mod header;
