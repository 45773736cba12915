//! What an owner says of a slow network: the parameters of one fault, by the names that its tags have.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Faults, Settings, parse_lasts};
use crate::action::Action;
use crate::fault::Terms;

/// How long a fault lasts where nobody says.
pub const USUAL: TimeDelta = TimeDelta::minutes(5);

/// The parameters that say where it happens, and not what. Of the operator's they count for every network that an owner
/// asks for.
const OF_PLACE: [&str; 5] = ["to", "protocol", "direction", "flows", "region"];

/// What an owner's tags say.
#[derive(Debug, Default)]
pub(super) struct Said {
    lasts: Option<TimeDelta>,
    parameters: BTreeMap<&'static str, String>,
}

impl Said {
    /// Reads one tag by the end of its key; `None` where it is about something else.
    pub(super) fn read(&mut self, name: &str, text: &str) -> Option<Result<(), String>> {
        let key = match name {
            "for" => return Some(parse_lasts(text).map(|lasts| self.lasts = Some(lasts))),
            "delay" => "delay",
            "jitter" => "jitter",
            "loss" => "loss",
            "to" => "to",
            // An owner's share is one of connections, and how many of the members is said by `count`.
            "share" => "flows",
            _ => return None,
        };
        self.parameters.insert(key, text.to_owned());
        Some(Ok(()))
    }

    /// What is wanted, over the operator's defaults. Who says how much is lost and not how late the rest is wants a loss
    /// and no delay, whatever the operator's is.
    pub(super) fn settle(mut self, settings: &mut Settings) {
        let mut terms = settings.terms.take().unwrap_or_else(|| Terms { lasts: USUAL, parameters: BTreeMap::new() });
        terms.lasts = self.lasts.unwrap_or(terms.lasts);
        let is_late = ["delay", "jitter"].iter().any(|key| self.parameters.contains_key(key));
        if !is_late && let Some(loss) = self.parameters.remove("loss") {
            settings.faults = Faults::only(Action::Loss);
            terms.parameters.retain(|key, _| OF_PLACE.contains(&key.as_str()));
            terms.parameters.insert("share".into(), loss);
        }
        terms.parameters.extend(self.parameters.into_iter().map(|(key, text)| (key.to_owned(), text)));
        settings.terms = Some(terms);
    }
}

/// The end of the tag's key that says a parameter of an action's.
pub fn tag_of(action: Action, parameter: &str) -> &str {
    match (action, parameter) {
        (_, "flows") => "share",
        (Action::Loss, "share") => "loss",
        _ => parameter,
    }
}
