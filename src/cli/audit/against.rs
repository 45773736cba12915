//! `simian audit verify --against FILE`: what was told elsewhere, compared with what the ledger says now.
//!
//! The chain alone cannot show that its end was rewritten with new hashes; a copy that its writer could not reach can.
//! The file is read line by line and may be of any size.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use simian_core::{Event, EventQuery, Head, Ledger, LedgerError};
use uuid::Uuid;

use super::page;
use crate::cli::{Format, print};
use crate::exit::{Exit, Failure};

/// The longest line, in bytes. A topic takes no message above 256 KiB, and no event of ours comes near this.
const MAX_LINE: u64 = 4 << 20;

/// Contradictions that are shown one by one; the others are only counted.
const SHOWN: usize = 20;

/// How far before an event's number the page that holds it begins: a subscriber's copy is only nearly in order.
const BEFORE: u64 = 100;

/// As much of an event as names it: all that a cut copy has of its chain for certain.
#[derive(Debug, Deserialize)]
struct Name {
    id: Uuid,
    writer: String,
    seq: u64,
    hash: String,
    #[serde(default)]
    truncated: bool,
}

/// What the ledger says of a copied event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// The same.
    Same,
    /// Nothing any more: it was compacted away.
    Compacted,
    /// The copy itself is not what was hashed.
    Edited,
    /// It is of another ledger.
    Foreign,
    /// Something else under the same number.
    Rewritten,
    /// Nothing, and it should.
    Lacking,
}

impl Says {
    fn contradicts(self) -> bool {
        !matches!(self, Says::Same | Says::Compacted)
    }

    /// Its name in JSON.
    fn word(self) -> &'static str {
        match self {
            Says::Same => "same",
            Says::Compacted => "compacted",
            Says::Edited => "edited",
            Says::Foreign => "foreign",
            Says::Rewritten => "rewritten",
            Says::Lacking => "lacking",
        }
    }

    /// Of several, for people.
    fn about(self) -> &'static str {
        match self {
            Says::Same => "the same here",
            Says::Compacted => "older than the checkpoint, and not here to compare",
            Says::Edited => "edited in the file: what they say is not what their hash says",
            Says::Foreign => "of another ledger",
            Says::Rewritten => "rewritten here since",
            Says::Lacking => "lacking here: dropped, or this is an older copy of the ledger",
        }
    }
}

/// What came of the comparison.
#[derive(Debug, Default)]
pub struct Compared {
    counts: BTreeMap<Says, u64>,
    /// Line, event and what is wrong with it.
    contradictions: Vec<(u64, String, u64, Says)>,
}

/// Why a file could not be compared to its end.
#[derive(Debug, thiserror::Error)]
pub enum AgainstError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The file cannot be read.
    #[error("cannot read it: {0}")]
    Read(io::Error),
    /// A line is no event.
    #[error("line {line}: this is no event: {why}; give one JSON event a line, as `simian audit export` writes them")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Compares and prints. Returns whether the file contradicts the ledger.
pub(super) async fn run(ledger: &dyn Ledger, path: &Path, format: Format) -> Result<bool, Failure> {
    let say = |why: String| Failure::say(Exit::Usage, format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| say(format!("cannot read it: {error}")))?;
    let compared = match compare(ledger, &mut BufReader::new(file)).await {
        Ok(compared) => compared,
        Err(AgainstError::Ledger(error)) => return Err(error.into()),
        Err(error) => return Err(say(error.to_string())),
    };
    print(&match format {
        Format::Json => compared.json(path),
        Format::Table => compared.words(path),
    })?;
    Ok(compared.contradicts())
}

/// Compares a copy of events, one JSON object a line, with what the ledger says of each.
pub async fn compare(ledger: &dyn Ledger, file: &mut impl BufRead) -> Result<Compared, AgainstError> {
    let mut here = Here::new(ledger).await?;
    let mut compared = Compared::default();
    for line in 1.. {
        let mut bytes = Vec::new();
        let read = file.take(MAX_LINE).read_until(b'\n', &mut bytes).map_err(AgainstError::Read)?;
        if read == 0 {
            break;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let wrong = |why: String| AgainstError::Line { line, why };
        if read as u64 == MAX_LINE && bytes.last() != Some(&b'\n') {
            return Err(wrong(format!("it is longer than {} MiB", MAX_LINE >> 20)));
        }
        let name: Name = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        // A cut copy cannot be hashed again: its hash is that of the whole.
        let sound = name.truncated || {
            let event: Event = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
            event.digest() == event.hash
        };
        let says = if sound { here.says(&name).await? } else { Says::Edited };
        *compared.counts.entry(says).or_insert(0) += 1;
        if says.contradicts() && compared.contradictions.len() < SHOWN {
            compared.contradictions.push((line, name.writer, name.seq, says));
        }
    }
    Ok(compared)
}

/// What the ledger says, read a page at a time.
struct Here<'a> {
    ledger: &'a dyn Ledger,
    birth: Uuid,
    checkpoints: BTreeMap<String, Head>,
    heads: BTreeMap<String, Head>,
    /// The page that was read last, by writer and number, and the numbers that it reaches over.
    page: BTreeMap<(String, u64), (Uuid, String)>,
    reach: std::ops::Range<u64>,
}

impl<'a> Here<'a> {
    async fn new(ledger: &'a dyn Ledger) -> Result<Self, LedgerError> {
        Ok(Self {
            ledger,
            birth: ledger.birth().await?.id,
            checkpoints: ledger.checkpoints().await?,
            heads: ledger.heads().await?,
            page: BTreeMap::new(),
            reach: 0..0,
        })
    }

    async fn says(&mut self, name: &Name) -> Result<Says, LedgerError> {
        let Name { id, writer, seq, hash, .. } = name;
        let Some(head) = self.heads.get(writer) else { return Ok(Says::Foreign) };
        if !Event::is_of(*id, self.birth, writer, *seq) {
            return Ok(Says::Foreign);
        }
        if let Some(checkpoint) = self.checkpoints.get(writer).filter(|checkpoint| *seq <= checkpoint.seq) {
            // Of the last one that went, the hash is still here.
            let rewritten = *seq == checkpoint.seq && *hash != checkpoint.hash;
            return Ok(if rewritten { Says::Rewritten } else { Says::Compacted });
        }
        if *seq > head.seq {
            return Ok(Says::Lacking);
        }
        if !self.reach.contains(seq) {
            self.turn_to(*seq).await?;
        }
        Ok(match self.page.get(&(writer.clone(), *seq)) {
            None => Says::Lacking,
            Some((found, same)) if found == id && same == hash => Says::Same,
            Some(_) => Says::Rewritten,
        })
    }

    async fn turn_to(&mut self, seq: u64) -> Result<(), LedgerError> {
        let after = seq.saturating_sub(BEFORE);
        let events = self.ledger.events(&page(&EventQuery::default(), after)).await?;
        let last = events.last().map_or(seq, |last| last.seq.max(seq));
        self.reach = after + 1..last + 1;
        let name = |event: Event| ((event.writer, event.seq), (event.id, event.hash));
        self.page = events.into_iter().map(name).collect();
        Ok(())
    }
}

impl Compared {
    /// How many events were compared.
    pub fn events(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether the copy says anything that the ledger denies.
    pub fn contradicts(&self) -> bool {
        self.counts.keys().any(|says| says.contradicts())
    }

    fn json(&self, path: &Path) -> String {
        let counts: BTreeMap<&str, u64> = self.counts.iter().map(|(says, count)| (says.word(), *count)).collect();
        let contradictions = self.contradictions.iter().map(|(line, writer, seq, says)| {
            serde_json::json!({ "line": line, "writer": writer, "seq": seq, "is": says.word() })
        });
        serde_json::json!({
            "against": path.display().to_string(), "sound": !self.contradicts(), "events": counts,
            "contradictions": contradictions.collect::<Vec<_>>(),
        })
        .to_string()
    }

    fn words(&self, path: &Path) -> String {
        let all = self.events();
        let mut words = format!("{}: {all} events compared", path.display());
        for (says, count) in &self.counts {
            let _ = write!(words, "\n  {count} {}", says.about());
        }
        for (line, writer, seq, says) in &self.contradictions {
            let _ = write!(words, "\nline {line}: event {seq} of writer {writer} is {}", says.word());
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use futures_util::FutureExt;
    use simian_core::{Compaction, Draft, Kind, Mode};
    use simian_ledger::MemoryLedger;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("it answers at once")
    }

    /// A ledger of that birth with so many events, the last of which say that.
    fn ledger(birth: u128, events: i64, say: &str, last: i64) -> MemoryLedger {
        let ledger = MemoryLedger::new(Uuid::from_u128(birth), at(0));
        let why = |n: i64| if n > events - last { say } else { "" };
        let drafts = (1..=events).map(|n| Draft::new(at(n), Kind::RoundClosed, Mode::Live, why(n))).collect();
        now(ledger.commit(drafts, vec![])).unwrap();
        ledger
    }

    fn lines(ledger: &MemoryLedger) -> Vec<String> {
        now(ledger.events(&EventQuery::default())).unwrap().iter().map(Event::canonical).collect()
    }

    fn compared(ledger: &MemoryLedger, lines: &[String]) -> Compared {
        now(compare(ledger, &mut lines.join("\n").as_bytes())).unwrap()
    }

    /// How many are what.
    fn counts(ledger: &MemoryLedger, lines: &[String]) -> Vec<(Says, u64)> {
        let compared = compared(ledger, lines);
        assert_eq!(compared.contradicts(), compared.counts.keys().any(|says| says.contradicts()));
        compared.counts.into_iter().collect()
    }

    #[test]
    fn a_copy_is_the_same_in_any_order_and_told_twice() {
        let ledger = ledger(7, 2_500, "", 0);
        let mut copy = lines(&ledger);
        assert_eq!(counts(&ledger, &copy), [(Says::Same, 2_500)]);
        copy.swap(3, 40);
        copy.swap(990, 1_020);
        copy.push(copy[0].clone());
        copy.insert(5, " ".into());
        assert_eq!(counts(&ledger, &copy), [(Says::Same, 2_501)]);
        assert_eq!(counts(&ledger, &[]), []);
    }

    #[test]
    fn a_rewritten_end_is_found_that_the_chain_cannot_show() {
        let before = ledger(7, 9, "an instance was ended", 3);
        let after = ledger(7, 9, "nothing happened", 3);
        let found = compared(&after, &lines(&before));
        assert_eq!(found.counts, [(Says::Same, 6), (Says::Rewritten, 3)].into());
        assert_eq!(found.contradictions[0], (7, "main".into(), 7, Says::Rewritten));
        assert!(found.words(Path::new("week.jsonl")).contains("line 7: event 7 of writer main is rewritten"));
    }

    #[test]
    fn another_ledgers_copy_is_not_taken_for_a_rewrite() {
        assert_eq!(counts(&ledger(7, 5, "", 0), &lines(&ledger(8, 5, "", 0))), [(Says::Foreign, 5)]);
    }

    #[test]
    fn what_was_dropped_is_lacking() {
        assert_eq!(counts(&ledger(7, 5, "", 0), &lines(&ledger(7, 8, "", 0))), [(Says::Same, 5), (Says::Lacking, 3)]);
    }

    #[test]
    fn a_copy_that_was_edited_is_no_witness() {
        let ledger = ledger(7, 3, "ended", 3);
        let mut copy = lines(&ledger);
        copy[1] = copy[1].replace("ended", "saved");
        assert_eq!(counts(&ledger, &copy), [(Says::Same, 2), (Says::Edited, 1)]);
    }

    #[test]
    fn what_was_compacted_is_no_contradiction_but_for_a_checkpoint_that_is_another() {
        let ledger = ledger(7, 9, "", 0);
        let copy = lines(&ledger);
        let order = Compaction { at: at(99), before: at(5), upto: u64::MAX, most: 99 };
        assert_eq!(now(ledger.compact(&order)).unwrap().events, 4);
        assert_eq!(counts(&ledger, &copy), [(Says::Same, 5), (Says::Compacted, 4)]);
        let other = lines(&self::ledger(7, 9, "otherwise", 9));
        assert_eq!(counts(&ledger, &other), [(Says::Compacted, 3), (Says::Rewritten, 6)]);
    }

    #[test]
    fn a_cut_copy_is_compared_by_what_it_kept() {
        let ledger = ledger(7, 2, "a long story", 2);
        let cut = |line: &str, hash: &str| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["why"] = "a long…".into();
            value["truncated"] = true.into();
            if !hash.is_empty() {
                value["hash"] = hash.into();
            }
            value.to_string()
        };
        let copy = lines(&ledger);
        assert_eq!(counts(&ledger, &[cut(&copy[0], ""), cut(&copy[1], "00")]), [(Says::Same, 1), (Says::Rewritten, 1)]);
    }

    #[test]
    fn a_line_that_is_no_event_is_named() {
        let ledger = ledger(7, 2, "", 0);
        let mut copy = lines(&ledger);
        copy.insert(1, String::new());
        for bad in ["nonsense", "{}", r#"{"seq":1}"#, &copy[0][..copy[0].len() / 2]] {
            let text = [&copy[..2], &[bad.to_owned()]].concat().join("\n");
            let error = now(compare(&ledger, &mut text.as_bytes())).unwrap_err();
            assert!(error.to_string().starts_with("line 3: this is no event: "), "{error}");
        }
        let long = "x".repeat(usize::try_from(MAX_LINE).unwrap() + 1);
        let error = now(compare(&ledger, &mut long.as_bytes())).unwrap_err();
        assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
    }
}
