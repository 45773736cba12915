//! A person's word that a fleet really changed: what looked like a survey gone wrong is how it is now.

use simian_core::{AccountId, Change, Draft, Kind, LedgerError, Region};

use crate::engine::Engine;

/// Forgets what the last surveys saw, so that the next is compared with nothing, and believed.
pub(super) async fn changed(
    engine: &Engine,
    actor: &str,
    why: String,
    account: Option<AccountId>,
    region: Option<Region>,
) -> Result<String, LedgerError> {
    let draft = Draft {
        actor: Some(actor.to_owned()),
        account: account.clone(),
        region: region.clone(),
        ..Draft::new(engine.clock.now(), Kind::FleetChanged, super::mode(engine), why)
    };
    let place = match (&account, &region) {
        (None, None) => String::new(),
        (Some(account), None) => format!(" of account {account}"),
        (None, Some(region)) => format!(" of region {region}"),
        (Some(account), Some(region)) => format!(" of {account}/{region}"),
    };
    engine.record(vec![draft], vec![Change::FleetChanged { account, region }]).await?;
    Ok(format!("the next survey{place} is believed, whatever it shows"))
}
