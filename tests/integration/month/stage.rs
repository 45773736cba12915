//! A process with both monkeys, on a clock that stands at eleven on one working day after another.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};
use simian::clock::SystemClock;
use simian::config::Config;
use simian::engine::{Account, Engine};
use simian::order::Order;
use simian::round::{self, Closed};
use simian::{registry, sinks};
use simian_aws::{Options, SnsSink};
use simian_core::{Change, Clock, Dice, Event, EventQuery, Ledger};
use simian_ledger::SqliteLedger;
use uuid::Uuid;

use crate::dial::Dial;
use crate::moto::Moto;

/// A live account that is open from ten to two on weekdays.
const CONFIG: &str = r#"
mode = "live"
[dice]
seed = "a month"
[hours]
timezone = "UTC"
days = ["mon", "tue", "wed", "thu", "fri"]
open = "10:00"
close = "14:00"
[[account]]
name = "staging"
id = "123456789012"
regions = ["us-east-1"]
mode = "live"
[ledger]
kind = "sqlite"
path = "ledger.db"
"#;

/// The process.
pub(super) struct Stage {
    pub(super) moto: Moto,
    pub(super) engine: Engine,
    clock: Arc<Dial>,
    sink: SnsSink,
    /// Eleven o'clock of the first day.
    first: DateTime<Utc>,
}

/// Eleven o'clock of the next Monday: AWS stamps what it makes with the real time, so the month begins after that.
pub(super) fn next_monday() -> DateTime<Utc> {
    let today = SystemClock.now().date_naive();
    let ahead = 7 - i64::from(today.weekday().days_since(Weekday::Mon));
    (today + TimeDelta::days(ahead)).and_hms_opt(11, 0, 0).unwrap().and_utc()
}

impl Stage {
    /// With these tables of monkeys, and a topic that is told.
    pub(super) async fn new(moto: Moto, folder: &Path, monkeys: &str, topic: &str) -> Self {
        let file = folder.join("simian.toml").display().to_string();
        let config = Config::parse(&file, &format!("{CONFIG}{monkeys}"), None).unwrap();
        let first = next_monday();
        let clock = Arc::new(Dial::at(first));
        let shared: Arc<dyn Clock> = clock.clone();
        moto.clock(&first.to_rfc3339());
        let ledger = SqliteLedger::create_or_open(folder.join("ledger.db"), Uuid::from_u128(1), first).unwrap();
        ledger.commit(Vec::new(), vec![Change::FirstRun(first)]).await.unwrap();
        let mut engine = Engine::new(shared.clone(), Arc::new(ledger), Dice::new("a month"), "test:1");
        engine.monkeys = registry::enabled(&config);
        for account in &config.accounts {
            let options = Options::new(account.id.clone(), account.regions.clone());
            let aws = Arc::new(simian_aws::Account::connect(options, shared.clone()).await.unwrap());
            let (name, regions) = (account.name.clone(), account.regions.clone());
            engine.accounts.push(Account::new(name, regions, config.policy(account), aws.clone(), aws.clone(), aws));
        }
        let sink = SnsSink::connect(topic.parse().unwrap(), shared).await;
        Self { moto, engine, clock, sink, first }
    }

    /// Eleven o'clock of that working day, 0 being a Monday.
    pub(super) fn at(&self, day: i64) -> DateTime<Utc> {
        self.first + TimeDelta::days(day / 5 * 7 + day % 5)
    }

    /// Which working day that is.
    pub(super) fn day_of(&self, at: DateTime<Utc>) -> i64 {
        let days = (at - self.first).num_days();
        days / 7 * 5 + days % 7
    }

    /// The round of that monkey on that day, and everybody told of it.
    pub(super) async fn round(&self, monkey: &str, day: i64) -> Closed {
        let now = self.at(day);
        self.clock.turn(now);
        self.moto.clock(&now.to_rfc3339());
        let account = &self.engine.accounts[0];
        let monkey = self.engine.monkey(monkey).unwrap();
        let area = account.areas(monkey).remove(0);
        let closed = round::run(&self.engine, account, &area, monkey, &Order::DAILY).await.unwrap();
        assert!(closed.failed.is_empty() && !closed.fell_short(), "day {day}: {closed:#?}");
        assert_eq!(sinks::drain(&self.engine, &self.sink).await.unwrap(), None);
        closed
    }

    /// All that the ledger has.
    pub(super) async fn events(&self) -> Vec<Event> {
        self.engine.ledger.events(&EventQuery::default()).await.unwrap()
    }
}
