//! `simian report`: a span of time told from the ledger.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, Utc};
use simian_core::{AccountId, Calendar, Clock, span};

use super::connect::{self, Access};
use crate::clock::SystemClock;
use crate::config::{Config, LedgerConfig};
use crate::exit::{Exit, Failure};
use crate::report::{self, Format, Frame, Report};

/// How many days back a report begins when nobody says otherwise.
const DAYS: u64 = 7;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// From this time on: a date (its midnight in the operator's zone), RFC 3339, or so long ago (2d, 8h). Without it,
    /// from the midnight seven days ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time, written as --since; without it, now
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only this account: its name in the config, or its id
    #[arg(long)]
    account: Option<String>,
    /// Only this owner's units and findings
    #[arg(long)]
    owner: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
    /// Where to; without it, to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(path: &Path, args: &Args) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    let now = SystemClock.now();
    if let LedgerConfig::Sqlite { path } = &config.ledger
        && !path.exists()
    {
        return Err(simian_core::LedgerError::Missing { path: path.display().to_string() }.into());
    }
    let frame = frame(&config, args, now)?;
    let ledger = connect::ledger(&config, Access::Read, now)?;
    let progress = super::progress::new();
    let gather = report::gather(ledger.as_ref(), &frame, progress.as_ref());
    let facts = super::runtime()?.block_on(gather)?;
    let report = Report::of(&facts, &frame);
    let text = args.format.write(&report, config.calendar.zone);
    match &args.output {
        None => super::print(&text)?,
        Some(file) => write(file, &(text + "\n")).map_err(|error| {
            let why = format!("--output {}: {error}; name a file in a folder that you may write to", file.display());
            Failure::say(Exit::Usage, why)
        })?,
    }
    Ok(Exit::Done)
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    super::private().create(true).truncate(true).open(file)?.write_all(text.as_bytes())
}

/// What the report is about, by the command line.
fn frame<'c>(config: &'c Config, args: &Args, now: DateTime<Utc>) -> Result<Frame<'c>, Failure> {
    let calendar = &config.calendar;
    let until = args.until.as_deref().map_or(Ok(now), |text| moment("--until", text, calendar, now))?;
    let since = match &args.since {
        Some(text) => moment("--since", text, calendar, now)?,
        None => calendar
            .local_date(until)
            .checked_sub_days(Days::new(DAYS))
            .map_or(DateTime::UNIX_EPOCH, |date| calendar.midnight(date)),
    };
    if until <= since {
        let why = format!("the report would end at {until}, before it begins at {since}: mend --since or --until");
        return Err(Failure::say(Exit::Usage, why));
    }
    Ok(Frame {
        account: args.account.as_deref().map(|account| account_of(config, account)).transpose()?,
        owner: args.owner.clone(),
        ..report::frame(config, since, until)
    })
}

/// Reads a date, a time, or how long ago.
fn moment(option: &str, text: &str, calendar: &Calendar, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let midnight = super::date(text).map(|date| calendar.midnight(date));
    let ago = || span::parse(text).ok().map(|ago| now - ago);
    midnight.or_else(|| text.parse().ok()).or_else(ago).ok_or_else(|| {
        let shapes = "2026-11-23, a time such as 2026-11-23T09:00:00Z, or how long ago, such as 2d";
        Failure::say(Exit::Usage, format!("{option} {text}: write a date such as {shapes}"))
    })
}

/// The id of an account that is named by its name or its id. The ledger may know one that the config has no more.
fn account_of(config: &Config, text: &str) -> Result<AccountId, Failure> {
    let found = config.accounts.iter().find(|account| account.name == text).map(|account| account.id.clone());
    found.or_else(|| text.parse().ok()).ok_or_else(|| {
        let names: Vec<&str> = config.accounts.iter().map(|account| account.name.as_str()).collect();
        let why = format!("--account {text}: write an account's twelve digits, or one of: {}", names.join(", "));
        Failure::say(Exit::Usage, why)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use simian_core::{EventQuery, Kind};
    use simian_sim::VirtualClock;

    use super::*;
    use crate::cli::sandbox;
    use crate::daily::Daily;
    use crate::engine::Engine;
    use crate::progress::Progress;
    use crate::report::Facts;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn config(zone: &str) -> Config {
        let text = format!(
            "[dice]\nseed = \"s\"\n[hours]\ntimezone = \"{zone}\"\n[[account]]\nname = \"staging\"\n\
             id = \"123456789012\"\nregions = [\"us-east-1\"]\n"
        );
        Config::parse("simian.toml", &text, None).unwrap()
    }

    fn args(since: Option<&str>, until: Option<&str>) -> Args {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Args { since: own(since), until: own(until), account: None, owner: None, format: Format::Md, output: None }
    }

    #[test]
    fn times_are_read_in_the_operators_zone() {
        let now = at("2026-11-23T20:00:00Z");
        for (zone, since, expected) in [
            ("UTC", None, "2026-11-16T00:00:00Z"),
            ("America/Los_Angeles", None, "2026-11-16T08:00:00Z"),
            ("Pacific/Auckland", None, "2026-11-16T11:00:00Z"),
            ("Pacific/Kiritimati", None, "2026-11-16T10:00:00Z"),
            ("Pacific/Niue", Some("2026-11-20"), "2026-11-20T11:00:00Z"),
            ("America/Los_Angeles", Some("2026-11-01"), "2026-11-01T07:00:00Z"),
            ("America/Los_Angeles", Some("2026-11-02"), "2026-11-02T08:00:00Z"),
            ("UTC", Some("8h"), "2026-11-23T12:00:00Z"),
            ("UTC", Some("2026-11-23T09:00:00+01:00"), "2026-11-23T08:00:00Z"),
        ] {
            let config = config(zone);
            let frame = frame(&config, &args(since, None), now).unwrap();
            assert_eq!((frame.since, frame.until), (at(expected), now), "{zone} {since:?}");
        }
        // Seven days back from the end, not from now.
        let config = config("UTC");
        let frame = frame(&config, &args(None, Some("2026-11-10")), now).unwrap();
        assert_eq!((frame.since, frame.until), (at("2026-11-03T00:00:00Z"), at("2026-11-10T00:00:00Z")));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_remedy() {
        let now = at("2026-11-23T20:00:00Z");
        let config = config("UTC");
        let wrong = |args: &Args| frame(&config, args, now).unwrap_err().error.to_string();
        assert!(wrong(&args(Some("soon"), None)).starts_with("--since soon: write a date such as 2026-11-23"));
        assert!(wrong(&args(None, Some("2026-02-30"))).starts_with("--until 2026-02-30: "));
        assert!(wrong(&args(Some("-262143-01-02"), None)).starts_with("--since -262143-01-02: "), "no clock reads it");
        assert!(wrong(&args(Some("1h"), Some("2h"))).contains("before it begins"));
        let other = Args { account: Some("prod".into()), ..args(None, None) };
        assert!(wrong(&other).ends_with("or one of: staging"));
        let id = |account: &str| {
            let args = Args { account: Some(account.into()), ..args(None, None) };
            frame(&config, &args, now).unwrap().account.unwrap().to_string()
        };
        assert_eq!((id("staging"), id("999999999999")), ("123456789012".into(), "999999999999".into()));
    }

    /// The sandbox's week as the ledger had it at its end.
    fn week(mode: &str) -> (Config, Facts) {
        let text = sandbox::CONFIG.replacen("mode = \"live\"", &format!("mode = {mode:?}"), 1);
        let config = Config::parse_sandbox("config/sandbox.toml", &text).unwrap();
        let clock = VirtualClock::new(at("2026-11-30T08:00:00Z"));
        let engine = sandbox::engine(&config, 1, Arc::new(clock.clone()));
        let end = at("2026-12-05T08:00:00Z");
        clock.drive(sandbox::play(&engine, &config, &[], end, std::future::pending())).unwrap();
        let frame = week_of(&config);
        let progress = Counted::default();
        let facts = report::gather(engine.ledger.as_ref(), &frame, &progress);
        let facts = clock.drive(facts).unwrap();
        let (steps, done) = *progress.0.lock().unwrap();
        assert!(steps > 1000 && done == steps, "{done} of {steps} events were told");
        (config, facts)
    }

    fn week_of(config: &Config) -> Frame<'_> {
        frame(config, &args(Some("2026-11-30"), Some("2026-12-05")), at("2026-12-05T08:00:00Z")).unwrap()
    }

    fn page_of(mode: &str) -> String {
        let (config, facts) = week(mode);
        report::markdown(&Report::of(&facts, &week_of(&config)), config.calendar.zone)
    }

    /// Steps that were announced, and steps that were done.
    #[derive(Default)]
    struct Counted(Mutex<(u64, u64)>);

    impl Progress for Counted {
        fn begin(&self, _: &'static str, _: &'static str, steps: u64) {
            self.0.lock().unwrap().0 += steps;
        }
        fn done(&self, steps: u64) {
            self.0.lock().unwrap().1 += steps;
        }
    }

    #[test]
    fn a_week_for_real() {
        insta::assert_snapshot!(page_of("live"));
    }

    #[test]
    fn a_week_of_rehearsals() {
        let page = page_of("dry-run");
        insta::assert_snapshot!(page.lines().take(20).collect::<Vec<_>>().join("\n"));
        assert!(!page.contains("back after") && !page.contains("done for real"), "{page}");
    }

    #[test]
    fn the_daemon_writes_and_tells_every_day() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{}[report]\nfolder = {:?}\nspan = \"7d\"\n", sandbox::CONFIG, folder.path());
        let config = Config::parse_sandbox("config/sandbox.toml", &text).unwrap();
        let clock = VirtualClock::new(at("2026-11-30T08:00:00Z"));
        let engine = sandbox::engine(&config, 1, Arc::new(clock.clone()));
        let engine = Engine { daily: Daily::new(&config), ..engine };
        let end = at("2026-12-05T08:00:00Z");
        clock.drive(sandbox::play(&engine, &config, &[], end, std::future::pending())).unwrap();
        let paths = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let html = paths.filter(|path| path.extension().is_some_and(|ending| ending == "html")).count();
        assert_eq!(html, 5, "one each morning");
        let told = EventQuery { kinds: vec![Kind::DigestPublished], ..EventQuery::default() };
        let told = clock.drive(engine.ledger.events(&told)).unwrap();
        let of = |owner: &str| told.iter().filter(|event| event.body.owner.as_deref() == Some(owner)).count();
        assert!((1..=5).contains(&of("storefront")), "{} digests", of("storefront"));
        insta::assert_snapshot!(told.iter().find(|event| event.body.counts["acted"] > 1).unwrap().body.why);
    }

    /// The pages that `tests/run browser` looks at: a week for real with everything that a report can hold, one of
    /// rehearsals, one in which nothing happened, and a year. They are written to the folder in `SIMIAN_PAGES`, if it is set.
    #[test]
    fn pages_for_a_browser() {
        let (config, mut live) = week("live");
        let (rehearsal, dry) = week("dry-run");
        let mut frames = [&config, &rehearsal]
            .map(|config| Frame { prices: Some("2026-11-01".parse().unwrap()), ..week_of(config) });
        frames[0].rules.extend(report::sample::rules());
        report::sample::enrich(&mut live, frames[0].since);
        let mut year = live.clone();
        let since = frames[0].since - chrono::TimeDelta::days(360);
        (0..50).for_each(|week| report::sample::enrich(&mut year, since + chrono::TimeDelta::weeks(week)));
        let pages = [
            ("live", &live, frames[0].clone()),
            ("dry-run", &dry, frames[1].clone()),
            ("quiet", &Facts::default(), frames[1].clone()),
            ("year", &year, Frame { since, ..frames[0].clone() }),
        ];
        for (name, facts, frame) in pages {
            let page = report::html(&Report::of(facts, &frame), config.calendar.zone);
            assert!(page.starts_with("<!doctype html>") && page.contains("</html>"), "{name}");
            if let Some(folder) = std::env::var_os("SIMIAN_PAGES") {
                std::fs::write(Path::new(&folder).join(format!("{name}.html")), page).unwrap();
            }
        }
    }
}
