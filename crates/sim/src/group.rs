//! A group as its owner describes it, and the group that came of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Group, GroupId, InstanceId, LaunchSource, Region};

use crate::activities::Activities;
use crate::refresh::Refreshing;

/// What an owner asks for. Starts from something sensible: three zones, EC2 health checks, a boot of 60 to 300 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSpec {
    /// Where, and its name.
    pub id: GroupId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `MinSize`.
    pub min: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
    /// `MaxSize`.
    pub max: u32,
    /// The names of its zones, in the order in which they are filled.
    pub zones: Vec<String>,
    /// `EC2` or `ELB`.
    pub health_check: String,
    /// The ARNs of its target groups.
    pub target_groups: Vec<String>,
    /// The names of its suspended processes.
    pub suspended: BTreeSet<String>,
    /// Seconds from launch to service; each instance draws its own.
    pub boot_seconds: RangeInclusive<u32>,
    /// A terminating lifecycle hook's heartbeat timeout in seconds: a graceful end waits that long, or less when the
    /// owner's script completes it.
    pub hook_seconds: Option<u32>,
    /// The launch template's version.
    pub template_version: u32,
    /// What it launches from; when empty, a template of its own at its version.
    pub launches: Vec<LaunchSource>,
    /// Its instances are Spot instances.
    pub spot: bool,
    /// When it says that it was made.
    pub created: Option<DateTime<Utc>>,
}

impl GroupSpec {
    /// A group of that many, which may shrink to half and grow to twice that.
    pub fn new(region: &Region, name: impl Into<String>, size: u32) -> Self {
        Self {
            id: GroupId::new(region, name),
            tags: BTreeMap::new(),
            min: size / 2,
            desired: size,
            max: size * 2,
            zones: ["a", "b", "c"].iter().map(|letter| format!("{region}{letter}")).collect(),
            health_check: "EC2".into(),
            target_groups: Vec::new(),
            suspended: BTreeSet::new(),
            boot_seconds: 60..=300,
            hook_seconds: None,
            template_version: 1,
            launches: Vec::new(),
            spot: false,
            created: None,
        }
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Sets the sizes.
    #[must_use]
    pub fn sizes(mut self, min: u32, desired: u32, max: u32) -> Self {
        (self.min, self.desired, self.max) = (min, desired, max);
        self
    }

    /// Sets the zones by their letters.
    #[must_use]
    pub fn zones(mut self, letters: &[&str]) -> Self {
        self.zones = letters.iter().map(|letter| format!("{}{letter}", self.id.region)).collect();
        self
    }

    /// Sets how many seconds a boot takes.
    #[must_use]
    pub fn boot(mut self, seconds: RangeInclusive<u32>) -> Self {
        self.boot_seconds = seconds;
        self
    }

    /// Adds a terminating lifecycle hook of that many seconds.
    #[must_use]
    pub fn hook(mut self, seconds: u32) -> Self {
        self.hook_seconds = Some(seconds);
        self
    }

    /// Has it launch Spot instances.
    #[must_use]
    pub fn on_spot(mut self) -> Self {
        self.spot = true;
        self
    }

    /// Suspends a process, such as `Launch`.
    #[must_use]
    pub fn suspend(mut self, process: impl Into<String>) -> Self {
        self.suspended.insert(process.into());
        self
    }

    /// Adds something that it launches from.
    #[must_use]
    pub fn launches_from(mut self, source: LaunchSource) -> Self {
        self.launches.push(source);
        self
    }

    /// Everything that it launches from.
    pub(crate) fn sources(&self) -> Vec<LaunchSource> {
        if self.launches.is_empty() {
            let (id, version) = (format!("lt-{}", self.id.name), self.template_version.to_string());
            return vec![LaunchSource::Template { id, version }];
        }
        self.launches.clone()
    }

    /// Puts it behind a target group, whose checks count as its health.
    #[must_use]
    pub fn target_group(mut self, arn: impl Into<String>) -> Self {
        self.target_groups.push(arn.into());
        self.health_check = "ELB".into();
        self
    }
}

/// How far back a stale read may look, and therefore how long old versions are kept.
pub(crate) const HISTORY: TimeDelta = TimeDelta::seconds(300);

#[derive(Debug)]
pub(crate) struct SimGroup {
    pub(crate) spec: GroupSpec,
    /// Ids of the members, in the order of their launch.
    pub(crate) members: Vec<InstanceId>,
    /// How many it ever launched.
    pub(crate) launched: u64,
    /// How many launches failed since the last that did not.
    pub(crate) failures: u32,
    /// When it tries again to launch.
    pub(crate) again: Option<DateTime<Utc>>,
    pub(crate) activities: Activities,
    pub(crate) refreshing: Refreshing,
    pub(crate) alive: bool,
    /// When it was founded: what was set up at that very time was always so.
    founded: Option<DateTime<Utc>>,
    /// From when on which description was true; `None` when there was no such group. In order of time.
    versions: VecDeque<(DateTime<Utc>, Option<Arc<Group>>)>,
}

impl SimGroup {
    pub(crate) fn new(spec: GroupSpec) -> Self {
        Self {
            spec,
            members: Vec::new(),
            launched: 0,
            failures: 0,
            again: None,
            activities: Activities::default(),
            refreshing: Refreshing::default(),
            alive: true,
            founded: None,
            versions: VecDeque::new(),
        }
    }

    /// A group of that name again. Stale reads may still see what was there before; launches count on, so that ids stay
    /// unique.
    pub(crate) fn again(&mut self, spec: GroupSpec) {
        let before = std::mem::replace(self, Self::new(spec));
        (self.launched, self.versions, self.founded) = (before.launched, before.versions, before.founded);
    }

    /// From `now` on, this is the group's description. What nobody looks back to is forgotten, but for who keeps it all.
    pub(crate) fn record(&mut self, now: DateTime<Utc>, version: Option<Group>, keeps: bool) {
        let version = version.map(Arc::new);
        let founding = self.founded == Some(now);
        match self.versions.back_mut() {
            Some((at, last)) if *at == now || founding => *last = version,
            _ => self.versions.push_back((now, version)),
        }
        while !keeps && self.versions.get(1).is_some_and(|(at, _)| *at <= now - HISTORY) {
            self.versions.pop_front();
        }
    }

    /// What is true of it now was always so, as far as anybody can look back.
    pub(crate) fn backdate(&mut self, now: DateTime<Utc>) {
        self.founded = Some(now);
        if let [.., (at, _)] = self.versions.make_contiguous() {
            *at = (*at).min(now - HISTORY);
        }
    }

    /// The description as of `seen`.
    pub(crate) fn version(&self, seen: DateTime<Utc>) -> Option<&Arc<Group>> {
        self.versions.iter().rev().find(|(at, _)| *at <= seen).and_then(|(_, version)| version.as_ref())
    }

    pub(crate) fn is_suspended(&self, process: &str) -> bool {
        self.spec.suspended.contains(process)
    }
}
