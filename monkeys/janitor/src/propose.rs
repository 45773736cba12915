//! From a world to what is to be done about its waste: every rule of every resource, then its place in the life of waste.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use simian_core::chore::Disposal;
use simian_core::estate::Kept as Read;
use simian_core::{
    Chore, Considered, Day, Extent, Fleet, Graph, Mark, Mode, Outlook, Resource, ResourceId, ResourceKind, Scope, View,
    World,
};

use crate::ground::{Frame, Ground};
use crate::life::{self, Case, Found, Next, Tag};
use crate::verdict::{MALFORMED, Verdict};
use crate::{Janitor, NAME, words};

/// A list of a kind that somebody may judge.
struct List<'w> {
    resources: Cow<'w, [Resource]>,
    /// What is not in it is gone. Else it may only be in use.
    whole: bool,
}

/// One region, while it is looked at.
pub(crate) struct Look<'a, 'w> {
    pub(crate) world: &'w World,
    pub(crate) day: &'a Day,
    pub(crate) ground: &'a Ground<'w>,
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
            if Ground::ended(resource) {
                self.gone(look, &resource.id, mark, outlook);
                continue;
            }
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
            if list.whole {
                self.gone(look, id, Some(*mark), outlook);
                continue;
            }
            let found = Found::Spared("it is attached again, or gone".into());
            let case = Case { found, mark: Some(*mark), tag: Tag::Unread };
            self.take(look, id, None, &case, Disposal::End, outlook);
        }
    }

    /// What is not there any more: only its mark is left.
    fn gone(&self, look: &Look<'_, '_>, id: &ResourceId, mark: Option<&Mark>, outlook: &mut Outlook) {
        let case = Case { found: Found::Gone("it is gone".into()), mark, tag: Tag::Unread };
        self.take(look, id, None, &case, Disposal::End, outlook);
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
                mark: *mark,
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
}

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
    if let Some(Read { extent: Extent::Loose, view: View::Known(some) }) = fleet.estate.kinds.get(&kind)
        && extent == Extent::Loose
    {
        return Ok(List { resources: Cow::Borrowed(some), whole: false });
    }
    fleet.estate.all(kind).map(|all| List { resources: Cow::Borrowed(all), whole: true })
}

fn considered(scope: &Scope, resource: &Resource, why: String) -> Considered {
    Considered { unit: format!("{scope}/{}", resource.id), why }
}
