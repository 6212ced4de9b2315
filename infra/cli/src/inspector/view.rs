//! The pages, a file each.

pub(super) mod balance;
pub(super) mod dates;
pub(super) mod dead_letters;
pub(super) mod event;
pub(super) mod events;
pub(super) mod life;
pub(super) mod quarantine;
pub(super) mod start;
