//! Public keys as they are stored.
