//! A log group that keeps everything for ever.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Extra, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(crate) const ID: &str = "log-group-without-retention";

pub(super) const RULE: Rule = Rule {
    id: ID,
    about: "A log group that keeps its events for ever. It is never deleted: it is told to keep them for a while.",
    kinds: Kinds::One(ResourceKind::LogGroup),
    age: Age { days: 7, of: "its making" },
    extra: Some(Extra::KeepDays),
    extent: Extent::All,
    reads: &[],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(group) = resource.log_group() else { return not_mine() };
    if let Some(days) = group.retention_days {
        return in_use(format!("it keeps its events for {days} days"));
    }
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new(format!("it keeps its events for ever, where {} days are asked for", params.keep_days), undated))
}
