//! What cannot be taken back, or breaks what the end relies on: each is allowed by name or not at all.

use simian_core::span;

use crate::kind::Kind;
use crate::parameters::Key;
use crate::value;

/// The furthest that a clock is set, in seconds: a month. More is a typing error.
const MAX_SKEW: i64 = 31 * 86_400;

pub(super) static CLOCK_SKEW: Kind = Kind {
    name: "clock-skew",
    about: "sets the clock ahead or back; AWS refuses what is signed by a clock that is minutes off",
    keys: &[Key::required("by", "+10m", "how far, with its sign")],
    tools: &["date"],
    is_grave: true,
    shell: &[include_str!("../shell/clock_skew.sh")],
    read: |given| Ok(vec![("by_s", given.required("by", skew)?.to_string())]),
};

fn skew(text: &str) -> Result<i64, String> {
    let wrong = || "write how far with its sign, as in +10m or -30s: 6 seconds to a month".to_owned();
    let (sign, span) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(span), _) => (1, span),
        (_, Some(span)) => (-1, span),
        _ => return Err(wrong()),
    };
    let seconds = span::parse(span).map_err(|_| wrong())?.num_seconds();
    if (6..=MAX_SKEW).contains(&seconds) { Ok(sign * seconds) } else { Err(wrong()) }
}

pub(super) static KERNEL_PANIC: Kind = Kind {
    name: "kernel-panic",
    about: "crashes the kernel; the guest starts again by itself, and nothing takes that back",
    keys: &[
        Key::optional("after", "3s", "how long after it was applied; until then it can be undone; default 3s"),
        Key::optional("reboot", "10s", "how long after the crash the guest starts again; default 10s"),
    ],
    tools: &[],
    is_grave: true,
    shell: &[include_str!("../shell/kernel_panic.sh")],
    read: |given| {
        let after = given.optional("after", value::seconds)?.unwrap_or(3);
        let reboot = given.optional("reboot", value::seconds)?.unwrap_or(10);
        Ok(vec![("after_s", after.to_string()), ("reboot_s", reboot.to_string())])
    },
};
