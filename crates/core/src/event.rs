//! The audit event, `simian.event/1`: a public contract. Canonical JSON (RFC 8785), integers only, and a hash over
//! everything but itself, so that a chain of events cannot be edited unseen.

mod canonical;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::scope::{AccountId, Mode, Region};
use crate::verdict::Ruling;

/// The schema's name in every event.
pub const SCHEMA: &str = "simian.event/1";

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What an event says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$variant),+];

            /// Its public name.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// The daemon is up.
    DaemonStarted = "daemon.started",
    /// The daemon went down in good order.
    DaemonStopped = "daemon.stopped",
    /// Nothing more will be done until it is resumed.
    DaemonPaused = "daemon.paused",
    /// A pause ended.
    DaemonResumed = "daemon.resumed",
    /// A config was read; its digest is in `config`.
    ConfigLoaded = "config.loaded",
    /// A config was refused, and why; the one in `config` stays in force.
    ConfigRejected = "config.rejected",
    /// A round is over; its figures are in `counts`.
    RoundClosed = "round.closed",
    /// Rounds that should have begun did not; `counts.missed` says how many, `outcome` in which way.
    RoundMissed = "round.missed",
    /// A working day's plan; its figures are in `counts`, its digest in `why`.
    PlanPublished = "plan.published",
    /// One proposal of the plan.
    ActionPlanned = "action.planned",
    /// It was planned, and its owner vetoed it since.
    ActionVetoed = "action.vetoed",
    /// A rail, or the claim, held it.
    ActionHeld = "action.held",
    /// A dry run would have done it.
    ActionRehearsed = "action.rehearsed",
    /// It is about to be done.
    ActionIntended = "action.intended",
    /// It was done.
    ActionDone = "action.done",
    /// It was tried, and AWS says that it did not happen.
    ActionFailed = "action.failed",
    /// AWS refused it.
    ActionRefused = "action.refused",
    /// It was claimed and never tried.
    ActionAbandoned = "action.abandoned",
    /// It was tried with an unclear answer; `outcome` is what looking showed, `unknown` included.
    ActionResolved = "action.resolved",
    /// A fault is there still, as it was made, and lasts until `until` unless somebody renews it again.
    ActionRenewed = "action.renewed",
    /// A fault is gone: undone, or ended by its guest. Looking showed it.
    ActionUndone = "action.undone",
    /// It was planned and its time went by.
    ActionMissed = "action.missed",
    /// The unit has its healthy count back; `counts.recovery_seconds` is how long it took.
    ActionRecovered = "action.recovered",
    /// The unit does not have its healthy count back in time.
    ActionUnrecovered = "action.unrecovered",
    /// So many recoveries in a row failed that everything is paused; `counts` has how many, and the limit.
    BreakerTripped = "breaker.tripped",
    /// A person says that the fleet really changed: the next survey is believed, whatever it shows.
    FleetChanged = "fleet.changed",
    /// Something that an owner should mend.
    FindingOpened = "finding.opened",
    /// It was mended.
    FindingClosed = "finding.closed",
    /// A resource is waste by a rule, and is marked.
    MarkPlaced = "mark.placed",
    /// Its owner was told when it goes.
    MarkAnnounced = "mark.announced",
    /// It is used again, or kept.
    MarkLifted = "mark.lifted",
    /// How well an owner's or app's resources keep the rules, once a day.
    ScorePublished = "score.published",
    /// A day in an owner's words.
    DigestPublished = "digest.published",
    /// What was too old to keep was removed; its figures are in `counts`, the checkpoint that it left in `key`.
    LedgerCompacted = "ledger.compacted",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of event")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// An event before the ledger seals it: everything but its place in the chain. What does not apply is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// When it happened, to the millisecond.
    #[serde(with = "millis")]
    pub at: DateTime<Utc>,
    /// What it says.
    pub kind: Kind,
    /// For real, or a rehearsal.
    pub mode: Mode,
    /// The person who asked for it, when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The monkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monkey: Option<String>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The unit, such as `cluster:shop-prod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The Auto Scaling group; of several targets the groups, each once, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The owner, by the owner tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The resource: an instance id; of several targets the ids in the order of the choice, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The proposal's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The request that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The action's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The reason, one sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What each rail said, where rails spoke.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Ruling>,
    /// How an action ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis_option")]
    pub due: Option<DateTime<Utc>>,
    /// Until when it holds: a plan's `expires`, a pause's end, a recovery's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis_option")]
    pub until: Option<DateTime<Utc>>,
    /// The config's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Figures by name; units are in the names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

impl Draft {
    /// An empty event of that kind.
    pub fn new(at: DateTime<Utc>, kind: Kind, mode: Mode, why: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            mode,
            actor: None,
            monkey: None,
            account: None,
            region: None,
            unit: None,
            group: None,
            app: None,
            owner: None,
            target: None,
            key: None,
            run: None,
            action: None,
            why: why.into(),
            verdicts: Vec::new(),
            outcome: None,
            due: None,
            until: None,
            config: None,
            counts: BTreeMap::new(),
        }
    }

    /// The same as the ledger keeps it: times to the millisecond.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.at = millis::floor(self.at);
        self.due = self.due.map(millis::floor);
        self.until = self.until.map(millis::floor);
        self
    }

    /// The same with a figure.
    #[must_use]
    pub fn count(mut self, name: &str, figure: u64) -> Self {
        self.counts.insert(name.to_owned(), figure);
        self
    }
}

/// A sealed event: a draft with its place in its writer's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// UUID version 7. Sinks may tell an event twice, always with the same id.
    pub id: Uuid,
    /// The chain that it is in: a name kept in the ledger, not a process.
    pub writer: String,
    /// Its number in the chain, from 1, without gaps.
    pub seq: u64,
    /// The hash of the event before it; the ledger's birth id before the first.
    pub prev: String,
    /// SHA-256, in hex, of the canonical JSON of all the other fields.
    pub hash: String,
    /// What happened.
    #[serde(flatten)]
    pub body: Draft,
}

impl Event {
    /// Puts a draft into a chain. The id's random bits are drawn from the chain itself (birth, writer, number): unique
    /// like random ones, and the same history gives the same bytes.
    pub fn seal(body: Draft, birth: Uuid, writer: &str, seq: u64, prev: String) -> Event {
        let body = body.kept();
        let id = id(birth, writer, seq, u64::try_from(body.at.timestamp_millis()).unwrap_or(0));
        let mut event =
            Event { schema: SCHEMA.into(), id, writer: writer.into(), seq, prev, hash: String::new(), body };
        event.hash = event.digest();
        event
    }

    /// Whether an id can be that of this chain's event of that number: another ledger's cannot.
    pub fn is_of(id: Uuid, birth: Uuid, writer: &str, seq: u64) -> bool {
        let milliseconds = u64::try_from(id.as_u128() >> 80).unwrap_or(0);
        self::id(birth, writer, seq, milliseconds) == id
    }

    /// The canonical JSON (RFC 8785), hash included: keys sorted, no white space, integers only.
    pub fn canonical(&self) -> String {
        canonical::text(self, Some(&self.hash))
    }

    /// The hash that the event should carry.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(canonical::text(self, None)))
    }
}

/// The id of a chain's event: UUID version 7, whose first 48 bits are the time (RFC 9562, section 5.7).
fn id(birth: Uuid, writer: &str, seq: u64, milliseconds: u64) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(birth.as_bytes());
    hasher.update(writer.as_bytes());
    hasher.update(seq.to_be_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let mut random = [0_u8; 10];
    random.copy_from_slice(&digest[..10]);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Its content is not what was hashed.
    #[error("event {seq} of writer `{writer}` was edited: its content hashes to {found}, it says {expected}")]
    Edited {
        /// The chain.
        writer: String,
        /// The event's number.
        seq: u64,
        /// The hash that it carries.
        expected: String,
        /// The hash of what it says now.
        found: String,
    },
    /// It does not follow the one before.
    #[error("event {seq} of writer `{writer}` does not follow the event before it: one was removed, added or swapped")]
    Broken {
        /// The chain.
        writer: String,
        /// The event's number.
        seq: u64,
    },
    /// The last event is not the one that was recorded as the head.
    #[error(
        "writer `{writer}`: event {seq} is not the one that the ledger recorded as its head: the end was rewritten"
    )]
    Rewritten {
        /// The chain.
        writer: String,
        /// The number of the last event.
        seq: u64,
    },
    /// The chain ends before its recorded head.
    #[error("writer `{writer}`: the ledger's head is event {head}, but the last event is {last}: the end was cut off")]
    Cut {
        /// The chain.
        writer: String,
        /// The number in the head record.
        head: u64,
        /// The number of the last event.
        last: u64,
    },
}

/// A place in a writer's chain, as the ledger recorded it apart from the events: where the chain ends, or, as a
/// checkpoint, up to where it was compacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last event up to there; 0 before the first. Numbers have no gaps, so it is also how many.
    pub seq: u64,
    /// Its hash; the birth id before the first.
    pub hash: String,
}

impl Head {
    /// What the event that tells of a checkpoint has as its key.
    pub fn checkpoint_key(&self, writer: &str) -> String {
        format!("checkpoint/{writer}/{}/{}", self.seq, self.hash)
    }
}

/// Checks one chain event by event, in order.
#[derive(Clone, Debug)]
pub struct Chain {
    writer: String,
    seq: u64,
    hash: String,
}

impl Chain {
    /// A chain before its first event.
    pub fn new(birth: Uuid, writer: &str) -> Self {
        Self { writer: writer.into(), seq: 0, hash: birth.to_string() }
    }

    /// A chain after a checkpoint: what was before it is gone, and only the next event's `prev` remembers it.
    pub fn after(checkpoint: &Head, writer: &str) -> Self {
        Self { writer: writer.into(), seq: checkpoint.seq, hash: checkpoint.hash.clone() }
    }

    /// The number of the last event that was checked, and its hash.
    pub fn head(&self) -> (u64, &str) {
        (self.seq, &self.hash)
    }

    /// Checks the next event.
    pub fn check(&mut self, event: &Event) -> Result<(), ChainError> {
        let found = event.digest();
        if found != event.hash {
            let (writer, expected) = (self.writer.clone(), event.hash.clone());
            return Err(ChainError::Edited { writer, seq: event.seq, expected, found });
        }
        if event.writer != self.writer || event.seq != self.seq + 1 || event.prev != self.hash {
            return Err(ChainError::Broken { writer: self.writer.clone(), seq: event.seq });
        }
        self.seq = event.seq;
        self.hash.clone_from(&event.hash);
        Ok(())
    }

    /// Checks that the chain reaches the recorded head.
    pub fn end(&self, head: &Head) -> Result<(), ChainError> {
        if self.seq != head.seq {
            Err(ChainError::Cut { writer: self.writer.clone(), head: head.seq, last: self.seq })
        } else if self.hash != head.hash {
            Err(ChainError::Rewritten { writer: self.writer.clone(), seq: self.seq })
        } else {
            Ok(())
        }
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// RFC 3339 in UTC with exactly three decimals, so that equal times are equal bytes.
pub mod millis {
    use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// The time without what is smaller than a millisecond.
    pub fn floor(at: DateTime<Utc>) -> DateTime<Utc> {
        at.trunc_subsecs(3)
    }

    /// The text.
    pub fn format(at: DateTime<Utc>) -> String {
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    pub(super) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        DateTime::<Utc>::deserialize(deserializer)
    }
}

/// Times that may be missing, in that form; for serde.
pub mod millis_option {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// The text, or nothing.
    pub fn serialize<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::millis::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
        Option::<DateTime<Utc>>::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(second: u32) -> Draft {
        let at = DateTime::from_timestamp(1_795_000_000 + i64::from(second), 987_654_321).unwrap();
        Draft::new(at, Kind::RoundClosed, Mode::DryRun, "it is \"over\"\n").count("proposals", 3)
    }

    fn chain(n: u32) -> (Uuid, Vec<Event>) {
        let birth = Uuid::from_u128(7);
        let mut prev = birth.to_string();
        let events = (1..=n)
            .map(|i| {
                let event = Event::seal(draft(i), birth, "w", u64::from(i), prev.clone());
                prev.clone_from(&event.hash);
                event
            })
            .collect();
        (birth, events)
    }

    fn verify(birth: Uuid, events: &[Event], head: u64) -> Result<(), ChainError> {
        let mut chain = Chain::new(birth, "w");
        events.iter().try_for_each(|event| chain.check(event))?;
        let hash = events.last().map_or_else(|| birth.to_string(), |event| event.hash.clone());
        chain.end(&Head { seq: head, hash })
    }

    #[test]
    fn canonical_json_is_sorted_and_survives_a_round_trip() {
        let (_, events) = chain(1);
        let text = events[0].canonical();
        assert!(text.starts_with(r#"{"at":"2026-11-18T"#), "{text}");
        assert!(text.contains(r#".987Z","counts":{"proposals":3},"hash":""#), "{text}");
        assert!(text.contains(r#""why":"it is \"over\"\n""#), "{text}");
        let back: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(back, events[0]);
        assert_eq!(back.canonical(), text);
    }

    #[test]
    fn ids_are_version_seven_and_sort_by_time() {
        let (_, events) = chain(5);
        assert!(events.iter().all(|event| event.id.get_version_num() == 7));
        assert!(events.is_sorted_by_key(|event| event.id));
    }

    #[test]
    fn an_id_says_which_chain_it_is_of_and_which_number_it_has() {
        let (birth, events) = chain(3);
        for event in &events {
            assert!(Event::is_of(event.id, birth, "w", event.seq));
            assert!(!Event::is_of(event.id, Uuid::from_u128(8), "w", event.seq), "another birth");
            assert!(!Event::is_of(event.id, birth, "v", event.seq), "another writer");
            assert!(!Event::is_of(event.id, birth, "w", event.seq + 1), "another number");
        }
    }

    #[test]
    fn a_chain_goes_on_after_its_checkpoint_and_after_no_other() {
        let (_, events) = chain(4);
        let place = |event: &Event| Head { seq: event.seq, hash: event.hash.clone() };
        let mut chain = Chain::after(&place(&events[1]), "w");
        events[2..].iter().try_for_each(|event| chain.check(event)).unwrap();
        assert_eq!(chain.end(&place(&events[3])), Ok(()));
        let wrong = Head { hash: events[0].hash.clone(), ..place(&events[1]) };
        assert!(matches!(Chain::after(&wrong, "w").check(&events[2]), Err(ChainError::Broken { seq: 3, .. })));
        assert!(matches!(Chain::after(&place(&events[0]), "w").check(&events[2]), Err(ChainError::Broken { .. })));
    }

    #[test]
    fn an_untouched_chain_verifies() {
        let (birth, events) = chain(4);
        assert_eq!(verify(birth, &events, 4), Ok(()));
    }

    #[test]
    fn every_tampering_is_found() {
        let (birth, events) = chain(4);
        let mut edited = events.clone();
        edited[1].body.why = "nothing happened".into();
        assert!(matches!(verify(birth, &edited, 4), Err(ChainError::Edited { seq: 2, .. })));
        let mut rehashed = edited;
        rehashed[1].hash = rehashed[1].digest();
        assert!(matches!(verify(birth, &rehashed, 4), Err(ChainError::Broken { seq: 3, .. })));
        let mut dropped = events.clone();
        dropped.remove(2);
        assert!(matches!(verify(birth, &dropped, 4), Err(ChainError::Broken { seq: 4, .. })));
        assert!(matches!(verify(birth, &events[..3], 4), Err(ChainError::Cut { head: 4, last: 3, .. })));
        let mut chain = Chain::new(birth, "w");
        let mut last = events[0].clone();
        last.body.why = "rewritten, with a new hash".into();
        last.hash = last.digest();
        chain.check(&last).unwrap();
        let head = Head { seq: 1, hash: events[0].hash.clone() };
        assert!(matches!(chain.end(&head), Err(ChainError::Rewritten { seq: 1, .. })));
        assert!(matches!(verify(Uuid::from_u128(8), &events, 4), Err(ChainError::Broken { seq: 1, .. })));
    }

    #[test]
    fn kinds_read_back_what_they_write() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().as_ref(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
