//! A scene in which nothing is wrong: each rail's test spoils one thing.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{Judged, Policy, Verdict, judge};
use crate::action::Action;
use crate::calendar::{Calendar, Holidays, Hours};
use crate::claim::{Claim, ClaimRecord};
use crate::detail::{Detail, Launches, Lever, Look, Stops};
use crate::fleet::{Fleet, Group, InstanceId, LaunchSource, Lifecycle, Member, View};
use crate::history::History;
use crate::ledger::Birth;
use crate::ports::Identity;
use crate::proposal::{Key, Proposal, Target};
use crate::scope::{Area, Mode, Scope};
use crate::tags::Settings;
use crate::unit::{GroupId, Unit, UnitId, UnitKind};
use crate::world::{Observed, World};

pub(crate) struct Scene {
    pub(crate) proposal: Proposal,
    pub(crate) world: World,
    pub(crate) policy: Policy,
    pub(crate) now: DateTime<Utc>,
}

impl Scene {
    /// Monday 2026-11-23, noon in UTC, live: a cluster of four in two zones whose first member is aimed at.
    pub(crate) fn quiet() -> Self {
        let now: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        let scope = Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() };
        let calendar = Calendar {
            zone: chrono_tz::UTC,
            days: [
                chrono::Weekday::Mon,
                chrono::Weekday::Tue,
                chrono::Weekday::Wed,
                chrono::Weekday::Thu,
                chrono::Weekday::Fri,
            ]
            .into_iter()
            .collect(),
            hours: Hours { open: 9 * 60, close: 15 * 60 },
            holidays: Holidays::default(),
            freezes: Vec::new(),
        };
        let mut policy = Policy::cautious(scope.account.clone(), calendar);
        policy.mode = Mode::Live;

        let member = |n: usize| Member {
            id: InstanceId::new(format!("i-{n}")),
            zone: format!("us-east-1{}", ["a", "b"][n % 2]),
            lifecycle: Lifecycle::InService,
            healthy: true,
            protected: false,
            template_version: None,
            template: None,
            configuration: None,
            kind: None,
        };
        let group = Group {
            name: "shop-prod-v001".into(),
            tags: [("simian:chaos".into(), "on".into()), ("owner".into(), "ann".into())].into(),
            min: 4,
            desired: 4,
            max: 8,
            members: (0..4).map(member).collect(),
            launches: vec![LaunchSource::Template { id: "lt-1".into(), version: "$Latest".into() }],
            subnets: vec!["subnet-0".into(), "subnet-1".into()],
            ..Group::default()
        };
        let fleet = Fleet {
            groups: View::Known([(group.name.clone(), group)].into()),
            skew: View::Known(TimeDelta::zero()),
            ..Fleet::unasked(scope.clone(), now)
        };
        let born = now - TimeDelta::days(90);
        let birth = Birth { lifted: Some(born), ..Birth::new(Uuid::nil(), born) };
        let world = World {
            area: Area::whole(&scope.account, std::slice::from_ref(&scope.region)),
            mode: Mode::Live,
            at: now,
            fleets: BTreeMap::from([(scope.clone(), fleet)]),
            observed: Observed {
                identity: View::Known(Identity {
                    account: scope.account.clone(),
                    arn: "arn:aws:iam::111122223333:role/simian".into(),
                }),
                ourselves: View::Known(None),
                brake: View::Unasked,
                ..Observed::default()
            },
            history: History::empty(birth),
            requests: Vec::new(),
        };
        let unit = Unit {
            id: UnitId { scope: scope.clone(), kind: UnitKind::Cluster, name: "shop-prod".into() },
            app: "shop".into(),
            owner: Some("ann".into()),
            groups: vec![GroupId::new(&scope.region, "shop-prod-v001")],
            settings: Settings::default(),
        };
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let proposal = Proposal {
            key: Key::dated(Mode::Live, "chaos", date, &unit.id),
            mode: Mode::Live,
            monkey: "chaos".into(),
            date,
            due: now,
            expires: now + TimeDelta::minutes(30),
            unit,
            scope,
            targets: vec![Target {
                instance: InstanceId::new("i-0"),
                group: "shop-prod-v001".into(),
                zone: "us-east-1a".into(),
            }],
            action: Action::Terminate,
            terms: None,
            request: None,
            why: "its turn".into(),
        };
        Self { proposal, world, policy, now }
    }

    pub(crate) fn fleet(&mut self) -> &mut Fleet {
        self.world.fleets.values_mut().next().unwrap()
    }

    pub(crate) fn group(&mut self) -> &mut Group {
        match &mut self.fleet().groups {
            View::Known(groups) => groups.get_mut("shop-prod-v001").unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Another group of the unit: one like the first, until it is changed.
    pub(crate) fn beside(&mut self, name: &str) -> &mut Group {
        let mut other = self.group().clone();
        name.clone_into(&mut other.name);
        for member in &mut other.members {
            member.id = InstanceId::new(format!("{}-{name}", member.id));
        }
        let id = GroupId::new(&self.proposal.scope.region, name);
        if !self.proposal.unit.groups.contains(&id) {
            self.proposal.unit.groups.push(id);
        }
        match &mut self.fleet().groups {
            View::Known(groups) => groups.entry(name.to_owned()).or_insert(other),
            other => panic!("{other:?}"),
        }
    }

    /// An open claim of an earlier key on the same target.
    pub(crate) fn open_claim(&mut self) {
        self.open_claim_on(0);
    }

    /// An open claim of an earlier key on the n-th member.
    pub(crate) fn open_claim_on(&mut self, n: usize) {
        let proposal = &self.proposal;
        let claim = Claim {
            key: Key::from_stored("chaos/2026-11-20/x"),
            mode: proposal.mode,
            monkey: proposal.monkey.clone(),
            date: proposal.date,
            scope: proposal.scope.clone(),
            unit: proposal.unit.id.to_string(),
            spans: None,
            app: proposal.unit.app.clone(),
            owner: None,
            action: proposal.action,
            terms: None,
            targets: vec![Target { instance: InstanceId::new(format!("i-{n}")), ..proposal.targets[0].clone() }],
            baseline: BTreeMap::new(),
            alarms: Vec::new(),
            holder: "h".into(),
            at: self.now,
            act_before: self.now,
            slots: Vec::new(),
        };
        self.world.history.open.push(ClaimRecord::won(&claim));
    }

    pub(crate) fn judge(&self) -> Judged {
        let proposals = std::slice::from_ref(&self.proposal);
        judge(proposals, &self.world, &Detail::none(), &self.policy, self.now).remove(0)
    }

    /// A second look that finds nothing wrong, spoiled.
    pub(crate) fn detail(&self, spoil: impl FnOnce(&mut Look)) -> Detail {
        let groups = self.world.fleets.values().filter_map(|fleet| fleet.groups.known()).flatten();
        let names: Vec<String> = groups.map(|(name, _)| name.clone()).collect();
        let source = LaunchSource::Template { id: "lt-1".into(), version: "$Latest".into() };
        let mut look = Look {
            at: self.now,
            refreshes: names.iter().map(|name| (name.clone(), View::Known(None))).collect(),
            activities: names.iter().map(|name| (name.clone(), View::Known(Vec::new()))).collect(),
            launches: [(source, View::Known(Launches::Image("ami-1".into())))].into(),
            subnets: View::Known([("subnet-0".to_owned(), 250), ("subnet-1".to_owned(), 0)].into()),
            stops: Some(Stops {
                at: self.now,
                alarms: View::Unasked,
                lever: View::Known(Lever { engaged: false, reason: String::new() }),
                outage: View::Unasked,
            }),
            ..Look::default()
        };
        spoil(&mut look);
        Detail::of([(self.proposal.scope.clone(), look)].into())
    }

    /// What a rail says after a second look that finds nothing wrong, spoiled.
    pub(crate) fn looked(&self, rail: &str, spoil: impl FnOnce(&mut Look)) -> Verdict {
        let proposals = std::slice::from_ref(&self.proposal);
        let judged = judge(proposals, &self.world, &self.detail(spoil), &self.policy, self.now).remove(0);
        judged.rulings.into_iter().find(|ruling| ruling.rail == rail).unwrap().says
    }

    /// What a rail says would lift its hold. It must hold.
    pub(crate) fn lift(&self, rail: &str) -> String {
        let mut lifts = super::lifts(&self.judge(), &self.world, &Detail::none(), &self.policy, self.now);
        lifts.remove(rail).unwrap_or_else(|| panic!("{rail} holds nothing, or has no remedy"))
    }

    pub(crate) fn verdict(&self, rail: &str) -> Verdict {
        self.judge().rulings.into_iter().find(|ruling| ruling.rail == rail).unwrap().says
    }
}
