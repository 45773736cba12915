//! Which keys there are, what they are when nobody writes them, and what they must agree on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use simian_core::calendar::{Freeze, Holidays, Hours, Weekdays};
use simian_core::rails::{Alarms, Budgets, Candidates, Floors, RAILS};
use simian_core::{AccountId, Calendar, ChangeCalendar, History, Mode, TagRules};
use toml::de::DeTable;

use super::document::{Document, Table};
use super::read::{
    HolidaySource, account_in, boolean, count, date, days, holiday, limit, mode, name, parsed, path, private, role_arn,
    span, tag_key, tag_prefix, tag_value, text, topic_arn, weekday, zone,
};
use super::{
    AccountConfig, Config, ConfigError, EXAMPLE_SEED, LedgerConfig, Sinks, SnsSink, WatchConfig, digest, faults,
    monkey, report, units, webhook,
};
use crate::outage::{Asked, Hook};
use crate::private::Private;
use crate::registry::KINDS;

/// What is not in the file and still counts.
pub(super) struct Rules<'r> {
    /// Where relative paths start.
    pub(super) base: &'r Path,
    /// The account is simulated: a live daemon may forget.
    pub(super) sandbox: bool,
}

/// The most that a fleet may be allowed to grow from one survey to the next, in percent: a hundredfold is no limit
/// any more.
const MAX_GROWTH: u32 = 10_000;

/// The largest skew that may be allowed. AWS refuses requests that are signed more than five minutes off.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Looking more often would throttle the account for everybody; more rarely, a recovery would be measured too coarsely.
const WATCH_EVERY: (TimeDelta, TimeDelta) = (TimeDelta::seconds(5), TimeDelta::minutes(10));

/// No group replaces an instance within a minute; what is not back after a day is not recovering.
const WATCH_DEADLINE: (TimeDelta, TimeDelta) = (TimeDelta::minutes(1), TimeDelta::hours(24));

/// The longest that a ledger may be told to remember, in days: a century is as good as for ever.
const MAX_KEEP: i64 = 36_500;

/// The most Change Calendars: each is a call whenever something is to be judged.
const MAX_CALENDARS: usize = 10;

/// The longest path of a socket, in bytes. Source: unix(7), `sun_path` with its final zero.
const MAX_SOCKET: usize = 107;

/// Reads a whole text.
pub(super) fn read(file: &str, text: &str, rules: &Rules<'_>) -> Result<Config, ConfigError> {
    read_with_keys(file, text, rules).map(|(config, _)| config)
}

/// Reads a whole text, and says which keys were looked for in it, whether they are there or not.
pub(super) fn read_with_keys(
    file: &str,
    text: &str,
    rules: &Rules<'_>,
) -> Result<(Config, BTreeSet<String>), ConfigError> {
    let document = Document::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let why = format!("this is no TOML ({}): mend this line", error.message());
        document.problem(error.span().map_or(0, |span| span.start), "", &why);
    }
    // What cannot be parsed would only draw wrong conclusions from the rest.
    let parsed = errors.is_empty();
    let config = parsed.then(|| Table::root(&document, root.get_ref(), |root| config(root, text, rules))).flatten();
    let keys = document.finish()?;
    Ok((config.unwrap_or_else(|| unreachable!("whatever is missing was noted, and nothing was")), keys))
}

/// The keys that there are, with lists as `account[0]`: what a text that uses everything would ask for.
#[cfg(test)]
pub(super) fn keys(text: &str) -> BTreeSet<String> {
    let document = Document::new("all.toml", text);
    let (root, _) = DeTable::parse_recoverable(text);
    let rules = Rules { base: Path::new(""), sandbox: false };
    Table::root(&document, root.get_ref(), |root| config(root, text, &rules));
    document.finish().unwrap()
}

/// `None` only when something was wrong, and noted.
fn config(root: &mut Table<'_>, text: &str, rules: &Rules<'_>) -> Option<Config> {
    let mode = root.get("mode", mode).unwrap_or_default();
    let accounts = accounts(root);
    let live = accounts.iter().flatten().any(|account| mode.and(account.mode) == Mode::Live);
    let seed = root.table("dice", |dice| seed(dice, live));
    let ((calendar, files), change_calendars) =
        root.table("hours", |table| (hours(table, rules), change_calendars(table)));
    let mut tags = root.table("tags", tags);
    tags.mapped = root.table("opt_in", |opt_in| mapped(opt_in, &tags));
    let (ledger, keep) = root.table("ledger", |ledger| (self::ledger(ledger, live, rules), keep(ledger)));
    let sinks = root.table("sinks", |sinks| self::sinks(sinks, rules));
    let report = root.table("report", |table| report::report(table, rules));
    let (control, pause_file) = root.table("control", |control| (socket(control, rules), pause_file(control, rules)));
    let budgets = root.table("budgets", budgets);
    let floors = root.table("floors", floors);
    let rails = root.table("rails", rails);
    let watch = root.table("watch", watch);
    let hours = calendar.as_ref().map(|calendar| calendar.hours);
    let faults = root.table("faults", faults::faults);
    let ((chaos, defaults), (latency, slow), janitor, conformity) = root.table("monkeys", |monkeys| {
        let chaos = monkeys.table("chaos", |table| units::chaos(table, hours, &faults));
        let latency = monkeys.table("latency", |table| units::latency(table, hours));
        (chaos, latency, monkeys.table("janitor", janitor), monkeys.table("conformity", conformity))
    });
    let prices = root.table("prices", prices);
    tags.defaults = defaults;
    let slow = units::tags_of_latency(&tags, &latency, slow, &faults);
    Some(Config {
        mode,
        seed: seed?,
        calendar: calendar?,
        change_calendars,
        tags,
        accounts: accounts.into_iter().collect::<Option<_>>()?,
        ledger: ledger?,
        keep,
        sinks,
        report,
        control,
        pause_file,
        budgets,
        floors,
        candidates: rails.candidates,
        alarms: rails.alarms,
        outage: rails.outage,
        failed_launch: rails.failed_launch,
        max_skew: rails.max_skew,
        breaker: rails.breaker,
        disabled_rails: rails.disabled,
        watch,
        faults,
        chaos,
        slow,
        latency,
        janitor,
        conformity,
        prices,
        digest: digest(text, &files),
    })
}

fn seed(dice: &mut Table<'_>, live: bool) -> Option<Private> {
    let seed = dice.need("seed", "\"a sentence of your own\"", private)?;
    if live && seed.open() == EXAMPLE_SEED {
        dice.wrong("seed", "it is still the example's, so anybody can foretell the dice: write a secret of your own");
    }
    Some(seed)
}

fn accounts(root: &mut Table<'_>) -> Vec<Option<AccountConfig>> {
    let seen: std::cell::RefCell<(Vec<String>, Vec<AccountId>)> = std::cell::RefCell::default();
    let read = root.tables("account", |account| {
        let (names, ids) = &mut *seen.borrow_mut();
        let name = account.need("name", "\"staging\"", name);
        if let Some(name) = &name {
            if names.contains(name) {
                account.wrong("name", &format!("another account is called `{name}` already: choose another name"));
            }
            names.push(name.clone());
        }
        let id = account.need("id", "\"123456789012\"", parsed::<AccountId>);
        if let Some(id) = &id {
            if ids.contains(id) {
                account.wrong("id", &format!("account {id} is there already: add its regions to that one"));
            }
            ids.push(id.clone());
        }
        let role_arn = account.get("role_arn", role_arn);
        if let (Some(arn), Some(id)) = (&role_arn, &id)
            && account_in(arn) != id.as_str()
        {
            let theirs = account_in(arn);
            account
                .wrong("role_arn", &format!("the role belongs to account {theirs}, not to {id}: name a role of {id}"));
        }
        let regions = account.list("regions", parsed);
        if !account.has("regions") || regions.as_ref().is_some_and(Vec::is_empty) {
            account.wrong("regions", "there is none: write at least one, as in regions = [\"us-east-1\"]");
        }
        let word = account.get("mode", mode).unwrap_or_default();
        let modes = account.table("modes", |modes| {
            let said =
                KINDS.iter().map(|kind| kind.name).map(|monkey| Some((monkey.to_owned(), modes.get(monkey, mode)?)));
            said.flatten().collect()
        });
        Some(AccountConfig { name: name?, id: id?, role_arn, regions: regions?, mode: word, modes })
    });
    if read.as_ref().is_some_and(Vec::is_empty) || !root.has("account") {
        root.wrong("account", "there is none: name at least one, with its name, id and regions under [[account]]");
    }
    read.unwrap_or_default()
}

/// The calendar, and the digests of the files that its holidays come from.
fn hours(hours: &mut Table<'_>, rules: &Rules<'_>) -> (Option<Calendar>, Vec<String>) {
    let zone: Option<Tz> = hours.need("timezone", "\"America/Los_Angeles\"", zone);
    let days = hours.list("days", weekday);
    if days.as_ref().is_some_and(Vec::is_empty) {
        hours.wrong("days", "there is none, so nothing ever opens: name at least one, as in [\"mon\"]");
    }
    let time = |value: &toml::de::DeValue<'_>| {
        text(value).and_then(|text| Hours::parse_time(text).map_err(|error| error.to_string()))
    };
    let open = hours.get("open", time).unwrap_or(9 * 60);
    let close = hours.get("close", time).unwrap_or(15 * 60);
    // Without a zone the files are read all the same, for what is wrong in them.
    let (holidays, files) = holidays(hours, rules, zone.unwrap_or(Tz::UTC));
    let freezes = hours.tables("freeze", freeze).unwrap_or_default();
    let calendar = zone.map(|zone| Calendar {
        zone,
        days: days.map_or(Weekdays::MON_TO_FRI, Weekdays::from_iter),
        hours: Hours { open, close },
        holidays,
        freezes: Vec::new(),
    });
    // What only open and close together can get wrong; the rest has been looked at.
    if let Some(calendar) = &calendar
        && !calendar.days.is_empty()
        && let Err(error) = calendar.check()
    {
        let key = if open == 24 * 60 || !hours.has("close") { "open" } else { "close" };
        hours.wrong(key, &error.to_string());
    }
    let freezes: Option<Vec<Freeze>> = freezes.into_iter().collect();
    (calendar.zip(freezes).map(|(calendar, freezes)| Calendar { freezes, ..calendar }), files)
}

/// All dates on which nothing opens, and the digests of the files that say so.
fn holidays(hours: &mut Table<'_>, rules: &Rules<'_>, zone: Tz) -> (Holidays, Vec<String>) {
    let sources = hours.list("holidays", holiday(rules.base, zone));
    let (mut holidays, mut files) = (Holidays::default(), Vec::new());
    for source in sources.into_iter().flatten() {
        match source {
            HolidaySource::Date(date) => holidays.insert(date),
            HolidaySource::Country(country) => holidays.insert_country(country),
            HolidaySource::File(calendar) => {
                for (date, name) in &calendar.closed {
                    holidays.insert_named(*date, name);
                }
                files.push(calendar.digest);
            }
        }
    }
    (holidays, files)
}

fn change_calendars(hours: &mut Table<'_>) -> Vec<ChangeCalendar> {
    let calendars = hours.list("change_calendars", parsed::<ChangeCalendar>).unwrap_or_default();
    if calendars.len() > MAX_CALENDARS {
        let why = format!("there are {}: name at most {MAX_CALENDARS}", calendars.len());
        hours.wrong("change_calendars", &why);
    }
    calendars
}

fn freeze(freeze: &mut Table<'_>) -> Option<Freeze> {
    let from: Option<NaiveDate> = freeze.need("from", "\"2026-12-20\"", date);
    let until: Option<NaiveDate> = freeze.need("until", "\"2027-01-03\"", date);
    let why = freeze.get("why", |value| text(value).map(str::to_owned)).unwrap_or_else(|| "no reason given".into());
    let (from, until) = (from?, until?);
    if until < from {
        freeze.wrong("until", &format!("the freeze from {from} ends before it begins: swap its dates"));
    }
    Some(Freeze { from, until, why })
}

fn tags(tags: &mut Table<'_>) -> TagRules {
    let defaults = TagRules::default();
    TagRules {
        word: defaults.word,
        prefix: tags.get("prefix", tag_prefix).unwrap_or(defaults.prefix),
        owner: tags.get("owner", tag_key).unwrap_or(defaults.owner),
        mapped: None,
        defaults: defaults.defaults,
    }
}

/// Another tag that opts in. Both keys or none.
fn mapped(opt_in: &mut Table<'_>, tags: &TagRules) -> Option<(String, String)> {
    if !opt_in.is_there() {
        opt_in.know("tag");
        opt_in.know("value");
        return None;
    }
    let tag = opt_in.need("tag", "\"chaos\"", tag_key);
    if let Some(tag) = tag.as_ref().filter(|tag| tag.starts_with(&format!("{}:", tags.prefix))) {
        opt_in.wrong("tag", &format!("`{tag}` is one of our own tags: name another, or remove [opt_in]"));
    }
    let value = opt_in.need("value", "\"true\"", tag_value);
    Some((tag?, value?))
}

fn ledger(ledger: &mut Table<'_>, live: bool, rules: &Rules<'_>) -> Option<LedgerConfig> {
    ledger.know("path"); // Also where its kind is wrong, and nobody asks for it.
    let kind = if ledger.is_there() {
        ledger.need("kind", "\"sqlite\"", |value| match text(value)? {
            kind @ ("sqlite" | "memory") => Ok(kind.to_owned()),
            other => Err(format!("`{other}` is no kind of ledger: write \"sqlite\" or \"memory\"")),
        })?
    } else {
        ledger.know("kind");
        "memory".into()
    };
    if kind == "sqlite" {
        let path = ledger.need("path", "\"/var/lib/simian/ledger.db\"", path)?;
        return Some(LedgerConfig::Sqlite { path: rules.base.join(path) });
    }
    if ledger.get("path", path).is_some() {
        ledger.wrong("path", "a ledger in memory has no path: remove it, or set kind to \"sqlite\"");
    }
    if live && !rules.sandbox {
        let why = "a live daemon needs a ledger that outlasts it: set kind = \"sqlite\" and a path under [ledger]";
        ledger.wrong("kind", why);
    }
    Some(LedgerConfig::Memory)
}

/// How long the ledger remembers. Nothing is removed unless the operator says so: an audit trail that shortens itself is
/// a surprise that nobody can mend.
fn keep(ledger: &mut Table<'_>) -> Option<TimeDelta> {
    ledger.get("keep", days(crate::retention::LEAST.num_days(), MAX_KEEP)).flatten()
}

fn sinks(sinks: &mut Table<'_>, rules: &Rules<'_>) -> Sinks {
    let sns = sinks.table("sns", |sns| {
        if sns.is_there() {
            sns.need("topic_arn", "\"arn:aws:sns:us-east-1:123456789012:simian\"", topic_arn)
        } else {
            sns.know("topic_arn");
            None
        }
    });
    let stdout = sinks.table("stdout", |stdout| stdout.get("enabled", boolean)).unwrap_or_default();
    let webhooks = webhook::webhooks(sinks, rules);
    Sinks { sns: sns.map(|topic_arn| SnsSink { topic_arn }), webhooks, stdout }
}

fn socket(control: &mut Table<'_>, rules: &Rules<'_>) -> Option<PathBuf> {
    let socket = rules.base.join(control.get("socket", path)?);
    if socket.as_os_str().len() > MAX_SOCKET {
        let why = format!(
            "{} is longer than the {MAX_SOCKET} bytes that a socket's path may have: shorten it",
            socket.display()
        );
        control.wrong("socket", &why);
    }
    Some(socket)
}

fn pause_file(control: &mut Table<'_>, rules: &Rules<'_>) -> Option<PathBuf> {
    Some(rules.base.join(control.get("pause_file", path)?))
}

fn budgets(table: &mut Table<'_>) -> Budgets {
    let defaults = Budgets::default();
    let mut budget = |key, default| table.get(key, limit(0, u32::MAX)).unwrap_or(default);
    Budgets {
        per_unit_day: budget("per_unit_day", defaults.per_unit_day),
        per_app_day: budget("per_app_day", defaults.per_app_day),
        per_owner_day: budget("per_owner_day", defaults.per_owner_day),
        per_zone_day: budget("per_zone_day", defaults.per_zone_day),
        per_scope_day: budget("per_scope_day", defaults.per_scope_day),
        per_account_day: budget("per_account_day", defaults.per_account_day),
        concurrent: budget("concurrent", defaults.concurrent),
        unrecovered: budget("unrecovered", defaults.unrecovered),
    }
}

fn floors(floors: &mut Table<'_>) -> Floors {
    let defaults = Floors::default();
    Floors {
        healthy: floors.get("healthy", count(0, u32::MAX)).unwrap_or(defaults.healthy),
        zone: floors.get("zone", count(0, u32::MAX)).unwrap_or(defaults.zone),
    }
}

/// What stands under `[rails]`.
struct Rails {
    disabled: BTreeSet<String>,
    max_skew: TimeDelta,
    breaker: Option<u32>,
    candidates: Candidates,
    alarms: Alarms,
    outage: Option<Hook>,
    failed_launch: TimeDelta,
}

/// An hour is long for a launch to be news, a day is long for anybody to be held by it.
const FAILED_LAUNCH: (TimeDelta, TimeDelta) = (TimeDelta::minutes(1), TimeDelta::hours(48));

/// The most alarms: one call asks for so many. Source: CloudWatch API, `DescribeAlarms`.
const MAX_ALARMS: usize = 100;

/// The longest name of an alarm. Source: CloudWatch API, `PutMetricAlarm`.
const MAX_ALARM_NAME: usize = 255;

fn alarms(table: &mut Table<'_>) -> Alarms {
    let names = table.list("names", |value| match text(value)? {
        name if name.chars().count() > MAX_ALARM_NAME => {
            Err(format!("no alarm has so long a name: write one of at most {MAX_ALARM_NAME} characters"))
        }
        name => Ok(name.to_owned()),
    });
    let names = names.unwrap_or_default();
    if names.len() > MAX_ALARMS {
        let why = format!("there are {}: name at most {MAX_ALARMS}, or a composite alarm over them", names.len());
        table.wrong("names", &why);
    }
    let passes = table.get("insufficient_data", |value| match text(value)? {
        "hold" => Ok(false),
        "pass" => Ok(true),
        other => Err(format!("`{other}` is neither: write \"hold\" or \"pass\"")),
    });
    Alarms { names, insufficient_data_passes: passes.unwrap_or_default() }
}

/// How long the hook may take to answer: who waits longer acts on what was seen before.
const HOOK_TIMEOUT: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(20));

fn outage(table: &mut Table<'_>) -> Option<Hook> {
    let timeout = table.get("timeout", span(HOOK_TIMEOUT.0, HOOK_TIMEOUT.1)).unwrap_or(Hook::TIMEOUT);
    let url = table.get("url", parsed).map(Asked::Page);
    let command = table.words("command").map(Asked::Command);
    if url.is_some() && command.is_some() {
        table.wrong("command", "there is a url already: remove one of the two");
    }
    if let Some(Asked::Command(words)) = &command
        && !words.first().is_some_and(|program| Path::new(program).is_absolute())
    {
        table
            .wrong("command", "it begins with no program's full path: write it as in [\"/usr/local/bin/all-is-well\"]");
    }
    url.or(command).map(|asked| Hook { asked, timeout })
}

fn rails(rails: &mut Table<'_>) -> Rails {
    // The same as of a cautious policy, which a test compares.
    let mut out = Rails {
        disabled: BTreeSet::new(),
        max_skew: TimeDelta::seconds(60),
        breaker: Some(3),
        candidates: Candidates::default(),
        alarms: Alarms::default(),
        outage: None,
        failed_launch: TimeDelta::hours(1),
    };
    for rail in RAILS {
        rails.table(rail.name, |table| {
            if table.get("enabled", boolean) == Some(false) {
                if rail.always {
                    table.wrong("enabled", "this rail is never off: it is the operator's or the owner's own word");
                }
                out.disabled.insert(rail.name.to_owned());
            }
            match rail.name {
                "clock" => {
                    let max_skew = table.get("max_skew", span(TimeDelta::seconds(1), MAX_SKEW));
                    out.max_skew = max_skew.unwrap_or(out.max_skew);
                }
                "breaker" => {
                    out.breaker = table.get("unrecovered", limit(1, History::RECOVERIES)).unwrap_or(out.breaker);
                }
                "candidates" => {
                    let Candidates { shrink_percent, grow_percent, slack } = &mut out.candidates;
                    *shrink_percent = table.get("shrink_percent", count(0, 100)).unwrap_or(*shrink_percent);
                    *grow_percent = table.get("grow_percent", count(0, MAX_GROWTH)).unwrap_or(*grow_percent);
                    *slack = table.get("slack", count(0, u32::MAX)).unwrap_or(*slack);
                }
                "alarms" => out.alarms = alarms(table),
                "outage" => out.outage = outage(table),
                "replacement" => {
                    let failed = table.get("failed_launch", span(FAILED_LAUNCH.0, FAILED_LAUNCH.1));
                    out.failed_launch = failed.unwrap_or(out.failed_launch);
                }
                _ => {}
            }
        });
    }
    out
}

fn watch(watch: &mut Table<'_>) -> WatchConfig {
    let defaults = WatchConfig::default();
    let every = watch.get("every", span(WATCH_EVERY.0, WATCH_EVERY.1)).unwrap_or(defaults.every);
    let deadline = watch.get("deadline", span(WATCH_DEADLINE.0, WATCH_DEADLINE.1)).unwrap_or(defaults.deadline);
    if deadline < every {
        let every = simian_core::span::format(every);
        watch.wrong("deadline", &format!("it ends before the first look, which comes after {every}: raise it"));
    }
    WatchConfig { every, deadline }
}

fn janitor(table: &mut Table<'_>) -> simian_janitor::Config {
    let config: simian_janitor::Config = monkey::read(table);
    for contradiction in config.contradictions() {
        table.wrong(&contradiction.key, &contradiction.why);
    }
    config
}

fn conformity(table: &mut Table<'_>) -> simian_conformity::Config {
    let config: simian_conformity::Config = monkey::read(table);
    if let Err(contradiction) = config.check() {
        table.wrong(contradiction.key, &contradiction.why);
    }
    config
}

fn prices(table: &mut Table<'_>) -> simian_janitor::Prices {
    let read: simian_janitor::PriceTable = monkey::read(table);
    let prices = read.prices();
    // What is there and does not read was told already.
    if let Err(contradiction) = prices.as_ref().map_err(Clone::clone)
        && !table.has(&contradiction.key)
    {
        table.wrong(&contradiction.key, &contradiction.why);
    }
    prices.unwrap_or_default()
}
