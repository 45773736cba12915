//! What is wrong with the network that an owner asks for, in words about the tags that he wrote.

use simian_core::tags::{LATENCY, tag_of};
use simian_core::{Action, Faults, Settings, TagRules, Terms, Unit};
use simian_faults::{Fault, FaultError, ParameterError};

/// The rules by which this monkey reads tags: those of all monkeys, with the operator's settings and terms.
pub fn tags(common: &TagRules, settings: Settings, terms: Terms) -> TagRules {
    let faults = Faults::only(Action::Latency);
    let defaults = Settings { faults, terms: Some(terms), ..settings };
    TagRules { word: LATENCY, mapped: None, defaults, ..common.clone() }
}

/// What is done to a unit. Its groups agree, or it is kept out.
pub(crate) fn action(unit: &Unit) -> Option<Action> {
    unit.settings.faults.weights().next().map(|(action, _)| action)
}

/// What must be mended before anything is done to the unit: the tag, what is wrong, the remedy.
pub(crate) fn wrong(unit: &Unit, rules: &TagRules, everything: bool) -> Option<String> {
    let tag = |name: &str| format!("tag {}:{name}", rules.opt_in_key());
    let (action, terms) = (action(unit)?, unit.settings.terms.as_ref()?);
    match Fault::read(action.name(), terms.pairs()) {
        Ok(_) => {}
        Err(FaultError::Parameter { error, .. }) => return Some(said(action, error, &tag)),
        Err(error) => return Some(error.to_string()),
    }
    let to = terms.parameters.get("to");
    match to {
        _ if everything => None,
        None => Some(format!(
            "{}: it is missing: name what the network is to be slow towards, as in 10.1.0.0/16:5432",
            tag("to")
        )),
        Some(to) => everybody(to).map(|all| {
            format!("{}: `{all}` is everybody, which the operator does not allow: name networks or ports", tag("to"))
        }),
    }
}

/// What is wrong with one parameter, by its tag.
fn said(action: Action, error: ParameterError, tag: &dyn Fn(&str) -> String) -> String {
    let of = |key: &str| tag(tag_of(action, key));
    match error {
        ParameterError::Missing { key: "delay", example } => {
            format!(
                "{}: it is missing: say how late packets are, as in {example}, or set {} alone",
                of("delay"),
                tag("loss")
            )
        }
        ParameterError::Missing { key, example } => format!("{}: it is missing: write it as in {example}", of(key)),
        ParameterError::Wrong { key, text, why } => format!("{}: `{text}`: {why}", of(key)),
        ParameterError::Unknown { key, .. } => format!("{}: {action} has no such parameter: remove it", of(&key)),
        // Such a sentence begins with the first of the parameters that it is about.
        ParameterError::Together(why) => {
            let first = why.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
            let why = why.strip_prefix(&format!("{first}: ")).unwrap_or(&why);
            format!("{}: {why}", of(first))
        }
        other @ ParameterError::Twice(_) => other.to_string(),
    }
}

/// A destination that is all of a family's addresses, whatever their ports.
fn everybody(to: &str) -> Option<&str> {
    to.split([' ', ',']).find(|word| word.trim_end_matches(']').ends_with("/0"))
}
