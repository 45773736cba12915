//! The README shows what the sandbox prints, line by line.

use std::collections::BTreeSet;
use std::process::Command;

/// A line without its runs of blanks: a table's columns are as wide as their terminal.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_transcript_is_what_the_sandbox_prints() {
    let ran = Command::new(env!("CARGO_BIN_EXE_simian"))
        .args(["sandbox", "--until-done", "--format", "table"])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed: BTreeSet<String> = String::from_utf8(ran.stdout).unwrap().lines().map(squeezed).collect();

    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let transcript = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let shown: Vec<String> = transcript.lines().map(squeezed).filter(|line| !line.is_empty() && line != "…").collect();
    assert!(shown.len() > 10, "the README has no transcript");
    for line in shown {
        assert!(printed.contains(&line), "the sandbox does not print: {line}");
    }
}
