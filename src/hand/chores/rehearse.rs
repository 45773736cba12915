//! The dry run of chores: the whole life of waste in the ledger alone, and nothing of it in the account.

use simian_core::mark::Saved;
use simian_core::{JudgedChore, Kind, LedgerError, Mark, Outcome, Step};

use crate::chores::{Ended, change, told};
use crate::engine::{Account, Engine};

/// Records what would have been done.
pub(crate) async fn rehearse(
    engine: &Engine,
    account: &Account,
    passed: Vec<JudgedChore>,
) -> Result<Vec<Ended>, LedgerError> {
    let now = engine.clock.now();
    let mut steps = Vec::new();
    for JudgedChore { chore, rulings, .. } in &passed {
        let to = match chore.step {
            Step::Lift => None,
            Step::Mark | Step::Announce => Some(chore.mark.clone()),
            Step::Save => Some(Mark { saved: Some(Saved { on: chore.date, snapshot: None }), ..chore.mark.clone() }),
            Step::Delete => Some(Mark { rehearsed: true, ..chore.mark.clone() }),
        };
        let draft = if chore.step.is_disposal() {
            let mut draft = chore.draft(now, Kind::ActionRehearsed, chore.why.clone());
            draft.outcome = Some(Outcome::Rehearsed.to_string());
            draft.verdicts.clone_from(rulings);
            draft
        } else {
            told(chore, &account.policy.calendar, now)
        };
        steps.push((Some(draft), change(chore, chore.from.clone(), to)));
    }
    let ours = engine.change_each(steps).await?;
    let ended = passed.into_iter().zip(ours).filter(|(_, ours)| *ours).map(|(judged, _)| {
        let why = format!("dry-run: {} of {} was left out", judged.chore.step, judged.chore.resource);
        Ended { chore: judged.chore, outcome: Outcome::Rehearsed, why }
    });
    Ok(ended.collect())
}
