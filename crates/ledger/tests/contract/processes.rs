//! SQLite only: what other processes see, may do, and leave behind when they are killed.
//!
//! A child is this test binary again, told by its environment to play a role. It answers on its standard error, since
//! the test harness writes to the other.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::time::Duration;

use simian_core::{EventQuery, Ledger, LedgerError};
use simian_ledger::{SqliteLedger, WRITER};

use crate::fixtures::{BIRTH, at, claim, directory, draft, snapshot, verified, win};

const ROLE: &str = "SIMIAN_LEDGER_TEST_ROLE";
const PATH: &str = "SIMIAN_LEDGER_TEST_PATH";
/// `nobody` on every Linux.
const NOBODY: u32 = 65_534;

/// Not a test of its own: what a child does.
#[tokio::test]
async fn as_a_child() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(PATH)) else { return };
    match role.as_str() {
        "hold" => {
            let _ledger = SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap();
            eprintln!("held");
            std::io::stdin().lines().for_each(drop);
        }
        "write" => {
            let ledger = SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap();
            let told = ledger.heads().await.unwrap()[WRITER].seq;
            for n in told.. {
                let key = format!("k{n}");
                win(&ledger, claim(&key, vec![])).await;
                let drafts = vec![draft(&"x".repeat(3_000)), draft(&key)];
                let events =
                    ledger.commit(drafts, vec![crate::fixtures::moved(&key, simian_core::Stage::Closed, None)]);
                eprintln!("{}", events.await.unwrap()[1].seq);
            }
        }
        "read" => {
            let early = SqliteLedger::open_read_only(&path).unwrap();
            for _ in std::io::stdin().lines() {
                let late = SqliteLedger::open_read_only(&path).unwrap();
                eprintln!("{} {}", last(&early).await, last(&late).await);
            }
        }
        "write until full" => {
            let ledger = SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap();
            let big = || (0..12).map(|_| draft(&"x".repeat(3_000))).collect();
            let mut told = 0;
            let full = loop {
                match ledger.commit(big(), vec![]).await {
                    Ok(events) => told += events.len(),
                    Err(error) => break error,
                }
            };
            assert!(matches!(full, LedgerError::Write(_)), "{full:?}");
            assert!(told > 0, "the test tests nothing");
            assert_eq!(verified(&ledger).await.len(), told);
            // Closing finds no room for what is in the log, and opening finds the database half brought up to date.
            drop(ledger);
            let ledger = SqliteLedger::open(&path).unwrap();
            assert_eq!(verified(&ledger).await.len(), told);
            let full = ledger.commit(big(), vec![]).await;
            assert!(matches!(full, Err(LedgerError::Write(_))), "{full:?}");
            drop(ledger);
            assert_eq!(verified(&SqliteLedger::open_read_only(&path).unwrap()).await.len(), told);
            eprintln!("{told}");
        }
        "read without rights" => {
            let directory = Path::new(&path).parent().unwrap();
            let made = fs::write(directory.join("made"), "").map_err(|error| error.kind());
            assert_eq!(made, Err(std::io::ErrorKind::PermissionDenied), "the test tests nothing");
            let refused = SqliteLedger::open(&path);
            assert!(matches!(refused, Err(LedgerError::Open { .. })), "{refused:?}");
            let ledger = SqliteLedger::open_read_only(&path).unwrap();
            eprintln!("{}", verified(&ledger).await.len());
        }
        other => panic!("no role {other}"),
    }
}

/// The number of the last event, by the head and by the event itself.
async fn last(ledger: &dyn Ledger) -> u64 {
    let newest = EventQuery { newest_first: true, limit: Some(1), ..EventQuery::default() };
    let event = ledger.events(&newest).await.unwrap().pop().map_or(0, |event| event.seq);
    assert_eq!(ledger.heads().await.unwrap()[WRITER].seq, event);
    event
}

struct Role {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStderr>>,
}

impl Role {
    fn play(role: &str, path: &Path) -> Self {
        Self::spawn(&mut Command::new(std::env::current_exe().unwrap()), role, path)
    }

    fn spawn(command: &mut Command, role: &str, path: &Path) -> Self {
        let command = command.args(["--exact", "processes::as_a_child", "--nocapture"]).env(ROLE, role).env(PATH, path);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, input, output }
    }

    fn hear(&mut self) -> String {
        self.output.next().unwrap_or_else(|| Ok("nothing more".into())).unwrap()
    }

    fn ask(&mut self) -> String {
        writeln!(self.input).unwrap();
        self.hear()
    }

    /// The whole answer of a role that ends by itself.
    fn end(mut self) -> String {
        drop(self.input);
        let said: Vec<String> = self.output.map(Result::unwrap).collect();
        self.child.wait().unwrap();
        said.join("\n")
    }

    /// SIGKILL: no destructor, no farewell. What it had said until then.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.output.map(Result::unwrap).collect()
    }
}

#[test]
fn another_process_is_kept_out_while_it_lives() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let mut holder = Role::play("hold", &path);
    assert_eq!(holder.hear(), "held");
    for opened in [SqliteLedger::open(&path), SqliteLedger::create_or_open(&path, BIRTH, at(0))] {
        let Err(error @ LedgerError::Held { .. }) = opened else { panic!("{opened:?}") };
        assert!(error.to_string().contains(&format!("(process {})", holder.child.id())), "{error}");
    }
    holder.kill();
    assert!(SqliteLedger::open(&path).is_ok(), "the lock ends with its process");
}

#[tokio::test]
async fn a_kill_at_any_time_leaves_every_commit_whole() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    for round in 0..6 {
        let mut writer = Role::play("write", &path);
        let mut last: u64 = writer.hear().parse().unwrap();
        std::thread::sleep(Duration::from_millis(7 * round));
        if let Some(said) = writer.kill().last() {
            last = said.parse().unwrap();
        }
        // Nobody has cleaned up yet: first as a reader, then as who recovers.
        let before = snapshot(directory.path());
        let reader = SqliteLedger::open_read_only(&path).unwrap();
        let seen = verified(&reader).await;
        assert!(seen.len() as u64 >= last, "what was answered is there");
        assert_eq!(seen.len() % 2, 0, "both events of a commit or none");
        drop(reader);
        assert!(snapshot(directory.path()) == before, "reading changed a file");
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!(verified(&ledger).await, seen);
        let open = simian_core::ClaimQuery { open: true, ..Default::default() };
        for claim in ledger.claims(&open).await.unwrap() {
            // Killed between the two commits; nobody has it any more, so the next writer would find it taken.
            let closed = crate::fixtures::moved(claim.key.as_str(), simian_core::Stage::Closed, None);
            ledger.commit(vec![draft("x"), draft("adopted")], vec![closed]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn reading_goes_on_while_the_daemon_comes_and_goes() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    drop(SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap());
    let mut reader = Role::play("read", &path);
    let mut told = 0;
    for _ in 0..3 {
        let daemon = SqliteLedger::open(&path).unwrap();
        // The first sight after a daemon's first commit is what SQLite makes hard; 700 of these are two checkpoints.
        for size in [0, 1, 1, 700, 1, 3] {
            daemon.commit((0..size).map(|_| draft(&"x".repeat(8_000))).collect(), vec![]).await.unwrap();
            told += size;
            assert_eq!(reader.ask(), format!("{told} {told}"));
        }
        drop(daemon);
        assert_eq!(reader.ask(), format!("{told} {told}"));
    }
}

#[tokio::test]
async fn reading_needs_no_right_to_write() {
    let directory = directory();
    let root = fs::metadata(directory.path()).unwrap().uid() == 0;
    let ledgers = directory.path().join("ledgers");
    fs::create_dir(&ledgers).unwrap();
    let path = ledgers.join("ledger.db");
    // `nobody` may not look into our build directory, and root may write everywhere.
    let program = directory.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let readers_count = |path: &Path| {
        for (name, _) in snapshot(&ledgers) {
            fs::set_permissions(ledgers.join(name), Permissions::from_mode(0o444)).unwrap();
        }
        fs::set_permissions(&ledgers, Permissions::from_mode(0o555)).unwrap();
        let before = snapshot(&ledgers);
        let mut command = Command::new(&program);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let count = Role::spawn(&mut command, "read without rights", path).end();
        let same = snapshot(&ledgers) == before;
        fs::set_permissions(&ledgers, Permissions::from_mode(0o755)).unwrap();
        for (name, _) in before {
            fs::set_permissions(ledgers.join(name), Permissions::from_mode(0o600)).unwrap();
        }
        assert!(same, "reading changed a file");
        count
    };

    let daemon = SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap();
    assert_eq!(readers_count(&path), "0", "a daemon that has said nothing yet");
    daemon.commit(vec![draft("a")], vec![]).await.unwrap();
    assert_eq!(readers_count(&path), "1", "a daemon at work");
    drop(daemon);
    assert_eq!(readers_count(&path), "1", "a daemon that stopped");
    let copy = ledgers.join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(readers_count(&copy), "1", "the database alone");
    let mut writer = Role::play("write", &path);
    let said = writer.hear();
    let last = writer.kill().pop().unwrap_or(said);
    let count: u64 = readers_count(&path).parse().unwrap();
    assert!(count >= last.parse().unwrap(), "a daemon that was killed");
}

/// As on a full disk, and without one: no file may grow above some hundred kilobytes.
#[tokio::test]
async fn no_room_loses_nothing_and_passes() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let mut limited = Command::new("sh");
    // In blocks of 512 bytes, or of 1024 where `sh` is bash: enough for an empty ledger and one commit, or two.
    limited.args(["-c", r#"trap "" XFSZ; ulimit -f 200; exec "$0" "$@""#]).arg(std::env::current_exe().unwrap());
    let told = Role::spawn(&mut limited, "write until full", &path).end();
    let ledger = SqliteLedger::open(&path).unwrap();
    let before = verified(&ledger).await;
    assert_eq!(before.len().to_string(), told);
    ledger.commit(vec![draft("there is room again")], vec![]).await.unwrap();
    drop(ledger);
    assert_eq!(verified(&SqliteLedger::open(&path).unwrap()).await.len(), before.len() + 1);
}
