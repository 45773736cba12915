//! The account that a new user meets first: a week in the life of six teams.
//!
//! | group | region | size | owner | part |
//! | --- | --- | --- | --- | --- |
//! | `shop-prod-v041`, `shop-prod-v042` | us | 6, 3 | storefront | one cluster in mid push, one coin |
//! | `shop-prod-v017` | eu | 6 | storefront | in |
//! | `shop-staging-v044` | us | 4 | storefront | in, by a probability of 0.5 |
//! | `cart-prod-v112` | us | 5 | storefront | in, one end in four graceful |
//! | `pay-prod-v009` | us | 6 | payments | out, in so many words; its tag `monitoring` has the value `on` |
//! | `pay-prod-v009` | eu | 4 | payments | out |
//! | `ledger-prod-v031` | us | 3 | payments | never asked |
//! | `fraud-prod-v021` | us | 6 | payments | in, rests for three working days |
//! | `pay-lab-v003` | us | 4 | payments | badly tagged: `mean-days` is `often`; mended on Thursday at 10:00 |
//! | `search-prod-v203` | us | 9 | search | in; pushed to v204 on Tuesday at 12:00 |
//! | `search-prod-v203` | eu | 6 | search | in |
//! | `search-prod-canary-v012` | us | 1 | search | in, too small |
//! | `indexer-prod` | us | 4 | search | in, only gracefully, with a hook |
//! | `suggest-prod-v066` | eu | 4 | search | badly tagged: a mean and a probability |
//! | `encoder-batch-v018` | us | 8 | media | in, on spot: loses a member on Monday, Wednesday and Thursday |
//! | `thumbs-prod-v055` | eu | 5 | media | in, by a probability of 0.25 |
//! | `player-prod-v130` | eu | 6 | media | in; its owner opts out on Wednesday at 11:00 |
//! | `origin-prod-v020` | eu | 4 | media | badly tagged: `maen-days` |
//! | `live-prod-v077` | us | 6 | media | in; an instance refresh on Monday from 09:30 on, a member an hour |
//! | `drm-prod-v008` | us | 4 | media | in, `AZRebalance` and `AlarmNotification` are suspended |
//! | `gateway-prod-v301` | us | 6 | platform | in by the mapped tag `chaos` = `true` |
//! | `gateway-prod-v299` | eu | 4 | platform | the mapped tag says in, `simian:chaos` says out |
//! | `auth-prod-v088` | us | 5 | platform | in, two members are protected from scale in |
//! | `config-prod-v014` | us | 4 | platform | in, vetoes the first Thursday |
//! | `queue-prod` | eu | 4 | platform | in, heals slowly: 12 to 13 minutes |
//! | `rank-prod-v012` | us | 6 | search | in for a slow network towards its database |
//! | `bastion` | us | 1 | nobody | no tag at all |
//! | `stream-prod-v021`, `stream-prod-v022` | us | 4, 6 | data | one cluster, its groups disagree about the mean; v022 has two in standby |
//! | `warehouse-prod-v005` | eu | 5 | data | in, boots for 40 minutes: whoever waits 15 sees it not recover |
//! | `feature-prod-v019` | eu | 5 | data | in, gracefully |
//! | `airflow-prod` | eu | 2 | data | in, too small |
//! | `notebook-lab-v002` | us | 4 | data | in, two of four are unhealthy and not replaced |
//!
//! What lies about besides is in `waste`.
//!
//! Days and hours are the first such ones after the clock's start, in UTC. The seed chooses ids, ages, boots and which
//! members the spot market takes; names, tags and sizes are the same for every seed.

mod waste;

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};
use simian_core::{Clock, GroupId, Region};

use crate::account::SimAccount;
use crate::group::GroupSpec;
use crate::operation::{Operation, Who};

/// The sandbox's account.
pub const SANDBOX_ACCOUNT: &str = "111122223333";
/// The sandbox's regions.
pub const SANDBOX_REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

const CHAOS: &str = "simian:chaos";
const LATENCY: &str = "simian:latency";
const MEAN: &str = "simian:chaos:mean-days";
const PROBABILITY: &str = "simian:chaos:probability";
const MIN: &str = "simian:chaos:min-days";
const FAULTS: &str = "simian:chaos:faults";

/// The sandbox's account in calm weather, at work since long before the clock's now, its week scheduled.
///
/// What it expects of the config: the prefix `simian`, the owner tag `owner`, and `chaos` = `true` mapped to an opt-in.
#[expect(clippy::expect_used, reason = "the constants are well formed")]
pub fn sandbox(seed: u64, clock: Arc<dyn Clock>) -> SimAccount {
    let start = clock.now();
    let [us, eu] = SANDBOX_REGIONS.map(|region| region.parse::<Region>().expect("a region"));
    let id = SANDBOX_ACCOUNT.parse().expect("an account");
    let account = SimAccount::new(id, [us.clone(), eu.clone()], seed, clock);
    for spec in cast(&us, &eu, start) {
        account.found(spec);
    }
    settle_in(&account, &us);
    waste::scatter(&account, &us, &eu, start);
    schedule(&account, &us, &eu, start);
    account
}

fn cast(us: &Region, eu: &Region, start: DateTime<Utc>) -> Vec<GroupSpec> {
    let group = |region, owner: &str, name: &str, size| {
        let env = if name.contains("-lab") || name.contains("-staging") { "test" } else { "prod" };
        GroupSpec::new(region, name, size).tag("owner", owner).tag("env", env)
    };
    let chaos = |region, owner: &str, name: &str, size| group(region, owner, name, size).tag(CHAOS, "on");
    let veto = next(start, Weekday::Thu, 0, 0).date_naive().to_string();
    let balanced = |spec: GroupSpec| {
        let arn = format!(
            "arn:aws:elasticloadbalancing:{}:{SANDBOX_ACCOUNT}:targetgroup/{}/0123456789abcdef",
            spec.id.region, spec.id.name
        );
        spec.target_group(arn)
    };
    vec![
        balanced(chaos(us, "storefront", "shop-prod-v041", 6).tag(MEAN, "3")),
        balanced(chaos(us, "storefront", "shop-prod-v042", 3).tag(MEAN, "3")),
        balanced(chaos(eu, "storefront", "shop-prod-v017", 6).tag(MEAN, "4")),
        chaos(us, "storefront", "shop-staging-v044", 4).tag(PROBABILITY, "0.5"),
        chaos(us, "storefront", "cart-prod-v112", 5).tag(MEAN, "4").tag(FAULTS, "terminate=3 terminate-gracefully=1"),
        group(us, "payments", "pay-prod-v009", 6).tag(CHAOS, "off").tag("monitoring", "on"),
        group(eu, "payments", "pay-prod-v009", 4).tag(CHAOS, "off"),
        group(us, "payments", "ledger-prod-v031", 3),
        chaos(us, "payments", "fraud-prod-v021", 6).tag(MEAN, "5").tag(MIN, "3"),
        chaos(us, "payments", "pay-lab-v003", 4).tag(MEAN, "often"),
        balanced(chaos(us, "search", "search-prod-v203", 9).tag(MEAN, "3")),
        balanced(chaos(eu, "search", "search-prod-v203", 6).tag(MEAN, "4")),
        chaos(us, "search", "search-prod-canary-v012", 1),
        chaos(us, "search", "indexer-prod", 4).tag(FAULTS, "terminate-gracefully").hook(180),
        chaos(eu, "search", "suggest-prod-v066", 4).tag(MEAN, "5").tag(PROBABILITY, "0.2"),
        chaos(us, "media", "encoder-batch-v018", 8).tag(MEAN, "3").sizes(0, 8, 40).on_spot(),
        chaos(eu, "media", "thumbs-prod-v055", 5).tag(PROBABILITY, "0.25"),
        balanced(chaos(eu, "media", "player-prod-v130", 6).tag(MEAN, "4")),
        chaos(eu, "media", "origin-prod-v020", 4).tag("simian:chaos:maen-days", "5"),
        chaos(us, "media", "live-prod-v077", 6).tag(MEAN, "4"),
        chaos(us, "media", "drm-prod-v008", 4).tag(MEAN, "4").suspend("AZRebalance").suspend("AlarmNotification"),
        balanced(group(us, "platform", "gateway-prod-v301", 6).tag("chaos", "true")),
        balanced(group(eu, "platform", "gateway-prod-v299", 4).tag("chaos", "true").tag(CHAOS, "off")),
        chaos(us, "platform", "auth-prod-v088", 5).tag(MEAN, "4"),
        chaos(us, "platform", "config-prod-v014", 4).tag("simian:veto", veto),
        chaos(eu, "platform", "queue-prod", 4).tag(MEAN, "4").boot(720..=780),
        GroupSpec::new(us, "bastion", 1).sizes(1, 1, 1),
        group(us, "search", "rank-prod-v012", 6)
            .tag(LATENCY, "on")
            .tag("simian:latency:mean-days", "1")
            .tag("simian:latency:delay", "200ms")
            .tag("simian:latency:jitter", "50ms")
            .tag("simian:latency:to", "10.20.0.0/16:5432")
            .tag("simian:latency:for", "10m"),
        chaos(us, "data", "stream-prod-v021", 4).tag(MEAN, "3"),
        chaos(us, "data", "stream-prod-v022", 6).tag(MEAN, "4"),
        chaos(eu, "data", "warehouse-prod-v005", 5).tag(MEAN, "2").boot(2400..=2400),
        chaos(eu, "data", "feature-prod-v019", 5).tag(MEAN, "3").tag(FAULTS, "terminate-gracefully").hook(60),
        chaos(eu, "data", "airflow-prod", 2).tag(MEAN, "3").sizes(2, 2, 2),
        chaos(us, "data", "notebook-lab-v002", 4).suspend("ReplaceUnhealthy"),
    ]
}

/// What happened before the curtain rises.
fn settle_in(account: &SimAccount, us: &Region) {
    let member = |name: &str, nth| Who::Nth(GroupId::new(us, name), nth);
    for nth in [0, 1] {
        account.perform(Operation::Protect { who: member("auth-prod-v088", nth), on: true });
        account.perform(Operation::Standby { who: member("stream-prod-v022", nth), on: true });
        account.perform(Operation::SetHealth { who: member("notebook-lab-v002", nth), healthy: false });
    }
}

/// What happens in the week.
fn schedule(account: &SimAccount, us: &Region, eu: &Region, start: DateTime<Utc>) {
    let encoder = GroupId::new(us, "encoder-batch-v018");
    for (day, hour, minute) in [(Weekday::Mon, 13, 20), (Weekday::Wed, 9, 45), (Weekday::Thu, 14, 10)] {
        account.schedule(next(start, day, hour, minute), Operation::SpotLoss { group: encoder.clone() });
    }
    let live = GroupId::new(us, "live-prod-v077");
    account.schedule(next(start, Weekday::Mon, 9, 30), Operation::Refresh { group: live, every: TimeDelta::hours(1) });
    let search = GroupId::new(us, "search-prod");
    account.schedule(
        next(start, Weekday::Tue, 12, 0),
        Operation::Deploy { group: search, retire_after: TimeDelta::hours(2) },
    );
    let set = |region, group: &str, key: &str, value: &str| Operation::SetTag {
        group: GroupId::new(region, group),
        key: key.into(),
        value: value.into(),
    };
    account.schedule(next(start, Weekday::Wed, 11, 0), set(eu, "player-prod-v130", CHAOS, "off"));
    account.schedule(next(start, Weekday::Thu, 10, 0), set(us, "pay-lab-v003", MEAN, "4"));
}

/// The first such day and time, in UTC, that is after the start.
fn next(start: DateTime<Utc>, day: Weekday, hour: u32, minute: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    let ahead = day.days_since(start.weekday());
    let at = (start.date_naive() + TimeDelta::days(i64::from(ahead))).and_time(time).and_utc();
    if at > start { at } else { at + TimeDelta::days(7) }
}
