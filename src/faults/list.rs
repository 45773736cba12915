//! The faults that are there now: by the ledger, by the tags, and by what looking shows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde::Serialize;
use simian_core::event::millis_option;
use simian_core::{
    Action, ClaimQuery, InstanceId, LedgerError, Mode, Nature, Region, Reversal, RunId, Standing, Terms,
};
use simian_faults::{Verb, Word};

use super::guest::{Guest, PATIENCE};
use super::tags::{self, Marked};
use crate::engine::{Account, Engine};

/// A fault on one instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name: what `simian undo` takes.
    pub id: String,
    /// What it is; `None` when its tag cannot be read.
    pub action: Option<Action>,
    /// How long and how hard; `None` when no ledger says so.
    pub terms: Option<Terms>,
    /// The account's name in the config.
    pub account: String,
    /// Where.
    pub region: Region,
    /// On whom.
    pub instance: InstanceId,
    /// Whose, if a ledger says so.
    pub unit: Option<String>,
    /// When it is to end.
    #[serde(serialize_with = "millis_option::serialize")]
    pub until: Option<DateTime<Utc>>,
    /// Why it is being ended, once it is.
    pub ending: Option<String>,
    /// Whether a ledger holds it, so that somebody follows it. Where none does, only its guest ends it.
    pub followed: bool,
    /// What looking showed, in words.
    pub state: String,
    /// What undoes it.
    #[serde(skip)]
    undo: Vec<Reversal>,
}

/// What there is, and what could not be looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// By id and instance.
    pub rows: Vec<Row>,
    /// In words.
    pub failed: Vec<String>,
}

/// Every fault that the ledger holds or a tag tells of, each as looking shows it.
pub async fn faults(engine: &Engine) -> Result<Faults, LedgerError> {
    let mut all: BTreeMap<(String, InstanceId), Row> = BTreeMap::new();
    let mut failed = Vec::new();
    for row in held(engine).await? {
        all.insert((row.id.clone(), row.instance.clone()), row);
    }
    for told in join_all(engine.places().map(|(account, region)| tagged(account, region))).await {
        match told {
            Ok(rows) => rows.into_iter().for_each(|row| {
                all.entry((row.id.clone(), row.instance.clone())).or_insert(row);
            }),
            Err(why) => failed.push(why),
        }
    }
    let looks = all.into_values().map(|mut row| async move {
        if let Some(account) = engine.accounts.iter().find(|account| account.name == row.account) {
            row.state = look(engine, account, &row).await;
        }
        row
    });
    Ok(Faults { rows: join_all(looks).await, failed })
}

/// What the ledger holds.
async fn held(engine: &Engine) -> Result<Vec<Row>, LedgerError> {
    let open = ClaimQuery { mode: Some(Mode::Live), open: true, ..ClaimQuery::default() };
    let mut rows = Vec::new();
    for claim in engine.ledger.claims(&open).await? {
        let Some(held) = claim.fault() else { continue };
        let account = engine.account(&claim.scope.account);
        let name = account.map_or_else(|| claim.scope.account.to_string(), |account| account.name.clone());
        rows.extend(claim.targets.iter().map(|target| Row {
            id: RunId::of(&claim.key).to_string(),
            action: Some(claim.action),
            terms: claim.terms.clone(),
            account: name.clone(),
            region: claim.scope.region.clone(),
            instance: target.instance.clone(),
            unit: Some(claim.unit.clone()),
            until: Some(held.until),
            ending: held.ending.clone(),
            followed: true,
            state: "its account is not in the config".into(),
            undo: held.undo.get(&target.instance).cloned().unwrap_or_default(),
        }));
    }
    Ok(rows)
}

/// What the tags of a region tell.
async fn tagged(account: &Account, region: &Region) -> Result<Vec<Row>, String> {
    let row = |(instance, run, marked): (InstanceId, RunId, Result<Marked, String>)| {
        let (marked, state) = match marked {
            Ok(marked) => (Some(marked), String::new()),
            Err(why) => (None, why),
        };
        Row {
            id: run.to_string(),
            action: marked.as_ref().map(|marked| marked.action),
            terms: None,
            account: account.name.clone(),
            region: region.clone(),
            instance,
            unit: None,
            until: marked.as_ref().map(|marked| marked.until),
            ending: None,
            followed: false,
            state,
            undo: marked.map(|marked| marked.undo).unwrap_or_default(),
        }
    };
    Ok(tags::told(account, region).await?.into_iter().map(row).collect())
}

async fn look(engine: &Engine, account: &Account, row: &Row) -> String {
    let (Some(action), Ok(run)) = (row.action, row.id.parse::<RunId>()) else { return row.state.clone() };
    if action.nature() == Nature::Guest {
        let guest = Guest { engine, account, region: &row.region, id: &row.instance, run: &run };
        let said = guest.word(Verb::Status, engine.clock.now() + PATIENCE).await;
        return match said.word() {
            Some(Word::Applied) => said.why().replace("its guest says: applied", "there"),
            Some(Word::Absent) => "gone".into(),
            Some(_) => said.why(),
            None => format!("not known: {}", said.why()),
        };
    }
    let mut so = Vec::new();
    for reversal in &row.undo {
        match account.cloud.standing(&row.region, &reversal.done).await {
            Ok(standing) => so.push(standing),
            Err(error) => return format!("not known: {error}"),
        }
    }
    if so.iter().all(|standing| *standing == Standing::So) {
        "there".into()
    } else if so.iter().any(|standing| matches!(standing, Standing::So | Standing::Moving)) {
        "there by half".into()
    } else {
        "gone".into()
    }
}
