//! Weeks in which the daemon once did harm, each as short as it gets. None does any more.

use std::fs;
use std::path::Path;

use simian_adversary::{Scenario, Week};

#[test]
fn what_was_mended_stays_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reproductions");
    let mut played = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let scenario: Scenario = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let week = Week::play(&scenario, false).unwrap();
        assert!(week.violations.is_empty(), "{}: {:?}", path.display(), week.violations);
        played += 1;
    }
    assert!(played > 0);
}
