//! What the end of a resource is.

use simian_core::chore::Disposal;
use simian_core::resource::Image;
use simian_core::{Resource, ResourceId, ResourceKind, Users};

use crate::ground::Ground;
use crate::rules::Params;

/// What its deletion would be, or why that is not known.
pub(crate) fn of(
    resource: &Resource,
    ground: &Ground<'_>,
    params: &Params,
    kept: impl Fn(&Resource) -> bool,
) -> Result<Disposal, String> {
    if let Some(image) = resource.image() {
        ground.fleet.estate.all(ResourceKind::Snapshot)?;
        let snapshots = going(resource, image, ground, kept).into_iter().map(|snapshot| snapshot.id.id.clone());
        return Ok(Disposal::EndImage { snapshots: snapshots.collect() });
    }
    Ok(match resource.id.kind {
        ResourceKind::LogGroup => Disposal::Retain { days: params.keep_days },
        _ => Disposal::End,
    })
}

/// The snapshots that go with an image: its own, that nothing else is made of and that nobody keeps.
pub(crate) fn going<'w>(
    resource: &Resource,
    image: &Image,
    ground: &Ground<'w>,
    kept: impl Fn(&Resource) -> bool,
) -> Vec<&'w Resource> {
    let ids = image.snapshots.iter().map(|id| ResourceId::new(ResourceKind::Snapshot, id));
    let known = ids.filter_map(|id| ground.fleet.estate.get(&id));
    let goes = |snapshot: &&Resource| {
        let own = snapshot
            .snapshot()
            .is_some_and(|about| about.owner == ground.scope.account.as_str() && about.public != Some(true));
        let alone = match ground.graph.users(&snapshot.id) {
            Users::Used(users) => users.iter().all(|user| *user.id == resource.id),
            Users::Unused | Users::Unknown(_) => true,
        };
        let free = ground.looked_after(snapshot).is_none() && ground.resort_of(&snapshot.id).is_none();
        own && alone && free && snapshot.tags.known().is_some() && !kept(snapshot)
    };
    known.filter(goes).collect()
}
