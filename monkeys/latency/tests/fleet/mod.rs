//! A world of plain groups for the monkey to look at.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta};
use simian_core::calendar::{Calendar, Hours, Weekdays};
use simian_core::{
    Area, Birth, Fleet, Group, Grouping, History, Identity, InstanceId, Lifecycle, Member, Mode, Observed, Region,
    Scope, Settings, TagRules, Terms, View, World,
};
use simian_latency::{Latency, tags};
use uuid::Uuid;

pub(crate) fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub(crate) fn calendar(zone: chrono_tz::Tz, open: &str, close: &str) -> Calendar {
    Calendar {
        zone,
        days: Weekdays::MON_TO_FRI,
        hours: Hours::parse(open, close).unwrap(),
        holidays: simian_core::calendar::Holidays::default(),
        freezes: Vec::new(),
    }
}

/// The operator says nothing but how long.
pub(crate) fn latency() -> Latency {
    with(&[])
}

/// The operator says this of a slow network.
pub(crate) fn with(parameters: &[(&str, &str)]) -> Latency {
    let parameters = parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let terms = Terms { lasts: TimeDelta::minutes(5), parameters };
    let rules = tags(&TagRules::default(), Settings::default(), terms);
    Latency::new(Grouping::default(), TimeDelta::minutes(30), rules)
}

pub(crate) fn scope(region: &str) -> Scope {
    Scope { account: "111122223333".parse().unwrap(), region: region.parse::<Region>().unwrap() }
}

/// A group of four in service that opted in to a slow database, with these tags over that.
pub(crate) fn group(name: &str, tags: &[(&str, &str)]) -> Group {
    let member = |n: usize| Member {
        id: InstanceId::new(format!("i-{name}-{n}")),
        zone: format!("us-east-1{}", ["a", "b", "c", "d"][n]),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: None,
    };
    let on = [("simian:latency", "on"), ("simian:latency:delay", "200ms"), ("simian:latency:to", "10.1.0.0/16:5432")];
    let tags = on.iter().chain(tags).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Group {
        name: name.into(),
        tags,
        min: 2,
        desired: 4,
        max: 8,
        members: (0..4).map(member).collect(),
        ..Group::default()
    }
}

pub(crate) fn fleet(region: &str, groups: impl IntoIterator<Item = Group>) -> Fleet {
    let groups = groups.into_iter().map(|group| (group.name.clone(), group)).collect();
    Fleet {
        groups: View::Known(groups),
        skew: View::Known(TimeDelta::zero()),
        ..Fleet::unasked(scope(region), DateTime::UNIX_EPOCH)
    }
}

pub(crate) fn world(fleets: impl IntoIterator<Item = Fleet>) -> World {
    let born = DateTime::UNIX_EPOCH;
    let account = scope("us-east-1").account;
    let area = Area::whole(&account, &[scope("us-east-1").region]);
    World {
        mode: Mode::Live,
        at: born,
        fleets: fleets.into_iter().map(|fleet| (fleet.scope.clone(), fleet)).collect::<BTreeMap<_, _>>(),
        observed: Observed {
            identity: View::Known(Identity {
                account: account.clone(),
                arn: "arn:aws:iam::111122223333:role/x".into(),
            }),
            ourselves: View::Known(None),
            brake: View::Unasked,
            ..Observed::default()
        },
        history: History::empty(Birth { lifted: Some(born), ..Birth::new(Uuid::nil(), born) }),
        requests: Vec::new(),
        area,
    }
}
