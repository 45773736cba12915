use std::net::IpAddr;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::netem::rate;
use super::scope::{Target, masks};
use crate::kind::{Fault, Kind};
use crate::script::{Held, Verb};

const KINDS: [&str; 6] = ["latency", "loss", "corrupt", "duplicate", "reorder", "bandwidth"];

fn variable(fault: &Fault, name: &str) -> String {
    fault.variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()).unwrap()
}

fn stages(kind: &str, parameters: &[(&str, &str)]) -> String {
    variable(&Fault::example(kind, parameters.iter().copied()).unwrap(), "stages")
}

fn mistake(kind: &str, parameters: &[(&str, &str)]) -> String {
    Fault::example(kind, parameters.iter().copied()).unwrap_err().to_string()
}

#[test]
fn a_kind_is_what_netem_is_told() {
    assert_eq!(stages("latency", &[]), "limit 100000 delay 200000us");
    assert_eq!(
        stages(
            "latency",
            &[("delay", "2s"), ("jitter", "50ms"), ("correlation", "25%"), ("distribution", "paretonormal")]
        ),
        "limit 100000 delay 2000000us 50000us 25.000% distribution paretonormal"
    );
    assert_eq!(
        stages("latency", &[("jitter", "50ms"), ("distribution", "normal"), ("loss", "1%")]),
        "limit 100000 delay 200000us 50000us distribution normal loss random 1.000%"
    );
    assert_eq!(stages("loss", &[("share", "0.5%"), ("correlation", "0.1")]), "limit 100000 loss random 0.500% 10.000%");
    assert_eq!(stages("corrupt", &[]), "limit 100000 corrupt 1.000%");
    assert_eq!(stages("duplicate", &[]), "limit 100000 duplicate 10.000%");
    assert_eq!(stages("reorder", &[]), "limit 100000 delay 10000us reorder 25.000%");
    assert_eq!(stages("bandwidth", &[]), "limit 166 rate 10000000bit");
}

#[test]
fn what_waits_before_a_rate_is_bounded_by_time() {
    for (rate, limit) in [("1kbit", 50), ("1mbit", 50), ("100mbit", 1666), ("1gbit", 16_666), ("1000gbit", 100_000)] {
        let said = stages("bandwidth", &[("rate", rate)]);
        assert!(said.starts_with(&format!("limit {limit} ")), "{rate}: {said}");
    }
}

#[test]
fn a_ramp_ends_at_the_full_strength() {
    let delays = stages("latency", &[("ramp", "30s")]);
    assert_eq!(delays.lines().count(), 20);
    assert_eq!(delays.lines().next(), Some("limit 100000 delay 10000us"));
    assert_eq!(delays.lines().last(), Some("limit 100000 delay 200000us"));
    let both = stages("latency", &[("loss", "0.1"), ("ramp", "30s")]);
    assert_eq!(both.lines().next(), Some("limit 100000 delay 10000us loss random 0.500%"));
    assert_eq!(both.lines().last(), Some("limit 100000 delay 200000us loss random 10.000%"));
    let rates = stages("bandwidth", &[("ramp", "30s/1m")]);
    assert_eq!(rates.lines().next(), Some("limit 3333 rate 200000000bit"));
    assert_eq!(rates.lines().last(), Some("limit 166 rate 10000000bit"));
    // A part of next to nothing is still something: netem takes a loss of 0 for none at all.
    assert_eq!(
        stages("loss", &[("share", "0.001%"), ("ramp", "1m")]).lines().next(),
        Some("limit 100000 loss random 0.001%")
    );
    let fault = Fault::example("loss", [("ramp", "30s/1m")]).unwrap();
    assert_eq!((variable(&fault, "up_s"), variable(&fault, "down_s")), ("30".into(), "60".into()));
}

#[test]
fn far_ends_become_entries_by_family_and_protocol() {
    let of = |parameters: &[(&str, &str)]| {
        variable(&Fault::example("latency", parameters.iter().copied()).unwrap(), "targets")
    };
    assert_eq!(of(&[]), "ip,any,any,any,near ipv6,any,any,any,near");
    assert_eq!(
        of(&[("to", "10.9.0.7/24, [fd00::/8]:443"), ("protocol", "tcp")]),
        "ip,10.9.0.0/24,6,any,far ipv6,fd00::/8,6,443,near"
    );
    // Ports are of TCP and of UDP, and so are connections.
    assert_eq!(of(&[("to", ":443")]), "ip,any,6,443,near ip,any,17,443,near ipv6,any,6,443,near ipv6,any,17,443,near");
    assert_eq!(of(&[("to", "10.9.0.7"), ("flows", "0.5")]), "ip,10.9.0.7/32,6,any,far ip,10.9.0.7/32,17,any,far");
    assert_eq!(of(&[("to", "0.0.0.0/0")]), "ip,any,any,any,far");
}

#[test]
fn the_way_is_asked_for_hosts() {
    let of = |to| variable(&Fault::example("latency", [("to", to)]).unwrap(), "probes");
    assert_eq!(of("10.9.0.0/24 10.9.0.7"), "4,10.9.0.0/24,10.9.0.1,10.9.0.254 4,10.9.0.7/32,10.9.0.7,10.9.0.7");
    assert_eq!(of("10.9.0.8/31 fd00::/120"), "4,10.9.0.8/31,10.9.0.8,10.9.0.9 6,fd00::/120,fd00::,fd00::ff");
    assert_eq!(of(":443 0.0.0.0/0"), "default");
}

#[test]
fn only_what_may_reach_the_agent_must_spare_it() {
    let of =
        |parameters: &[(&str, &str)]| variable(&Fault::example("loss", parameters.iter().copied()).unwrap(), "is_open");
    for open in [&[][..], &[("protocol", "tcp")], &[("to", ":443")], &[("to", "10.0.0.0/8 ::/0")]] {
        assert_eq!(of(open), "yes", "{open:?}");
    }
    for limited in [&[("to", "10.0.0.0/8")][..], &[("to", ":5432")], &[("to", ":443"), ("protocol", "udp")]] {
        assert_eq!(of(limited), "no", "{limited:?}");
    }
}

#[test]
fn mistakes_are_said_with_the_remedy() {
    let all = [
        Fault::read("latency", []).unwrap_err().to_string(),
        Fault::read("bandwidth", []).unwrap_err().to_string(),
        mistake("latency", &[("delay", "0ms")]),
        mistake("latency", &[("delay", "200")]),
        mistake("latency", &[("delay", "5m")]),
        mistake("latency", &[("jitter", "300ms")]),
        mistake("latency", &[("distribution", "normal")]),
        mistake("latency", &[("jitter", "1ms"), ("distribution", "uniform")]),
        mistake("latency", &[("ramp", "soon")]),
        mistake("latency", &[("loss", "0")]),
        mistake("loss", &[("share", "110%")]),
        mistake("corrupt", &[("ramp", "30s")]),
        mistake("bandwidth", &[("rate", "10mbps")]),
        mistake("bandwidth", &[("rate", "10")]),
        mistake("bandwidth", &[("rate", "10bit")]),
        mistake("loss", &[("to", "")]),
        mistake("loss", &[("to", "example.com:443")]),
        mistake("loss", &[("to", "10.0.0.0/33")]),
        mistake("loss", &[("to", "10.0.0.1:0")]),
        mistake("loss", &[("to", "[fd00::1]443")]),
        mistake("loss", &[("to", "10.0.0.1 169.254.169.254")]),
        mistake("loss", &[("to", "fd00:ec2::254")]),
        mistake("loss", &[("to", ":123"), ("protocol", "udp")]),
        mistake("loss", &[("to", &"10.0.0.1 ".repeat(33))]),
        mistake("loss", &[("protocol", "icmp")]),
        mistake("loss", &[("direction", "up")]),
        mistake("loss", &[("flows", "0")]),
        mistake("loss", &[("region", "x'; reboot")]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_whole_script() {
    let parameters = [("to", "10.9.0.0/24 [fd09::/64]:443"), ("flows", "0.3"), ("ramp", "30s")];
    let fault = Fault::example("latency", parameters).unwrap();
    let held = Held::new("slow", TimeDelta::minutes(5), TimeDelta::minutes(10)).unwrap();
    insta::assert_snapshot!(fault.script(&held, Some(Verb::Apply)));
}

#[test]
fn rates_are_in_bits() {
    assert_eq!(rate("10mbit"), Ok(10_000_000));
    assert_eq!(rate("64kbit"), Ok(64_000));
    for bad in ["", "mbit", "1.5mbit", "-1mbit", "10MBit", "99999999999999999999gbit", "2000gbit"] {
        assert!(rate(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn masks_cover_exactly_that_many_parts(parts in 1_u32..256) {
        let pairs: Vec<(u16, u16)> = masks(parts)
            .iter()
            .map(|text| {
                let (value, mask) = text.split_once('/').unwrap();
                let hex = |text: &str| u16::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
                (hex(value), hex(mask))
            })
            .collect();
        prop_assert!(pairs.len() <= 8);
        // Of every 512 ports: each part is two of them, one even and one odd, and no part is hit twice.
        let hits = |port: u16| pairs.iter().filter(|(value, mask)| port & mask == *value).count();
        for base in [0_u16, 32_768, 65_024] {
            let of: Vec<usize> = (base..=base + 511).map(hits).collect();
            prop_assert!(of.iter().all(|n| *n <= 1));
            prop_assert_eq!(of.iter().sum::<usize>(), 2 * parts as usize);
            prop_assert_eq!(of.iter().step_by(2).sum::<usize>(), parts as usize);
        }
    }

    #[test]
    fn a_far_end_reads_as_it_is_written(address: IpAddr, length in 0_u8..=128, port in proptest::option::of(1_u16..)) {
        let length = if address.is_ipv4() { length.min(32) } else { length };
        let written = match (address, port) {
            (address, None) => format!("{address}/{length}"),
            (IpAddr::V4(address), Some(port)) => format!("{address}/{length}:{port}"),
            (IpAddr::V6(address), Some(port)) => format!("[{address}/{length}]:{port}"),
        };
        let net = ipnet::IpNet::new(address, length).unwrap().trunc();
        prop_assert_eq!(Target::read(&written), Ok(Target { net: Some(net), port }));
    }

    /// Nothing that anybody writes reaches the shell as anything but the words that are its own.
    #[test]
    fn no_text_gets_through(key in 0_usize..20, text in "\\PC{0,24}") {
        for name in KINDS {
            let kind = Kind::find(name).unwrap();
            let key = kind.keys[key % kind.keys.len()];
            if let Ok(fault) = Fault::example(name, [(key.name, text.as_str())]) {
                for (name, value) in &fault.variables {
                    prop_assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b" \n,./:%-".contains(&b)), "{name}={value}");
                }
            }
        }
    }
}
