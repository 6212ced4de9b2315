//! The pipeline behind the event queue, in this program's memory: queues and tables, the mappings that invoke the real
//! functions, and what hooks and destinations call.

mod mapping;
mod queue;
mod receiver;
pub(crate) mod tables;

pub(crate) use mapping::{Function, Mapping};
pub(crate) use queue::{Batching, Queues};
pub(crate) use receiver::{Receiver, Trouble};
