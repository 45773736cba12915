//! The kill switch, and the socket through which a running daemon is reached: one JSON request a line, one JSON
//! answer a line. Who asks is told by the kernel (peer credentials), not by the asker.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use simian_core::rails::NEWBORN;
use simian_core::{Change, Draft, Kind, LedgerError, Mode, Pause};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::engine::Engine;

/// What a person can ask of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Pull the kill switch.
    Pause {
        /// Why.
        why: String,
        /// Until when; for ever if it is not said.
        until: Option<DateTime<Utc>>,
    },
    /// Lift it.
    Resume {
        /// Why.
        why: String,
        /// The operator's word that nothing acted here before this ledger was born.
        first_run: bool,
    },
}

/// What the daemon answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It was done; what is true now, in words.
    Done(String),
    /// It was not; why.
    Refused(String),
}

/// A request is a few words; whoever sends more is mistaken.
const MAX_REQUEST: u64 = 64 * 1024;

/// Does what a request asks.
pub async fn serve(engine: &Engine, actor: &str, request: Request) -> Result<String, LedgerError> {
    let now = engine.clock.now();
    let draft = |kind, why: String| {
        let mode = engine.accounts.iter().map(|account| account.policy.mode).max().unwrap_or(Mode::Live);
        let mut draft = Draft::new(now, kind, mode, why);
        draft.actor = Some(actor.to_owned());
        draft
    };
    match request {
        Request::Pause { why, until } => {
            let mut event = draft(Kind::DaemonPaused, why.clone());
            event.until = until;
            let pause = Pause { at: now, actor: actor.to_owned(), why, until };
            engine.record(vec![event], vec![Change::Pause(Some(pause))]).await?;
            Ok(match until {
                Some(until) => format!("paused until {}", simian_core::event::millis::format(until)),
                None => "paused: nothing is done until `simian resume`".to_owned(),
            })
        }
        Request::Resume { why, first_run } => {
            let mut event = draft(Kind::DaemonResumed, why);
            let mut changes = vec![Change::Pause(None)];
            let mut said = "resumed".to_owned();
            if engine.ledger.pause().await?.is_some_and(|pause| pause.actor == NEWBORN) {
                event.outcome = Some(NEWBORN.to_owned());
            }
            if first_run {
                event.outcome = Some("first-run".to_owned());
                changes.push(Change::FirstRun(now));
            } else if engine.ledger.birth().await?.lifted.is_none() {
                said.push_str(
                    ": this ledger is new, so its birth still counts as every unit's last action; \
                     `simian resume --first-run` lifts that too, if nothing acted here before",
                );
            }
            engine.record(vec![event], changes).await?;
            Ok(said)
        }
    }
}

/// The socket, removed again when the daemon goes.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Makes the socket (0660), in the place of one that nobody listens on any more. The caller holds the ledger, so
    /// no other daemon of ours can be listening.
    pub fn bind(path: &Path) -> std::io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers one connection after another, for ever. A connection that fails is its own affair.
    pub async fn listen(&self, engine: &Engine) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let answered =
                        tokio::time::timeout(std::time::Duration::from_secs(5), answer(engine, stream)).await;
                    match answered {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => tracing::warn!(%error, "a control connection failed"),
                        Err(_) => tracing::warn!("a control connection said nothing for 5 seconds"),
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket failed");
                    engine.clock.sleep_until(engine.clock.now() + chrono::TimeDelta::seconds(1)).await;
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(engine: &Engine, stream: UnixStream) -> std::io::Result<()> {
    let actor = stream.peer_cred().map(|peer| user(peer.uid()))?;
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(tokio::io::AsyncReadExt::take(read, MAX_REQUEST)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => match serve(engine, &actor, request).await {
            Ok(done) => Answer::Done(done),
            Err(error) => Answer::Refused(error.to_string()),
        },
        Err(error) => Answer::Refused(format!("cannot read the request: {error}")),
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await
}

/// Asks a running daemon. `None` when nobody listens there.
pub async fn ask(path: &Path, request: &Request) -> std::io::Result<Option<Answer>> {
    let stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let (read, mut write) = stream.into_split();
    let mut text = serde_json::to_string(request)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(read).read_line(&mut line).await?;
    if line.is_empty() {
        return Err(std::io::Error::other("the daemon hung up without an answer"));
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// A user's name, or `uid:N` where the system knows none.
pub fn user(uid: u32) -> String {
    nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid))
        .ok()
        .flatten()
        .map_or_else(|| format!("uid:{uid}"), |user| user.name)
}

/// Who runs this process.
pub fn ourselves() -> String {
    user(nix::unistd::Uid::effective().as_raw())
}
