//! A process's way to an estate: its calls that write, and what its ledger is told of marks.

use simian_core::{CallError, Change, Region, ResourceId, ResourceKind};

use crate::scenario::{Port, Side};
use crate::world::FAULT_TAG;
use crate::world::log::{Did, Write};
use crate::world::ports::{Ports, UnderWay};

impl Ports {
    /// A call that writes to resources, with somebody on both sides of it.
    pub(crate) async fn writes<T>(
        &self,
        write: Write,
        region: &Region,
        ids: Vec<ResourceId>,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let port = match &write {
            Write::Tag { key, .. } | Write::Untag { key } if key.starts_with(FAULT_TAG) => Port::FaultTag,
            _ => Port::Act,
        };
        // Begun now, whatever happens at the door.
        self.stage.log(self.slot, Did::Wrote { write, region: region.clone(), ids });
        let under_way = UnderWay::begin(self);
        self.stage.meets(self.slot, port, Side::Before);
        let answer = call.await;
        drop(under_way);
        self.heard(region, &answer);
        self.at(port, Side::After).await;
        answer
    }
}

/// The ids of a kind in full.
pub(crate) fn named(kind: ResourceKind, ids: &[String]) -> Vec<ResourceId> {
    ids.iter().map(|id| ResourceId::new(kind, id)).collect()
}

/// What a change says of a mark.
pub(crate) fn marked(change: &Change) -> Option<Did> {
    let Change::Mark { id, from, to } = change else { return None };
    Some(Did::Marked { id: Box::new(id.clone()), from: from.clone(), to: to.clone() })
}
