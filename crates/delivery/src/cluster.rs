//! A cluster as one sees it: its groups, newest first, and what each of them carries.

use std::collections::BTreeMap;
use std::fmt;

use simian_core::detail::{Launches, TargetHealth};
use simian_core::{Group, InstanceId, Lifecycle, Name, Route, Scope, View};

/// The groups of one app, stack and detail in one region of an account, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Where.
    pub scope: Scope,
    /// Its name: `app-stack-detail`.
    pub name: String,
    /// Its groups.
    pub groups: Vec<ServerGroup>,
}

/// A group, and what was seen of what it stands behind and launches from.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerGroup {
    /// The group itself.
    pub group: Group,
    /// The health of the targets of each of its target groups, by ARN. Other groups' targets are in it too.
    pub health: BTreeMap<String, View<BTreeMap<InstanceId, TargetHealth>>>,
    /// Who sends to its target groups.
    pub routes: View<Vec<Route>>,
    /// What it would launch now.
    pub launches: Vec<View<Launches>>,
}

/// How many of a group's members its balancers can count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// Healthy in every target group.
    pub healthy: usize,
    /// Registered in any.
    pub all: usize,
}

/// What a group carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Traffic {
    /// It stands behind no target group, so nobody can tell from here.
    Unbalanced,
    /// It could not be seen, and why.
    Unknown(String),
    /// The least and the most of what it gets in any rule that knows its target groups, from 0 to 1.
    Share(f64, f64),
}

impl Cluster {
    /// A cluster of these groups, which must all be its own.
    pub fn new(scope: Scope, name: impl Into<String>, mut groups: Vec<ServerGroup>) -> Self {
        let push = |group: &ServerGroup| Name::parse(&group.group.name).push;
        groups.sort_by_key(|group| std::cmp::Reverse((group.group.created, push(group))));
        Self { scope, name: name.into(), groups }
    }
}

impl ServerGroup {
    /// Its registered members, and how many of them are healthy everywhere; `None` where nobody can tell.
    pub fn targets(&self) -> Option<Targets> {
        let mut worst: BTreeMap<&InstanceId, bool> = BTreeMap::new();
        if self.health.is_empty() {
            return None;
        }
        for health in self.health.values() {
            for (id, health) in health.known()?.iter().filter(|(id, _)| self.group.member(id).is_some()) {
                *worst.entry(id).or_insert(true) &= *health == TargetHealth::Healthy;
            }
        }
        Some(Targets { healthy: worst.values().filter(|healthy| **healthy).count(), all: worst.len() })
    }

    /// What it carries. A target group that it shares with others is divided by healthy targets; where none is healthy, by
    /// all of them, because a balancer then sends to all (Elastic Load Balancing user guide, "Health checks for target
    /// groups").
    pub fn traffic(&self) -> Traffic {
        if self.group.target_groups.is_empty() {
            return Traffic::Unbalanced;
        }
        let routes = match &self.routes {
            View::Known(routes) => routes,
            View::Unknown(why) => return Traffic::Unknown(why.clone()),
            View::Unasked => return Traffic::Unknown("nobody asked".into()),
        };
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for route in routes.iter().filter(|route| self.group.target_groups.contains(&route.target_group)) {
            let part = match self.health.get(&route.target_group) {
                Some(View::Known(targets)) => self.part(targets),
                Some(View::Unknown(why)) => return Traffic::Unknown(why.clone()),
                Some(View::Unasked) | None => return Traffic::Unknown("nobody asked".into()),
            };
            let share = route.share() * part;
            (least, most) = (least.min(share), most.max(share));
        }
        Traffic::Share(if least.is_finite() { least } else { 0.0 }, most)
    }

    #[expect(clippy::cast_precision_loss, reason = "a target group has 1,000 targets at most")]
    fn part(&self, targets: &BTreeMap<InstanceId, TargetHealth>) -> f64 {
        let count = |healthy: bool| {
            let counted = targets.iter().filter(|(_, health)| !healthy || **health == TargetHealth::Healthy);
            let (mine, others): (Vec<_>, Vec<_>) = counted.partition(|(id, _)| self.group.member(id).is_some());
            (mine.len(), mine.len() + others.len())
        };
        let (mine, all) = match count(true) {
            (_, 0) => count(false),
            some => some,
        };
        if all == 0 { 0.0 } else { mine as f64 / all as f64 }
    }

    /// Whether it carries anything; `None` where nobody can tell.
    pub fn carries(&self) -> Option<bool> {
        match self.traffic() {
            Traffic::Share(_, most) => Some(most > 0.0),
            Traffic::Unbalanced | Traffic::Unknown(_) => None,
        }
    }

    /// It runs nothing and wants nothing.
    pub fn is_parked(&self) -> bool {
        let runs = |lifecycle: &Lifecycle| !matches!(lifecycle, Lifecycle::Terminating);
        self.group.desired == 0 && !self.group.members.iter().any(|member| runs(&member.lifecycle))
    }

    /// The images that it would launch now, each once; what is wrong with one is said in its place.
    pub fn images(&self) -> Vec<String> {
        let of = |view: &View<Launches>| match view {
            View::Known(Launches::Image(id)) => id.clone(),
            View::Known(Launches::MissingImage(id)) => format!("{id} (gone)"),
            View::Known(Launches::NoImage) => "none".into(),
            View::Known(Launches::Gone) => "its template is gone".into(),
            View::Unknown(_) | View::Unasked => "?".into(),
        };
        let mut images: Vec<String> = self.launches.iter().map(of).collect();
        images.sort_unstable();
        images.dedup();
        images
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        f.pad(&match self {
            Traffic::Unbalanced => "-".to_owned(),
            Traffic::Unknown(_) => "?".to_owned(),
            Traffic::Share(least, most) if percent(*least) == percent(*most) => percent(*most),
            Traffic::Share(least, most) => format!("{:.0} to {}", least * 100.0, percent(*most)),
        })
    }
}
