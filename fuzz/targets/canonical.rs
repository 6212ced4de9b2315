//! Input: a body.
#![no_main]

use acuse_core::json::{self, Value};
use acuse_core::receive::canonical::{self, Error};
use acuse_core::wire::delivery::CanonicalForm;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let body = &Bytes::copy_from_slice(body);
    let Ok(value) = json::parse(body) else {
        assert!(matches!(javascript(body), Err(Error::NotJson(_))));
        assert!(matches!(python(body), Err(Error::NotJson(_))));
        return;
    };
    let js = javascript(body).expect("all JSON has a JavaScript form");
    assert_eq!(javascript(&js).as_ref(), Ok(&js), "a form's form is itself");
    let py = match python(body) {
        Ok(form) => form,
        Err(error) => {
            assert_eq!(error, Error::IntegerTooLong);
            return;
        }
    };
    assert!(py.is_ascii());
    // Python writes an overflowing float as `Infinity`, which is not JSON, and an int with all its digits.
    if overflows(&value) {
        return;
    }
    assert_eq!(python(&py).as_ref(), Ok(&py), "a form's form is itself");
    // Python's form means the same as the body, so its JavaScript form is the same.
    assert_eq!(javascript(&py).as_ref(), Ok(&js));
});

fn javascript(body: &Bytes) -> Result<Bytes, Error> {
    canonical::bytes(body, CanonicalForm::JavaScript)
}

fn python(body: &Bytes) -> Result<Bytes, Error> {
    canonical::bytes(body, CanonicalForm::Python)
}

fn overflows(value: &Value<'_>) -> bool {
    match value {
        Value::Number(text) => text.parse().is_ok_and(f64::is_infinite),
        Value::Array(items) => items.iter().any(overflows),
        Value::Object(members) => members.iter().any(|(_, value)| overflows(value)),
        _ => false,
    }
}
