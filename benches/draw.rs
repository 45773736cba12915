//! What chance costs: one draw, the monkey's whole plan for 100,000 units, and that plan judged.

use std::collections::BTreeMap;
use std::hint::black_box;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest as _, Sha256};
use simian_chaos::Chaos;
use simian_core::calendar::{Holidays, Hours, Weekdays};
use simian_core::{
    Area, Birth, Calendar, Detail, Dice, Fleet, Group, Grouping, History, Identity, InstanceId, Lifecycle, Member,
    Mode, Monkey as _, Observed, Policy, Scope, TagRules, UnitId, UnitKind, View, World, judge,
};
use uuid::Uuid;

use crate::cpu::CpuTime;

mod cpu;

const UNITS: u64 = 100_000;

/// Monday, 2026-11-23, an hour before the hours begin.
fn morning() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 9, 0, 0).single().expect("a time")
}

/// The cautious defaults, with hours from 10:00 to 14:00 UTC.
fn policy() -> Policy {
    let hours = Hours::parse("10:00", "14:00").expect("hours");
    let (holidays, freezes) = (Holidays::default(), Vec::new());
    let calendar = Calendar { zone: chrono_tz::UTC, days: Weekdays::MON_TO_FRI, hours, holidays, freezes };
    Policy::cautious("111122223333".parse().expect("twelve digits"), calendar)
}

/// A region with so many groups of three, each a unit of its own whose turn comes every fifth working day.
fn world(policy: &Policy) -> World {
    let scope = Scope { account: policy.account.clone(), region: "us-east-1".parse().expect("a region") };
    let member = |group: u64, n: usize| Member {
        id: InstanceId::new(format!("i-{group:014x}{n:03x}")),
        zone: format!("us-east-1{}", ["a", "b", "c"][n]),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: None,
    };
    let group = |n: u64| {
        let name = format!("s{n:05}-prod-v001");
        let tags = [("simian:chaos".to_owned(), "on".to_owned()), ("owner".to_owned(), format!("team-{}", n % 40))];
        let members = (0..3).map(|place| member(n, place)).collect();
        (name.clone(), Group { name, tags: tags.into(), min: 3, desired: 3, max: 6, members, ..Group::default() })
    };
    let fleet = Fleet {
        groups: View::Known((0..UNITS).map(group).collect()),
        skew: View::Known(TimeDelta::zero()),
        ..Fleet::unasked(scope.clone(), morning())
    };
    let identity = Identity { account: policy.account.clone(), arn: "arn:aws:iam::111122223333:role/simian".into() };
    World {
        area: Area::whole(&policy.account, std::slice::from_ref(&scope.region)),
        mode: Mode::DryRun,
        at: morning(),
        fleets: BTreeMap::from([(scope, fleet)]),
        observed: Observed { identity: View::Known(identity), ourselves: View::Known(None), ..Observed::default() },
        history: History::empty(Birth { lifted: Some(morning()), ..Birth::new(Uuid::nil(), morning()) }),
        requests: Vec::new(),
    }
}

fn draws(c: &mut Criterion<CpuTime>) {
    let mut group = c.benchmark_group("draw");
    group.throughput(Throughput::Elements(1));
    let date = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a date");
    let dice = Dice::new("draw");
    let scope = Scope { account: policy().account, region: "us-east-1".parse().expect("a region") };
    let id = UnitId { scope, kind: UnitKind::Cluster, name: "s00000-prod".into() };
    let (turn, minute, victim) =
        (dice.on("chaos.coin", date), dice.on("chaos.minute", date), dice.on("chaos.victim", date));
    group.bench_function("coin", |b| b.iter(|| turn.coin(&black_box(&id).pieces())));
    group.bench_function("minute", |b| b.iter(|| minute.below(&black_box(&id).pieces(), 240)));
    let items = ["i-00000000000000000", "i-00000000000000001", "i-00000000000000002"];
    group.bench_function("rank of three", |b| b.iter(|| victim.rank(&id.pieces(), black_box(items))));
    // What no draw can go below: the compressions of its HMAC.
    let blocks = vec![7_u8; 64 * 1024];
    group.throughput(Throughput::Elements(1024));
    group.bench_function("a thousand compressions", |b| b.iter(|| Sha256::digest(black_box(&blocks))));
    group.finish();
}

fn plans(c: &mut Criterion<CpuTime>) {
    let policy = policy();
    let (world, day) = (world(&policy), policy.calendar.day_at(morning()));
    let (chaos, dice) =
        (Chaos::new(Grouping::default(), TimeDelta::minutes(30), TagRules::default()), Dice::new("draw"));
    let outlook = chaos.propose(&world, &day, &dice);
    let mut group = c.benchmark_group("plan");
    group.sample_size(10);
    group.throughput(Throughput::Elements(UNITS));
    group.bench_function("propose", |b| {
        b.iter_batched(|| (), |()| chaos.propose(&world, &day, &dice), BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(outlook.proposals.len() as u64));
    group.bench_function("judge", |b| {
        let judge = || judge(&outlook.proposals, &world, &Detail::none(), &policy, morning());
        b.iter_batched(|| (), |()| judge(), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group! { name = benches; config = cpu::criterion(); targets = draws, plans }
criterion_main!(benches);
