//! The README and the page about events show what the sandbox prints.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What the sandbox prints in that format.
fn sandbox(format: &str) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_simian"))
        .args(["sandbox", "--until-done", "--format", format])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A line without its runs of blanks: a table's columns are as wide as their terminal.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_transcript_is_what_the_sandbox_prints() {
    let printed: BTreeSet<String> = sandbox("table").lines().map(squeezed).collect();
    let readme = page("README.md");
    let transcript = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let shown: Vec<String> = transcript.lines().map(squeezed).filter(|line| !line.is_empty() && line != "…").collect();
    assert!(shown.len() > 10, "the README has no transcript");
    for line in shown {
        assert!(printed.contains(&line), "the sandbox does not print: {line}");
    }
}

/// Whether all that is shown is so; a page may leave things out.
fn is_in(shown: &Value, printed: &Value) -> bool {
    match (shown, printed) {
        (Value::Object(shown), Value::Object(printed)) => {
            shown.iter().all(|(key, value)| printed.get(key).is_some_and(|printed| is_in(value, printed)))
        }
        (Value::Array(shown), Value::Array(printed)) => {
            shown.iter().all(|shown| printed.iter().any(|printed| is_in(shown, printed)))
        }
        _ => shown == printed,
    }
}

#[test]
fn the_events_on_their_page_are_the_sandboxs() {
    let printed: Vec<Value> = sandbox("json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let page = page("docs/events.md");
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown: Vec<Value> = blocks.map(|block| serde_json::from_str(block).unwrap()).collect();
    assert!(shown.len() > 5, "the page shows no events");
    for event in shown {
        assert!(printed.iter().any(|printed| is_in(&event, printed)), "the sandbox does not print: {event:#}");
    }
}
