use super::*;
use crate::testing::Dice;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The waits between the tries of a delivery that never succeeds.
fn waits(dice: &Dice, after: Option<Duration>) -> Vec<Duration> {
    let (mut now, mut waits) = (START, Vec::new());
    while let Next::At(at) = Patience::default().next(waits.len() as u32 + 1, START, after, now, dice) {
        waits.push(at.since(now));
        now = at;
    }
    assert_eq!(now.since(START), 13 * DAY, "the last try is at the end");
    waits
}

#[test]
fn waits_double_from_seconds_to_an_hour_for_13_days() {
    let seconds = |waits: &[Duration]| waits.iter().take(12).map(Duration::as_secs).collect::<Vec<_>>();
    let longest = waits(&Dice::fixed(u128::MAX), None);
    assert_eq!(
        seconds(&longest),
        [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    );
    assert_eq!(longest.len(), 321);
    let shortest = waits(&Dice::fixed(0), None);
    assert_eq!(
        seconds(&shortest),
        [2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800]
    );
    assert_eq!(shortest.len(), 633);
}

#[test]
fn a_longer_wait_is_honoured_if_the_answer_asks_for_it() {
    let asked = Duration::from_secs(12 * 60 * 60);
    assert_eq!(waits(&Dice::fixed(0), Some(asked)), vec![asked; 26]);
    let short = waits(&Dice::fixed(u128::MAX), Some(Duration::from_secs(30)));
    assert_eq!(
        short[..4].iter().map(Duration::as_secs).collect::<Vec<_>>(),
        [30, 30, 30, 40]
    );
}

#[test]
fn a_message_is_never_back_too_early_but_for_the_longest_waits() {
    let hidden = |millis| hidden_for(START.plus(Duration::from_millis(millis)), START).as_secs();
    assert_eq!([0, 1, 999, 1000, 1001].map(hidden), [0, 1, 1, 1, 2]);
    assert_eq!(hidden_for(START, START.plus(DAY)), Duration::ZERO);
    assert_eq!(hidden_for(START.plus(DAY), START), Duration::from_secs(42_300));
}
