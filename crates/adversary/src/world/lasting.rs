//! A process's way to faults that last: words to guests, and changes of the account.

use simian_core::{Alteration, CallError, InstanceId, Region};

use super::log::Did;
use super::ports::{Ports, UnderWay};
use crate::scenario::{Port, Side};

impl Ports {
    /// A word to a fault in a guest. Its comment names the fault and the verb.
    pub(super) async fn tells(
        &self,
        region: &Region,
        id: &InstanceId,
        comment: &str,
        call: impl Future<Output = Result<String, CallError>>,
    ) -> Result<String, CallError> {
        let mut words = comment.split(' ').skip(1).map(str::to_owned);
        let (run, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let did = Did::Sent { region: region.clone(), id: id.clone(), run, verb, answer: None };
        self.lasting(Port::Guest, region, did, call).await
    }

    /// A change of the account that a fault makes, or that takes it back.
    pub(super) async fn alters(
        &self,
        region: &Region,
        alteration: &Alteration,
        call: impl Future<Output = Result<(), CallError>>,
    ) -> Result<(), CallError> {
        let id = self.stage.cloud.truth().about(alteration);
        let (region_of, alteration) = (region.clone(), alteration.clone());
        let did = Did::Altered { region: region_of, id, alteration, answer: None };
        self.lasting(Port::Alter, region, did, call).await
    }

    async fn lasting<T>(
        &self,
        port: Port,
        region: &Region,
        did: Did,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        // Begun now, whatever happens at the door.
        let entry = self.stage.log(self.slot, did);
        let under_way = UnderWay::begin(self);
        self.stage.meets(self.slot, port, Side::Before);
        let told = call.await;
        drop(under_way);
        let short = told.as_ref().map(|_| ()).map_err(|error| error.cause.clone());
        match &mut self.stage.shared().log.entries[entry].what {
            Did::Sent { answer, .. } | Did::Altered { answer, .. } => *answer = Some(short),
            _ => {}
        }
        self.heard(region, &told);
        self.at(port, Side::After).await;
        told
    }
}
