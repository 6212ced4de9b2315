//! The providers' files compile in another crate, word for word: an app's own provider is such a file.
#![allow(dead_code, unreachable_pub, reason = "what is compiled is all that counts")]

use acuse_core::provider::Providers;
use acuse_core::providers;

#[path = "../src/providers/kuenta.rs"]
mod kuenta;
#[path = "../src/providers/onepay.rs"]
mod onepay;
#[path = "../src/providers/unopago.rs"]
mod unopago;

const OWN: Providers = Providers::new(&[&unopago::PROVIDER, &onepay::PROVIDER, &kuenta::PROVIDER]);

#[test]
fn a_list_of_ones_own_is_like_the_built_in_one() {
    assert!(OWN.names().eq(providers::ALL.names()));
    for own in OWN {
        let built_in = providers::ALL
            .by_name(own.name)
            .unwrap_or_else(|| panic!("{}", own.name));
        assert_eq!(own.types, built_in.types);
    }
    assert!(OWN.by_name("other").is_none());
}
