//! Where a URL leads, however it is written.

use http::Uri;

/// A URL without what makes no difference: the case of scheme and host, the default port, a trailing slash or dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    host: String,
    path: String,
    query: String,
}

impl Place {
    /// Where `url` leads. A text that is no URL is only the same as itself.
    pub fn of(url: &str) -> Self {
        let text = url.trim();
        let parsed = text.parse::<Uri>().ok();
        let parsed = parsed.and_then(|uri| Some((uri.scheme_str()?.to_ascii_lowercase(), uri)));
        let Some((scheme, uri)) = parsed else {
            return Self {
                host: String::new(),
                path: text.trim_end_matches('/').to_owned(),
                query: String::new(),
            };
        };
        let host = uri
            .host()
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_ascii_lowercase();
        let port = uri.port_u16().filter(|&port| port != default_port(&scheme));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            host: format!("{scheme}://{host}{port}"),
            path: uri.path().trim_end_matches('/').to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
        }
    }

    /// Whether both lead to the same function of a stack, to which a query makes no difference.
    pub fn receives_as(&self, other: &Self) -> bool {
        self.host == other.host && self.path == other.path
    }

    /// Whether both have the same path, on whatever host.
    pub fn has_path_of(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

/// Scheme, host and path of `url`, for people: user information and a query may be secret.
pub fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{host}{path}")
}

fn default_port(scheme: &str) -> u16 {
    match scheme {
        "http" => 80,
        _ => 443,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_of_a_url_is_shown() {
        for (url, expected) in [
            (
                "https://shop.co:8443/webhooks/onepay/",
                "https://shop.co:8443/webhooks/onepay/",
            ),
            ("https://u:hunter2@shop.co/a?k=hunter2#hunter2", "https://shop.co/a"),
            ("https://u:hunt@er2@shop.co", "https://shop.co"),
            ("https://shop.co?k=hunter2", "https://shop.co"),
            ("u:hunter2@shop.co/a@b", "shop.co/a@b"),
            ("/webhooks/onepay?hunter2", "/webhooks/onepay"),
            ("", ""),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn urls_are_compared_however_they_are_written() {
        let stack = Place::of("https://hooks.shop.co/webhooks/onepay");
        for same in [
            "https://hooks.shop.co/webhooks/onepay/",
            "HTTPS://Hooks.Shop.CO:443/webhooks/onepay",
            " https://hooks.shop.co./webhooks/onepay ",
        ] {
            assert_eq!(Place::of(same), stack, "{same}");
        }
        for other in [
            "https://hooks.shop.co/webhooks/onepay/test",
            "https://hooks.shop.co/webhooks/OnePay",
            "https://hooks.shop.co:8443/webhooks/onepay",
            "http://hooks.shop.co/webhooks/onepay",
            "https://hooks.shop.com/webhooks/onepay",
            "hooks.shop.co/webhooks/onepay",
            "",
        ] {
            assert!(!Place::of(other).receives_as(&stack), "{other}");
        }
        let query = Place::of("https://hooks.shop.co/webhooks/onepay?k=1");
        assert!(query.receives_as(&stack) && query != stack);
        assert!(Place::of("https://old.shop.co/webhooks/onepay").has_path_of(&stack));
        assert_eq!(Place::of("no url/"), Place::of("no url"));
    }
}
