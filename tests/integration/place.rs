//! An AWS account, a folder with a config and a ledger in it, and the program run there.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::process::{Command, Output};
use std::sync::Mutex;

use chrono::Timelike;
use serde_json::{Value, json};
use simian::clock::SystemClock;
use simian_core::{Clock, Event, Kind};
use tempfile::TempDir;

use crate::moto::{Moto, text};

/// What ends instances.
pub(crate) const TERMINATE: &str = "ec2:TerminateInstances";
/// The survey.
pub(crate) const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";
/// Whose credentials these are.
pub(crate) const IDENTITY: &str = "sts:GetCallerIdentity";
/// What ends an instance through its group.
pub(crate) const TERMINATE_IN_GROUP: &str = "autoscaling:TerminateInstanceInAutoScalingGroup";

/// Launchers that no test is using. They end with this process.
static IDLE: Mutex<Vec<Moto>> = Mutex::new(Vec::new());

/// An account as good as new, given back in the end.
pub(crate) struct Aws(Option<Moto>);

impl Aws {
    pub(crate) fn new() -> Self {
        let idle = IDLE.lock().unwrap().pop();
        let moto = idle.unwrap_or_else(Moto::start);
        moto.reset();
        Self(Some(moto))
    }
}

impl Deref for Aws {
    type Target = Moto;
    fn deref(&self) -> &Moto {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.calls()["unimplemented"], json!([]), "the emulator cannot do this");
        IDLE.lock().unwrap().extend(self.0.take());
    }
}

/// A group whose turn comes every day.
pub(crate) fn group(name: &str, count: u32) -> Value {
    json!({ "name": name, "count": count, "tags": { "simian:chaos": "on", "owner": "ann" } })
}

/// The same behind a target group of its own, and in subnets.
pub(crate) fn balanced(name: &str, count: u32) -> Value {
    let mut group = group(name, count);
    group["balanced"] = json!(true);
    group["subnets"] = json!(true);
    group
}

/// So many such groups of three: `app00-prod-v001` and so on, each an app of its own.
pub(crate) fn groups(number: u32) -> Vec<Value> {
    (0..number).map(|n| group(&format!("app{n:02}-prod-v001"), 3)).collect()
}

/// A zone in which it is about noon now, so that no test runs over midnight.
pub(crate) fn noon_zone() -> String {
    let hour = i64::from(SystemClock.now().hour());
    // POSIX turned the sign around: Etc/GMT-3 is three hours ahead.
    match 12 - hour {
        ahead @ 1.. => format!("Etc/GMT-{ahead}"),
        behind => format!("Etc/GMT+{}", -behind),
    }
}

/// A config that is always open, draws every unit's turn every day, and has no budget but that of the unit.
pub(crate) fn config(mode: &str, regions: &str) -> String {
    let zone = noon_zone();
    format!(
        r#"mode = "{mode}"
[dice]
seed = "integration"
[hours]
timezone = "{zone}"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
open = "00:00"
close = "24:00"
[[account]]
name = "staging"
id = "123456789012"
regions = {regions}
mode = "{mode}"
[ledger]
kind = "sqlite"
path = "ledger.db"
[budgets]
per_app_day = "unlimited"
per_owner_day = "unlimited"
per_zone_day = "unlimited"
per_scope_day = "unlimited"
per_account_day = "unlimited"
concurrent = "unlimited"
unrecovered = "unlimited"
[watch]
every = "5s"
[monkeys.chaos]
enabled = true
mean_days = 1
grace = "4h"
"#
    )
}

/// For a test that counts calls and is about something else: the rails that ask when something is due ask nothing.
pub(crate) const NOTHING_MORE: &str = "
[rails]
reread.enabled = false
steady.enabled = false
target_health.enabled = false
replacement.enabled = false
safety_lever.enabled = false
";

/// The calls that a shipped policy allows.
pub(crate) fn policy_grants(name: &str) -> BTreeSet<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/iam").join(name);
    let policy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter().map(|statement| &statement["Action"]);
    let actions = statements.flat_map(|action| action.as_array().cloned().unwrap_or_else(|| vec![action.clone()]));
    actions.map(|action| text(&action)).collect()
}

/// One region.
pub(crate) const US: &str = r#"["us-east-1"]"#;
/// Two.
pub(crate) const BOTH: &str = r#"["us-east-1", "eu-west-1"]"#;

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it writes UTF-8");
        // A signal has no code.
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// It complained in these words.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "`{word}` is missing in {self:#?}");
        }
        self
    }

    /// It had nothing to complain of.
    #[track_caller]
    pub(crate) fn without_complaint(self) -> Self {
        assert_eq!(self.err, "", "{self:#?}");
        self
    }

    /// What it printed, as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// What it printed, as one event a line.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Event> {
        self.out.lines().map(event).collect()
    }
}

/// Reads one line of canonical JSON, which must be whole.
#[track_caller]
pub(crate) fn event(line: &str) -> Event {
    let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(event.canonical(), line, "it is not canonical");
    assert_eq!(event.digest(), event.hash, "{line}");
    event
}

/// Those of that kind.
pub(crate) fn of_kind(events: &[Event], kind: Kind) -> Vec<&Event> {
    events.iter().filter(|event| event.body.kind == kind).collect()
}

/// The instances that events of that kind are about.
pub(crate) fn targets(events: &[Event], kind: Kind) -> BTreeSet<String> {
    of_kind(events, kind).iter().filter_map(|event| event.body.target.clone()).collect()
}

/// An account and a folder.
pub(crate) struct Place {
    pub(crate) aws: Aws,
    folder: TempDir,
}

impl Place {
    /// An account with these groups in us-east-1, and a folder with that config. Calls are counted from here.
    pub(crate) fn new(config: &str, groups: &[Value]) -> Self {
        let place = Self { aws: Aws::new(), folder: tempfile::tempdir().unwrap() };
        place.write(config);
        if !groups.is_empty() {
            place.aws.seed(&json!({ "groups": groups }));
        }
        place.aws.forget_calls();
        place
    }

    /// A live one whose ledger may act: nothing acted here before.
    pub(crate) fn armed(regions: &str, groups: &[Value]) -> Self {
        Self::armed_with(&config("live", regions), groups)
    }

    /// The same with a config of its own.
    pub(crate) fn armed_with(config: &str, groups: &[Value]) -> Self {
        let place = Self::new(config, groups);
        place.simian(&["resume", "--first-run", "--why", "a test"]).ends(0);
        place
    }

    /// Writes the config.
    pub(crate) fn write(&self, config: &str) {
        std::fs::write(self.path("simian.toml"), config).unwrap();
    }

    /// The config as it is.
    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.path("simian.toml")).unwrap()
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, about to run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simian"));
        self.aws.dress(&mut command);
        for foreign in ["STATE_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUST_LOG"] {
            command.env_remove(foreign);
        }
        command.env("SIMIAN_CONFIG", self.path("simian.toml")).args(arguments);
        command
    }

    /// The program with these arguments, to its end.
    pub(crate) fn simian(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }

    /// All that the ledger has.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.simian(&["audit", "list", "--format", "json", "--limit", "1000000"]).ends(0).events()
    }

    /// The day's plan.
    pub(crate) fn plan(&self) -> Value {
        self.simian(&["plan", "--format", "json"]).ends(0).without_complaint().json()
    }

    /// Who has fallen in a region.
    pub(crate) fn ended_in(&self, region: &str) -> BTreeSet<String> {
        let all = self.aws.control("GET", &format!("instances?region={region}"), &Value::Null);
        let all = all["instances"].as_array().unwrap().iter();
        let gone = |one: &&Value| ["shutting-down", "terminated"].contains(&text(&one["state"]).as_str());
        all.filter(gone).map(|one| text(&one["id"])).collect()
    }

    /// Who has fallen anywhere.
    pub(crate) fn ended(&self) -> BTreeSet<String> {
        ["us-east-1", "eu-west-1"].iter().flat_map(|region| self.ended_in(region)).collect()
    }

    /// How many instances each call named, of the calls that end them.
    pub(crate) fn batches(&self) -> Vec<usize> {
        let log = self.aws.control("GET", &format!("calls?call={TERMINATE}"), &Value::Null);
        let ids =
            |one: &Value| one["params"].as_object().unwrap().keys().filter(|k| k.starts_with("InstanceId.")).count();
        log["log"].as_array().unwrap().iter().map(ids).collect()
    }

    /// The calls since they were last forgotten, by name.
    pub(crate) fn counts(&self) -> Value {
        self.aws.calls()["counts"].clone()
    }

    /// No call was made that changes anything.
    #[track_caller]
    pub(crate) fn is_untouched(&self) {
        let counts = self.counts();
        for call in counts.as_object().unwrap().keys() {
            let reads = ["Describe", "GetCallerIdentity", "AssumeRole", "Publish", "GetSafetyLever"];
            assert!(reads.iter().any(|read| call.contains(read)), "{call} was called");
        }
        assert_eq!(self.ended(), BTreeSet::new());
    }

    /// The ledger's chain holds, it says of exactly those instances that they were ended who were, and no key was
    /// begun twice.
    #[track_caller]
    pub(crate) fn is_sound(&self) {
        self.simian(&["audit", "verify"]).ends(0);
        let events = self.events();
        let done: Vec<&Event> = events.iter().filter(|event| event.body.outcome.as_deref() == Some("done")).collect();
        let said: BTreeSet<String> = done.iter().filter_map(|event| event.body.target.clone()).collect();
        assert_eq!(said, self.ended(), "what the ledger says was done, and what was done");
        let intended: Vec<_> =
            of_kind(&events, Kind::ActionIntended).iter().map(|event| event.body.key.clone().unwrap()).collect();
        let once: BTreeSet<_> = intended.iter().collect();
        assert_eq!(once.len(), intended.len(), "a key was begun twice");
    }
}
