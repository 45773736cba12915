//! `simian fault`: what is done inside a guest, word for word, before anybody lets it be done.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;
use simian_core::span;
use simian_faults::{Fault, FaultError, Held, KINDS, Kind};

use super::{Format, attempt, print};
use crate::exit::{Exit, Failure};
use crate::render;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Print the script of a fault, as it would run in a guest; without a name, every fault with its parameters
    ///
    /// Where a parameter is required and not given, an example stands in its place
    Show(ShowArgs),
    /// Try a fault on an instance: a game day under the rails, followed to its end
    ///
    /// Its owner must want it, and it must be the hour for it. Ctrl-C ends it at once
    Try(attempt::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// Which
    #[arg(value_name = "FAULT")]
    name: Option<String>,
    /// Its parameters
    #[arg(value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// What this one is called in its guest: its unit and its folder
    #[arg(long, default_value = "example")]
    id: String,
    /// After how long it ends unless it is renewed
    #[arg(long = "for", default_value = "10m", value_name = "SPAN", value_parser = span::parse)]
    lasts: chrono::TimeDelta,
    /// After how long it ends in any case; without it, after twice as long
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    cap: Option<chrono::TimeDelta>,
    /// How to print every fault
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as in delay=200ms")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) fn run(path: &Path, verb: &Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Try(args) => return attempt::run(path, args),
        Verb::Show(args) => match &args.name {
            Some(name) => show(name, args),
            None => list(args.format),
        },
    }
    .map(|()| Exit::Done)
}

fn show(name: &str, args: &ShowArgs) -> Result<(), Failure> {
    let usage = |why: String| Failure::say(Exit::Usage, why);
    let parameters = args.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let fault = Fault::example(name, parameters).map_err(|error: FaultError| usage(error.to_string()))?;
    let cap = args.cap.unwrap_or(args.lasts * 2);
    let held = Held::new(&args.id, args.lasts, cap).map_err(|error| usage(error.to_string()))?;
    print(fault.script(&held, None).trim_end())
}

/// Every fault and its parameters.
fn list(format: Format) -> Result<(), Failure> {
    match format {
        Format::Table => {
            let rows = KINDS.iter().flat_map(|kind| rows(kind));
            print(&render::table(&["fault", "parameter", "as in", "what it does, what it means"], rows))
        }
        Format::Json => {
            let kinds: Vec<_> = KINDS.iter().map(|kind| described(kind)).collect();
            print(&json!(kinds).to_string())
        }
    }
}

fn rows(kind: &Kind) -> Vec<Vec<String>> {
    let grave = if kind.is_grave { "; only where the operator allows it by name" } else { "" };
    let first = vec![kind.name.to_owned(), String::new(), String::new(), format!("{}{grave}", kind.about)];
    let keys = kind.keys.iter().map(|key| {
        let about = if key.is_required { format!("required: {}", key.about) } else { key.about.to_owned() };
        vec![String::new(), key.name.to_owned(), key.example.to_owned(), about]
    });
    std::iter::once(first).chain(keys).collect()
}

fn described(kind: &Kind) -> serde_json::Value {
    let key = |key: &simian_faults::Key| json!({ "name": key.name, "about": key.about, "example": key.example, "required": key.is_required });
    json!({
        "name": kind.name, "about": kind.about, "grave": kind.is_grave, "tools": kind.tools,
        "parameters": kind.keys.iter().map(key).collect::<Vec<_>>(),
    })
}
