//! Every rule of every resource that it is about: what fails becomes a finding, what could not be asked is told.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use simian_core::{Finding, Fleet, Outlook, ResourceId, ResourceKind, Scope, TagRules, World};

use crate::Chaos;
use crate::exempt::{Exempt, Exemptions};
use crate::ground::{Asked, Ground, Subject};
use crate::home::Home;
use crate::rule::{Enabled, Judge, Judgement};
use crate::rules::{RULES, exemption_ended};
use crate::scores::{Scores, Tally};
use crate::words;

/// The tag that names an app, where a resource belongs to no group whose name does.
const APP: &str = "app";

/// All that an inspection goes by.
pub(crate) struct Inspector<'w> {
    pub(crate) enabled: &'w [Enabled],
    pub(crate) exempt: &'w [Exempt],
    pub(crate) tags: &'w TagRules,
    pub(crate) chaos: &'w Chaos,
    pub(crate) world: &'w World,
    pub(crate) today: NaiveDate,
}

/// What could not be answered in a scope: of which resources, by rule and reason.
type Unanswered = BTreeMap<(String, &'static str), Vec<ResourceId>>;

impl Inspector<'_> {
    /// What it makes of the world.
    pub(crate) fn outlook(&self) -> Outlook {
        let mut outlook = Outlook::default();
        let mut scores = Scores::default();
        for (scope, fleet) in &self.world.fleets {
            self.scope(scope, fleet, &mut outlook, &mut scores);
        }
        outlook.findings.sort();
        outlook.scores = scores.finish();
        outlook
    }

    fn scope(&self, scope: &Scope, fleet: &Fleet, outlook: &mut Outlook, scores: &mut Scores) {
        let ground = Ground::new(self.world, fleet, self.tags, self.chaos, self.today);
        let (askable, blind) = self.askable(&ground);
        let mut unanswered = Unanswered::new();
        let here = self.exempt.iter().filter(|exempt| exempt.is_for(scope));
        let (ended, exempt): (Vec<&Exempt>, Vec<_>) = here.partition(|exempt| exempt.has_ended(self.today));
        let kinds: BTreeSet<ResourceKind> = askable.iter().flat_map(|rule| rule.kinds()).copied().collect();
        for kind in kinds {
            let about = |rule: &&&Enabled| rule.kinds().contains(&kind) || matches!(rule.rule.judge, Judge::All(_));
            let rules: Vec<&Enabled> = askable.iter().filter(about).copied().collect();
            let mut inspection =
                Inspection { inspector: self, ground: &ground, rules, exempt: &exempt, unanswered: &mut unanswered };
            if kind == ResourceKind::Group {
                for group in fleet.groups.known().into_iter().flat_map(BTreeMap::values) {
                    inspection.resource(Subject::Group(group), outlook, scores);
                }
            } else {
                for resource in fleet.estate.some(kind) {
                    inspection.resource(Subject::Resource(resource), outlook, scores);
                }
            }
        }
        outlook.findings.extend(ended_by_operator(fleet, &askable, &ended));
        conclude(scope, blind, unanswered, outlook);
    }

    /// The rules whose needs are known in a region; and why not, with those that are not asked for it.
    fn askable(&self, ground: &Ground<'_>) -> (Vec<&Enabled>, BTreeMap<String, Vec<&'static str>>) {
        let mut blind: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        let mut askable = Vec::new();
        for enabled in self.enabled {
            match enabled.needs().into_iter().find_map(|need| ground.missing(need)) {
                Some(why) => blind.entry(why).or_default().push(enabled.rule.id),
                None => askable.push(enabled),
            }
        }
        (askable, blind)
    }
}

/// The operator's exemptions that ended while something that they were about is still there, one a rule and pattern: no
/// owner can remove them.
fn ended_by_operator(fleet: &Fleet, askable: &[&Enabled], ended: &[&Exempt]) -> Vec<Finding> {
    let Some(rule) = askable.iter().find(|enabled| enabled.rule.id == exemption_ended::ID) else { return Vec::new() };
    let mut findings = BTreeMap::new();
    for exempt in ended {
        let Some(from) = askable.iter().find(|enabled| enabled.rule.id == exempt.rule.0) else { continue };
        let resources =
            from.kinds().iter().flat_map(|kind| fleet.estate.some(*kind)).map(|resource| resource.id.clone());
        // A group's exemption is good for what belongs to it.
        let groups = fleet.groups.known().into_iter().flat_map(BTreeMap::values);
        if !resources.chain(groups.map(|group| Subject::Group(group).id())).any(|id| exempt.is_about(&id)) {
            continue;
        }
        let subject = format!("exemption/{}/{}", exempt.rule, exempt.resource);
        let why = format!(
            "the config exempts {} from {} until {} ({}). {}",
            exempt.resource, exempt.rule, exempt.until, exempt.why, rule.rule.remedy
        );
        findings.insert(
            subject.clone(),
            Finding {
                rule: rule.rule.id,
                scope: fleet.scope.clone(),
                subject,
                owner: None,
                app: None,
                severity: rule.severity(None),
                why,
            },
        );
    }
    findings.into_values().collect()
}

/// Which rules were asked of everything in a scope; and what was not, with the reasons.
fn conclude(scope: &Scope, blind: BTreeMap<String, Vec<&'static str>>, unanswered: Unanswered, outlook: &mut Outlook) {
    // What nobody asks any more counts as asked: its findings are gone.
    let mut whole: BTreeSet<&'static str> = RULES.iter().map(|rule| rule.id).collect();
    for id in blind.values().flatten().chain(unanswered.keys().map(|(_, id)| id)) {
        whole.remove(id);
    }
    // Rules about whatever others are about were not asked of what others could not be asked of.
    if !blind.is_empty() {
        whole.retain(|id| !RULES.iter().any(|rule| rule.id == *id && matches!(rule.judge, Judge::All(_))));
    }
    outlook.asked.extend(whole.into_iter().map(|id| (scope.clone(), id)));
    let not_asked = |(why, ids): (String, Vec<&str>)| {
        format!("{why}: {} {} not asked", words::some(&ids), if ids.len() == 1 { "is" } else { "are" })
    };
    outlook.blind.extend(blind.into_iter().map(|blind| (scope.clone(), not_asked(blind))));
    let open = |((why, rule), ids): ((String, &str), Vec<ResourceId>)| {
        format!("{why}: {rule} has no answer for {}", words::some(ids.iter().map(ToString::to_string)))
    };
    outlook.blind.extend(unanswered.into_iter().map(|asked| (scope.clone(), open(asked))));
}

/// The inspection of one kind in one region.
struct Inspection<'i, 'w> {
    inspector: &'i Inspector<'w>,
    ground: &'i Ground<'i>,
    rules: Vec<&'i Enabled>,
    exempt: &'i [&'i Exempt],
    unanswered: &'i mut Unanswered,
}

impl<'i> Inspection<'i, '_> {
    fn resource(&mut self, subject: Subject<'i>, outlook: &mut Outlook, scores: &mut Scores) {
        if subject.is_managed() || subject.has_ended() {
            return;
        }
        let home = self.ground.home_of(subject);
        let own = self.ground.exemptions(subject);
        let exempted = self.exempted(subject, own.as_ref(), home);
        let mut tally = Tally::default();
        let mut failed = Vec::new();
        for enabled in &self.rules {
            if exempted.covers(enabled.rule.id, self.inspector.today) {
                continue;
            }
            let asked =
                Asked { subject, ground: self.ground, parameters: &enabled.parameters, home, exempt: own.as_ref() };
            let judgement = match (judge(enabled.rule.judge, &asked), subject.tags()) {
                // It may be exempt.
                (Judgement::Fail { .. }, Err(why)) => Judgement::Unknown(format!("tags are not known: {why}")),
                (judgement, _) => judgement,
            };
            match judgement {
                Judgement::NotApplicable => {}
                Judgement::Pass => tally.pass(enabled.severity(None)),
                Judgement::Fail { evidence, severity } => {
                    let severity = enabled.severity(severity);
                    tally.fail(severity);
                    failed.push((enabled.rule, severity, evidence));
                }
                Judgement::Unknown(why) => {
                    self.unanswered.entry((why, enabled.rule.id)).or_default().push(subject.id());
                }
            }
        }
        let owner = self.owner(subject, home);
        let app = app(subject, home);
        scores.add(owner.as_ref(), app.as_ref(), tally);
        outlook.findings.extend(failed.into_iter().map(|(rule, severity, evidence)| Finding {
            rule: rule.id,
            scope: self.ground.fleet.scope.clone(),
            subject: subject.id().to_string(),
            owner: owner.clone(),
            app: app.clone(),
            severity,
            why: format!("{evidence}. {}", rule.remedy),
        }));
    }

    /// Whose it is: by its own tag, else by its group's.
    fn owner(&self, subject: Subject<'_>, home: Option<&Home<'_>>) -> Option<String> {
        let own = subject.tags().ok().and_then(|tags| self.inspector.tags.owner(tags));
        own.or_else(|| home?.owner.clone())
    }

    fn exempted<'e>(
        &self,
        subject: Subject<'_>,
        own: Option<&'e Exemptions>,
        home: Option<&'e Home<'_>>,
    ) -> Exempted<'e> {
        let homes = home.and_then(|home| home.exempt.as_ref());
        let mut by_operator = Vec::new();
        if !self.exempt.is_empty() {
            let ids = [Some(subject.id()), home.map(|home| Subject::Group(home.group).id())];
            let is_about = |exempt: &&&Exempt| ids.iter().flatten().any(|id| exempt.is_about(id));
            by_operator.extend(self.exempt.iter().filter(is_about).map(|exempt| exempt.rule.0));
        }
        Exempted { own, homes, by_operator }
    }
}

/// From what a resource is exempt.
struct Exempted<'e> {
    /// By its own tag.
    own: Option<&'e Exemptions>,
    /// By its group's.
    homes: Option<&'e Exemptions>,
    by_operator: Vec<&'static str>,
}

impl Exempted<'_> {
    fn covers(&self, rule: &str, today: NaiveDate) -> bool {
        let by_tag = self.own.into_iter().chain(self.homes).any(|tag| tag.covers(rule, today));
        by_tag || self.by_operator.contains(&rule)
    }
}

/// Puts a rule's question.
pub(crate) fn judge(judge: Judge, asked: &Asked<'_>) -> Judgement {
    let resource = match asked.subject {
        Subject::Group(group) => {
            return match judge {
                Judge::Group(judge) => judge(group, asked),
                Judge::Kinds(judge) | Judge::All(judge) => judge(asked),
                _ => Judgement::NotApplicable,
            };
        }
        Subject::Resource(resource) => resource,
    };
    let answer = match judge {
        Judge::Group(_) => None,
        Judge::Instance(judge) => resource.instance().map(|it| judge(it, asked)),
        Judge::Volume(judge) => resource.volume().map(|it| judge(it, asked)),
        Judge::Snapshot(judge) => resource.snapshot().map(|it| judge(it, asked)),
        Judge::Image(judge) => resource.image().map(|it| judge(it, asked)),
        Judge::SecurityGroup(judge) => resource.security_group().map(|it| judge(it, asked)),
        Judge::Kinds(judge) | Judge::All(judge) => Some(judge(asked)),
    };
    answer.unwrap_or(Judgement::NotApplicable)
}

/// Its app: by its group's name, else by its own tag.
fn app(subject: Subject<'_>, home: Option<&Home<'_>>) -> Option<String> {
    let by_name = home.map(|home| home.app.clone());
    by_name.or_else(|| subject.tags().ok()?.get(APP).map(|app| app.trim().to_owned()).filter(|app| !app.is_empty()))
}
