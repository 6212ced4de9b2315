//! What holds for a gate whatever happens.

use proptest::prelude::*;

use super::*;

/// What may happen to a gate.
#[derive(Debug, Clone)]
enum Step {
    /// Time passes.
    Wait(u64),
    /// A function asks for this many requests at a time, for this long.
    Lease { wanted: u32, seconds: u64 },
    /// The function that asked first gives back.
    GiveBack(Vec<Effect>),
    /// The function that asked first dies.
    Die,
    /// An operator resumes it.
    Resume,
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        6 => Just(Effect::Success),
        6 => Just(DOWN),
        2 => Just(Effect::Fault),
        1 => (0..100_000_u64).prop_map(|seconds| Effect::Failure { leave_alone: Some(after(seconds)) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..90_u64).prop_map(Step::Wait),
        6 => (0..12_u32, 1..70_u64).prop_map(|(wanted, seconds)| Step::Lease { wanted, seconds }),
        6 => proptest::collection::vec(effect(), 0..8).prop_map(Step::GiveBack),
        1 => Just(Step::Die),
        1 => Just(Step::Resume),
    ]
}

/// A gate, and the functions that call.
#[derive(Debug, Clone, Default, PartialEq)]
struct World {
    gate: Gate,
    seconds: u64,
    /// Token, requests at a time, and when the last of them has ended.
    calling: Vec<(String, u32, u64)>,
    asked: u32,
}

impl World {
    fn step(&mut self, step: &Step, limit: u32, bits: u128) {
        let (now, dice) = (after(self.seconds), Dice::fixed(bits));
        match step {
            Step::Wait(seconds) => {
                self.seconds += seconds;
                self.calling.retain(|(_, _, until)| *until > self.seconds);
            }
            Step::Lease { wanted, seconds } => {
                self.asked += 1;
                let (token, until) = (self.asked.to_string(), self.seconds + seconds);
                if let Ok(permit) = self.gate.lease(&token, *wanted, after(until), limit, now, &dice) {
                    self.calling.push((token, permit.requests, until));
                }
            }
            Step::GiveBack(effects) if !self.calling.is_empty() => {
                let (token, ..) = self.calling.remove(0);
                self.gate.give_back(&token, effects, limit, now, &dice);
            }
            Step::Die if !self.calling.is_empty() => drop(self.calling.remove(0)),
            Step::Resume => self.gate.resume(),
            Step::GiveBack(_) | Step::Die => {}
        }
    }
}

proptest! {
    /// Whatever fails, dies or comes late.
    #[test]
    fn never_more_requests_than_the_limit(steps in proptest::collection::vec(step(), 0..80), limit in 1..20_u32, bits in any::<u128>()) {
        let mut world = World::default();
        for step in &steps {
            let before = world.clone();
            world.step(step, limit, bits);
            let under_way: u32 = world.calling.iter().map(|(_, requests, _)| requests).sum();
            prop_assert!(under_way <= limit, "{step:?} {world:?}");
            let granted = world.calling.len() > before.calling.len();
            if granted && let State::Closed { .. } | State::Paused(_) = before.gate.state(after(before.seconds)) {
                prop_assert!(false, "a permit while closed: {step:?} {before:?}");
            }
            prop_assert!(world.gate.allowance != Some(0));
        }
    }

    /// However it came to be as it is: it lets requests through after 12 hours at the latest, and that many successes
    /// open it.
    #[test]
    fn a_destination_that_works_again_has_its_limit_after_that_many_successes(steps in proptest::collection::vec(step(), 0..60), limit in 1..200_u32, bits in any::<u128>()) {
        let mut world = World::default();
        for step in &steps {
            world.step(step, limit, bits);
        }
        // A lease that ends now may close it once more.
        for _ in 0..2 {
            world.seconds += LONGEST_RETRY_AFTER.as_secs() + 1;
            world.gate.end_leases(limit, after(world.seconds), &Dice::fixed(bits));
        }
        for _ in 0..limit {
            prop_assert_eq!(call(&mut world.gate, &Effect::Success, limit, after(world.seconds)), Ok(()));
        }
        prop_assert_eq!(world.gate.state(after(world.seconds)), State::Open);
        let all = world.gate.lease("all", limit, after(world.seconds + 60), limit, after(world.seconds), &dice()).unwrap();
        prop_assert_eq!(all.requests, limit);
    }

    /// However many ask, and whichever of them die.
    #[test]
    fn a_dead_destination_gets_few_probes(limit in 1..50_u32, bits in any::<u128>(), every in 1..20_u64, dies in proptest::collection::vec(any::<bool>(), 8)) {
        let (mut gate, dice, mut probes) = (Gate::default(), Dice::fixed(bits), Vec::new());
        for second in (0..6 * 3600).step_by(every as usize) {
            let now = after(second);
            let Ok(permit) = gate.lease(&second.to_string(), 10, now.plus(Duration::from_secs(60)), limit, now, &dice) else {
                continue;
            };
            probes.push((second, permit.requests));
            if !dies[probes.len() % dies.len()] {
                gate.give_back(&second.to_string(), &vec![DOWN; permit.requests as usize], limit, now, &dice);
            }
        }
        let during = |from: u64, to: u64| -> u32 {
            probes.iter().filter(|(second, _)| (from..to).contains(second)).map(|(_, requests)| requests).sum()
        };
        // In the first minutes: those that close it, and shorter waits. Afterwards 5 to 10 minutes between two.
        prop_assert!(during(0, 3600) <= FAILURES * 10.max(limit) + 20, "{probes:?}");
        for hour in 1..6 {
            prop_assert!((1..=12).contains(&during(hour * 3600, (hour + 1) * 3600)), "{probes:?}");
        }
    }

    /// Two gates in one run are what each is alone.
    #[test]
    fn one_gate_knows_nothing_of_another(steps in proptest::collection::vec((any::<bool>(), step()), 0..60), bits in any::<u128>()) {
        let (mut together, mut alone) = ([World::default(), World::default()], [World::default(), World::default()]);
        for (which, step) in &steps {
            together[usize::from(*which)].step(step, 5, bits);
        }
        for which in [false, true] {
            for (_, step) in steps.iter().filter(|(own, _)| *own == which) {
                alone[usize::from(which)].step(step, 5, bits);
            }
        }
        prop_assert_eq!(together, alone);
    }
}
