//! Nothing secret is said: not in what a command prints, not in what it logs at any level, and not in what it writes.

use std::fs;
use std::path::Path;
use std::process::Command;

use simian::config::Config;
use tempfile::TempDir;

/// What every secret of these tests has in it. Nothing else has.
const MARK: &str = "s3cret";

/// A config with a secret in every place that takes one.
const CONFIG: &str = r#"
[dice]
seed = "seed-s3cret"
[hours]
timezone = "UTC"
[[account]]
name = "a"
id = "123456789012"
regions = ["us-east-1"]
[ledger]
kind = "sqlite"
path = "ledger.db"
[[sinks.webhook]]
name = "by-file"
url = "http://127.0.0.1:1/path-s3cret?token=query-s3cret"
secret_file = "webhook.key"
headers = { Authorization = "Bearer header-s3cret" }
template_file = "body.jinja"
[[sinks.webhook]]
name = "by-variable"
url = "http://127.0.0.1:1/path-s3cret"
secret_env = "SIMIAN_TEST_KEY"
[monkeys.chaos]
enabled = true
"#;

/// Some servers want their key in the body.
const TEMPLATE: &str = "{ \"routing_key\": \"body-s3cret\",\n \"body-s3cret\": {{ event.why }} }";

struct Place(TempDir);

impl Place {
    fn new(config: &str, template: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let inputs = [("simian.toml", config), ("webhook.key", "file-s3cret\n"), ("body.jinja", template)];
        for (name, text) in inputs {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    /// Runs a command at the most talkative and returns how it ended and all that it said.
    fn said(&self, words: &str) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_simian"))
            .args(words.split(' '))
            .current_dir(self.0.path())
            .env("SIMIAN_CONFIG", "simian.toml")
            .env("STATE_DIRECTORY", "")
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("SIMIAN_TEST_KEY", "variable-s3cret")
            .env("AWS_ACCESS_KEY_ID", "AKIAs3cret")
            .env("AWS_SECRET_ACCESS_KEY", "key-s3cret")
            .env("AWS_SESSION_TOKEN", "token-s3cret")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), said.concat())
    }

    /// That nothing is told by a command or left in a file.
    #[track_caller]
    fn keeps_quiet(&self, words: &str) -> (Option<i32>, String) {
        let (code, said) = self.said(words);
        assert!(!said.contains(MARK), "`simian {words}` says {said}");
        for entry in fs::read_dir(self.0.path()).unwrap() {
            let path = entry.unwrap().path();
            let given = ["simian.toml", "webhook.key", "body.jinja"].iter().any(|name| path.ends_with(name));
            assert!(given || !holds(&path, MARK), "`simian {words}` leaves it in {}", path.display());
        }
        (code, said)
    }
}

fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

#[test]
fn no_command_tells_a_secret() {
    let place = Place::new(CONFIG, TEMPLATE);
    // What needs no AWS; without it the others are tried as well, as far as they get.
    let mut commands = vec![
        "config check",
        "config show",
        "config show --format json",
        "resume --first-run",
        "pause --why incident",
        "pause --list --format json",
        "audit list --format json",
        "audit tail",
        "audit verify",
        "audit export --output all.jsonl",
        "report --format json --output report.json",
        "report",
        "sandbox --until-done --format json",
    ];
    if cfg!(not(feature = "aws")) {
        commands.extend(["run", "plan", "explain shop", "round chaos", "round chaos --all-due --dry-run"]);
    }
    for words in commands {
        let (code, said) = place.keeps_quiet(words);
        let expected = if words.starts_with("run") || words.starts_with("round") || said.contains("cannot reach AWS") {
            Some(2)
        } else {
            Some(0)
        };
        assert_eq!(code, expected, "`simian {words}` says {said}");
    }
    assert!(place.0.path().join("ledger.db").exists());
}

#[test]
fn no_mistake_tells_a_secret() {
    let changes = [
        ("seed = \"seed-s3cret\"", "seed = [\"seed-s3cret\"]"),
        ("seed = \"seed-s3cret\"", "seed = \"seed-s3cret"),
        ("seed = \"seed-s3cret\"", "seed = seed-s3cret"),
        ("seed = \"seed-s3cret\"", "sead = \"seed-s3cret\""),
        ("seed = \"seed-s3cret\"", "seed = { s3 = \"seed-s3cret\" }"),
        ("seed = \"seed-s3cret\"", "seed = \"seed-s3cret\"\nseed = \"seed-s3cret\""),
        ("url = \"http://", "url = \"https//"),
        ("url = \"http://", "url = \"http://user:s3cret@"),
        ("url = \"http://127.0.0.1:1/", "url = [\"x\"]\nurll = \"http://127.0.0.1:1/"),
        ("?token=", "? token="),
        ("\"Bearer ", "\"Bearer\\u0000"),
        ("\"Bearer header-s3cret\"", "[\"header-s3cret\"]"),
        ("headers = { Authorization = ", "headers = "),
        ("{ Authorization = \"", "{ Host = \""),
        ("secret_file = \"webhook.key\"", "secret = \"s3cret\""),
        ("secret_file = \"webhook.key\"", "secret_env = \"not a name s3cret\""),
        ("template_file = \"body.jinja\"", "template = '{ \"s3cret\": {{ event.onwer }} }'"),
    ];
    for (old, new) in changes {
        let config = CONFIG.replacen(old, new, 1);
        assert_ne!(config, CONFIG, "{old}");
        let place = Place::new(&config, TEMPLATE);
        for words in ["config check", "config show", "audit list"] {
            let (code, said) = place.keeps_quiet(words);
            let mends = said.contains("simian.toml:") && code == Some(3);
            assert!(mends, "`{new}`: `simian {words}` says {said}");
        }
    }
    let unclosed = "{ \"a\": {{ event.why }, \"key\": \"s3cret\" }";
    for template in
        [unclosed, "{ \"s3cret\": {{ event.onwer }} }", "{ \"s3cret\": {{ event.why }", "s3cret {% for %}", "s3cret"]
    {
        let (code, said) = Place::new(CONFIG, template).keeps_quiet("config check");
        assert_eq!(code, Some(3), "{said}");
    }
}

#[test]
fn a_seed_that_is_a_number_is_not_repeated() {
    let config = CONFIG.replacen("\"seed-s3cret\"", "73991", 1);
    let (code, said) = Place::new(&config, TEMPLATE).said("config check");
    assert!(code == Some(3) && said.contains("dice.seed: ") && !said.contains("73991"), "{said}");
}

#[test]
fn a_config_is_shown_without_its_secrets() {
    let place = Place::new(CONFIG, TEMPLATE);
    let config = Config::load(&place.0.path().join("simian.toml"), None).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains(MARK), "{shown}");
    assert_eq!(config.seed.open(), "seed-s3cret");
}
