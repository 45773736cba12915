//! What Auto Scaling says of its groups: their descriptions, refreshes, activities and launch configurations.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsError;
use aws_sdk_autoscaling::operation::describe_instance_refreshes::DescribeInstanceRefreshesError;
use aws_sdk_autoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesError;
use aws_sdk_autoscaling::types as scaling;
use chrono::{DateTime, SecondsFormat, Utc};
use simian_core::detail::{Activity, Progress, Refresh};
use simian_core::fleet::Group;
use simian_core::ports::{CallError, GroupQuery};

use crate::clients::Clients;
use crate::convert::{self, Flaw, NO_VALUE, required, time};
use crate::error::{Call, readable};
use crate::limits::Meter;
use crate::pages::{distinct, each, whole};

/// The largest page of `DescribeAutoScalingGroups`, and with it the most names in one call (its API reference).
const GROUPS_A_PAGE: usize = 100;

/// The largest page of `DescribeInstanceRefreshes` and of `DescribeScalingActivities` (their API references).
const RECORDS_A_PAGE: i32 = 100;

/// How a refresh ends. Whatever else one says of itself, a word that is new to us too, it may still replace instances or
/// take them back: while it bakes, an alarm rolls it back. Source: Auto Scaling API, `InstanceRefresh`.
const REFRESH_ENDS: [&str; 5] = ["Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"];

/// How the description of a launch begins, into and from a warm pool too. Source: Auto Scaling user guide, "Verify a
/// scaling activity".
const LAUNCH: &str = "Launching a new EC2 instance";

/// The groups that match.
pub(crate) async fn groups(clients: &Clients, call: &Call<'_>, query: &GroupQuery) -> Result<Vec<Group>, CallError> {
    // A query without names or values matches nothing. AWS would answer it with everything.
    match query {
        GroupQuery::Tagged { keys, values } if keys.is_empty() || values.is_empty() => Ok(Vec::new()),
        GroupQuery::Keyed(keys) if keys.is_empty() => Ok(Vec::new()),
        GroupQuery::Tagged { keys, values } => {
            let filters = vec![filter("tag-key", keys), filter("tag-value", values)];
            list(clients, call, None, Some(filters)).await
        }
        GroupQuery::Keyed(keys) => list(clients, call, None, Some(vec![filter("tag-key", keys)])).await,
        GroupQuery::All => list(clients, call, None, None).await,
        GroupQuery::Named(names) => {
            let mut groups = Vec::new();
            for chunk in distinct(names.iter().map(String::as_str)).chunks(GROUPS_A_PAGE) {
                groups.extend(list(clients, call, Some(chunk.to_vec()), None).await?);
            }
            Ok(groups)
        }
    }
}

async fn list(
    clients: &Clients,
    call: &Call<'_>,
    names: Option<Vec<String>>,
    filters: Option<Vec<scaling::Filter>>,
) -> Result<Vec<Group>, CallError> {
    let bucket = &clients.limits.groups;
    let found = whole(bucket, call, |token| {
        let page = clients
            .scaling
            .describe_auto_scaling_groups()
            .max_records(i32::try_from(GROUPS_A_PAGE).unwrap_or(i32::MAX))
            .set_auto_scaling_group_names(names.clone())
            .set_filters(filters.clone())
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeAutoScalingGroupsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.auto_scaling_groups, convert::group)?, page.next_token))
        }
    });
    found.await
}

fn filter(name: &str, values: &[String]) -> scaling::Filter {
    scaling::Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

/// The refresh of a group that has not ended; AWS runs one at a time.
pub(crate) async fn refresh(clients: &Clients, call: &Call<'_>, group: &str) -> Result<Option<Refresh>, CallError> {
    Ok(unended(refreshes(clients, call, group).await?))
}

fn unended(all: Vec<Seen>) -> Option<Refresh> {
    let runs = |seen: &Seen| !REFRESH_ENDS.contains(&seen.refresh.status.as_str());
    all.into_iter().find(runs).map(|seen| seen.refresh)
}

/// The last refresh of a group, ended or not, of the six weeks that AWS remembers.
pub(crate) async fn last_refresh(
    clients: &Clients,
    call: &Call<'_>,
    group: &str,
) -> Result<Option<Refresh>, CallError> {
    Ok(last(refreshes(clients, call, group).await?))
}

/// The API does not say in which order they come. One that has not started yet is later than all others.
fn last(all: Vec<Seen>) -> Option<Refresh> {
    all.into_iter().max_by_key(|seen| seen.started.unwrap_or(DateTime::<Utc>::MAX_UTC)).map(|seen| seen.refresh)
}

async fn refreshes(clients: &Clients, call: &Call<'_>, group: &str) -> Result<Vec<Seen>, CallError> {
    let bucket = &clients.limits.refreshes;
    let found = whole(bucket, call, |token| {
        let page = clients
            .scaling
            .describe_instance_refreshes()
            .auto_scaling_group_name(group)
            .max_records(RECORDS_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeInstanceRefreshesError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.instance_refreshes, seen)?, page.next_token))
        }
    });
    found.await
}

/// A refresh and its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    refresh: Refresh,
    started: Option<DateTime<Utc>>,
}

/// `InstanceRefresh` of the Auto Scaling API.
fn seen(theirs: scaling::InstanceRefresh) -> Result<Seen, Flaw> {
    let status = theirs.status.map(|status| status.as_str().to_owned());
    let status = required(status, "the status of an instance refresh")?;
    Ok(Seen { refresh: Refresh { status }, started: time(theirs.start_time) })
}

/// The scaling activities of a group that began at `since` or later.
pub(crate) async fn activities(
    clients: &Clients,
    call: &Call<'_>,
    group: &str,
    since: DateTime<Utc>,
) -> Result<Vec<Activity>, CallError> {
    let all = activities_of(clients, call, Some(group), since).await?;
    Ok(all.into_iter().map(|(_, activity)| activity).collect())
}

/// The scaling activities of all groups that there are, newest first, by the group's name.
pub(crate) async fn recent_activities(
    clients: &Clients,
    call: &Call<'_>,
    since: DateTime<Utc>,
) -> Result<BTreeMap<String, Vec<Activity>>, CallError> {
    let mut all: BTreeMap<String, Vec<Activity>> = BTreeMap::new();
    for (group, activity) in activities_of(clients, call, None, since).await? {
        all.entry(group).or_default().push(activity);
    }
    for of_group in all.values_mut() {
        of_group.sort_by_key(|activity| std::cmp::Reverse(activity.started));
    }
    Ok(all)
}

async fn activities_of(
    clients: &Clients,
    call: &Call<'_>,
    group: Option<&str>,
    since: DateTime<Utc>,
) -> Result<Vec<(String, Activity)>, CallError> {
    let bucket = &clients.limits.activities;
    // To the second, and the earlier one.
    let bound = [since.to_rfc3339_opts(SecondsFormat::Secs, true)];
    let found = whole(bucket, call, |token| {
        let page = clients
            .scaling
            .describe_scaling_activities()
            .set_auto_scaling_group_name(group.map(str::to_owned))
            .filters(filter("StartTimeLowerBound", &bound))
            .max_records(RECORDS_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeScalingActivitiesError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.activities, activity)?, page.next_token))
        }
    });
    found.await
}

/// `Activity` of the Auto Scaling API, and its group. A status that we do not know is one of something that runs.
fn activity(theirs: scaling::Activity) -> Result<(String, Activity), Flaw> {
    let what = required(theirs.description, "the description of a scaling activity")?;
    let of = |part: &str| format!("{part} of `{}`", readable(&what));
    let group = required(theirs.auto_scaling_group_name, &of("the group"))?;
    let started = time(theirs.start_time);
    let status = theirs.status_code.map(|status| status.as_str().to_owned()).filter(|status| status != NO_VALUE);
    let progress = match required(status, &of("the status"))?.as_str() {
        "Successful" => Progress::Done,
        "Cancelled" => Progress::Cancelled,
        "Failed" => {
            let why = theirs.status_message.filter(|why| !why.is_empty());
            Progress::Failed(why.map_or_else(|| "AWS gives no reason".into(), |why| readable(&why)))
        }
        running => Progress::Running(running.to_owned()),
    };
    let started = started.ok_or_else(|| format!("{} is missing", of("the start")))?;
    Ok((group, Activity { started, launch: what.starts_with(LAUNCH), what: readable(&what), progress }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::primitives;

    use super::*;

    fn refresh(status: &str, started: Option<i64>) -> Seen {
        let started = started.map(primitives::DateTime::from_secs);
        seen(scaling::InstanceRefresh::builder().status(status.into()).set_start_time(started).build()).unwrap()
    }

    #[test]
    fn a_refresh_runs_until_it_says_that_it_has_ended() {
        for status in ["Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking", "Hovering"] {
            let all = vec![refresh("Failed", Some(30)), refresh(status, Some(20))];
            assert_eq!(unended(all), Some(Refresh { status: status.into() }));
        }
        for status in REFRESH_ENDS {
            assert_eq!(unended(vec![refresh(status, Some(20))]), None, "{status}");
        }
    }

    #[test]
    fn the_last_refresh_is_the_one_that_began_last() {
        let told = |all: Vec<Seen>| last(all).map(|refresh| refresh.status);
        assert_eq!(told(vec![]), None);
        let mut all =
            vec![refresh("Failed", Some(20)), refresh("Successful", Some(30)), refresh("Cancelled", Some(10))];
        assert_eq!(told(all.clone()).as_deref(), Some("Successful"));
        all.insert(1, refresh("Pending", None));
        assert_eq!(told(all).as_deref(), Some("Pending"), "it will begin");
        let flaw = seen(scaling::InstanceRefresh::builder().build()).unwrap_err();
        assert_eq!(flaw, "the status of an instance refresh is missing");
    }

    /// A launch of that status, spoiled.
    fn spoiled(status: &str, spoil: impl FnOnce(&mut scaling::Activity)) -> Result<Activity, Flaw> {
        let mut theirs = launch(status);
        spoil(&mut theirs);
        activity(theirs).map(|(group, activity)| {
            assert_eq!(group, "shop");
            activity
        })
    }

    fn launch(status: &str) -> scaling::Activity {
        scaling::Activity::builder()
            .auto_scaling_group_name("shop")
            .description("Launching a new EC2 instance: i-1")
            .start_time(primitives::DateTime::from_secs(1_795_456_800))
            .status_code(status.into())
            .status_message("We currently do not have\nsufficient capacity")
            .build()
    }

    #[test]
    fn how_far_an_activity_is() {
        for (status, expected) in [
            ("Successful", Progress::Done),
            ("Cancelled", Progress::Cancelled),
            ("Failed", Progress::Failed("We currently do not have sufficient capacity".into())),
            ("MidLifecycleAction", Progress::Running("MidLifecycleAction".into())),
            ("WaitingForELBConnectionDraining", Progress::Running("WaitingForELBConnectionDraining".into())),
            ("Hovering", Progress::Running("Hovering".into())),
        ] {
            let ours = spoiled(status, |_| ()).unwrap();
            assert_eq!((ours.progress, ours.launch), (expected, true), "{status}");
            assert_eq!(ours.started.timestamp(), 1_795_456_800);
        }
    }

    #[test]
    fn what_is_a_launch() {
        for (what, expected) in [
            ("Launching a new EC2 instance. Status Reason: no capacity", true),
            ("Launching a new EC2 instance into warm pool: i-1", true),
            ("Launching a new EC2 instance from warm pool: i-1", true),
            ("Terminating EC2 instance: i-1", false),
            ("Moving EC2 instance to Standby: i-1", false),
            ("At the user's wish: Launching a new EC2 instance", false),
        ] {
            let ours = spoiled("Failed", |theirs| theirs.description = Some(what.into())).unwrap();
            assert_eq!(ours.launch, expected, "{what}");
        }
    }

    #[test]
    fn whatever_is_missing_makes_an_activity_unreadable() {
        let flaw = |status, spoil: fn(&mut scaling::Activity)| spoiled(status, spoil).unwrap_err();
        let of = |part: &str| format!("{part} of `Launching a new EC2 instance: i-1` is missing");
        let what = flaw("Failed", |theirs| theirs.description = None);
        assert_eq!(what, "the description of a scaling activity is missing");
        assert_eq!(flaw(NO_VALUE, |_| ()), of("the status"));
        assert_eq!(flaw("Failed", |theirs| theirs.status_code = None), of("the status"));
        assert_eq!(flaw("Failed", |theirs| theirs.auto_scaling_group_name = None), of("the group"));
        let epoch = flaw("Failed", |theirs| theirs.start_time = Some(primitives::DateTime::from_secs(0)));
        assert_eq!(epoch, of("the start"));
        let ours = spoiled("Failed", |theirs| theirs.status_message = None).unwrap();
        assert_eq!(ours.progress, Progress::Failed("AWS gives no reason".into()));
    }
}
