//! One region, the ledger's marks of it, and a hand that does what the janitor proposes.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use simian_core::calendar::{Calendar, Freeze, Holidays, Hours, Weekdays};
use simian_core::estate::Kept;
use simian_core::mark::{MarkId, Saved};
use simian_core::resource::About;
use simian_core::{
    Area, Birth, Chore, Dice, Estate, Extent, Fleet, Group, History, Mark, Mode, Monkey, Observed, Outlook, Resource,
    ResourceId, ResourceKind, Scope, Step, TagRules, View, World,
};
use simian_janitor::{Config, Janitor, Prices};
use uuid::Uuid;

use crate::things::{ACCOUNT, now, snapshot, with_snapshot};

pub(crate) const MARK: &str = "simian:mark";

/// One region over the days.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) janitor: Janitor,
    pub(crate) fleet: Fleet,
    pub(crate) marks: BTreeMap<ResourceId, Mark>,
    pub(crate) mode: Mode,
    pub(crate) at: DateTime<Utc>,
    pub(crate) calendar: Calendar,
}

pub(crate) fn scope() -> Scope {
    Scope { account: ACCOUNT.parse().unwrap(), region: "us-east-1".parse().unwrap() }
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Monday to Friday, but not on the Thursday of that week.
pub(crate) fn calendar() -> Calendar {
    let thanksgiving = date("2026-11-26");
    Calendar {
        zone: chrono_tz::UTC,
        days: Weekdays::MON_TO_FRI,
        hours: Hours::parse("09:00", "17:00").unwrap(),
        holidays: Holidays::default(),
        freezes: vec![Freeze { from: thanksgiving, until: thanksgiving, why: "holiday".into() }],
    }
}

pub(crate) fn config(text: &str) -> Config {
    toml::from_str(text).unwrap()
}

impl Stage {
    /// A live region in which every kind is known and there is nothing, and a janitor of that table.
    pub(crate) fn new(table: &str) -> Self {
        let kinds = ResourceKind::ALL.iter().filter(|kind| **kind != ResourceKind::Group);
        let kinds = kinds.map(|kind| (*kind, Kept { extent: Extent::All, view: View::Known(vec![]) })).collect();
        let fleet = Fleet {
            groups: View::Known(BTreeMap::new()),
            all_groups: true,
            estate: Estate { kinds, ..Estate::default() },
            ..Fleet::unasked(scope(), now())
        };
        let janitor = Janitor::new(&config(table), TagRules::default(), calendar(), Prices::default());
        Self { janitor, fleet, marks: BTreeMap::new(), mode: Mode::Live, at: now(), calendar: calendar() }
    }

    pub(crate) fn rehearsing(mut self) -> Self {
        self.mode = Mode::DryRun;
        self
    }

    /// With that resource, instead of the one of its id.
    pub(crate) fn put(mut self, resource: Resource) -> Self {
        self.set(resource);
        self
    }

    /// A list that is not known stays so.
    pub(crate) fn set(&mut self, resource: Resource) {
        let Some(list) = self.list(resource.id.kind) else { return };
        list.retain(|other| other.id != resource.id);
        list.push(resource);
        list.sort_by(|a, b| a.id.cmp(&b.id));
    }

    fn list(&mut self, kind: ResourceKind) -> Option<&mut Vec<Resource>> {
        match &mut self.fleet.estate.kinds.get_mut(&kind)?.view {
            View::Known(list) => Some(list),
            View::Unknown(_) | View::Unasked => None,
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Resource> {
        self.fleet.estate.get(&id.parse().unwrap())
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let id: ResourceId = id.parse().unwrap();
        if let (ResourceKind::Group, View::Known(groups)) = (id.kind, &mut self.fleet.groups) {
            groups.remove(&id.id);
            return;
        }
        if let Some(list) = self.list(id.kind) {
            list.retain(|other| other.id != id);
        }
    }

    pub(crate) fn group(mut self, group: Group) -> Self {
        let View::Known(groups) = &mut self.fleet.groups else { panic!("groups are not known") };
        groups.insert(group.name.clone(), group);
        self
    }

    /// A list that failed.
    pub(crate) fn unknown(mut self, kind: ResourceKind) -> Self {
        if kind == ResourceKind::Group {
            self.fleet.groups = View::Unknown("throttled".into());
        }
        let failed = Kept { extent: Extent::All, view: View::Unknown("throttled".into()) };
        self.fleet.estate.kinds.insert(kind, failed);
        self
    }

    /// Read only as far as the janitor asks.
    pub(crate) fn only_asked(mut self) -> Self {
        let needs = self.janitor.needs();
        self.fleet.estate.kinds.retain(|kind, _| needs.estate.kinds.contains_key(kind));
        for (kind, extent) in &needs.estate.kinds {
            let kept = self.fleet.estate.kinds.get_mut(kind).unwrap();
            kept.extent = *extent;
        }
        if needs.groups != simian_core::Groups::All {
            self.fleet.groups = View::Unasked;
            self.fleet.all_groups = false;
        }
        self
    }

    pub(crate) fn marked(mut self, id: &str, mark: Mark) -> Self {
        self.marks.insert(id.parse().unwrap(), mark);
        self
    }

    pub(crate) fn mark(&self, id: &str) -> Option<&Mark> {
        self.marks.get(&id.parse().unwrap())
    }

    pub(crate) fn world(&self) -> World {
        let account = scope().account;
        let born = DateTime::UNIX_EPOCH;
        let mut history = History::empty(Birth { lifted: Some(born), ..Birth::new(Uuid::nil(), born) });
        let id = |resource: &ResourceId| MarkId { mode: self.mode, scope: scope(), resource: resource.clone() };
        history.marks = self.marks.iter().map(|(resource, mark)| (id(resource), mark.clone())).collect();
        World {
            area: Area::whole(&account, &[scope().region]),
            mode: self.mode,
            at: self.at,
            fleets: [(scope(), self.fleet.clone())].into(),
            observed: Observed::default(),
            history,
            requests: vec![],
        }
    }

    pub(crate) fn today(&self) -> NaiveDate {
        self.calendar.local_date(self.at)
    }

    pub(crate) fn look(&self) -> Outlook {
        self.janitor.propose(&self.world(), &self.calendar.day(self.today()), &Dice::new("seed"))
    }

    /// The step that is proposed for that resource.
    pub(crate) fn step(&self, id: &str) -> Option<Step> {
        self.chore(id).map(|chore| chore.step)
    }

    pub(crate) fn chore(&self, id: &str) -> Option<Chore> {
        let id: ResourceId = id.parse().unwrap();
        let mut chores = self.look().chores.into_iter().filter(|chore| chore.resource == id);
        let chore = chores.next();
        assert_eq!(chores.next(), None, "one step a round");
        chore
    }

    /// Whether the enabled rules condemn it.
    pub(crate) fn condemns(&self, id: &str) -> bool {
        assert!(self.marks.is_empty() && self.mode == Mode::Live, "asked of what has no mark");
        self.step(id) == Some(Step::Mark)
    }

    /// Does all that is proposed as the hand does it.
    pub(crate) fn act(&mut self) -> Vec<Chore> {
        let chores = self.look().chores;
        for chore in &chores {
            self.do_one(chore);
        }
        chores
    }

    fn do_one(&mut self, chore: &Chore) {
        let id = &chore.resource;
        let live = self.mode == Mode::Live;
        let text = chore.mark.tag().to_string();
        match chore.step {
            Step::Lift => {
                self.marks.remove(id);
                self.write(id, None);
            }
            Step::Mark | Step::Announce => {
                self.marks.insert(id.clone(), chore.mark.clone());
                self.write(id, Some(text));
            }
            Step::Save => {
                let made = (live && id.kind == ResourceKind::Volume).then(|| format!("snap-of-{}", id.id));
                if let Some(made) = &made {
                    self.set(with_snapshot(snapshot(made), |snapshot| snapshot.completed = false));
                }
                let saved = Some(Saved { on: chore.date, snapshot: made });
                let tried = live.then_some(chore.date).or(chore.mark.tried);
                self.marks.insert(id.clone(), Mark { saved, tried, ..chore.mark.clone() });
                self.disable(id, true);
            }
            Step::Delete if live => {
                self.marks.remove(id);
                self.remove(&id.to_string());
            }
            Step::Delete => {
                self.marks.insert(id.clone(), Mark { rehearsed: true, ..chore.mark.clone() });
            }
        }
    }

    fn disable(&mut self, id: &ResourceId, disabled: bool) {
        if self.mode == Mode::Live && id.kind == ResourceKind::Image {
            let image = self.get(&id.to_string()).unwrap().clone();
            self.set(crate::things::with_image(image, |image| {
                image.disabled = disabled;
                image.available = !disabled;
            }));
        }
    }

    /// Writes a mark's tag, or takes it away.
    pub(crate) fn write(&mut self, id: &ResourceId, text: Option<String>) {
        if self.mode == Mode::DryRun {
            return;
        }
        let write = |tags: &mut BTreeMap<String, String>| {
            match text {
                Some(text) => tags.insert(MARK.into(), text),
                None => tags.remove(MARK),
            };
        };
        if id.kind == ResourceKind::Group {
            if let View::Known(groups) = &mut self.fleet.groups
                && let Some(group) = groups.get_mut(&id.id)
            {
                write(&mut group.tags);
            }
            return;
        }
        let found = self.list(id.kind).into_iter().flatten().find(|resource| resource.id == *id);
        let taggable = !matches!(id.kind, ResourceKind::LaunchConfiguration | ResourceKind::TemplateVersion);
        if let Some(Resource { tags: View::Known(tags), .. }) = found.filter(|_| taggable) {
            write(tags);
        }
    }

    /// Every snapshot becomes whole.
    pub(crate) fn complete(&mut self) {
        for resource in self.list(ResourceKind::Snapshot).into_iter().flatten() {
            if let About::Snapshot(snapshot) = &mut resource.about {
                snapshot.completed = true;
            }
        }
    }

    /// The next day, same time.
    pub(crate) fn sleep(&mut self) {
        self.at += TimeDelta::days(1);
    }

    /// Acts every day until that date, and says what was done to that resource, and when.
    pub(crate) fn live_until(&mut self, until: &str, id: &str) -> Vec<String> {
        let id: ResourceId = id.parse().unwrap();
        let mut told = Vec::new();
        while self.today() < date(until).checked_add_days(Days::new(1)).unwrap() {
            let done = self.act();
            told.extend(done.iter().filter(|chore| chore.resource == id).map(|c| format!("{} {}", c.date, c.step)));
            self.complete();
            self.sleep();
        }
        told
    }
}

/// A mark of that rule: since a day, until a day.
pub(crate) fn mark(rule: &str, since: &str, end: &str) -> Mark {
    let text = format!("delete@{end} rule={rule} since={since}");
    let tag: simian_core::MarkTag = text.parse().unwrap();
    Mark {
        rule: tag.rule,
        since: tag.since,
        end: tag.end,
        owner: None,
        app: None,
        cents_a_month: 0,
        announced: None,
        saved: None,
        tried: None,
        acting: None,
        rehearsed: false,
    }
}
