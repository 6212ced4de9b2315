//! What is valid and may still be a mistake.

use std::net::IpAddr;

use acuse_core::destination::Destination;
use acuse_core::destination::config::Target as To;
use acuse_core::destination::egress;
use acuse_core::destination::filter::Pattern;

use crate::note;
use crate::registry::providers;
use crate::stack::target::Target;

/// Notes what may be a mistake in a destination that is about to be stored.
pub(super) fn note_all(destination: &Destination, target: &Target) {
    for text in all(destination, target.parameter("DestinationQueueArns"), target.is_local()) {
        note!("warning: {text}");
    }
}

fn all(destination: &Destination, queue_arns: &str, is_local: bool) -> Vec<String> {
    let filters = &destination.filters;
    let mut found: Vec<String> = filters
        .unknown_kinds()
        .map(|pattern| {
            format!(
                "no kind fits `{}`: see docs/destinations.md for all of them",
                pattern.as_str()
            )
        })
        .collect();
    let names: Vec<&str> = providers().names().collect();
    let unknown = |pattern: &&Pattern| !names.iter().any(|name| pattern.matches(name));
    found.extend(filters.providers.iter().filter(unknown).map(|pattern| {
        let pattern = pattern.as_str();
        format!("no provider fits `{pattern}`; this tool knows {}", names.join(", "))
    }));
    found.extend(
        filters
            .types
            .iter()
            .filter_map(|pattern| unknown_type(pattern, destination)),
    );
    found.extend(address(destination, queue_arns, is_local));
    found
}

/// A type that no guide names may still come.
fn unknown_type(pattern: &Pattern, destination: &Destination) -> Option<String> {
    let wanted = &destination.filters.providers;
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|pattern| pattern.matches(name));
    let asked = providers().iter().filter(|provider| asked(provider.name));
    let mut types = asked.flat_map(|provider| provider.types).peekable();
    // Without a provider that is known, nothing is known of its types.
    types.peek()?;
    let fits = types.any(|name| pattern.matches(name));
    let pattern = pattern.as_str();
    (!fits).then(|| format!("no type of these providers' guides fits `{pattern}`"))
}

/// Whether a host is the machine that sends to it.
fn is_own_machine(host: &str) -> bool {
    let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host.eq_ignore_ascii_case("localhost") || ip.is_some_and(|ip| ip.is_loopback())
}

/// Allows a backend on this machine on the local stack, whose functions run here. In Lambda, that would be the function
/// itself.
pub(super) fn allow_own_machine(destination: &mut Destination, target: &Target) {
    if let To::Http(url) = &destination.target
        && target.is_local()
        && is_own_machine(url.host())
    {
        destination.allow_private = true;
    }
}

/// Where requests go may be out of reach.
fn address(destination: &Destination, queue_arns: &str, is_local: bool) -> Option<String> {
    let url = match &destination.target {
        To::Http(url) => url,
        To::Sqs(queue) => {
            let allowed = is_local || queue_arns.split(',').any(|arn| arn == queue.arn());
            return (!allowed).then(|| {
                "the function may not send to this queue yet: add its ARN to the parameter `DestinationQueueArns`, and deploy".to_owned()
            });
        }
    };
    let ip: Option<IpAddr> = url.host().parse().ok();
    let is_loopback = is_own_machine(url.host());
    if is_loopback && !is_local {
        return Some("this URL is the function's own machine; `acuse listen` brings events to yours".to_owned());
    }
    let forbidden = ip.is_some_and(|ip| egress::check(ip, destination.allow_private).is_err());
    let private = ip.is_some_and(|ip| egress::check(ip, true).is_ok());
    match (
        forbidden || is_loopback && !destination.allow_private,
        private || is_loopback,
    ) {
        (true, true) => {
            let name = &destination.name;
            Some(format!(
                "this address is private, and requests to it are refused until `acuse destinations update {name} --allow-private`"
            ))
        }
        (true, false) => Some("requests to this address are always refused".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::DestinationName;
    use acuse_core::destination::filter::Filters;

    use super::*;

    fn warned(url: &str, filters: Filters, arns: &str, is_local: bool) -> Vec<String> {
        let name = DestinationName::parse("shop").unwrap();
        let mut destination = Destination::new(name, To::parse(url).unwrap(), Vec::new());
        destination.filters = filters;
        all(&destination, arns, is_local)
    }

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()
    }

    #[test]
    fn misspelt_filters_are_noted() {
        let filters = Filters {
            providers: patterns(&["onepay", "onpay"]),
            types: patterns(&["payment.*", "payments.*"]),
            kinds: patterns(&["Payment*", "PaymentSuceeded"]),
            ..Filters::default()
        };
        assert_eq!(
            warned("https://shop.example/", filters, "", false),
            [
                "no kind fits `PaymentSuceeded`: see docs/destinations.md for all of them",
                "no provider fits `onpay`; this tool knows unopago, onepay, kuenta",
                "no type of these providers' guides fits `payments.*`",
            ]
        );
    }

    #[test]
    fn an_address_that_the_function_does_not_reach_is_noted() {
        let warned = |url: &str, arns: &str, is_local| warned(url, Filters::default(), arns, is_local);
        assert_eq!(warned("https://shop.example/", "", false), Vec::<String>::new());
        let private = &warned("https://10.0.0.5/", "", false)[0];
        assert!(
            private.contains("`acuse destinations update shop --allow-private`"),
            "{private}"
        );
        assert!(warned("https://169.254.169.254/", "", false)[0].contains("always refused"));
        assert!(warned("http://localhost:8000/", "", false)[0].contains("`acuse listen`"));
        assert!(warned("http://127.0.0.1:8000/", "", true)[0].contains("--allow-private`"));
        for (host, own) in [
            ("localhost", true),
            ("127.0.0.2", true),
            ("[::1]", true),
            ("10.0.0.5", false),
        ] {
            assert_eq!(is_own_machine(host), own, "{host}");
        }
        let arn = "arn:aws:sqs:us-east-1:123456789012:jobs";
        let queue = format!("sqs:{arn}");
        assert!(warned(&queue, "", false)[0].contains("`DestinationQueueArns`"));
        assert!(warned(&queue, &format!("arn:x,{arn}"), false).is_empty());
        assert!(warned(&queue, "", true).is_empty());
    }
}
