//! From a world to what is to be done about its waste: every rule of every resource, then its place in the life of waste.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use simian_core::chore::Disposal;
use simian_core::estate::Kept as Read;
use simian_core::mark::tagged_at_once;
use simian_core::resource::Tags;
use simian_core::{
    Chore, Considered, Day, Extent, Finding, Fleet, Graph, Group, Mark, Mode, Name, Outlook, Resource, ResourceId,
    ResourceKind, Scope, Severity, View, World,
};

use crate::ground::{Frame, Ground};
use crate::keep::{self, Kept};
use crate::life::{self, Case, Condemned, Found, Next, Tag};
use crate::resort;
use crate::rules::{Params, Rule, Spared, Waste};
use crate::{Janitor, NAME, disposal, words};

/// The rule of findings about keep tags that nobody can read.
const MALFORMED: &str = "keep-malformed";

/// A list of a kind that somebody may judge.
struct List<'w> {
    resources: Cow<'w, [Resource]>,
    /// What is not in it is gone. Else it may only be in use.
    whole: bool,
}

/// What a rule and its resource come to.
pub(crate) enum Verdict<'j> {
    Waste(&'static Rule, &'j Params, Waste),
    Spared(String),
    Unknown(String),
}

/// One region, while it is looked at.
struct Look<'a, 'w> {
    world: &'w World,
    day: &'a Day,
    ground: &'a Ground<'w>,
    marks: &'a BTreeMap<&'w ResourceId, &'w Mark>,
}

impl Janitor {
    /// What it would do on that day.
    pub(crate) fn look(&self, world: &World, day: &Day) -> Outlook {
        let mut outlook = Outlook::default();
        for (scope, fleet) in &world.fleets {
            let marks: BTreeMap<&ResourceId, &Mark> = world
                .history
                .marks
                .iter()
                .filter(|(id, _)| id.mode == world.mode && id.scope == *scope)
                .map(|(id, mark)| (&id.resource, mark))
                .collect();
            let graph = Graph::of(fleet);
            let ground = Ground::new(fleet, &graph, &self.frame(world, &marks));
            self.look_at(&Look { world, day, ground: &ground, marks: &marks }, &mut outlook);
        }
        outlook.chores.sort_by(|a, b| (&a.scope, a.step, &a.resource).cmp(&(&b.scope, b.step, &b.resource)));
        outlook.considered.sort_by(|a, b| a.unit.cmp(&b.unit));
        outlook.findings.sort();
        outlook.blind.sort();
        outlook
    }

    pub(crate) fn frame<'w>(&'w self, world: &World, marks: &BTreeMap<&'w ResourceId, &'w Mark>) -> Frame<'w> {
        let snapshot = |mark: &'w Mark| mark.saved.as_ref()?.snapshot.as_deref();
        Frame {
            now: world.at,
            tags: &self.tags,
            delete: &self.terms.delete,
            delete_untagged: self.terms.delete_untagged,
            resorts: marks.iter().filter_map(|(id, mark)| Some((snapshot(mark)?, *id))).collect(),
        }
    }

    fn look_at(&self, look: &Look<'_, '_>, outlook: &mut Outlook) {
        let scope = look.ground.scope;
        let mut blind = BTreeSet::new();
        let kinds = self.kinds();
        for (kind, extent) in &kinds {
            match list(look.ground.fleet, *kind, *extent) {
                Err(why) => drop(blind.insert(why)),
                Ok(list) => self.look_through(look, *kind, &list, outlook, &mut blind),
            }
        }
        for (id, mark) in look.marks.iter().filter(|(id, _)| !kinds.contains_key(&id.kind)) {
            let found = Found::Spared(format!("no rule that is enabled is about {}", id.kind.several()));
            let case = Case { found, mark: Some(*mark), tag: Tag::Unread };
            self.take(look, id, None, &case, Disposal::End, outlook);
        }
        if blind.is_empty() {
            outlook.asked.insert((scope.clone(), MALFORMED));
        }
        outlook.blind.extend(blind.into_iter().map(|why| (scope.clone(), why)));
    }

    /// The kinds that the enabled rules are about, and how much of each they must see.
    fn kinds(&self) -> BTreeMap<ResourceKind, Extent> {
        let mut kinds = BTreeMap::new();
        for (rule, params) in &self.rules {
            for kind in rule.kinds(params) {
                let extent = kinds.entry(kind).or_insert(rule.extent);
                *extent = rule.extent.max(*extent);
            }
        }
        kinds
    }

    fn look_through(
        &self,
        look: &Look<'_, '_>,
        kind: ResourceKind,
        list: &List<'_>,
        outlook: &mut Outlook,
        blind: &mut BTreeSet<String>,
    ) {
        for resource in list.resources.iter() {
            let mark = look.marks.get(&resource.id).copied();
            let kept = self.kept(look.ground, resource, look.day);
            outlook.findings.extend(self.malformed(look, resource));
            let verdict = self.verdict(look.ground, resource, mark.map(|mark| mark.rule.as_str()));
            let mut ending = Disposal::End;
            let found = match (kept, verdict) {
                (Some(kept), verdict) => {
                    if let (Verdict::Waste(rule, _, _), None) = (verdict, mark) {
                        outlook.considered.push(considered(
                            look.ground.scope,
                            resource,
                            format!("{}: {kept}", rule.id),
                        ));
                    }
                    Found::Spared(kept)
                }
                (None, Verdict::Spared(why)) => {
                    let chain = mark.and_then(|_| words::chain(look.ground.graph, &resource.id));
                    Found::Spared(chain.unwrap_or(why))
                }
                (None, Verdict::Unknown(why)) => {
                    blind.insert(format!("{}: {why}", kind.several()));
                    Found::Unknown
                }
                (None, Verdict::Waste(rule, params, waste)) => {
                    let (condemned, disposal) = self.condemn(look, resource, mark, rule, params, waste);
                    ending = disposal;
                    Found::Waste(condemned)
                }
            };
            let case = Case { found, mark, tag: self.tag(resource) };
            self.take(look, &resource.id, Some(resource), &case, ending, outlook);
        }
        let there: BTreeSet<&ResourceId> = list.resources.iter().map(|resource| &resource.id).collect();
        for (id, mark) in look.marks.iter().filter(|(id, _)| id.kind == kind && !there.contains(*id)) {
            let found = if list.whole {
                Found::Gone("it is gone".into())
            } else {
                Found::Spared("it is attached again, or gone".into())
            };
            let case = Case { found, mark: Some(*mark), tag: Tag::Unread };
            self.take(look, id, None, &case, Disposal::End, outlook);
        }
    }

    /// What the rules say of a resource: waste by the one that marked it, else by the first that condemns it.
    pub(crate) fn verdict(&self, ground: &Ground<'_>, resource: &Resource, marked: Option<&str>) -> Verdict<'_> {
        let (mut condemned, mut unknown, mut spared) = (None, None, None);
        let mine = |(rule, params): &&(&'static Rule, Params)| rule.kinds(params).contains(&resource.id.kind);
        for (rule, params) in self.rules.iter().filter(mine) {
            let marked = marked == Some(rule.id);
            match rule.judge(resource, ground, params) {
                Ok(waste) if marked => return Verdict::Waste(rule, params, waste),
                Ok(waste) => condemned = condemned.or(Some((*rule, params, waste))),
                // A rule that condemned it and cannot be asked today has not changed its mind.
                Err(Spared::Unknown(why)) if marked => return Verdict::Unknown(why),
                Err(Spared::Unknown(why)) => unknown = unknown.or(Some(why)),
                Err(Spared::InUse(why)) if marked => spared = Some(why),
                Err(Spared::InUse(why)) => spared = spared.or(Some(why)),
            }
        }
        match (condemned, unknown) {
            (Some((rule, params, waste)), _) => Verdict::Waste(rule, params, waste),
            (None, Some(why)) => Verdict::Unknown(why),
            (None, None) => Verdict::Spared(spared.unwrap_or_default()),
        }
    }

    /// Waste, with all that its mark is to say, and what its end would be.
    fn condemn(
        &self,
        look: &Look<'_, '_>,
        resource: &Resource,
        mark: Option<&Mark>,
        rule: &'static Rule,
        params: &Params,
        waste: Waste,
    ) -> (Condemned, Disposal) {
        let Look { ground, day, world, .. } = *look;
        let kept = |one: &Resource| self.kept(ground, one, day).is_some();
        let going = resource.image().map(|image| disposal::going(resource, image, ground, kept)).unwrap_or_default();
        let price = self.prices.of(&ground.scope.region, resource, &going);
        let (disposal, ending_unknown) = match disposal::of(resource, ground, params, kept) {
            Ok(disposal) => (disposal, None),
            Err(why) => (Disposal::End, Some(why)),
        };
        let kind = resource.id.kind;
        let not_let = (!self.terms.delete.contains(&kind)).then(|| format!("{} are not in `delete`", kind.several()));
        let terms = resort::Terms {
            calendar: &self.calendar,
            today: day.date,
            live: world.mode == Mode::Live,
            grace_days: self.terms.grace_days,
        };
        let resort = match mark.filter(|_| self.terms.last_resort) {
            Some(mark) => resort::of(resource, mark, ground, terms),
            None => resort::Resort::None,
        };
        let unknown = price.unknown.map(|what| format!("; {what}")).unwrap_or_default();
        let (owner, app) = self.whose(ground, resource);
        let condemned = Condemned {
            rule: rule.id,
            why: format!("{}: {}{unknown}", rule.id, waste.why),
            retention_days: params.retention_days,
            mark_age: waste.undated.then_some(params.age),
            unread: matches!(resource.tags, View::Unasked),
            stays: not_let.or(waste.stays).or(ending_unknown),
            resort,
            owner,
            app,
            cents_a_month: price.cents_a_month,
        };
        (condemned, disposal)
    }

    /// The step that is next, if one is.
    fn take(
        &self,
        look: &Look<'_, '_>,
        id: &ResourceId,
        resource: Option<&Resource>,
        case: &Case<'_>,
        disposal: Disposal,
        outlook: &mut Outlook,
    ) {
        let Look { world, day, ground, .. } = *look;
        let terms = life::Terms {
            calendar: &self.calendar,
            today: day.date,
            working: day.is_working(),
            live: world.mode == Mode::Live,
            notice_days: self.terms.notice_days,
        };
        let title = resource.and_then(|resource| resource.name.clone());
        match life::next(case, &terms) {
            Next::Do(step, mark, why) => outlook.chores.push(Chore {
                monkey: NAME,
                mode: world.mode,
                date: day.date,
                scope: ground.scope.clone(),
                resource: id.clone(),
                title,
                step,
                disposal,
                from: case.mark.cloned(),
                mark,
                gone: matches!(case.found, Found::Gone(_)),
                why,
            }),
            Next::Wait(why) => {
                let unit = format!("{}/{id}", ground.scope);
                outlook.considered.push(Considered { unit, why });
            }
            Next::Nothing => {}
        }
    }

    /// Why it is kept, if it is.
    pub(crate) fn kept(&self, ground: &Ground<'_>, resource: &Resource, day: &Day) -> Option<String> {
        let tags = ground.tags_of(resource);
        keep::reason(resource, tags.known().copied(), &self.tags.key("keep"), &self.keep, day.date)
    }

    /// What its owner should mend: a keep tag that nobody can read.
    fn malformed(&self, look: &Look<'_, '_>, resource: &Resource) -> Option<Finding> {
        let key = self.tags.key("keep");
        let Kept::Malformed(text) = Kept::read(resource.tag(&key)?, look.day.date) else { return None };
        let (owner, app) = self.whose(look.ground, resource);
        Some(Finding {
            rule: MALFORMED,
            scope: look.ground.scope.clone(),
            subject: resource.id.to_string(),
            owner,
            app,
            severity: Severity::Low,
            why: format!(
                "tag {key}: `{text}` is neither `forever` nor a date as in 2027-01-31: it is kept until you mend it"
            ),
        })
    }

    /// Its owner and its app: by its own tags, else by those of its group.
    fn whose(&self, ground: &Ground<'_>, resource: &Resource) -> (Option<String>, Option<String>) {
        let tags = ground.tags_of(resource);
        let group: Option<&Group> = resource.group().map(AsRef::as_ref).or_else(|| ground.group_of(resource));
        let by = |tags: &Tags| (self.tags.owner(tags), tags.get(APP).cloned().filter(|app| !app.is_empty()));
        let (owner, app) = tags.known().map(|tags| by(tags)).unwrap_or_default();
        let (groups_owner, groups_app) = group.map(|group| by(&group.tags)).unwrap_or_default();
        let by_name = || group.map(|group| Name::parse(&group.name).app);
        (owner.or(groups_owner), app.or(groups_app).or_else(by_name))
    }

    /// What is written where its mark would be.
    fn tag(&self, resource: &Resource) -> Tag {
        if tagged_at_once(resource.id.kind).is_none() {
            return Tag::Unread;
        }
        let Some(tags) = resource.tags.known() else { return Tag::Unread };
        match tags.get(&self.tags.key("mark")).map(|text| text.parse::<simian_core::MarkTag>()) {
            None => Tag::None,
            Some(Err(_)) => Tag::Other,
            Some(Ok(tag)) => {
                let ours = self.rules.iter().any(|(rule, _)| rule.id == tag.rule);
                Tag::Mark(tag, ours)
            }
        }
    }
}

/// The tag that names an app.
const APP: &str = "app";

/// The list of a kind, if it was read at least to that extent.
fn list(fleet: &Fleet, kind: ResourceKind, extent: Extent) -> Result<List<'_>, String> {
    if kind == ResourceKind::Group {
        let groups = match &fleet.groups {
            View::Known(groups) if fleet.all_groups => groups,
            View::Known(_) => return Err("only groups that opted in were read".into()),
            other => {
                let why = other.unknown().unwrap_or_default();
                return Err(format!("Auto Scaling groups are not known: {why}"));
            }
        };
        let resources = Cow::Owned(groups.values().map(Resource::from).collect());
        return Ok(List { resources, whole: true });
    }
    match (extent, fleet.estate.kinds.get(&kind)) {
        (Extent::Loose, Some(Read { extent: Extent::Loose, view: View::Known(some) })) => {
            Ok(List { resources: Cow::Borrowed(some), whole: false })
        }
        _ => {
            let all = fleet.estate.all(kind)?;
            Ok(List { resources: Cow::Borrowed(all), whole: true })
        }
    }
}

fn considered(scope: &Scope, resource: &Resource, why: String) -> Considered {
    Considered { unit: format!("{scope}/{}", resource.id), why }
}
