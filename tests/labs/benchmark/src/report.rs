//! What was measured, for people and for programs.

mod plot;
mod table;

use serde::Serialize;

use crate::machine::Machine;
use crate::summary::Summary;
use crate::targets::{self, Target};

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Whether the services were spoken to over TLS.
    pub(crate) tls: bool,
    pub(crate) rounds: usize,
    pub(crate) invocations: usize,
    pub(crate) contenders: Vec<Summary>,
    pub(crate) targets: Vec<Target>,
}

impl Report {
    pub(crate) fn new(machine: Machine, tls: bool, invocations: usize, contenders: Vec<Summary>) -> Self {
        Self {
            machine,
            tls,
            rounds: contenders
                .first()
                .map(|summary| summary.rounds.len())
                .unwrap_or_default(),
            invocations,
            targets: targets::all(&contenders),
            contenders,
        }
    }

    /// Tables for the terminal.
    pub(crate) fn tables(&self) -> String {
        table::all(self)
    }

    /// A picture, as SVG.
    pub(crate) fn plot(&self) -> String {
        plot::svg(self)
    }

    /// Everything, the single rounds as well.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
