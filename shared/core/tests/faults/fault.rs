//! What can go wrong with a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::simulation::Simulation;

/// What happens to one call.
pub(crate) enum Fault {
    None,
    /// It fails and does nothing: refused, throttled, or not reached.
    Before,
    /// It does its work, but the answer is lost.
    After,
    /// It does its work late, perhaps after the lease is over.
    SlowBefore(Duration),
    /// It does its work, and the answer comes late, perhaps when nobody waits for it any more.
    SlowAfter(Duration),
}

/// Draws a fault for every call, until the trouble is over.
#[derive(Clone)]
pub(crate) struct Faults {
    simulation: Simulation,
    /// One call in this many meets a fault.
    one_in: u32,
    over: Arc<AtomicBool>,
    down: Arc<AtomicBool>,
}

/// Some calls take a moment, and some longer than a lease.
const DELAYS: [Duration; 3] = [
    Duration::from_secs(3),
    Duration::from_secs(50),
    Duration::from_secs(240),
];

impl Faults {
    pub(crate) fn new(simulation: &Simulation, one_in: u32) -> Self {
        Self {
            simulation: simulation.clone(),
            one_in,
            over: Arc::default(),
            down: Arc::default(),
        }
    }

    /// From now on every call fails, or none.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Whether something goes wrong now.
    pub(crate) fn strike(&self) -> bool {
        !self.over.load(Ordering::SeqCst) && self.simulation.one_in(self.one_in)
    }

    pub(crate) fn draw(&self) -> Fault {
        if self.down.load(Ordering::SeqCst) {
            return Fault::Before;
        }
        if !self.strike() {
            return Fault::None;
        }
        let longest = self.simulation.draw(|random| random.usize(0..DELAYS.len()));
        let delay = self.simulation.duration(DELAYS[longest]);
        match self.simulation.draw(|random| random.u8(0..4)) {
            0 => Fault::Before,
            1 => Fault::After,
            2 => Fault::SlowBefore(delay),
            _ => Fault::SlowAfter(delay),
        }
    }
}
