//! What the network does to packets: delay, loss, damage, and too little of it.
//!
//! Every kind is a queueing discipline of the kernel's, netem, on the interfaces by which the named traffic goes. What
//! keeps the guest reachable is spared whatever the parameters say: see `shell/network.sh`.

mod netem;
mod scope;

use crate::kind::Kind;
use crate::parameters::{Given, Key, ParameterError};
use crate::script::Assignments;
use crate::value;

use netem::{Effect, Jitter, Ramp};

/// The keys of one kind, and after them those that every kind of the network has.
macro_rules! keys {
    ($($own:expr),* $(,)?) => {
        &[
            $($own,)*
            Key::optional(
                "to",
                "10.9.0.0/24 10.8.0.7:443",
                "the far ends: CIDR, CIDR:port, [IPv6/length]:port or :port, with spaces or commas between; without it all traffic",
            ),
            Key::optional("protocol", "tcp", "tcp, udp or any; default any"),
            Key::optional("direction", "out", "out, in or both; default out"),
            Key::optional("flows", "0.25", "the share of connections that it hits, told apart by port; default all"),
            Key::optional("region", "eu-central-1", "where the SSM agent's endpoints are, if they must be spared by address"),
        ]
    };
}

const CORRELATION: Key = Key::optional("correlation", "0.25", "how much each packet's fate depends on the last one's");
const RAMP: Key =
    Key::optional("ramp", "30s", "it grows for so long, and weakens for so long before its end; or as in 30s/1m");

const KIND: Kind = Kind {
    name: "",
    about: "",
    keys: &[],
    tools: &["tc", "ip", "cksum"],
    is_grave: false,
    shell: &[include_str!("../shell/network.sh")],
    read: latency,
};

pub(super) static LATENCY: Kind = Kind {
    name: "latency",
    about: "packets arrive late",
    keys: keys![
        Key::required("delay", "200ms", "how late, each way that is hit; at most 1m"),
        Key::optional("jitter", "50ms", "by how much the delay varies; packets overtake each other then"),
        Key::optional("distribution", "normal", "of the jitter: normal, pareto or paretonormal; default uniform"),
        CORRELATION,
        Key::optional("loss", "0.01", "how many of them do not arrive at all, each by itself; default none"),
        RAMP,
    ],
    read: latency,
    ..KIND
};

pub(super) static LOSS: Kind = Kind {
    name: "loss",
    about: "packets do not arrive",
    keys: keys![Key::required("share", "0.1", "how many of them"), CORRELATION, RAMP],
    read: loss,
    ..KIND
};

pub(super) static CORRUPT: Kind = Kind {
    name: "corrupt",
    about: "packets arrive with a wrong bit",
    keys: keys![Key::required("share", "0.01", "how many of them"), CORRELATION],
    read: corrupt,
    ..KIND
};

pub(super) static DUPLICATE: Kind = Kind {
    name: "duplicate",
    about: "packets arrive twice",
    keys: keys![Key::required("share", "0.1", "how many of them"), CORRELATION],
    read: duplicate,
    ..KIND
};

pub(super) static REORDER: Kind = Kind {
    name: "reorder",
    about: "packets overtake others",
    keys: keys![
        Key::required("share", "0.25", "how many of them go at once, while the others wait"),
        Key::optional("delay", "10ms", "how long the others wait; default 10ms, at most 1m"),
        CORRELATION,
    ],
    read: reorder,
    ..KIND
};

pub(super) static BANDWIDTH: Kind = Kind {
    name: "bandwidth",
    about: "packets pass at a low rate",
    keys: keys![Key::required("rate", "10mbit", "in bits per second: bit, kbit, mbit or gbit"), RAMP],
    read: bandwidth,
    ..KIND
};

fn latency(given: &mut Given) -> Result<Assignments, ParameterError> {
    let delay = given.required("delay", netem::delay)?;
    let size = given.optional("jitter", netem::delay)?;
    let distribution = given.optional("distribution", netem::distribution)?;
    let correlation = given.optional("correlation", value::share)?;
    let jitter = match size {
        Some(size) if size > delay => {
            return Err(ParameterError::Together(
                "jitter is at most delay: no packet arrives before it is sent".into(),
            ));
        }
        Some(size) => Some(Jitter { size, correlation, distribution }),
        None if distribution.is_some() || correlation.is_some() => {
            return Err(ParameterError::Together(
                "distribution and correlation say how a jitter varies: write one too, as in jitter=50ms".into(),
            ));
        }
        None => None,
    };
    let loss = given.optional("loss", value::share)?;
    let ramp = given.optional("ramp", Ramp::read)?;
    variables(given, &Effect::Delay { delay, jitter, loss }, ramp)
}

fn loss(given: &mut Given) -> Result<Assignments, ParameterError> {
    let (share, correlation) = share(given)?;
    let ramp = given.optional("ramp", Ramp::read)?;
    variables(given, &Effect::Share { what: "loss random", share, correlation }, ramp)
}

fn corrupt(given: &mut Given) -> Result<Assignments, ParameterError> {
    let (share, correlation) = share(given)?;
    variables(given, &Effect::Share { what: "corrupt", share, correlation }, None)
}

fn duplicate(given: &mut Given) -> Result<Assignments, ParameterError> {
    let (share, correlation) = share(given)?;
    variables(given, &Effect::Share { what: "duplicate", share, correlation }, None)
}

fn reorder(given: &mut Given) -> Result<Assignments, ParameterError> {
    let (share, correlation) = share(given)?;
    let delay = given.optional("delay", netem::delay)?.unwrap_or(10);
    variables(given, &Effect::Reorder { delay, share, correlation }, None)
}

fn bandwidth(given: &mut Given) -> Result<Assignments, ParameterError> {
    let rate = given.required("rate", netem::rate)?;
    let ramp = given.optional("ramp", Ramp::read)?;
    variables(given, &Effect::Rate(rate), ramp)
}

fn share(given: &mut Given) -> Result<(u32, Option<u32>), ParameterError> {
    Ok((given.required("share", value::share)?, given.optional("correlation", value::share)?))
}

fn variables(given: &mut Given, effect: &Effect, ramp: Option<Ramp>) -> Result<Assignments, ParameterError> {
    let mut all = effect.variables(ramp);
    all.extend(scope::variables(given)?);
    Ok(all)
}

#[cfg(test)]
mod tests;
