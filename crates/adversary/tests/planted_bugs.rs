//! Who watches the watchman: bugs are planted into a copy of the source, and the adversary must find each of them.
//!
//! A bug is a patch in `planted/`. Its first lines say whether weeks or months show it, which rules it may break and an
//! early one of the usual seeds that shows it; the test begins a little before that seed. The copy lies beside the other build output, and is one for all, so that
//! only what a patch touches is built again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many seeds are played from the recorded one on: a change elsewhere may move the first that shows a bug.
const WINDOW: u64 = 60;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where the copy is and is built. Locked for as long as the file is held.
struct Copy {
    source: PathBuf,
    target: PathBuf,
    _lock: File,
}

impl Copy {
    fn take() -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let place = target.join("planted-bugs");
        fs::create_dir_all(&place).unwrap();
        let lock = File::create(place.join("lock")).unwrap();
        lock.lock().unwrap();
        let copy = Self { source: place.join("source"), target: place.join("target"), _lock: lock };
        copy.refresh();
        copy
    }

    /// Makes the copy what the source is. What is the same is not touched, so that it is not built again.
    fn refresh(&self) {
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .expect("git lists the source");
        let listed = String::from_utf8(listed.stdout).unwrap();
        let wanted: BTreeSet<PathBuf> =
            listed.lines().map(PathBuf::from).filter(|at| root().join(at).is_file()).collect();
        assert!(wanted.len() > 100, "the source was not found");
        for path in &wanted {
            let (from, to) = (fs::read(root().join(path)).unwrap(), self.source.join(path));
            if fs::read(&to).ok().as_ref() != Some(&from) {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::write(&to, from).unwrap();
            }
        }
        let mut there = Vec::new();
        files(&self.source, &mut there);
        for path in there.iter().filter(|path| !wanted.contains(path.strip_prefix(&self.source).unwrap())) {
            fs::remove_file(path).unwrap();
        }
    }

    fn plant(&self, patch: &Path) {
        let patched = Command::new("patch")
            .args(["-p1", "--no-backup-if-mismatch", "--fuzz=0"])
            .current_dir(&self.source)
            .stdin(File::open(patch).unwrap())
            .output()
            .expect("there is the program `patch`");
        let said = String::from_utf8_lossy(&patched.stdout).into_owned() + &String::from_utf8_lossy(&patched.stderr);
        assert!(patched.status.success(), "{} does not apply: write it anew\n{said}", patch.display());
    }

    fn build(&self) {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--profile", "planted", "-p", "simian-adversary", "--target-dir"])
            .arg(&self.target)
            .current_dir(&self.source)
            .env_remove("RUSTFLAGS")
            // Whoever builds the rest whole still builds these piece by piece.
            .env_remove("CARGO_INCREMENTAL")
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert!(built.status.success(), "it does not build:\n{}", String::from_utf8_lossy(&built.stderr));
    }

    /// Plays weeks or months, and returns what was found: whether anything was, and the words.
    fn play(&self, months: bool, from: u64, seeds: u64) -> (Option<i32>, String) {
        let played = Command::new(self.target.join("planted/simian-adversary"))
            .args(months.then_some("--janitor"))
            .args(["--fail-fast", "--from", &from.to_string(), "--seeds", &seeds.to_string()])
            .output()
            .unwrap();
        (played.status.code(), String::from_utf8(played.stdout).unwrap())
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// The bug of that name is found, and by its rule.
fn found(name: &str) {
    let patch = root().join("crates/adversary/planted").join(format!("{name}.patch"));
    let text = fs::read_to_string(&patch).unwrap();
    let word = |key: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(key));
        rest.unwrap_or_else(|| panic!("{name}.patch has no line `{key} …`")).trim().to_owned()
    };
    let (rules, seed): (String, u64) = (word("rule:"), word("seed:").parse().unwrap());
    let months = text.lines().any(|line| line == "plays: months");
    let copy = Copy::take();
    copy.plant(&patch);
    copy.build();
    let (code, said) = copy.play(months, seed.saturating_sub(WINDOW / 6), WINDOW);
    let known = rules.split(' ').any(|rule| said.contains(&format!(": {rule} at ")));
    assert!(code == Some(1) && known, "{name} was not found by {rules} (exit {code:?}):\n{said}");
}

mod planted_bugs {
    macro_rules! planted {
        ($($name:ident)+) => {
            $(#[test] fn $name() { super::found(stringify!($name)); })+
        };
    }

    planted! {
        hours_end_a_minute_late
        unknown_taken_for_pass
        claim_after_act
        cool_down_by_utc_day
        budget_spent_twice
        reread_skipped
        adoption_acts
        outbox_drops_on_error
        floor_before_the_kill
        lease_never_renewed
        failed_list_is_empty
        failed_deletion_is_done
        undo_believed_unseen
        fault_renewed_past_its_end
        undo_not_in_the_intent
    }
}
