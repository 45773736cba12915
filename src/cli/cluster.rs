//! `simian cluster`: a cluster as it is, on one screen. Changes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use serde_json::{Value, json};
use simian_core::Region;
use simian_delivery::{Cluster, ServerGroup, Traffic, advice, next};

use super::Format;
use super::connect::{self, Access};
use crate::exit::{Exit, Failure};
use crate::observe;
use crate::render;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show a cluster: its groups, newest first, what each carries, how it is, and what one would do next
    ///
    /// Looks in every account and region of the config
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// Which: the name of its groups without `-v012`
    #[arg(value_name = "CLUSTER")]
    name: String,
    /// Only in this account, by its name in the config
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How many clusters are named to somebody who asked for one that there is not.
const NAMED: usize = 8;

pub(super) fn run(path: &Path, verb: &Verb) -> Result<Exit, Failure> {
    let Verb::Show(args) = verb;
    show(path, args)
}

fn show(path: &Path, args: &ShowArgs) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    let usage = |why: String| Failure::say(Exit::Usage, why);
    if let Some(name) = args.account.as_ref().filter(|name| !config.accounts.iter().any(|one| one.name == **name)) {
        let known: Vec<&str> = config.accounts.iter().map(|account| account.name.as_str()).collect();
        return Err(usage(format!("the config has no account `{name}`; there are: {}", known.join(", "))));
    }
    super::runtime()?.block_on(async {
        let engine = connect::connect(&config, Access::Read).await?;
        let (mut found, mut names, mut failures) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut looked = false;
        let wanted = |name: &str| args.account.as_deref().is_none_or(|account| account == name);
        for account in engine.accounts.iter().filter(|account| wanted(&account.name)) {
            let here = |region: &&Region| args.region.as_ref().is_none_or(|wanted| wanted == *region);
            let regions: Vec<Region> = account.regions.iter().filter(here).cloned().collect();
            looked |= !regions.is_empty();
            if let Err(error) = observe::identify(account).await {
                failures.push(error.into());
                continue;
            }
            for (_, seen) in observe::clusters(account, &regions, &args.name).await {
                match seen {
                    Ok(seen) => {
                        found.extend(seen.found);
                        names.extend(seen.names);
                    }
                    Err(error) => failures.push(Failure::new(Exit::Cloud, error)),
                }
            }
        }
        if !looked {
            return Err(usage("the config has no such region there".into()));
        }
        if found.is_empty() && failures.is_empty() {
            return Err(usage(unknown(&args.name, &names)));
        }
        let now = engine.clock.now();
        match args.format {
            Format::Json => {
                let all: Vec<Value> = found.iter().map(|one| described(one, now)).collect();
                super::print(&json!(all).to_string())?;
            }
            Format::Table => {
                for cluster in &found {
                    super::print(&page(cluster, now))?;
                }
            }
        }
        Ok(super::told(failures, Exit::Done))
    })
}

/// What somebody is told who asked for a cluster that there is not: those of its app first.
fn unknown(name: &str, names: &BTreeSet<String>) -> String {
    let app = name.split('-').next().unwrap_or_default();
    let (mut near, far): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|known| known.split('-').next() == Some(app));
    near.extend(far);
    let more = near.len().saturating_sub(NAMED);
    near.truncate(NAMED);
    match (near.as_slice(), more) {
        ([], _) => format!("there is no cluster {name}, and no group at all"),
        (near, 0) => format!("there is no cluster {name}; there are: {}", near.join(", ")),
        (near, more) => format!("there is no cluster {name}; there are: {}, and {more} more", near.join(", ")),
    }
}

/// One cluster for eyes.
fn page(cluster: &Cluster, now: DateTime<Utc>) -> String {
    let rows = cluster.groups.iter().map(|seen| {
        let group = &seen.group;
        vec![
            group.name.clone(),
            seen.traffic().to_string(),
            format!("{} of {} ({} to {})", group.serving(), group.desired, group.min, group.max),
            seen.targets().map_or("-".into(), |targets| format!("{} of {}", targets.healthy, targets.all)),
            group.created.map_or("?".into(), |created| age(now - created)),
            seen.images().join(" "),
            state(seen),
        ]
    });
    let header = ["group", "traffic", "in service", "healthy targets", "age", "image", ""];
    let groups = cluster.groups.iter().map(|seen| &seen.group);
    let next = next(&cluster.name, groups).unwrap_or_else(|why| why);
    let mut text = format!("{} in {}, next {next}\n\n", cluster.name, cluster.scope);
    text += &render::table(&header, rows);
    let advice = advice(cluster);
    if !advice.is_empty() {
        text += "\n";
    }
    for line in &advice {
        text += "\n- ";
        text += &render::plain(line);
    }
    text + "\n"
}

/// How old something is, in the largest unit of which there are two.
fn age(span: TimeDelta) -> String {
    let minutes = span.num_minutes().max(0);
    match minutes {
        0..120 => format!("{minutes}m"),
        120..2880 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1440),
    }
}

/// What there is to say of a group besides.
fn state(seen: &ServerGroup) -> String {
    let group = &seen.group;
    let mut words = Vec::new();
    if seen.is_parked() {
        words.push("parked".to_owned());
    }
    if !group.suspended.is_empty() {
        words.push(format!("suspended: {}", group.suspended.join(", ")));
    }
    words.join("; ")
}

/// One cluster for programs.
fn described(cluster: &Cluster, now: DateTime<Utc>) -> Value {
    let group = |seen: &ServerGroup| {
        let group = &seen.group;
        let traffic = match seen.traffic() {
            Traffic::Unbalanced => json!({ "balanced": false }),
            Traffic::Unknown(why) => json!({ "balanced": true, "unknown": why }),
            Traffic::Share(least, most) => json!({ "balanced": true, "least": least, "most": most }),
        };
        json!({
            "name": group.name, "created": group.created, "age_seconds": group.created.map(|at| (now - at).num_seconds()),
            "min": group.min, "desired": group.desired, "max": group.max, "serving": group.serving(),
            "targets": seen.targets().map(|targets| json!({ "healthy": targets.healthy, "all": targets.all })),
            "traffic": traffic, "images": seen.images(), "suspended": group.suspended, "parked": seen.is_parked(),
        })
    };
    json!({
        "cluster": cluster.name, "account": cluster.scope.account, "region": cluster.scope.region,
        "next": next(&cluster.name, cluster.groups.iter().map(|seen| &seen.group)).ok(),
        "groups": cluster.groups.iter().map(group).collect::<Vec<_>>(),
        "advice": advice(cluster),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        for (minutes, text) in [(-5, "0m"), (119, "119m"), (120, "2h"), (2879, "47h"), (2880, "2d"), (525_600, "365d")]
        {
            assert_eq!(age(TimeDelta::minutes(minutes)), text);
        }
    }

    #[test]
    fn whoever_asks_for_nobody_is_told_of_the_neighbours() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(unknown("shop", &names(&[])), "there is no cluster shop, and no group at all");
        let some = names(&["cart-prod", "shop-prod", "shop-test"]);
        assert_eq!(
            unknown("shop-pord", &some),
            "there is no cluster shop-pord; there are: shop-prod, shop-test, cart-prod"
        );
        let many: BTreeSet<String> = (0..12).map(|n| format!("a{n:02}")).collect();
        assert!(unknown("x", &many).ends_with("a06, a07, and 4 more"));
    }
}
