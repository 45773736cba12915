//! The tags that a fault leaves on each instance while it lasts: what it is, until when, and what undoes it.
//!
//! `simian:fault:RUN` = `latency until=2026-11-23T10:10:00Z`, and what undoes it in `simian:fault:RUN:2` and on. They are
//! enough to undo a fault when there is no ledger any more.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use simian_core::resource::Tags;
use simian_core::{Action, CallError, InstanceId, Region, ResourceKind, Reversal, RunId, TagRules};

use crate::engine::Account;
use crate::observe;

/// The longest value. Source: EC2 API, tag restrictions.
const LONGEST: usize = 256;

/// What a fault's tags say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    /// What it is.
    pub(crate) action: Action,
    /// When it was to end, as it was begun.
    pub(crate) until: DateTime<Utc>,
    /// What undoes it.
    pub(crate) undo: Vec<Reversal>,
}

/// What the keys of all faults begin with.
pub(crate) fn prefix(rules: &TagRules) -> String {
    format!("{}:", rules.key("fault"))
}

impl Marked {
    /// The tags, or why they cannot be written.
    pub(crate) fn tags(&self, rules: &TagRules, run: &RunId) -> Result<Tags, String> {
        let until = self.until.to_rfc3339_opts(SecondsFormat::Secs, true);
        let key = format!("{}{run}", prefix(rules));
        let mut tags = Tags::from([(key.clone(), format!("{} until={until}", self.action))]);
        for (number, reversal) in self.undo.iter().enumerate() {
            let value = reversal.to_string();
            if value.chars().count() > LONGEST {
                return Err(format!("what undoes it does not fit into a tag, which has {LONGEST} characters: {value}"));
            }
            tags.insert(format!("{key}:{}", number + 2), value);
        }
        Ok(tags)
    }

    /// The faults that an instance's tags tell of, by their ids. What cannot be read says why.
    pub(crate) fn read(rules: &TagRules, tags: &Tags) -> BTreeMap<RunId, Result<Self, String>> {
        let prefix = prefix(rules);
        let ours = tags.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value)));
        let mut faults: BTreeMap<RunId, Result<Self, String>> = BTreeMap::new();
        let mut more: Vec<(RunId, &str, &String)> = Vec::new();
        for (name, value) in ours {
            let (run, part) = name.split_once(':').unwrap_or((name, ""));
            let Ok(run) = run.parse::<RunId>() else { continue };
            if part.is_empty() {
                faults.insert(run, Self::begin(value));
            } else {
                more.push((run, part, value));
            }
        }
        more.sort_by_key(|(_, part, _)| part.parse::<u32>().unwrap_or(u32::MAX));
        for (run, _, value) in more {
            let lost = || Err(format!("its first tag is gone; `{value}` undoes it"));
            let fault = faults.entry(run).or_insert_with(lost);
            match (value.parse(), fault) {
                (Ok(reversal), Ok(fault)) => fault.undo.push(reversal),
                (Err(why), fault @ Ok(_)) => *fault = Err(why),
                (_, Err(_)) => {}
            }
        }
        faults
    }

    fn begin(value: &str) -> Result<Self, String> {
        let wrong = || format!("`{value}` is no fault: it is written as in `latency until=2026-11-23T10:10:00Z`");
        let (action, until) = value.split_once(" until=").ok_or_else(wrong)?;
        let action = action.parse().map_err(|_| wrong())?;
        let until = DateTime::parse_from_rfc3339(until).map_err(|_| wrong())?.with_timezone(&Utc);
        Ok(Self { action, until, undo: Vec::new() })
    }
}

/// The faults that the tags of a region tell of, or why they cannot be read.
pub(crate) async fn told(
    account: &Account,
    region: &Region,
) -> Result<Vec<(InstanceId, RunId, Result<Marked, String>)>, String> {
    observe::identify(account).await.map_err(|error| error.to_string())?;
    let rules = &account.policy.tags;
    let found = account.cloud.tagged(region, &prefix(rules)).await.map_err(|error| error.to_string())?;
    let all = found.into_iter().flat_map(|(instance, tags)| {
        Marked::read(rules, &tags).into_iter().map(move |(run, marked)| (instance.clone(), run, marked))
    });
    Ok(all.collect())
}

/// Writes a fault's tags on an instance, what undoes it first: whoever sees the first tag sees all.
pub(crate) async fn write(account: &Account, region: &Region, id: &InstanceId, tags: &Tags) -> Result<(), CallError> {
    let ids = [id.to_string()];
    for (key, value) in tags.iter().rev() {
        account.actuator.tag(region, ResourceKind::Instance, &ids, key, value).await?;
    }
    Ok(())
}

/// Takes a fault's tags away, the first of them last. An instance that is gone has none.
pub(crate) async fn take(
    account: &Account,
    region: &Region,
    id: &InstanceId,
    keys: &[String],
) -> Result<(), CallError> {
    let ids = [id.to_string()];
    for key in keys.iter().rev() {
        match account.actuator.untag(region, ResourceKind::Instance, &ids, key).await {
            Err(error) if matches!(error.cause, simian_core::Cause::Gone(_)) => return Ok(()),
            answer => answer?,
        }
    }
    Ok(())
}

/// The keys that a fault with so much to undo has written.
pub(crate) fn keys(rules: &TagRules, run: &RunId, undo: usize) -> Vec<String> {
    let key = format!("{}{run}", prefix(rules));
    std::iter::once(key.clone()).chain((0..undo).map(|number| format!("{key}:{}", number + 2))).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let rules = TagRules::default();
        let run: RunId = "0123456789ab".parse().unwrap();
        let undo: Vec<Reversal> = (0..11).map(|n| format!("start i-{n}").parse().unwrap()).collect();
        let until = Utc.with_ymd_and_hms(2026, 11, 23, 10, 10, 0).unwrap();
        let marked = Marked { action: Action::StopStart, until, undo };
        let mut tags = marked.tags(&rules, &run).unwrap();
        assert_eq!(tags["simian:fault:0123456789ab"], "stop-start until=2026-11-23T10:10:00Z");
        assert_eq!(
            tags.keys().cloned().collect::<std::collections::BTreeSet<_>>(),
            keys(&rules, &run, 11).into_iter().collect()
        );
        tags.insert("simian:chaos".into(), "on".into());
        tags.insert("simian:fault:somebody-elses".into(), "x".into());
        assert_eq!(Marked::read(&rules, &tags), [(run.clone(), Ok(marked))].into());
        tags.remove("simian:fault:0123456789ab");
        assert!(Marked::read(&rules, &tags)[&run].as_ref().unwrap_err().contains("its first tag is gone"));
    }
}
