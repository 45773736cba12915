//! The unit: what owns a coin, a minute, a cool-down and a key.
//!
//! By default the cluster (`app-stack-detail` without `-vNNN`), so that a red/black push at noon does not draw a
//! second coin.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::choice::Choice;
use crate::finding::{Finding, Severity};
use crate::fleet::{Fleet, Group};
use crate::monkey::Spared;
use crate::name::Name;
use crate::scope::{Region, Scope};
use crate::tags::{LATENCY, OptIn, Settings, TagRules};

/// What groups are taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// Groups with the same app, stack and detail.
    #[default]
    Cluster,
    /// Every group alone.
    Asg,
    /// Groups with the same app and stack.
    Stack,
    /// Groups with the same app.
    App,
}

impl UnitKind {
    /// Its name in the config and before the colon of a unit's id.
    pub fn as_str(self) -> &'static str {
        match self {
            UnitKind::Cluster => "cluster",
            UnitKind::Asg => "asg",
            UnitKind::Stack => "stack",
            UnitKind::App => "app",
        }
    }

    /// The name of the unit of this kind that a group is in.
    pub fn name_of(self, group: &str) -> String {
        let name = Name::parse(group);
        match (self, name.stack.as_deref()) {
            (UnitKind::Asg, _) => group.to_owned(),
            (UnitKind::Cluster, _) => name.cluster(),
            (UnitKind::Stack, Some(stack)) if !stack.is_empty() => format!("{}-{stack}", name.app),
            (UnitKind::Stack | UnitKind::App, _) => name.app,
        }
    }
}

impl FromStr for UnitKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [UnitKind::Cluster, UnitKind::Asg, UnitKind::Stack, UnitKind::App]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no kind of unit; there are: cluster, asg, stack, app"))
    }
}

/// Which unit. Displayed as `cluster:shop-prod`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId {
    /// Where: one region, or [`Region::all`] of a unit that spans regions.
    pub scope: Scope,
    /// What its groups have in common.
    pub kind: UnitKind,
    /// Its name.
    pub name: String,
}

impl UnitId {
    /// `111122223333/us-east-1/cluster:shop-prod`: unique over accounts and regions.
    pub fn full(&self) -> String {
        self.pieces().concat()
    }

    /// The same text in pieces, for whoever only hashes it.
    pub fn pieces(&self) -> [&str; 7] {
        let Scope { account, region } = &self.scope;
        [account.as_str(), "/", region.as_str(), "/", self.kind.as_str(), ":", &self.name]
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.kind.as_str(), self.name))
    }
}

/// Which group: names are unique in an account's region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId {
    /// Its region.
    pub region: Region,
    /// Its name.
    pub name: String,
}

impl GroupId {
    /// The group of that name in that region.
    pub fn new(region: &Region, name: impl Into<String>) -> Self {
        Self { region: region.clone(), name: name.into() }
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.region, self.name)
    }
}

/// A unit that opted in: its groups and what their tags say.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Which.
    pub id: UnitId,
    /// The app of its groups' names.
    pub app: String,
    /// The owner, by the owner tag of the first group that has one.
    pub owner: Option<String>,
    /// Its opted-in groups, sorted.
    pub groups: Vec<GroupId>,
    /// The strictest of its groups' settings.
    pub settings: Settings,
}

impl Unit {
    /// Its groups' names; with the region before each, where it spans regions.
    pub fn group_names(&self) -> Vec<String> {
        let name = |group: &GroupId| {
            if self.id.scope.region.is_all() { group.to_string() } else { group.name.clone() }
        };
        self.groups.iter().map(name).collect()
    }

    /// The regions that its groups are in, each once.
    pub fn regions(&self) -> BTreeSet<&Region> {
        self.groups.iter().map(|group| &group.region).collect()
    }

    /// Whether the group is one of its own.
    pub fn has_group(&self, region: &Region, name: &str) -> bool {
        self.groups.iter().any(|group| group.region == *region && group.name == name)
    }
}

/// The units of a fleet, and what owners should mend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// Units that opted in, by id.
    pub opted_in: Vec<Unit>,
    /// Units that a malformed tag or the operator's lists keep out (in full), with the reason: they are left alone.
    pub kept_out: BTreeMap<String, String>,
    /// Groups that the operator's lists keep out of their unit.
    pub spared: Vec<Spared>,
    /// Malformed and contradicting tags.
    pub findings: Vec<Finding>,
}

impl Units {
    /// Keeps out each unit of whose settings something is wrong that no tag shows by itself, and tells its owner.
    pub fn refuse(&mut self, wrong: impl Fn(&Unit) -> Option<String>) {
        for unit in std::mem::take(&mut self.opted_in) {
            let Some(why) = wrong(&unit) else {
                self.opted_in.push(unit);
                continue;
            };
            let id = &unit.id;
            self.findings.extend(unit.groups.iter().map(|group| Finding {
                rule: MALFORMED,
                scope: Scope { account: id.scope.account.clone(), region: group.region.clone() },
                subject: group.name.clone(),
                owner: unit.owner.clone(),
                app: Some(unit.app.clone()),
                severity: Severity::Medium,
                why: left_alone(&why, id),
            }));
            self.kept_out.insert(id.full(), why);
        }
    }
}

/// What is wrong, and what follows from it.
fn left_alone(why: &str, id: &UnitId) -> String {
    format!("{why}. Until this is mended, {id} is left alone")
}

/// The rule of findings about tags that cannot be read.
pub const MALFORMED: &str = "opt-in-malformed";

/// How groups are taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// By what they have in common.
    pub kind: UnitKind,
    /// Also over regions: then a unit has one coin in all of them.
    pub across_regions: bool,
}

/// Takes the groups of some fleets together, those that the operator spares left out. An unknown fleet has none.
pub fn units<'f>(
    fleets: impl IntoIterator<Item = &'f Fleet>,
    by: Grouping,
    rules: &TagRules,
    choice: &Choice,
) -> Units {
    let mut out = Units::default();
    let mut members: BTreeMap<UnitId, Vec<(&Scope, &Group, OptIn)>> = BTreeMap::new();
    for fleet in fleets {
        let mut scope = fleet.scope.clone();
        if by.across_regions {
            scope.region = Region::all();
        }
        for group in fleet.groups.known().into_iter().flat_map(BTreeMap::values) {
            let opt_in = rules.read(&group.tags);
            if opt_in == OptIn::Out {
                continue;
            }
            let id = UnitId { scope: scope.clone(), kind: by.kind, name: by.kind.name_of(&group.name) };
            if let Some(why) = choice.spares(&fleet.scope, &group.name) {
                // Only where nobody else is left: else what the unit says goes over it.
                out.kept_out.entry(id.full()).or_insert_with(|| format!("{}: {why}", group.name));
                out.spared.push(Spared { scope: fleet.scope.clone(), group: group.name.clone(), why });
                continue;
            }
            members.entry(id).or_default().push((&fleet.scope, group, opt_in));
        }
    }
    for (id, groups) in members {
        out.kept_out.remove(&id.full());
        let finding = |rule, scope: &Scope, group: &Group, why| Finding {
            rule,
            scope: scope.clone(),
            subject: group.name.clone(),
            owner: rules.owner(&group.tags),
            app: Some(Name::parse(&group.name).app),
            severity: Severity::Medium,
            why,
        };
        let mut settings: Vec<&Settings> = Vec::new();
        let mut malformed = None;
        for (scope, group, opt_in) in &groups {
            match opt_in {
                OptIn::In(theirs) => settings.push(theirs),
                OptIn::Malformed(problems) => {
                    let why = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    malformed = Some(format!("{}: {why}", group.name));
                    out.findings.push(finding(MALFORMED, scope, group, left_alone(&why, &id)));
                }
                OptIn::Out => {}
            }
        }
        if let Some(why) = malformed {
            out.kept_out.insert(id.full(), why);
            continue;
        }
        let Some((one, others)) = settings.split_first() else { continue };
        let strictest = others.iter().fold((*one).clone(), |so_far, theirs| so_far.strictest(theirs));
        let (scope, first, _) = groups[0];
        if others.iter().any(|theirs| theirs != one) {
            out.findings.push(finding(
                "opt-in-differs",
                scope,
                first,
                format!("the groups of {id} have different settings: the strictest of each counts ({strictest})"),
            ));
        }
        if strictest.faults.is_empty() {
            let why = match rules.word {
                LATENCY => format!("the groups of {id} want different networks: give them the same {LATENCY} tags"),
                _ => format!("the groups of {id} have no fault in common: give them the same `faults` tag"),
            };
            out.findings.push(finding(MALFORMED, scope, first, why.clone()));
            out.kept_out.insert(id.full(), why);
            continue;
        }
        out.opted_in.push(Unit {
            app: Name::parse(&first.name).app,
            owner: groups.iter().find_map(|(_, group, _)| rules.owner(&group.tags)),
            groups: groups.iter().map(|(scope, group, _)| GroupId::new(&scope.region, &group.name)).collect(),
            settings: strictest,
            id,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::fleet::View;
    use crate::tags::Faults;

    fn fleet(groups: &[(&str, &[(&str, &str)])]) -> Fleet {
        let groups = groups
            .iter()
            .map(|(name, tags)| {
                let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
                ((*name).to_owned(), Group { name: (*name).into(), tags, ..Group::default() })
            })
            .collect();
        Fleet {
            groups: View::Known(groups),
            skew: View::Unasked,
            ..Fleet::unasked(
                Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() },
                DateTime::UNIX_EPOCH,
            )
        }
    }

    const ON: (&str, &str) = ("simian:chaos", "on");

    #[test]
    fn a_push_joins_its_cluster() {
        let fleet = fleet(&[("shop-prod-v001", &[ON]), ("shop-prod-v002", &[ON]), ("shop-test-v001", &[ON])]);
        let names = |kind| {
            let by = Grouping { kind, across_regions: false };
            let units = units([&fleet], by, &TagRules::default(), &Choice::default());
            units.opted_in.iter().map(|unit| format!("{}={}", unit.id, unit.groups.len())).collect::<Vec<_>>()
        };
        assert_eq!(names(UnitKind::Cluster), ["cluster:shop-prod=2", "cluster:shop-test=1"]);
        assert_eq!(names(UnitKind::Asg), ["asg:shop-prod-v001=1", "asg:shop-prod-v002=1", "asg:shop-test-v001=1"]);
        assert_eq!(names(UnitKind::Stack), ["stack:shop-prod=2", "stack:shop-test=1"]);
        assert_eq!(names(UnitKind::App), ["app:shop=3"]);
    }

    #[test]
    fn different_settings_take_the_strictest_and_are_a_finding() {
        let fleet = fleet(&[
            ("shop-v001", &[ON, ("simian:chaos:mean-days", "4"), ("simian:chaos:min-days", "2"), ("owner", "a")]),
            ("shop-v002", &[ON, ("simian:chaos:mean-days", "9")]),
        ]);
        let units = units([&fleet], Grouping::default(), &TagRules::default(), &Choice::default());
        let settings = &units.opted_in[0].settings;
        assert_eq!((settings.mean_days, settings.min_days), (9.0, 2));
        assert_eq!(units.opted_in[0].owner.as_deref(), Some("a"));
        assert_eq!(units.findings.iter().map(|f| f.rule).collect::<Vec<_>>(), ["opt-in-differs"]);
    }

    #[test]
    fn regions_join_only_where_units_span_them() {
        let mut fleets = [fleet(&[("shop-v001", &[ON])]), fleet(&[("shop-v001", &[ON]), ("cart-v001", &[ON])])];
        fleets[0].scope.region = "eu-west-1".parse().unwrap();
        let names = |across_regions| {
            let by = Grouping { across_regions, ..Grouping::default() };
            let units = units(&fleets, by, &TagRules::default(), &Choice::default()).opted_in;
            units.iter().map(|unit| format!("{} {}", unit.id.full(), unit.group_names().join("+"))).collect::<Vec<_>>()
        };
        assert_eq!(
            names(true),
            [
                "111122223333/*/cluster:cart us-east-1/cart-v001",
                "111122223333/*/cluster:shop eu-west-1/shop-v001+us-east-1/shop-v001",
            ]
        );
        assert_eq!(
            names(false),
            [
                "111122223333/eu-west-1/cluster:shop shop-v001",
                "111122223333/us-east-1/cluster:cart cart-v001",
                "111122223333/us-east-1/cluster:shop shop-v001",
            ]
        );
    }

    #[test]
    fn one_malformed_tag_keeps_the_whole_unit_out() {
        let fleet = fleet(&[("shop-v001", &[ON]), ("shop-v002", &[ON, ("simian:chaos:mean-days", "soon")])]);
        let units = units([&fleet], Grouping::default(), &TagRules::default(), &Choice::default());
        assert!(units.opted_in.is_empty());
        assert!(units.kept_out["111122223333/us-east-1/cluster:shop"].contains("`soon`"));
        assert_eq!(units.findings[0].rule, "opt-in-malformed");
    }

    #[test]
    fn groups_without_a_common_fault_are_left_alone() {
        let fleet = fleet(&[
            ("shop-v001", &[ON, ("simian:chaos:faults", "terminate")]),
            ("shop-v002", &[ON, ("simian:chaos:faults", "terminate-gracefully")]),
        ]);
        let units = units([&fleet], Grouping::default(), &TagRules::default(), &Choice::default());
        assert!(units.opted_in.is_empty());
        assert_eq!(units.kept_out.len(), 1);
        assert_eq!(Faults::default().to_string(), "terminate=1");
    }

    #[test]
    fn a_spared_group_is_out_of_its_unit_and_a_unit_without_groups_says_why() {
        let bad = ("simian:chaos:mean-days", "soon");
        let fleet = fleet(&[
            ("shop-prod-v001", &[ON]),
            ("shop-prod-v002", &[ON, bad]),
            ("shop-prod-db-v001", &[ON]),
            ("shop-prod-db-v002", &[ON]),
        ]);
        let choice = Choice { never_suffixes: vec!["-v002".into(), "-db".into()], ..Choice::default() };
        let units = units([&fleet], Grouping::default(), &TagRules::default(), &choice);
        assert_eq!(units.opted_in.len(), 1);
        assert_eq!(units.opted_in[0].group_names(), ["shop-prod-v001"]);
        assert!(units.findings.is_empty(), "what is out anyway keeps nobody else out");
        let kept_out: Vec<(&String, &String)> = units.kept_out.iter().collect();
        assert_eq!(kept_out.len(), 1);
        assert_eq!(kept_out[0].0, "111122223333/us-east-1/cluster:shop-prod-db");
        assert!(kept_out[0].1.contains("-db"), "{}", kept_out[0].1);
        let spared: Vec<&str> = units.spared.iter().map(|spared| spared.group.as_str()).collect();
        assert_eq!(spared, ["shop-prod-db-v001", "shop-prod-db-v002", "shop-prod-v002"]);
    }
}
