//! A region of healthy resources, for rules to be asked about: each test spoils what it is about.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use simian_core::estate::Kept;
use simian_core::fleet::LaunchSource;
use simian_core::ports::InstanceState;
use simian_core::resource::{
    About, Balancer, BalancerKind, Image, Instance, LaunchTemplate, ManagedNode, Metadata, TargetGroup, TemplateVersion,
};
use simian_core::{
    Area, Birth, Estate, Extent, Fleet, Group, History, InstanceId, Lifecycle, Member, Mode, Observed, Resource,
    ResourceId, ResourceKind, Scope, TagRules, View, World,
};

use crate::Chaos;
use crate::ground::{Asked, Ground, Subject};
use crate::parameters::Parameters;
use crate::rule::{Enabled, Judgement, Rule};

pub(crate) const TARGETS: &str =
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123456789abcdef";
pub(crate) const EDGE: &str =
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/edge/0123456789abcdef";

/// Monday, 23 November 2026, noon.
pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap()
}

pub(crate) fn today() -> NaiveDate {
    now().date_naive()
}

pub(crate) fn days_ago(days: i64) -> DateTime<Utc> {
    now() - TimeDelta::days(days)
}

pub(crate) fn scope() -> Scope {
    Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() }
}

pub(crate) fn tags(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn resource(id: &str, about: About) -> Resource {
    let mut resource = Resource {
        id: ResourceId::new(ResourceKind::Group, id),
        name: None,
        tags: View::Known(BTreeMap::new()),
        created: Some(days_ago(10)),
        about,
    };
    resource.id.kind = resource.kind();
    resource
}

/// A running instance that keeps every rule.
pub(crate) fn instance(id: &str) -> Resource {
    resource(id, About::Instance(running()))
}

/// The same, after a change.
pub(crate) fn instance_but(id: &str, but: impl FnOnce(&mut Instance)) -> Resource {
    let mut instance = running();
    but(&mut instance);
    resource(id, About::Instance(instance))
}

fn running() -> Instance {
    Instance {
        state: InstanceState::Running,
        stopped: None,
        launched: days_ago(10),
        kind: "m7g.large".into(),
        image: "ami-1".into(),
        zone: "us-east-1a".into(),
        subnet: Some("subnet-1".into()),
        vpc: Some("vpc-1".into()),
        key: None,
        security_groups: vec!["sg-1".into()],
        public_address: None,
        metadata: Metadata { enabled: Some(true), tokens_required: Some(true), hop_limit: Some(1) },
        group: None,
        spot: false,
        managed: false,
    }
}

pub(crate) fn member(id: &str, zone: &str) -> Member {
    Member {
        id: InstanceId::new(id),
        zone: zone.into(),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: Some("3".into()),
        template: Some("lt-1".into()),
        configuration: None,
        kind: Some("m7g.large".into()),
    }
}

/// A group of three in three zones behind a balancer, which keeps every rule.
pub(crate) fn group(name: &str) -> Group {
    Group {
        name: name.into(),
        tags: tags(&[("owner", "storefront")]),
        min: 2,
        desired: 3,
        max: 6,
        members: ["a", "b", "c"].map(|zone| member(&format!("i-{zone}"), &format!("us-east-1{zone}"))).into(),
        health_check: "EC2,ELB".into(),
        target_groups: vec![TARGETS.into()],
        launches: vec![LaunchSource::Template { id: "lt-1".into(), version: "$Default".into() }],
        zones: ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned).into(),
        created: Some(days_ago(10)),
        grace_seconds: 300,
        ..Group::default()
    }
}

/// A region, and what is asked about it.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) chaos: Chaos,
    pub(crate) given: Parameters,
}

impl Scene {
    /// Everything was read: one group of three behind its balancer, from its template and image.
    pub(crate) fn new() -> Self {
        Self::bare().with_group(group("shop-prod-v001")).with(
            ["i-a", "i-b", "i-c"]
                .map(|id| instance_but(id, |it| it.group = Some("shop-prod-v001".into())))
                .into_iter()
                .chain([
                    resource(
                        TARGETS,
                        About::TargetGroup(TargetGroup {
                            balancers: vec![EDGE.into()],
                            kind: "instance".into(),
                            health_path: Some("/".into()),
                        }),
                    ),
                    resource(
                        EDGE,
                        About::Balancer(Balancer {
                            kind: BalancerKind::Application,
                            public: true,
                            zones: group("x").zones,
                            vpc: Some("vpc-1".into()),
                            security_groups: vec![],
                            listeners: None,
                        }),
                    ),
                    resource(
                        "lt-1",
                        About::LaunchTemplate(LaunchTemplate { default_version: 3, latest_version: 4, managed: false }),
                    ),
                    resource(
                        "lt-1:3",
                        About::TemplateVersion(TemplateVersion {
                            template: "lt-1".into(),
                            number: 3,
                            default: true,
                            latest: false,
                            launch: simian_core::resource::Launch { image: Some("ami-1".into()), ..Default::default() },
                        }),
                    ),
                    resource("ami-1", About::Image(image())),
                ])
                .chain(["i-a", "i-b", "i-c"].map(|id| resource(id, About::ManagedNode(ManagedNode { online: true })))),
        )
    }

    /// Everything was read, and nothing is there.
    pub(crate) fn bare() -> Self {
        let mut estate = Estate { activities: View::Known(BTreeMap::new()), ..Estate::default() };
        for kind in ResourceKind::ALL {
            estate.kinds.insert(*kind, Kept::new(Extent::All, Ok::<_, String>(Vec::new())));
        }
        let fleet =
            Fleet { groups: View::Known(BTreeMap::new()), all_groups: true, estate, ..Fleet::unasked(scope(), now()) };
        let scope = scope();
        let world = World {
            area: Area::whole(&scope.account, std::slice::from_ref(&scope.region)),
            mode: Mode::Live,
            at: now(),
            fleets: [(scope, fleet)].into(),
            observed: Observed::default(),
            history: History::empty(Birth::new(uuid::Uuid::nil(), days_ago(400))),
            requests: Vec::new(),
        };
        Self { world, chaos: Chaos::default(), given: Parameters::default() }
    }

    pub(crate) fn fleet(&mut self) -> &mut Fleet {
        self.world.fleets.values_mut().next().unwrap()
    }

    pub(crate) fn estate(&mut self) -> &mut Estate {
        &mut self.fleet().estate
    }

    pub(crate) fn groups(&mut self) -> &mut BTreeMap<String, Group> {
        match &mut self.fleet().groups {
            View::Known(groups) => groups,
            _ => unreachable!("the groups of a scene are known"),
        }
    }

    /// The group that is there from the beginning.
    pub(crate) fn group(&mut self) -> &mut Group {
        self.groups().get_mut("shop-prod-v001").unwrap()
    }

    pub(crate) fn with_group(mut self, group: Group) -> Self {
        self.groups().insert(group.name.clone(), group);
        self
    }

    /// Puts these there, each in the place of its namesake.
    pub(crate) fn with(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        for resource in resources {
            let kept = self.estate().kinds.get_mut(&resource.id.kind).unwrap();
            let View::Known(all) = &mut kept.view else { unreachable!("all kinds of a scene are known") };
            match all.binary_search_by(|known| known.id.cmp(&resource.id)) {
                Ok(place) => all[place] = resource,
                Err(place) => all.insert(place, resource),
            }
        }
        self
    }

    pub(crate) fn given(mut self, given: Parameters) -> Self {
        self.given = given;
        self
    }

    /// Nothing is known of a kind.
    pub(crate) fn without(mut self, kind: ResourceKind) -> Self {
        self.estate().kinds.insert(kind, Kept::new(Extent::All, Err("throttled")));
        self
    }

    /// What a rule says of a resource, or of the group of that name.
    pub(crate) fn ask(&self, rule: &'static Rule, id: &str) -> Judgement {
        let tags = TagRules::default();
        let fleet = self.world.fleets.values().next().unwrap();
        let ground = Ground::new(&self.world, fleet, &tags, &self.chaos, today());
        let enabled = Enabled::new(rule, Some(&self.given));
        let group = fleet.groups.known().and_then(|groups| groups.get(id)).map(Subject::Group);
        let kinds = enabled.kinds().iter();
        let resource = || kinds.clone().find_map(|kind| ground.get(*kind, id)).map(Subject::Resource);
        let subject = group.or_else(resource).unwrap_or_else(|| panic!("there is no {id}"));
        let (home, own) = (ground.home_of(subject), ground.exemptions(subject));
        let parameters = &enabled.parameters;
        crate::inspect::judge(rule.judge, &Asked { subject, ground: &ground, parameters, home, exempt: own.as_ref() })
    }

    /// The same of the group that is there from the beginning.
    pub(crate) fn ask_group(&self, rule: &'static Rule) -> Judgement {
        self.ask(rule, "shop-prod-v001")
    }
}

/// The evidence of a failure.
#[track_caller]
pub(crate) fn evidence(judgement: Judgement) -> String {
    match judgement {
        Judgement::Fail { evidence, .. } => evidence,
        other => panic!("{other:?} is no failure"),
    }
}

pub(crate) fn image() -> Image {
    Image {
        available: true,
        disabled: false,
        owner: "111122223333".into(),
        public: false,
        snapshots: vec!["snap-1".into()],
        deprecated: None,
        last_launched: None,
        protected: false,
    }
}
