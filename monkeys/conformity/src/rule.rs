//! What a rule is: a question about one resource, why it is asked, and what to do about a bad answer.

use std::fmt;

use serde::{Deserialize, Deserializer};
use simian_core::resource::{Image, Instance, SecurityGroup, Snapshot, Volume};
use simian_core::{Group, ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rules;

/// A rule. Its id, its texts and its standards are what people see of it; its judge is pure.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name in config, tags, events and findings.
    pub id: &'static str,
    /// What is true of whatever keeps it: one sentence.
    pub title: &'static str,
    /// What happens to those who do not keep it.
    pub why_it_matters: &'static str,
    /// How bad that is, where the operator says nothing else.
    pub severity: Severity,
    /// The same question in the catalogues that auditors know.
    pub standards: &'static [Standard],
    /// What the owner should do: one sentence without its full stop, read after the evidence and alone.
    pub remedy: &'static str,
    /// What it looks at beside the resources that it is about.
    pub(crate) needs: &'static [Need],
    /// Its parameters, with their defaults. It takes those that are set here and no others.
    pub(crate) parameters: fn() -> Parameters,
    /// Its question.
    pub(crate) judge: Judge,
}

impl Rule {
    /// What kind of resource it is about; `None` where its parameter `kinds` says so, or where it is about all.
    pub fn kind(&self) -> Option<ResourceKind> {
        match self.judge {
            Judge::Group(_) => Some(ResourceKind::Group),
            Judge::Instance(_) => Some(ResourceKind::Instance),
            Judge::Volume(_) => Some(ResourceKind::Volume),
            Judge::Snapshot(_) => Some(ResourceKind::Snapshot),
            Judge::Image(_) => Some(ResourceKind::Image),
            Judge::SecurityGroup(_) => Some(ResourceKind::SecurityGroup),
            Judge::Kinds(_) | Judge::All(_) => None,
        }
    }

    /// Its parameters and their defaults, as one would write them in the config.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        (self.parameters)().written()
    }
}

/// The id of a rule that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleId(pub(crate) &'static str);

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        rules::find(&text).map(|rule| Self(rule.id)).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// Where else a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// A managed rule of AWS Config, by name.
    Config(&'static str),
    /// A control of AWS Security Hub, by id.
    SecurityHub(&'static str),
    /// A check of Prowler, by id.
    Prowler(&'static str),
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standard::Config(name) => write!(f, "AWS Config {name}"),
            Standard::SecurityHub(id) => write!(f, "Security Hub {id}"),
            Standard::Prowler(id) => write!(f, "Prowler {id}"),
        }
    }
}

/// Something that must have been read before a rule can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// All resources of a kind.
    Kind(ResourceKind),
    /// What balancers say of the groups' members.
    Health,
    /// The groups' last refreshes.
    Refreshes,
    /// The groups' scaling activities of the last day.
    Activities,
    /// How units recovered, so many days back.
    Recoveries(u32),
}

/// A question about one resource, by what it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Judge {
    Group(fn(&Group, &Asked<'_>) -> Judgement),
    Instance(fn(&Instance, &Asked<'_>) -> Judgement),
    Volume(fn(&Volume, &Asked<'_>) -> Judgement),
    Snapshot(fn(&Snapshot, &Asked<'_>) -> Judgement),
    Image(fn(&Image, &Asked<'_>) -> Judgement),
    SecurityGroup(fn(&SecurityGroup, &Asked<'_>) -> Judgement),
    /// About the kinds in its parameter.
    Kinds(fn(&Asked<'_>) -> Judgement),
    /// About whatever another rule is about.
    All(fn(&Asked<'_>) -> Judgement),
}

/// What a rule says of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It keeps the rule.
    Pass,
    /// It does not.
    Fail {
        /// What is wrong: a clause about it, without its full stop.
        evidence: String,
        /// How bad it is, where that is not the rule's own severity.
        severity: Option<Severity>,
    },
    /// The question makes no sense of it.
    NotApplicable,
    /// What it depends on could not be read, and why: neither a pass nor a failure.
    Unknown(String),
}

impl Judgement {
    /// It fails, as badly as the rule says.
    pub(crate) fn fail(evidence: impl Into<String>) -> Self {
        Self::Fail { evidence: evidence.into(), severity: None }
    }

    /// It fails, as badly as this.
    pub(crate) fn fail_at(severity: Severity, evidence: impl Into<String>) -> Self {
        Self::Fail { evidence: evidence.into(), severity: Some(severity) }
    }

    /// It fails where something is wrong with it.
    pub(crate) fn fail_if(wrong: bool, evidence: impl FnOnce() -> String) -> Self {
        if wrong { Self::fail(evidence()) } else { Self::Pass }
    }
}

/// A rule as the operator wants it asked.
#[derive(Clone, Debug)]
pub(crate) struct Enabled {
    pub(crate) rule: &'static Rule,
    /// The operator's parameters over the rule's own.
    pub(crate) parameters: Parameters,
}

impl Enabled {
    pub(crate) fn new(rule: &'static Rule, given: Option<&Parameters>) -> Self {
        let own = (rule.parameters)();
        Self { rule, parameters: given.map_or_else(|| own.clone(), |given| given.clone().over(own.clone())) }
    }

    /// How bad a failure of it is: the operator's word, else the judge's, else the rule's.
    pub(crate) fn severity(&self, judged: Option<Severity>) -> Severity {
        self.parameters.severity.or(judged).unwrap_or(self.rule.severity)
    }

    /// The kinds that it is about; none for a rule about whatever others are about.
    pub(crate) fn kinds(&self) -> &[ResourceKind] {
        match self.rule.judge {
            Judge::Group(_) => &[ResourceKind::Group],
            Judge::Instance(_) => &[ResourceKind::Instance],
            Judge::Volume(_) => &[ResourceKind::Volume],
            Judge::Snapshot(_) => &[ResourceKind::Snapshot],
            Judge::Image(_) => &[ResourceKind::Image],
            Judge::SecurityGroup(_) => &[ResourceKind::SecurityGroup],
            Judge::Kinds(_) => self.parameters.kinds(),
            Judge::All(_) => &[],
        }
    }

    /// All that must have been read: its kinds, whom they belong to, and what else it looks at.
    pub(crate) fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        for kind in self.kinds() {
            needs.extend(belongs_by(*kind).iter().chain([kind]).map(|kind| Need::Kind(*kind)));
        }
        let days = self.parameters.days();
        needs.extend(self.rule.needs.iter().map(|need| match need {
            Need::Recoveries(_) => Need::Recoveries(days),
            need => *need,
        }));
        needs
    }
}

/// The kinds that say which group a resource of that kind belongs to. Its group has its owner and its exemptions.
fn belongs_by(kind: ResourceKind) -> &'static [ResourceKind] {
    match kind {
        ResourceKind::Instance => &[ResourceKind::Group],
        ResourceKind::Volume => &[ResourceKind::Group, ResourceKind::Instance],
        _ => &[],
    }
}
