//! The sandbox as a program reads it: the same seed plays the same bytes, and they are events whose chain holds.

use std::process::{Command, Output};

use simian_core::event::Chain;
use simian_core::{Event, Kind};
use uuid::Uuid;

fn sandbox(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simian"));
    // Neither a config nor an account is looked for.
    command.env_clear().args(["sandbox", "--until-done"]).args(arguments).output().unwrap()
}

/// What it played with that seed.
fn week(seed: &str) -> String {
    let output = sandbox(&["--seed", seed]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_same_seed_plays_the_same_bytes() {
    assert!(week("7") == week("7"), "two runs differ");
    assert!(week("7") != week("8"), "the seed makes no difference");
    let unsaid = sandbox(&[]);
    assert!(String::from_utf8(unsaid.stdout).unwrap() == week("1"), "the seed is 1 if nobody says it");
}

#[test]
fn every_line_is_a_canonical_event_and_the_chain_holds() {
    let text = week("7");
    let mut chain = Chain::new(Uuid::from_u128(7), "main");
    let mut kinds = std::collections::BTreeSet::new();
    for line in text.lines() {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(event.canonical(), line);
        chain.check(&event).unwrap();
        kinds.insert(event.body.kind);
    }
    assert_eq!(chain.head().0, text.lines().count() as u64);
    for kind in [
        Kind::DaemonStarted,
        Kind::PlanPublished,
        Kind::ActionPlanned,
        Kind::ActionHeld,
        Kind::ActionDone,
        Kind::ActionRecovered,
        Kind::FindingOpened,
        Kind::DaemonStopped,
    ] {
        assert!(kinds.contains(&kind), "a week has some {kind}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_disaster() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_simian"))
        .args(["sandbox", "--until-done"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(output.status.code(), Some(0), "{err}");
}
