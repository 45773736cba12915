//! Which fault it is: by weight, among those that can be done.
//!
//! What may not happen here: a fault that cannot be done changes the draw of those that can. The coin is looked at among
//! all first, so who never drew what drops out never notices that it does.

use simian_core::rails::{FaultRules, NO_ROLE};
use simian_core::turn::Deed;
use simian_core::{Action, ByExperiment, Faults, Nature};
use simian_faults::{Fault, FaultError};

/// What the coin shows, and why it is not what it showed first. What those whom it would hit cannot take drops out too, as
/// long as anything else is left: else it is proposed as it is, and a rail holds it and says why.
pub(crate) fn draw(
    wanted: &Faults,
    rules: &FaultRules,
    coin: f64,
    against: impl Fn(Action) -> Option<String>,
) -> Result<Deed, String> {
    let mut left = wanted.clone();
    let mut dropped = Vec::new();
    let mut first = None;
    let deed = |action, dropped: &[String]| {
        let why = (!dropped.is_empty()).then(|| dropped.join("; "));
        Deed { action, terms: rules.terms(action), why }
    };
    while let Some(action) = left.pick(coin) {
        let why = match can_be_done(action, rules) {
            Err(why) => why,
            Ok(()) => match against(action) {
                None => return Ok(deed(action, &dropped)),
                Some(why) => {
                    first.get_or_insert_with(|| deed(action, &dropped));
                    why
                }
            },
        };
        dropped.push(format!("{action} drops out: {why}"));
        left = left.without(action);
    }
    first.ok_or_else(|| dropped.join("; "))
}

/// Whether the operator lets it be done and says all that it takes; if not, why.
pub fn can_be_done(action: Action, rules: &FaultRules) -> Result<(), String> {
    if action.is_grave() && !rules.allow.contains(&action) {
        return Err("the operator does not name it in faults.allow".into());
    }
    if action.by_experiment() == ByExperiment::Only && rules.fis.is_none() {
        return Err(NO_ROLE.into());
    }
    let Some(terms) = rules.terms(action).filter(|_| action.nature() == Nature::Guest) else { return Ok(()) };
    match Fault::read(action.name(), terms.pairs()) {
        Ok(_) => Ok(()),
        // Its name is said already.
        Err(FaultError::Parameter { error, .. }) => Err(format!("{error}, under [faults.{action}] of the config")),
        Err(error) => Err(error.to_string()),
    }
}
