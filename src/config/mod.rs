//! The configuration: one strict TOML file, read whole or not at all.
//!
//! [`Config`] is what the daemon goes by; whoever holds one knows that every value in it makes sense together with
//! all the others. The way there is `document` (tables with their places in the file), `read` (a value each),
//! `schema` (which keys there are, and what they must agree on), `monkey` (tables that belong to a monkey's own
//! crate), `units` and `faults` (the tables of monkeys that hit units, and of what lasts) and `ics` (calendar files that the text names). `effective` goes the other way: what counts, for people. A
//! mistake never stops the reading: an operator should mend the file once, not once a mistake.
//!
//! What may not happen here: no environment variable is read, no key is ignored, no value is mended silently, and
//! nothing is opened but the named file, and the templates and calendars that it names.

mod document;
mod effective;
mod error;
mod faults;
mod file;
mod ics;
mod monkey;
mod read;
mod report;
mod schema;
#[cfg(test)]
mod tests;
mod units;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use simian_core::event::hex;
use simian_core::rails::{Alarms, Budgets, Candidates, Disposals, FaultRules, Floors, HeldBack};
use simian_core::{AccountId, Calendar, ChangeCalendar, Kind, Mode, Policy, Region, TagRules};

pub use effective::{Effective, HIDDEN, Origin, Setting};
pub use error::{ConfigError, Problem};
use file::Unreadable;
pub use report::ReportConfig;

use crate::outage::Hook;
use crate::private::Private;
use crate::registry;
use crate::sinks::webhook::{Address, SecretSource, Template};

/// The largest file that is read, in bytes. A config of a hundred accounts has some ten thousand; whoever names a
/// larger file has named the wrong one.
pub const MAX_BYTES: u64 = 1 << 20;

/// The seed of the shipped example. Everybody knows it, so everybody could foretell what it draws.
pub const EXAMPLE_SEED: &str = "change me";

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The operator's first word: live is possible only where this and the account's own mode say so.
    pub mode: Mode,
    /// What the dice are seeded with. Who knows it knows the day.
    pub seed: Private,
    /// When anything may be done.
    pub calendar: Calendar,
    /// Change Calendars in AWS that must be open besides, in every account.
    pub change_calendars: Vec<ChangeCalendar>,
    /// What tags mean, and what counts where they say nothing.
    pub tags: TagRules,
    /// The accounts, at least one; names and ids are unique.
    pub accounts: Vec<AccountConfig>,
    /// Where history and claims are kept.
    pub ledger: LedgerConfig,
    /// How long the ledger remembers; `None` for ever.
    pub keep: Option<TimeDelta>,
    /// Who is told.
    pub sinks: Sinks,
    /// Reports as files, once a day; `None` for none.
    pub report: Option<ReportConfig>,
    /// The control socket, absolute or relative to the working directory; `None` for none.
    pub control: Option<PathBuf>,
    /// The file that pauses everything while it is there, absolute or relative to the working directory; `None` for none.
    pub pause_file: Option<PathBuf>,
    /// How much may be done.
    pub budgets: Budgets,
    /// What must be left.
    pub floors: Floors,
    /// How far a survey may differ from the last.
    pub candidates: Candidates,
    /// The alarms that hold and stop everything.
    pub alarms: Alarms,
    /// Who is asked whether this is a bad moment.
    pub outage: Option<Hook>,
    /// A launch that failed so recently says that the next would fail too.
    pub failed_launch: TimeDelta,
    /// How far our clock may be from AWS's.
    pub max_skew: TimeDelta,
    /// So many failed recoveries in a row stop everything; `None` for never.
    pub breaker: Option<u32>,
    /// Rails that are off, by name.
    pub disabled_rails: BTreeSet<String>,
    /// How what was done is followed.
    pub watch: WatchConfig,
    /// Which faults that last may be done, for how long, and what they are like.
    pub faults: FaultRules,
    /// The chaos monkey's own table.
    pub chaos: simian_chaos::Config,
    /// The latency monkey's own table.
    pub latency: simian_latency::Config,
    /// What tags mean to the latency monkey, and what counts where they say nothing.
    pub slow: TagRules,
    /// The janitor's own table.
    pub janitor: simian_janitor::Config,
    /// The conformity monkey's own table.
    pub conformity: simian_conformity::Config,
    /// What waste costs.
    pub prices: simian_janitor::Prices,
    /// SHA-256 in hex of the file's text, followed by those of the calendar files that it names: which configuration
    /// an event was written under. Without such files it is what `sha256sum` says of the file.
    pub digest: String,
}

/// One account that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    /// What people call it.
    pub name: String,
    /// Its id, asserted before anything else.
    pub id: AccountId,
    /// The role to assume; `None` for the daemon's own credentials.
    pub role_arn: Option<String>,
    /// Its regions: at least one, each once.
    pub regions: Vec<Region>,
    /// The operator's second word, for this account.
    pub mode: Mode,
    /// What single monkeys may do in it at most, where that was said.
    pub modes: BTreeMap<String, Mode>,
}

/// Where history and claims are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerConfig {
    /// Nowhere: they end with the process. For rehearsals.
    Memory,
    /// In a file.
    Sqlite {
        /// The file, absolute or relative to the working directory.
        path: PathBuf,
    },
}

/// Who is told of events besides the ledger. No sink is fine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sinks {
    /// An SNS topic.
    pub sns: Option<SnsSink>,
    /// Web servers; names are unique.
    pub webhooks: Vec<WebhookConfig>,
    /// One JSON event a line on standard output.
    pub stdout: bool,
}

/// An SNS topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsSink {
    /// Its ARN.
    pub topic_arn: String,
}

/// A web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// What people and the ledger's cursor call it.
    pub name: String,
    /// Where to.
    pub address: Address,
    /// What writes the body; `None` for the event's canonical JSON.
    pub template: Option<Template>,
    /// What the body is.
    pub content_type: String,
    /// What signs it, and where that is kept.
    pub secret: Option<SecretSource>,
    /// More headers.
    pub headers: Vec<(String, Private)>,
    /// How long a request may take.
    pub timeout: TimeDelta,
    /// The kinds of events that are told.
    pub kinds: Vec<Kind>,
}

impl WebhookConfig {
    /// How long a request may take if nobody says it.
    pub const TIMEOUT: TimeDelta = TimeDelta::seconds(10);
}

/// Whether a media type is JSON. Source: RFC 6839, section 3.1.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// How what was done is followed until it recovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchConfig {
    /// How often the account is looked at while something recovers.
    pub every: TimeDelta,
    /// How long a recovery may take before it counts as failed.
    pub deadline: TimeDelta,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self { every: TimeDelta::seconds(30), deadline: TimeDelta::minutes(15) }
    }
}

impl Config {
    /// Reads a file. Relative paths in it start from `state_directory` (systemd's `$STATE_DIRECTORY`, of which the
    /// first counts when there are several), else from the file's folder.
    pub fn load(path: &Path, state_directory: Option<&Path>) -> Result<Config, ConfigError> {
        let file = path.display().to_string();
        let text = text_of(path, &file)?;
        Config::parse(&file, &text, state_directory)
    }

    /// Reads a text that is known as `file_name`: errors name it, and relative paths start from its folder.
    pub fn parse(file_name: &str, text: &str, state_directory: Option<&Path>) -> Result<Config, ConfigError> {
        let base = base(file_name, state_directory);
        schema::read(file_name, text, &schema::Rules { base: &base, sandbox: false })
    }

    /// Reads a config for the simulated account, where a live daemon may forget everything with its process.
    pub fn parse_sandbox(file_name: &str, text: &str) -> Result<Config, ConfigError> {
        schema::read(file_name, text, &schema::Rules { base: &base(file_name, None), sandbox: true })
    }

    /// What the rails of an account go by.
    pub fn policy(&self, account: &AccountConfig) -> Policy {
        let mut modes = account.modes.clone();
        for kind in registry::KINDS.iter().filter(|kind| (kind.mode)(self) == Mode::DryRun) {
            modes.insert(kind.name.to_owned(), Mode::DryRun);
        }
        Policy {
            account: account.id.clone(),
            mode: self.mode_of(account),
            modes,
            held_back: self.held_back(account),
            veto: self.chaos.veto,
            vetoes: (self.latency.veto != self.chaos.veto)
                .then(|| (simian_latency::NAME.to_owned(), self.latency.veto))
                .into_iter()
                .collect(),
            calendar: self.calendar.clone(),
            change_calendars: self.change_calendars.clone(),
            tags: self.tags.clone(),
            // Nobody surveys for who does not run.
            tags_of: self
                .latency
                .enabled
                .then(|| (simian_latency::NAME.to_owned(), self.slow.clone()))
                .into_iter()
                .collect(),
            faults: self.faults.clone(),
            budgets: self.budgets.clone(),
            floors: self.floors.clone(),
            candidates: self.candidates.clone(),
            alarms: self.alarms.clone(),
            outage: self.outage.as_ref().map(ToString::to_string),
            failed_launch: self.failed_launch,
            max_skew: self.max_skew,
            breaker: self.breaker,
            recovery: self.watch.deadline,
            disposals: Disposals {
                delete: self.janitor.delete.clone(),
                notice_days: self.janitor.notice_days,
                max_marks: self.janitor.max_marks,
                max_deletes: self.janitor.max_deletes,
                max_delete_percent: self.janitor.max_delete_percent,
            },
            disabled: self.disabled_rails.clone(),
        }
    }

    /// The words that say dry-run for an account, each by its key.
    fn held_back(&self, account: &AccountConfig) -> Vec<HeldBack> {
        let name = &account.name;
        let general = [("mode".to_owned(), self.mode), (format!("the mode of account {name}"), account.mode)];
        let own =
            account.modes.iter().map(|(monkey, mode)| (format!("modes.{monkey} of account {name}"), monkey, mode));
        let own = own.map(|(key, monkey, mode)| (key, Some(monkey.clone()), *mode));
        let words = general.into_iter().map(|(key, mode)| (key, None, mode)).chain(own);
        words
            .chain(
                registry::KINDS
                    .iter()
                    .map(|kind| (format!("monkeys.{}.mode", kind.name), Some(kind.name.to_owned()), (kind.mode)(self))),
            )
            .filter(|(_, _, mode)| *mode == Mode::DryRun)
            .map(|(key, monkey, _)| HeldBack { key, monkey })
            .collect()
    }

    /// What must be left, as far as a rail holds to it.
    pub fn floors_that_count(&self) -> Floors {
        let counts = |rail: &str, floor| if self.disabled_rails.contains(rail) { 0 } else { floor };
        Floors { healthy: counts("healthy_floor", self.floors.healthy), zone: counts("zone_floor", self.floors.zone) }
    }

    /// What really counts for an account: live only when both words say so.
    pub fn mode_of(&self, account: &AccountConfig) -> Mode {
        self.mode.and(account.mode)
    }

    /// Whether anything may be done for real in any account.
    pub fn is_live(&self) -> bool {
        self.accounts.iter().any(|account| self.mode_of(account) == Mode::Live)
    }
}

/// The dates of a zone that the events of a calendar file's text close (iCalendar, RFC 5545), each with the name of the
/// first event that does. The error names the event or the line, and the remedy.
pub fn closed_by(text: &str, zone: Tz) -> Result<BTreeMap<NaiveDate, String>, String> {
    ics::closed(text, zone)
}

/// The digest of a text, and of the calendars that belong to it by theirs.
fn digest(text: &str, calendars: &[String]) -> String {
    let mut whole = Sha256::new_with_prefix(text);
    for calendar in calendars {
        whole.update(calendar);
    }
    hex(&whole.finalize())
}

/// Where relative paths start.
fn base(file_name: &str, state_directory: Option<&Path>) -> PathBuf {
    // systemd.exec(5): several state directories are joined with colons.
    let first = state_directory.and_then(Path::to_str).and_then(|list| list.split(':').find(|part| !part.is_empty()));
    match first {
        Some(directory) => PathBuf::from(directory),
        None => Path::new(file_name).parent().unwrap_or(Path::new("")).to_owned(),
    }
}

fn text_of(path: &Path, file: &str) -> Result<String, ConfigError> {
    file::text_of(path, MAX_BYTES).map_err(|error| {
        let why = match error {
            Unreadable::Missing => "there is no such file: create it, or name another with --config".to_owned(),
            Unreadable::Forbidden => {
                "this user may not read it: let the daemon's group read it (`chmod 0640`), or name \
                                      another with --config"
                    .to_owned()
            }
            Unreadable::Directory => {
                let inside = path.join("simian.toml").display().to_string();
                format!("it is a directory: name the file in it, as in {inside}")
            }
            Unreadable::TooLarge => {
                format!("it is larger than {} KiB, so it is no config: name another with --config", MAX_BYTES >> 10)
            }
            Unreadable::NotText { line, column } => {
                format!("byte {column} of line {line} begins no UTF-8 character: save the file as UTF-8")
            }
            Unreadable::Other(error) => format!("it cannot be read ({error}): name a file that can be with --config"),
        };
        ConfigError::Unreadable { file: file.to_owned(), why }
    })
}
