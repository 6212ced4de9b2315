//! What a backend does with a request, by turns.

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Works,
    /// Answers 500.
    Fails,
    /// Never answers.
    Hangs,
    /// Answers, but takes its time.
    Slow,
    /// Resets the connection.
    Resets,
    /// Commits, and dies before it answers.
    CommitsAndDies,
    /// Commits, answers 200, and dies.
    AnswersAndDies,
    /// Dies with all requests that are under way, and starts again.
    Restarts,
}

impl Turn {
    /// All in which something goes wrong.
    pub(crate) const TROUBLE: [Self; 7] = [
        Self::Fails,
        Self::Hangs,
        Self::Slow,
        Self::Resets,
        Self::CommitsAndDies,
        Self::AnswersAndDies,
        Self::Restarts,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails => "answers 500",
            Self::Hangs => "hangs",
            Self::Slow => "is slow",
            Self::Resets => "resets",
            Self::CommitsAndDies => "commits and dies",
            Self::AnswersAndDies => "answers 200 and dies",
            Self::Restarts => "restarts",
        }
    }
}

/// Turns with trouble between those in which it works. Each kind of trouble has its turn before one has its second.
pub(crate) struct Turns {
    random: fastrand::Rng,
    /// The longest turn in which it works, in requests.
    calm: u32,
    now: Turn,
    left: u32,
    /// What else goes wrong before anything does again.
    deck: Vec<Turn>,
}

/// The longest turn with trouble, in requests.
const TROUBLE: u32 = 3;

impl Turns {
    pub(crate) fn new(mut random: fastrand::Rng, calm: u32) -> Self {
        let left = random.u32(calm * 3 / 4..=calm);
        Self {
            random,
            calm,
            now: Turn::Works,
            left,
            deck: Vec::new(),
        }
    }

    /// What happens to the next request.
    pub(crate) fn next(&mut self) -> Turn {
        if self.left == 0 {
            (self.now, self.left) = match self.now {
                Turn::Works => (self.trouble(), self.random.u32(1..=TROUBLE)),
                _ => (Turn::Works, self.random.u32(self.calm * 3 / 4..=self.calm)),
            };
        }
        self.left -= 1;
        self.now
    }

    fn trouble(&mut self) -> Turn {
        if self.deck.is_empty() {
            self.deck.extend(Turn::TROUBLE);
            self.random.shuffle(&mut self.deck);
        }
        self.deck.pop().unwrap()
    }
}

#[test]
fn every_kind_of_trouble_has_its_turn_before_the_second_one_of_any() {
    for seed in 0..50 {
        let mut turns = Turns::new(fastrand::Rng::with_seed(seed), 30);
        let mut met = Vec::new();
        // No more requests than the smallest run has.
        for _ in 0..240 {
            let turn = turns.next();
            if turn != Turn::Works && met.last() != Some(&turn) {
                met.push(turn);
            }
        }
        met.truncate(Turn::TROUBLE.len());
        assert!(Turn::TROUBLE.iter().all(|turn| met.contains(turn)), "{seed}: {met:?}");
    }
}
