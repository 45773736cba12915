//! What became of a deletion that nobody saw the end of: the process died, or the answer was lost. By looking, never by
//! trying again.

use std::collections::BTreeMap;

use simian_core::claim::SETTLED_AFTER;
use simian_core::mark::{Acting, Saved};
use simian_core::ports::ResourceQuery;
use simian_core::resource::VolumeState;
use simian_core::{
    Area, Change, Chore, Draft, Kind, LedgerError, Mark, MarkId, Mode, Outcome, Region, Resource, ResourceId,
    ResourceKind, View,
};

use crate::engine::{Account, Engine};

/// A mark whose last step nobody saw the end of.
type Open = (MarkId, Mark, Box<Acting>);

/// Resolves what is open and settled by now. What cannot be looked at waits.
pub(super) async fn settle(engine: &Engine, account: &Account, area: &Area) -> Result<(), LedgerError> {
    let marks = engine.ledger.marks(Mode::Live, &area.account).await?;
    let now = engine.clock.now();
    let open = marks.into_iter().filter_map(|(id, mark)| {
        let acting = mark.acting.clone()?;
        let settled = now >= acting.act_before + SETTLED_AFTER;
        (settled && area.contains(&id.scope.region)).then_some((id, mark, acting))
    });
    let mut by_kind: BTreeMap<(Region, ResourceKind), Vec<Open>> = BTreeMap::new();
    for (id, mark, acting) in open {
        by_kind.entry((id.scope.region.clone(), id.resource.kind)).or_default().push((id, mark, acting));
    }
    for ((region, kind), open) in by_kind {
        let ids = open.iter().map(|(id, _, _)| id.resource.id.clone()).collect();
        let found: View<Vec<Resource>> = account.cloud.resources(&region, kind, &ResourceQuery::Ids(ids)).await.into();
        let Some(found) = found.known() else {
            tracing::warn!(%region, %kind, why = found.unknown(), "what became of a deletion cannot be seen");
            continue;
        };
        let mut steps = Vec::new();
        for (id, mark, acting) in open {
            let there = found.iter().filter(|one| is_there(one)).find(|resource| resource.id == id.resource);
            let saved = match (acting.step.as_str(), kind) {
                ("save", ResourceKind::Volume) => match snapshot(account, &id).await {
                    Ok(snapshot) => {
                        snapshot.map(|snapshot| Saved { on: today(engine, account), snapshot: Some(snapshot) })
                    }
                    Err(()) => continue,
                },
                ("save", _) => there
                    .and_then(Resource::image)
                    .filter(|image| image.disabled)
                    .map(|_| Saved { on: today(engine, account), snapshot: None }),
                _ => None,
            };
            steps.push(resolved(engine, &id, mark, &acting, there, saved));
        }
        engine.change_each(steps).await?;
    }
    Ok(())
}

fn today(engine: &Engine, account: &Account) -> chrono::NaiveDate {
    account.policy.calendar.local_date(engine.clock.now())
}

/// The snapshot that was made of a volume, if one was.
async fn snapshot(account: &Account, id: &MarkId) -> Result<Option<String>, ()> {
    let key = account.policy.tags.key("saved");
    match account.cloud.resources(&id.scope.region, ResourceKind::Snapshot, &ResourceQuery::All).await {
        Ok(all) => Ok(all.into_iter().filter(|one| made_for(one, &key, &id.resource)).map(|one| one.id.id).max()),
        Err(error) => {
            tracing::warn!(%error, resource = %id.resource, "what became of a snapshot cannot be seen");
            Err(())
        }
    }
}

/// How it ended, by what is there now.
fn resolved(
    engine: &Engine,
    id: &MarkId,
    mark: Mark,
    acting: &Acting,
    there: Option<&Resource>,
    saved: Option<Saved>,
) -> (Option<Draft>, Change) {
    let now = engine.clock.now();
    let (outcome, why, to) = match (acting.step.as_str(), there, saved) {
        (_, None, _) => (Outcome::Done, "it is gone".to_owned(), None),
        ("save", Some(_), Some(saved)) => {
            let why = saved.snapshot.as_deref().map_or("it is disabled".into(), |id| format!("there is {id}"));
            (Outcome::Done, why, Some(Mark { saved: Some(saved), acting: None, ..mark.clone() }))
        }
        (step, Some(_), _) => (
            Outcome::Failed,
            format!("it is there, so the {step} never happened"),
            Some(Mark { acting: None, ..mark.clone() }),
        ),
    };
    let mut draft = id.draft(&mark, now, Kind::ActionResolved, why);
    draft.monkey = Some(acting.monkey.clone());
    draft.key = Some(acting.key.clone());
    draft.action = Some(acting.step.clone());
    draft.outcome = Some(outcome.to_string());
    (Some(draft), Change::Mark { id: id.clone(), from: Some(Box::new(mark)), to: to.map(Box::new) })
}

/// Whether a resource that a deletion was asked for still is one: some are shown for a while after they ended.
pub(super) fn is_there(resource: &Resource) -> bool {
    match (resource.volume(), resource.instance(), resource.nat_gateway()) {
        (Some(volume), _, _) => volume.state != VolumeState::Other,
        (_, Some(instance), _) => instance.state != simian_core::InstanceState::Terminated,
        (_, _, Some(gateway)) => gateway.alive,
        _ => true,
    }
}

/// How a chore whose answer was lost ended, as far as one look right after it shows: what is gone is done, and what is
/// there may still go.
pub(crate) async fn look(account: &Account, chore: &Chore) -> Option<Outcome> {
    let query = ResourceQuery::Ids(vec![chore.resource.id.clone()]);
    let found = account.cloud.resources(&chore.scope.region, chore.resource.kind, &query).await.ok()?;
    (!found.iter().any(is_there)).then_some(Outcome::Done)
}

/// Whether a snapshot is the last resort that was taken for a resource.
fn made_for(snapshot: &Resource, key: &str, resource: &ResourceId) -> bool {
    snapshot.kind() == ResourceKind::Snapshot && snapshot.tag(key) == Some(resource.to_string().as_str())
}
