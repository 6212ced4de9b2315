use super::*;

/// As IANA publishes them, but for the columns that don't matter here. The copies from which they were made are in
/// <https://github.com/plausible/analytics/tree/master/priv/ip>.
const REGISTRIES: [&str; 2] = [
    include_str!("../../../../../tests/fixtures/destinations/iana/ipv4.csv"),
    include_str!("../../../../../tests/fixtures/destinations/iana/ipv6.csv"),
];

/// Blocks that are reachable according to IANA, and nobody takes webhooks there.
const ANYCAST: [&str; 9] = [
    "192.0.0.9/32",
    "192.0.0.10/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:20::/28",
    "2001:30::/28",
];

struct Block {
    text: &'static str,
    first: u128,
    length: u32,
    is_v4: bool,
    reachable: bool,
}

impl Block {
    fn read(line: &'static str) -> Self {
        let mut cells = line.split(';');
        let (text, reachable) = (cells.next().unwrap(), cells.next().unwrap());
        let (address, length) = text.split_once('/').unwrap();
        let (first, is_v4) = match address.parse().unwrap() {
            IpAddr::V4(address) => (bits(address), true),
            IpAddr::V6(address) => (u128::from(address), false),
        };
        let length: u32 = length.parse().unwrap();
        Self {
            text,
            first,
            length: if is_v4 { length + 96 } else { length },
            is_v4,
            reachable: reachable == "True",
        }
    }

    /// The first, middle and last address, and some in between.
    fn samples(&self) -> Vec<u128> {
        let last = self.first | u128::MAX.checked_shr(self.length).unwrap_or(0);
        let size = last - self.first;
        (0..=16)
            .map(|part| self.first + size / 16 * part)
            .chain([last])
            .collect()
    }

    fn address(&self, number: u128) -> IpAddr {
        match self.is_v4 {
            true => Ipv4Addr::from(u32::try_from(number).unwrap()).into(),
            false => Ipv6Addr::from(number).into(),
        }
    }
}

fn blocks() -> Vec<Block> {
    let lines = REGISTRIES.iter().flat_map(|registry| registry.lines());
    lines.filter(|line| !line.starts_with('#')).map(Block::read).collect()
}

/// The most specific block decides.
#[test]
fn no_address_that_the_registries_call_unreachable_is_called() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 26 + 25);
    for block in &blocks {
        for number in block.samples() {
            let within = |other: &&Block| other.is_v4 == block.is_v4 && same_prefix(other.first, number, other.length);
            let specific = blocks.iter().filter(within).max_by_key(|other| other.length).unwrap();
            let address = block.address(number);
            let expected = match specific.text {
                // They are as their IPv4 address is.
                "::ffff:0:0/96" | "64:ff9b::/96" => {
                    reach(Ipv4Addr::from(u32::try_from(number & 0xffff_ffff).unwrap()).into()) == Reach::Public
                }
                text => specific.reachable && !ANYCAST.contains(&text),
            };
            assert_eq!(
                check(address, false).is_ok(),
                expected,
                "{address} in {}",
                specific.text
            );
        }
    }
}

#[test]
fn what_is_next_to_a_special_block_is_called() {
    for address in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2600:1f18::1",
        "2003::1",
        "3ffe::1",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ] {
        assert_eq!(reach(address.parse().unwrap()), Reach::Public, "{address}");
    }
}

#[test]
fn a_private_network_is_called_only_by_permission_and_metadata_never() {
    for (address, allowed) in [
        ("10.0.0.1", true),
        ("172.31.255.255", true),
        ("192.168.1.1", true),
        ("100.64.0.1", true),
        ("198.19.0.1", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("fd12:3456::1", true),
        ("fc00::1", true),
        ("::ffff:10.0.0.1", true),
        ("64:ff9b::10.0.0.1", true),
        ("169.254.169.254", false),
        ("169.254.170.2", false),
        ("fd00:ec2::254", false),
        ("fd00:ec2::23", false),
        ("::ffff:169.254.169.254", false),
        ("64:ff9b::169.254.169.254", false),
        ("64:ff9b:1::a00:1", false),
        ("2002:a00:1::", false),
        ("2002:a9fe:a9fe::", false),
        // Teredo of 10.0.0.1.
        ("2001:0:a00:1::", false),
        // IPv4-compatible, which is deprecated.
        ("::10.0.0.1", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
        ("224.0.0.1", false),
        ("0.0.0.0", false),
        ("255.255.255.255", false),
        ("::", false),
        ("4000::1", false),
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert!(check(address, false).is_err(), "{address}");
        assert_eq!(check(address, true).is_ok(), allowed, "{address}");
    }
}

#[test]
fn the_errors_say_what_to_do() {
    let error = |address: &str| check(address.parse().unwrap(), false).unwrap_err().to_string();
    insta::assert_snapshot!(error("10.1.2.3"), @r"
    10.1.2.3 is a private address; a destination that is meant to be in your own network needs `--allow-private`
    ");
    insta::assert_snapshot!(error("169.254.169.254"), @r"
    169.254.169.254 is a link-local or metadata address, which is never called
    ");
}
