//! Who may read what we write: the daemon's user alone, whatever the umask; and the socket is its group's as well.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use simian::control::Socket;
use tempfile::TempDir;

/// An operator's hand has any umask, from none to the tightest.
const UMASKS: [&str; 3] = ["000", "022", "077"];

const CONFIG: &str = r#"
[dice]
seed = "s"
[hours]
timezone = "UTC"
[[account]]
name = "a"
id = "123456789012"
regions = ["us-east-1"]
[ledger]
kind = "sqlite"
path = "ledger.db"
"#;

/// Runs a program of ours under a umask.
fn under(umask: &str, program: &str, arguments: &[&str], place: &Path, role: &str) {
    let output = Command::new("sh")
        .args(["-c", r#"umask "$0"; exec "$@""#, umask, program])
        .args(arguments)
        .current_dir(place)
        .env("SIMIAN_CONFIG", "simian.toml")
        .env("STATE_DIRECTORY", "")
        .env(ROLE, role)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?} under {umask}: {}", String::from_utf8_lossy(&output.stderr));
}

fn modes(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mode = |entry: &fs::DirEntry| format!("{:o}", entry.metadata().unwrap().permissions().mode() & 0o7777);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry))).collect()
}

#[test]
fn ledger_exports_and_reports_are_for_their_user_alone() {
    for umask in UMASKS {
        let place = TempDir::new().unwrap();
        fs::write(place.path().join("simian.toml"), CONFIG).unwrap();
        fs::set_permissions(place.path().join("simian.toml"), fs::Permissions::from_mode(0o640)).unwrap();
        let simian = |words: &str| {
            let words: Vec<&str> = words.split(' ').collect();
            under(umask, env!("CARGO_BIN_EXE_simian"), &words, place.path(), "");
        };
        simian("resume --first-run");
        simian("audit export --output all.jsonl");
        simian("report --output report.md");
        simian("report --format json --output report.json");
        let mut expected: BTreeMap<String, String> =
            ["all.jsonl", "ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.db.lock", "report.json", "report.md"]
                .map(|name| (name.to_owned(), "600".to_owned()))
                .into();
        expected.insert("simian.toml".into(), "640".into());
        assert_eq!(modes(place.path()), expected, "umask {umask}");
    }
}

#[test]
fn what_is_there_keeps_its_mode() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name);
    fs::write(path("simian.toml"), CONFIG).unwrap();
    let simian = |words: &[&str]| under("077", env!("CARGO_BIN_EXE_simian"), words, place.path(), "");
    simian(&["resume", "--first-run"]);
    fs::write(path("report.md"), "yesterday's").unwrap();
    for name in ["report.md", "ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
    simian(&["report", "--output", "report.md"]);
    simian(&["pause"]);
    let modes = modes(place.path());
    for name in ["report.md", "ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        assert_eq!(modes[name], "640", "{name}: who let a group read it meant it");
    }
}

const ROLE: &str = "SIMIAN_MODES_TEST_ROLE";

/// Not a test of its own: what a child does, since a umask is a whole process's.
#[tokio::test]
async fn as_a_child() {
    if std::env::var(ROLE).as_deref() == Ok("bind") {
        std::mem::forget(Socket::bind(Path::new("control.sock")).unwrap());
    }
}

#[test]
fn the_socket_is_for_its_group_and_no_stranger() {
    let program = std::env::current_exe().unwrap();
    for umask in UMASKS {
        let place = TempDir::new().unwrap();
        let as_a_child = ["--exact", "as_a_child"];
        // Twice: the second takes the place of one that nobody listens on any more.
        for _ in 0..2 {
            under(umask, program.to_str().unwrap(), &as_a_child, place.path(), "bind");
            assert_eq!(modes(place.path()), BTreeMap::from([("control.sock".to_owned(), "660".to_owned())]), "{umask}");
        }
    }
}
