//! docs/hooks.md shows what the command writes.
