//! What each deed does. All of it at once, like every step.

use simian_core::mark::tagged_at_once;
use simian_core::{Region, ResourceId, ResourceKind};
use simian_sim::Operation;

use super::things::with_tags;
use super::{Deed, Thing, resource};
use crate::world::stage::{Command, Stage, region};

/// The highest number of a template's version here.
const VERSIONS: u64 = 110;

/// Whom things are shared with.
const FRIEND: &str = "444455556666";

impl Stage {
    /// Does it now.
    pub(crate) fn do_deed(&self, deed: &Deed) {
        let operation = match deed {
            Deed::Put(thing) => self.put(thing),
            Deed::Remove { region: index, id } => {
                self.remove(&region(*index), id);
                None
            }
            Deed::Tag { id, .. } if tagged_at_once(id.kind).is_none() => None,
            Deed::Tag { region: index, id, key, value } => {
                let (region, resource, key, value) = (region(*index), id.clone(), key.clone(), value.clone());
                Some(Operation::TagResource { region, resource, key, value })
            }
            Deed::Share { region: index, id, on } => {
                let with = if *on { vec![FRIEND.to_owned()] } else { Vec::new() };
                Some(Operation::Share { region: region(*index), resource: id.clone(), with })
            }
            Deed::LoseLedger { down } => {
                self.shared().commands.push(Command::LoseLedger { down: *down });
                None
            }
        };
        if let Some(operation) = operation {
            self.cloud.perform(operation);
        }
    }

    /// A template goes with all its versions.
    fn remove(&self, region: &Region, id: &ResourceId) {
        let versions = (1..=VERSIONS).map(|n| ResourceId::version(&id.id, n));
        let with_it = versions.filter(|_| id.kind == ResourceKind::LaunchTemplate);
        for id in with_it.chain([id.clone()]) {
            if self.cloud.resource(region, &id).is_some() {
                self.cloud.perform(Operation::RemoveResource { region: region.clone(), resource: id });
            }
        }
    }

    /// A thing that was not there is made now, whatever it says of its age. At the beginning it is as old as it says.
    fn put(&self, thing: &Thing) -> Option<Operation> {
        let region = region(thing.region);
        let known = self.cloud.resource(&region, &thing.id);
        if let (ResourceKind::TemplateVersion, Some((template, _))) = (thing.id.kind, thing.id.id.rsplit_once(':')) {
            self.cloud.resource(&region, &ResourceId::new(ResourceKind::LaunchTemplate, template))?;
        }
        let made = if known.is_none() && self.now() > self.start {
            resource(&Thing { age: thing.age.map(|_| 0), ..thing.clone() }, self.now())
        } else {
            let tags = known.as_ref().and_then(|known| known.tags.known());
            resource(&with_tags(thing, tags), self.start)
        };
        let mut made = made?;
        if let Some(known) = known {
            // Whoever was made later than that stays so.
            made.created = known.created;
        }
        Some(Operation::PutResource { region, resource: Box::new(made) })
    }
}
