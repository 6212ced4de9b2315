//! How large the modelled world is.

use acuse_core::ledger::RecordAs;

/// What kind of effect a hook has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookKind {
    /// Writes that commit with the record of the hook.
    Transactional,
    /// External side effects: a call to another system.
    External,
}

/// The size of the world, and what may go wrong in it. Times are in ticks.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Each consumer's clock is ahead of true time by one of these: all combinations are tried.
    pub skews: &'static [i8],
    /// How many consumers run at once.
    pub consumers: usize,
    /// The hooks in their order.
    pub hooks: [HookKind; 2],
    /// The second delivery is an operator's replay.
    pub replay: bool,
    /// The second delivery brings other bytes.
    pub conflict: bool,
    /// A message received this often goes to the dead-letter queue.
    pub receives: u8,
    /// How long an invocation may take.
    pub invocation: i8,
    /// How long a lease outlives its invocation.
    pub slack: i8,
    /// The queue's visibility time-out.
    pub visibility: i8,
    /// How many ticks may pass while somebody works.
    pub pauses: u8,
    /// How many requests may get lost on their way, for ever or to arrive later.
    pub losses: u8,
    /// Invocations end at their deadline, as Lambda's do. Otherwise they may go on for ever, which asks more of the
    /// protocol.
    pub cut: bool,
    /// Hooks may ask to retry, and may reject.
    pub failures: bool,
    /// How many consumers may die, each at any step. [`ANY`](Self::ANY): any number.
    pub crashes: u8,
    /// After this many failures of its hooks an event is given up. [`ANY`](Self::ANY): never.
    pub attempts: u8,
}

impl Bounds {
    /// Unbounded.
    pub const ANY: u8 = u8::MAX;

    /// Attempts are counted.
    pub(crate) fn counts(&self) -> bool {
        self.attempts != Self::ANY
    }

    /// What a single-call commit makes of a new event; `None` if its first hook has external side effects.
    pub(crate) fn single_call(&self) -> Option<RecordAs> {
        match self.hooks {
            [HookKind::Transactional, HookKind::Transactional] => Some(RecordAs::Completed),
            [HookKind::Transactional, HookKind::External] => Some(RecordAs::Claimed),
            [HookKind::External, _] => None,
        }
    }

    /// So little goes wrong that the event has to be completed: a dead consumer costs each delivery at most two
    /// receives, one in which it worked or waited, and one because clocks disagree.
    pub(crate) fn calm(&self) -> bool {
        let deaths = u16::from(self.crashes);
        self.losses == 0 && self.pauses == 0 && !self.failures && u16::from(self.receives) > 2 * deaths
    }
}

impl Default for Bounds {
    /// The template's proportions: a lease outlives its invocation, and the visibility time-out outlives both.
    fn default() -> Self {
        Self {
            skews: &[0, 1],
            consumers: 2,
            hooks: [HookKind::Transactional, HookKind::External],
            replay: false,
            conflict: false,
            receives: 3,
            invocation: 1,
            slack: 1,
            visibility: 3,
            pauses: 4,
            losses: 1,
            cut: false,
            failures: true,
            crashes: Self::ANY,
            attempts: Self::ANY,
        }
    }
}
