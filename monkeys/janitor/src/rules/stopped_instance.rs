//! An instance that nobody started again.

use simian_core::{Extent, InstanceState, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Undated, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "stopped-instance",
    about: "An instance that is stopped and in no Auto Scaling group.",
    kinds: Kinds::One(ResourceKind::Instance),
    age: Age { days: 30, of: "its stop, by the reason of its state" },
    extra: None,
    extent: Extent::All,
    reads: &[],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(instance) = resource.instance() else { return not_mine() };
    if instance.state != InstanceState::Stopped {
        return in_use("it is not stopped");
    }
    // Warm pools and standby: AWS tags every member.
    if let Some(group) = &instance.group {
        return in_use(format!("auto-scaling-group/{group} has it as a member"));
    }
    ground.unserved(resource)?;
    let undated = ground.old(instance.stopped, "it was stopped", params)?;
    let since = match (undated, instance.stopped) {
        (Undated::No, Some(stopped)) => format!("stopped since {}", stopped.date_naive()),
        _ => "stopped; AWS does not say since when".to_owned(),
    };
    Ok(Waste::new(since, undated))
}
