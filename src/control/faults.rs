//! A person's word on faults: end them, or try one.

use serde::{Deserialize, Serialize};
use simian_core::{Action, ClaimQuery, InstanceId, Mode, Request, RunId, Terms, Wish};
use uuid::Uuid;

use super::Unserved;
use crate::engine::Engine;
use crate::watch;

/// A fault that somebody wants to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Try {
    /// Unique for ever: it is in the key.
    pub id: String,
    /// Under whose opt-in.
    pub monkey: String,
    /// What.
    pub action: Action,
    /// How long and how hard.
    pub terms: Option<Terms>,
    /// On whom.
    pub target: InstanceId,
}

impl Try {
    /// The request of a person's.
    pub(crate) fn request(self, actor: &str, at: chrono::DateTime<chrono::Utc>) -> Request {
        let Self { id, monkey, action, terms, target } = self;
        let wish = Some(Wish { action, terms, target });
        Request { id, monkey, actor: actor.to_owned(), at, units: None, wish }
    }
}

/// Begins a fault as soon as may be.
pub(super) fn attempt(engine: &Engine, actor: &str, wanted: Try) -> Result<String, Unserved> {
    if Uuid::parse_str(&wanted.id).is_err() {
        return Err(Unserved::Mistaken(format!("`{}` is no id of a request", wanted.id)));
    }
    if engine.monkey(&wanted.monkey).is_none() {
        let why = format!("the daemon's config does not enable this monkey: set monkeys.{}.enabled", wanted.monkey);
        return Err(Unserved::Mistaken(why));
    }
    let said = format!("asked for {} on {}: request {}", wanted.action, wanted.target, wanted.id);
    engine.asked.ask(wanted.request(actor, engine.clock.now()));
    Ok(said)
}

/// Has the faults that are held ended: the one of that name, or all.
pub(super) async fn end(engine: &Engine, actor: &str, why: &str, run: Option<&RunId>) -> Result<String, Unserved> {
    let open = ClaimQuery { mode: Some(Mode::Live), open: true, ..ClaimQuery::default() };
    let claims = engine.ledger.claims(&open).await?;
    let named = claims.iter().filter(|claim| run.is_none_or(|run| RunId::of(&claim.key) == *run));
    let ends = named.filter_map(|claim| watch::held::to_end(claim, format!("{actor} ended it: {why}")));
    let steps = ends.map(|change| (None, change)).collect();
    let ended = engine.change_each(steps).await?.into_iter().filter(|ended| *ended).count();
    // Whoever follows them looks at once.
    engine.recorded.notify_waiters();
    Ok(match ended {
        0 => "no such fault is held".into(),
        1 => "1 fault is being undone".into(),
        n => format!("{n} faults are being undone"),
    })
}
