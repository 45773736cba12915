//! The log: on standard error, for a terminal as text, for everything else as JSON.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// Begins to log from that level on. `RUST_LOG` narrows or widens.
pub(super) fn log(default: &str) {
    // The SDK warns of credentials on the way to the error that we show: a failure is told once.
    let filter = format!("{default},aws_config=error");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let filter = filter.and(filter_fn(|metadata| may_be_told(*metadata.level(), metadata.target())));
    let logs = fmt::layer().with_writer(std::io::stderr).with_target(false);
    if std::io::stderr().is_terminal() {
        tracing_subscriber::registry().with(logs.with_filter(filter)).init();
    } else {
        tracing_subscriber::registry().with(logs.json().flatten_event(true).with_filter(filter)).init();
    }
}

/// Whether somebody may ask for it. Not what others trace: the AWS SDK traces whole answers, settings of profiles and what
/// a credential process printed, and an HTTP client whole requests.
fn may_be_told(level: Level, target: &str) -> bool {
    level != Level::TRACE || target == "simian" || target.starts_with("simian::") || target.starts_with("simian_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_trace_is_never_told() {
        for (target, trace) in [
            ("simian", true),
            ("simian::round", true),
            ("simian_aws::account", true),
            ("simianesque", false),
            ("aws_config::credential_process", false),
            ("aws_smithy_runtime::client::orchestrator::http", false),
            ("hyper::proto::h1::conn", false),
            ("reqwest::connect", false),
        ] {
            assert_eq!(may_be_told(Level::TRACE, target), trace, "{target}");
            assert!(may_be_told(Level::DEBUG, target), "{target}");
        }
    }
}
