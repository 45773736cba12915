//! From what is wanted to what `tc` takes as arguments of netem.

use crate::script::{Assignments, LONGEST};
use crate::value;

/// Into how many steps a ramp is cut: fine enough that no step is a fault of its own.
const STAGES: u64 = 20;

/// Packets that may wait where nothing else bounds them. The kernel's own 1000 turns a delay into a loss.
const MANY: u64 = 100_000;

/// What may wait before a low rate, as a time: a longer queue would make of the rate a delay of seconds.
const QUEUE_MS: u64 = 200;

/// At least so many packets may wait, or a burst of small ones is lost at the lowest rates.
const FEW: u64 = 50;

/// A full packet on most links, in bits.
const PACKET_BITS: u64 = 1500 * 8;

/// The longest delay, in milliseconds: older kernels count it in 32 bits of 64 ns, which end at 274 s, and no protocol
/// that is worth a test waits longer than this.
const MAX_DELAY_MS: u64 = 60_000;

/// The lowest rate and the highest, in bits per second: one small packet a second, and more than any instance has.
const RATES: std::ops::RangeInclusive<u64> = 1000..=1_000_000_000_000;

/// What happens to packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// They wait for so many milliseconds, and a share of them is lost.
    Delay { delay: u64, jitter: Option<Jitter>, loss: Option<u32> },
    /// It happens to a share of them.
    Share { what: &'static str, share: u32, correlation: Option<u32> },
    /// A share of them does not wait.
    Reorder { delay: u64, share: u32, correlation: Option<u32> },
    /// They pass at so many bits per second.
    Rate(u64),
}

/// How a delay varies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Jitter {
    /// In milliseconds.
    pub(super) size: u64,
    pub(super) correlation: Option<u32>,
    pub(super) distribution: Option<&'static str>,
}

/// For how many seconds the strength rises at the start and falls before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ramp {
    pub(super) up: i64,
    pub(super) down: i64,
}

impl Ramp {
    /// `30s` for both, or `30s/1m`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (up, down) = text.split_once('/').unwrap_or((text, text));
        let seconds = |text| match simian_core::span::parse(text) {
            Ok(span) if span <= LONGEST => Ok(span.num_seconds()),
            _ => Err(format!("write it as in 30s, or 30s/1m for up and down; at most {}h", LONGEST.num_hours())),
        };
        Ok(Self { up: seconds(up)?, down: seconds(down)? })
    }
}

impl Effect {
    /// What the script needs: the arguments at each stage from the weakest to the strongest, one a line, and the ramp.
    pub(super) fn variables(&self, ramp: Option<Ramp>) -> Assignments {
        let stages = match ramp {
            None => self.at(1, 1),
            Some(_) => (1..=STAGES).map(|stage| self.at(stage, STAGES)).collect::<Vec<_>>().join("\n"),
        };
        let Ramp { up, down } = ramp.unwrap_or(Ramp { up: 0, down: 0 });
        vec![("stages", stages), ("up_s", up.to_string()), ("down_s", down.to_string())]
    }

    /// The arguments at a part of the strength.
    fn at(&self, part: u64, of: u64) -> String {
        // In microseconds, so that a part of a short time is not nothing.
        let time = |ms: u64| format!("{}us", ms * 1000 * part / of);
        match self {
            Effect::Delay { delay, jitter, loss } => {
                let jitter = jitter.as_ref().map_or_else(String::new, |Jitter { size, correlation, distribution }| {
                    let distribution = distribution.map_or_else(String::new, |table| format!(" distribution {table}"));
                    format!(" {}{}{distribution}", time(*size), correlated(*correlation))
                });
                let said = |share| format!(" loss random {}%", value::percent(weakened(share, part, of)));
                let loss = loss.map_or_else(String::new, said);
                format!("limit {MANY} delay {}{jitter}{loss}", time(*delay))
            }
            Effect::Share { what, share, correlation } => {
                let share = weakened(*share, part, of);
                format!("limit {MANY} {what} {}%{}", value::percent(share), correlated(*correlation))
            }
            Effect::Reorder { delay, share, correlation } => {
                let share = value::percent(*share);
                format!("limit {MANY} delay {} reorder {share}%{}", time(*delay), correlated(*correlation))
            }
            // Half the strength is twice the rate.
            Effect::Rate(rate) => {
                let rate = rate * of / part;
                format!("limit {} rate {rate}bit", limit(rate))
            }
        }
    }
}

/// A part of a share: never nothing, which netem takes for none at all.
fn weakened(share: u32, part: u64, of: u64) -> u32 {
    // Both are small: shares are at most 100 000.
    u32::try_from((u64::from(share) * part / of).max(1)).unwrap_or(u32::MAX)
}

fn correlated(share: Option<u32>) -> String {
    share.map_or_else(String::new, |share| format!(" {}%", value::percent(share)))
}

/// How many packets may wait before a rate in bits per second.
fn limit(rate: u64) -> u64 {
    (rate * QUEUE_MS / 1000 / PACKET_BITS).clamp(FEW, MANY)
}

/// A time by which packets can be delayed, in milliseconds.
pub(super) fn delay(text: &str) -> Result<u64, String> {
    match value::milliseconds(text)? {
        0 => Err("it delays nothing: write it as in 200ms or 2s".into()),
        ms if ms > MAX_DELAY_MS => Err("at most 1m: whoever waits longer has given up".into()),
        ms => Ok(ms),
    }
}

/// The name of a table that `tc` has.
pub(super) fn distribution(text: &str) -> Result<&'static str, String> {
    match text {
        "normal" => Ok("normal"),
        "pareto" => Ok("pareto"),
        "paretonormal" => Ok("paretonormal"),
        _ => Err("write normal, pareto or paretonormal; without it the jitter is uniform".into()),
    }
}

/// A rate, in bits per second.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    let wrong = || "write it as in 10mbit: a whole number and bit, kbit, mbit or gbit".to_owned();
    if text.ends_with("bps") {
        return Err("`bps` are bytes to tc and bits to everybody else: write it as in 10mbit".into());
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let each = match unit {
        "bit" => 1,
        "kbit" => 1_000,
        "mbit" => 1_000_000,
        "gbit" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    let rate = number.parse::<u64>().ok().and_then(|number| number.checked_mul(each)).ok_or_else(wrong)?;
    if RATES.contains(&rate) { Ok(rate) } else { Err("a rate is from 1kbit to 1000gbit".into()) }
}
