//! What the chaos monkey would do with hostile groups: never outside the hours, never to whom it was not allowed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use simian_chaos::Chaos;
use simian_core::calendar::{Calendar, Holidays, Hours, Weekdays};
use simian_core::unit::units;
use simian_core::{
    AccountId, Area, Birth, Choice, Day, Dice, Fleet, Group, Grouping, History, InstanceId, Lifecycle, Member, Mode,
    Monkey, Observed, OptIn, Outlook, Region, Scope, TagRules, UnitKind, View, World,
};
use uuid::Uuid;

use crate::number;

/// Plans a day of the groups and looks at every proposal. The text decides which day, which hours, which way to group.
pub(crate) fn stays_inside(rules: &TagRules, groups: &[BTreeMap<String, String>], zone: Tz, text: &str) {
    let seed = number(text);
    let calendar = calendar(seed, zone);
    let day = calendar.day(date(seed));
    let kinds = [UnitKind::Cluster, UnitKind::Asg, UnitKind::Stack, UnitKind::App];
    let grouping = Grouping { kind: kinds[seed as usize % kinds.len()], across_regions: seed & 16 != 0 };
    let world = world(groups);
    everybody_is_somewhere(&world, rules, grouping);
    let chaos = Chaos::new(grouping, TimeDelta::minutes(30), rules.clone()).within(calendar);
    let outlook = chaos.propose(&world, &day, &Dice::new("fuzz"));
    is_allowed(&outlook, &world, rules, &day);
}

fn is_allowed(outlook: &Outlook, world: &World, rules: &TagRules, day: &Day) {
    let mut keys = BTreeSet::new();
    for proposal in &outlook.proposals {
        let settings = &proposal.unit.settings;
        let window = day.narrow(&settings.hours).window_at(proposal.due).copied();
        let window = window.unwrap_or_else(|| panic!("{} is due at {}, which is closed", proposal.key, proposal.due));
        assert!(proposal.due < proposal.expires && proposal.expires <= window.close, "{}", proposal.key);
        assert!(keys.insert(proposal.key.clone()), "{} twice", proposal.key);
        assert!(proposal.targets.len() <= settings.size.among(usize::MAX), "too many by {}", proposal.key);
        for target in &proposal.targets {
            let group = world.group(&proposal.scope, &target.group).expect("a target's group is there");
            assert!(matches!(rules.read(&group.tags), OptIn::In(_)), "{} did not opt in", group.name);
            let member = group.member(&target.instance).expect("a target is a member");
            assert!(member.serves() && !member.protected, "{} may not be hit", member.id);
        }
    }
}

/// No group that opted in is lost, and none is both in and out.
fn everybody_is_somewhere(world: &World, rules: &TagRules, grouping: Grouping) {
    let units = units(world.fleets.values(), grouping, rules, &Choice::default());
    let opted_in: usize = units.opted_in.iter().map(|unit| unit.groups.len()).sum();
    let mut asked = 0;
    for group in world.fleets.values().filter_map(|fleet| fleet.groups.known()).flat_map(BTreeMap::values) {
        if let OptIn::In(_) = rules.read(&group.tags) {
            asked += 1;
        }
    }
    assert!(opted_in <= asked, "{opted_in} of {asked} groups that asked");
    if opted_in < asked {
        assert!(!units.kept_out.is_empty(), "who is kept out is told why");
    }
    for unit in &units.opted_in {
        assert!(!units.kept_out.contains_key(&unit.id.full()), "{} is in and out", unit.id);
    }
}

fn calendar(seed: u64, zone: Tz) -> Calendar {
    let open = u16::try_from((seed >> 8) % 1440).unwrap_or(0);
    let close = u16::try_from((seed >> 24) % 1441).unwrap_or(0);
    let hours = if open == close { Hours { open: 0, close: 1440 } } else { Hours { open, close } };
    let days = Weekdays::from_iter([chrono::Weekday::Mon, chrono::Weekday::Wed, chrono::Weekday::Sun]);
    let days = if seed & 32 == 0 { days } else { Weekdays::MON_TO_FRI };
    Calendar { zone, days, hours, holidays: Holidays::default(), freezes: Vec::new() }
}

/// Mostly of our century, now and then one of the first or last dates there are.
fn date(seed: u64) -> NaiveDate {
    let days = (seed >> 40) % 50_000;
    let date = match (seed >> 36) & 15 {
        0 => NaiveDate::MIN.checked_add_days(Days::new(days % 5)),
        1 => NaiveDate::MAX.checked_sub_days(Days::new(days % 5)),
        _ => NaiveDate::default().checked_add_days(Days::new(days)),
    };
    date.unwrap_or_default()
}

fn world(groups: &[BTreeMap<String, String>]) -> World {
    let born = DateTime::UNIX_EPOCH;
    let regions: [Region; 2] = ["us-east-1", "eu-west-1"].map(|region| region.parse().expect("a region"));
    let account: AccountId = "111122223333".parse().expect("an account");
    let mut fleets = BTreeMap::new();
    for (n, region) in regions.iter().enumerate() {
        let scope = Scope { account: account.clone(), region: region.clone() };
        let here = groups.iter().enumerate().filter(|(at, _)| at % 2 == n);
        let here = here.map(|(at, tags)| group(at, tags)).map(|group| (group.name.clone(), group)).collect();
        let fleet = Fleet {
            groups: View::Known(here),
            skew: View::Known(TimeDelta::zero()),
            ..Fleet::unasked(scope.clone(), born)
        };
        fleets.insert(scope, fleet);
    }
    World {
        area: Area::whole(&account, &regions),
        mode: Mode::Live,
        at: born,
        fleets,
        observed: Observed::default(),
        history: History::empty(Birth { lifted: Some(born), ..Birth::new(Uuid::nil(), born) }),
        requests: Vec::new(),
    }
}

/// A group that is called what its `Name` tag says, if it has one.
fn group(at: usize, tags: &BTreeMap<String, String>) -> Group {
    let name = tags.get("Name").cloned().unwrap_or_else(|| format!("shop-prod-v{at:03}"));
    let member = |n: usize| Member {
        id: InstanceId::new(format!("i-{at}-{n}")),
        zone: format!("us-east-1{}", ["a", "b"][n % 2]),
        lifecycle: if n == 5 { Lifecycle::Standby } else { Lifecycle::InService },
        healthy: n != 4,
        protected: n == 3,
        template_version: None,
        template: None,
        configuration: None,
        kind: None,
    };
    let members = (0..6).map(member).collect();
    Group { name, tags: tags.clone(), min: 2, desired: 6, max: 8, members, ..Group::default() }
}
