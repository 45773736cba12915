//! A fault inside a guest: one script, a verb at a time, sent as a command and answered by its last line.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::ports::Effect;
use simian_core::{Action, CallError, InstanceId, Outcome, Progress, Region, RunId, Terms};
use simian_faults::{Answer, Fault, Held, Verb, Word, word_to};

use crate::engine::{Account, Engine};

/// How long a fault stays in its guest when nobody renews it: whatever becomes of us, it ends by then.
pub(crate) const TERM: TimeDelta = TimeDelta::minutes(5);

/// What became of a verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It ran, and said so.
    Answer(Answer),
    /// It never ran, and never will; why.
    Never(Outcome, String),
    /// It may have run, or may still; why nobody knows.
    Unknown(String),
}

impl Said {
    /// In words.
    pub(crate) fn why(&self) -> String {
        match self {
            Said::Answer(Answer { word, why: Some(why) }) => format!("its guest says: {word}: {why}"),
            Said::Answer(Answer { word, why: None }) => format!("its guest says: {word}"),
            Said::Never(_, why) | Said::Unknown(why) => why.clone(),
        }
    }

    /// What its guest answered, if it did.
    pub(crate) fn word(&self) -> Option<Word> {
        match self {
            Said::Answer(answer) => Some(answer.word),
            Said::Never(..) | Said::Unknown(_) => None,
        }
    }
}

/// The script of a fault.
pub(crate) fn script(
    action: Action,
    terms: &Terms,
    run: &RunId,
    region: &Region,
    verb: Verb,
) -> Result<String, String> {
    let mut pairs: Vec<(&str, &str)> = terms.pairs().collect();
    let kind = simian_faults::Kind::find(action.name()).map_err(|error| error.to_string())?;
    // What spares the agent's endpoints must know where they are.
    let wants_region = kind.keys.iter().any(|key| key.name == "region");
    if wants_region && !terms.parameters.contains_key("region") {
        pairs.push(("region", region.as_str()));
    }
    let fault = Fault::read(action.name(), pairs).map_err(|error| error.to_string())?;
    let held = Held::new(run.as_str(), TERM.min(terms.lasts), terms.lasts).map_err(|error| error.to_string())?;
    let script = fault.script(&held, Some(verb));
    // Systems Manager puts its own parameters in the place of `{{ssm:NAME}}`, and nobody would know what is run then.
    if script.contains("{{") {
        return Err("`{{` in a parameter means something to Systems Manager: leave it out".into());
    }
    Ok(script)
}

/// A fault in one instance: who is asked, and after what.
#[derive(Clone, Copy)]
pub(crate) struct Guest<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) account: &'a Account,
    pub(crate) region: &'a Region,
    pub(crate) id: &'a InstanceId,
    pub(crate) run: &'a RunId,
}

/// What a verb's command is known by. Commands know no token of idempotency; this is looked for instead.
pub(crate) struct Handle {
    /// What is written on the command.
    pub(crate) comment: String,
    at: DateTime<Utc>,
}

impl Guest<'_> {
    /// The handle of a command that is sent now.
    pub(crate) fn handle(&self, verb: Verb) -> Handle {
        let at = self.engine.clock.now();
        Handle { comment: format!("simian {} {} {}", self.run, verb.as_str(), at.timestamp()), at }
    }

    /// Says a word to a fault that is in its guest, and waits for the answer until then.
    pub(crate) async fn word(&self, verb: Verb, until: DateTime<Utc>) -> Said {
        self.say(verb, &word_to(self.run.as_str(), verb), until).await
    }

    /// Runs a script that does a verb, and waits for the answer until then.
    pub(crate) async fn say(&self, verb: Verb, script: &str, until: DateTime<Utc>) -> Said {
        let handle = self.handle(verb);
        let sent = self.account.guests.send(self.region, self.id, &handle.comment, script).await;
        self.hear(&handle, sent, until).await
    }

    /// Waits for the answer to a command that was sent, or may have been, until then.
    pub(crate) async fn hear(&self, handle: &Handle, sent: Result<String, CallError>, until: DateTime<Utc>) -> Said {
        let Self { region, id, .. } = *self;
        let (clock, guests) = (&self.engine.clock, &self.account.guests);
        let mut lost = None;
        let mut command = match sent {
            Ok(command) => Some(command),
            Err(error) if error.cause.effect() == Effect::None => {
                return Said::Never(crate::hand::failed(&error), error.to_string());
            }
            Err(error) => {
                lost = Some(error.to_string());
                None
            }
        };
        let mut wait = FIRST_WAIT;
        loop {
            clock.sleep_until((clock.now() + wait).min(until)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            if command.is_none() {
                // The answer to the sending was lost: whether there is such a command is looked up.
                match guests.sent(region, id, handle.at - CLOCKS).await {
                    Ok(sent) => {
                        command = sent.into_iter().find(|sent| sent.comment == handle.comment).map(|sent| sent.id);
                    }
                    Err(error) => lost = Some(error.to_string()),
                }
            }
            if let Some(command) = &command {
                match guests.progress(region, id, command).await {
                    Ok(Progress::Running) => {}
                    Ok(Progress::Ended { output }) => {
                        return match output.parse() {
                            Ok(answer) => Said::Answer(answer),
                            Err(error) => Said::Unknown(format!("command {command}: {error}")),
                        };
                    }
                    Ok(Progress::Lost(status)) if NEVER_RAN.contains(&status.as_str()) => {
                        let why = format!("its guest never ran command {command}: {status}");
                        return Said::Never(Outcome::Failed, why);
                    }
                    Ok(Progress::Lost(status)) => return Said::Unknown(format!("command {command}: {status}")),
                    Err(error) => lost = Some(error.to_string()),
                }
            }
            if clock.now() >= until {
                return Said::Unknown(lost.unwrap_or_else(|| "its guest gave no answer in time".into()));
            }
        }
    }
}

/// How long the answer to a word is waited for by whoever has no time of his own.
pub(crate) const PATIENCE: TimeDelta = TimeDelta::seconds(20);

/// How long after a command was sent its answer is first asked for; doubled each time.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(1);

/// The longest time from one question to the next.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(5);

/// How far AWS's clock may be from ours.
const CLOCKS: TimeDelta = TimeDelta::minutes(2);

/// What a command says that no agent ever ran. Source: Systems Manager API, `StatusDetails` of `GetCommandInvocation`.
const NEVER_RAN: [&str; 4] = ["DeliveryTimedOut", "Undeliverable", "InvalidPlatform", "AccessDenied"];

#[cfg(test)]
mod tests {
    use super::*;

    fn script_of(action: Action, key: &str, value: &str) -> Result<String, String> {
        let terms = Terms { lasts: TimeDelta::minutes(10), parameters: [(key.to_owned(), value.to_owned())].into() };
        let region: Region = "us-east-1".parse().unwrap();
        script(action, &terms, &"0123456789ab".parse().unwrap(), &region, Verb::Apply)
    }

    #[test]
    fn a_script_holds_for_a_term_and_never_longer_than_it_is_to_last() {
        let script = script_of(Action::Latency, "delay", "200ms").unwrap();
        for line in ["id='0123456789ab'", "for_s='300'", "cap_s='600'", "[ $# -gt 0 ] || set -- apply"] {
            assert!(script.lines().any(|one| one == line), "{line}");
        }
    }

    #[test]
    fn every_fault_in_a_guest_has_a_script_that_fits_into_a_command() {
        for kind in simian_faults::KINDS {
            let action: Action = kind.name.parse().unwrap();
            assert_eq!(action.nature(), simian_core::Nature::Guest, "{action}");
            assert_eq!(action.is_grave(), kind.is_grave, "{action}");
            let fault = Fault::example(kind.name, []).unwrap();
            let held = Held::new("0123456789ab", TERM, TERM).unwrap();
            let script = fault.script(&held, Some(Verb::Apply));
            // Document and parameters together: 64 KB. Source: Systems Manager API, `SendCommand`.
            assert!(script.len() < 48 * 1024 && !script.contains("{{"), "{action}: {} bytes", script.len());
        }
        let in_guests = Action::ALL.into_iter().filter(|action| action.nature() == simian_core::Nature::Guest);
        assert_eq!(in_guests.count(), simian_faults::KINDS.len());
    }

    #[test]
    fn no_parameter_is_read_by_systems_manager() {
        let why = script_of(Action::KillProcess, "name", "{{ssm:x}}").unwrap_err();
        assert!(why.contains("{{"), "{why}");
    }
}
