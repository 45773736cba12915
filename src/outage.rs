//! The outage hook: who the operator says knows whether this is a bad moment. A page or a program of theirs.
//!
//! Only a plain yes lets anything be done: a 2xx answer, or an exit with 0, in time. Everything else holds.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use simian_core::OutageHook;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use crate::sinks::webhook::Address;

/// Whom to ask, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Whom.
    pub asked: Asked,
    /// What answers later has said no.
    pub timeout: TimeDelta,
}

impl Hook {
    /// How long to wait if nobody says it.
    pub const TIMEOUT: TimeDelta = TimeDelta::seconds(5);

    /// Ready to be asked. Needs a build with the feature `aws` to reach a page.
    pub fn connect(&self) -> Result<Arc<dyn OutageHook>, String> {
        let timeout = self.timeout.to_std().unwrap_or_default();
        match &self.asked {
            Asked::Command(words) => Ok(Arc::new(Program { words: words.clone(), timeout })),
            #[cfg(feature = "aws")]
            Asked::Page(address) => Ok(Arc::new(page::Page::new(address.clone(), timeout)?)),
            #[cfg(not(feature = "aws"))]
            Asked::Page(address) => {
                Err(format!("{address}: this simian was built with --no-default-features and can ask programs only"))
            }
        }
    }
}

/// Of a page its origin only, of a program its path only: the rest may be a secret.
impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked {
            Asked::Page(address) => write!(f, "the outage page of {address}"),
            Asked::Command(words) => write!(f, "{}", words.first().map_or("the outage command", String::as_str)),
        }
    }
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A page: `GET`, and 2xx is a yes.
    Page(Address),
    /// A program by its full path, and its arguments: exit 0 is a yes.
    Command(Vec<String>),
}

/// A program, started anew each time. It gets no input and our environment.
struct Program {
    words: Vec<String>,
    timeout: std::time::Duration,
}

/// How much of what a program says is passed on, in bytes.
const MAX_SAID: u64 = 200;

#[async_trait]
impl OutageHook for Program {
    async fn ask(&self) -> Result<(), String> {
        let (program, arguments) = self.words.split_first().ok_or("it names no program")?;
        let started = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0)
            .spawn();
        let mut child = started.map_err(|error| format!("it cannot be started: {error}"))?;
        let family = Family::of(&child);
        let ended = tokio::time::timeout(self.timeout, said(&mut child)).await;
        if ended.is_ok() {
            family.disarm();
        }
        match ended {
            Err(_) => Err(format!("it gave no answer within {} s", self.timeout.as_secs())),
            Ok(Err(error)) => Err(format!("it cannot be waited for: {error}")),
            Ok(Ok((status, _))) if status.success() => Ok(()),
            Ok(Ok((status, said))) if said.is_empty() => Err(format!("it says no ({status})")),
            Ok(Ok((status, said))) => Err(format!("it says no ({status}): {said}")),
        }
    }
}

/// A program and all that it started: killed together at the end of their time, or when nobody waits any more.
struct Family(Option<Pid>);

impl Family {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // That nobody is there any more is as well.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Waits for the end. What the program prints first is its reason; the rest is read and forgotten, so that no full pipe
/// keeps it from ending.
async fn said(child: &mut Child) -> std::io::Result<(std::process::ExitStatus, String)> {
    let mut first = Vec::new();
    if let Some(mut out) = child.stdout.take() {
        (&mut out).take(MAX_SAID).read_to_end(&mut first).await?;
        tokio::io::copy(&mut out, &mut tokio::io::sink()).await?;
    }
    let status = child.wait().await?;
    let text = String::from_utf8_lossy(&first);
    let line = text.lines().next().unwrap_or_default();
    Ok((status, line.chars().filter(|letter| !letter.is_control()).collect::<String>().trim().to_owned()))
}

#[cfg(feature = "aws")]
mod page {
    use std::time::Duration;

    use async_trait::async_trait;
    use simian_core::OutageHook;

    use crate::sinks::webhook::Address;

    /// A page. No redirect is followed: where it leads is not whom the operator named.
    pub(super) struct Page {
        address: Address,
        client: reqwest::Client,
        timeout: Duration,
    }

    impl Page {
        pub(super) fn new(address: Address, timeout: Duration) -> Result<Self, String> {
            let client = reqwest::Client::builder()
                .user_agent(concat!("simian/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .retry(reqwest::retry::never())
                .timeout(timeout)
                .build()
                .map_err(|error| format!("{address}: cannot make a client: {error}"))?;
            Ok(Self { address, client, timeout })
        }
    }

    #[async_trait]
    impl OutageHook for Page {
        async fn ask(&self) -> Result<(), String> {
            // The body is not read: it says nothing that the status does not, and may be endless.
            match self.client.get(self.address.whole()).send().await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
                Err(error) if error.is_timeout() => {
                    Err(format!("it gave no answer within {} s", self.timeout.as_secs()))
                }
                Err(error) if error.is_connect() => Err("it cannot be reached".into()),
                Err(_) => Err("the connection broke before it answered".into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    use super::*;

    fn ask(words: &[&str], timeout: TimeDelta) -> Result<(), String> {
        let hook = Hook { asked: Asked::Command(words.iter().map(|&word| word.to_owned()).collect()), timeout };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(hook.connect().unwrap().ask())
    }

    fn script(text: &str) -> Result<(), String> {
        ask(&["/bin/sh", "-c", text], TimeDelta::seconds(20))
    }

    #[test]
    fn only_an_exit_with_0_is_a_yes() {
        assert_eq!(script("exit 0"), Ok(()));
        assert_eq!(script("echo all is well"), Ok(()));
        assert_eq!(script("exit 3").unwrap_err(), "it says no (exit status: 3)");
        assert_eq!(
            script("printf 'incident 47\\033[2J\\nmore'; exit 1").unwrap_err(),
            "it says no (exit status: 1): incident 47[2J"
        );
        assert!(script("kill -9 $$").unwrap_err().contains("signal: 9"));
        assert!(ask(&["/nowhere/at-all"], TimeDelta::seconds(20)).unwrap_err().starts_with("it cannot be started"));
    }

    #[test]
    fn what_talks_without_end_is_read_and_forgotten() {
        let said = script("head -c 1000000 /dev/zero | tr '\\0' x; exit 1").unwrap_err();
        assert_eq!(said.len(), "it says no (exit status: 1): ".len() + 200);
    }

    #[test]
    fn what_does_not_answer_in_time_has_said_no() {
        assert_eq!(ask(&["/bin/sleep", "600"], TimeDelta::zero()).unwrap_err(), "it gave no answer within 0 s");
    }

    #[test]
    fn what_it_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let ready = nix::libc::O_NONBLOCK;
        let mut reader = std::fs::OpenOptions::new().read(true).custom_flags(ready).open(&fifo).unwrap();
        let text = format!("(sleep 20; echo alive) > '{}' & wait", fifo.display());
        let said = ask(&["/bin/sh", "-c", &text], TimeDelta::seconds(1)).unwrap_err();
        assert_eq!(said, "it gave no answer within 1 s");
        // It ends when nobody is there any more to write.
        let mut heard = String::new();
        while reader.read_to_string(&mut heard).is_err() {
            std::thread::yield_now();
        }
        assert_eq!(heard, "");
    }

    #[test]
    fn only_what_is_no_secret_is_shown() {
        let page =
            Hook { asked: Asked::Page("https://status.example.com/t0ken".parse().unwrap()), timeout: Hook::TIMEOUT };
        assert_eq!(page.to_string(), "the outage page of https://status.example.com");
        let command = Asked::Command(vec!["/bin/ask".into(), "--token=x".into()]);
        assert_eq!(Hook { asked: command, timeout: Hook::TIMEOUT }.to_string(), "/bin/ask");
    }
}
