//! Which fault it is: by weight, among those that can be done.
//!
//! What may not happen here: a fault that cannot be done changes the draw of those that can. The coin is looked at among
//! all first, so who never drew what drops out never notices that it does.

use simian_core::rails::FaultRules;
use simian_core::turn::Deed;
use simian_core::{Action, Faults, Nature};
use simian_faults::{Fault, FaultError};

/// What the coin shows, and why it is not what it showed first.
pub(crate) fn draw(wanted: &Faults, rules: &FaultRules, coin: f64) -> Result<Deed, String> {
    let mut left = wanted.clone();
    let mut dropped = Vec::new();
    while let Some(action) = left.pick(coin) {
        let Err(why) = can_be_done(action, rules) else {
            let why = (!dropped.is_empty()).then(|| dropped.join("; "));
            return Ok(Deed { action, terms: rules.terms(action), why });
        };
        dropped.push(format!("{action} drops out: {why}"));
        left = left.without(action);
    }
    Err(dropped.join("; "))
}

/// Whether the operator lets it be done and says all that it takes; if not, why.
pub fn can_be_done(action: Action, rules: &FaultRules) -> Result<(), String> {
    if action.is_grave() && !rules.allow.contains(&action) {
        return Err("the operator does not name it in faults.allow".into());
    }
    let Some(terms) = rules.terms(action).filter(|_| action.nature() == Nature::Guest) else { return Ok(()) };
    match Fault::read(action.name(), terms.pairs()) {
        Ok(_) => Ok(()),
        // Its name is said already.
        Err(FaultError::Parameter { error, .. }) => Err(format!("{error}, under [faults.{action}] of the config")),
        Err(error) => Err(error.to_string()),
    }
}
