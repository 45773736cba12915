//! The stage of the benchmarks and of the memory's tests: a large simulated account, an engine on it, and a game day
//! for all of it.
//!
//! What may not happen here: nothing is measured, and nothing is asserted.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures_util::FutureExt as _;
use simian::engine::{Account, Engine};
use simian::order::Order;
use simian::round::{self, Closed};
use simian_chaos::Chaos;
use simian_core::calendar::{Holidays, Hours, Weekdays};
use simian_core::{
    AccountId, Actuator, Calendar, Change, Clock as _, Cloud, Dice, Grouping, Guests, Ledger, LedgerError, Mode,
    Policy, Region, Request, TagRules,
};
use simian_ledger::{MemoryLedger, SqliteLedger};
use simian_sim::{GroupSpec, SimAccount, VirtualClock};
use tempfile::TempDir;
use uuid::Uuid;

/// Where the ledger is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// In memory.
    Memory,
    /// In a file of its own.
    Sqlite,
}

/// A simulated account with an engine on it.
pub(crate) struct Stage {
    /// Its time.
    pub(crate) clock: VirtualClock,
    /// The engine.
    pub(crate) engine: Engine,
    /// Where the ledger's file is, while the stage stands.
    _folder: Option<TempDir>,
}

/// Monday, 2026-11-23: the hours are 10:00 to 14:00 UTC, Monday to Friday.
pub(crate) fn monday(hour: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, hour, 0, 0).single().unwrap_or_default()
}

/// The account.
pub(crate) fn account() -> AccountId {
    "111122223333".parse().expect("twelve digits")
}

/// Its region.
pub(crate) fn region() -> Region {
    "us-east-1".parse().expect("a region")
}

/// What a ledger says: both kinds answer without waiting.
pub(crate) fn at_once<T>(answer: impl Future<Output = Result<T, LedgerError>>) -> T {
    answer.now_or_never().expect("it answers at once").expect("the ledger works")
}

impl Stage {
    /// So many groups of three in the simulator, each a unit of its own, all opted in.
    pub(crate) fn new(groups: usize, mode: Mode, keep: Keep) -> Self {
        let clock = VirtualClock::new(monday(8));
        let simulated = SimAccount::new(account(), [region()], 7, Arc::new(clock.clone()));
        for n in 0..groups {
            let spec = GroupSpec::new(&region(), format!("s{n:04}-prod-v001"), 3);
            simulated.found(spec.tag("simian:chaos", "on").tag("owner", format!("team-{}", n % 40)));
        }
        Self::on(Arc::new(simulated), clock, mode, keep)
    }

    /// An engine on that account, in which no budget holds anything.
    pub(crate) fn on<C: Cloud + Actuator + Guests + 'static>(
        cloud: Arc<C>,
        clock: VirtualClock,
        mode: Mode,
        keep: Keep,
    ) -> Self {
        let hours = Hours::parse("10:00", "14:00").expect("hours");
        let (holidays, freezes) = (Holidays::default(), Vec::new());
        let calendar = Calendar { zone: chrono_tz::UTC, days: Weekdays::MON_TO_FRI, hours, holidays, freezes };
        let mut policy = Policy::cautious(account(), calendar);
        policy.mode = mode;
        let budgets = &mut policy.budgets;
        budgets.per_app_day = None;
        budgets.per_owner_day = None;
        budgets.per_zone_day = None;
        budgets.per_scope_day = None;
        budgets.per_account_day = None;
        budgets.concurrent = None;
        budgets.unrecovered = None;
        let born = monday(8) - TimeDelta::days(90);
        let (ledger, folder): (Arc<dyn Ledger>, _) = match keep {
            Keep::Memory => (Arc::new(MemoryLedger::exclusive(Uuid::from_u128(1), born)), None),
            Keep::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder");
                let ledger = SqliteLedger::create_or_open(folder.path().join("ledger.db"), Uuid::from_u128(1), born);
                (Arc::new(ledger.expect("a ledger")), Some(folder))
            }
        };
        at_once(ledger.commit(Vec::new(), vec![Change::FirstRun(born)]));
        let chaos = Chaos::new(Grouping::default(), TimeDelta::minutes(30), TagRules::default());
        let engine = Engine {
            monkeys: vec![Box::new(chaos)],
            accounts: vec![Account::new("stage".into(), vec![region()], policy, cloud.clone(), cloud.clone(), cloud)],
            ..Engine::new(Arc::new(clock.clone()), ledger, Dice::new("stage"), "stage")
        };
        Self { clock, engine, _folder: folder }
    }

    /// A round as the engine does it.
    pub(crate) fn round(&self, order: &Order) -> Closed {
        let (account, monkey) = (&self.engine.accounts[0], self.engine.monkeys[0].as_ref());
        let area = account.whole();
        self.clock.drive(round::run(&self.engine, account, &area, monkey, order)).expect("a round")
    }

    /// Everything that opted in, now.
    pub(crate) fn game_day(&self, id: &str) -> Closed {
        let (monkey, actor) = ("chaos".into(), "ann".into());
        let request = Request { id: id.into(), monkey, actor, at: self.clock.now(), units: None, wish: None };
        self.round(&Order { mode: Mode::Live, request: Some(request), thorough: false })
    }
}
