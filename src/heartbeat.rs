//! Rounds that should have begun and did not. Each is told, so that silence never passes for "nothing was due".
//!
//! Four ways to miss one: the daemon was down, the round before it still runs, it was given up, or nobody was awake. A
//! monkey that is not enabled misses nothing, and a daemon that reads its config again neither.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian_core::event::millis;
use simian_core::{Area, Draft, Event, EventQuery, Kind, LedgerError};

use crate::daemon::Schedule;
use crate::engine::{Account, Engine};

/// How late a round may begin before it counts as missed: as late as the next one, and no more than this.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// But this late in any case: of a look every second nobody misses one.
const LEAST_LATE: TimeDelta = TimeDelta::minutes(1);

/// No more are counted: whoever has missed so many knows enough.
const MOST: u64 = 1_000;

/// How many events are looked at for the last round of one monkey in one area: an account has some forty regions at most.
const ROUNDS: usize = 128;

/// Says of a config in how many areas each monkey looks by it, given one name an area; and in how many all do.
pub fn looking<'a>(mut loaded: Draft, monkeys: impl IntoIterator<Item = &'a str>) -> Draft {
    loaded.counts.insert("areas".into(), 0);
    for monkey in monkeys {
        for name in ["areas".to_owned(), areas(monkey)] {
            *loaded.counts.entry(name).or_default() += 1;
        }
    }
    loaded
}

/// Whether a monkey looked by that config. One that an older simian loaded does not say.
fn may_look(loaded: &Draft, monkey: &str) -> bool {
    loaded.counts.is_empty() || loaded.counts.contains_key(&areas(monkey))
}

fn areas(monkey: &str) -> String {
    format!("{monkey}_areas")
}

/// The rounds of one monkey in one area, as far as they should begin.
pub struct Heartbeat<'a> {
    engine: &'a Engine,
    account: &'a Account,
    area: &'a Area,
    schedule: &'a Schedule,
    /// Up to when it is known what became of every tick.
    seen: DateTime<Utc>,
    /// Rounds that were given up, one after the other up to now.
    streak: Option<Streak>,
    /// What the ledger has not taken yet.
    owed: Vec<Draft>,
}

/// Rounds given up in a row.
struct Streak {
    since: DateTime<Utc>,
    /// Those that were not told of yet.
    untold: u64,
    /// The date on which it was last told: once a day is enough, and at its end.
    told: Option<NaiveDate>,
    why: String,
}

impl<'a> Heartbeat<'a> {
    /// From now on.
    pub fn new(engine: &'a Engine, account: &'a Account, area: &'a Area, schedule: &'a Schedule) -> Self {
        Self { engine, account, area, schedule, seen: engine.clock.now(), streak: None, owed: Vec::new() }
    }

    /// What was missed before this process came up, since the last round that the ledger knows, or since it was last told
    /// of. Nothing if it knows none, or if the monkey was not enabled when the daemon was last up.
    pub async fn down(&self) -> Result<Option<Draft>, LedgerError> {
        let newest = |kinds: &[Kind], limit| EventQuery {
            kinds: kinds.to_vec(),
            limit: Some(limit),
            newest_first: true,
            ..EventQuery::default()
        };
        let loaded = self.engine.ledger.events(&newest(&[Kind::ConfigLoaded], 1)).await?;
        if loaded.first().is_some_and(|event| !may_look(&event.body, &self.schedule.monkey)) {
            return Ok(None);
        }
        let rounds = newest(&[Kind::RoundClosed, Kind::RoundMissed], ROUNDS);
        let rounds = EventQuery { account: Some(self.area.account.clone()), ..rounds };
        let rounds = self.engine.ledger.events(&rounds).await?;
        let Some(last) = rounds.iter().find(|event| self.is_ours(event)) else { return Ok(None) };
        let since = last.body.at;
        let (missed, _) = self.ticks(since, self.engine.clock.now());
        let what = if last.body.kind == Kind::RoundMissed { "this was last told" } else { "the last round was" };
        let why = format!("the daemon was down; {what} {}", millis::format(since));
        Ok((missed > 0).then(|| self.draft("down", missed, &why)))
    }

    /// A round of this monkey in this area that looked at what was due: its cron's, or a person's.
    fn is_ours(&self, event: &Event) -> bool {
        let body = &event.body;
        let here = body.region.as_ref().map_or(self.area.name.is_all(), |region| self.area.contains(region));
        body.monkey.as_deref() == Some(&self.schedule.monkey) && here && body.run.is_none()
    }

    /// A round begins now. If others should have begun since the last, nobody was awake.
    pub async fn begins(&mut self) {
        let now = self.engine.clock.now();
        let (missed, _) = self.ticks(self.seen, now);
        if missed > 0 {
            let why = format!("nobody was awake since {}", millis::format(self.seen));
            self.owe("asleep", missed, &why);
        }
        self.seen = now;
        self.tell().await;
    }

    /// Sees a round to its end. If it still runs when the next should long have begun that is told at once, and once more
    /// at its end.
    pub async fn during<T>(&mut self, round: impl Future<Output = T>) -> T {
        let began = self.engine.clock.now();
        let mut counted = began;
        let hangs = async {
            let Some(next) = self.schedule.cron.next_after(began, self.schedule.zone) else {
                return std::future::pending().await;
            };
            self.engine.clock.sleep_until(next + self.late(next)).await;
            let (missed, last) = self.ticks(began, self.engine.clock.now());
            let why = format!("the round that began {} still runs", millis::format(began));
            self.owe("running", missed.max(1), &why);
            counted = last.max(next);
            self.tell().await;
        };
        let mut round = std::pin::pin!(round);
        tokio::select! {
            biased;
            ended = &mut round => return ended,
            () = hangs => {}
        }
        let ended = round.await;
        self.seen = self.engine.clock.now();
        let (more, _) = self.ticks(counted, self.seen);
        if more > 0 {
            let why = format!("the round that began {} ran until now", millis::format(began));
            self.owe("running", more, &why);
        }
        ended
    }

    /// The round is over: it was closed, or given up, and why.
    pub async fn ended(&mut self, given_up: Option<String>) {
        let now = self.engine.clock.now();
        let date = self.account.policy.calendar.day_at(now).date;
        let over = given_up.is_none();
        let mut streak = self.streak.take().unwrap_or(Streak { since: now, untold: 0, told: None, why: String::new() });
        if let Some(why) = given_up {
            (streak.untold, streak.why) = (streak.untold + 1, why);
        }
        let due = streak.untold > 0 && (over || streak.told != Some(date));
        if due {
            let why = format!("given up since {}: {}", millis::format(streak.since), streak.why);
            self.owe("failed", streak.untold, &why);
        }
        let told = self.tell().await;
        if over {
            return;
        }
        if due && told {
            (streak.untold, streak.told) = (0, Some(date));
        } else if due {
            // It goes on, and is told as one when the ledger is back.
            self.owed.pop();
        }
        self.streak = Some(streak);
    }

    /// Something was missed, and is to be told.
    fn owe(&mut self, outcome: &str, missed: u64, why: &str) {
        let draft = self.draft(outcome, missed, why);
        self.owed.push(draft);
    }

    /// Tells what is owed. What the ledger does not take now, which may be why a round was given up, it gets the next time.
    async fn tell(&mut self) -> bool {
        let told = self.engine.record(self.owed.clone(), vec![]).await;
        match &told {
            Ok(_) => self.owed.clear(),
            Err(error) => {
                let (owed, monkey) = (self.owed.len(), &self.schedule.monkey);
                tracing::warn!(area = %self.area, monkey, owed, %error, "missed rounds cannot be told yet");
            }
        }
        told.is_ok()
    }

    fn draft(&self, outcome: &str, missed: u64, why: &str) -> Draft {
        let monkey = &self.schedule.monkey;
        let mode = self.account.policy.mode_of(monkey);
        let draft = Draft {
            monkey: Some(monkey.clone()),
            account: Some(self.area.account.clone()),
            region: Some(self.area.name.clone()).filter(|region| !region.is_all()),
            outcome: Some(outcome.to_owned()),
            ..Draft::new(self.engine.clock.now(), Kind::RoundMissed, mode, why)
        };
        draft.count("missed", missed)
    }

    /// How many rounds should have begun after `since` and are late by `now`, and when the last of them should have.
    fn ticks(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> (u64, DateTime<Utc>) {
        let (mut ticks, mut at) = (0, since);
        while ticks < MOST {
            match self.schedule.cron.next_after(at, self.schedule.zone) {
                Some(tick) if tick + self.late(tick) <= now => (ticks, at) = (ticks + 1, tick),
                _ => break,
            }
        }
        (ticks, at)
    }

    /// How late the round of this tick may begin.
    fn late(&self, tick: DateTime<Utc>) -> TimeDelta {
        let next = self.schedule.cron.next_after(tick, self.schedule.zone);
        next.map_or(LATE, |next| (next - tick).clamp(LEAST_LATE, LATE))
    }
}
