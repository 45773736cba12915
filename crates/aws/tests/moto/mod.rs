//! Drives `tests/moto/launcher.py`, the AWS account on a loopback port. Its README.md is the manual of the control
//! calls. Only `std` and `serde_json`, so that another test binary can take this file with `#[path]`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

/// An access key of the account 123456789012.
pub(crate) const KEY: &str = "AKIA123456789012TEST";

/// Variables of the machine that would lead the SDK elsewhere.
const FOREIGN: [&str; 8] = [
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_MAX_ATTEMPTS",
];

/// A running launcher, ended with this value or with this process.
#[derive(Debug)]
pub(crate) struct Moto {
    port: u16,
    process: Option<(Child, Option<ChildStdin>)>,
}

impl Moto {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let launcher = launcher();
        let mut child = Command::new(python())
            .arg("-B")
            .arg(&launcher)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", launcher.display()));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a pipe can be read");
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("the launcher said `{line}` in the place of `ready PORT`"));
        let stdin = child.stdin.take();
        Self { port, process: Some((child, stdin)) }
    }

    /// One that another process started.
    pub(crate) fn at(port: u16) -> Self {
        Self { port, process: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What `AWS_ENDPOINT_URL` should be.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes this account the AWS of that process.
    pub(crate) fn dress(&self, command: &mut Command) {
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", "not checked")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1");
    }

    /// A control call that must succeed: `path` as in the manual, without `/simian/`.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.http(method, &format!("/simian/{path}"), &[], &body);
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        serde_json::from_str(&answer).expect("the launcher answers with JSON")
    }

    /// Everything back to the beginning.
    pub(crate) fn reset(&self) {
        self.control("POST", "reset", &Value::Null);
    }

    /// Stops the account's clock there (RFC 3339).
    pub(crate) fn clock(&self, now: &str) {
        self.control("POST", "clock", &json!({ "now": now }));
    }

    /// Replaces all fault rules.
    pub(crate) fn faults(&self, rules: &Value) {
        self.control("POST", "faults", &json!({ "rules": rules }));
    }

    /// Makes groups and instances.
    pub(crate) fn seed(&self, order: &Value) -> Value {
        self.control("POST", "seed", order)
    }

    /// Makes so many resources of each kind; their ids, by kind.
    pub(crate) fn resources(&self, order: &Value) -> BTreeMap<String, Vec<String>> {
        serde_json::from_value(self.control("POST", "resources", order)).expect("it answers with ids")
    }

    /// One group of so many; returns its members' ids.
    pub(crate) fn group(&self, name: &str, count: u32) -> Vec<String> {
        let seeded = self.seed(&json!({ "groups": [{ "name": name, "count": count }] }));
        seeded["members"][name].as_array().into_iter().flatten().map(text).collect()
    }

    /// Lets Auto Scaling do its work.
    pub(crate) fn heal(&self) -> Value {
        self.control("POST", "heal", &json!({}))
    }

    /// Counts, log and what was not emulated.
    pub(crate) fn calls(&self) -> Value {
        self.control("GET", "calls", &Value::Null)
    }

    /// How often that call arrived, such as `ec2:TerminateInstances`.
    pub(crate) fn count(&self, call: &str) -> u64 {
        self.calls()["counts"][call].as_u64().unwrap_or(0)
    }

    /// Forgets the calls so far.
    pub(crate) fn forget_calls(&self) {
        self.control("POST", "calls/reset", &Value::Null);
    }

    /// An instance's state as the account has it.
    pub(crate) fn state(&self, id: &str) -> String {
        let all = self.control("GET", "instances", &Value::Null);
        let found = all["instances"].as_array().into_iter().flatten().find(|one| one["id"] == id);
        found.map_or_else(|| panic!("there is no instance {id}"), |one| text(&one["state"]))
    }

    /// A plain call of a Query API in us-east-1, for what these tests need of services that simian does not use.
    /// Returns the XML.
    pub(crate) fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let scope = format!("AWS4-HMAC-SHA256 Credential={KEY}/20261123/us-east-1/{service}/aws4_request, Signature=0");
        let headers = [("Authorization", scope.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let fields = parameters.iter().map(|(name, value)| format!("&{}={}", escaped(name), escaped(value)));
        let form = format!("Action={action}&Version={version}{}", fields.collect::<Vec<_>>().concat());
        let (status, answer) = self.http("POST", "/", &headers, &form);
        assert_eq!(status, 200, "{action}: {answer}");
        answer
    }

    /// A plain call of a JSON API in us-east-1, for the same. `target` is the name of the header `X-Amz-Target`.
    pub(crate) fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let scope = format!("AWS4-HMAC-SHA256 Credential={KEY}/20261123/us-east-1/{service}/aws4_request, Signature=0");
        let headers = [
            ("Authorization", scope.as_str()),
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Target", target),
        ];
        let (status, answer) = self.http("POST", "/", &headers, &body.to_string());
        assert_eq!(status, 200, "{target}: {answer}");
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }

    fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the launcher listens");
        let more = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("the launcher reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the launcher answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a head has a status");
        (status, body.to_owned())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some((mut child, stdin)) = self.process.take() {
            drop(stdin);
            let _ = child.wait();
        }
    }
}

/// A JSON string's text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The contents of every element of that name, entities read.
pub(crate) fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1).filter_map(|part| part.split_once(&close));
    let plain = |text: &str| {
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&amp;", "&")]
            .iter()
            .fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
    };
    parts.map(|(content, _)| plain(content)).collect()
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// From whichever crate this file is used.
fn launcher() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|folder| folder.join("tests/moto/launcher.py")).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("there is no tests/moto/launcher.py above {}", here.display()))
}

/// `SIMIAN_MOTO_PYTHON`, which tests/run sets, else the newest environment that tests/run has made.
pub(crate) fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("SIMIAN_MOTO_PYTHON") {
        return python.into();
    }
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache"))).unwrap_or_default();
    let entries = fs::read_dir(cache.join("simian")).into_iter().flatten().flatten();
    let pythons = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("venv-"))
        .map(|entry| entry.path())
        .filter(|folder| folder.join("simian-complete").exists());
    let newest = pythons.max_by_key(|folder| folder.metadata().and_then(|data| data.modified()).ok());
    let newest = newest.unwrap_or_else(|| panic!("there is no AWS emulator: run tests/run once, it makes one"));
    newest.join("bin/python")
}
