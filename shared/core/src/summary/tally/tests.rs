use proptest::prelude::*;

use super::*;

const NOON: Timestamp = Timestamp::from_seconds(1_795_694_400);

pub(in crate::summary) const PAID: Entry<'static> = Entry {
    scope: "onepay",
    environment: Environment::Live,
    type_name: "payment.approved",
    status: Status::Completed,
    reason: None,
    is_conflict: false,
    is_confirmation: false,
    received_at: NOON,
    duplicates: 0,
    amount: Some("150000.00"),
    currency: Some("COP"),
};

fn tally(entries: &[Entry<'_>]) -> Tally {
    let mut tally = Tally::default();
    entries.iter().for_each(|entry| tally.count(*entry));
    tally
}

fn row(tally: &Tally) -> &Row {
    &tally.live.rows[&("onepay".to_owned(), "payment.approved".to_owned())]
}

#[test]
fn amounts_are_summed_by_currency_as_sent() {
    let dollars = Entry {
        amount: Some("12.5"),
        currency: Some("USD"),
        ..PAID
    };
    let none = Entry {
        currency: None,
        amount: Some("7"),
        ..PAID
    };
    let counted = tally(&[PAID, PAID, dollars, none]);
    let shown: Vec<_> = row(&counted)
        .sums
        .iter()
        .map(|(currency, sum)| format!("{sum} {currency}"))
        .collect();
    assert_eq!(shown, ["7 ", "300000.00 COP", "12.5 USD"]);
    assert_eq!(row(&counted).count, 4);
}

#[test]
fn an_amount_that_is_missing_or_unreadable_is_counted_apart() {
    let counted = tally(&[
        PAID,
        Entry { amount: None, ..PAID },
        Entry {
            amount: Some(" "),
            ..PAID
        },
        Entry {
            amount: Some("150.000,00"),
            ..PAID
        },
    ]);
    assert_eq!((row(&counted).without_amount, row(&counted).unreadable_amount), (2, 1));
    assert_eq!(row(&counted).sums["COP"].to_string(), "150000.00");
}

#[test]
fn what_failed_or_waits_is_counted_by_what_it_is() {
    let rejected = Entry {
        status: Status::Rejected,
        ..PAID
    };
    let counted = tally(&[
        PAID,
        Entry {
            reason: Some("hook `orders`: no such order"),
            ..rejected
        },
        Entry {
            reason: Some("of environment `live`, which this stack does not take"),
            ..rejected
        },
        Entry {
            reason: Some("a test delivery of `acuse doctor`"),
            ..rejected
        },
        Entry {
            status: Status::Conflict,
            is_conflict: true,
            ..PAID
        },
        // Released as an event of its own: its amount is the other event's.
        Entry {
            is_conflict: true,
            ..PAID
        },
        Entry {
            status: Status::Released,
            reason: Some("hook `orders`"),
            ..PAID
        },
        Entry {
            status: Status::InProgress,
            received_at: NOON.minus(std::time::Duration::from_secs(60)),
            ..PAID
        },
        Entry { duplicates: 3, ..PAID },
        Entry {
            environment: Environment::Test,
            ..PAID
        },
    ]);
    let live = &counted.live;
    assert_eq!(
        (live.rejected, live.set_aside, live.conflicts, live.duplicates),
        (1, 1, 2, 3)
    );
    assert_eq!(
        (live.waiting, live.oldest_waiting),
        (2, Some(NOON.minus(std::time::Duration::from_secs(60))))
    );
    assert_eq!((live.accepted(), counted.test.accepted()), (4, 1));
    assert_eq!(row(&counted).sums["COP"].to_string(), "600000.00");
}

#[test]
fn a_confirmation_is_a_duplicate_and_a_decided_conflict_is_not_open() {
    let confirmation = Entry {
        is_conflict: true,
        is_confirmation: true,
        duplicates: 2,
        ..PAID
    };
    let decided = [Status::Completed, Status::Rejected].map(|status| Entry {
        status,
        is_conflict: true,
        ..PAID
    });
    let live = tally(&[PAID, confirmation, decided[0], decided[1]]).live;
    assert_eq!((live.accepted(), live.duplicates), (1, 3));
    assert_eq!((live.conflicts, live.undecided_conflicts, live.rejected), (2, 0, 0));
    let open = Entry {
        status: Status::Conflict,
        ..decided[0]
    };
    let live = tally(&[PAID, open]).live;
    assert_eq!((live.conflicts, live.undecided_conflicts), (1, 1));
}

#[test]
fn memory_does_not_grow_with_the_number_of_types_or_currencies() {
    let mut counted = Tally::default();
    for number in 0..2000 {
        let (name, currency) = (format!("type{number}"), format!("X{number}"));
        counted.count(Entry {
            type_name: &name,
            ..PAID
        });
        counted.count(Entry {
            currency: Some(&currency),
            ..PAID
        });
    }
    assert_eq!(counted.live.rows.len(), ROWS + 1);
    assert_eq!(counted.live.accepted(), 4000);
    let row = row(&counted);
    assert_eq!(row.sums.len(), CURRENCIES);
    assert_eq!(row.unreadable_amount, 2000 - u64::try_from(CURRENCIES).unwrap());
}

fn entry() -> impl Strategy<Value = (usize, usize, i64, usize)> {
    (0..3_usize, 0..4_usize, 0..1_000_000_i64, 0..3_usize)
}

proptest! {
    /// Shards are counted apart, and then added.
    #[test]
    fn parts_add_up_to_the_whole(entries in prop::collection::vec(entry(), 0..100), cut in 0..100_usize) {
        let count = |entries: &[(usize, usize, i64, usize)]| {
            let mut tally = Tally::default();
            for (scope, status, amount, currency) in entries {
                let amount = format!("{}.{:02}", amount / 100, amount % 100);
                tally.count(Entry {
                    scope: ["unopago", "onepay", "kuenta/shop"][*scope],
                    status: [Status::Completed, Status::Released, Status::Rejected, Status::Conflict][*status],
                    received_at: Timestamp::from_seconds(amount.len() as i64),
                    amount: Some(&amount),
                    currency: [Some("COP"), Some("USD"), None][*currency],
                    ..PAID
                });
            }
            tally
        };
        let cut = cut.min(entries.len());
        let mut parts = count(&entries[..cut]);
        parts.merge(count(&entries[cut..]));
        prop_assert_eq!(parts, count(&entries));
    }
}
