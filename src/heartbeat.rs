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
}

/// Rounds given up in a row.
struct Streak {
    since: DateTime<Utc>,
    rounds: u64,
    /// The date on which it was last told: once a day is enough.
    told: Option<NaiveDate>,
    why: String,
}

impl<'a> Heartbeat<'a> {
    /// From now on.
    pub fn new(engine: &'a Engine, account: &'a Account, area: &'a Area, schedule: &'a Schedule) -> Self {
        Self { engine, account, area, schedule, seen: engine.clock.now(), streak: None }
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
        let missed = self.ticks(since, self.engine.clock.now());
        let what = if last.body.kind == Kind::RoundMissed { "this was last told" } else { "the last round was" };
        let why = format!("the daemon was down; {what} {}", millis::format(since));
        Ok((missed > 0).then(|| self.draft("down", missed, &why)))
    }

    /// A round of this monkey in this area that its cron asked for.
    fn is_ours(&self, event: &Event) -> bool {
        let body = &event.body;
        let here = body.region.as_ref().map_or(self.area.name.is_all(), |region| self.area.contains(region));
        body.monkey.as_deref() == Some(&self.schedule.monkey) && here && body.run.is_none()
    }

    /// A round begins now. If others should have begun since the last, nobody was awake.
    pub async fn begins(&mut self) {
        let now = self.engine.clock.now();
        let missed = self.ticks(self.seen, now);
        if missed > 0 {
            let why = format!("nobody was awake since {}", millis::format(self.seen));
            self.tell("asleep", missed, &why).await;
        }
        self.seen = now;
    }

    /// Sees a round to its end, and tells once if it still runs when the next should long have begun.
    pub async fn during<T>(&mut self, round: impl Future<Output = T>) -> T {
        let began = self.engine.clock.now();
        let hangs = async {
            let Some(next) = self.schedule.cron.next_after(began, self.schedule.zone) else {
                return std::future::pending().await;
            };
            self.engine.clock.sleep_until(next + self.late(next)).await;
            let missed = self.ticks(began, self.engine.clock.now()).max(1);
            let why = format!("the round that began {} still runs", millis::format(began));
            self.tell("running", missed, &why).await;
        };
        let mut round = std::pin::pin!(round);
        tokio::select! {
            biased;
            ended = &mut round => return ended,
            () = hangs => {}
        }
        let ended = round.await;
        self.seen = self.engine.clock.now();
        ended
    }

    /// The round is over: it was closed, or given up, and why.
    pub async fn ended(&mut self, given_up: Option<String>) {
        let now = self.engine.clock.now();
        let date = self.account.policy.calendar.day_at(now).date;
        let Some(why) = given_up else {
            // What could not be told while the ledger failed is told now.
            if let Some(streak) = self.streak.take().filter(|streak| streak.told.is_none()) {
                self.tell_streak(&streak).await;
            }
            return;
        };
        let mut streak = self.streak.take().unwrap_or(Streak { since: now, rounds: 0, told: None, why: String::new() });
        (streak.rounds, streak.why) = (streak.rounds + 1, why);
        if streak.told != Some(date) && self.tell_streak(&streak).await {
            streak.told = Some(date);
        }
        self.streak = Some(streak);
    }

    async fn tell_streak(&self, streak: &Streak) -> bool {
        let why = format!("given up since {}: {}", millis::format(streak.since), streak.why);
        self.tell("failed", streak.rounds, &why).await
    }

    /// Tells it, if the ledger takes it.
    async fn tell(&self, outcome: &str, missed: u64, why: &str) -> bool {
        let told = self.engine.record(vec![self.draft(outcome, missed, why)], vec![]).await;
        if let Err(error) = &told {
            tracing::warn!(area = %self.area, monkey = self.schedule.monkey, why, %error, "a missed round cannot be told");
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

    /// How many rounds should have begun after `since` and are late by `now`.
    fn ticks(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
        let (mut ticks, mut at) = (0, since);
        while ticks < MOST {
            match self.schedule.cron.next_after(at, self.schedule.zone) {
                Some(tick) if tick + self.late(tick) <= now => (ticks, at) = (ticks + 1, tick),
                _ => break,
            }
        }
        ticks
    }

    /// How late the round of this tick may begin.
    fn late(&self, tick: DateTime<Utc>) -> TimeDelta {
        let next = self.schedule.cron.next_after(tick, self.schedule.zone);
        next.map_or(LATE, |next| (next - tick).clamp(LEAST_LATE, LATE))
    }
}
