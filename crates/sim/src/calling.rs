//! One call: counted, late, stale, and failed before or after its effect.

use chrono::TimeDelta;
use simian_core::ports::Effect;
use simian_core::{CallError, Cause, Region, ResourceId};

use crate::account::SimAccount;
use crate::state::State;
use crate::traffic::{Ending, Fate};

/// What AWS said instead: its cause and its words.
pub(crate) type Refused = (Cause, String);

pub(crate) fn refused(code: &str, message: impl Into<String>) -> Refused {
    (Cause::Refused(code.to_owned()), message.into())
}

/// There is no such thing.
pub(crate) fn gone(id: &ResourceId) -> Refused {
    (Cause::Gone("NotFound".into()), format!("{id} does not exist"))
}

/// Something uses it.
pub(crate) fn in_use(id: &ResourceId, by: &str) -> Refused {
    (Cause::InUse("ResourceInUse".into()), format!("{id}: {by}"))
}

impl SimAccount {
    /// One call: counted, late, stale, failed before or after its effect, as its fate will have it.
    pub(crate) async fn call<T: Send>(
        &self,
        name: &'static str,
        region: Option<&Region>,
        summary: String,
        effect: impl FnOnce(&mut State, &Fate) -> Result<T, Refused> + Send,
    ) -> Result<T, CallError> {
        let fate = {
            let mut state = self.now_state();
            let State { now, regions, traffic, weather, .. } = &mut *state;
            let reachable = region.is_none_or(|region| regions.contains(region));
            traffic.meet(*now, name, region, summary, reachable, weather)
        };
        self.wait(fate.before).await;
        let result = match &fate.ending {
            Ending::Before(cause, message) => Err((cause.clone(), (*message).to_owned())),
            Ending::Good | Ending::After(..) | Ending::Halfway(..) => {
                let result = {
                    let mut state = self.now_state();
                    let result = effect(&mut state, &fate);
                    state.settle();
                    result
                };
                self.wait(fate.after).await;
                match &fate.ending {
                    Ending::After(cause, message) | Ending::Halfway(cause, message) => {
                        Err((cause.clone(), (*message).to_owned()))
                    }
                    _ => result,
                }
            }
        };
        let mut state = self.lock();
        let cause = result.as_ref().err().map(|(cause, _)| cause.clone());
        state.traffic.answered(fate.number, cause.clone());
        let heard = cause.is_none_or(|cause| cause.effect() == Effect::None && cause != Cause::Unreachable);
        if let Some(region) = region.filter(|_| heard) {
            let skew = TimeDelta::milliseconds(state.weather.skew_millis);
            state.traffic.skew.insert(region.clone(), skew);
        }
        let on = || region.map_or_else(|| state.account.to_string(), ToString::to_string);
        result.map_err(|(cause, message)| CallError { call: name, on: on(), cause, message })
    }

    async fn wait(&self, delta: TimeDelta) {
        if delta > TimeDelta::zero() {
            self.clock.sleep_until(self.clock.now() + delta).await;
        }
    }
}
