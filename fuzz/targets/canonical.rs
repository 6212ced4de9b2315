//! Input: a body.
#![no_main]

use acuse_core::json::{self, Value};
use acuse_core::receive::canonical::{Error, javascript, python};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(value) = json::parse(body) else {
        assert!(matches!(javascript(body), Err(Error::NotJson(_))));
        assert!(matches!(python(body), Err(Error::NotJson(_))));
        return;
    };
    let js = javascript(body).expect("all JSON has a JavaScript form");
    assert_eq!(javascript(&js).as_deref(), Ok(&js[..]), "a form's form is itself");

    let py = match python(body) {
        Ok(form) => form,
        Err(error) => {
            assert_eq!(error, Error::IntegerTooLong);
            return;
        }
    };
    assert!(py.is_ascii());
    // `Infinity` is no JSON; JavaScript writes `null` there, and Python its digits if it is an int.
    if overflows(&value) {
        return;
    }
    assert_eq!(python(&py).as_deref(), Ok(&py[..]), "a form's form is itself");
    // Python's form says the same as the body, so JavaScript makes the same of it.
    assert_eq!(javascript(&py).as_deref(), Ok(&js[..]));
});

fn overflows(value: &Value<'_>) -> bool {
    match value {
        Value::Number(text) => text.parse().is_ok_and(f64::is_infinite),
        Value::Array(items) => items.iter().any(overflows),
        Value::Object(members) => members.iter().any(|(_, value)| overflows(value)),
        _ => false,
    }
}
