//! The kill switch, and the socket through which a running daemon is reached: one JSON request a line, one JSON
//! answer a line. Who asks is told by the kernel (peer credentials), not by the asker.

pub mod faults;
mod fleet;
mod recovered;

use std::fmt::Write as _;
use std::fs::{File, Permissions};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use serde::{Deserialize, Serialize};
use simian_core::event::millis;
use simian_core::rails::NEWBORN;
use simian_core::{AccountId, Change, Draft, Kind, LedgerError, Mode, Pause, Region, RunId, View};
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
        /// For what; for everything if nothing is named.
        #[serde(default)]
        of: Extent,
    },
    /// Lift it.
    Resume {
        /// Why.
        why: String,
        /// The operator's word that nothing acted here before this ledger was born.
        first_run: bool,
        /// Which pauses; all if nothing is said.
        #[serde(default)]
        which: Which,
    },
    /// End faults that are held.
    End {
        /// Why.
        why: String,
        /// Which; all if none is named.
        run: Option<String>,
    },
    /// Do this now, under the rails.
    Try(faults::Try),
    /// These units have recovered, whatever simian sees.
    Recovered {
        /// Why.
        why: String,
        /// Which, as `cluster:shop-prod` or in full.
        units: Vec<String>,
    },
    /// The fleet really changed: the next survey is believed, whatever it shows.
    FleetChanged {
        /// Why.
        why: String,
        /// That of this account; of all if none is named.
        account: Option<AccountId>,
        /// That of this region; of all if none is named.
        region: Option<Region>,
    },
}

/// What a pause is for. What is not named is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// This account.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// This region.
    #[serde(default)]
    pub region: Option<Region>,
    /// This monkey.
    #[serde(default)]
    pub monkey: Option<String>,
    /// This unit, such as `cluster:shop-prod`, or in full.
    #[serde(default)]
    pub unit: Option<String>,
}

/// Which pauses to lift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// All that there are.
    #[default]
    All,
    /// The one of that name.
    One(String),
    /// Those that were pulled for this. Not those for more: who lifts one account's pause leaves that for all alone.
    Of(Extent),
}

impl Which {
    fn takes(&self, pause: &Pause) -> bool {
        fn same<T: PartialEq>(asked: Option<&T>, has: Option<&T>) -> bool {
            asked.is_none() || asked == has
        }
        match self {
            Which::All => true,
            Which::One(id) => pause.id == *id,
            Which::Of(Extent { account, region, monkey, unit }) => {
                same(account.as_ref(), pause.account.as_ref())
                    && same(region.as_ref(), pause.region.as_ref())
                    && same(monkey.as_ref(), pause.monkey.as_ref())
                    && same(unit.as_ref(), pause.unit.as_ref())
            }
        }
    }
}

/// What the daemon answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It was done; what is true now, in words.
    Done(String),
    /// It was not; why.
    Refused(String),
    /// There is nothing that it could be done to.
    Mistaken(String),
}

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub enum Unserved {
    /// There is nothing that it could be done to.
    #[error("{0}")]
    Mistaken(String),
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<Unserved> for Answer {
    fn from(why: Unserved) -> Self {
        match why {
            Unserved::Mistaken(_) | Unserved::Ledger(LedgerError::NoPause(_)) => Self::Mistaken(why.to_string()),
            Unserved::Ledger(_) => Self::Refused(why.to_string()),
        }
    }
}

/// Its group may read and write, which is to ask; strangers may not.
const MODE: u32 = 0o660;

/// A request is a few words; whoever sends more is mistaken.
const MAX_REQUEST: u64 = 64 * 1024;

/// Does what a request asks.
pub async fn serve(engine: &Engine, actor: &str, request: Request) -> Result<String, Unserved> {
    match request {
        Request::Pause { why, until, of } => Ok(pause(engine, actor, why, until, of).await?),
        Request::Resume { why, first_run, which } => Ok(resume(engine, actor, why, first_run, &which).await?),
        Request::End { why, run } => {
            let run = run.map(|run| run.parse::<RunId>()).transpose().map_err(Unserved::Mistaken)?;
            faults::end(engine, actor, &why, run.as_ref()).await
        }
        Request::Try(wanted) => faults::attempt(engine, actor, wanted),
        Request::Recovered { why, units } => recovered::recovered(engine, actor, &why, &units).await,
        Request::FleetChanged { why, account, region } => {
            Ok(fleet::changed(engine, actor, why, account, region).await?)
        }
    }
}

async fn pause(
    engine: &Engine,
    actor: &str,
    why: String,
    until: Option<DateTime<Utc>>,
    of: Extent,
) -> Result<String, LedgerError> {
    let Extent { account, region, monkey, unit } = of;
    let pause = Pause { until, account, region, monkey, unit, ..Pause::new(engine.clock.now(), actor, why) }.named();
    let said = match until {
        Some(until) => format!("paused{} until {}", pause.extent(), millis::format(until)),
        None if pause.extent().is_empty() => "paused: nothing is done until `simian resume`".to_owned(),
        None => format!("paused{} until `simian resume {}`", pause.extent(), pause.id),
    };
    engine.record(vec![told(engine, Kind::DaemonPaused, &pause)], vec![Change::Pause(pause)]).await?;
    Ok(said)
}

async fn resume(
    engine: &Engine,
    actor: &str,
    why: String,
    first_run: bool,
    which: &Which,
) -> Result<String, LedgerError> {
    let now = engine.clock.now();
    let (lifted, left): (Vec<_>, Vec<_>) =
        engine.ledger.pauses().await?.into_iter().partition(|pause| pause.file().is_none() && which.takes(pause));
    let mut events = Vec::new();
    if *which == Which::All {
        // One word for everything. It also sets the breaker back, as that for the breaker's pause does: see `History`.
        let mut event = Draft::new(now, Kind::DaemonResumed, mode(engine), why);
        event.actor = Some(actor.to_owned());
        let newborn = lifted.iter().any(|pause| pause.actor == NEWBORN);
        let outcome = if first_run { Some("first-run") } else { newborn.then_some(NEWBORN) };
        event.outcome = outcome.map(str::to_owned);
        events.push(event);
    } else {
        if lifted.is_empty() {
            return Err(LedgerError::NoPause(match which {
                Which::One(id) => format!("`{id}`"),
                _ => "that was pulled for just that".into(),
            }));
        }
        for pause in &lifted {
            let event = told(engine, Kind::DaemonResumed, pause);
            events.push(Draft { why: why.clone(), actor: Some(actor.to_owned()), until: None, ..event });
        }
    }
    let mut changes: Vec<Change> = lifted.iter().map(|pause| Change::Resume(pause.id.clone())).collect();
    if lifted.iter().any(|pause| pause.actor == NEWBORN) {
        changes.push(Change::Woken(now));
    }
    if first_run {
        changes.push(Change::FirstRun(now));
    }
    engine.record(events, changes).await?;

    let mut said = "resumed".to_owned();
    if !first_run && engine.ledger.birth().await?.lifted.is_none() {
        said.push_str(
            ": this ledger is new, so its birth still counts as every unit's last action; \
             `simian resume --first-run` lifts that too, if nothing acted here before",
        );
    }
    // What has ended by itself is told by the daemon, and so is what a file says; here it is asked.
    let mut left: Vec<Pause> = left.into_iter().filter(|pause| pause.file().is_none() && !pause.is_over(now)).collect();
    match engine.brake.look(now) {
        View::Known(by_file) => left.extend(by_file),
        View::Unknown(why) => drop(write!(said, "\nstill held: {why}")),
        View::Unasked => {}
    }
    for pause in lifted {
        let _ = write!(said, "\nlifted {}: paused {pause}", pause.id);
    }
    for pause in left {
        let _ = write!(said, "\nstill paused {pause}; {}", pause.remedy());
    }
    Ok(said)
}

/// The mode of an event that is of no account.
fn mode(engine: &Engine) -> Mode {
    engine.accounts.iter().map(|account| account.policy.mode).max().unwrap_or(Mode::Live)
}

/// The event of a pause that began or ended now.
pub(crate) fn told(engine: &Engine, kind: Kind, pause: &Pause) -> Draft {
    Draft {
        actor: Some(pause.actor.clone()),
        account: pause.account.clone(),
        region: pause.region.clone(),
        monkey: pause.monkey.clone(),
        unit: pause.unit.clone(),
        key: Some(pause.id.clone()),
        until: pause.until,
        ..Draft::new(engine.clock.now(), kind, mode(engine), pause.why.clone())
    }
}

/// Tells what became of the pauses without anybody's word: those whose time passed are over, and the file came or went.
/// Each is told once, because a pause can end only once. The daemon calls it as often as it looks.
pub async fn settle(engine: &Engine) -> Result<(), LedgerError> {
    let now = engine.clock.now();
    let pauses = engine.ledger.pauses().await?;
    for pause in pauses.iter().filter(|pause| pause.is_over(now)) {
        let until = pause.until.map(millis::format).unwrap_or_default();
        let why = format!("its time ended at {until}");
        end(engine, pause, why, "ended").await?;
    }
    let known = pauses.iter().find(|pause| pause.file().is_some());
    match (engine.brake.look(now), known) {
        (View::Known(Some(pulled)), None) => {
            let draft = Draft { key: Some(pulled.id.clone()), ..told(engine, Kind::DaemonPaused, &pulled) };
            engine.record(vec![draft], vec![Change::Pause(pulled)]).await?;
        }
        (View::Known(None), Some(gone)) => end(engine, gone, "the file is gone".into(), "gone").await?,
        (View::Unasked, Some(gone)) => end(engine, gone, "the config names no such file".into(), "gone").await?,
        // Nothing new, or nobody knows: then it holds, and is not news.
        _ => {}
    }
    Ok(())
}

async fn end(engine: &Engine, pause: &Pause, why: String, outcome: &str) -> Result<(), LedgerError> {
    let event = told(engine, Kind::DaemonResumed, pause);
    // Nobody's word ended it: who pulled it is not who resumed.
    let actor = pause.file().and(Some(pause.actor.clone()));
    let event = Draft { why, actor, outcome: Some(outcome.to_owned()), ..event };
    match engine.record(vec![event], vec![Change::Resume(pause.id.clone())]).await {
        // Somebody was quicker, and told it.
        Err(LedgerError::NoPause(_)) => Ok(()),
        other => other.map(drop),
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
        let listener = UnixListener::from_std(listener(path)?)?;
        // Whatever the process's umask took away.
        std::fs::set_permissions(path, Permissions::from_mode(MODE))?;
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

/// A socket at a path that was never open to strangers, not even before its mode is set: Linux gives a new socket's file
/// the mode of the socket itself, less the umask (`unix_bind` in `net/unix/af_unix.c`).
fn listener(path: &Path) -> std::io::Result<std::os::unix::net::UnixListener> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = File::from(socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?);
    socket.set_permissions(Permissions::from_mode(MODE))?;
    socket::bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    socket::listen(&socket, Backlog::MAXCONN)?;
    Ok(OwnedFd::from(socket).into())
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
            Err(why) => why.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_simian_asks_is_understood() {
        let read = |text: &str| serde_json::from_str::<Request>(text).unwrap();
        let pause = Request::Pause { why: "w".into(), until: None, of: Extent::default() };
        assert_eq!(read(r#"{"do":"pause","why":"w","until":null}"#), pause);
        let resume = Request::Resume { why: "w".into(), first_run: true, which: Which::All };
        assert_eq!(read(r#"{"do":"resume","why":"w","first_run":true}"#), resume);
        let unknown = r#"{"do":"pause","why":"w","until":null,"of":{"acount":"111122223333"}}"#;
        assert!(serde_json::from_str::<Request>(unknown).is_err(), "a pause of nothing in particular is one of all");
    }

    #[test]
    fn a_request_goes_through_the_socket_as_it_is() {
        let of = Extent { region: Some("us-east-1".parse().unwrap()), ..Extent::default() };
        for which in [Which::All, Which::One("x".into()), Which::Of(of)] {
            let request = Request::Resume { why: "w".into(), first_run: false, which };
            let sent = serde_json::to_string(&request).unwrap();
            assert_eq!(serde_json::from_str::<Request>(&sent).unwrap(), request);
        }
    }

    #[test]
    fn which_takes_what_was_pulled_for_just_that() {
        let pause = |region: Option<&str>, monkey: Option<&str>| Pause {
            region: region.map(|region| region.parse().unwrap()),
            monkey: monkey.map(Into::into),
            ..Pause::new(DateTime::UNIX_EPOCH, "ann", "w")
        };
        let us = Which::Of(Extent { region: Some("us-east-1".parse().unwrap()), ..Extent::default() });
        assert!(us.takes(&pause(Some("us-east-1"), None)));
        assert!(us.takes(&pause(Some("us-east-1"), Some("chaos"))));
        assert!(!us.takes(&pause(None, None)), "that for everything stays");
        assert!(!us.takes(&pause(Some("eu-west-1"), None)));
    }
}
