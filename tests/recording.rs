//! Every call that the functions make of AWS over the life of an event.

pub mod hooks;
pub mod life;
pub mod recorder;
pub mod stack;
