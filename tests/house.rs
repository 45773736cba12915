//! The house rules, checked by the house: which crate may know which, what may not be named where, how long a file
//! may grow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each crate of ours may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("simian-core", &[]),
    ("simian-chaos", &["simian-core", "simian-faults"]),
    ("simian-conformity", &["simian-core"]),
    ("simian-delivery", &["simian-core"]),
    ("simian-faults", &["simian-core"]),
    ("simian-janitor", &["simian-core"]),
    ("simian-latency", &["simian-core", "simian-faults"]),
    ("simian-ledger", &["simian-core"]),
    ("simian-sim", &["simian-core"]),
    ("simian-aws", &["simian-core"]),
    ("simian-moto", &[]),
    ("simian-adversary", &["simian", "simian-core", "simian-ledger", "simian-sim", "simian-chaos", "simian-janitor"]),
    (
        "simian",
        &[
            "simian-core",
            "simian-chaos",
            "simian-conformity",
            "simian-delivery",
            "simian-faults",
            "simian-janitor",
            "simian-latency",
            "simian-ledger",
            "simian-sim",
            "simian-aws",
        ],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn arrows_run_one_way() {
    let metadata =
        cargo_metadata::MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let allowed: BTreeSet<&str> =
            allowed.get(name).unwrap_or_else(|| panic!("{name} has no place")).iter().copied().collect();
        for dependency in &package.dependencies {
            let on = dependency.name.as_str();
            let ours = on.starts_with("simian");
            let normal = dependency.kind == cargo_metadata::DependencyKind::Normal;
            assert!(!ours || !normal || allowed.contains(on), "{name} must not depend on {on}");
            assert!(!on.starts_with("aws-") || name == "simian-aws", "only simian-aws may name {on}, not {name}");
        }
    }
}

#[test]
fn no_crate_unwraps_outside_its_tests() {
    let lints =
        "#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]";
    let mut roots = vec![root().join("src/main.rs"), root().join("src/lib.rs")];
    for folder in ["crates", "monkeys"] {
        let inside = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        // The adversary is a test, and may fall over itself.
        let ours = inside.filter(|path| !path.ends_with("adversary"));
        roots.extend(ours.map(|path| path.join("src/lib.rs")).filter(|path| path.exists()));
    }
    assert!(roots.len() >= 7, "{roots:?}");
    for path in roots {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().any(|line| line == lints), "{} lacks {lints}", path.display());
    }
}

/// Every source file of the repository below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                sources(&path, into);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["src", "crates", "monkeys", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 40, "the sources were not found");
    let relative = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (relative(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn one_hand_acts() {
    let may = [
        "src/engine.rs",
        "src/faults/account.rs",
        "src/faults/guest.rs",
        "src/faults/tags.rs",
        "src/hand.rs",
        "src/hand/chores.rs",
        "src/hand/chores/marks.rs",
        "src/hand/faults.rs",
        "src/watch/held.rs",
    ];
    for (path, text) in all_sources() {
        let calls = [
            ".terminate(",
            ".terminate_in_group(",
            ".reboot(",
            "actuator.tag(",
            ".untag(",
            ".save(",
            ".dispose(",
            ".alter(",
            ".quarantine(",
            "guests.send(",
        ];
        let acts = calls.iter().any(|call| text.contains(call));
        let elsewhere = path.starts_with("src/") || path.starts_with("monkeys/");
        assert!(!acts || !elsewhere || may.contains(&path.as_str()), "{path} acts on the account");
        assert!(!path.starts_with("monkeys/") || !text.contains("Actuator"), "{path} holds a handle that can write");
    }
}

#[test]
fn no_task_is_spawned_and_no_clock_is_read() {
    for (path, text) in all_sources() {
        let code = path.starts_with("src/") || path.starts_with("crates/core/") || path.starts_with("monkeys/");
        if !code {
            continue;
        }
        assert!(
            !text.contains("tokio::spawn") && !text.contains("thread::spawn"),
            "{path} spawns: the daemon is one future"
        );
        assert!(path == "src/clock.rs" || !text.contains("Utc::now"), "{path} reads the clock");
    }
}

/// The longest file: more than can be read in one sitting is two rooms.
const MAX_LINES: usize = 600;

#[test]
fn no_file_is_too_long_to_read() {
    for (path, text) in all_sources() {
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "{path} has {lines} lines, more than {MAX_LINES}: split it");
    }
}
